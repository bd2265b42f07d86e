"""Which setting of a model meets a budget: design by arithmetic.

The model is built with trial values, as `--set` would build it, and its exact figures say which is right. Values with
which the spec has errors, such as a width that the heads do not divide, are passed over.

How values are found:

- Of one parameter, or of several that keep the ratio in which they are, there is one row of settings. Where it has few,
  all are tried. Of a long one it is taken that the figure grows along it, or shrinks: the place where it goes past the
  budget is bracketed by doubling and halving, and found by bisection. Between the two settings that are left on either
  side of the budget, every one was tried.
- Of several parameters of which some have a range, there is a row for each combination of values of these; where all
  have one, the row is along the one with most values. Where only each twelfth place of the first row is right, the
  places between are passed over in the others, but for the row in which the best setting is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from itertools import pairwise, product
from math import gcd, prod
from typing import Final, TypeAlias, final

from archspec.build import Built
from archspec.catalog.shapes import FailedExpectation
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.expression import COMPARISONS, Binary, Expression, evaluate, free_names, written
from archspec.graph import Graph
from archspec.parameter import Parameter
from archspec.passes.budget import told
from archspec.passes.figures import (
    ALL,
    HiddenError,
    Subject,
    UndecidedFigureError,
)
from archspec.passes.words import WORDS
from archspec.quantity import SUFFIXES, UNITS
from archspec.quantity import split as number_and_unit
from archspec.size import Formula, Size
from archspec.size import evaluate as over
from archspec.source import Source
from archspec.spelling import closest, did_you_mean, listed
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar

Number: TypeAlias = int | float

FEW: Final = 64
"""Of a row with no more settings than this, all are tried."""

SCANNED: Final = 512
"""Between two settings, no more than this are tried one by one."""

ROWS: Final = 500
"""There are no more combinations of values than this."""

FURTHEST: Final = 2**24
"""No setting further along a row than this is tried."""


WRONG_IN_A_ROW: Final = 256
"""After so many settings in a row with which the spec has errors, no further are tried."""

PINNED_IN_A_ROW: Final = 16
"""After so many in a row for which something does not hold that is expected of the model, no further are tried: a spec
that says what its figures are exactly has no others."""


class SolveError(ValueError):
    """What was asked for cannot be solved, or nothing solves it. Its text says why."""


class UnmetError(SolveError):
    """No setting meets the budget. Its text says how near the nearest comes."""


@final
@dataclass(frozen=True)
class Varied:
    """A parameter that may have other values: any, or those of a range."""

    name: str
    first: Number | None = None
    last: Number | None = None
    step: Number | None = None

    @property
    def is_ranged(self) -> bool:
        return self.first is not None

    @cached_property
    def values(self) -> Sequence[Number]:
        """The values of the range, in order."""
        if self.first is None or self.last is None:
            return ()
        first, last = _exact(self.first), _exact(self.last)
        step = _exact(self.step) if self.step is not None else Fraction(1) if _is_whole(self) else (last - first) / 100
        return [_number(first + place * step) for place in range(min(int((last - first) / step) + 1, FURTHEST))]

    @classmethod
    def of(cls, text: str) -> Varied:
        """A parameter as the command line gives it: `width`, `depth=2..48` or `width=0.5..2:0.25`."""
        name, equals, span = text.partition("=")
        limits, _, step = span.partition(":")
        first, dots, last = limits.partition("..")
        if not name.strip().isidentifier() or bool(equals) != bool(dots):
            raise SolveError(f"`{text}` is not like `width`, `depth=2..48` or `width=0.5..2:0.25`")
        if not equals:
            return cls(name.strip())
        try:
            found = cls(name.strip(), _read(first), _read(last), _read(step) if step else None)
        except ValueError:
            raise SolveError(f"`{span}` is no range: write `2..48`, or `0.5..2:0.25` with a step") from None
        if _exact(found.first or 0) > _exact(found.last or 0) or (step and _exact(found.step or 0) <= 0):
            raise SolveError(f"the range `{span}` has no values: it goes from a smaller number to a larger one")
        return found


def _is_whole(varied: Varied) -> bool:
    return isinstance(varied.first, int) and isinstance(varied.last, int)


def _read(text: str) -> Number:
    return int(text) if text.strip().replace("_", "").lstrip("-").isdecimal() else float(text)


def _exact(number: Number) -> Fraction:
    return Fraction(str(number))


def _number(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else float(value)


# ------------------------------------------------------------------------------------------------------- the budget


@final
@dataclass(frozen=True)
class Budget:
    """A comparison with a figure in it, as an `expect` line has it."""

    text: str
    comparison: Binary
    operator: str
    is_swapped: bool
    """Whether the figure stands on the right."""

    @classmethod
    def of(cls, text: str) -> Budget:
        """Read a budget; raises `SolveError`, or `Fault` where it is no expression."""
        source = Source("budget", text)
        expression = parse_expression(Scalar(text, source.whole()))
        if not isinstance(expression, Binary) or expression.operator not in (*COMPARISONS,):
            raise SolveError(f"`{text}` is no budget; write one such as `params == 100M` or `macs <= 600M`")
        if expression.operator == "!=":
            raise SolveError("what a figure is not, nearly every setting meets; write `==`, `<=` or `>=`")
        return cls(text, expression, expression.operator, False)

    def measured(self, subject: Subject) -> tuple[Number, Number]:
        """The figure of a model, for a batch of one where nothing else is said, and what it is to be."""
        # As for an order of sizes, so that it is about one example.
        asked = Binary("<=", self.comparison.left, self.comparison.right, self.comparison.span)
        if not subject.figures(asked):
            words = (closest(each.text, WORDS) for each in free_names(asked))
            cure = did_you_mean(next(filter(None, words), None)) or f"figures are {listed(WORDS, 'and')}"
            raise SolveError(f"`{self.text}` speaks of no figure; {cure}")
        sides = []
        for _, filled in subject.cases(asked):
            if isinstance(filled, Binary):
                sides.append((evaluate(filled.left, subject.scope), evaluate(filled.right, subject.scope)))
        numbers = [
            (left, right) for left, right in sides if isinstance(left, int | float) and isinstance(right, int | float)
        ]
        if len(numbers) < len(sides) or not numbers:
            raise UndecidedFigureError
        rising = self.operator in (">", ">=")
        # A receptive field is as large as the least, or the most, of the axes.
        left, right = (min if rising else max)(numbers, key=lambda each: each[0] - each[1])
        return (left, right) if subject.figures(self.comparison.left) else (right, left)

    def is_met(self, figure: Number, target: Number) -> bool:
        match self.order:
            case "<":
                return figure < target
            case "<=":
                return figure <= target
            case ">":
                return figure > target
            case ">=":
                return figure >= target
        return figure == target

    @property
    def order(self) -> str:
        """How the figure is compared with what it is to be."""
        return _TURNED.get(self.operator, self.operator) if self.is_swapped else self.operator

    @property
    def figure(self) -> Expression:
        return self.comparison.right if self.is_swapped else self.comparison.left

    @property
    def target(self) -> Expression:
        return self.comparison.left if self.is_swapped else self.comparison.right

    @property
    def unit(self) -> str:
        """The suffix or unit that the target has."""
        _, unit = number_and_unit(self.target.span.text)
        return unit if unit in SUFFIXES or unit in UNITS else ""


_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


# ------------------------------------------------------------------------------------------------------- the answer


@final
@dataclass(frozen=True)
class Setting:
    """A setting that was tried, with the figure that the model has then, and what that was to be."""

    values: Mapping[str, Number]
    figure: Number
    target: Number
    graph: Graph = field(repr=False, compare=False)

    @property
    def miss(self) -> float:
        """By how much the figure is off, relative to what it was to be: 0.01 is one percent too much."""
        return (self.figure - self.target) / self.target if self.target else float(self.figure)

    @property
    def arguments(self) -> str:
        """What the command line takes: `--set width=768`."""
        return " ".join(f"--set {name}={written(value)}" for name, value in self.values.items())


@final
@dataclass(frozen=True)
class Solution:
    """The setting that meets a budget best, with its neighbours."""

    budget: Budget
    chosen: Setting
    smaller: Setting | None
    """The next setting before it along the row, with which the spec is right; `None` where there is none."""

    larger: Setting | None
    tried: int
    """With how many settings the model was built."""

    skipped: int
    """With how many of them the spec has errors."""

    why_skipped: str = ""
    is_steady: bool = True
    """Whether the figure only grew, or only shrank, along the row."""

    @property
    def values(self) -> Mapping[str, Number]:
        """The values of the parameters."""
        return self.chosen.values

    def told(self, setting: Setting) -> str:
        """A figure in words, in the unit of the budget."""
        is_memory = any(each.memory for each, _ in Subject(setting.graph, {}).figures(self.budget.figure))
        what = self.budget.figure.span.text
        text = told(what, int(setting.figure), int(setting.target), self.budget.unit, is_memory=is_memory)
        return text.partition("` is ")[2].partition(", ")[0] if int(setting.figure) != ALL else "all of the input"


# ------------------------------------------------------------------------------------------------------ the search


@final
@dataclass(frozen=True)
class Row:
    """Settings in an order: the values of each parameter at a place."""

    at: Callable[[int], Mapping[str, Number] | None]
    first: int
    last: int | None
    start: int
    """Where the search begins."""


class Trials:
    """Builds the model with trial values, and remembers what came of each."""

    def __init__(self, build: Callable[[Mapping[str, Number]], tuple[Built, Report]], budget: Budget) -> None:
        self.build = build
        self.budget = budget
        self.found: dict[tuple[tuple[str, Number], ...], Setting | None] = {}
        self.why: Diagnostic | None = None
        self.count = self.wrong = self.pinned = 0
        """How many models were built; how many of the last ones had errors; how many because of what is expected."""

        self.unit = 1
        """Every so many places there was a right one in the first row; those between are not tried in others."""

    def of(self, values: Mapping[str, Number]) -> Setting | None:
        """The model with some values; `None` where the spec has errors with them."""
        key = tuple(values.items())
        if key not in self.found:
            self.found[key] = self._tried(values)
        return self.found[key]

    def _tried(self, values: Mapping[str, Number]) -> Setting | None:
        if self.wrong >= WRONG_IN_A_ROW or self.pinned >= PINNED_IN_A_ROW:
            return None
        built, report = self.build(values)
        self.count += 1
        if built.graph is None or report.has_errors:
            self.wrong += 1
            self.pinned += any(isinstance(each, FailedExpectation) and each.use is None for each in report)
            self.why = self.why or next((each for each in report if each.severity is Severity.ERROR), None)
            return None
        self.wrong = self.pinned = 0
        figure, target = self.budget.measured(subject_of(built))
        return Setting(values, figure, target, built.graph)

    @property
    def right(self) -> list[Setting]:
        return [each for each in self.found.values() if each is not None]

    @property
    def skipped(self) -> int:
        return self.count - len(self.right)

    @property
    def reason(self) -> str:
        """What is wrong with settings that were passed over."""
        if self.why is None:
            return ""
        return f"; passed over {self.skipped}, with which the spec has errors, such as: {self.why.message()}"


def subject_of(built: Built) -> Subject:
    """What the figures of a model are asked of."""
    part = built.parts[-1]
    graph = built.graph
    batches = frozenset() if graph is None else batches_of(graph)
    shapes = {name: each[0].sizes for name, each in part.shapes.items()}
    known = {"params": part.cost.parameters, "macs": part.cost.macs}
    return Subject(graph, {**shapes, **part.meanings.scope}, known, fixed=part.meanings.fixed, batches=batches)


def batches_of(graph: Graph) -> frozenset[str]:
    """The open sizes that are the first axis of an input."""
    firsts = [value.shape[0] for value in graph.inputs if value.shape.rank]
    return frozenset(str(size) for size in firsts if isinstance(size, Formula) and str(size).isidentifier())


def for_one(graph: Graph, size: Size) -> Size:
    """A size for a batch of one."""
    return over(size, dict.fromkeys(batches_of(graph), 1))


def solve(
    build: Callable[[Mapping[str, Number]], tuple[Built, Report]],
    parameters: Sequence[Parameter],
    budget: Budget,
    varied: Sequence[Varied],
) -> Solution:
    """The setting of some parameters that meets a budget best.

    Raises:
        SolveError: no setting meets it, or what is asked for makes no sense.
    """
    before, _ = build({})
    values = _current(before, parameters, varied)
    if before.graph is not None:
        try:
            subject = subject_of(before)
            asked = subject.figures(budget.comparison.left) or not subject.figures(budget.comparison.right)
        except HiddenError:
            asked = True
        budget = budget if asked else Budget(budget.text, budget.comparison, budget.operator, True)
    trials = Trials(build, budget)
    best: tuple[Row, int] | None = None
    is_bracketed, is_steady = False, True
    start: int | None = None
    for row in _rows(varied, values):
        search = _Search(row if start is None else replace(row, start=start), trials)
        place, bracketed, steady = search.best()
        if start is None and len(varied) > 1:
            trials.unit = search.unit()
        start = start if place is None else place
        is_bracketed, is_steady = is_bracketed or bracketed, is_steady and steady
        if place is not None and (
            best is None or _is_nearer(_at(row, trials, place), _at(best[0], trials, best[1]), budget)
        ):
            best = row, place
    if best is not None and trials.unit > 1:
        trials.unit, (row, place) = 1, best
        again = _Search(replace(row, start=place), trials).best()[0]
        best = row, place if again is None else again
    names = " and ".join(f"`{each.name}`" for each in varied)
    if best is None:
        raise UnmetError(f"no value of {names} was found with which the spec is right{trials.reason}")
    chosen = _at(best[0], trials, best[1])
    if chosen is None:
        raise SolveError("nothing was found")
    search = _Search(best[0], trials)
    smaller, larger = search.next_to(best[1], -1), search.next_to(best[1], 1)
    why = "" if trials.why is None else trials.why.message()
    solution = Solution(budget, chosen, smaller, larger, trials.count, trials.skipped, why, is_steady)
    met = budget.is_met(chosen.figure, chosen.target) or (budget.operator == "==" and is_bracketed)
    if not met:
        near = ", ".join(f"{name}={written(value)}" for name, value in chosen.values.items())
        figure = f"`{budget.figure.span.text}` is {solution.told(chosen)}, {percent(chosen.miss)}"
        raise UnmetError(
            f"no value of {names} meets `{budget.text}`; the nearest is {near}, where {figure}{trials.reason}"
        )
    return solution


def percent(miss: float) -> str:
    """A relative miss in words."""
    if miss == 0:
        return "exact"
    if miss >= 1:
        return f"{miss + 1:,.1f} times as much"
    share = 100 * abs(miss)
    return f"{share:.1f} % {_MORE[miss > 0]}" if share >= 10 else f"{share:.2g} % {_MORE[miss > 0]}"


_MORE: Final = {True: "more", False: "less"}


def _at(row: Row, trials: Trials, place: int) -> Setting | None:
    values = row.at(place)
    return None if values is None else trials.of(values)


def _is_nearer(one: Setting | None, other: Setting | None, budget: Budget) -> bool:
    """Whether a setting meets a budget better than another; of two that are as near, neither does."""
    if one is None or other is None:
        return one is not None
    return _distance(one, budget) < _distance(other, budget)


def _distance(setting: Setting, budget: Budget) -> tuple[bool, Number]:
    is_wrong = budget.operator != "==" and not budget.is_met(setting.figure, setting.target)
    return is_wrong, abs(setting.figure - setting.target)


def _current(before: Built, parameters: Sequence[Parameter], varied: Sequence[Varied]) -> Mapping[str, Number]:
    """What the parameters are that may have other values."""
    known = {each.name.text: each for each in parameters}
    scope = before.parts[-1].meanings.scope if before.parts else {}
    found: dict[str, Number] = {}
    for each in varied:
        if each.name not in known:
            has = f"its parameters are {listed(known, 'and')}" if known else "it has none"
            cure = did_you_mean(closest(each.name, known)) or has
            raise SolveError(f"the model has no parameter `{each.name}`; {cure}")
        if each.name in found:
            raise SolveError(f"`{each.name}` is varied twice")
        value = scope.get(each.name)
        if known[each.name].is_layer:
            raise SolveError(f"`{each.name}` stands for layers, and is no number that could be varied")
        if isinstance(value, bool | str | tuple):
            raise SolveError(f"`{each.name}` is `{written(value)}`, and no number that could be varied")
        found[each.name] = value if isinstance(value, int | float) else 1
    return found


def _rows(varied: Sequence[Varied], values: Mapping[str, Number]) -> Iterator[Row]:
    """The rows of settings that are searched."""
    ranged = [each for each in varied if each.is_ranged]
    free = [each for each in varied if not each.is_ranged]
    if not free:
        along = max(ranged, key=lambda each: len(each.values))
        ranged = [each for each in ranged if each is not along]
    count = prod(len(each.values) for each in ranged)
    if count > ROWS:
        raise SolveError(f"there are {count:,} combinations of values, and no more than {ROWS} are tried")
    order = [each.name for each in varied]
    for others in product(*(each.values for each in ranged)):
        fixed = dict(zip((each.name for each in ranged), others, strict=True))
        if free:
            yield _in_ratio({each.name: values[each.name] for each in free}, fixed, order)
        else:
            yield _in_range(along, fixed, order, values[along.name])


def _in_range(along: Varied, fixed: Mapping[str, Number], order: Sequence[str], now: Number) -> Row:
    steps = along.values

    def at(place: int) -> Mapping[str, Number]:
        found = {**fixed, along.name: steps[place]}
        return {name: found[name] for name in order}

    start = min(range(len(steps)), key=lambda place: abs(steps[place] - now)) if len(steps) <= SCANNED else 0
    return Row(at, 0, len(steps) - 1, start)


def _in_ratio(values: Mapping[str, Number], fixed: Mapping[str, Number], order: Sequence[str]) -> Row:
    """Values that are the same multiple of what they are now: of whole numbers each step that leaves them whole, else
    one hundredth of them."""
    whole = [value for value in values.values() if isinstance(value, int)]
    common = reduce(gcd, whole, 0) if whole else 100
    common = max(common, 1)

    def at(place: int) -> Mapping[str, Number]:
        found = {name: _number(_exact(value) * place / common) for name, value in values.items()}
        # A fraction stays one, for what is declared as a whole number takes none.
        both = {
            **fixed,
            **{name: float(each) if isinstance(values[name], float) else each for name, each in found.items()},
        }
        return {name: both[name] for name in order}

    return Row(at, 1, None, common)


@final
class _Search:
    """The search along one row."""

    def __init__(self, row: Row, trials: Trials) -> None:
        self.row = row
        self.trials = trials
        self.seen: dict[int, Setting | None] = {}

    def at(self, place: int) -> Setting | None:
        if place < self.row.first or place > (FURTHEST if self.row.last is None else self.row.last):
            return None
        if place not in self.seen:
            self.seen[place] = _at(self.row, self.trials, place)
        return self.seen[place]

    def best(self) -> tuple[int | None, bool, bool]:
        """The place that meets the budget best, whether there are right ones on both sides of it, and whether the
        figure goes one way."""
        last = self.row.last
        if last is not None and last - self.row.first < FEW:
            for place in range(self.row.first, last + 1):
                self.at(place)
        else:
            self._bisect()
        right = {place: each for place, each in sorted(self.seen.items()) if each is not None}
        if not right:
            return None, False, True
        budget = self.trials.budget
        misses = [each.figure - each.target for each in right.values()]
        best = min(right, key=lambda place: _distance(right[place], budget))
        rising = all(one <= other for one, other in pairwise(misses))
        falling = all(one >= other for one, other in pairwise(misses))
        return best, min(misses) <= 0 <= max(misses), rising or falling

    def next_to(self, place: int, step: int) -> Setting | None:
        """The next right setting in a direction."""
        for distance in range(1, SCANNED + 1):
            other = place + step * distance
            if other < self.row.first or other > (FURTHEST if self.row.last is None else self.row.last):
                return None
            if (found := self.at(other)) is not None:
                return found
        return None

    def unit(self) -> int:
        """How far the nearest right places are apart, where that says which others are right."""
        right = [place for place, _ in self._right()]
        apart = min((other - one for one, other in pairwise(right)), default=1)
        return apart if right and all(place % apart == 0 for place in right) else 1

    def _bisect(self) -> None:
        """Try places around the one where the figure goes past the budget, until none is left between them."""
        start = self._near(self.row.start, self.row.first, self._end)
        if start is None:
            return
        for direction in (-1, 1):
            place, distance = start, self.trials.unit if self.trials.unit > 1 else start
            while not self._is_bracketed() and not self._goes_away(direction):
                further = self._further(place, distance, direction)
                if further is None:
                    break
                place, distance = further, 2 * distance
        while (pair := self._around()) is not None and self._between(*pair) is not None:
            pass

    @property
    def _end(self) -> int:
        return FURTHEST if self.row.last is None else self.row.last

    def _right(self) -> list[tuple[int, Number]]:
        """The right places with how far the figure is past the budget. What it must not be is past it."""
        past = {"<": 0.5, ">": -0.5}.get(self.trials.budget.order, 0)
        found = [(place, each.figure - each.target) for place, each in sorted(self.seen.items()) if each is not None]
        return [(place, miss or past) for place, miss in found]

    def _is_bracketed(self) -> bool:
        misses = [miss for _, miss in self._right()]
        return min(misses) <= 0 <= max(misses)

    def _around(self) -> tuple[int, int] | None:
        """The two neighbours of those tried between which the figure goes past the budget, and others are."""
        for (one, before), (other, behind) in pairwise(self._right()):
            goes_past = min(before, behind) <= 0 <= max(before, behind) and before != behind
            if goes_past and other - one > self.trials.unit:
                return one, other
        return None

    def _further(self, place: int, distance: int, direction: int) -> int | None:
        """A right place that is further along; a nearer one where that is too far."""
        end = self._end if direction > 0 else self.row.first
        goal = min(place + distance, end) if direction > 0 else max(place - min(distance, (place + 1) // 2), end)
        while goal != place:
            low, high = (place + 1, goal) if direction > 0 else (goal, place - 1)
            if (found := self._near(goal, low, high)) is not None:
                return found
            if abs(goal - place) <= 1:
                return None
            goal = (goal + place) // 2 if direction > 0 else -(-(goal + place) // 2)
        return None

    def _goes_away(self, direction: int) -> bool:
        """Whether the figure gets further from the budget in a direction."""
        right = self._right()
        (_, first), (_, last) = right[0], right[-1]
        slope = (last > first) - (last < first)
        return slope * direction * (last if direction > 0 else first) > 0

    def _between(self, low: int, high: int) -> int | None:
        """A right place between two, near the middle."""
        return self._near((low + high) // 2, low + 1, high - 1)

    def _near(self, goal: int, low: int, high: int) -> int | None:
        """A right place near another."""
        return next((place for place in self._candidates(goal, low, high) if self.at(place) is not None), None)

    def _candidates(self, goal: int, low: int, high: int) -> Iterator[int]:
        """Places from the nearest on, first those that have most factors with the right ones: sizes that divide by
        heads or groups are among them."""
        known = [place for place, _ in self._right()] or [self.row.start]
        factor = reduce(gcd, known, 0) or 1
        while factor > self.trials.unit:
            nearest = goal // factor * factor
            for place in (nearest, nearest + factor, nearest - factor):
                if low <= place <= high and place not in self.seen:
                    yield place
            factor = factor // 2 if factor % 2 == 0 else 1
        unit = self.trials.unit
        nearest = goal // unit * unit
        for distance in range(SCANNED):
            for place in dict.fromkeys((nearest - distance * unit, nearest + distance * unit)):
                if low <= place <= high and place not in self.seen:
                    yield place
