"""How the shapes of several inputs go together, and how an axis is named.

Sizes that are open may turn out equal or not. Where nothing decides, they are taken to agree, and the size that says
most is kept: a number before a name, and a name before a size of which nothing is known. Where two sizes differ for
every input, there is an error, which names the axis and both sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from archspec.expression import is_unknown
from archspec.op import ShapeError
from archspec.shape import Element, Shape
from archspec.sight import Sight, along, only
from archspec.size import Size, differs

_RANKS: Final = {Element.BOOL: 0, Element.INT: 1, Element.FLOAT: 2}


def agreed(left: Size, right: Size) -> Size | None:
    """The size that both are, as far as it is known; `None` where they differ for every input."""
    return None if differs(left, right) else min(left, right, key=_openness)


def _openness(size: Size) -> int:
    return 0 if isinstance(size, int) else 2 if is_unknown(size) else 1


def broadcast_size(left: Size, right: Size) -> Size | None:
    """The size of an axis that two shapes share, where an axis of 1 is repeated; `None` where they do not go together.

    Two sizes that are never equal go together where one of them may be 1.
    """
    if left == 1 or right == 1:
        return right if left == 1 else left
    if (found := agreed(left, right)) is not None:
        return found
    return right if not differs(left, 1) else left if not differs(right, 1) else None


def broadcast(left: Sequence[Size], right: Sequence[Size]) -> tuple[Size, ...]:
    """The sizes of the result of an elementwise operation on two shapes, whose last axes are laid over each other."""
    pairs = list(zip_longest(reversed(left), reversed(right), fillvalue=1))
    sizes = [broadcast_size(*pair) for pair in pairs]
    wrong = [place for place, size in enumerate(sizes, start=1) if size is None]
    if wrong:
        # Shapes with different numbers of axes have only those in common that are counted from the end.
        axes = len(left) if len(left) == len(right) else 0
        one, other = pairs[wrong[0] - 1]
        raise ShapeError(
            f"needs equal shapes, but axis {axes - wrong[0]} differs: {one} and {other}",
            help="give both the same size there, or one of them a size of 1, which is repeated",
            axes=tuple(-place for place in wrong),
        )
    return tuple(size for size in reversed(sizes) if size is not None)


def seen_when_laid_over(*shapes: Shape) -> tuple[tuple[Sight, ...], ...]:
    """What a position sees of each of several values that are laid over each other, from their last axes on."""
    rank = max(each.rank for each in shapes)
    return tuple(
        tuple(
            # An axis of size 1 is repeated where another shape is longer.
            along(rank - place)
            if size != 1 or all(other.rank < place or other[-place] == 1 for other in shapes)
            else only(0)
            for place, size in zip(range(each.rank, 0, -1), each, strict=True)
        )
        for each in shapes
    )


def joint_element(*elements: Element) -> Element:
    """What values of these elements are together: numbers before flags, and fractions before whole numbers."""
    return max(elements, key=lambda element: _RANKS[element])


def axis_of(x: Shape, axis: int, setting: str = "axis", *, more: int = 0) -> int:
    """The number of an axis counted from 0, where negative numbers count from the last, -1.

    `more` is how many axes there will be beside those of the input.
    """
    axes = x.rank + more
    if not -axes <= axis < axes:
        raise ShapeError(
            f"has no axis {axis}: the {'result' if more else 'input'} has {counted(axes)}",
            setting=setting,
            help=f"use a number from {-axes} to {axes - 1}" if axes else "",
        )
    return axis % axes


def axes_of(x: Shape, axes: int | Sequence[int] | None, setting: str = "axes") -> tuple[int, ...]:
    """The numbers of some axes counted from 0, in order; of all of them where none are named.

    A single number counts as one axis that can be named, though its shape has none.
    """
    if axes is None:
        return tuple(range(x.rank))
    named = (axes,) if isinstance(axes, int) else tuple(axes)
    found = [0 if x.rank == 0 and axis in (0, -1) else axis_of(x, axis, setting) for axis in named]
    twice = [axis for axis in found if found.count(axis) > 1]
    if twice:
        raise ShapeError(f"has axis {twice[0]} twice", setting=setting, help="name each axis once")
    return tuple(sorted(found)) if x.rank else ()


def check_element(x: Shape, element: Element, what: str, cure: str) -> None:
    """Refuse an input of an op whose inputs differ in what they are made of, where it is made of something else."""
    if x.element is not element:
        raise ShapeError(f"takes elements of type `{element}` as {what}, not `{x.element}`", help=cure)


def counted(axes: int) -> str:
    """A number of axes in words."""
    return "1 axis" if axes == 1 else f"{axes} axes"


def laid_over(*xs: Shape) -> tuple[Size, ...]:
    """The sizes of values that are laid over each other, position by position."""
    sizes = xs[0].sizes
    for each in xs[1:]:
        sizes = broadcast(sizes, each.sizes)
    return sizes


def same_size(axis: int, left: Size, right: Size) -> Size:
    """The size that both have at an axis; raises `ShapeError` where they differ for every input."""
    size = agreed(left, right)
    if size is None:
        raise ShapeError(
            f"needs equal shapes, but axis {axis} differs: {left} and {right}", help="give both the same size there"
        )
    return size
