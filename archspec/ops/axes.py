"""Axes taken away, added, exchanged, and taken apart into values of their own; the values stay as they are."""

from __future__ import annotations

from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept, view
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import axes_of, axis_of
from archspec.setting import MOST_PARTS, Axes, Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, Somewhere, along, only, pointwise
from archspec.size import differs

AxisOrAxes: TypeAlias = Annotated[
    Whole | Annotated[Axes, Field(min_length=1)], Says("a whole number, or a list of them")
]
"""One axis or several by number, each counted from 0 or, where it is negative, from the last, which is -1."""


@final
class Squeeze(Op):
    """Takes away an axis, or several, of size 1.

    Shapes: `[batch, 1, ...] -> [batch, ...]` with `axes: 1`.
    Source: `torch.squeeze`, which leaves an axis of any other size where it is; here that is an error.
    """

    name = "squeeze"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axes: AxisOrAxes = Field(description="axis or axes of size 1, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        gone = axes_of(x, self.axes)
        for axis in gone:
            if differs(x[axis], 1):
                raise ShapeError(
                    f"takes away axis {axis}, which must have a size of 1, but it has {x[axis]}",
                    setting="axes",
                    help="`flatten` joins axes, and `select` takes what stands at one position",
                )
        return x.with_sizes(size for axis, size in enumerate(x) if axis not in gone)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        gone = axes_of(x, self.axes)
        left = [axis for axis in range(x.rank) if axis not in gone]
        return (tuple(only(0) if axis in gone else along(left.index(axis)) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=1), [2, 1, 8]),
            Example.of(cls(axes=(-1, -2)), [2, 3, 1, 1], element=Element.BOOL),
        )


@final
class Unsqueeze(Op):
    """A new axis of size 1.

    Shapes: `[batch, ...] -> [batch, 1, ...]` with `axis: 1`.
    Source: `torch.unsqueeze`.
    """

    name = "unsqueeze"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(description="the new axis, from 0; negative numbers count from the last of the result, -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis, more=1)
        return x.with_sizes((*x[:axis], 1, *x[axis:]))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        new = axis_of(x, self.axis, more=1)
        return (tuple(along(axis + (axis >= new)) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1), [2, 8]),
            Example.of(cls(axis=-1), [2, 3, 4], element=Element.INT),
        )


@final
class Transpose(Op):
    """The same values with two axes exchanged: `y[..., j, ..., i, ...] = x[..., i, ..., j, ...]`.

    Shapes: `[batch, a, b] -> [batch, b, a]` with `first: 1, second: 2`.
    Source: `torch.transpose`.
    """

    name = "transpose"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    first: Whole = Field(description="one of the axes, from 0; negative numbers count from the last, -1")
    second: Whole = Field(description="the other axis")

    def infer(self, x: Shape) -> Shape:
        # A single number counts as one axis, but has none to exchange.
        first, second = axes_of(x, self.first, "first"), axes_of(x, self.second, "second")
        order = dict(zip(first + second, second + first, strict=True))
        return x.with_sizes(x[order.get(axis, axis)] for axis in range(x.rank))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        first, second = axes_of(x, self.first, "first"), axes_of(x, self.second, "second")
        order = dict(zip(first + second, second + first, strict=True))
        return (tuple(along(order.get(axis, axis)) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(first=1, second=2), [2, 3, 4]),
            Example.of(cls(first=-1, second=0), [2, 3, 4, 5], element=Element.INT),
        )


@final
class Unstack(Op):
    """What stands at each position along an axis, as values of their own without that axis; undoes `stack`.

    Shapes: `[batch, parts, ...] ->` as many times as there are parts `[batch, ...]` by default.
    Source: `torch.unbind`.
    """

    name = "unstack"
    family = Family.RESHAPING
    traits = frozenset({Trait.CUT})
    accepts = frozenset(Element)

    parts: Annotated[int, Field(ge=1, le=MOST_PARTS), Says(f"a whole number from 1 to {MOST_PARTS}")] = Field(
        description="number of values, which is the size of the axis"
    )
    axis: Whole = Field(1, description="axis that is taken apart, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> tuple[Shape, ...]:
        axis = axis_of(x, self.axis)
        if differs(x[axis], self.parts):
            raise ShapeError(
                f"gives {self.parts} values, but axis {axis} of the input has {x[axis]}",
                setting="parts",
                help=f"use {x[axis]}",
            )
        return (x.with_sizes((*x[:axis], *x[axis + 1 :])),) * self.parts

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        # Which position it is is told by which of the outputs it is.
        axis = axis_of(x, self.axis)
        behind = (along(each - 1) for each in range(axis + 1, x.rank))
        return ((*pointwise(axis), Somewhere(None, 1), *behind),)

    def kept(self, x: Shape) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(parts=3), [2, 3, 4]),
            Example.of(cls(parts=4, axis=-1), [2, 3, 4], element=Element.INT),
        )
