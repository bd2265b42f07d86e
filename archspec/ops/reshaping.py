"""The same values in the same order, with axes joined or taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

from pydantic import Field

from archspec.expression import written
from archspec.kept import Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axis_of
from archspec.setting import (
    OpenCounts,
    Whole,
)
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sights, Somewhere, along, pointwise
from archspec.size import Size, differs


@final
class Flatten(Op):
    """Joins neighbouring axes, from `start` to `end` inclusive, into one; the last of them varies fastest.

    Axes are numbered from 0; negative numbers count from the last axis, which is -1. By default the batch, axis 0,
    stays as it is, and everything else is joined.

    Shapes: `[batch, a, b, ...] -> [batch, a*b*...]` by default.
    Source: `torch.nn.Flatten`.
    """

    name = "flatten"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    start: Whole = Field(1, description="first axis that is joined")
    end: Whole = Field(-1, description="last axis that is joined")

    def infer(self, x: Shape) -> Shape:
        # A single number counts as one axis, of size 1.
        axes = max(x.rank, 1)
        for setting, axis in (("start", self.start), ("end", self.end)):
            if not -axes <= axis < axes:
                raise ShapeError(
                    f"has no axis {axis} to {setting} at: the input has {x.rank} {'axis' if x.rank == 1 else 'axes'}",
                    setting=setting,
                    help=f"use a number from {-axes} to {axes - 1}",
                )
        first, last = self.start % axes, self.end % axes
        if first > last:
            raise ShapeError(
                f"would start at axis {self.start}, which comes after its end at axis {self.end}",
                setting="end",
                help=f"use an `end` of {first} or more, or -1 for the last axis",
            )
        return x.with_sizes((*x[:first], prod(x[first : last + 1]), *x[last + 1 :]))

    def calculation(self, axis: int, x: Shape) -> str:
        first, last = self.start % max(x.rank, 1), self.end % max(x.rank, 1)
        return (
            "*".join(str(size) if isinstance(size, int) else f"({size})" for size in x[first : last + 1])
            if (axis == first < last)
            else ""
        )

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        if not x.rank:
            return ((),)
        first, last = self.start % x.rank, self.end % x.rank
        joined = [along(first) if first == last else Somewhere(first, 1)] * (last - first + 1)
        behind = (along(axis - (last - first)) for axis in range(last + 1, x.rank))
        return ((*pointwise(first), *joined, *behind),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 16, 5, 5]),
            Example.of(cls(start=2), [2, 3, 4, 5]),
            Example.of(cls(start=0, end=1), [2, 3, 4], element=Element.INT),
            Example.of(cls(start=-2), [2, 3, 4], element=Element.BOOL),
        )


@final
class Unflatten(Op):
    """Takes an axis apart into several, of which the last varies fastest; undoes `flatten`.

    One of the sizes may be -1, which stands for the size that follows from the others.

    Shapes: `[batch, a*b, ...] -> [batch, a, b, ...]` with `axis: 1, sizes: [a, b]`.
    Source: `torch.nn.Unflatten`.
    """

    name = "unflatten"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(description="axis that is taken apart, from 0; negative numbers count from the last, -1")
    sizes: OpenCounts = Field(description="the size of each axis that is made of it; one may be -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        if not self.sizes:
            raise ShapeError(
                f"makes no axes of axis {axis}, which has {x[axis]}",
                setting="sizes",
                help="`squeeze` takes an axis away whose size is 1",
            )
        sizes = _completed(self.sizes, x[axis])
        if differs(x[axis], prod(sizes)):
            raise ShapeError(
                f"makes {written(self.sizes)} of axis {axis}, which is {prod(sizes)} positions, but it has {x[axis]}",
                setting="sizes",
                help=f"use sizes whose product is {x[axis]}, or -1 for one of them",
            )
        return x.with_sizes((*x[:axis], *sizes, *x[axis + 1 :]))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axis = axis_of(x, self.axis)
        behind = (along(each + len(self.sizes) - 1) for each in range(axis + 1, x.rank))
        return ((*pointwise(axis), along(axis) if len(self.sizes) == 1 else EVERYTHING, *behind),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1, sizes=(2, 4)), [2, 8, 5]),
            Example.of(cls(axis=-1, sizes=(3, -1, 2)), [2, 3, 12], element=Element.INT),
        )


@final
class Reshape(Op):
    """The same values in the same order, the last axis varying fastest, with other axes.

    Shapes: `[...] -> [sizes...]`, where both have the same number of elements.
    Source: `torch.reshape`.

    The sizes are those of all axes, the batch included: in `reshape([B, C, H * W])` the names are those that the
    declaration of the input gives to its axes. One size may be -1, which stands for the size that follows from the
    others.
    """

    name = "reshape"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    sizes: OpenCounts = Field(description="the size of each axis of the output; one may be -1")

    def infer(self, x: Shape) -> Shape:
        given = x.elements
        sizes = _completed(self.sizes, given)
        wanted = prod(sizes)
        if differs(given, wanted):
            raise ShapeError(
                f"needs as many elements as the input has, but {written(self.sizes)} has {wanted} and {x} has {given}",
                setting="sizes",
                help="the product of the sizes must stay the same",
            )
        return x.with_sizes(sizes)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        pairs = zip(x, self.infer(x), strict=False)
        kept = next((axis for axis, (size, wanted) in enumerate(pairs) if size != wanted), min(x.rank, len(self.sizes)))
        return ((*pointwise(kept), *(EVERYTHING for _ in range(kept, x.rank))),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(sizes=(2, 4, 2, 5, 5)), [2, 8, 5, 5]),
            Example.of(cls(sizes=(2, -1, 3)), [2, 5, 6]),
            Example.of(cls(sizes=(6,)), [2, 3], element=Element.INT),
        )


def _completed(sizes: Sequence[Size], total: Size) -> tuple[Size, ...]:
    """The sizes with what follows from the others where one of them is -1; `total` is their product."""
    open_places = [place for place, size in enumerate(sizes) if size == -1]
    if not open_places:
        return tuple(sizes)
    if len(open_places) > 1:
        raise ShapeError(
            f"has {len(open_places)} sizes of -1, but only one can follow from the others",
            setting="sizes",
            help="write all sizes but one",
        )
    others = prod(size for size in sizes if size != -1)
    if differs(total % others, 0):
        raise ShapeError(
            f"leaves a size open, but the others, {others} together, do not divide the {total} that are to be shared "
            "out",
            setting="sizes",
            help=f"use sizes whose product divides {total}",
        )
    (place,) = open_places
    return (*sizes[:place], total // others, *sizes[place + 1 :])
