"""From the Spec to the Graph: layers are joined, and every value gets its shape as it is added.

The builder goes on after an error as far as sense allows. A misspelt op or setting is taken for the one that was
probably meant; what an error hides is left open (`archspec.meaning`, `archspec.possible`). What follows from the
unknown is never reported: each mistake is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from typing import Final, final

import networkx as nx

from archspec.catalog.fields import DuplicateName, UnusedParameter
from archspec.catalog.graph import (
    BlockLikeOp,
    MisplacedValue,
    RecursiveBlock,
    SeveralValues,
    TooManyLayers,
    UnclearStart,
    UnknownValue,
    UnusedBlock,
    UnusedValue,
    WrongInputs,
    WrongNames,
)
from archspec.catalog.settings import UnknownOp
from archspec.catalog.shapes import ShapeFault, WrongElement
from archspec.catalog.text import TooDeep
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Expression, Value, free_names
from archspec.graph import Graph, Group, Node, Output, Path
from archspec.graph import Value as GraphValue
from archspec.loop import choose, passes, size_of, sizes_of
from archspec.meaning import Meanings
from archspec.op import Op, ShapeError
from archspec.ops import BY_NAME
from archspec.pattern import bind
from archspec.possible import OPEN, Cost, Options, Shapes, anything, cost_of, options_of, possible
from archspec.scope import Draft, Scope, names_in
from archspec.settle import fits, pass_over, settle, settle_block
from archspec.shape import Shape
from archspec.size import LARGEST, SizeError
from archspec.source import Hole, Span
from archspec.spec import Block, Expectation, Input, Override, Spec, Variant
from archspec.spelling import closest
from archspec.steps import Choice, Layer, Repeat, Residual, Step, named
from archspec.steps import Group as StepGroup
from archspec.syntax.tree import Scalar

MOST_LAYERS: Final = 200_000
"""A model has no more layers than this."""

DEEPEST: Final = 20
"""Blocks use one another no deeper than this, because building calls itself for each level."""


@final
@dataclass(frozen=True)
class Part:
    """The model, or one use of a block, with what is known of it: what its expectations are about."""

    expectations: tuple[Expectation, ...]
    cost: Cost
    shapes: Mapping[str, Shapes]
    """The shapes of the output, of inputs and of named values."""

    meanings: Meanings


@final
@dataclass(frozen=True)
class Built:
    """What building gave: the graph, if nothing was wrong, and what is known of its parts in any case."""

    graph: Graph | None
    parts: tuple[Part, ...]


def build(spec: Spec, overrides: Sequence[Override], report: Report, variant: Variant | None = None) -> Built:
    """The graph of a spec, or of one of its variants, with its parameters set from outside where `overrides` say so."""
    settings, expectations = ((), ()) if variant is None else (variant.set, variant.expect)
    return _Builder(spec, report).build((*settings, *overrides), (*spec.expect, *expectations))


class _TooManyError(Exception):
    """The model has more layers, or blocks deeper in one another, than can be built; a finding says so."""


@final
class _Builder:
    def __init__(self, spec: Spec, report: Report) -> None:
        self.spec = spec
        self.report = report
        self.unknowns = counting(1)
        self.meanings = Meanings(spec.params, report, self.unknowns, is_partial=spec.is_partial)
        self.blocks = {block.name.text: block for block in spec.blocks}
        self.sizes = sizes_of({name: block.layers for name, block in self.blocks.items()})
        self.uses: list[str] = []
        """The blocks that are being built, the outermost first."""

        self.used_in_blocks: dict[str, set[str]] = {}
        self.network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
        self.graph_values: dict[tuple[Path, int], GraphValue] = {}
        self.groups: dict[Path, Group] = {}
        self.drafts: list[tuple[Draft, bool]] = []
        self.used: set[Path] = set()
        self.shapes: dict[str, Shapes] = {}
        self.cost = Cost()
        self.parts: list[Part] = []
        self.layers = 0

    def build(self, overrides: Sequence[Override], expectations: tuple[Expectation, ...]) -> Built:
        self.check_blocks()
        self.meanings.set_parameters(overrides, self.spec.model.text)
        settings = dict(self.meanings.scope)
        top = Scope((), is_counted=False, taken=frozenset(names_in(self.spec.layers)))
        inputs = [self.input(each, top) for each in self.spec.inputs]
        start = inputs[0] if len(inputs) == 1 else None
        try:
            output = self.steps(self.spec.layers, top, start)
        except _TooManyError:
            return Built(None, ())
        if output is not None:
            self.used.add(output.producer)
            self.shapes["output"] = output.shapes
        self.find_unused()
        self.parts.append(Part(expectations, self.cost, self.shapes, self.meanings))
        graph = None
        if not self.report.has_errors and output is not None:
            graph = self.graph(settings, inputs, output)
        return Built(graph, tuple(self.parts))

    def graph(self, settings: Mapping[str, Value], inputs: Sequence[Draft], output: Draft) -> Graph:
        return Graph(
            name=self.spec.model.text,
            doc=self.spec.doc,
            source=self.spec.span.source,
            span=self.spec.model.span,
            settings=settings,
            inputs=tuple(self.graph_values[each.producer, each.port] for each in inputs),
            outputs=(Output("output", self.graph_values[output.producer, output.port]),),
            groups=self.groups,
            network=self.network,
        )

    def check_blocks(self) -> None:
        for name, block in self.blocks.items():
            if name in BY_NAME:
                self.report.add(BlockLikeOp(block.name.span, name))
                self.used_in_blocks[name] = set(block.parameter_names)

    def anything(self) -> Shapes:
        return anything(self.meanings)

    def nothing_known(self, span: Span) -> Draft:
        """A value that an error hides."""
        return Draft((), self.anything(), span)

    def input(self, line: Input, top: Scope) -> Draft:
        path = (line.name.text,)
        parts = (line.shape,) if isinstance(line.shape, Hole) else line.shape
        sizes = tuple(self.meanings.size(each) for each in parts)
        # What could not be read may be meant as several sizes, and then nobody knows how many there are.
        is_known = not any(isinstance(each, Hole) for each in parts)
        shapes = (Shape(sizes, line.element),) if is_known else self.anything()
        draft = Draft(path, shapes, line.name.span)
        self.network.add_node(path)
        self.declare(line.name, draft, top)
        self.add(draft, is_input=True)
        return draft

    # ----------------------------------------------------------------------------------------------------- steps

    def steps(self, steps: Sequence[Step], scope: Scope, current: Draft | None) -> Draft | None:
        """What flows out of steps in a row, given what flows into the first."""
        for step in steps:
            current = self.step(step, scope, current)
        return current

    def step(self, step: Step, scope: Scope, current: Draft | None) -> Draft | None:
        match step:
            case StepGroup():
                return self.group(step, scope, current)
            case Layer():
                return self.layer(step, scope, current)
            case Residual():
                return self.residual(step, scope, current)
            case Repeat():
                return self.repeat(step, scope, current)
            case Choice():
                chosen = choose(step, self.meanings)
                if chosen is None:
                    return self.hole(step.span)
                return self.under(step.name, chosen, scope, current)
            case Hole():
                return self.hole(step.span)

    def hole(self, span: Span) -> Draft:
        """What a layer gives that could not be read: nobody knows what."""
        self.meanings.is_partial = True
        self.cost += OPEN
        return self.nothing_known(span)

    def group(self, group: StepGroup, scope: Scope, current: Draft | None) -> Draft | None:
        steps = group.steps
        if group.is_chain and (start := self.start(steps, scope)) is not None:
            current, steps = start, steps[1:]
        if group.name is not None and len(steps) < len(group.steps) and len(steps) == 1 and isinstance(steps[0], Layer):
            # `y = x -> conv(8)` names the layer, since `x` is none.
            return self.layer(named(steps[0], group.name), scope, current)
        return self.under(group.name, steps, scope, current)

    def under(self, name: Scalar | None, steps: Sequence[Step], scope: Scope, current: Draft | None) -> Draft | None:
        """What flows out of steps in a row, which are a group where they have a name."""
        if name is None:
            return self.steps(steps, scope, current)
        result = self.steps(steps, self.inner(scope.path_of(name, ""), name.span, steps, scope), current)
        if result is not None:
            self.declare(name, result, scope)
        return result

    def inner(self, path: Path, span: Span, steps: Sequence[Step], scope: Scope) -> Scope:
        """The scope of a new group of layers."""
        self.groups.setdefault(path, Group(path, span))
        return Scope(path, is_counted=True, taken=frozenset(names_in(steps)), outer=scope)

    def start(self, steps: Sequence[Step], scope: Scope) -> Draft | None:
        """The value that a chain starts from, when its first word is the name of one."""
        first = steps[0]
        if not (isinstance(first, Layer) and first.is_word and len(steps) > 1):
            return None
        return self.word(first, scope)

    def word(self, step: Step, scope: Scope) -> Draft | None:
        """The value that a single word stands for, if it is the name of one."""
        found = scope.find(step.op.text) if isinstance(step, Layer) and step.is_word else None
        if found is not None:
            self.used.add(found.producer)
        return found

    def residual(self, residual: Residual, scope: Scope, current: Draft | None) -> Draft:
        branches = tuple(StepGroup(steps, None, False, residual.span) for steps in (residual.body, residual.shortcut))
        names = () if residual.name is None else (residual.name,)
        add = Scalar("add", residual.span)
        return self.layer(Layer(add, (), names, (), residual.span, branches=branches), scope, current)

    def repeat(self, repeat: Repeat, scope: Scope, current: Draft | None) -> Draft | None:
        if repeat.name is not None:
            inner = self.inner(scope.path_of(repeat.name, ""), repeat.name.span, (), scope)
            result = self.passes(repeat, inner, current)
            if result is not None:
                self.declare(repeat.name, result, scope)
            return result
        return self.passes(repeat, scope, current)

    def passes(self, repeat: Repeat, scope: Scope, current: Draft | None) -> Draft | None:
        values = passes(repeat, self.meanings, MOST_LAYERS)
        if values is None:
            return self.hole(repeat.span)
        least = max(size_of(repeat.steps, self.meanings.scope, self.sizes), 1)
        if self.layers + len(values) * least > MOST_LAYERS:
            self.refuse(repeat.span)
        has_names = any(names_in(repeat.steps))
        for value in values:
            before = self.layers
            with self.meanings.where(value):
                if has_names:
                    # The names belong to the pass, and so each pass is a group of its own.
                    inner = self.inner(scope.path_of(None, "repeat"), repeat.span, repeat.steps, scope)
                    current = self.steps(repeat.steps, inner, current)
                else:
                    current = self.steps(repeat.steps, scope, current)
            # A pass without layers counts as one, since it takes its time all the same.
            self.layers = max(self.layers, before + 1)
        return current

    def refuse(self, span: Span) -> None:
        self.report.add(TooManyLayers(span, MOST_LAYERS))
        raise _TooManyError

    # ---------------------------------------------------------------------------------------------------- layers

    def layer(self, layer: Layer, scope: Scope, current: Draft | None) -> Draft:
        self.layers += 1
        if self.layers > MOST_LAYERS:
            self.refuse(layer.span)
        if layer.op.text in self.blocks and layer.op.text not in BY_NAME:
            return self.use(layer, self.blocks[layer.op.text], scope, current)
        kind = self.op_class(layer, scope)
        # Branches come before the op that joins them, and so do their names.
        inputs = self.inputs(layer, scope, current)
        path = scope.path_of(layer.name, kind.name if kind is not None else layer.op.text)
        if kind is None:
            pass_over(layer, self.meanings)
            self.cost += OPEN
        op, outputs = (None, (self.anything(),)) if kind is None else self.output(layer, kind, inputs)
        drafts = [Draft(path, shapes, layer.span, port) for port, shapes in enumerate(outputs)]
        self.name(layer, drafts, scope, is_known=kind is not None)
        for draft in drafts:
            self.add(draft, is_input=False)
        if op is not None:
            self.connect(layer, op, path, inputs, len(drafts))
        return drafts[0]

    def name(self, layer: Layer, drafts: Sequence[Draft], scope: Scope, *, is_known: bool) -> None:
        """Give the values of a layer their names."""
        is_single = len(layer.names) <= 1 and len(drafts) == 1
        if is_known and not is_single and len(layer.names) != len(drafts):
            finding: Diagnostic = SeveralValues(layer.span, layer.op.text, len(drafts))
            if len(layer.names) > 1:
                finding = WrongNames(layer.span, layer.op.text, len(drafts), len(layer.names))
            self.report.add(finding)
        for index, name in enumerate(layer.names):
            known = drafts[index] if index < len(drafts) and is_known else self.nothing_known(name.span)
            self.declare(name, known if len(layer.names) > 1 or is_known else drafts[0], scope)

    def op_class(self, layer: Layer, scope: Scope) -> type[Op] | None:
        word = layer.op.text
        if word in BY_NAME:
            return BY_NAME[word]
        if layer.is_word and (value := scope.find(word)) is not None:
            self.used.add(value.producer)
            self.report.add(MisplacedValue(layer.op.span, word))
            return None
        candidates = (*BY_NAME, *self.blocks, *(scope.visible() if layer.is_word else ()))
        suggestion = closest(word, candidates)
        self.report.add(UnknownOp(layer.op.span, word, suggestion))
        if suggestion is None:
            return None
        if suggestion in BY_NAME:
            return BY_NAME[suggestion] if fits(layer, BY_NAME[suggestion]) else None
        if suggestion in self.blocks:
            self.used_in_blocks.setdefault(suggestion, set()).update(self.blocks[suggestion].parameter_names)
        elif (meant := scope.find(suggestion)) is not None:
            self.used.add(meant.producer)
        return None

    def inputs(self, layer: Layer, scope: Scope, current: Draft | None) -> tuple[Draft, ...]:
        """The values that flow into a layer."""
        if layer.sources:
            fed = tuple(self.source(each, scope, current) for each in layer.sources)
        elif current is None:
            fed = (self.unclear(layer),)
        else:
            fed = (current,)
        if layer.branches is not None:
            if len(fed) > 1:
                # Each branch starts from one value; which of these it is, nobody could tell.
                self.report.add(WrongInputs(layer.span, f"{layer.op.text} {{ ... }}", 1, 1, len(fed)))
            fed = tuple(self.branch(each, scope, fed[0]) for each in layer.branches)
        self.used.update(each.producer for each in fed)
        return fed

    def branch(self, step: Step, scope: Scope, current: Draft) -> Draft:
        """What flows out of a branch. A word that is the name of a value stands for that value."""
        return self.word(step, scope) or self.step(step, scope, current) or current

    def unclear(self, layer: Layer) -> Draft:
        if self.spec.inputs or not self.meanings.is_partial:
            self.report.add(UnclearStart(layer.span, tuple(each.name.text for each in self.spec.inputs)))
        # Where nobody knows which input is meant, none of them is called unused.
        self.used.update((each.name.text,) for each in self.spec.inputs)
        return self.nothing_known(layer.span)

    def source(self, step: Step, scope: Scope, current: Draft | None) -> Draft:
        if not (isinstance(step, Layer) and step.is_word):
            return self.step(step, scope, current) or self.nothing_known(step.span)
        found = self.word(step, scope)
        if found is not None:
            return found
        name = step.op
        suggestion = closest(name.text, scope.visible())
        self.report.add(UnknownValue(name.span, name.text, suggestion))
        found = scope.find(suggestion) if suggestion is not None else None
        if found is None:
            # Any value before this may be meant, and so none of them is called unused.
            self.used.update(draft.producer for draft, _ in self.drafts)
            return self.nothing_known(name.span)
        self.used.add(found.producer)
        return found

    def declare(self, name: Scalar, draft: Draft, scope: Scope) -> None:
        """Give a value a name. The place of a name that is taken stays with whoever took it first."""
        first = scope.values.get(name.text)
        if first is not None:
            self.report.add(DuplicateName(name.span, name.text, first.span))
            return
        scope.values[name.text] = Draft(draft.producer, draft.shapes, name.span, draft.port)
        if not self.uses:
            self.shapes[".".join((*scope.path, name.text))] = draft.shapes

    def add(self, draft: Draft, *, is_input: bool) -> None:
        self.drafts.append((draft, is_input))
        if len(draft.shapes) == 1:
            value = GraphValue(draft.producer, draft.shapes[0], draft.span, draft.port)
            self.graph_values[draft.producer, draft.port] = value

    def connect(self, layer: Layer, op: Op, path: Path, inputs: Sequence[Draft], ports: int) -> None:
        """Add a layer to the network."""
        values = tuple(self.graph_values[each.producer, each.port] for each in inputs)
        outputs = tuple(self.graph_values[path, port] for port in range(ports))
        name_span = None if layer.name is None else layer.name.span
        node = Node(path, op, values, outputs, layer.span, layer.name is not None, name_span)
        self.network.add_node(path, node=node)
        for port, value in enumerate(values):
            self.network.add_edge(value.producer, path, key=port)

    # ---------------------------------------------------------------------------------------------------- blocks

    def use(self, layer: Layer, block: Block, scope: Scope, current: Draft | None) -> Draft:
        """What flows out of one use of a block."""
        inputs = self.inputs(layer, scope, current)
        word = layer.op.text
        if word in self.uses:
            cycle = (*self.uses[self.uses.index(word) :], word)
            self.report.add(RecursiveBlock(layer.op.span, cycle))
            return self.nothing_known(layer.span)
        if len(self.uses) >= DEEPEST:
            self.report.add(TooDeep(layer.op.span, DEEPEST))
            raise _TooManyError
        if self.layers + self.sizes[word] > MOST_LAYERS:
            self.refuse(layer.span)
        path = scope.path_of(layer.name, word)
        span = layer.span if layer.name is None else layer.name.span
        self.groups.setdefault(path, Group(path, span, word, block.doc))
        outer, cost, shapes = self.meanings, self.cost, self.shapes
        given = settle_block(layer, block, outer)
        self.meanings = Meanings(block.params, self.report, self.unknowns, is_partial=block.is_partial)
        self.meanings.set_values(given)
        self.cost, self.shapes = Cost(), {}
        self.uses.append(word)
        result = self.body(layer, block, path, inputs)
        self.uses.pop()
        needs = {name.text for each in block.expect for name in free_names(each.condition)}
        self.used_in_blocks.setdefault(word, set()).update(self.meanings.used | needs)
        self.parts.append(Part(block.expect, self.cost, {**self.shapes, "output": result.shapes}, self.meanings))
        outer.is_partial = outer.is_partial or self.meanings.is_partial
        self.meanings, self.cost, self.shapes = outer, cost + self.cost, shapes
        if len(layer.names) > 1:
            self.report.add(WrongNames(layer.span, word, 1, len(layer.names)))
        for name in layer.names:
            self.declare(name, result, scope)
        return result

    def body(self, layer: Layer, block: Block, path: Path, inputs: Sequence[Draft]) -> Draft:
        inner = Scope(path, is_counted=False, taken=frozenset(names_in(block.layers)))
        expected = max(len(block.inputs), 1)
        if len(inputs) != expected:
            self.report.add(WrongInputs(layer.span, layer.op.text, expected, expected, len(inputs)))
            inputs = tuple(self.nothing_known(layer.span) for _ in range(expected))
        for line, draft in zip(block.inputs, inputs, strict=False):
            # Of several uses of a block each has its own sizes; where one does not fit, its place is the use.
            bind(line, draft, layer, self.meanings)
            self.declare(line.name, draft, inner)
            self.shapes[line.name.text] = draft.shapes
        return self.steps(block.layers, inner, inputs[0] if len(inputs) == 1 else None) or inputs[0]

    # ---------------------------------------------------------------------------------------------------- shapes

    def output(self, layer: Layer, kind: type[Op], inputs: Sequence[Draft]) -> tuple[Op | None, tuple[Shapes, ...]]:
        """The op of a layer, when nothing is wrong with it or its inputs, and the shapes that each output may have."""
        settled = settle(layer, kind, self.meanings)
        op, options = settled.op, settled.options
        least, most = kind.arity()
        if len(inputs) < least or (most is not None and len(inputs) > most):
            self.report.add(WrongInputs(layer.span, kind.name, least, most, len(inputs)))
            self.cost += OPEN
            return None, (self.anything(),)
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
        return op, tuple((shape,) for shape in outputs)

    def possible(self, op: Op, options: Options, inputs: Sequence[Shapes]) -> tuple[Shapes, ...]:
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
        inputs: Sequence[Draft],
    ) -> None:
        blamed, cure = (error.setting, error.help) if isinstance(error, ShapeError) else (None, "")
        span = layer.span
        if blamed is not None and blamed in given:
            span = given[blamed].span
            self.meanings.doubt(given[blamed])
        shapes = tuple(str(each.shapes[0]) for each in inputs)
        producers = tuple(each.span for each in inputs)
        self.report.add(ShapeFault(span, kind.name, str(error), cure, shapes, producers))

    def element(self, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        if shape.element in kind.accepts:
            return shape
        self.report.add(WrongElement(layer.span, kind.name, tuple(sorted(kind.accepts)), shape.element))
        return Shape(shape.sizes, min(kind.accepts))

    # ------------------------------------------------------------------------------------------ what nothing uses

    def find_unused(self) -> None:
        """Report values, parameters and blocks that nothing uses, unless what cannot be read may be what uses them."""
        self.meanings.find_unused()
        if self.meanings.is_partial:
            return
        told: set[Span] = set()
        for draft, is_input in self.drafts:
            # A line that is gone through many times is told of once.
            if draft.producer not in self.used and draft.span not in told:
                told.add(draft.span)
                self.report.add(UnusedValue(draft.span, ".".join(draft.producer), is_input))
        for name, block in self.blocks.items():
            if name not in self.used_in_blocks:
                self.report.add(UnusedBlock(block.name.span, name))
                continue
            for parameter in block.params:
                if parameter.name.text not in self.used_in_blocks[name]:
                    self.report.add(UnusedParameter(parameter.name.span, parameter.name.text))
