"""Joining: values put one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import (
    agreed,
    axis_of,
    counted,
    joint_element,
    same_size,
)
from archspec.setting import Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, along
from archspec.size import Size


@final
class Concat(Op):
    """Two or more values, one behind the other along an axis.

    Shapes: `[batch, a, ...], [batch, b, ...] -> [batch, a + b, ...]` by default. All axes but the one along which they
    are put together must have equal sizes.
    Source: `torch.cat`.
    """

    name = "concat"
    family = Family.MERGE
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="axis along which they are joined, from 0; negative numbers count from the last")

    def infer(self, *xs: Shape) -> Shape:
        axis = axis_of(xs[0], self.axis)
        sizes = list(xs[0].sizes)
        for x in xs[1:]:
            _check_ranks(xs[0], x)
            _check_sizes(sizes, x.sizes, but=axis)
            for place, size in enumerate(x):
                sizes[place] = sizes[place] + size if place == axis else same_size(place, sizes[place], size)
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    def calculation(self, axis: int, *xs: Shape) -> str:
        return " + ".join(str(x[axis]) for x in xs) if axis == axis_of(xs[0], self.axis) else ""

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        axis = axis_of(xs[0], self.axis)
        found: list[Sights] = []
        before: Size = 0
        for x in xs:
            found.append(tuple(along(place, -before if place == axis else 0) for place in range(x.rank)))
            before = before + x[axis]
        return tuple(found)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4, 4], [2, 16, 4, 4], [2, 3, 4, 4]),
            Example.of(cls(axis=-1), [2, 3, 4], [2, 3, 5], element=Element.INT),
        )


@final
class Stack(Op):
    """Two or more values of the same shape, put together along an axis of their own.

    Shapes: `n` times `[batch, ...] -> [batch, n, ...]` by default.
    Source: `torch.stack`.
    """

    name = "stack"
    family = Family.MERGE
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="the new axis, from 0; negative numbers count from the last of the result, -1")

    def infer(self, *xs: Shape) -> Shape:
        axis = axis_of(xs[0], self.axis, more=1)
        sizes = list(xs[0].sizes)
        for x in xs[1:]:
            _check_ranks(xs[0], x)
            _check_sizes(sizes, x.sizes)
            sizes = [same_size(place, *pair) for place, pair in enumerate(zip(sizes, x, strict=True))]
        sizes.insert(axis, len(xs))
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        axis = axis_of(xs[0], self.axis, more=1)
        return tuple(tuple(along(place + (place >= axis)) for place in range(x.rank)) for x in xs)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8], [2, 8]),
            Example.of(cls(axis=-1), [2, 3, 4], [2, 3, 4], element=Element.BOOL),
        )


def _check_ranks(first: Shape, other: Shape) -> None:
    if first.rank != other.rank:
        raise ShapeError(
            f"needs equally many axes in each input, but one has {counted(first.rank)} and one {other.rank}"
        )


def _check_sizes(left: Sequence[Size], right: Sequence[Size], but: int | None = None) -> None:
    """Refuse values of which any axis differs, but for one that may."""
    pairs = enumerate(zip(left, right, strict=True))
    wrong = tuple(axis for axis, pair in pairs if axis != but and agreed(*pair) is None)
    if wrong:
        raise ShapeError(
            f"needs equal shapes, but axis {wrong[0]} differs: {left[wrong[0]]} and {right[wrong[0]]}",
            help="give both the same size there",
            axes=wrong,
        )
