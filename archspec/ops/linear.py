"""Fully connected layers."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.parametrisation import Parametrisation, computed, kept, starting, trained
from archspec.setting import Count, Flag
from archspec.shape import Shape
from archspec.sight import Sights, everywhere
from archspec.size import Size


@final
class Linear(Op):
    """A fully connected layer over the last axis: `y = x W^T + b`.

    Shapes: `[..., in] -> [..., features]`.
    Source: the usual affine layer; `torch.nn.Linear`.

    The weight `W` has the shape `[features, in]`. `weight_norm` trains a length for each of its rows, which are the
    features of the output; `spectral_norm` follows its largest singular value by one step of the power iteration at
    each use in training.
    """

    name = "linear"
    family = Family.LINEAR

    features: Count = Field(description="size of the last axis of the output")
    bias: Flag = Field(True, description="whether a trained number is added to each feature")
    parametrisation: Parametrisation = "none"

    def infer(self, x: Shape) -> Shape:
        if x.rank < 1:
            raise ShapeError("needs at least one axis")
        return x.with_axis(-1, self.features)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, x.rank - 1),)

    def weight_shape(self, x: Shape) -> Shape:
        """The shape of the matrix."""
        return Shape.of(self.features, x[-1])

    def weights(self, x: Shape) -> dict[str, Shape]:
        weights = trained(self.weight_shape(x), self.parametrisation)
        return weights | {"bias": Shape.of(self.features)} if self.bias else weights

    def starts(self, x: Shape) -> dict[str, Shape]:
        return starting(self.weights(x))

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return kept(self.weight_shape(x), self.parametrisation)

    def macs(self, x: Shape) -> Size:
        return x.elements * self.features

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=computed(self.weight_shape(x), self.parametrisation))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(features=10), [2, 84]),
            Example.of(cls(features=16), [2, 5, 8]),
            Example.of(cls(features=3, bias=False), [4]),
            Example.of(cls(features=3, parametrisation="weight_norm"), [2, 4]),
            Example.of(cls(features=3, parametrisation="spectral_norm"), [2, 4]),
        )
