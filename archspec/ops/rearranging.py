"""The same values in another order."""

from __future__ import annotations

from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of, axis_of, counted
from archspec.ops.axes import AxisOrAxes
from archspec.setting import (
    Axes,
    Place,
    Says,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, Sliding, Somewhere, along, pointwise


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
class Flip(Op):
    """The values in reverse order along an axis, or along several: `y[i] = x[n - 1 - i]`.

    Shapes: `[...] -> [...]`.
    Source: `torch.flip`.
    """

    name = "flip"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axes: AxisOrAxes = Field(description="axis or axes, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axes_of(x, self.axes)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        turned = axes_of(x, self.axes)
        return (
            tuple(
                Sliding(axis, ((size - 1, size - 1),), -1) if axis in turned else along(axis)
                for axis, size in enumerate(x)
            ),
        )

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=1), [2, 5, 3]),
            Example.of(cls(axes=(-1, 1)), [2, 3, 4], element=Element.INT),
        )


_Shifts: TypeAlias = Annotated[
    Place | Annotated[tuple[Place, ...], Field(min_length=1)], Says("a whole number, or a list of them")
]


@final
class Roll(Op):
    """The values pushed on along an axis, or along several; what leaves one end comes in at the other.

    `y[(i + shift) mod n] = x[i]` on an axis of size `n`; a negative shift pushes the other way.

    Shapes: `[...] -> [...]`.
    Source: `torch.roll`; the shifted windows of Liu et al., "Swin Transformer: hierarchical vision transformer using
    shifted windows", 2021.
    """

    name = "roll"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    shifts: _Shifts = Field(description="positions that the values move by, for each of the axes")
    axes: AxisOrAxes = Field(description="axis or axes, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        shifts = self.shifts if isinstance(self.shifts, tuple) else (self.shifts,)
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes,)
        if len(shifts) != len(axes):
            raise ShapeError(
                f"has {len(shifts)} {'shift' if len(shifts) == 1 else 'shifts'} for {counted(len(axes))}",
                setting="shifts",
                help="give as many shifts as axes",
            )
        # Along the same axis it may move twice.
        for axis in axes:
            axis_of(x, axis, "axes")
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes,)
        rolled = [axis_of(x, axis, "axes") for axis in axes] if x.rank else []
        return (tuple(Somewhere(axis, 1) if axis in rolled else along(axis) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(shifts=1, axes=1), [2, 5]),
            Example.of(cls(shifts=(-2, 3), axes=(1, -1)), [2, 5, 4, 3], element=Element.INT),
        )
