"""How values flow from step to step: through groups, branches, repeats, choices and arithmetic, to outputs.

How a layer gets its place is for `archspec.build.placing`; what a use of a block is, for `archspec.build.uses`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from msgspec.structs import replace

from archspec.build.assembly import Given
from archspec.build.calculating import Calculator
from archspec.build.limits import GROUP, MOST_LAYERS
from archspec.build.loop import choose, expressions_in, passes, size_of
from archspec.build.placing import OUTPUT
from archspec.build.possible import OPEN
from archspec.build.scope import Draft, Scope, names_in
from archspec.expression import Apply, Value, free_names, written
from archspec.graph import Group, Path, Repetition
from archspec.shape import Shape
from archspec.size import differs
from archspec.source import Hole, Span
from archspec.spelling import closest, listed
from archspec.steps import Choice, Formula, Layer, Next, Repeat, Residual, Result, Step, named
from archspec.steps import Group as StepGroup
from archspec.syntax.tree import Scalar


class Flow(Calculator):
    """Goes through the steps of a model or block in a row. What a layer is, a subclass says."""

    @abstractmethod
    def passed_over(self, steps: Sequence[Step]) -> None:
        """Steps that are not gone through: what they speak of is used all the same, with other settings."""

    @abstractmethod
    def layer(self, layer: Layer, scope: Scope, current: Draft | None, *, is_after_arrow: bool = False) -> Draft | None:
        """What flows out of a layer, whatever it is; behind an arrow, the name of a layer means that layer."""

    # ----------------------------------------------------------------------------------------------------- steps

    def results(self, steps: Sequence[Step], scope: Scope, start: Draft | None) -> list[Given]:
        """What a model or block gives: its outputs, and what flows out of its last line unless that is one of them."""
        end = self.steps(steps, scope, start)
        results = self.account.results
        always = [each for each in results if not each.in_training_only]
        is_left = end is None or (bool(results) and end is self.account.flow_at_result)
        if is_left and results and not always and self.account.is_model:
            # The last line is there in training only, and so the flow before it is the output, if it is one.
            is_left = end is None or any(end.producer == each.producer for each in self.account.inputs.values())
            if is_left:
                self.tell_training_only(steps)
        if end is not None and not is_left:
            self.assembly.used.add(end.producer)
            if any(each.name == OUTPUT for each in results):
                self.tell_two_outputs(end)
            results.append(Given(OUTPUT, end, False))
        return results

    def tell_two_outputs(self, end: Draft) -> None:
        from archspec.catalog.recurrence import MisplacedResult

        problem = f"what flows out of the last line is called `{OUTPUT}`, as another output is"
        self.report.add(MisplacedResult(end.span, problem, "give that one another name, or make this line an output"))

    def tell_training_only(self, steps: Sequence[Step]) -> None:
        from archspec.catalog.recurrence import MisplacedResult

        for each in steps:
            if isinstance(each, Result):
                problem = "the model has no output but in training"
                self.report.add(MisplacedResult(each.name.span, problem, "leave out `when training`, or add an output"))
                return

    def steps(
        self, steps: Sequence[Step], scope: Scope, current: Draft | None, arrows_from: int | None = None
    ) -> Draft | None:
        """What flows out of steps in a row, given what flows into the first; an arrow leads to each from some on."""
        if not steps:
            return current
        self.enter(steps[0].span, GROUP)
        for number, step in enumerate(steps):
            if isinstance(step, Layer) and arrows_from is not None and number >= arrows_from:
                current = self.layer(step, scope, current, is_after_arrow=True)
            else:
                current = self.step(step, scope, current)
        self.leave(GROUP)
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
                    steps = (*step.then, *step.otherwise)
                    return self.skipped(steps, step.name, step.span, scope, current)
                self.passed_over(step.otherwise if chosen is step.then else step.then)
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
        self.account.costs.append(OPEN)
        return self.nothing_known(span)

    def skipped(
        self, steps: Sequence[Step], name: Scalar | None, span: Span, scope: Scope, current: Draft | None
    ) -> Draft:
        """What steps give of which nobody knows how often they are gone through; all that they speak of is used."""
        for expression in expressions_in(steps):
            words = (expression.function,) if isinstance(expression, Apply) else ()
            for word in (*words, *(each.text for each in free_names(expression))):
                self.meant(word)
                if (value := scope.find(word)) is not None:
                    self.assembly.used.add(value.producer)
        if current is not None:
            self.assembly.used.add(current.producer)
        unknown = self.nothing_known(span)
        for given in (*names_in(steps), *(() if name is None else (name.text,))):
            scope.values.setdefault(given, unknown)
        self.account.is_next_hidden = True
        self.account.costs.append(OPEN)
        return unknown

    def group(self, group: StepGroup, scope: Scope, current: Draft | None) -> Draft | None:
        steps, arrows_from = group.steps, 1 if group.is_chain else None
        if group.is_chain and (start := self.start(steps, scope, current)) is not None:
            current, steps, arrows_from = start, steps[1:], 0
        if group.name is not None and len(steps) < len(group.steps) and len(steps) == 1 and isinstance(steps[0], Layer):
            # `y = x -> conv(8)` names the layer, since `x` is none.
            return self.layer(named(steps[0], group.name), scope, current, is_after_arrow=True)
        if group.name is None:
            return self.steps(steps, scope, current, arrows_from)
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
        path, first = scope.path_of(name, ""), len(self.assembly.order)
        result = self.steps(steps, self.inner(path, name.span, steps, scope), current, arrows_from)
        if result is not None:
            self.declare(name, result, scope)
        body = StepGroup(tuple(steps), None, arrows_from is not None, name.span)
        self.reusable(name, body, scope, path, first)
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
            return self.skipped(repeat.steps, None, repeat.span, scope, current)
        if not values:
            self.passed_over(repeat.steps)
        least = max(size_of(repeat.steps, self.meanings.scope, self.frame.environment.sizes), 1)
        if self.layers + len(values) * least > MOST_LAYERS:
            self.refuse(repeat.span)
        has_names = any(names_in(repeat.steps))
        place = len(self.assembly.repeats)
        self.assembly.repeats.append(None)
        found: list[tuple[Path, ...]] = []
        self.branches += 1
        for number, value in enumerate(values, start=1):
            before, first = self.layers, len(self.assembly.order)
            with self.meanings.where(value), self.on_pass(repeat, number, value, len(values)):
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

    def on_pass(
        self, repeat: Repeat, number: int, value: Mapping[str, Value], passes: int
    ) -> AbstractContextManager[None]:
        """What is found in the first of several passes that are alike is no matter of the pass."""
        if not value and number == 1:
            return nullcontext()
        named = ", ".join(f"{name} = {written(each)}" for name, each in value.items())
        where = f", where {named}" if named else ""
        return self.report.within(repeat.among.span, f"in pass {number} of {passes}{where}")

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
        self.account.flow_at_result = current
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
                known = scope.values.get(result.name.text)
                is_same = known is not None and (known.producer, known.port) == (found.producer, found.port)
                if not is_same or any(each.name == result.name.text for each in self.account.results):
                    self.declare(result.name, found, scope)
                return found
            if isinstance(step.steps[0], Layer):
                # `output y = relu` names the layer, as `y = relu` does.
                return self.layer(named(step.steps[0], result.name), scope, current)
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
            if self.account.states is not None:
                cure = "name the value here, and write the `next` line outside of groups, loops and branches"
                self.account.is_next_hidden = True
            self.report.add(MisplacedResult(line.state.span, "a `next` line is a line of a cell", cure))
        elif name not in states:
            problem = f"the cell has no state `{name}`"
            cure = f"its states are {listed(states, 'and')}" if states else "declare it: `state h: [B, size]`"
            self.report.add(WrongState(line.state.span, problem, closest(name, states), cure=cure))
            # Any of the states may be meant, and so of none it is said that nothing becomes of it.
            self.account.is_next_hidden = True
        elif name in self.account.next:
            problem = f"the state `{name}` has a `next` line already"
            self.report.add(WrongState(line.state.span, problem, cure="leave one of the two lines out"))
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
            cure = f"declare the state as {found.shapes[0]}, or let the line give {state.shapes[0]}"
            self.report.add(WrongState(line.step.span, problem, None, state.span, cure))
            self.account.costs.append(OPEN)


def _may_be(expected: Shape, found: Shape) -> bool:
    is_alike = expected.rank == found.rank and expected.element is found.element
    return is_alike and not any(map(differs, expected.sizes, found.sizes))
