"""Layers that a block is given: what its parameters of the type `layer` stand for, and how they come to stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count as counting

from msgspec.structs import replace

from archspec.build.flow import Flow
from archspec.build.loop import SCAN, size_of
from archspec.build.placing import CURRENT, Account
from archspec.build.possible import OPEN
from archspec.build.scope import Draft, Frame, Layers, Scope
from archspec.build.signature import setting_of, takes_layers
from archspec.build.start import layer_of
from archspec.catalog.graph import WrongInputs, WrongNames
from archspec.catalog.parameters import WrongLayers
from archspec.catalog.settings import MissingSetting
from archspec.diagnostics import Report
from archspec.expression import Expression, Name
from archspec.ops import OPS
from archspec.size import LARGEST
from archspec.source import Hole
from archspec.spec import Block, Cell
from archspec.spelling import listed
from archspec.steps import Argument, Layer, Step, with_names
from archspec.syntax.tree import Scalar


class Lender(Flow):
    """Gives layers to blocks, and puts them where the blocks have them."""

    def __init__(self, report: Report, unknowns: Iterator[int], frame: Frame, account: Account) -> None:
        super().__init__(report, unknowns, frame, account)
        self.lendings = counting()

    def is_defined(self, word: str) -> bool:
        """Whether a word is that of an op that is shipped, of a block or a cell, which no layer can take as its name.

        What happens to be installed takes no names away.
        """
        return word in OPS or word == SCAN or word in self.frame.environment.definitions

    def give_layers(
        self, expressions: Mapping[str, Expression], outside: Frame, scope: Scope | None, inside: Frame
    ) -> None:
        """Let parameters stand for the layers that they are given: an op, a block, or what another one stands for."""
        for name, expression in expressions.items():
            layer = layer_of(expression)
            problem, cure = "", "give it an op or a block, with settings where it needs some"
            if isinstance(expression, Hole):
                outside.meanings.pass_over(expression)
            elif layer is None:
                problem = f"`{name}` needs layers, and `{expression.span.text}` is a value"
            elif layer.op.text in inside.meanings.layers and outside is inside:
                problem = f"`{layer.op.text}` is a parameter itself"
            elif self.is_value(layer, outside, scope):
                problem = f"`{name}` needs layers, and `{layer.op.text}` is a value"
                cure = "a value can stand in the braces behind the block: `{ " + layer.op.text + " }`"
            if problem:
                self.report.add(WrongLayers(expression.span, problem, cure))
            inside.layers[name] = Layers(layer if layer and not problem else Hole(expression.span), outside, scope)

    def is_value(self, layer: Layer, frame: Frame, scope: Scope | None) -> bool:
        """Whether a word is the name of a value and of nothing else."""
        word = layer.op.text
        if scope is None or layer.arguments or word in frame.layers or self.is_defined(word):
            return False
        return word == CURRENT or scope.find(word) is not None

    def give_branches(
        self, layer: Layer, block: Block | Cell, given: Mapping[str, Expression], scope: Scope, inside: Frame
    ) -> None:
        """Let the parameters that are left stand for what the braces of a use hold, or for their defaults."""
        names = [each.name.text for each in block.params if each.is_layer]
        open_names = [each for each in names if each not in given]
        branches = layer.branches or ()
        if len(branches) > len(open_names):
            problem, cure = f"`{layer.op.text}` takes no layers in braces", ""
            if names and not open_names:
                problem = f"`{layer.op.text}` has its layers as settings, and takes none in braces"
            elif open_names:
                lines = "one line" if len(open_names) == 1 else f"{len(open_names)} lines"
                problem = f"`{layer.op.text}` takes {lines} in its braces, for {listed(open_names, 'and')}"
                cure = "join what belongs together with `->`, or put braces of its own around it"
            self.report.add(WrongLayers(branches[len(open_names)].span, problem, cure))
        for name, branch in zip(open_names, branches, strict=False):
            inside.layers[name] = Layers(branch, self.frame, scope)
        for name in open_names[len(branches) :]:
            if name in inside.meanings.layers:
                self.give_layers({name: inside.meanings.layers[name]}, inside, None, inside)
            else:
                what = "for layers: in braces behind it, or as a setting"
                self.report.add(MissingSetting(layer.op.span, layer.op.text, name, "", what))
                inside.layers[name] = Layers(Hole(layer.span), self.frame, None)

    def stand_in(self, layer: Layer, known: Layers, fed: tuple[Draft, ...], scope: Scope) -> Draft | None:
        """What flows out of the layers that a parameter stands for."""
        self.meanings.used.add(layer.op.text)
        if isinstance(known.step, Hole):
            self.account.costs.append(OPEN)
            unknown = self.nothing_known(layer.span)
            self.name(layer, [unknown], scope, is_known=False, least=1)
            return unknown
        self.hop(layer.op.span, _shown(layer))
        # The layers stand here, and their words mean what they mean where they are written.
        own = frozenset(name.text for name in layer.names)
        inner = Scope(scope.path, scope.is_counted, scope.taken, outer=known.scope, naming=scope, own=own)
        step = known.step
        found: Draft | None
        value = self.word(step, inner, fed[0])
        if value is None and isinstance(step, Layer) and not (step.branches or step.sources or step.names):
            step, frame = self.completed(step, layer, known.frame, scope)
            with self.within(frame):
                found = self.on(step, fed, inner, may_be_again=False)
        else:
            if layer.arguments or layer.branches:
                place = layer.arguments[0].key.span if layer.arguments else layer.span
                problem = f"`{_shown(layer)}` stands for more than an op or a block here, and has no settings"
                self.report.add(WrongLayers(place, problem))
            self.expect_one(layer, fed)
            self.branches += 1
            with self.within(known.frame):
                if value is not None:
                    found = value
                elif layer.name is None:
                    found = self.step(with_names(step, layer.names), inner, fed[0])
                else:
                    found = self.under(layer.name, (step,), inner, fed[0])
            self.branches -= 1
            if value is not None:
                self.name(layer, [value], inner, is_known=True, least=1)
        self.hops -= 1
        is_enough = all(name.text in inner.values for name in layer.names)
        if len(layer.names) > 1 and not is_enough and found is not None and len(found.shapes) == 1:
            self.report.add(WrongNames(layer.span, _shown(layer), 1, len(layer.names)))
        for name in layer.names:
            self.declare(name, inner.values.get(name.text) or self.nothing_known(name.span), scope)
            if name.text in inner.layers:
                scope.layers.setdefault(name.text, inner.layers[name.text])
        return found

    def completed(self, step: Layer, layer: Layer, frame: Frame, scope: Scope) -> tuple[Layer, Frame]:
        """Layers that were given, with the settings and braces of the place where they stand.

        What these speak of is known there alone, and so it goes with them under words that no spec can have.
        """
        lent: dict[str, Layers] = {}

        def lend(each: Step) -> Layer:
            word = Scalar(f"lent {next(self.lendings)}", each.span)
            lent[word.text] = Layers(each, self.frame, scope)
            return Layer(word, (), (), (), each.span)

        arguments = []
        for each in layer.arguments:
            meant = layer_of(each.value)
            if meant is None or not self.stands_for_layers(meant):
                arguments.append(Argument(each.key, self.meanings.closed(each.value)))
            elif step.op.text in frame.layers or takes_layers(each, step.op.text, frame.environment):
                arguments.append(Argument(each.key, Name(lend(meant).op.text, each.value.span)))
            else:
                self.meanings.used.add(meant.op.text)
                problem = f"`{each.value.span.text}` is for layers, and no value for `{step.op.text}`"
                self.report.add(WrongLayers(each.value.span, problem))
                arguments.append(Argument(each.key, Hole(each.value.span)))
        branches = None if layer.branches is None else tuple(map(lend, layer.branches))
        made = replace(
            step, arguments=(*step.arguments, *arguments), names=layer.names, branches=branches, is_word=False
        )
        return made, replace(frame, layers={**frame.layers, **lent}) if lent else frame

    def stands_for_layers(self, layer: Layer) -> bool:
        """Whether a setting can be nothing but layers: a parameter for such, a block, or an op with its settings."""
        word = layer.op.text
        if word in self.frame.layers or word in self.frame.environment.definitions:
            return True
        return bool(layer.arguments) and self.frame.environment.op(word) is not None

    def expect_one(self, layer: Layer, fed: tuple[Draft, ...]) -> None:
        """Report several values that flow into layers of which the first takes one."""
        if len(fed) > 1:
            self.report.add(WrongInputs(layer.span, _shown(layer), 1, 1, len(fed)))

    def extent(self, step: Step, frame: Frame) -> int:
        """At least how many layers something comes to that a block is given, as far as it can be told beforehand."""
        if not isinstance(step, Layer):
            return size_of((step,), {}, frame.environment.sizes)
        word = step.op.text
        if word in frame.layers:
            return self.extent(frame.layers[word].step, frame.layers[word].frame)
        block = frame.environment.definitions.get(word)
        if block is None:
            return size_of((step,), {}, {})
        names = [each.name.text for each in block.params if each.is_layer]
        given: dict[str, Step] = {}
        for each in step.arguments:
            meant = layer_of(each.value)
            if meant is not None and setting_of(each, word, frame.environment) in names:
                given[setting_of(each, word, frame.environment)] = meant
        given.update(zip([name for name in names if name not in given], step.branches or (), strict=False))
        sizes = {name: self.extent(each, frame) for name, each in given.items()}
        home = frame.environment.home[word]
        return max(min(size_of(block.layers, {}, {**home.sizes, **sizes}), LARGEST), 1)


def _shown(layer: Layer) -> str:
    """What the op of a layer is called in a message: what is lent has a word that nobody has written."""
    return layer.op.text if layer.op.text.isidentifier() else layer.op.span.text
