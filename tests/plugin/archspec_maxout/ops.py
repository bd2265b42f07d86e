"""The op: its settings, its rule of shapes, its weights and its cost."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec import Example, Family, Op, Shape, ShapeError, Size
from archspec.setting import Count, Flag, Positive


@final
class Maxout(Op):
    """The largest of several linear functions: `y[i] = max over k of (x . W[i, k] + b[i, k])`.

    Shapes: `[..., in] -> [..., features]`.
    Source: Goodfellow et al., "Maxout networks", 2013.
    """

    name = "maxout"
    family = Family.LINEAR

    features: Count = Field(description="size of the last axis of the output")
    pieces: Positive = Field(2, description="linear functions of which each feature is the largest")
    bias: Flag = Field(True, description="whether a trained number is added to each of the functions")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 1:
            raise ShapeError("needs at least one axis")
        return x.with_axis(-1, self.features)

    def weights(self, x: Shape) -> dict[str, Shape]:
        weight = {"linear.weight": Shape.of(self.features * self.pieces, x[-1])}
        return weight | {"linear.bias": Shape.of(self.features * self.pieces)} if self.bias else weight

    def macs(self, x: Shape) -> Size:
        return x.elements * self.features * self.pieces

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(features=10), [2, 84]),
            Example.of(cls(features=4, pieces=3, bias=False), [2, 5, 8]),
        )
