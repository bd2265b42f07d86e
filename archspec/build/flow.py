"""How values flow from step to step: through groups, branches, repeats, choices and arithmetic, to outputs.

How a layer gets its place is for `archspec.build.placing`; what a use of a block is, for `archspec.build.uses`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from archspec.build.assembly import Given
from archspec.build.loop import choose, passes, size_of
from archspec.build.placing import Placer
from archspec.build.possible import OPEN
from archspec.build.scope import Draft, Scope, names_in
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.graph import TooManyLayers, UnknownValue
from archspec.catalog.settings import UnknownOp
from archspec.expression import (
    FUNCTIONS,
    Apply,
    Binary,
    EvaluationError,
    Expression,
    HoleError,
    Literal,
    Name,
    Unary,
    free_names,
    is_unknown,
)
from archspec.graph import Group, Path, Repetition
from archspec.ops import BY_NAME
from archspec.shape import Shape
from archspec.size import differs
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Argument, Choice, Formula, Layer, Next, Repeat, Residual, Result, Step, named
from archspec.steps import Group as StepGroup
from archspec.syntax.tree import Scalar

MOST_LAYERS: Final = 200_000
"""A model has no more layers than this."""


class TooManyError(Exception):
    """The model has more layers, or blocks deeper in one another, than can be built; a finding says so."""


class Flow(Placer):
    """Goes through the steps of a model or block in a row. What a layer is, a subclass says."""

    layers = 0
    """How many layers there are so far."""

    @abstractmethod
    def layer(self, layer: Layer, scope: Scope, current: Draft | None, *, is_after_arrow: bool = False) -> Draft | None:
        """What flows out of a layer, whatever it is; behind an arrow, the name of a layer means that layer."""

    @abstractmethod
    def fed(self, layer: Layer, fed: tuple[Draft, ...], scope: Scope) -> Draft:
        """What flows out of a layer, given what flows in."""

    # ----------------------------------------------------------------------------------------------------- steps

    def results(self, steps: Sequence[Step], scope: Scope, start: Draft | None) -> list[Given]:
        """What a model or block gives: its outputs, and what flows out of its last line unless that is one of them."""
        end = self.steps(steps, scope, start)
        results = self.account.results
        if end is not None and not (results and isinstance(steps[-1], Result)):
            self.assembly.used.add(end.producer)
            always = [each for each in results if not each.in_training_only]
            results[len(always) :] = [Given("output", end, False), *results[len(always) :]]
            self.account.shapes["output"] = end.shapes
        return results

    def steps(
        self, steps: Sequence[Step], scope: Scope, current: Draft | None, arrows_from: int | None = None
    ) -> Draft | None:
        """What flows out of steps in a row, given what flows into the first; an arrow leads to each from some on."""
        for number, step in enumerate(steps):
            if isinstance(step, Layer) and arrows_from is not None and number >= arrows_from:
                current = self.layer(step, scope, current, is_after_arrow=True)
            else:
                current = self.step(step, scope, current)
        return current

    def step(self, step: Step, scope: Scope, current: Draft | None) -> Draft | None:
        match step:
            case StepGroup():
                return self.group(step, scope, current)
            case Layer():
                return self.layer(step, scope, current)
            case Formula():
                return self.formula(step, scope, current)
            case Residual():
                return self.residual(step, scope, current)
            case Repeat():
                return self.repeat(step, scope, current)
            case Choice():
                chosen = choose(step, self.meanings)
                if chosen is None:
                    return self.hole(step.span)
                return self.under(step.name, chosen, scope, current)
            case Result():
                self.result(step, scope, current)
                return current
            case Next():
                self.next_state(step, scope, current)
                return current
            case Hole():
                return self.hole(step.span)

    def hole(self, span: Span) -> Draft:
        """What a layer gives that could not be read: nobody knows what."""
        self.meanings.is_partial = True
        self.account.cost += OPEN
        return self.nothing_known(span)

    def group(self, group: StepGroup, scope: Scope, current: Draft | None) -> Draft | None:
        steps, arrows_from = group.steps, 1 if group.is_chain else None
        if group.is_chain and (start := self.start(steps, scope, current)) is not None:
            current, steps, arrows_from = start, steps[1:], 0
        if group.name is not None and len(steps) < len(group.steps) and len(steps) == 1 and isinstance(steps[0], Layer):
            # `y = x -> conv(8)` names the layer, since `x` is none.
            return self.layer(named(steps[0], group.name), scope, current, is_after_arrow=True)
        return self.under(group.name, steps, scope, current, arrows_from)

    def under(
        self,
        name: Scalar | None,
        steps: Sequence[Step],
        scope: Scope,
        current: Draft | None,
        arrows_from: int | None = None,
    ) -> Draft | None:
        """What flows out of steps in a row, which are a group where they have a name."""
        if name is None:
            return self.steps(steps, scope, current, arrows_from)
        path = scope.path_of(name, "")
        result = self.steps(steps, self.inner(path, name.span, steps, scope), current, arrows_from)
        if result is not None:
            self.declare(name, result, scope)
        body = StepGroup(tuple(steps), None, arrows_from is not None, name.span)
        self.reusable(name, body, scope, path)
        return result

    def inner(self, path: Path, span: Span, steps: Sequence[Step], scope: Scope) -> Scope:
        """The scope of a new group of layers."""
        self.assembly.groups.setdefault(path, Group(path, span))
        return Scope(path, is_counted=True, taken=frozenset(names_in(steps)), outer=scope)

    def start(self, steps: Sequence[Step], scope: Scope, current: Draft | None) -> Draft | None:
        """The value that a chain starts from, when its first word is the name of one."""
        return self.word(steps[0], scope, current) if len(steps) > 1 else None

    def residual(self, residual: Residual, scope: Scope, current: Draft | None) -> Draft | None:
        branches = tuple(StepGroup(steps, None, False, residual.span) for steps in (residual.body, residual.shortcut))
        names = () if residual.name is None else (residual.name,)
        add = Scalar("add", residual.span)
        return self.layer(Layer(add, (), names, (), residual.span, branches=branches), scope, current)

    def repeat(self, repeat: Repeat, scope: Scope, current: Draft | None) -> Draft | None:
        if repeat.name is not None:
            return self.under(repeat.name, (replace(repeat, name=None),), scope, current)
        values = passes(repeat, self.meanings, MOST_LAYERS)
        if values is None:
            return self.hole(repeat.span)
        least = max(size_of(repeat.steps, self.meanings.scope, self.frame.environment.sizes), 1)
        if self.layers + len(values) * least > MOST_LAYERS:
            self.refuse(repeat.span)
        has_names = any(names_in(repeat.steps))
        place = len(self.assembly.repeats)
        self.assembly.repeats.append(None)
        found: list[tuple[Path, ...]] = []
        self.branches += 1
        for value in values:
            before, first = self.layers, len(self.assembly.order)
            with self.meanings.where(value):
                inner = scope
                if has_names:
                    # The names belong to the pass, and so each pass is a group of its own.
                    inner = self.inner(scope.path_of(None, "repeat"), repeat.span, repeat.steps, scope)
                current = self.steps(repeat.steps, inner, current)
            found.append(self.assembly.members(first, scope.path))
            # A pass without layers counts as one, since it takes its time all the same.
            self.layers = max(self.layers, before + 1)
        self.branches -= 1
        self.assembly.repeats[place] = Repetition(scope.path, repeat.span, tuple(found))
        return current

    def refuse(self, span: Span) -> None:
        self.report.add(TooManyLayers(span, MOST_LAYERS))
        raise TooManyError

    # --------------------------------------------------------------------------------------- outputs and states

    def result(self, result: Result, scope: Scope, current: Draft | None) -> None:
        """An output: a branch whose value leaves the model or block under a name."""
        from archspec.catalog.recurrence import MisplacedResult

        if scope is not self.account.scope or self.branches:
            cure = "name the value here, and write the `output` line where it is at hand"
            self.report.add(MisplacedResult(result.name.span, "an `output` is a line of a model or block", cure))
        elif self.account.states is not None:
            cure = "what a cell gives is its first state"
            self.report.add(MisplacedResult(result.name.span, "a cell has no outputs but its states", cure))
        elif result.in_training_only and not self.account.is_model:
            cure = "write it in the model, and leave out `when training` here"
            self.report.add(MisplacedResult(result.name.span, "only a model has outputs in training alone", cure))
        found = self.named_value(result, scope, current)
        if found is not None:
            self.assembly.used.add(found.producer)
            given = Given(result.name.text, found, result.in_training_only)
            self.account.results.append(given)
            self.account.shapes[result.name.text] = found.shapes

    def named_value(self, result: Result, scope: Scope, current: Draft | None) -> Draft | None:
        """The value of an output: a value that there is, where a word names one, else what new layers give."""
        step = result.step
        if isinstance(step, StepGroup) and step.is_chain and len(step.steps) == 1:
            found = self.word(step.steps[0], scope, current)
            if found is not None:
                if result.name.text not in scope.values:
                    self.declare(result.name, found, scope)
                return found
        return self.step(step, scope, current)

    def next_state(self, line: Next, scope: Scope, current: Draft | None) -> None:
        """What a state of a cell becomes; from here on, its name stands for that."""
        from archspec.catalog.recurrence import MisplacedResult, WrongState

        name = line.state.text
        states = self.account.states or {}
        step = line.step
        is_word = isinstance(step, StepGroup) and step.is_chain and len(step.steps) == 1
        found = self.word(step.steps[0], scope, current) if isinstance(step, StepGroup) and is_word else None
        found = found or self.step(step, scope, current)
        if self.account.states is None or scope is not self.account.scope or self.branches:
            cure = "a state is kept by a `cell`, which `scan` runs over a sequence"
            self.report.add(MisplacedResult(line.state.span, "a `next` line is a line of a cell", cure))
        elif name not in states:
            problem = f"the cell has no state `{name}`"
            self.report.add(WrongState(line.state.span, problem, closest(name, states)))
            # Any of the states may be meant, and so of none it is said that nothing becomes of it.
            for each in states.keys() - self.account.next.keys():
                self.account.next[each] = self.nothing_known(line.span)
        elif name in self.account.next:
            problem = f"the state `{name}` has a `next` line already"
            self.report.add(WrongState(line.state.span, problem))
        elif found is not None:
            self.account.next[name] = found
            self.fits_state(line, states[name], found)
            scope.values[name] = Draft(found.producer, found.shapes, line.state.span, found.port)
        if found is not None:
            self.assembly.used.add(found.producer)

    def fits_state(self, line: Next, state: Draft, found: Draft) -> None:
        from archspec.catalog.recurrence import WrongState

        if len(state.shapes) == 1 and not any(_may_be(state.shapes[0], each) for each in found.shapes):
            problem = f"the state `{line.state.text}` is {state.shapes[0]}, and cannot become {found.shapes[0]}"
            self.report.add(WrongState(line.step.span, problem, None, state.span))

    # ------------------------------------------------------------------------------------------------ arithmetic

    def formula(self, formula: Formula, scope: Scope, current: Draft | None) -> Draft:
        """What flows out of arithmetic between values."""
        from archspec.ops.arithmetic import Arithmetic

        operands: dict[str, Draft] = {}
        expression = self.taken_apart(formula.expression, operands, scope, current)
        layer = Layer(Scalar(Arithmetic.name, formula.span), (), (), (), formula.span)
        if formula.name is not None:
            layer = named(layer, formula.name)
        self.assembly.used.update(each.producer for each in operands.values())
        settled = self.arithmetic(expression, operands, scope)
        path = scope.path_of(layer.name, Arithmetic.name)
        if settled is None:
            self.account.cost += OPEN
            drafts = [self.nothing_known(formula.span)]
        else:
            text, names = settled
            fed = tuple(operands[each] for each in names)
            calculated = replace(layer, arguments=(Argument(Scalar("formula", formula.span), text),))
            drafts = self.place(calculated, Arithmetic, fed, path, scope)
        self.name(layer, drafts, scope, is_known=settled is not None, least=1)
        return drafts[0]

    def arithmetic(
        self, expression: Expression, operands: Mapping[str, Draft], scope: Scope
    ) -> tuple[Literal, tuple[str, ...]] | None:
        """A formula over letters, with the names of the values that these stand for; `None` where a finding tells."""
        from archspec.ops.arithmetic import formula_of

        names = {each.text: each for each in free_names(expression)}
        self.meanings.used.update(names)
        numbers = {name: value for name, value in self.meanings.scope.items() if name not in operands}
        for name, place in names.items():
            if name in operands or name in numbers:
                continue
            suggestion = closest(name, (*scope.visible(), *numbers))
            if not (self.meanings.is_partial or name in self.meanings.named_by_error):
                self.report.add(UnknownValue(place.span, name, suggestion))
            if suggestion is not None and (meant := scope.find(suggestion)) is not None:
                self.assembly.used.add(meant.producer)
            return None
        if any(is_unknown(numbers[each]) for each in names.keys() & numbers.keys()):
            return None
        try:
            text, used = formula_of(expression, numbers)
        except HoleError:
            return None
        except EvaluationError as error:
            self.report.add(InvalidExpression(error.span, error.message))
            return None
        return Literal(text, expression.span), used

    def taken_apart(
        self, expression: Expression, operands: dict[str, Draft], scope: Scope, current: Draft | None
    ) -> Expression:
        """A formula whose uses of ops have become layers of their own; `operands` gets the values that it speaks of."""

        def within(part: Expression) -> Expression:
            return self.taken_apart(part, operands, scope, current)

        match expression:
            case Name(text, span):
                found = self.word(Layer(Scalar(text, span), (), (), (), span, is_word=True), scope, current)
                if found is not None:
                    operands[text] = found
                return expression
            case Unary(symbol, operand, span):
                return Unary(symbol, within(operand), span)
            case Binary(symbol, left, right, span):
                return Binary(symbol, within(left), within(right), span)
            case Apply(function, span=span) if function in BY_NAME:
                made = self.applied(expression, scope, current)
                operands[place := f"{function} {span.start}"] = made
                return Name(place, span)
            case Apply(function, span=span) if function not in FUNCTIONS:
                word = Span(span.source, span.start, span.start + len(function))
                self.report.add(UnknownOp(word, function, closest(function, BY_NAME)))
                return Hole(span)
            case _:
                return expression

    def applied(self, use: Apply, scope: Scope, current: Draft | None) -> Draft:
        """What an op gives that is applied to values in a formula, as `tanh` in `o * tanh(c)`."""
        fed = tuple(self.operand(each, scope, current) for each in use.arguments)
        word = Span(use.span.source, use.span.start, use.span.start + len(use.function))
        arguments = tuple(Argument(Scalar(name, each.span), each) for name, each in use.named)
        layer = Layer(Scalar(use.function, word), arguments, (), (), use.span)
        self.assembly.used.update(each.producer for each in fed)
        return self.fed(layer, fed, scope)

    def operand(self, expression: Expression, scope: Scope, current: Draft | None) -> Draft:
        """The value that an op in a formula is applied to."""
        if isinstance(expression, Name):
            word = Layer(Scalar(expression.text, expression.span), (), (), (), expression.span, is_word=True)
            return self.source(word, scope, current)
        return self.formula(Formula(expression, None, expression.span), scope, current)


def _may_be(expected: Shape, found: Shape) -> bool:
    return expected.rank == found.rank and not any(map(differs, expected.sizes, found.sizes))
