"""What stands for more than one layer: blocks, the layers that a block is given, and layers that are used again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from archspec.build.assembly import Given
from archspec.build.environment import key_of
from archspec.build.flow import MOST_LAYERS, Flow, TooManyError
from archspec.build.meaning import Meanings
from archspec.build.pattern import bind
from archspec.build.placing import Account
from archspec.build.possible import OPEN, Cost, Shapes
from archspec.build.scope import Draft, Frame, Layers, Reusable, Scope, names_in
from archspec.build.settle import pass_over, settle_block
from archspec.build.start import layer_of, starts_of
from archspec.catalog.graph import RecursiveBlock, WrongInputs
from archspec.catalog.parameters import WrongLayers
from archspec.catalog.settings import MissingSetting
from archspec.catalog.text import TooDeep
from archspec.diagnostics import Report
from archspec.expression import Expression, free_names
from archspec.graph import Group, Path
from archspec.op import Op
from archspec.ops import BY_NAME
from archspec.source import Hole, Span
from archspec.spec import Block, Cell, Expectation
from archspec.steps import Argument, Layer, Step
from archspec.steps import Group as StepGroup

DEEPEST: Final = 20
"""Blocks use one another no deeper than this, because building calls itself for each level."""

SCAN: Final = "scan"
"""What runs a cell over time. It is no op like others, as it is given a cell and not a value."""


@final
@dataclass(frozen=True)
class Part:
    """The model, or one use of a block, with what is known of it: what its expectations are about."""

    expectations: tuple[Expectation, ...]
    cost: Cost
    shapes: Mapping[str, Shapes]
    """The shapes of the output, of inputs and of named values."""

    meanings: Meanings
    use: Span | None = None
    """Where a block is used."""


class Uses(Flow):
    """Builds what a layer stands for, whatever that is."""

    def __init__(self, report: Report, unknowns: Iterator[int], frame: Frame, account: Account) -> None:
        super().__init__(report, unknowns, frame, account)
        self.used_in_blocks: dict[Span, set[str]] = {}
        """The parameters that each block or cell uses, of those that are used themselves."""

        self.parts: list[Part] = []
        self.depth = 0
        """How deep blocks stand in one another."""

    @abstractmethod
    def scan(self, layer: Layer, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        """The values that a cell gives that is run over a sequence."""

    @abstractmethod
    def states(self, cell: Cell, scope: Scope) -> dict[str, Draft]:
        """The states of a cell as they are at first."""

    def meant(self, word: str) -> None:
        definition = self.frame.environment.definitions.get(word)
        if definition is not None:
            self.used_in_blocks.setdefault(key_of(definition), set()).update(definition.parameter_names)
        self.meanings.used.add(word)

    # --------------------------------------------------------------------------------------------------- layers

    def layer(self, layer: Layer, scope: Scope, current: Draft | None, *, is_after_arrow: bool = False) -> Draft | None:
        self.layers += 1
        if self.layers > MOST_LAYERS:
            self.refuse(layer.span)
        word = layer.op.text
        if word in self.frame.layers:
            fed = self.inputs(layer, scope, current)
            return self.stand_in(layer, self.frame.layers[word], fed, scope)
        is_defined = word in BY_NAME or word == SCAN or word in self.frame.environment.definitions
        if not is_defined and (is_after_arrow or layer.sources) and (known := scope.find_layer(word)) is not None:
            return self.again(layer, known, scope, current)
        return self.fed(layer, self.inputs(layer, scope, current), scope)

    def fed(self, layer: Layer, fed: tuple[Draft, ...], scope: Scope) -> Draft:
        kind = self.kind(layer, scope)
        if not isinstance(kind, Block | Cell):
            # Branches come before the op that joins them, and so do their names.
            fed = self.joined(layer, scope, fed)
        path = scope.path_of(layer.name, layer.op.text if kind is None or isinstance(kind, Block | Cell) else kind.name)
        drafts = self.drafts(layer, kind, fed, path, scope)
        # Of what a scan gives, the states may be left alone.
        self.name(layer, drafts, scope, is_known=kind is not None, least=1 if layer.op.text == SCAN else len(drafts))
        if layer.name is not None and kind is not None:
            self.reusable(layer.name, layer, scope, path)
        return drafts[0]

    def kind(self, layer: Layer, scope: Scope) -> type[Op] | Block | Cell | None:
        """What the op of a layer is: an op, or a block or cell of the spec."""
        word = layer.op.text
        if word in BY_NAME:
            return BY_NAME[word]
        if word in self.frame.environment.definitions:
            return self.frame.environment.definitions[word]
        if word == SCAN:
            from archspec.scan import Scan

            return Scan
        return self.op_class(layer, scope)

    def drafts(
        self, layer: Layer, kind: type[Op] | Block | Cell | None, fed: tuple[Draft, ...], path: Path, scope: Scope
    ) -> list[Draft]:
        """The values that a layer gives, at a path."""
        if isinstance(kind, Block):
            return self.use(layer, kind, fed, path, scope)
        if isinstance(kind, Cell):
            from archspec.catalog.recurrence import WrongScan

            self.meant(layer.op.text)
            cure = f"`scan({layer.op.text}(...))` runs it over a sequence"
            self.report.add(WrongScan(layer.span, f"`{layer.op.text}` is a cell, and no layer", cure))
        if kind is None or isinstance(kind, Cell):
            pass_over(layer, self.meanings)
            self.account.cost += OPEN
            return [self.nothing_known(layer.span)]
        return self.scan(layer, fed, path, scope) if kind.name == SCAN else self.place(layer, kind, fed, path, scope)

    def again(self, layer: Layer, known: Reusable, scope: Scope, current: Draft | None) -> Draft:
        """What flows out of a layer or group that is used again, with the weights that it has."""
        fed = self.inputs(layer, scope, current)
        if layer.arguments or layer.branches:
            place = layer.arguments[0].key.span if layer.arguments else layer.span
            problem = f"`{layer.op.text}` is used again as it is, and takes no settings"
            self.report.add(WrongLayers(place, problem))
        path = scope.path_of_again(layer.op.text)
        before, self.shared = self.shared, (path, known.path)
        with self.within(known.frame):
            if isinstance(known.step, Layer):
                step = replace(known.step, names=(), span=layer.span)
                drafts = self.drafts(step, self.kind(step, known.scope), fed, path, known.scope)
            else:
                body: tuple[Step, ...] = (known.step,)
                is_chain = False
                if isinstance(known.step, StepGroup):
                    body, is_chain = known.step.steps, known.step.is_chain
                inner = self.inner(path, layer.span, body, known.scope)
                drafts = [self.steps(body, inner, fed[0], 0 if is_chain else None) or fed[0]]
        self.shared = before
        self.name(layer, drafts, scope, is_known=True, least=1)
        return drafts[0]

    # ---------------------------------------------------------------------------- layers that a block is given

    def give_layers(
        self, expressions: Mapping[str, Expression], outside: Frame, scope: Scope | None, inside: Frame
    ) -> None:
        """Let parameters stand for the layers that they are given: an op, a block, or what another one stands for."""
        for name, expression in expressions.items():
            layer = layer_of(expression)
            problem = ""
            if layer is None and not isinstance(expression, Hole):
                problem = f"`{name}` needs layers, and `{expression.span.text}` is a value"
            elif layer is not None and layer.op.text in inside.meanings.layers and outside is inside:
                problem = f"`{layer.op.text}` is a parameter itself"
            if problem:
                cure = "give it an op or a block, with settings where it needs some"
                self.report.add(WrongLayers(expression.span, problem, cure))
            inside.layers[name] = Layers(layer if layer and not problem else Hole(expression.span), outside, scope)

    def give_branches(
        self, layer: Layer, block: Block | Cell, given: Mapping[str, Expression], scope: Scope, inside: Frame
    ) -> None:
        """Let the parameters that are left stand for what the braces of a use hold, or for their defaults."""
        open_names = [each.name.text for each in block.params if each.is_layer and each.name.text not in given]
        branches = layer.branches or ()
        for branch in branches[len(open_names) :]:
            takes = f"takes {len(open_names)} in its braces" if open_names else "takes no layers in braces"
            self.report.add(WrongLayers(branch.span, f"`{layer.op.text}` {takes}"))
            break
        for name, branch in zip(open_names, branches, strict=False):
            inside.layers[name] = Layers(branch, self.frame, scope)
        for name in open_names[len(branches) :]:
            if name in inside.meanings.layers:
                self.give_layers({name: inside.meanings.layers[name]}, inside, None, inside)
            else:
                what = "layers, in braces behind it or as a setting"
                self.report.add(MissingSetting(layer.op.span, layer.op.text, name, "", what))
                inside.layers[name] = Layers(Hole(layer.span), self.frame, None)

    def stand_in(self, layer: Layer, known: Layers, fed: tuple[Draft, ...], scope: Scope) -> Draft | None:
        """What flows out of the layers that a parameter stands for."""
        self.meanings.used.add(layer.op.text)
        # The layers stand here, and their words mean what they mean where they are written.
        inner = Scope(scope.path, scope.is_counted, scope.taken, outer=known.scope, naming=scope)
        step = known.step
        if isinstance(step, Layer) and not (step.branches or step.sources or step.names):
            site = tuple(Argument(each.key, self.meanings.closed(each.value)) for each in layer.arguments)
            branches = layer.branches
            step = replace(
                step, arguments=(*step.arguments, *site), names=layer.names, branches=branches, is_word=False
            )
            with self.within(known.frame):
                is_parameter = step.op.text in self.frame.layers
                if is_parameter:
                    found = self.stand_in(step, self.frame.layers[step.op.text], fed, inner)
                else:
                    found = self.fed(step, fed, inner)
        else:
            if layer.arguments and not isinstance(step, Hole):
                problem = f"`{layer.op.text}` stands for more than an op or a block here, and has no settings"
                self.report.add(WrongLayers(layer.arguments[0].key.span, problem))
            self.branches += 1
            with self.within(known.frame):
                found = self.under(layer.name, (step,), inner, fed[0])
            self.branches -= 1
        for name in layer.names:
            if name.text in inner.values:
                self.declare(name, inner.values[name.text], scope)
            if name.text in inner.layers:
                scope.layers.setdefault(name.text, inner.layers[name.text])
        return found

    # ---------------------------------------------------------------------------------------------------- blocks

    def use(self, layer: Layer, block: Block, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        """The values that one use of a block gives."""
        span = layer.span if layer.name is None else layer.name.span
        self.assembly.groups.setdefault(path, Group(path, span, layer.op.text, block.doc))
        frame = self.entered(layer, block, scope)
        if frame is None:
            return [self.nothing_known(layer.span)]
        inner = Scope(path, is_counted=False, taken=frozenset(names_in(block.layers)))
        given = self.inside(layer, block, frame, Account(inner), fed)
        return [each.draft for each in given]

    def inside(
        self, layer: Layer, block: Block | Cell, frame: Frame, account: Account, fed: tuple[Draft, ...]
    ) -> list[Given]:
        """What one use of a block or cell gives; what it costs, and what must hold of it, is taken down."""
        outer, self.account = self.account, account
        branches, self.branches = self.branches, 0
        self.depth += 1
        with self.within(frame):
            self.starts.append(starts_of(block.init, self.meanings))
            fed = self.bound(layer.span, block, fed, account.scope)
            if isinstance(block, Cell):
                account.states = self.states(block, account.scope)
            start = fed[0] if len(fed) == 1 else None
            given = self.results(block.layers, account.scope, start) or [Given("output", fed[0], False)]
            self.starts.pop().find_unused(self.meanings)
        needs = {name.text for each in block.expect for name in free_names(each.condition)}
        self.used_in_blocks.setdefault(key_of(block), set()).update(frame.meanings.used | needs)
        shapes = {"output": given[0].draft.shapes, **account.shapes}
        self.parts.append(Part(block.expect, account.cost, shapes, frame.meanings, layer.span))
        self.meanings.is_partial = self.meanings.is_partial or frame.meanings.is_partial
        outer.cost += account.cost
        self.depth -= 1
        self.account, self.branches = outer, branches
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
        if self.layers + self.frame.environment.sizes.get(word, 1) > MOST_LAYERS:
            self.refuse(layer.span)
        settled = settle_block(layer, block, self.meanings)
        meanings = Meanings(block.params, self.report, self.unknowns, is_partial=block.is_partial)
        meanings.set_values(settled.values)
        frame = Frame(meanings, self.frame.environment.home[word], {}, (*self.frame.uses, (key, word)))
        self.give_layers(settled.layers, self.frame, scope, frame)
        self.give_branches(layer, block, settled.layers, scope, frame)
        return frame

    def bound(self, use: Span, block: Block | Cell, fed: tuple[Draft, ...], inner: Scope) -> tuple[Draft, ...]:
        """What flows into a block, with the names that its input lines give to it and to its sizes."""
        expected = max(len(block.inputs), 1)
        if len(fed) != expected:
            self.report.add(WrongInputs(use, block.name.text, expected, expected, len(fed)))
            fed = tuple(self.nothing_known(use) for _ in range(expected))
        for line, draft in zip(block.inputs, fed, strict=False):
            # Of several uses of a block each has its own sizes; where one does not fit, its place is the use.
            bind(line, draft, use, block.name.text, self.meanings)
            self.declare(line.name, draft, inner)
            self.account.shapes[line.name.text] = draft.shapes
        return fed
