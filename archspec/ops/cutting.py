"""Parts of an axis: one position, several, or all of it in parts."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.expression import written
from archspec.kept import Kept, view
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import axis_of
from archspec.setting import (
    OptionalPlace,
    Parts,
    Place,
    Positive,
    Whole,
)
from archspec.shape import Element, Shape
from archspec.sight import Sight, Sights, Sliding, Somewhere, along, only, pointwise
from archspec.size import Size, below, differs


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
