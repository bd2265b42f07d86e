"""From the Spec to the Graph: names are resolved, settings evaluated, and every value gets its shape as it is added.

The builder goes on after an error as far as sense allows. A misspelt op or setting is taken for the one that was
probably meant; a size that cannot be known is an open size with no name, and of a value whose shape cannot be known all
shapes that it may have are kept. What follows from the unknown is never reported: each mistake is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count as counting
from itertools import product
from typing import Any, Final, TypeAlias, final

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
    HoleError,
    Name,
    UnknownNameError,
    Value,
    as_size,
    evaluate,
    free_names,
    is_unknown,
    written,
)
from archspec.graph import Graph, Group, Node, Path
from archspec.graph import Value as GraphValue
from archspec.op import Op, ShapeError, count
from archspec.ops import BY_NAME
from archspec.setting import accepted, accepted_words
from archspec.shape import Shape
from archspec.size import LARGEST, Formula, Size, SizeError, below, bounds, named
from archspec.source import Hole, Span
from archspec.spec import Group as SpecGroup
from archspec.spec import Input, Layer, Parameter, Spec, Step
from archspec.spelling import closest
from archspec.syntax.tree import Scalar

Shapes: TypeAlias = tuple[Shape, ...]
"""The shapes that a value may have: one, unless an error hides which."""

MOST_AXES: Final = 8
"""A value of which nothing is known is taken to have no more axes than this."""


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
    shapes: Mapping[str, Shapes]
    """The shapes of the output, of inputs and of named values."""

    scope: Mapping[str, Value]
    """Parameters and open sizes."""

    named_by_error: set[str]
    """Names that an error may hide the meaning of."""

    is_partial: bool
    """Whether there are parts that could not be read, which may give names and use what nothing else uses."""


def build(spec: Spec, overrides: Sequence[Override], report: Report) -> Built:
    """The graph of a spec, with its parameters set from outside where `overrides` say so."""
    return _Builder(spec, report).build(overrides)


@final
@dataclass(frozen=True)
class _Draft:
    """A value, with the shapes that it may have."""

    producer: Path
    shapes: Shapes
    span: Span


@final
@dataclass(frozen=True)
class _Settings:
    """An op with its settings, what was written for them, and what those may be that an error hides."""

    op: Op
    given: Mapping[str, Expression]
    options: Mapping[str, Sequence[Any]]


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
        self.shapes: dict[str, Shapes] = {}
        self.parameters: Size = 0
        self.macs: Size = 0
        self.is_cost_open = False
        self.is_partial = spec.is_partial
        self.named_by_error: set[str] = set()
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
        if output is not None:
            self.shapes["output"] = output.shapes
        if self.is_cost_open:
            self.add_cost(self.unknown() - 1, self.unknown() - 1)
        return Built(graph, self.parameters, self.macs, self.shapes, self.scope, self.named_by_error, self.is_partial)

    def unknown(self) -> Formula:
        """A size that nothing is known of but that it is one."""
        return named(f"?{next(self.unknowns)}")

    def anything(self) -> Shapes:
        """The shapes of a value of which nothing is known: one for each number of axes."""
        sizes = [self.unknown() for _ in range(MOST_AXES)]
        return tuple(Shape(tuple(sizes[:rank])) for rank in range(MOST_AXES + 1))

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
        parts = (line.shape,) if isinstance(line.shape, Hole) else line.shape
        sizes = tuple(self.size(each) for each in parts)
        # What could not be read may be meant as several sizes, and then nobody knows how many there are.
        is_known = not any(isinstance(each, Hole) for each in parts)
        shapes = (Shape(sizes, line.element),) if is_known else self.anything()
        draft = _Draft(path, shapes, line.name.span)
        self.network.add_node(path)
        self.declare(line.name, draft, top)
        self.add(draft, is_input=True)
        return draft

    def size(self, expression: Expression) -> Size:
        """The size of an axis of an input. Names in it that are no parameters are sizes, open from here on."""
        self.define(expression)
        value = self.value(expression)
        if value is None or is_unknown(value):
            return self.unknown()
        size = as_size(value)
        if size is None or below(size, 1) or (isinstance(size, int) and size > LARGEST):
            self.report.add(InvalidSize(expression.span, _as_given(expression, value)))
            return self.unknown()
        return size

    def define(self, expression: Expression) -> None:
        """Make each name in a shape that is no parameter the name of a size."""
        for free in free_names(expression):
            self.scope.setdefault(free.text, named(free.text))

    def value(self, expression: Expression) -> Value | None:
        """The value of an expression, or `None` where a finding says why it has none."""
        words = {name.text for name in free_names(expression)}
        self.used_names |= words
        try:
            return evaluate(expression, self.scope)
        except UnknownNameError as error:
            self.unknown_name(error.span, error.name, closest(error.name, self.scope))
        except HoleError:
            self.is_partial = True
        except EvaluationError as error:
            # What an error hides may be a list or a word as well, with which all would be right.
            if not any(is_unknown(self.scope[word]) for word in words & self.scope.keys()):
                self.report.add(InvalidExpression(error.span, error.message))
        return None

    def pass_over(self, expression: Expression) -> None:
        """Take notice of an expression that nobody knows the use of: it may use names, or be meant to give one."""
        self.is_partial = True
        self.named_by_error.update(name.text for name in free_names(expression))

    def unknown_name(self, span: Span, name: str, suggestion: str | None) -> None:
        if suggestion is not None:
            self.used_names.add(suggestion)
        if name not in self.named_by_error and (not self.is_partial or self.is_parameter(suggestion)):
            self.report.add(UnknownName(span, name, suggestion))
        # Told once is enough: where a name comes up again, it is rather the place that gives it that is wrong.
        self.named_by_error.add(name)

    def is_parameter(self, name: str | None) -> bool:
        return any(parameter.name.text == name for parameter in self.spec.params)

    # ---------------------------------------------------------------------------------------------------- layers

    def steps(self, steps: Sequence[Step], scope: _Scope, current: _Draft | None) -> _Draft | None:
        """What flows out of steps in a row, given what flows into the first."""
        for step in steps:
            match step:
                case SpecGroup():
                    current = self.group(step, scope, current)
                case Layer():
                    current = self.layer(step, scope, current)
                case Hole():
                    current = self.hole(step)
        return current

    def hole(self, hole: Hole) -> _Draft:
        """What a layer gives that could not be read: nobody knows what."""
        self.is_partial = self.is_cost_open = True
        return _Draft((), self.anything(), hole.span)

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
                self.pass_over(argument.value)
            self.is_cost_open = True
            op, shapes = None, self.anything()
        else:
            op, shapes = self.output(layer, kind, inputs)
        draft = _Draft(path, shapes, layer.span)
        if layer.name is not None:
            self.declare(layer.name, draft, scope)
        self.add(draft, is_input=False)
        if op is not None:
            self.connect(layer, op, path, inputs)
        return draft

    def op_class(self, layer: Layer, scope: _Scope) -> type[Op] | None:
        word = layer.op.text
        if word in BY_NAME:
            return BY_NAME[word]
        if layer.is_word and (value := scope.find(word)) is not None:
            self.used.add(value.producer)
            self.report.add(MisplacedValue(layer.op.span, word))
            return None
        candidates = (*BY_NAME, *scope.visible()) if layer.is_word else tuple(BY_NAME)
        suggestion = closest(word, candidates)
        self.report.add(UnknownOp(layer.op.span, word, suggestion))
        if suggestion is None:
            return None
        if suggestion in BY_NAME:
            return BY_NAME[suggestion] if _fits(layer, BY_NAME[suggestion]) else None
        if (meant := scope.find(suggestion)) is not None:
            self.used.add(meant.producer)
        return None

    def inputs(self, layer: Layer, scope: _Scope, current: _Draft | None) -> tuple[_Draft, ...]:
        """The values that flow into a layer."""
        if layer.sources:
            return tuple(self.source(each, scope) for each in layer.sources)
        if current is None:
            if self.spec.inputs or not self.is_partial:
                self.report.add(UnclearStart(layer.span, tuple(each.name.text for each in self.spec.inputs)))
            # Where nobody knows which input is meant, none of them is called unused.
            self.used.update((each.name.text,) for each in self.spec.inputs)
            return (_Draft((), self.anything(), layer.span),)
        self.used.add(current.producer)
        return (current,)

    def source(self, name: Scalar, scope: _Scope) -> _Draft:
        found = scope.find(name.text)
        if found is None:
            suggestion = closest(name.text, scope.visible())
            self.report.add(UnknownValue(name.span, name.text, suggestion))
            found = scope.find(suggestion) if suggestion is not None else None
            if found is None:
                # Any value before this may be meant, and so none of them is called unused.
                self.used.update(draft.producer for draft, _ in self.drafts)
                return _Draft((), self.anything(), name.span)
        self.used.add(found.producer)
        return found

    def declare(self, name: Scalar, draft: _Draft, scope: _Scope) -> None:
        """Give a value a name. The place of a name that is taken stays with whoever took it first."""
        first = scope.values.get(name.text)
        if first is not None:
            self.report.add(DuplicateName(name.span, name.text, first.span))
            return
        scope.values[name.text] = _Draft(draft.producer, draft.shapes, name.span)
        self.shapes[".".join((*scope.path, name.text))] = draft.shapes

    def add(self, draft: _Draft, *, is_input: bool) -> None:
        self.drafts.append((draft, is_input))
        if len(draft.shapes) == 1:
            self.graph_values[draft.producer] = GraphValue(draft.producer, draft.shapes[0], draft.span)

    def connect(self, layer: Layer, op: Op, path: Path, inputs: Sequence[_Draft]) -> None:
        """Add a layer to the network."""
        values = tuple(self.graph_values[each.producer] for each in inputs)
        name_span = None if layer.name is None else layer.name.span
        node = Node(path, op, values, self.graph_values[path], layer.span, layer.name is not None, name_span)
        self.network.add_node(path, node=node)
        for port, value in enumerate(values):
            self.network.add_edge(value.producer, path, key=port)

    # ---------------------------------------------------------------------------------------- settings and shapes

    def output(self, layer: Layer, kind: type[Op], inputs: Sequence[_Draft]) -> tuple[Op | None, Shapes]:
        """The op of a layer, when nothing is wrong with it or its inputs, and the shapes that it may give."""
        settings = self.settings(layer, kind)
        op, options = settings.op, settings.options
        takes = len(kind.input_names())
        if len(inputs) != takes:
            self.report.add(WrongInputs(layer.span, kind.name, takes, len(inputs)))
            return None, self.possible(op, options, [self.anything()] * takes)
        if any(len(each.shapes) != 1 for each in inputs):
            return None, self.possible(op, options, [each.shapes for each in inputs])
        shapes = [self.element(layer, kind, each.shapes[0]) for each in inputs]
        if options:
            return None, self.possible(op, options, [(each,) for each in shapes])
        try:
            shape = op.infer(*shapes)
            if any(isinstance(size, int) and size > LARGEST for size in shape):
                raise SizeError("gives an axis longer than 2**63 - 1")
            self.add_cost(*_cost(op, shapes))
        except (ShapeError, SizeError) as error:
            self.fault(layer, kind, error, settings.given, inputs)
            if isinstance(error, SizeError) or error.setting is None:
                return None, self.possible(op, {}, [self.anything()] * takes)
            return None, self.possible(op, self.options(kind, (error.setting,)), [(each,) for each in shapes])
        return op, (shape,)

    def options(self, kind: type[Op], names: Iterable[str]) -> Mapping[str, Sequence[Any]]:
        """What settings may be that an error hides: one of a few words, a flag, or a number."""
        declared = {name: kind.settings()[name] for name in names}
        return {
            name: accepted_words(each)
            if isinstance(each.default, str)
            else (True, False)
            if isinstance(each.default, bool)
            else (self.unknown(),)
            for name, each in declared.items()
        }

    def possible(self, op: Op, options: Mapping[str, Sequence[Any]], inputs: Sequence[Shapes]) -> Shapes:
        """The shapes that an op may give where an error hides how it is set or what it is given; counts its cost."""
        outcomes = _outcomes(op, options, inputs)
        if not outcomes and len(options) <= 2:
            # With some settings nothing can be calculated while they are unknown, such as the number of an axis.
            outcomes = _outcomes(op, dict.fromkeys(options, range(-MOST_AXES, MOST_AXES)), inputs)
        costs = {cost for _, cost in outcomes}
        if len(costs) == 1:
            self.add_cost(*costs.pop())
        else:
            self.is_cost_open = True
            self.add_cost(*(min(map(_least, part)) for part in zip(*costs, strict=True)))
        return tuple(dict.fromkeys(self.right(shape) for shape, _ in outcomes)) or self.anything()

    def right(self, shape: Shape) -> Shape:
        """A shape without what would make it wrong: once all errors are cured, each of its sizes is at least 1."""
        return shape.with_sizes(self.unknown() if is_unknown(size) else size for size in shape)

    def add_cost(self, parameters: Size = 0, macs: Size = 0) -> None:
        self.parameters, self.macs = self.parameters + parameters, self.macs + macs

    def fault(
        self,
        layer: Layer,
        kind: type[Op],
        error: ShapeError | SizeError,
        given: Mapping[str, Expression],
        inputs: Sequence[_Draft],
    ) -> None:
        blamed, cure = (error.setting, error.help) if isinstance(error, ShapeError) else (None, "")
        span = layer.span
        if blamed is not None and blamed in given:
            span = given[blamed].span
            self.doubt(given[blamed])
        producer = inputs[0].span if len(inputs) == 1 else None
        shapes = tuple(str(each.shapes[0]) for each in inputs)
        self.report.add(ShapeFault(span, kind.name, str(error), cure, shapes, producer))

    def element(self, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        if shape.element in kind.accepts:
            return shape
        self.report.add(WrongElement(layer.span, kind.name, tuple(sorted(kind.accepts)), shape.element))
        return Shape(shape.sizes, min(kind.accepts))

    def settings(self, layer: Layer, kind: type[Op]) -> _Settings:
        """The op with its settings. Where it cannot be told which setting is meant, any of the others may be."""
        declared = kind.settings()
        values: dict[str, Any] = {}
        given: dict[str, Expression] = {}
        wrong: set[str] = set()
        is_nameless = False
        for argument in layer.arguments:
            setting = self.setting_name(argument.key, kind, layer)
            if setting is None:
                self.pass_over(argument.value)
                is_nameless = True
                continue
            value = self.setting_value(argument.value, accepted_words(declared[setting]))
            if setting in given:
                self.report.add(SettingTwice(argument.key.span, kind.name, setting, given[setting].span))
                wrong.add(setting)
            else:
                given[setting] = argument.value
                values[setting] = value
                if value is None or is_unknown(value):
                    wrong.add(setting)
        if is_nameless:
            wrong |= declared.keys() - values.keys()
        known = {name: value for name, value in values.items() if name not in wrong}
        try:
            op = kind(**known, **{name: self.unknown() for name in wrong})
        except ValidationError as error:
            for setting in dict.fromkeys(str(each["loc"][0]) for each in error.errors()):
                if setting not in wrong:
                    self.invalid(layer, kind, setting, values.get(setting), given.get(setting))
                    wrong.add(setting)
            op = kind.model_construct(None, **{name: value for name, value in known.items() if name not in wrong})
        return _Settings(op, given, self.options(kind, sorted(wrong)))

    def setting_name(self, key: Scalar, kind: type[Op], layer: Layer) -> str | None:
        """The setting that an argument is for, or `None` where a finding says that there is none."""
        known, positional = tuple(kind.settings()), kind.positional()
        if key.text.isdecimal():
            if (name := _at(key.text, positional)) is None:
                self.report.add(TooManyValues(key.span, kind.name, positional))
            return name
        if key.text in known:
            return key.text
        suggestion = closest(key.text, known)
        self.report.add(UnknownSetting(key.span, kind.name, key.text, known, suggestion))
        given = {_at(argument.key.text, positional) or argument.key.text for argument in layer.arguments}
        return None if suggestion in given else suggestion

    def setting_value(self, expression: Expression, words: Sequence[str]) -> Value | None:
        """The value of a setting. A name that stands for nothing is a word, where the setting takes words."""
        if isinstance(expression, Name) and expression.text not in self.scope:
            if words:
                return expression.text
            candidates = (*self.scope, "true", "false")
            suggestion = _AS_FLAG.get(expression.text.casefold()) or closest(expression.text, candidates)
            self.unknown_name(expression.span, expression.text, suggestion)
            return None
        return self.value(expression)

    def invalid(
        self, layer: Layer, kind: type[Op], setting: str, value: Value | None, given: Expression | None
    ) -> None:
        declared = kind.settings()[setting]
        accepts = accepted(declared)
        if value is None or given is None:
            self.report.add(MissingSetting(layer.op.span, kind.name, setting, declared.description or "", accepts))
            return
        suggestion = closest(value, accepted_words(declared)) if isinstance(value, str) else None
        text = _as_given(given, value)
        self.report.add(InvalidSetting(given.span, kind.name, setting, text, accepts, suggestion))
        self.doubt(given)

    def doubt(self, expression: Expression) -> None:
        """Take the parameters in an expression for unknown from here on: any of them may be what is wrong with it."""
        for name in free_names(expression):
            if self.is_parameter(name.text):
                self.scope[name.text] = self.unknown()

    # ------------------------------------------------------------------------------------------ what nothing uses

    def find_unused(self) -> None:
        if self.is_partial:
            return  # What could not be read may be what uses it.
        for draft, is_input in self.drafts:
            if draft.producer not in self.used:
                self.report.add(UnusedValue(draft.span, ".".join(draft.producer), is_input))
        for parameter in self.spec.params:
            if parameter.name.text not in self.used_names:
                self.report.add(UnusedParameter(parameter.name.span, parameter.name.text))


def _at(position: str, positional: Sequence[str]) -> str | None:
    """The setting at a position, counted from 1, if there is one."""
    return dict(zip(map(str, counting(1)), positional, strict=False)).get(position)


def _fits(layer: Layer, kind: type[Op]) -> bool:
    """Whether a layer whose op is misspelt may well be meant for this one: that each setting has a place in it."""
    declared, positional = kind.settings(), kind.positional()
    meant = [_at(each.key.text, positional) or closest(each.key.text, declared) for each in layer.arguments]
    required = {name for name, field_info in declared.items() if field_info.is_required()}
    return None not in meant and required <= set(meant)


def _cost(op: Op, shapes: Sequence[Shape]) -> tuple[Size, Size]:
    """The parameters and multiply-adds of an op."""
    return count(op.weights(*shapes)), op.macs(*shapes)


def _as_given(expression: Expression, value: Value) -> str:
    """A value in a message: as it was written, unless it was computed from something else."""
    is_literal = not any(free_names(expression)) and "\n" not in expression.span.text
    return expression.span.text if is_literal else written(value)


def _outcomes(
    op: Op, options: Mapping[str, Sequence[Any]], inputs: Sequence[Shapes]
) -> dict[tuple[Shape, tuple[Size, Size]], None]:
    """The shapes, each with a cost, that an op gives for any of the settings and any of the inputs."""
    outcomes: dict[tuple[Shape, tuple[Size, Size]], None] = {}
    for values in product(*options.values()):
        variant = op.model_copy(update=dict(zip(options, values, strict=True)))
        for shapes in product(*inputs):
            # An op, ours or a stranger's, may fail in any way on what it could never be given but for an error.
            with suppress(Exception):
                outcomes[variant.infer(*shapes), _cost(variant, shapes)] = None
    return outcomes


def _least(size: Size) -> int:
    """What a cost is at least."""
    least, _ = bounds(size)
    return max(least or 0, 0)


_AS_FLAG: Final = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def _names(steps: Sequence[Step]) -> Iterator[str]:
    """The names that steps give in the scope they stand in."""
    for step in steps:
        if isinstance(step, Hole):
            continue
        if step.name is not None:
            yield step.name.text
        elif isinstance(step, SpecGroup):
            yield from _names(step.steps)


def _renamed(layer: Layer, name: Scalar) -> Layer:
    return Layer(layer.op, layer.arguments, name, layer.sources, layer.span)
