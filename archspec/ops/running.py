"""Sums and products of all values so far along an axis."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op
from archspec.ops.agreement import axes_of
from archspec.ops.reduction import summed
from archspec.setting import Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere


class Running(Op, ABC):
    """What the values along an axis come to, up to each place."""

    family = Family.REDUCTION
    accepts = frozenset(Element)

    axis: Whole = Field(description="axis along which it runs, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axes_of(x, self.axis, "axis")
        return Shape(x.sizes, summed(x.element))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *axes_of(x, self.axis, "axis")),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1), [2, 5, 8]),
            Example.of(cls(axis=-1), [2, 3], element=Element.INT),
            Example.of(cls(axis=0), [4], element=Element.BOOL),
        )


@final
class Cumsum(Running):
    """The running sum along an axis: `y[t] = x[0] + x[1] + ... + x[t]`.

    The running sum of flags counts those that are true.

    Shapes: `[...] -> [...]`.
    Source: the partial sums; `torch.cumsum`.
    """

    name = "cumsum"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Cumprod(Running):
    """The running product along an axis: `y[t] = x[0] * x[1] * ... * x[t]`.

    Flags count as 0 and 1.

    Shapes: `[...] -> [...]`.
    Source: the partial products; `torch.cumprod`.
    """

    name = "cumprod"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))
