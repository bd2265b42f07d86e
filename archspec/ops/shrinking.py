"""Activations that draw values towards zero."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Trait
from archspec.ops.activation import Activation
from archspec.setting import NonNegativeNumber
from archspec.shape import Shape


@final
class Hardshrink(Activation):
    """Sets small values to zero: `y = x` where `x` is above `threshold` or below `-threshold`, and 0 elsewhere.

    Shapes: `[...] -> [...]`.
    Source: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994; `torch.nn.Hardshrink`.
    """

    name = "hardshrink"
    traits = frozenset({Trait.IDEMPOTENT})

    threshold: NonNegativeNumber = Field(0.5, description="values from minus this to this become zero")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(threshold=0.25), [2, 3, 4, 4]))


@final
class Softshrink(Activation):
    """Draws values towards zero: `y = x - threshold` above `threshold`, `x + threshold` below `-threshold`, else 0.

    Shapes: `[...] -> [...]`.
    Source: Donoho, "De-noising by soft-thresholding", 1995; `torch.nn.Softshrink`.
    """

    name = "softshrink"

    threshold: NonNegativeNumber = Field(0.5, description="by how much values are drawn towards zero")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(threshold=0.25), [2, 3, 4, 4]))


@final
class Tanhshrink(Activation):
    """What the hyperbolic tangent takes away: `y = x - tanh(x)`.

    Shapes: `[...] -> [...]`.
    Source: the difference of the identity and `tanh`; `torch.nn.Tanhshrink`.
    """

    name = "tanhshrink"

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x,))
