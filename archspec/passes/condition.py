"""What must hold of open sizes for a model to be right, though its shapes agree for some of them only.

A layer takes two sizes to be equal where they are not known to differ: `2*((H + 1)//2)` and `H` are equal where `H` is
even. Which sizes are meant is found by trying them; what holds for all that were tried, again and again with the same
period, is taken to hold for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, count, product
from typing import Final, final

from msgspec import Struct

from archspec.build import Built
from archspec.catalog.shapes import NoSize
from archspec.diagnostics import Report
from archspec.expression import is_unknown
from archspec.graph import Graph, Node
from archspec.size import Size, divide_exactly, evaluate, named, names
from archspec.spec import Library, Spec

LONGEST: Final = 512
"""The longest period that is found."""

MOST_TRIED: Final = 4 * LONGEST
"""How many sizes are tried to find one that several conditions have in common."""

MOST_SHOWN: Final = 3
"""How many remainders or sizes are listed."""

MOST_SIZES: Final = 3
"""How many open sizes may go together in a condition of which a counter-example is looked for."""


@final
class Condition(Struct, frozen=True):
    """What must hold for a layer to take what it is given."""

    node: Node
    left: Size
    right: Size
    text: str
    """Which open sizes are right, such as `H is a multiple of 32`."""

    counter_example: Mapping[str, int]
    """The smallest sizes for which it does not hold, although all layers before have something to give."""

    multiple: int | None = None
    """The one size may be any multiple of this, if there is such a number."""

    is_lasting: bool = True
    """Whether there are sizes above all others that fulfil it."""

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether it holds for some sizes."""
        return evaluate(self.left, sizes) == evaluate(self.right, sizes)

    @property
    def sizes(self) -> tuple[Size, Size]:
        """What the two sides are for the counter-example."""
        return evaluate(self.left, self.counter_example), evaluate(self.right, self.counter_example)


def check_conditions(spec: Spec | Library, built: Built, report: Report) -> None:
    """Report conditions on one open size each of which some size fulfils, but no size two of them."""
    by_size: dict[str, list[Condition]] = {}
    for each in conditions(built.graph) if built.graph is not None else ():
        if len(each.counter_example) == 1:
            (name,) = each.counter_example
            by_size.setdefault(name, []).append(each)
    for name, found in by_size.items():
        pairs = ((one, other) for one, other in combinations(found, 2) if _exclude_each_other(name, one, other))
        for one, other in pairs:
            report.add(NoSize(other.node.span, str(other.node.op), name, one.text, other.text, one.node.span))
            break


def _exclude_each_other(name: str, one: Condition, other: Condition) -> bool:
    sizes = [{name: size} for size in range(1, MOST_TRIED)]
    fitting = [each for each in sizes if one.holds(each)]
    # Of a condition that only a larger size may fulfil, nothing is known.
    return bool(fitting) and any(map(other.holds, sizes)) and not any(map(other.holds, fitting))


def conditions(graph: Graph) -> tuple[Condition, ...]:
    """What must hold of the open sizes, each condition once, at the first layer that needs it."""
    found: dict[str, Condition] = {}
    made: set[Size] = set()
    if not any(node.presumed for node in graph.nodes):
        return ()
    for node in graph.nodes:
        for left, right in node.presumed:
            condition = _condition(node, left, right, made)
            if condition is not None:
                found.setdefault(condition.text, condition)
        made.update(size for value in node.outputs for size in value.shape if not isinstance(size, int))
    return tuple(found.values())


def _condition(node: Node, left: Size, right: Size, made: Iterable[Size]) -> Condition | None:
    """The condition for two sizes to be equal, or `None` where they are for all sizes that were tried."""
    for name in sorted({*names(left), *names(right)}):
        # What both have as a factor does not matter.
        quotients = divide_exactly(left, named(name)), divide_exactly(right, named(name))
        if None not in quotients and left != 0 != right:
            left, right = quotients[0] or 0, quotients[1] or 0
    open_sizes = sorted({*names(left), *names(right)})
    if not open_sizes or len(open_sizes) > MOST_SIZES or is_unknown(left) or is_unknown(right):
        return None
    counter_example = _counter_example(left, right, open_sizes, made)
    if counter_example is None:
        return None
    if len(open_sizes) > 1:
        return Condition(node, left, right, f"{left} = {right}", counter_example)
    text, multiple, is_lasting = _of_one_size(left, right, open_sizes[0])
    return Condition(node, left, right, text, counter_example, multiple, is_lasting)


def _counter_example(left: Size, right: Size, open_sizes: list[str], made: Iterable[Size]) -> Mapping[str, int] | None:
    """The smallest sizes that are not right, first those that are small together.

    They are none for which a layer before has nothing to give: then the input is too small for that.
    """
    before = [size for size in made if {*names(size)} <= {*open_sizes} and not is_unknown(size)]
    most = 2 * LONGEST if len(open_sizes) == 1 else 12
    tried = sorted(product(range(1, most + 1), repeat=len(open_sizes)), key=lambda each: (max(each), each))
    for each in tried:
        sizes = dict(zip(open_sizes, each, strict=True))
        is_right = evaluate(left, sizes) == evaluate(right, sizes)
        if not is_right and all(_is_some(size, sizes) for size in before):
            return sizes
    return None


def _is_some(size: Size, sizes: Mapping[str, int]) -> bool:
    """Whether an axis has any positions."""
    number = evaluate(size, sizes)
    return not isinstance(number, int) or number > 0


def _of_one_size(left: Size, right: Size, name: str) -> tuple[str, int | None, bool]:
    """The condition in words; the number whose multiples fulfil it; and whether there are sizes above all others."""
    fits = [evaluate(left, {name: size}) == evaluate(right, {name: size}) for size in range(3 * LONGEST)]
    right_ones = [size for size in range(1, len(fits)) if fits[size]]
    if not any(fits[LONGEST:]):
        if not right_ones or len(right_ones) > MOST_SHOWN:
            return f"{left} = {right}", None, False
        return f"{name} is {' or '.join(map(str, right_ones))}", None, False
    # What is cut off at the start, as by a window that does not fit, comes before the first period.
    period = next((each for each in count(1) if each > LONGEST or fits[LONGEST:-each] == fits[LONGEST + each :]), 0)
    remainders = sorted({size % period for size in right_ones if size >= LONGEST}) if period <= LONGEST else []
    if remainders == [0]:
        return f"{name} is a multiple of {period}", period, True
    if not remainders or len(remainders) > MOST_SHOWN:
        return f"{left} = {right}", None, True
    multiple = period if 0 in remainders else None
    return f"{name} divided by {period} leaves {' or '.join(map(str, remainders))}", multiple, True
