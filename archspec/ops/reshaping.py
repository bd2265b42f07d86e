"""Changes of shape: the values stay as they are, or are repeated, left out or interpolated."""

from __future__ import annotations

from math import prod
from typing import Annotated, Final, Literal, TypeAlias, final

from pydantic import Field

from archspec.expression import written
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axis_of, counted
from archspec.ops.window import check_margins, ends, per_axis, space
from archspec.setting import (
    Axes,
    Counts,
    Flag,
    Margin,
    Margins,
    Number,
    OptionalPlace,
    Parts,
    Place,
    Positive,
    PositivePerAxis,
    Says,
    Whole,
)
from archspec.shape import Element, Shape
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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 16, 5, 5]),
            Example.of(cls(start=2), [2, 3, 4, 5]),
            Example.of(cls(start=0, end=1), [2, 3, 4], element=Element.INT),
            Example.of(cls(start=-2), [2, 3, 4], element=Element.BOOL),
        )


@final
class Reshape(Op):
    """The same values in the same order, the last axis varying fastest, with other axes.

    Shapes: `[...] -> [sizes...]`, where both have the same number of elements.
    Source: `torch.reshape`.

    The sizes are those of all axes, the batch included: in `reshape([B, C, H * W])` the names are those that the
    declaration of the input gives to its axes.
    """

    name = "reshape"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    sizes: Counts = Field(description="the size of each axis of the output")

    def infer(self, x: Shape) -> Shape:
        given, wanted = x.elements, prod(self.sizes)
        if differs(given, wanted):
            raise ShapeError(
                f"needs as many elements as the input has, but {written(self.sizes)} has {wanted} and {x} has {given}",
                setting="sizes",
                help="the product of the sizes must stay the same",
            )
        return x.with_sizes(self.sizes)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(sizes=(2, 4, 2, 5, 5)), [2, 8, 5, 5]),
            Example.of(cls(sizes=(6,)), [2, 3], element=Element.INT),
        )


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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(parts=3), [2, 12]),
            Example.of(cls(parts=(1, 3, 4), axis=-1), [2, 3, 8], element=Element.INT),
            Example.of(cls(parts=1), [2, 3]),
        )


_Margins: TypeAlias = Annotated[
    Margin | Margins,
    Says(
        "a whole number of at least 0, or a list with one entry for each axis of space, "
        "a number or a pair `[before, after]`"
    ),
]


@final
class Pad(Op):
    """Positions added at the ends of each axis of space.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `before + n + after`.
    Source: `torch.nn.functional.pad`.

    `margins` is one number for both ends of all axes of space, or a list with one entry for each; in that list, a pair
    `[before, after]` pads the two ends of an axis differently. They are filled with `value`; with the mirror image of
    the input (`reflect`, which leaves out the outermost position, so that each margin must be below the size); with the
    outermost value (`replicate`); or with what stands at the other end (`circular`).
    """

    name = "pad"
    family = Family.RESHAPING

    margins: _Margins = Field(description="positions that are added at the ends of each axis of space")
    mode: Literal["constant", "reflect", "replicate", "circular"] = Field(
        "constant", description="what the margins are filled with"
    )
    value: Number = Field(0.0, description="what they are filled with where the mode is `constant`")

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        margins = self.ends(x)
        if self.mode != "constant" and self.value != 0:
            raise ShapeError(
                f"has a value of {self.value}, which the mode `{self.mode}` does not use",
                setting="value",
                help="leave out the `value`, or use the mode `constant`",
            )
        check_margins(sizes, margins, self.mode, "mode", "use smaller `margins`")
        padded = (before + size + after for size, (before, after) in zip(sizes, margins, strict=True))
        return x.with_sizes((*x[:2], *padded))

    def ends(self, x: Shape) -> tuple[tuple[Size, Size], ...]:
        """What is added before and after each axis of space."""
        return ends(self.margins, x.rank - 2, "margins")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(margins=1), [2, 3, 5, 5]),
            Example.of(cls(margins=(2, (0, 1)), value=-1.0), [2, 3, 5, 4]),
            Example.of(cls(margins=((2, 0),), mode="reflect"), [2, 3, 5]),
            Example.of(cls(margins=(1, 0, (1, 2)), mode="replicate"), [2, 3, 3, 4, 5]),
            Example.of(cls(margins=2, mode="circular"), [2, 3, 5, 4]),
        )


_SPACE_OF: Final = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""The ways to interpolate that are for one number of axes of space only."""


@final
class Upsample(Op):
    """Each axis of space made longer by a whole factor; what comes between the values is interpolated.

    Shapes: `[batch, channels, space...] -> [batch, channels, scale*space...]`.
    Source: `torch.nn.Upsample`.

    `nearest` repeats each value. `linear`, `bilinear` and `trilinear` interpolate linearly along one, two or three axes
    of space, and `bicubic` with cubic polynomials along two. They take values for the centres of equal cells; with
    `align_corners: true`, for points, the first and the last of which stay where they are.
    """

    name = "upsample"
    family = Family.RESHAPING

    scale: PositivePerAxis = Field(description="factor of the size of each axis of space")
    mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear"] = Field(
        "nearest", description="how values are interpolated"
    )
    align_corners: Flag = Field(False, description="whether the outermost values stay at the ends of each axis")

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        factors = per_axis(self.scale, len(sizes), "scale")
        if self.mode in _SPACE_OF and _SPACE_OF[self.mode] != len(sizes):
            fitting = [mode for mode, axes in _SPACE_OF.items() if axes == len(sizes)]
            raise ShapeError(
                f"interpolates `{self.mode}`, which needs {counted(_SPACE_OF[self.mode])} of space, but the input has "
                f"{len(sizes)}",
                setting="mode",
                help=f"use `{fitting[0]}`, or `nearest`",
            )
        if self.mode == "nearest" and self.align_corners:
            raise ShapeError(
                "aligns corners, which `nearest` cannot do",
                setting="align_corners",
                help="leave out `align_corners`, or use another `mode`",
            )
        return x.with_sizes((*x[:2], *(size * factor for size, factor in zip(sizes, factors, strict=True))))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(scale=2), [2, 3, 4, 5]),
            Example.of(cls(scale=(2, 1, 3)), [2, 3, 4, 5, 2]),
            Example.of(cls(scale=3, mode="linear"), [2, 3, 4]),
            Example.of(cls(scale=(2, 3), mode="bilinear", align_corners=True), [2, 3, 4, 5]),
            Example.of(cls(scale=2, mode="bicubic"), [2, 3, 4, 5]),
            Example.of(cls(scale=2, mode="trilinear"), [2, 3, 2, 3, 2]),
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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(), [2, 3], element=Element.INT))
