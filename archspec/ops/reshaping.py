"""Changes of shape: the values stay as they are, but some may be left out, or be there several times."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import final

from pydantic import Field

from archspec.expression import written
from archspec.kept import Kept, view
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import axis_of, counted, seen_when_laid_over
from archspec.setting import (
    Axes,
    Counts,
    OpenCounts,
    OptionalPlace,
    Parts,
    Place,
    Positive,
    Whole,
)
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sight, Sights, Sliding, Somewhere, along, only, pointwise
from archspec.size import Size, below, differs


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


@final
class Permute(Op):
    """The same values with the axes in another order.

    Shapes: `[a, b, c] -> [b, c, a]` with `axes: [1, 2, 0]`: axis `i` of the output is axis `axes[i]` of the input.
    Source: `torch.permute`.
    """

    name = "permute"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axes: Axes = Field(description="axes of the input in the order of the output; negative ones count from the last")

    def infer(self, x: Shape) -> Shape:
        if len(self.axes) != x.rank:
            raise ShapeError(
                f"puts {counted(len(self.axes))} in order, but the input has {counted(x.rank)}",
                setting="axes",
                help="list each axis of the input once, the batch included",
            )
        order = [axis_of(x, axis, "axes") for axis in self.axes]
        twice = [axis for axis in order if order.count(axis) > 1]
        if twice:
            raise ShapeError(f"has axis {twice[0]} twice", setting="axes", help="list each axis of the input once")
        return x.with_sizes(x[axis] for axis in order)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        order = [axis_of(x, axis, "axes") for axis in self.axes]
        return (tuple(along(order.index(axis)) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=(0, 2, 3, 1)), [2, 8, 5, 6]),
            Example.of(cls(axes=(0, -1, 1)), [2, 3, 4], element=Element.BOOL),
        )


@final
class Select(Op):
    """What stands at one position along an axis; the axis is gone.

    Shapes: `[batch, n, ...] -> [batch, ...]` with `axis: 1`.
    Source: `torch.select`.
    """

    name = "select"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(description="axis that is left out, from 0; negative numbers count from the last, -1")
    index: Place = Field(description="position along the axis, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        size = x[axis]
        last = -1 - self.index if below(self.index, 0) else self.index
        if below(size, last + 1):
            raise ShapeError(
                f"takes position {self.index}, but axis {axis} of the input has only {size}",
                setting="index",
                help=f"use a number from {-size} to {size - 1}",
            )
        return x.with_sizes((*x[:axis], *x[axis + 1 :]))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axis = axis_of(x, self.axis)
        place = x[axis] + self.index if below(self.index, 0) else self.index
        return ((*pointwise(axis), only(place), *(along(each - 1) for each in range(axis + 1, x.rank))),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1, index=0), [2, 5, 8]),
            Example.of(cls(axis=-1, index=-2), [2, 3, 4, 5], element=Element.INT),
        )


@final
class Slice(Op):
    """The positions along an axis from `start` to just before `end`, every `step` of them.

    Shapes: `[batch, n, ...] -> [batch, ceil((end - start)/step), ...]` with `axis: 1`.
    Source: `torch.narrow` and the slices of Python.

    Positions count from 0, negative ones from the end. Both ends lie on the axis: unlike in Python, a slice is never
    shorter than it reads.
    """

    name = "slice"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(description="axis that is cut, from 0; negative numbers count from the last, -1")
    start: Place = Field(0, description="first position; negative numbers count from the end")
    end: OptionalPlace = Field(None, description="position after the last; negative numbers count from the end")
    step: Positive = Field(1, description="distance between positions; 1 takes them all")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        size = x[axis]
        start = self._place(self.start, size, axis, "start")
        end = size if self.end is None else self._place(self.end, size, axis, "end")
        if below(end, start + 1):
            raise ShapeError(
                f"takes nothing: it starts at position {start} and ends before position {end} of axis {axis}",
                setting="start" if self.end is None else "end",
                help="use a `start` that comes before the `end`",
            )
        return x.with_axis(axis, (end - start - 1) // self.step + 1)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axis = axis_of(x, self.axis)
        start = self._place(self.start, x[axis], axis, "start")
        sights: list[Sight] = list(pointwise(x.rank))
        sights[axis] = Sliding(axis, ((start, start),), self.step)
        return (tuple(sights),)

    @staticmethod
    def _place(place: Size, size: Size, axis: int, setting: str) -> Size:
        """The place counted from the start."""
        counted_on = size + place if below(place, 0) else place
        if below(counted_on, 0) or below(size, counted_on):
            raise ShapeError(
                f"has its {setting} at {place}, but axis {axis} of the input has only {size}",
                setting=setting,
                help=f"use a number from {-size} to {size}",
            )
        return counted_on

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1, start=1), [2, 5, 8]),
            Example.of(cls(axis=1, end=-1), [2, 5, 8]),
            Example.of(cls(axis=-1, start=1, end=6, step=2), [2, 3, 7], element=Element.INT),
            Example.of(cls(axis=0, start=-3, step=2), [5, 3]),
        )


@final
class Split(Op):
    """Several values, each with its part of an axis: into equal parts, or into parts of given sizes.

    Shapes: `[batch, n, ...] ->` as many times as there are parts `[batch, n/parts, ...]` by default.
    Source: `torch.chunk` and `torch.split`.

    `parts` must divide the axis; a list of sizes must add up to it.
    """

    name = "split"
    family = Family.RESHAPING
    traits = frozenset({Trait.CUT})
    accepts = frozenset(Element)

    parts: Parts = Field(description="number of equal parts, or a list of the size of each part")
    axis: Whole = Field(1, description="axis that is cut, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> tuple[Shape, ...]:
        axis = axis_of(x, self.axis)
        size = x[axis]
        if isinstance(self.parts, int):
            if differs(size % self.parts, 0):
                raise ShapeError(
                    f"cuts into {self.parts} equal parts, but {self.parts} does not divide axis {axis} of the input: "
                    f"{size}",
                    setting="parts",
                    help="use a number that divides it, or list the size of each part",
                )
            return (x.with_axis(axis, size // self.parts),) * self.parts
        total = sum(self.parts)
        if differs(total, size):
            raise ShapeError(
                f"has parts of {written(self.parts)}, which add up to {total}, but axis {axis} of the input has {size}",
                setting="parts",
                help=f"use sizes that add up to {size}",
            )
        return tuple(x.with_axis(axis, each) for each in self.parts)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        # Where a part begins is told by which of the outputs it is.
        axis = axis_of(x, self.axis)
        return (tuple(Somewhere(axis, 1) if each == axis else along(each) for each in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(parts=3), [2, 12]),
            Example.of(cls(parts=(1, 3, 4), axis=-1), [2, 3, 8], element=Element.INT),
            Example.of(cls(parts=1), [2, 3]),
        )


@final
class Broadcast(Op):
    """The same values repeated along axes of size 1, and along new axes in front.

    Shapes: `[1, b] -> [n, a, b]` with `sizes: [n, a, b]`. The axes are laid over each other from the last on; each axis
    of the input has the size that it is to have, or 1.
    Source: `torch.Tensor.expand`.
    """

    name = "broadcast"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    sizes: Counts = Field(description="the size of each axis of the output")

    def infer(self, x: Shape) -> Shape:
        if len(self.sizes) < x.rank:
            raise ShapeError(
                f"has sizes for {counted(len(self.sizes))}, but the input has {counted(x.rank)}",
                setting="sizes",
                help="list the size of each axis of the output, the batch included",
            )
        for axis, (size, wanted) in enumerate(zip(reversed(x), reversed(self.sizes), strict=False), start=1):
            if differs(size, wanted) and differs(size, 1):
                raise ShapeError(
                    f"repeats axis {x.rank - axis} of the input, which has {size}, to {wanted}, but only an axis of 1 "
                    "can be repeated",
                    setting="sizes",
                    help=f"keep its size of {size}",
                )
        return x.with_sizes(self.sizes)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        (sights, _) = seen_when_laid_over(x, Shape(self.sizes))
        wanted = self.sizes[len(self.sizes) - x.rank :]
        # An open size may turn out to be 1, and the axis to be repeated.
        is_open = (not isinstance(size, int) and size != other for size, other in zip(x, wanted, strict=True))
        return (tuple(EVERYTHING if each else sight for each, sight in zip(is_open, sights, strict=True)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(sizes=(2, 8, 4, 4)), [2, 8, 1, 1]),
            Example.of(cls(sizes=(2, 3, 4)), [4], element=Element.INT),
        )


@final
class Identity(Op):
    """The input as it is, such as a branch that does nothing, or a place to name a value.

    Shapes: `[...] -> [...]`.
    Source: `torch.nn.Identity`.
    """

    name = "identity"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(), [2, 3], element=Element.INT))
