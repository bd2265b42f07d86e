"""From the Spec to the Graph: names are resolved, settings evaluated, and every value gets its shape as it is added.

The builder goes on after an error as far as sense allows. A misspelt op or setting is taken for the one that was
probably meant; a size that cannot be known is an open size with no name, and a shape that cannot be known is `None`.
What follows from the unknown is never reported: each mistake is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Any, Final, final

import networkx as nx
from pydantic import ValidationError

from archspec.catalog.fields import (
    DuplicateName,
    InvalidExpression,
    InvalidSetting,
    MissingParameter,
    MissingSetting,
    SettingTwice,
    TooManyValues,
    UnknownName,
    UnknownOp,
    UnknownParameter,
    UnknownSetting,
    UnusedParameter,
)
from archspec.catalog.graph import MisplacedValue, UnclearStart, UnknownValue, UnusedValue, WrongInputs
from archspec.catalog.shapes import InvalidSize, ShapeFault, WrongElement
from archspec.diagnostics import Report
from archspec.expression import (
    EvaluationError,
    Expression,
    Name,
    UnknownNameError,
    Value,
    as_size,
    evaluate,
    free_names,
    written,
)
from archspec.graph import Graph, Group, Node, Path
from archspec.graph import Value as GraphValue
from archspec.op import Op, ShapeError, count
from archspec.ops import BY_NAME
from archspec.setting import accepted, accepted_words
from archspec.shape import Shape
from archspec.size import LARGEST, Formula, Size, SizeError, below, named
from archspec.source import Span
from archspec.spec import Group as SpecGroup
from archspec.spec import Input, Layer, Parameter, Spec, Step
from archspec.spelling import closest
from archspec.syntax.tree import Scalar


@final
@dataclass(frozen=True)
class Override:
    """A value for a parameter from outside the spec."""

    name: Scalar
    value: Expression


@final
@dataclass(frozen=True)
class Built:
    """What building gave: the graph, if nothing was wrong, and what is known of the model in any case."""

    graph: Graph | None
    parameters: Size
    macs: Size
    output: Shape | None
    shapes: Mapping[str, Shape | None]
    """The shapes of inputs and named values; `None` where an error hides one."""

    scope: Mapping[str, Value]
    """Parameters and open sizes."""


def build(spec: Spec, overrides: Sequence[Override], report: Report) -> Built:
    """The graph of a spec, with its parameters set from outside where `overrides` say so."""
    return _Builder(spec, report).build(overrides)


@final
@dataclass(frozen=True)
class _Draft:
    """A value whose shape an error may hide."""

    producer: Path
    shape: Shape | None
    span: Span


@final
@dataclass
class _Scope:
    """The layers under one name, while they are being built."""

    path: Path
    taken: frozenset[str]
    values: dict[str, _Draft]
    outer: _Scope | None = None
    position: int = 0
    counted: Counter[str] = field(default_factory=Counter)

    def find(self, name: str) -> _Draft | None:
        found = self.values.get(name)
        return found if found is not None or self.outer is None else self.outer.find(name)

    def visible(self) -> Iterator[str]:
        yield from self.values
        if self.outer is not None:
            yield from self.outer.visible()

    def path_of(self, name: Scalar | None, op: str) -> Path:
        """The path of the next layer. In a group an unnamed one has its position, in the model its op and a number."""
        position = self.position
        self.position += 1
        if name is not None:
            return (*self.path, name.text)
        if self.path:
            return (*self.path, str(position))
        while True:
            self.counted[op] += 1
            numbered = f"{op}{self.counted[op]}"
            if numbered not in self.taken:
                return (numbered,)


@final
class _Builder:
    def __init__(self, spec: Spec, report: Report) -> None:
        self.spec = spec
        self.report = report
        self.scope: dict[str, Value] = {}
        self.used_names: set[str] = set()
        self.network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
        self.graph_values: dict[Path, GraphValue] = {}
        self.groups: dict[Path, Group] = {}
        self.drafts: list[tuple[_Draft, bool]] = []
        self.used: set[Path] = set()
        self.shapes: dict[str, Shape | None] = {}
        self.parameters: Size = 0
        self.macs: Size = 0
        self.unknowns = counting(1)

    def build(self, overrides: Sequence[Override]) -> Built:
        self.set_parameters(overrides)
        settings = dict(self.scope)
        top = _Scope((), frozenset(_names(self.spec.layers)), {})
        inputs = [self.input(each, top) for each in self.spec.inputs]
        start = inputs[0] if len(inputs) == 1 else None
        output = self.steps(self.spec.layers, top, start)
        if output is not None:
            self.used.add(output.producer)
        self.find_unused()
        graph = None
        if not self.report.has_errors and output is not None:
            graph = Graph(
                name=self.spec.model.text,
                doc=self.spec.doc,
                source=self.spec.span.source,
                span=self.spec.model.span,
                settings=settings,
                inputs=tuple(self.graph_values[each.producer] for each in inputs),
                outputs=(self.graph_values[output.producer],),
                groups=self.groups,
                network=self.network,
            )
        shape = None if output is None else output.shape
        return Built(graph, self.parameters, self.macs, shape, self.shapes, self.scope)

    def unknown(self) -> Formula:
        """A size that nothing is known of but that it is one."""
        return named(f"?{next(self.unknowns)}")

    # ------------------------------------------------------------------------------------- parameters and inputs

    def set_parameters(self, overrides: Sequence[Override]) -> None:
        parameters = {parameter.name.text: parameter for parameter in self.spec.params}
        given: dict[str, Expression] = {}
        for override in overrides:
            name = override.name.text
            if name in parameters:
                given[name] = override.value
            else:
                suggestion = closest(name, parameters)
                model = self.spec.model.text
                self.report.add(UnknownParameter(override.name.span, model, name, tuple(parameters), suggestion))
        for name, parameter in parameters.items():
            self.scope[name] = self.parameter_value(parameter, given.get(name))

    def parameter_value(self, parameter: Parameter, given: Expression | None) -> Value:
        expression = parameter.default if given is None else given
        if expression is None:
            self.report.add(MissingParameter(parameter.name.span, parameter.name.text))
            return self.unknown()
        if isinstance(expression, Name) and expression.text not in self.scope:
            return expression.text  # A word, for a setting that takes words.
        value = self.value(expression)
        return self.unknown() if value is None else value

    def input(self, line: Input, top: _Scope) -> _Draft:
        name = line.name.text
        path = (name,)
        sizes = tuple(self.size(each) for each in line.shape)
        draft = _Draft(path, Shape(sizes, line.element), line.name.span)
        self.network.add_node(path)
        self.declare(line.name, draft, top)
        self.add(draft, is_input=True)
        return draft

    def size(self, expression: Expression) -> Size:
        """The size of an axis of an input. Names in it that are no parameters are sizes, open from here on."""
        for free in free_names(expression):
            self.scope.setdefault(free.text, named(free.text))
        value = self.value(expression)
        if value is None:
            return self.unknown()
        size = as_size(value)
        if size is None or below(size, 1) or (isinstance(size, int) and size > LARGEST):
            self.report.add(InvalidSize(expression.span, written(value)))
            return self.unknown()
        return size

    def value(self, expression: Expression) -> Value | None:
        """The value of an expression, or `None` where a finding says why it has none."""
        self.used_names.update(name.text for name in free_names(expression))
        try:
            return evaluate(expression, self.scope)
        except UnknownNameError as error:
            self.report.add(UnknownName(error.span, error.name, closest(error.name, self.scope)))
        except EvaluationError as error:
            self.report.add(InvalidExpression(error.span, error.message))
        return None

    # ---------------------------------------------------------------------------------------------------- layers

    def steps(self, steps: Sequence[Step], scope: _Scope, current: _Draft | None) -> _Draft | None:
        """What flows out of steps in a row, given what flows into the first."""
        for step in steps:
            current = (
                self.group(step, scope, current) if isinstance(step, SpecGroup) else self.layer(step, scope, current)
            )
        return current

    def group(self, group: SpecGroup, scope: _Scope, current: _Draft | None) -> _Draft | None:
        steps = group.steps
        if group.is_chain and (start := self.start(steps, scope)) is not None:
            current, steps = start, steps[1:]
            if group.name is not None and len(steps) == 1 and isinstance(steps[0], Layer):
                # `y = x -> conv(8)` names the layer, since `x` is none.
                return self.layer(_renamed(steps[0], group.name), scope, current)
        if group.name is None:
            return self.steps(steps, scope, current)
        path = scope.path_of(group.name, "")
        self.groups.setdefault(path, Group(path, group.name.span))
        inner = _Scope(path, frozenset(_names(steps)), {}, scope)
        result = self.steps(steps, inner, current)
        if result is not None:
            self.declare(group.name, result, scope)
        return result

    def start(self, steps: Sequence[Step], scope: _Scope) -> _Draft | None:
        """The value that a chain starts from, when its first word is the name of one."""
        first = steps[0]
        if not (isinstance(first, Layer) and first.is_word and len(steps) > 1):
            return None
        found = scope.find(first.op.text)
        if found is not None:
            self.used.add(found.producer)
        return found

    def layer(self, layer: Layer, scope: _Scope, current: _Draft | None) -> _Draft:
        kind = self.op_class(layer, scope)
        path = scope.path_of(layer.name, kind.name if kind is not None else layer.op.text)
        inputs = self.inputs(layer, scope, current)
        if kind is None:
            for argument in layer.arguments:
                self.used_names.update(name.text for name in free_names(argument.value))
            shape = None
            self.parameters = self.parameters + self.unknown() - 1
        else:
            shape = self.shape(layer, kind, path, inputs)
        draft = _Draft(path, shape, layer.span)
        if layer.name is not None:
            self.declare(layer.name, draft, scope)
        self.add(draft, is_input=False)
        if path in self.network:
            self.network.nodes[path]["node"] = self.node(layer, path, inputs)
        return draft

    def op_class(self, layer: Layer, scope: _Scope) -> type[Op] | None:
        word = layer.op.text
        if word in BY_NAME:
            return BY_NAME[word]
        if layer.is_word and scope.find(word) is not None:
            self.used.add(scope.find(word).producer)  # type: ignore[union-attr]  # it was found in the line above
            self.report.add(MisplacedValue(layer.op.span, word))
            return None
        candidates = (*BY_NAME, *scope.visible()) if layer.is_word else tuple(BY_NAME)
        suggestion = closest(word, candidates)
        self.report.add(UnknownOp(layer.op.span, word, suggestion))
        return None if suggestion is None else BY_NAME.get(suggestion)

    def inputs(self, layer: Layer, scope: _Scope, current: _Draft | None) -> tuple[_Draft, ...]:
        """The values that flow into a layer."""
        if layer.sources:
            return tuple(self.source(each, scope) for each in layer.sources)
        if current is None:
            self.report.add(UnclearStart(layer.span, tuple(each.name.text for each in self.spec.inputs)))
            self.used.update((each.name.text,) for each in self.spec.inputs)
            return (_Draft((), None, layer.span),)
        self.used.add(current.producer)
        return (current,)

    def source(self, name: Scalar, scope: _Scope) -> _Draft:
        found = scope.find(name.text)
        if found is None:
            suggestion = closest(name.text, scope.visible())
            self.report.add(UnknownValue(name.span, name.text, suggestion))
            found = scope.find(suggestion) if suggestion is not None else None
            if found is None:
                return _Draft((), None, name.span)
            found = _Draft(found.producer, None, found.span)
        self.used.add(found.producer)
        return found

    def declare(self, name: Scalar, draft: _Draft, scope: _Scope) -> None:
        """Give a value a name. The place of a name that is taken stays with whoever took it first."""
        first = scope.values.get(name.text)
        if first is not None:
            self.report.add(DuplicateName(name.span, name.text, first.span))
            return
        scope.values[name.text] = _Draft(draft.producer, draft.shape, name.span)
        self.shapes[".".join((*scope.path, name.text))] = draft.shape

    def add(self, draft: _Draft, *, is_input: bool) -> None:
        self.drafts.append((draft, is_input))
        if draft.shape is not None:
            self.graph_values[draft.producer] = GraphValue(draft.producer, draft.shape, draft.span)

    def node(self, layer: Layer, path: Path, inputs: Sequence[_Draft]) -> Node:
        values = tuple(self.graph_values[each.producer] for each in inputs)
        op: Op = self.network.nodes[path].pop("op")
        for port, value in enumerate(values):
            self.network.add_edge(value.producer, path, key=port)
        return Node(path, op, values, self.graph_values[path], layer.span, is_named=layer.name is not None)

    # ---------------------------------------------------------------------------------------- settings and shapes

    def shape(self, layer: Layer, kind: type[Op], path: Path, inputs: Sequence[_Draft]) -> Shape | None:
        """The shape of the output of a layer; adds the layer to the network when nothing is wrong with it."""
        op, places, is_guess = self.op(layer, kind)
        takes = len(kind.input_names())
        if len(inputs) != takes:
            self.report.add(WrongInputs(layer.span, kind.name, takes, len(inputs)))
            return None
        shapes = []
        for draft in inputs:
            if draft.shape is None:
                self.parameters = self.parameters + self.unknown() - 1
                return None
            shapes.append(self.element(layer, kind, draft.shape))
        try:
            shape = op.infer(*shapes)
            self.count(op, shapes)
            if any(isinstance(size, int) and size > LARGEST for size in shape):
                raise SizeError("gives an axis longer than 2**63 - 1")
        except (ShapeError, SizeError) as error:
            if not is_guess:
                self.fault(layer, kind, error, places, inputs)
            blamed = error.setting if isinstance(error, ShapeError) else None
            return None if is_guess else self.guess(op, blamed, shapes)
        except (TypeError, ValueError):
            if not is_guess:
                raise
            return None  # An op that was guessed at may hold what it could never be given.
        if not is_guess:
            self.network.add_node(path, op=op)
        return shape

    def fault(
        self,
        layer: Layer,
        kind: type[Op],
        error: ShapeError | SizeError,
        places: Mapping[str, Span],
        inputs: Sequence[_Draft],
    ) -> None:
        blamed, cure = (error.setting, error.help) if isinstance(error, ShapeError) else (None, "")
        span = places.get(blamed or "", layer.span)
        producer = inputs[0].span if len(inputs) == 1 else None
        shapes = tuple(str(each.shape) for each in inputs)
        self.report.add(ShapeFault(span, kind.name, str(error), cure, shapes, producer))

    def guess(self, op: Op, blamed: str | None, shapes: Sequence[Shape]) -> Shape | None:
        """The shape that a layer would have if the setting that is to blame had some other value."""
        if blamed is None:
            self.parameters = self.parameters + self.unknown() - 1
            return None
        guessed = op.model_copy(update={blamed: self.unknown()})
        try:
            shape = guessed.infer(*shapes)
            self.count(guessed, shapes)
        except (ShapeError, SizeError, TypeError, ValueError):
            self.parameters = self.parameters + self.unknown() - 1
            return None
        return shape

    def count(self, op: Op, shapes: Sequence[Shape]) -> None:
        self.parameters = self.parameters + count(op.weights(*shapes))
        self.macs = self.macs + op.macs(*shapes)

    def element(self, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        if shape.element in kind.accepts:
            return shape
        self.report.add(WrongElement(layer.span, kind.name, tuple(sorted(kind.accepts)), shape.element))
        return Shape(shape.sizes, min(kind.accepts))

    def op(self, layer: Layer, kind: type[Op]) -> tuple[Op, Mapping[str, Span], bool]:
        """The op with its settings, the places of the settings, and whether any of them had to be guessed."""
        settings = kind.settings()
        values: dict[str, Any] = {}
        places: dict[str, Span] = {}
        wrong: set[str] = set()
        is_guess = False
        for argument in layer.arguments:
            setting = self.setting_name(argument.key, kind, layer, places)
            if setting is None:
                is_guess = True
                self.value(argument.value)
                continue
            is_guess = is_guess or (argument.position is None and setting != argument.key.text)
            places[setting] = argument.value.span
            value = self.setting_value(argument.value, accepted_words(settings[setting]))
            if value is None:
                wrong.add(setting)
            else:
                values[setting] = value
        try:
            op = kind(**values)
        except ValidationError as error:
            for setting in dict.fromkeys(str(each["loc"][0]) for each in error.errors()):
                if setting not in wrong:
                    self.invalid(layer, kind, setting, values, places)
                wrong.add(setting)
            guesses = {name: self.unknown() for name in wrong if not isinstance(settings[name].default, bool | str)}
            op = kind.model_construct(**{name: value for name, value in values.items() if name not in wrong}, **guesses)
        return op, places, is_guess or bool(wrong)

    def setting_name(self, key: Scalar, kind: type[Op], layer: Layer, places: Mapping[str, Span]) -> str | None:
        """The setting that an argument is for, or `None` where a finding says that there is none."""
        known, positional = tuple(kind.settings()), kind.positional()
        if key.text.isdecimal():
            position = int(key.text)
            if not 1 <= position <= len(positional):
                self.report.add(TooManyValues(key.span, kind.name, positional))
                return None
            name = positional[position - 1]
        elif key.text in known:
            name = key.text
        else:
            given = {argument.key.text for argument in layer.arguments}
            suggestion = closest(key.text, known)
            self.report.add(UnknownSetting(key.span, kind.name, key.text, known, suggestion))
            return None if suggestion in given or suggestion in places else suggestion
        if name in places:
            self.report.add(SettingTwice(key.span, kind.name, name, places[name]))
            return None
        return name

    def setting_value(self, expression: Expression, words: Sequence[str]) -> Value | None:
        """The value of a setting. A name that stands for nothing is a word, where the setting takes words."""
        if isinstance(expression, Name) and expression.text not in self.scope:
            if words:
                return expression.text
            candidates = (*self.scope, "true", "false")
            suggestion = _AS_FLAG.get(expression.text.casefold()) or closest(expression.text, candidates)
            self.report.add(UnknownName(expression.span, expression.text, suggestion))
            return None
        return self.value(expression)

    def invalid(
        self, layer: Layer, kind: type[Op], setting: str, values: Mapping[str, Any], places: Mapping[str, Span]
    ) -> None:
        field_info = kind.settings()[setting]
        accepts = accepted(field_info)
        if setting not in values:
            description = field_info.description or ""
            self.report.add(MissingSetting(layer.op.span, kind.name, setting, description, accepts))
            return
        value = written(values[setting])
        suggestion = closest(value, accepted_words(field_info)) if isinstance(values[setting], str) else None
        self.report.add(InvalidSetting(places[setting], kind.name, setting, value, accepts, suggestion))

    # ------------------------------------------------------------------------------------------ what nothing uses

    def find_unused(self) -> None:
        for draft, is_input in self.drafts:
            if draft.producer not in self.used:
                self.report.add(UnusedValue(draft.span, ".".join(draft.producer), is_input))
        for parameter in self.spec.params:
            if parameter.name.text not in self.used_names:
                self.report.add(UnusedParameter(parameter.name.span, parameter.name.text))


_AS_FLAG: Final = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def _names(steps: Sequence[Step]) -> Iterator[str]:
    """The names that steps give in the scope they stand in."""
    for step in steps:
        if step.name is not None:
            yield step.name.text
        elif isinstance(step, SpecGroup):
            yield from _names(step.steps)


def _renamed(layer: Layer, name: Scalar) -> Layer:
    return Layer(layer.op, layer.arguments, name, layer.sources, layer.span)
