"""What stands for more than one layer: blocks, the layers that a block is given, and layers that are used again."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.build.assembly import Given, Use
from archspec.build.environment import Environment, key_of
from archspec.build.lending import Lender
from archspec.build.limits import BLOCK, MOST_LAYERS, TooManyError
from archspec.build.loop import SCAN, expressions_in, size_of, words_in
from archspec.build.meaning import Meanings
from archspec.build.pattern import bind
from archspec.build.placing import OUTPUT, Account
from archspec.build.possible import OPEN, Cost, Shapes
from archspec.build.scope import Draft, Frame, Reusable, Scope, names_in
from archspec.build.settle import pass_over, settle_block
from archspec.build.signature import least_inputs, required, setting_of, takes_words
from archspec.build.start import starts_of
from archspec.build.weights import Shared
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.graph import MisplacedValue, RecursiveBlock, WrongInputs
from archspec.catalog.parameters import WrongLayers, WrongParameter
from archspec.catalog.settings import InvalidSetting
from archspec.catalog.shapes import InvalidSize, ShapeFault
from archspec.catalog.text import TooDeep
from archspec.diagnostics import Report
from archspec.expression import EvaluationError, Expression, ListOf, Literal, Name, evaluate, free_names
from archspec.graph import Group, Path
from archspec.op import Op
from archspec.ops import OPS
from archspec.source import Hole, Span
from archspec.spec import Block, Cell, Expectation
from archspec.steps import Argument, Layer, Step
from archspec.steps import Group as StepGroup
from archspec.syntax.tree import Scalar

DEEPEST: Final = 20
"""Blocks use one another no deeper than this, because building calls itself for each level."""


@final
class Part(Struct, frozen=True):
    """The model, or one use of a block, with what is known of it: what its expectations are about."""

    expectations: tuple[Expectation, ...]
    cost: Cost
    shapes: Mapping[str, Shapes]
    """The shapes of the output, of inputs and of named values."""

    meanings: Meanings
    use: Span | None = None
    """Where a block is used."""

    path: Path | None = ()
    """Its layers in the graph are those below this; `None` where they are in no graph of the model, as in a cell."""

    owner: str = "the model"


class Uses(Lender):
    """Builds what a layer stands for, whatever that is."""

    def __init__(self, report: Report, unknowns: Iterator[int], frame: Frame, account: Account) -> None:
        super().__init__(report, unknowns, frame, account)
        self.used_in_blocks: dict[Span, set[str]] = {}
        """The parameters that each block or cell uses, of those that are used themselves."""

        self.usable: set[Span] = set()
        """The blocks and cells that are used with other settings."""

        self.parts: list[Part] = []
        self.depth = 0
        """How deep blocks stand in one another."""

        self.is_in_cell = False
        """Whether what is built is no part of the graph of the model, but of that of a cell."""

        self.has_failed = False
        """Whether something that a block expects does not hold in a use of it."""

    @abstractmethod
    def scan(self, layer: Layer, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        """The values that a cell gives that is run over a sequence."""

    @abstractmethod
    def next_states(self, cell: Cell, account: Account, start: Draft | None) -> list[Given]:
        """What the states of a cell become."""

    def meant(self, word: str) -> None:
        definition = self.frame.environment.definitions.get(word)
        if definition is not None:
            self.used_in_blocks.setdefault(key_of(definition), set()).update(definition.parameter_names)
        self.meanings.used.add(word)

    def passed_over(self, steps: Sequence[Step]) -> None:
        words = set(words_in(expressions_in(steps)))
        self.meanings.used |= words
        self.usable |= self.frame.environment.used_by(words, self.usable)

    # --------------------------------------------------------------------------------------------------- layers

    def layer(self, layer: Layer, scope: Scope, current: Draft | None, *, is_after_arrow: bool = False) -> Draft | None:
        self.count(layer.span)
        layer = self.without_values(layer, scope)
        fed = self.inputs(layer, scope, current)
        return self.on(layer, fed, scope, may_be_again=is_after_arrow or bool(layer.sources))

    def on(self, layer: Layer, fed: tuple[Draft, ...], scope: Scope, *, may_be_again: bool) -> Draft | None:
        word = layer.op.text
        if word in self.frame.layers and (word in OPS or word == SCAN):
            self.meanings.used.add(word)  # That it is called like an op is told of already.
        elif word in self.frame.layers:
            return self.stand_in(layer, self.frame.layers[word], fed, scope)
        if may_be_again and (known := scope.find_layer(word)) is not None and self.is_meant(known, layer):
            return self.again(layer, known, fed, scope)
        return self.fed(layer, fed, scope)

    def is_meant(self, known: Reusable, layer: Layer) -> bool:
        """Whether a layer is meant that is there already, and not an op or block that is called like it.

        A layer goes before them, so that no op that comes to be changes what a spec means. Only `relu = relu` takes
        nothing away: behind an arrow, `relu` is a new one, as is all that has settings.
        """
        if not self.is_defined(layer.op.text):
            return True
        is_of_it = isinstance(known.step, Layer) and known.step.op.text == layer.op.text
        return not (is_of_it or layer.arguments or layer.branches)

    def is_layer(self, word: str, scope: Scope) -> bool:
        if word == SCAN or self.is_defined(word) or word in self.frame.layers:
            return word != SCAN
        return scope.find_layer(word) is not None or self.frame.environment.op(word) is not None

    def takes(self, layer: Layer) -> int:
        return 1 if layer.op.text in self.frame.layers else least_inputs(layer, self.frame.environment)

    def fed(self, layer: Layer, fed: tuple[Draft, ...], scope: Scope) -> Draft:
        """What flows out of an op or block, given what flows in."""
        kind, first = self.kind(layer, scope), len(self.assembly.order)
        op = kind if isinstance(kind, type) else None
        if kind is None or op is not None:
            # Branches come before the op that joins them, and so do their names.
            fed = self.joined(layer, scope, fed)
        path = scope.path_of(layer.name, layer.op.text if op is None else op.name)
        drafts = self.drafts(layer, kind, fed, path, scope)
        leaves = op is not None and op.leaves_outputs
        self.name(layer, drafts, scope, is_known=kind is not None, least=1 if leaves else len(drafts))
        if layer.name is not None and kind is not None:
            self.reusable(layer.name, layer, scope, path, first)
        return drafts[0]

    def kind(self, layer: Layer, scope: Scope) -> type[Op] | Block | Cell | None:
        """What the op of a layer is: an op, or a block or cell of the spec."""
        word = layer.op.text
        if word == SCAN:
            from archspec.scan import Scan

            return Scan
        environment = self.frame.environment
        return environment.op(word) or environment.definitions.get(word) or self.op_class(layer, scope)

    def drafts(
        self, layer: Layer, kind: type[Op] | Block | Cell | None, fed: tuple[Draft, ...], path: Path, scope: Scope
    ) -> list[Draft]:
        """The values that a layer gives, at a path."""
        if isinstance(kind, type):
            return (
                self.scan(layer, fed, path, scope) if kind.name == SCAN else self.place(layer, kind, fed, path, scope)
            )
        if isinstance(kind, Block):
            return self.use(layer, kind, fed, path, scope)
        if isinstance(kind, Cell):
            from archspec.catalog.recurrence import WrongScan

            self.meant(layer.op.text)
            cure = f"`scan({layer.op.text}(...))` runs it over a sequence"
            self.report.add(WrongScan(layer.span, f"`{layer.op.text}` is a cell, and no layer", cure))
        pass_over(layer, self.meanings)
        self.account.costs.append(OPEN)
        return [self.left_out(layer, fed, path)]

    def without_values(self, layer: Layer, scope: Scope) -> Layer:
        """A layer without settings that are values, which is what they may be in other languages: `tanh(x)`."""
        if not layer.arguments:
            return layer
        word, environment = self.meant_op(layer, self.frame)
        if word == SCAN or (environment.op(word) is None and word not in environment.definitions):
            return layer
        found = [each for each in layer.arguments if self.is_misplaced(each, word, environment, scope)]
        if not found:
            return layer
        values = [name for each in found for name in _names_in(each.value)]
        names = [each.text for each in values]
        written = names[0] if len(names) == 1 else f"({', '.join(names)})"
        extent = found[0].value.span.until(found[-1].value.span)
        self.report.add(MisplacedValue(extent, names[0], layer.op.text, written))
        rest = [each for each in layer.arguments if each not in found]
        for place, each in enumerate(rest):
            if each.key.text.isdecimal():
                rest[place] = Argument(Scalar(str(place + 1), each.key.span), each.value)
        # What else is missing was perhaps meant by it.
        given = {setting_of(each, word, environment) for each in rest}
        hidden = Hole(found[0].value.span)
        missing = [name for name in required(word, environment) if name not in given]
        missing = missing if layer.op.text == word else []
        rest += [Argument(Scalar(name, layer.op.span), hidden) for name in missing]
        words = [
            each for each in values if any(it.key.text.isdecimal() and each in _names_in(it.value) for it in found)
        ]
        sources = tuple(Layer(Scalar(each.text, each.span), (), (), (), each.span, is_word=True) for each in words)
        return replace(layer, arguments=tuple(rest), sources=layer.sources or sources, is_word=False)

    def meant_op(self, layer: Layer, frame: Frame) -> tuple[str, Environment]:
        """The word of the op or block that a layer uses in the end, and where the word has its meaning."""
        word = layer.op.text
        known = frame.layers.get(word)
        if known is None:
            return word, frame.environment
        return self.meant_op(known.step, known.frame) if isinstance(known.step, Layer) else ("", frame.environment)

    def is_misplaced(self, argument: Argument, word: str, environment: Environment, scope: Scope) -> bool:
        """Whether a setting is the name of a value, where it can be no word that the setting takes."""
        names = _names_in(argument.value)
        if not names or any(each.text in self.meanings.scope or scope.find(each.text) is None for each in names):
            return False
        return not takes_words(argument, word, environment)

    def again(self, layer: Layer, known: Reusable, fed: tuple[Draft, ...], scope: Scope) -> Draft:
        """What flows out of a layer or group that is used again, with the weights that it has."""
        if layer.arguments or layer.branches:
            place = layer.arguments[0].key.span if layer.arguments else layer.span
            what = "settings" if layer.arguments else "layers in braces"
            problem = f"`{layer.op.text}` is used again as it is, and takes no {what}"
            self.report.add(WrongLayers(place, problem, "leave them out, or write a layer of its own"))
        if self.layers + len(known.members) > MOST_LAYERS:
            self.refuse(layer.span)
        path = scope.path_of_again(layer.op.text, layer.name)
        outer, first = self.shared, len(self.assembly.order)
        use = layer.span if outer is None else outer.use
        self.shared = Shared(layer.op.text, known.members, use, known.span)
        with self.within(known.frame):
            step = replace(known.step, names=(), span=layer.span) if isinstance(known.step, Layer) else known.step
            kind = self.kind(step, known.scope) if isinstance(step, Layer) else None
            if isinstance(step, Layer) and (step.branches is None or isinstance(kind, Block)):
                drafts = self.drafts(step, kind, fed, path, known.scope)
            else:
                self.expect_one(layer, fed)
                is_chain = isinstance(step, StepGroup) and step.is_chain
                body = step.steps if isinstance(step, StepGroup) else (step,)
                inner = self.inner(path, layer.span, body, known.scope)
                drafts = [self.steps(body, inner, fed[0], 0 if is_chain else None) or fed[0]]
        self.shared.find_missing(self.report)
        self.shared = outer
        if outer is not None:
            outer.position += len(self.assembly.order) - first
        self.name(layer, drafts, scope, is_known=True, least=1)
        if layer.name is not None:
            scope.layers.setdefault(layer.name.text, known)
        return drafts[0]

    # ---------------------------------------------------------------------------------------------------- blocks

    def use(self, layer: Layer, block: Block, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        """The values that one use of a block gives."""
        span = layer.span if layer.name is None else layer.name.span
        self.assembly.groups.setdefault(path, Group(path, span, layer.op.text, block.doc))
        frame = self.entered(layer, block, scope)
        if frame is None:
            return [self.left_out(layer, fed, path)]
        inner = Scope(path, is_counted=block.is_chain, taken=frozenset(names_in(block.layers)))
        given = self.inside(layer, block, frame, Account(inner, owner=f"the block `{block.name.text}`"), fed)
        defaults = {each.name.text: each.default.value for each in block.params if isinstance(each.default, Literal)}
        self.assembly.groups[path] = dataclasses.replace(
            self.assembly.groups[path], settings=frame.meanings.said(), defaults=defaults
        )
        results = tuple(each.draft.producer for each in given)
        self.assembly.end_use(path, Use(layer.op.text, layer.span, results))
        return [each.draft for each in given]

    def inside(
        self, layer: Layer, block: Block | Cell, frame: Frame, account: Account, fed: tuple[Draft, ...]
    ) -> list[Given]:
        """What one use of a block or cell gives; what it costs, and what must hold of it, is taken down."""
        outer, self.account = self.account, account
        branches, self.branches = self.branches, 0
        self.depth += 1
        self.weight += BLOCK
        with self.within(frame), self.report.within(layer.span, f"in this use of `{block.name.text}`"):
            self.starts.append(starts_of(block.init, self.meanings))
            fed = self.bound(layer.span, block, fed, account.scope)
            start = fed[0] if len(fed) == 1 else None
            if any(self.fails(each) for each in block.expect):
                given = self.given_nevertheless(block, account, start)
            else:
                given = self.given(block, account, start)
            given = given or [Given(OUTPUT, fed[0], False)]
            cost = account.cost
            self.starts.pop().find_unused(self.meanings, is_hidden=cost.is_open)
        needs = {name.text for each in block.expect for name in free_names(each.condition)}
        self.used_in_blocks.setdefault(key_of(block), set()).update(frame.meanings.used | needs)
        path = None if self.is_in_cell else account.scope.path
        shapes = account.shapes_with(given)
        self.parts.append(Part(block.expect, cost, shapes, frame.meanings, layer.span, path, account.owner))
        self.meanings.is_partial = self.meanings.is_partial or frame.meanings.is_partial
        outer.costs.append(cost)
        self.depth -= 1
        self.weight -= BLOCK
        self.account, self.branches = outer, branches
        return given

    def given(self, block: Block | Cell, account: Account, start: Draft | None) -> list[Given]:
        if isinstance(block, Cell):
            return self.next_states(block, account, start)
        return self.results(block.layers, account.scope, start)

    def fails(self, expectation: Expectation) -> bool:
        """Whether something that a block expects of its parameters and sizes is known not to hold in a use."""
        try:
            return evaluate(expectation.condition, self.meanings.scope) is False
        except EvaluationError:
            return False

    def given_nevertheless(self, block: Block | Cell, account: Account, start: Draft | None) -> list[Given]:
        """What a block gives that is used as its author says that it cannot be.

        That this is so is told in the author's words, and what follows from it is not told.
        """
        self.has_failed = True
        meanings, report, scope = self.meanings, self.report, dict(self.meanings.scope)
        self.report = meanings.report = Report()
        given: list[Given] = []
        with suppress(TooManyError):
            given = self.given(block, account, start)
        for finding in self.report:
            if not isinstance(finding, ShapeFault | InvalidSetting | InvalidSize | InvalidExpression | WrongParameter):
                report.add(finding)
        self.report = meanings.report = report
        meanings.scope = scope
        return given

    def entered(self, layer: Layer, block: Block | Cell, scope: Scope) -> Frame | None:
        """What words stand for in one use of a block or cell, or `None` where that would not end."""
        word, key = layer.op.text, key_of(block)
        within = [used for used, _ in self.frame.uses]
        if key in within:
            cycle = [name for _, name in self.frame.uses[within.index(key) :]]
            self.report.add(RecursiveBlock(layer.op.span, (*cycle, word)))
            return None
        if self.depth >= DEEPEST:
            self.report.add(TooDeep(layer.op.span, DEEPEST))
            raise TooManyError
        # What has to be looked at anew for each use counts like a layer.
        self.count(layer.span, len(block.params) + len(block.expect))
        if self.layers + self.frame.environment.sizes.get(word, 1) > MOST_LAYERS:
            self.refuse(layer.span)
        settled = settle_block(layer, block, self.meanings)
        meanings = Meanings(block.params, self.report, self.unknowns, is_partial=block.is_partial)
        meanings.set_values(settled.values)
        frame = Frame(meanings, self.frame.environment.home[word], {}, (*self.frame.uses, (key, word)))
        self.give_layers(settled.layers, self.frame, scope, frame)
        self.give_branches(layer, block, settled.layers, scope, frame)
        if frame.layers:
            given = {name: self.extent(each.step, each.frame) for name, each in frame.layers.items()}
            least = size_of(block.layers, {}, {**frame.environment.sizes, **given})
            if self.layers + least > MOST_LAYERS:
                self.refuse(layer.span)
        return frame

    def bound(self, use: Span, block: Block | Cell, fed: tuple[Draft, ...], inner: Scope) -> tuple[Draft, ...]:
        """What flows into a block, with the names that its input lines give to it and to its sizes."""
        expected = max(len(block.inputs), 1)
        if len(fed) != expected:
            self.report.add(WrongInputs(use, block.name.text, expected, expected, len(fed)))
            fed = tuple(self.nothing_known(use) for _ in range(expected))
        found = []
        for number, (line, draft) in enumerate(zip(block.inputs, fed, strict=False)):
            # Of several uses of a block each has its own sizes; where one does not fit, its place is the use.
            cure = "" if number else self.account.cure
            shapes = bind(line, draft, use, block.name.text, self.meanings, cure)
            shapes = shapes or self.anything()
            if shapes != draft.shapes:
                self.account.costs.append(OPEN)  # It is not what it is in the graph.
            found.append(replace(draft, shapes=shapes))
            self.declare(line.name, found[-1], inner)
            self.account.shapes[line.name.text] = shapes
        self.account.inputs = {line.name.text: each for line, each in zip(block.inputs, found, strict=True)}
        return tuple(found) or fed


def _names_in(expression: Expression) -> Sequence[Name]:
    """The names that an expression is made of, if it is one, or a list of such."""
    listed = expression.items if isinstance(expression, ListOf) else (expression,)
    names = [each for each in listed if isinstance(each, Name)]
    return names if len(names) == len(listed) else ()
