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

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from archspec.build import Built
from archspec.diagnostics import Report
from archspec.expression import written
from archspec.parameter import Parameter
from archspec.solving.answer import Setting, Solution, percent
from archspec.solving.budget import Budget
from archspec.solving.error import SolveError, UnmetError
from archspec.solving.rows import rows
from archspec.solving.search import Found, Search, distance
from archspec.solving.trials import Trials, for_one, subject_of
from archspec.solving.varied import Number, Varied
from archspec.spelling import closest, did_you_mean, listed

__all__ = [
    "Budget",
    "Number",
    "Setting",
    "Solution",
    "SolveError",
    "UnmetError",
    "Varied",
    "for_one",
    "percent",
    "solve",
]


def solve(
    build: Callable[[Mapping[str, Number]], tuple[Built, Report]],
    parameters: Sequence[Parameter],
    budget: Budget,
    varied: Sequence[Varied],
) -> Solution:
    """The setting of some parameters that meets a budget best.

    Args:
        build: builds the model with values of its parameters.
        parameters: the parameters that it has.
        budget: what a figure of it is to be.
        varied: which of the parameters may have other values.

    Raises:
        SolveError: no setting meets it, or what is asked for makes no sense.
    """
    now, _ = build({})
    values = _current(now, parameters, varied)
    budget = budget if now.graph is None else budget.turned(subject_of(now))
    trials = Trials(build, budget)
    names = " and ".join(f"`{each.name}`" for each in varied)

    found: list[Found] = []
    for row in rows(varied, values):
        search = Search(replace(row, start=found[-1].place) if found else row, trials)
        best = search.best()
        if best is None:
            continue
        if not found and len(varied) > 1:
            trials.unit = search.unit()
        found.append(best)
    if not found:
        raise UnmetError(f"no value of {names} was found with which the spec is right{trials.reason}")
    best = min(found, key=lambda each: distance(each.setting, budget))
    if trials.unit > 1:
        trials.unit = 1
        best = Search(replace(best.row, start=best.place), trials).best() or best

    chosen, search = best.setting, Search(best.row, trials)
    smaller, larger = search.next_to(best.place, -1), search.next_to(best.place, 1)
    why = "" if trials.why is None else trials.why.message()
    is_steady = all(each.is_steady for each in found)
    solution = Solution(budget, chosen, smaller, larger, trials.count, trials.skipped, why, is_steady)
    is_near = budget.operator == "==" and any(each.is_bracketed for each in found)
    if not is_near and not budget.is_met(chosen.figure, chosen.target):
        near = ", ".join(f"{name}={written(value)}" for name, value in chosen.values.items())
        figure = f"`{budget.figure.span.text}` is {solution.told(chosen)}, {percent(chosen.miss)}"
        raise UnmetError(
            f"no value of {names} meets `{budget.text}`; the nearest is {near}, where {figure}{trials.reason}"
        )
    return solution


def _current(now: Built, parameters: Sequence[Parameter], varied: Sequence[Varied]) -> Mapping[str, Number]:
    """What the parameters are that may have other values."""
    known = {each.name.text: each for each in parameters}
    scope = now.parts[-1].meanings.scope if now.parts else {}
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
