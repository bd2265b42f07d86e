"""Noise that is added to a signal in training, or multiplies it."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Trait
from archspec.ops.regularisation import Regularisation
from archspec.setting import BelowOne, NonNegativeNumber
from archspec.shape import Shape


@final
class GaussianNoise(Regularisation):
    """Adds noise in training: `y = x + std * n`, where each `n` is normal with mean 0 and variance 1.

    In evaluation `y = x`.

    Shapes: `[...] -> [...]`.
    Source: Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995.
    """

    name = "gaussian_noise"

    std: NonNegativeNumber = Field(description="standard deviation of the noise")

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(std=0.1), [2, 8]), Example.of(cls(std=1.0), [2, 3, 4, 4]))


@final
class GaussianDropout(Regularisation):
    """Dropout by a factor that is never exactly zero: in training, `y = x * (1 + sqrt(rate/(1 - rate)) * n)`.

    Each `n` is normal with mean 0 and variance 1, so that the factor has the mean and the variance that it has in
    `dropout`. In evaluation `y = x`.

    Shapes: `[...] -> [...]`.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 10.
    """

    name = "gaussian_dropout"
    traits = frozenset({Trait.DROPPED})

    rate: BelowOne = Field(0.5, description="rate of the dropout that has the same variance")

    def infer(self, x: Shape) -> Shape:
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))
