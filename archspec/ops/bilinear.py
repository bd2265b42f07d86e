"""Fully connected layers over products of two inputs."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed
from archspec.ops.parametrisation import Parametrisation, computed, kept, starting, trained
from archspec.setting import Count, Flag
from archspec.shape import Shape
from archspec.sight import Sights, everywhere
from archspec.size import Size


@final
class Bilinear(Op):
    """A fully connected layer over the products of two inputs: `y[o] = left^T W[o] right + b[o]`.

    Each feature of the output has a matrix of its own, which weighs the product of each feature of the one input with
    each feature of the other.

    Shapes: `[..., left], [..., right] -> [..., features]`; all axes but the last agree.
    Source: Tenenbaum and Freeman, "Separating style and content with bilinear models", 2000; `torch.nn.Bilinear`.

    The weight has the shape `[features, left, right]`, and each position costs as many multiply-adds as it has
    elements. `weight_norm` trains a length for each feature of the output. For `spectral_norm` the weight is a matrix
    with a row for each feature of the output; its largest singular value is followed by one step of the power iteration
    at each use in training.
    """

    name = "bilinear"
    family = Family.LINEAR

    features: Count = Field(description="size of the last axis of the output")
    bias: Flag = Field(True, description="whether a trained number is added to each feature")
    parametrisation: Parametrisation = "none"

    def infer(self, left: Shape, right: Shape) -> Shape:
        if left.rank != right.rank:
            raise ShapeError(
                f"needs inputs with the same number of axes, but the first has {left.rank} and the second {right.rank}",
                help="`broadcast` and `reshape` give an input further axes",
            )
        if left.rank < 1:
            raise ShapeError("needs at least one axis", help="the last axis holds the features")
        sizes = []
        for axis, pair in enumerate(zip(left[:-1], right[:-1], strict=True)):
            if (size := agreed(*pair)) is None:
                raise ShapeError(
                    f"needs inputs that differ in their last axis alone, but axis {axis} has {pair[0]} in the first "
                    f"and {pair[1]} in the second",
                    help="`broadcast` repeats an axis of 1",
                )
            sizes.append(size)
        return left.with_sizes((*sizes, self.features))

    def sees(self, left: Shape, right: Shape) -> tuple[Sights, ...]:
        return everywhere(left.rank, left.rank - 1), everywhere(right.rank, right.rank - 1)

    def weight_shape(self, left: Shape, right: Shape) -> Shape:
        """The shape of the matrices of all features together."""
        return Shape.of(self.features, left[-1], right[-1])

    def weights(self, left: Shape, right: Shape) -> dict[str, Shape]:
        weights = trained(self.weight_shape(left, right), self.parametrisation)
        return weights | {"bias": Shape.of(self.features)} if self.bias else weights

    def starts(self, left: Shape, right: Shape) -> dict[str, Shape]:
        return starting(self.weights(left, right))

    def buffers(self, left: Shape, right: Shape) -> dict[str, Shape]:
        return kept(self.weight_shape(left, right), self.parametrisation)

    def macs(self, left: Shape, right: Shape) -> Size:
        return self.infer(left, right).elements * left[-1] * right[-1]

    def kept(self, left: Shape, right: Shape) -> Kept:
        return Kept(inputs=(0, 1), further=computed(self.weight_shape(left, right), self.parametrisation))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(features=5), [2, 3], [2, 4]),
            Example.of(cls(features=2, bias=False), [2, 6, 4], [2, 6, 3]),
            Example.of(cls(features=3, parametrisation="weight_norm"), [4], [2]),
            Example.of(cls(features=3, parametrisation="spectral_norm"), [2, 4], [2, 5]),
        )
