"""Values that are there several times."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axis_of, counted, seen_when_laid_over
from archspec.setting import (
    Count,
    Counts,
    Whole,
)
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, MOST_PARTS, Sight, Sights, Sliding, Somewhere, along
from archspec.size import differs


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
class Tile(Op):
    """The whole value several times over along each axis, one copy behind the other: `y[i] = x[i mod n]`.

    The numbers of repeats are laid over the axes from the last on. Where there are more of them than axes, the value
    gets new axes in front; axes for which there is none stay as they are.

    Shapes: `[a, b] -> [2*a, 3*b]` with `repeats: [2, 3]`.
    Source: `torch.tile`.
    """

    name = "tile"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    repeats: Counts = Field(description="how many copies there are along each axis; 1 leaves an axis as it is")

    def infer(self, x: Shape) -> Shape:
        rank = max(x.rank, len(self.repeats))
        sizes = (*[1] * (rank - x.rank), *x)
        repeats = (*[1] * (rank - len(self.repeats)), *self.repeats)
        return x.with_sizes(size * times for size, times in zip(sizes, repeats, strict=True))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        new = max(len(self.repeats) - x.rank, 0)
        repeats = (*[1] * (x.rank - len(self.repeats)), *self.repeats[new:])
        return (
            tuple(along(axis + new) if times == 1 else Somewhere(axis + new, 1) for axis, times in enumerate(repeats)),
        )

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(repeats=(1, 2, 3)), [2, 3, 4]),
            Example.of(cls(repeats=(2,)), [2, 3], element=Element.INT),
            Example.of(cls(repeats=(3, 1, 2)), [4]),
        )


@final
class RepeatInterleave(Op):
    """Each position along an axis several times in a row: `y[i] = x[floor(i/repeats)]`.

    Shapes: `[batch, n, ...] -> [batch, repeats*n, ...]` by default.
    Source: `torch.repeat_interleave`; it gives each group of the queries its own copy of keys and values in Ainslie et
    al., "GQA: training generalized multi-query transformer models from multi-head checkpoints", 2023.
    """

    name = "repeat_interleave"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    repeats: Count = Field(description="how often each position is there")
    axis: Whole = Field(1, description="axis that becomes longer, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        return x.with_axis(axis, x[axis] * self.repeats)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axis, repeats = axis_of(x, self.axis), self.repeats
        repeated: Sight = Somewhere(axis, 1)
        if isinstance(repeats, int) and repeats <= MOST_PARTS:
            repeated = Sliding(axis, ((0, 0),) * repeats, 1)
        return (tuple(repeated if each == axis else along(each) for each in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(repeats=3), [2, 4, 5]),
            Example.of(cls(repeats=2, axis=-1), [2, 3], element=Element.BOOL),
        )
