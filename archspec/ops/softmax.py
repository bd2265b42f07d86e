"""Softmax and its like: numbers that share out a whole along an axis."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.setting import Flag, PositiveNumber, Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere


class OverAxis(Op, ABC):
    """An activation of all values along one axis together."""

    family = Family.ACTIVATION

    axis: Whole = Field(-1, description="axis that is normalised, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        # A single number counts as one axis.
        axes = max(x.rank, 1)
        if not -axes <= self.axis < axes:
            raise ShapeError(
                f"has no axis {self.axis}: the input has {x.rank} {'axis' if x.rank == 1 else 'axes'}",
                setting="axis",
                help=f"use a number from {-axes} to {axes - 1}",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, self.axis % max(x.rank, 1)),)

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(axis=1), [2, 3, 4, 4]))


@final
class Softmax(OverAxis):
    """Positive numbers that add up to 1 along an axis: `y[i] = exp(x[i]) / sum over j of exp(x[j])`.

    Shapes: `[...] -> [...]`.
    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990;
    `torch.nn.Softmax`.
    """

    name = "softmax"
    traits = frozenset({Trait.SHARES, Trait.PROBABILITIES})


@final
class LogSoftmax(OverAxis):
    """The logarithm of the softmax along an axis: `y[i] = x[i] - log(sum over j of exp(x[j]))`.

    Shapes: `[...] -> [...]`.
    Source: the logarithm of `softmax`, computed so that nothing overflows; `torch.nn.LogSoftmax`.
    """

    name = "log_softmax"
    traits = frozenset({Trait.SHARES, Trait.IDEMPOTENT})


@final
class Softmin(OverAxis):
    """The softmax of the negative values: `y[i] = exp(-x[i]) / sum over j of exp(-x[j])`.

    The least value has the largest share.

    Shapes: `[...] -> [...]`.
    Source: the softmax of `-x`; `torch.nn.Softmin`.
    """

    name = "softmin"
    traits = frozenset({Trait.SHARES, Trait.PROBABILITIES})


@final
class GumbelSoftmax(OverAxis):
    """A random choice along an axis that has a gradient: `y[i] = exp(z[i]) / sum over j of exp(z[j])`.

    In training, `z = (x + g)/temperature`, where each `g = -log(-log(u))` is drawn anew, with `u` uniform from 0 to 1.
    Place `i` is then the largest with the probability that `softmax` gives it. In evaluation nothing is drawn, and `g`
    is 0: `y = softmax(x/temperature)`.

    With `hard: true`, the output is 1 at the largest place and 0 at all others, while its gradient is that of the soft
    choice; in evaluation this is the most likely place.

    Shapes: `[...] -> [...]`.
    Source: Jang, Gu and Poole, "Categorical reparameterization with Gumbel-Softmax", 2016;
    `torch.nn.functional.gumbel_softmax`, which draws in evaluation too.
    """

    name = "gumbel_softmax"
    traits = frozenset({Trait.SHARES})

    temperature: PositiveNumber = Field(1.0, description="the lower, the closer to a choice of one place")
    hard: Flag = Field(False, description="whether the output is a choice of one place instead of shares")

    def kept(self, x: Shape) -> Kept:
        if not self.hard:
            return super().kept(x)
        place = x.with_axis(self.axis, 1) if x.rank else x
        return Kept(further=(x, Shape(place.sizes, Element.INT)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8]),
            Example.of(cls(temperature=0.5, axis=1), [2, 3, 4]),
            Example.of(cls(hard=True), [2, 3, 8]),
        )
