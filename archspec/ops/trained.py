"""Trained numbers that stand alone: that scale or shift each feature, or that are positions of a sequence."""

from __future__ import annotations

from abc import ABC
from typing import Literal, final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axis_of
from archspec.setting import Count, Number, Whole
from archspec.shape import Shape
from archspec.sight import Sights, along, pointwise


class PerFeature(Op, ABC):
    """One trained number for each place along an axis, the same for all other axes."""

    family = Family.NORMALISATION

    axis: Whole = Field(-1, description="axis of the features, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axis_of(x, self.axis)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(x[self.axis])}


@final
class Scale(PerFeature):
    """Multiplies each feature by a trained number of its own: `y[i] = weight[i] * x[i]`.

    It is a fully connected layer of which only the diagonal is there, as in the peepholes of an LSTM. At the end of a
    residual branch it is known as layer scale, and starts small, for example with `start=1e-5`.

    Shapes: `[...] -> [...]`.
    Source: Gers and Schmidhuber, "Recurrent nets that time and count", 2000; Touvron et al., "Going deeper with image
    transformers", 2021.
    """

    name = "scale"

    start: Number = Field(1.0, description="what every weight starts as")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 8]),
            Example.of(cls(axis=1, start=1e-5), [2, 8, 4, 4]),
            Example.of(cls(axis=0), [3]),
        )


@final
class Shift(PerFeature):
    """Adds a trained number to each feature: `y[i] = x[i] + weight[i]`.

    It is the bias of a layer that has none of its own.

    Shapes: `[...] -> [...]`.
    Source: the bias of the usual affine layer.
    """

    name = "shift"

    start: Number = Field(0.0, description="what every weight starts as")

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(start=0.5), [2, 5, 8]), Example.of(cls(axis=1), [2, 8, 4, 4]))


@final
class Tokens(Op):
    """Puts trained vectors in front of a sequence or behind it, the same for each example.

    The class token of a vision transformer is `tokens`; registers and prompts are several. They are drawn with a
    standard deviation of 0.02.

    Shapes: `[batch, time, features] -> [batch, time + count, features]`.
    Source: Dosovitskiy et al., "An image is worth 16x16 words", 2021, equation 1; Devlin et al., "BERT", 2019.
    """

    name = "tokens"
    family = Family.EMBEDDING

    count: Count = Field(1, description="positions that are put there")
    at: Literal["start", "end"] = Field("start", description="whether they come before the sequence or after it")

    def infer(self, x: Shape) -> Shape:
        if x.rank != 3:
            raise ShapeError(f"needs 3 axes, but the input has {x.rank}", help="the axes are `[batch, time, features]`")
        return x.with_axis(1, x[1] + self.count)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return ((along(0), along(1, -self.count if self.at == "start" else 0), along(2)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.count, x[2])}

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 5, 8]), Example.of(cls(count=3, at="end"), [2, 5, 8]))
