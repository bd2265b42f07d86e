"""Fully connected layers."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Count, Flag
from archspec.shape import Shape
from archspec.size import Size


@final
class Linear(Op):
    """A fully connected layer over the last axis: `y = x W^T + b`.

    Shapes: `[..., in] -> [..., features]`.
    Source: the usual affine layer; `torch.nn.Linear`.
    """

    name = "linear"
    family = Family.LINEAR

    features: Count = Field(description="size of the last axis of the output")
    bias: Flag = Field(True, description="whether a trained number is added to each feature")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 1:
            raise ShapeError("needs at least one axis")
        return x.with_axis(-1, self.features)

    def weights(self, x: Shape) -> dict[str, Shape]:
        weight = {"weight": Shape.of(self.features, x[-1])}
        return weight | {"bias": Shape.of(self.features)} if self.bias else weight

    def macs(self, x: Shape) -> Size:
        return x.elements * self.features

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(features=10), [2, 84]),
            Example.of(cls(features=16), [2, 5, 8]),
            Example.of(cls(features=3, bias=False), [4]),
        )
