"""Whether the figures of a model are what its `expect` lines allow, and where most of one is that is too large.

A budget is a comparison with a figure in it, such as `params < 5M` or `memory(training, adam, B=32) < 16 GiB`. By `<`,
`<=`, `>` and `>=`, what depends on the batch is compared for a batch of one, unless the comparison has the batch in it:
`macs <= 600M` is about one example, and `macs <= 600M * B` about all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.catalog.fields import InvalidExpression
from archspec.catalog.shapes import FailedExpectation, OpenExpectation
from archspec.diagnostics import Diagnostic
from archspec.expression import Apply, Binary, EvaluationError, Expression, evaluate, is_unknown
from archspec.graph import Node, Path
from archspec.passes.figures import ALL, Figure, FigureError, HiddenError, Subject, UndecidedFigureError, of_cost
from archspec.passes.words import FIELD, ORDER
from archspec.quantity import SUFFIXES, UNITS, in_unit, of_bytes
from archspec.quantity import split as number_and_unit
from archspec.size import Formula, Size, SizeError, names
from archspec.size import evaluate as over
from archspec.storage import Amount

SHOWN: Final = 3
"""So many layers are shown, of those in which most of a figure is, and so many in the first of them."""


def judged(
    condition: Expression, subject: Subject, judge: Callable[[Expression], Diagnostic | None]
) -> Diagnostic | None:
    """The finding on a condition that speaks of figures; `judge` finds out about one with numbers in their place."""
    for each in _conjuncts(condition):
        finding = _judged(each, subject, judge)
        if finding is not None:
            return finding
    return None


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    """What must hold each for itself."""
    if isinstance(condition, Binary) and condition.operator == "and":
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _judged(
    condition: Expression, subject: Subject, judge: Callable[[Expression], Diagnostic | None]
) -> Diagnostic | None:
    try:
        cases = subject.cases(condition)
        for axis, filled in cases:
            finding = judge(filled)
            if isinstance(finding, OpenExpectation) and _is_hidden(condition, subject):
                return None
            if isinstance(finding, FailedExpectation | OpenExpectation):
                is_alone = len({repr(each) for _, each in cases}) == 1
                return _explained(finding, condition, filled, None if is_alone else axis, subject)
            if finding is not None:
                return finding
    except FigureError as error:
        return error.finding
    except HiddenError:
        return None
    except SizeError as error:
        return InvalidExpression(condition.span, str(error), "give numbers to open sizes by `--size NAME=NUMBER`")
    except UndecidedFigureError:
        text = " ".join(condition.span.text.split())
        actual = "which moment takes most memory depends on open sizes"
        return OpenExpectation(condition.span, text, actual, _cure_of_open(condition, subject))
    return None


def _is_hidden(condition: Expression, subject: Subject) -> bool:
    """Whether a figure depends on what an error elsewhere hides."""
    found = (sizes for figure, _ in subject.figures(condition) for sizes in subject.sizes(figure).values())
    return any(is_unknown(size) for sizes in found for size in sizes)


def _explained(
    finding: FailedExpectation | OpenExpectation,
    condition: Expression,
    filled: Expression,
    axis: tuple[str, int] | None,
    subject: Subject,
) -> Diagnostic:
    """A finding with the figure in the unit of the budget, how far it is from that, and where most of it is."""
    if not subject.figures(condition):
        return finding  # A parameter or size may be called as a figure is.
    if isinstance(finding, OpenExpectation):
        per_example = _per_example(condition, subject)
        return replace(finding, actual=f"{finding.actual}{per_example}", cure=_cure_of_open(condition, subject))
    if not isinstance(condition, Binary) or not isinstance(filled, Binary) or condition.operator not in ORDER:
        return finding
    side = next((each for each in ("left", "right") if subject.figures(getattr(condition, each))), "left")
    other = "right" if side == "left" else "left"
    asked, limit = getattr(condition, side), getattr(condition, other)
    try:
        found, allowed = (evaluate(getattr(filled, each), subject.scope) for each in (side, other))
    except EvaluationError:
        return finding
    figure = subject.figures(asked)[0][0]
    if not isinstance(found, int | float) or not isinstance(allowed, int | float):
        return finding
    has_memory = figure.memory is not None
    actual = _told(asked.span.text, int(found), int(allowed), unit_of(limit.span.text), is_memory=has_memory)
    if axis is not None:
        actual += f", along axis {axis[1]} of `{axis[0]}`"
    finding = replace(finding, span=limit.span, actual=f"{actual}{_per_example(condition, subject)}", is_budget=True)
    is_too_much = found > allowed
    if figure.word == FIELD or not is_too_much:
        return finding
    return replace(finding, most=most(subject, figure, int(found), unit_of(limit.span.text)))


def _told(what: str, found: int, allowed: int, unit: str, *, is_memory: bool) -> str:
    """What a figure is, in the unit of what it is compared with, and how far it is from that."""
    apart = "" if found == ALL else difference(found, allowed)
    return f"`{what}` is {in_words(found, allowed, unit, is_memory=is_memory)}{apart}"


def in_words(found: int, allowed: int, unit: str, *, is_memory: bool) -> str:
    """A figure in the unit of what it is compared with."""
    if found == ALL:
        return "all of the input"
    return of_bytes(found) if is_memory and not unit else in_unit(found, unit, allowed)


def difference(found: int, allowed: int) -> str:
    """How far a figure is from another: `, 1.4 times as much`."""
    if allowed <= 0 or found == allowed:
        return ""
    if found >= 1.1 * allowed:
        ratio = found / allowed
        number = f"{ratio:,.1f}".removesuffix(".0") if ratio < 100 else f"{ratio:,.0f}"
        return f", {number} times as much"
    percent = 100 * abs(found - allowed) / allowed
    return f", {percent:.2g} % {'more' if found > allowed else 'less'}" if percent < 99.5 else ", nearly nothing of it"


def unit_of(text: str) -> str:
    """The suffix or unit that stands in what a figure is compared with."""
    _, unit = number_and_unit(text)
    return unit if unit in SUFFIXES or unit in UNITS else ""


def _per_example(condition: Expression, subject: Subject) -> str:
    """What is told where a figure is that of a batch of one, because a comparison does not say of how many; or where it
    is not that of the size that the comparison says, since another one is set from outside."""
    given = (name for _, place in subject.figures(condition) if isinstance(place, Apply) for name, _ in place.named)
    if set_ := [name for name in dict.fromkeys(given) if name in subject.fixed]:
        return f", for {' and '.join(f'{name} = {subject.fixed[name]}' for name in set_)}, which is set from outside"
    if not isinstance(condition, Binary) or condition.operator not in ORDER or subject.speaks_of_batch(condition):
        return ""
    found = {
        name
        for figure, _ in subject.figures(condition)
        if figure.word != FIELD
        for sizes in subject.sizes(figure).values()
        for size in sizes
        for name in names(size)
    }
    batches = sorted(found & subject.batches)
    return f", for {' and '.join(f'{name} = 1' for name in batches)}" if batches else ""


def _cure_of_open(condition: Expression, subject: Subject) -> str:
    """How the open sizes of a figure can be given numbers."""
    found = subject.figures(condition)
    left = [name for name in subject.open_sizes if name not in subject.batches]
    if not found or not left:
        return ""
    figure, place = found[0]
    given = ", ".join(f"{name}=128" for name in left)
    text = place.span.text
    if figure.path or figure.sizes:
        return f"give numbers to open sizes by {' '.join(f'`--size {name}=128`' for name in left)}"
    call = f"{text[:-1]}, {given})" if text.endswith(")") else f"{text}({given})"
    return f"say for which input, such as `{call}`; or give numbers to open sizes by `--size NAME=NUMBER`"


# ------------------------------------------------------------------------------------------------------ where most is


@final
class _Part(Struct, frozen=True):
    """A layer, group or input with what it has of a figure."""

    path: Path
    what: str
    amount: int
    is_layer: bool


def most(subject: Subject, figure: Figure, total: int, unit: str) -> tuple[str, ...]:
    """The three layers, groups or inputs that have most of a figure, and in the first of them the three that have most
    of that: a line for each. Of evaluation, which keeps nothing of a layer, what memory holds."""
    if subject.graph is None or subject.path is None:
        return ()
    if figure.memory is not None and figure.memory.optimiser is None:
        fixed = _amount(subject, figure, list(subject.graph.nodes))
        parts = (("weights and buffers", fixed), ("activations", total - fixed))
        rows_ = [(name, _written(each, figure, unit), f"{100 * each / total:.0f} %") for name, each in parts]
        wide = max(len(amount) for _, amount, _ in rows_)
        return tuple(f"{name:<19}  {amount:>{wide}}  {share:>4}" for name, amount, share in rows_)
    first = _largest(subject, figure, (*subject.path, *figure.path))
    if not first:
        return ()
    rows = []
    for each in first:
        rows.append((0, each))
        if each is first[0] and not each.is_layer:
            rows += [(1, inner) for inner in _largest(subject, figure, each.path)]
    names_ = [f"{'  ' * depth}{'.'.join(each.path[len(subject.path) :])}" for depth, each in rows]
    amounts = [_written(each.amount, figure, unit) for _, each in rows]
    shares = [f"{100 * each.amount / total:.0f} %" for _, each in rows]
    widths = [max(map(len, column)) for column in (names_, [each.what for _, each in rows], amounts, shares)]
    return tuple(
        f"{name:<{widths[0]}}  {each.what:<{widths[1]}}  {amount:>{widths[2]}}  {share:>{widths[3]}}"
        for name, (_, each), amount, share in zip(names_, rows, amounts, shares, strict=True)
    )


def _largest(subject: Subject, figure: Figure, path: Path) -> list[_Part]:
    graph = subject.graph
    if graph is None:
        return []
    members = graph.members(path)
    if not members:
        return []
    found = []
    for each in members:
        is_layer = isinstance(each, Node)
        nodes = [each] if isinstance(each, Node) else [node for node in graph.nodes if _is_in(node, each.path)]
        amount = _amount(subject, figure, nodes)
        what = each.op.name if isinstance(each, Node) else each.block or ""
        found.append(_Part(each.path, what, amount, is_layer))
    if figure.memory is not None and not path:
        for value in graph.inputs:
            held = _in_numbers(Amount.of(value.shape).bytes(figure.memory.widths), subject, figure)
            found.append(_Part(value.producer, "input", held, is_layer=True))
    found = [each for each in found if each.amount]
    return sorted(found, key=lambda part: -part.amount)[:SHOWN]


def _is_in(node: Node, path: Path) -> bool:
    return node.path[: len(path)] == path


def _amount(subject: Subject, figure: Figure, nodes: list[Node]) -> int:
    """What some layers have of a figure, for a batch of one where it is open."""
    graph = subject.graph
    left_out = graph.in_training_only if graph is not None and figure.word in ("macs", "flops") else frozenset()
    left_out = frozenset() if figure.path else left_out
    total: Size = 0
    for node in nodes:
        if node.path not in left_out:
            cost = subject.costs.layers[node.path]
            total += of_cost(figure.word, cost) if figure.memory is None else figure.memory.of_layer(cost)
    return _in_numbers(total, subject, figure)


def _in_numbers(amount: Size, subject: Subject, figure: Figure) -> int:
    """An amount for the sizes that a figure is asked for; nothing where it depends on others."""
    amount = over(over(amount, figure.sizes), dict.fromkeys(subject.batches, 1))
    return 0 if isinstance(amount, Formula) else amount


def _written(amount: int, figure: Figure, unit: str) -> str:
    return of_bytes(amount) if figure.memory is not None and not unit else in_unit(amount, unit)
