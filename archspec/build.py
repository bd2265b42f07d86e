"""From the Spec to the Graph: layers are joined, and every value gets its shape as it is added.

The builder goes on after an error as far as sense allows. A misspelt op or setting is taken for the one that was
probably meant; what an error hides is left open (`archspec.meaning`, `archspec.possible`). What follows from the
unknown is never reported: each mistake is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import networkx as nx

from archspec.catalog.fields import DuplicateName, UnknownOp
from archspec.catalog.graph import MisplacedValue, SeveralValues, UnclearStart, UnknownValue, UnusedValue, WrongInputs
from archspec.catalog.shapes import ShapeFault, WrongElement
from archspec.diagnostics import Report
from archspec.expression import Expression, Value
from archspec.graph import Graph, Group, Node, Path
from archspec.graph import Value as GraphValue
from archspec.meaning import Meanings
from archspec.op import Op, ShapeError
from archspec.ops import BY_NAME
from archspec.possible import OPEN, Cost, Options, Shapes, anything, cost_of, options_of, possible
from archspec.settle import fits, pass_over, settle
from archspec.shape import Shape
from archspec.size import LARGEST, SizeError
from archspec.source import Hole, Span
from archspec.spec import Group as SpecGroup
from archspec.spec import Input, Layer, Override, Spec, Step
from archspec.spelling import closest
from archspec.syntax.tree import Scalar


@final
@dataclass(frozen=True)
class Built:
    """What building gave: the graph, if nothing was wrong, and what is known of the model in any case."""

    graph: Graph | None
    cost: Cost
    shapes: Mapping[str, Shapes]
    """The shapes of the output, of inputs and of named values."""

    meanings: Meanings


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
        self.meanings = Meanings(spec.params, report, is_partial=spec.is_partial)
        self.network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
        self.graph_values: dict[Path, GraphValue] = {}
        self.groups: dict[Path, Group] = {}
        self.drafts: list[tuple[_Draft, bool]] = []
        self.used: set[Path] = set()
        self.shapes: dict[str, Shapes] = {}
        self.cost = Cost()

    def build(self, overrides: Sequence[Override]) -> Built:
        self.meanings.set_parameters(overrides, self.spec.model.text)
        settings = dict(self.meanings.scope)
        top = _Scope((), frozenset(_names(self.spec.layers)), {})
        inputs = [self.input(each, top) for each in self.spec.inputs]
        start = inputs[0] if len(inputs) == 1 else None
        output = self.steps(self.spec.layers, top, start)
        if output is not None:
            self.used.add(output.producer)
            self.shapes["output"] = output.shapes
        self.find_unused()
        graph = None
        if not self.report.has_errors and output is not None:
            graph = self.graph(settings, inputs, output)
        return Built(graph, self.cost, self.shapes, self.meanings)

    def graph(self, settings: Mapping[str, Value], inputs: Sequence[_Draft], output: _Draft) -> Graph:
        return Graph(
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

    def anything(self) -> Shapes:
        return anything(self.meanings)

    def input(self, line: Input, top: _Scope) -> _Draft:
        path = (line.name.text,)
        parts = (line.shape,) if isinstance(line.shape, Hole) else line.shape
        sizes = tuple(self.meanings.size(each) for each in parts)
        # What could not be read may be meant as several sizes, and then nobody knows how many there are.
        is_known = not any(isinstance(each, Hole) for each in parts)
        shapes = (Shape(sizes, line.element),) if is_known else self.anything()
        draft = _Draft(path, shapes, line.name.span)
        self.network.add_node(path)
        self.declare(line.name, draft, top)
        self.add(draft, is_input=True)
        return draft

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
        self.meanings.is_partial = True
        self.cost += OPEN
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
            pass_over(layer, self.meanings)
            self.cost += OPEN
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
            return BY_NAME[suggestion] if fits(layer, BY_NAME[suggestion]) else None
        if (meant := scope.find(suggestion)) is not None:
            self.used.add(meant.producer)
        return None

    def inputs(self, layer: Layer, scope: _Scope, current: _Draft | None) -> tuple[_Draft, ...]:
        """The values that flow into a layer."""
        if layer.sources:
            return tuple(self.source(each, scope) for each in layer.sources)
        if current is None:
            if self.spec.inputs or not self.meanings.is_partial:
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
        node = Node(path, op, values, (self.graph_values[path],), layer.span, layer.name is not None, name_span)
        self.network.add_node(path, node=node)
        for port, value in enumerate(values):
            self.network.add_edge(value.producer, path, key=port)

    # ---------------------------------------------------------------------------------------------------- shapes

    def output(self, layer: Layer, kind: type[Op], inputs: Sequence[_Draft]) -> tuple[Op | None, Shapes]:
        """The op of a layer, when nothing is wrong with it or its inputs, and the shapes that it may give."""
        settled = settle(layer, kind, self.meanings)
        op, options = settled.op, settled.options
        least, most = kind.arity()
        if len(inputs) < least or (most is not None and len(inputs) > most):
            self.report.add(WrongInputs(layer.span, kind.name, least, most, len(inputs)))
            return None, self.anything()
        if any(len(each.shapes) != 1 for each in inputs):
            return None, self.possible(op, options, [each.shapes for each in inputs])
        shapes = [self.element(layer, kind, each.shapes[0]) for each in inputs]
        if options:
            return None, self.possible(op, options, [(each,) for each in shapes])
        try:
            outputs = op.outputs(*shapes)
            if any(isinstance(size, int) and size > LARGEST for shape in outputs for size in shape):
                raise SizeError("gives an axis longer than 2**63 - 1")
            self.cost += cost_of(op, shapes)
        except (ShapeError, SizeError) as error:
            self.fault(layer, kind, error, settled.given, inputs)
            if isinstance(error, SizeError) or error.setting is None:
                return None, self.possible(op, {}, [self.anything()] * len(inputs))
            hidden = options_of(kind, (error.setting,), self.meanings)
            return None, self.possible(op, hidden, [(each,) for each in shapes])
        if len(outputs) != 1:
            self.report.add(SeveralValues(layer.span, kind.name, len(outputs)))
            return None, self.anything()
        return op, outputs

    def possible(self, op: Op, options: Options, inputs: Sequence[Shapes]) -> Shapes:
        """The shapes that an op may give where an error hides how it is set or what it is given."""
        shapes, cost = possible(op, options, inputs, self.meanings)
        self.cost += cost
        return shapes

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
            self.meanings.doubt(given[blamed])
        producer = inputs[0].span if len(inputs) == 1 else None
        shapes = tuple(str(each.shapes[0]) for each in inputs)
        self.report.add(ShapeFault(span, kind.name, str(error), cure, shapes, producer))

    def element(self, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        if shape.element in kind.accepts:
            return shape
        self.report.add(WrongElement(layer.span, kind.name, tuple(sorted(kind.accepts)), shape.element))
        return Shape(shape.sizes, min(kind.accepts))

    def find_unused(self) -> None:
        """Report values that nothing uses, unless what could not be read may be what uses them."""
        if not self.meanings.is_partial:
            for draft, is_input in self.drafts:
                if draft.producer not in self.used:
                    self.report.add(UnusedValue(draft.span, ".".join(draft.producer), is_input))
        self.meanings.find_unused()


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
