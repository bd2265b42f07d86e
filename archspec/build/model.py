"""A model as a whole: from its spec, its inputs and what is set from outside to its graph.

How values flow from step to step is in `archspec.build.flow`, how a layer gets its place in `archspec.build.placing`;
blocks and layers that are used again are in `archspec.build.uses`, cells in `archspec.build.recurrence`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count as counting
from typing import TYPE_CHECKING, Any, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.build.assembly import Assembly, Given
from archspec.build.environment import Environment, key_of
from archspec.build.limits import TooManyError
from archspec.build.loop import SCAN, expressions_in, words_in
from archspec.build.meaning import Meanings
from archspec.build.placing import Account
from archspec.build.possible import Cost
from archspec.build.recurrence import Recurrences
from archspec.build.scope import Draft, Frame, Layers, Scope, names_in
from archspec.build.start import starts_of
from archspec.build.uses import Part
from archspec.catalog.fields import DuplicateName, InvalidExpression
from archspec.catalog.graph import BlockLikeOp, UnusedBlock, UnusedValue
from archspec.catalog.parameters import UnusedParameter
from archspec.diagnostics import Report
from archspec.expression import Literal
from archspec.graph import Graph
from archspec.ops import OPS
from archspec.parameter import Parameter
from archspec.shape import Shape
from archspec.source import Hole
from archspec.spec import Block, Cell, Input, Library, Override, Rest, Spec, Variant
from archspec.steps import Layer
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.partial import PartialGraph


@final
class Built(Struct, frozen=True):
    """What building gave: the graph, if nothing was wrong, and what is known of its parts in any case."""

    graph: Graph | None
    parts: tuple[Part, ...]

    partial: Callable[[], PartialGraph] | None = None
    """What could be built, where something was wrong."""


@final
class Settings(Struct, frozen=True):
    """What is set from outside: parameters of the model, and sizes of its inputs."""

    parameters: tuple[Override, ...] = ()
    sizes: tuple[Override, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parameters or self.sizes)


def build(
    spec: Spec,
    environment: Environment,
    settings: Settings,
    report: Report,
    variant: Variant | None = None,
    *,
    is_first: bool = True,
) -> Built:
    """The graph of a spec, or of one of its variants. What is true of the file whatever is built is told at first."""
    return _Builder(spec, environment, report).build(spec, settings, variant, is_first=is_first)


def rebuilt(
    spec: Spec, environment: Environment, settings: Settings, variant: Variant | None, values: Mapping[str, Any]
) -> Graph | None:
    """The graph of a spec with other numbers, flags or words for some parameters; `None` where these are wrong."""
    place = spec.model.span
    kept = tuple(each for each in settings.parameters if each.name.text not in values)
    other = tuple(Override(Scalar(name, place), Literal(value, place)) for name, value in values.items())
    return build(spec, environment, replace(settings, parameters=(*kept, *other)), Report(), variant).graph


def check_library(library: Library, environment: Environment, report: Report) -> Built:
    """Add what can be said of blocks and cells without a use of them: what is wrong whatever they are given."""
    return _Builder(library, environment, report).check_alone(library)


@final
class _Builder(Recurrences):
    def __init__(self, spec: Spec | Library, environment: Environment, report: Report) -> None:
        layers, params = (spec.layers, spec.params) if isinstance(spec, Spec) else ((), ())
        top = Scope((), is_counted=False, taken=frozenset(names_in(layers)))
        unknowns = counting(1)
        is_partial = spec.is_partial or report.is_partial
        meanings = Meanings(params, report, unknowns, is_partial=is_partial)
        super().__init__(report, unknowns, Frame(meanings, environment), Account(top, is_model=isinstance(spec, Spec)))

    def build(self, spec: Spec, settings: Settings, variant: Variant | None, *, is_first: bool) -> Built:
        own, expectations = ((), ()) if variant is None else (variant.set, variant.expect)
        meanings = self.meanings
        if is_first:
            self.check_blocks()
        meanings.set_parameters(own, settings.parameters, spec.model.text)
        meanings.fix_sizes(settings.sizes, spec.model.text)
        self.give_layers(meanings.layers, self.frame, None, self.frame)
        self.starts.append(starts_of(spec.init, meanings))
        given = {name: self.setting(name) for name in meanings.parameters}
        inputs = [self.input(each, self.account.scope) for each in spec.inputs]
        self.account.inputs = {line.name.text: each for line, each in zip(spec.inputs, inputs, strict=True)}
        meanings.find_unknown_sizes()
        try:
            results = self.results(spec.layers, self.account.scope, inputs[0] if len(inputs) == 1 else None)
        except TooManyError:
            return Built(None, ())
        cost = self.account.cost
        self.starts.pop().find_unused(meanings, is_hidden=cost.is_open)
        meanings.find_unused()
        self.find_unused_values()
        self.find_unused_in_blocks(self.frame.environment)
        if is_first:
            self.find_unused_blocks(self.frame.environment)
        shapes = self.account.shapes_with(results)
        self.parts.append(Part((*spec.expect, *expectations), self.evaluated(cost, results), shapes, meanings))
        if self.report.has_errors or self.has_failed or not results:
            rest = partial(self.assembly.partial, inputs, results, spec.model, spec.doc)
            return Built(None, tuple(self.parts), rest)
        source, place = spec.span.source, spec.model.span
        named = {"name": spec.model.text, "doc": spec.doc, "source": source, "span": place, "settings": given}
        again = partial(rebuilt, spec, self.frame.environment, settings, variant)
        return Built(self.assembly.graph(inputs, results, **named, rebuilt=again), tuple(self.parts))

    def setting(self, name: str) -> object:
        """What a parameter of the model was built with; of one that stands for layers, as it is written."""
        layers = self.meanings.layers.get(name)
        return self.meanings.scope.get(name) if layers is None else layers.span.text

    def evaluated(self, cost: Cost, results: Sequence[Given]) -> Cost:
        """What the model costs, when it is evaluated."""
        if any(each.in_training_only for each in results):
            # What an error hides may be there in training alone, so that it does not count for what is left.
            evaluated = Cost.total([Cost(macs=each) for each in self.assembly.macs_when_evaluated(results)])
            return replace(cost, macs=evaluated.macs, is_open=cost.is_open or evaluated.is_open)
        return cost

    def check_blocks(self) -> None:
        """Report names of blocks, cells and parameters for layers that have a meaning already."""
        definitions = self.frame.environment.definitions
        for name, block in definitions.items():
            if name in OPS or name == SCAN:
                kind = "a cell" if isinstance(block, Cell) else "a block"
                self.report.add(BlockLikeOp(block.name.span, name, kind))
                self.used_in_blocks[key_of(block)] = set(block.parameter_names)
            self.check_parameters(block.params)
        self.check_parameters(tuple(self.meanings.parameters.values()))

    def check_parameters(self, parameters: Sequence[Parameter]) -> None:
        definitions = self.frame.environment.definitions
        for each in parameters:
            name = each.name
            if each.is_layer and (name.text in OPS or name.text == SCAN):
                self.report.add(BlockLikeOp(name.span, name.text, "a parameter for layers"))
            elif each.is_layer and name.text in definitions:
                self.report.add(DuplicateName(name.span, name.text, definitions[name.text].name.span))

    def check_alone(self, library: Library) -> Built:
        """Build each block and cell with inputs and parameters of which only what is written down is known."""
        self.check_blocks()
        definitions: tuple[Block | Cell, ...] = (*library.blocks, *library.cells)
        is_whole = True
        for definition in definitions:
            place = definition.name
            meanings = Meanings(definition.params, self.report, self.unknowns, is_partial=definition.is_partial)
            values = {each.name.text: meanings.unknown() for each in definition.params if not each.is_layer}
            meanings.set_values(values)
            frame = Frame(meanings, self.frame.environment, {}, ((key_of(definition), place.text),))
            for parameter in definition.params:
                if parameter.is_layer:
                    frame.layers[parameter.name.text] = Layers(Hole(place.span), frame, None)
            self.begin()
            self.meanings.is_partial = False
            self.assembly, self.starts, self.shared, self.branches, self.depth = Assembly(), [], None, 0, 0
            owner = f"the {'cell' if isinstance(definition, Cell) else 'block'} `{place.text}`"
            scope = Scope((), is_counted=False, taken=frozenset(names_in(definition.layers)))
            fed = tuple(self.nothing_known(place.span) for _ in definition.inputs or (None,))
            layer = Layer(place, (), (), (), place.span)
            with suppress(TooManyError):
                account = Account(scope, owner=owner)
                self.inside(layer, definition, frame, account, fed)
                self.find_unused_values()
                self.find_unused_parameters(definition)
                self.find_unused_inputs(definition)
                if isinstance(definition, Cell):
                    self.find_missing(account, meanings)
            is_whole = is_whole and not self.meanings.is_partial
        if is_whole:
            self.find_unused_files(self.frame.environment)
        # What must hold of a block alone does so in no use of it.
        places = {each.name.span for each in definitions}
        return Built(None, tuple(replace(each, use=None) if each.use in places else each for each in self.parts))

    def input(self, line: Input, top: Scope) -> Draft:
        parts = (line.shape,) if isinstance(line.shape, Hole) else line.shape
        for each in parts:
            if isinstance(each, Rest):
                problem = "an input of the model has as many axes as are written down; `...` is for those of blocks"
                self.report.add(InvalidExpression(each.span, problem))
        sizes = tuple(self.meanings.size(each) for each in parts if not isinstance(each, Rest))
        # What could not be read may be meant as several sizes, and then nobody knows how many there are.
        is_known = not any(isinstance(each, Hole | Rest) for each in parts)
        draft = Draft((line.name.text,), (Shape(sizes, line.element),) if is_known else self.anything(), line.name.span)
        self.declare(line.name, draft, top)
        self.assembly.add_input(draft)
        return draft

    # ------------------------------------------------------------------------------------------ what nothing uses

    def find_unused_in_blocks(self, environment: Environment) -> None:
        """Report parameters and inputs of blocks that nothing uses."""
        for key in self.used_in_blocks.keys() & environment.by_key.keys():
            self.find_unused_parameters(environment.by_key[key])
            self.find_unused_inputs(environment.by_key[key])

    def find_unused_blocks(self, environment: Environment) -> None:
        """Report blocks and files that nothing uses, which is so in all variants or in none."""
        if self.meanings.is_partial:
            return
        for block in environment.idle:
            if key_of(block) not in self.used_in_blocks and key_of(block) not in self.usable:
                self.report.add(UnusedBlock(block.name.span, block.name.text, isinstance(block, Cell)))
        self.find_unused_files(environment)

    def find_unused_files(self, environment: Environment) -> None:
        for use in environment.uses:
            blocks = use.environment.own
            is_hidden = any(environment.home[block.name.text] is not use.environment for block in blocks)
            # What has the name of something else is told of already.
            used = (self.used_in_blocks, self.usable, environment.usable)
            if not is_hidden and not any(key_of(block) in each for block in blocks for each in used):
                from archspec.catalog.files import UnusedUse

                names = tuple(block.name.text for block in blocks)
                self.report.add(UnusedUse(use.line.span, use.line.text, names))

    def find_unused_parameters(self, definition: Block | Cell) -> None:
        used = self.used_in_blocks.get(key_of(definition), set())
        for parameter in definition.params:
            if parameter.name.text not in used and not self.meanings.is_partial:
                self.report.add(UnusedParameter(parameter.name.span, parameter.name.text))

    def find_unused_inputs(self, definition: Block | Cell) -> None:
        """Report inputs that no line of a block speaks of, nor of a size that has its name there alone."""
        lines = definition.inputs
        if len(lines) < 2 or self.meanings.is_partial or definition.is_partial:
            return  # A single one flows into the first layer.
        said = (*(each.condition for each in definition.expect), *(each.value for each in definition.init))
        words = set(words_in((*expressions_in(definition.layers), *said)))
        shapes = [() if isinstance(each.shape, Hole) else each.shape for each in lines]
        sizes = [set(words_in(each for each in shape if not isinstance(each, Rest))) for shape in shapes]
        for line, own in zip(lines, sizes, strict=True):
            others = set[str]().union(*(each for each in sizes if each is not own))
            if line.name.text not in words and words.isdisjoint(own - others):
                self.report.add(UnusedValue(line.name.span, (line.name.text,), "", is_input=True))
