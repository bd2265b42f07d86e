"""How one layer gets its place in a graph: its op is settled, its inputs joined, its values get their shapes.

`archspec.build` goes through the steps of a spec, and comes here with each layer. What an error hides is left open
(`archspec.build.meaning`, `archspec.build.possible`), and what follows from the unknown is never reported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.build.alike import Alike, Fitted
from archspec.build.assembly import Assembly, Given
from archspec.build.limits import BRANCH, Limited
from archspec.build.meaning import Meanings
from archspec.build.origin import origin_of
from archspec.build.possible import OPEN, Cost, Options, Shapes, anything, options_of
from archspec.build.scope import Draft, Frame, Reusable, Scope
from archspec.build.settle import fits, settle
from archspec.build.start import Starts, initialisers_of, starts_of
from archspec.build.unused import unused
from archspec.build.weights import Shared, apart, first_use, tie_of
from archspec.catalog.fields import DuplicateName
from archspec.catalog.graph import (
    MisplacedValue,
    SeveralValues,
    UnclearStart,
    UnknownValue,
    UnusedValue,
    WrongInputs,
    WrongNames,
)
from archspec.catalog.parameters import WrongLayers
from archspec.catalog.settings import UnknownOp
from archspec.catalog.shapes import ShapeFault, WrongElement
from archspec.configured import Initialiser
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Expression, free_names, is_unknown, written
from archspec.graph import Node, Path, Tie
from archspec.op import Op, ShapeError, count
from archspec.shape import Element, Shape
from archspec.size import SizeError
from archspec.source import Span
from archspec.spelling import closest
from archspec.steps import Argument, Layer, Step
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.build.stranger import Meant
    from archspec.change import Trial

OUTPUT = "output"
"""What the output is called that has no name."""

CURRENT = "_"
"""The word for what flows in."""


@final
class Account(Struct, eq=False):
    """What is known so far of a model, or of one use of a block: what its expectations are about."""

    scope: Scope
    """The scope of its own lines, in which outputs may stand."""

    shapes: dict[str, Shapes] = {}
    """The shapes of the output, of inputs and of named values."""

    costs: list[Cost] = []
    """What each of its layers and blocks costs; the sum is worked out when it is asked for, and not at each of them."""

    results: list[Given] = []
    flow_at_result: Draft | None = None
    """What flowed where the last output stands; the flow goes on from there."""

    owner: str = "the model"
    inputs: Mapping[str, Draft] = {}
    cure: str = ""
    """What to tell where the first input does not fit."""

    is_model: bool = False
    states: dict[str, Draft] | None = None
    """The states of a cell as they are at first; nothing else has any."""

    next: dict[str, Draft] = {}
    """What the states of a cell become."""

    is_next_hidden: bool = False
    """Whether an error hides what becomes of a state."""

    @property
    def cost(self) -> Cost:
        return Cost.total(self.costs)

    def shapes_with(self, results: Sequence[Given]) -> Mapping[str, Shapes]:
        """The shapes, with that of the output without a name, or of the first one."""
        if not results:
            return self.shapes
        nameless = next((each for each in results if each.name == OUTPUT), results[0])
        return {**self.shapes, OUTPUT: nameless.draft.shapes}


class Placer(Limited, ABC):
    """Puts layers into an assembly. How the steps of a spec follow one another is for a subclass to say."""

    def __init__(self, report: Report, unknowns: Iterator[int], frame: Frame, account: Account) -> None:
        super().__init__(report)
        self.unknowns = unknowns
        self.frame = frame
        self.account = account
        self.assembly = Assembly()
        self.alike = Alike()
        self.starts: list[Starts] = []
        """The `init`s that hold here, the nearest last."""

        self.shared: Shared | None = None
        """The layers that are being used again."""

        self.misspelt: dict[Span, Meant] = {}
        """What is probably meant by each op that there is not; a block may have it many times."""

        self.branches = 0
        """How many branches are around what is being built."""

    @property
    def meanings(self) -> Meanings:
        return self.frame.meanings

    @abstractmethod
    def step(self, step: Step, scope: Scope, current: Draft | None) -> Draft | None:
        """What flows out of a step."""

    @contextmanager
    def within(self, frame: Frame) -> Iterator[None]:
        """Words stand inside for what they stand for in this frame."""
        before, self.frame = self.frame, frame
        try:
            yield
        finally:
            self.frame = before

    def anything(self) -> Shapes:
        return anything(self.meanings)

    def nothing_known(self, span: Span) -> Draft:
        """A value that an error hides."""
        return Draft((), self.anything(), span)

    def left_out(self, layer: Layer, fed: Sequence[Draft], path: Path) -> Draft:
        """What a layer gives of which nobody knows what it is."""
        self.assembly.leave_out(path, fed, layer.span)
        return replace(self.nothing_known(layer.span), producer=path)

    # ---------------------------------------------------------------------------------------------- what flows in

    def inputs(self, layer: Layer, scope: Scope, current: Draft | None) -> tuple[Draft, ...]:
        """The values that flow into a layer, but for what its branches make of them."""
        if layer.sources:
            fed = tuple(self.source(each, scope, current) for each in layer.sources)
        elif current is None:
            takes = self.takes(layer)
            fed = (self.unclear(layer.span, takes),) * takes
        else:
            fed = (current,)
        for each in fed:
            self.assembly.used.add(each.producer)
        return fed

    def joined(self, layer: Layer, scope: Scope, fed: tuple[Draft, ...]) -> tuple[Draft, ...]:
        """The values that the branches of a layer make of what flows in; just that where it has none."""
        if layer.branches is None:
            return fed
        if len(fed) > 1:
            # Each branch starts from one value; which of these it is, nobody could tell.
            self.report.add(WrongInputs(layer.span, f"{layer.op.text} {{ ... }}", 1, 1, len(fed)))
        self.branches += 1
        self.weight += BRANCH
        found = []
        for each in layer.branches:
            found.append(self.branch(each, scope, fed[0]))
        self.weight -= BRANCH
        self.branches -= 1
        self.assembly.used.update(each.producer for each in found)
        return tuple(found)

    def branch(self, step: Step, scope: Scope, current: Draft) -> Draft:
        """What flows out of a branch. A word that is the name of a value stands for that value."""
        return self.word(step, scope, current) or self.step(step, scope, current) or current

    @abstractmethod
    def takes(self, layer: Layer) -> int:
        """How many values a layer takes at least."""

    def unclear(self, place: Span, takes: int = 1) -> Draft:
        inputs, owner = self.account.inputs, self.account.owner
        if inputs or not self.meanings.is_partial:
            self.report.add(UnclearStart(place, tuple(inputs), owner, takes))
        # Where nobody knows which input is meant, none of them is called unused.
        self.assembly.used.update(each.producer for each in inputs.values())
        return self.nothing_known(place)

    def word(self, step: Step, scope: Scope, current: Draft | None) -> Draft | None:
        """The value that a single word stands for, if it is the name of one."""
        if not (isinstance(step, Layer) and step.is_word):
            return None
        found = current if step.op.text == CURRENT else scope.find(step.op.text)
        if found is not None:
            self.assembly.used.add(found.producer)
        return found

    def source(self, step: Step, scope: Scope, current: Draft | None) -> Draft:
        if not (isinstance(step, Layer) and step.is_word):
            self.branches += 1
            self.weight += BRANCH
            found = self.step(step, scope, current)
            self.weight -= BRANCH
            self.branches -= 1
            return found or self.nothing_known(step.span)
        found = self.word(step, scope, current)
        if found is not None:
            return found
        name = step.op
        if name.text == CURRENT:
            return self.unclear(name.span)
        suggestion = closest(name.text, scope.visible())
        self.report.add(UnknownValue(name.span, name.text, suggestion))
        # What could not be read may have given this name, and then no other is meant.
        found = None if suggestion is None or self.report.is_partial else scope.find(suggestion)
        if found is None:
            # Any value before this may be meant, and so none of them is called unused.
            self.assembly.used.update(draft.producer for draft, _ in self.assembly.drafts)
            return self.nothing_known(name.span)
        self.assembly.used.add(found.producer)
        return found

    # --------------------------------------------------------------------------------------------------- names

    def name(self, layer: Layer, drafts: Sequence[Draft], scope: Scope, *, is_known: bool, least: int) -> None:
        """Give the values of a layer their names; `least` of them at least, if there is more than one."""
        is_enough = len(layer.names) == len(drafts) or (len(layer.names) <= 1 and least <= 1)
        if is_known and not is_enough:
            finding: Diagnostic = SeveralValues(layer.span, layer.op.text, len(drafts))
            if len(layer.names) > 1:
                finding = WrongNames(layer.span, layer.op.text, len(drafts), len(layer.names))
            self.report.add(finding)
        for index, name in enumerate(layer.names):
            known = drafts[index] if index < len(drafts) and is_known else self.nothing_known(name.span)
            self.declare(name, known if len(layer.names) > 1 or is_known else drafts[0], scope)

    def declare(self, name: Scalar, draft: Draft, scope: Scope) -> None:
        """Give a value a name. The place of a name that is taken stays with whoever took it first."""
        first = scope.values.get(name.text)
        if first is not None:
            self.report.add(DuplicateName(name.span, name.text, first.span))
            return
        scope.values[name.text] = Draft(draft.producer, draft.shapes, name.span, draft.port)
        self.assembly.names.setdefault((draft.producer, draft.port, len(scope.path)), name.text)
        if self.account.is_model:
            self.account.shapes[".".join((*scope.path, name.text))] = draft.shapes

    # ---------------------------------------------------------------------------------------------------- ops

    def op_class(self, layer: Layer, scope: Scope) -> type[Op] | None:
        """The op of a layer that is no use of a block."""
        word = layer.op.text
        if (op := self.frame.environment.op(word)) is not None:
            return op
        if (value := scope.find(word)) is not None:
            self.assembly.used.add(value.producer)
            self.report.add(MisplacedValue(layer.op.span, word, is_layer=scope.find_layer(word) is not None))
            return None
        if word in self.meanings.scope:
            self.meanings.used.add(word)
            if not is_unknown(self.meanings.scope[word]):
                cure = f"a parameter that stands for layers is declared as `{word}: layer`"
                problem = f"`{word}` stands for a value, and not for layers"
                self.report.add(WrongLayers(layer.op.span, problem, cure if word in self.meanings.parameters else ""))
            return None
        if scope.gives(word):
            self.report.add(UnknownValue(layer.op.span, word, None))
            return None
        place = layer.op.span
        if place not in self.misspelt:
            from archspec.build.stranger import meant_by

            others = ["scan", *self.frame.layers]
            if layer.is_word:
                others += [*scope.visible(), CURRENT]
            self.misspelt[place] = meant_by(word, layer.arguments, self.frame.environment, others)
        meant = self.misspelt[place]
        if self.frame.environment.is_partial or self.report.hides(place):
            # A block of a file that could not be read may be meant, or a layer of a line that could not.
            self.meanings.is_partial = True
            return None
        self.report.add(UnknownOp(layer.op.span, word, meant.words, meant.cure))
        if meant.op is not None and (op := self.frame.environment.op(meant.op)) is not None:
            return op if fits(layer, op) else None
        for each in meant.words:
            self.meant(each)
            if (value := scope.find(each)) is not None:
                self.assembly.used.add(value.producer)
        return None

    @abstractmethod
    def meant(self, word: str) -> None:
        """Take notice that a misspelt word may be meant for the name of a block or a parameter."""

    def place(self, layer: Layer, kind: type[Op], inputs: Sequence[Draft], path: Path, scope: Scope) -> list[Draft]:
        """The values that a layer gives, once it is in the assembly."""
        plain, starts, ties = apart(layer, kind, scope)
        outputs, fitted = self.output(plain, kind, inputs)
        drafts = [Draft(path, shapes, layer.span, port) for port, shapes in enumerate(outputs)]
        for draft in drafts:
            self.assembly.add(draft, is_input=False)
        if fitted is None:
            self.assembly.leave_out(path, inputs, layer.span)
        else:
            found = ((each.key.text, self.tied(each, fitted, kind, scope)) for each in ties)
            self.add(layer, fitted, drafts, inputs, starts, {name: tie for name, tie in found if tie is not None})
        return drafts

    def add(
        self,
        layer: Layer,
        fitted: Fitted,
        drafts: Sequence[Draft],
        inputs: Sequence[Draft],
        starts: Sequence[Argument],
        ties: Mapping[str, Tie],
    ) -> None:
        """Put an op that nothing is wrong with into the assembly."""
        path = drafts[0].producer
        shares = None
        if self.shared is not None:
            shares = first_use(fitted.op, fitted.weights, self.shared, self.assembly, self.report)
        init: Mapping[str, Initialiser] = {}
        around = [each for each in self.starts if each.by_weight]
        if shares is None and (around or starts) and not fitted.op.holds_layers:
            nearest = starts_of(starts, self.meanings)
            filled = {name: shape for name, shape in fitted.op.starts(*fitted.inputs).items() if name not in ties}
            init = initialisers_of(filled, (*around, nearest), self.meanings)
            nearest.find_unused(self.meanings, fitted.op.name)
        cost = fitted.cost
        if shares is not None or ties:
            own = {} if shares else {name: shape for name, shape in fitted.weights.items() if name not in ties}
            cost = replace(cost, parameters=count(own))
        self.account.costs.append(cost)
        self.assembly.macs[path] = cost.macs
        name_span = None if layer.name is None else layer.name.span
        values, outputs = map(self.assembly.value, inputs), map(self.assembly.value, drafts)
        is_named = layer.name is not None
        place = (layer.span, is_named, name_span)
        node = Node(path, fitted.op, tuple(values), tuple(outputs), *place, shares, ties, init, fitted.presumed)
        self.assembly.connect(node)

    def tied(self, argument: Argument, fitted: Fitted, kind: type[Op], scope: Scope) -> Tie | None:
        return tie_of(argument, fitted.weights, kind, scope, self.assembly, self.report)

    def reusable(self, name: Scalar, step: Step, scope: Scope, path: Path, first: int) -> None:
        """Take notice of a layer or group that can be used again: of what was added from the layer of a number on."""
        members = tuple(self.assembly.order[first:])
        scope.layers.setdefault(name.text, Reusable(step, self.frame, scope, path, name.span, members))

    def find_unused_values(self) -> None:
        """Report values that nothing uses, unless what cannot be read may be what uses them."""
        if self.meanings.is_partial:
            return
        told: set[Span] = set()
        for each in unused(self.assembly):
            # A line that is gone through many times is told of once.
            if each.span not in told:
                told.add(each.span)
                self.report.add(UnusedValue(each.span, each.names, each.op, each.is_input, each.is_again))

    # ---------------------------------------------------------------------------------------------------- shapes

    def output(self, layer: Layer, kind: type[Op], inputs: Sequence[Draft]) -> tuple[tuple[Shapes, ...], Fitted | None]:
        """The shapes that each output of a layer may have; and its op, when nothing is wrong with it or its inputs."""
        settled = settle(layer, kind, self.meanings, self.alike)
        op, options = settled.op, settled.options
        least, most = kind.arity()
        if len(inputs) < least or (most is not None and len(inputs) > most):
            self.report.add(WrongInputs(layer.span, kind.name, least, most, len(inputs)))
            self.account.costs.append(OPEN)
            return (self.anything(),), None
        if any(len(each.shapes) != 1 for each in inputs):
            return self.possible(layer, op, options, [each.shapes for each in inputs]), None
        shapes = [self.element(layer, kind, each.shapes[0]) for each in inputs]
        if options:
            return self.possible(layer, op, options, [(each,) for each in shapes]), None
        try:
            fitted = self.alike.fitted(op, shapes)
        except (ShapeError, SizeError) as error:
            self.fault(layer, op, error, settled.given, inputs)
            if isinstance(error, SizeError) or error.setting is None:
                return self.possible(layer, op, {}, [self.anything()] * len(inputs)), None
            hidden = options_of(kind, (error.setting,), self.meanings)
            return self.possible(layer, op, hidden, [(each,) for each in shapes]), None
        return tuple((shape,) for shape in fitted.outputs), fitted

    def possible(self, layer: Layer, op: Op, options: Options, inputs: Sequence[Shapes]) -> tuple[Shapes, ...]:
        """The shapes that an op may give where an error hides how it is set or what it is given."""
        if not self.guess(prod((*map(len, inputs), *map(len, options.values())))):
            self.account.costs.append(OPEN)
            return tuple(self.anything() for _ in layer.names or (None,))
        found = self.alike.possible(op, options, inputs, len(layer.names))
        self.account.costs.append(found.cost)
        return found.shapes(self.meanings)

    def fault(
        self,
        layer: Layer,
        op: Op,
        error: ShapeError | SizeError,
        given: Mapping[str, Expression],
        inputs: Sequence[Draft],
    ) -> None:
        blamed, cure = (error.setting, error.help) if isinstance(error, ShapeError) else (None, "")
        span, setting = layer.span, ""
        if blamed is not None and blamed in given:
            span = given[blamed].span
            self.meanings.doubt(given[blamed])
            value = written(getattr(op, blamed))
            if any(free_names(given[blamed])) and value != span.text:
                setting = f"`{span.text}` is {value} here"
        shapes = tuple(str(each.shapes[0]) for each in inputs)
        producers = tuple(each.span for each in inputs)
        axes = error.axes if isinstance(error, ShapeError) else ()
        found = [origin_of(self.assembly, each, axes[0] % each.shapes[0].rank) for each in inputs if axes]
        origins = tuple(dict.fromkeys(each for each in found if each is not None))
        trials = tuple(self.trials(layer, op, error, inputs)) if isinstance(error, ShapeError) else ()
        facts = op.name, str(error), cure, shapes, producers, axes, origins, trials
        self.report.add(ShapeFault(span, *facts, setting=setting))

    def trials(self, layer: Layer, op: Op, error: ShapeError, inputs: Sequence[Draft]) -> Iterator[Trial]:
        """Changes that might let a layer take what it is given."""
        from archspec.build.trial import trials_of_inputs, trials_of_layer

        shapes = [each.shapes[0] for each in inputs]
        yield from trials_of_layer(op, error, shapes, layer.span)
        if len(inputs) > 1:
            yield from trials_of_inputs(self.assembly, inputs, shapes, error.axes)

    def element(self, layer: Layer, kind: type[Op], shape: Shape) -> Shape:
        if shape.element in kind.accepts:
            return shape
        self.report.add(WrongElement(layer.span, kind.name, tuple(sorted(kind.accepts)), shape.element))
        # What a flag may be is mostly not what a number was meant for.
        return Shape(shape.sizes, Element.FLOAT if Element.FLOAT in kind.accepts else min(kind.accepts))
