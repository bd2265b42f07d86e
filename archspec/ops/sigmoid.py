"""Activations in the form of an S, between two bounds, and the logarithm of one."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError, Trait
from archspec.ops.activation import Activation
from archspec.setting import Number
from archspec.shape import Shape


@final
class Sigmoid(Activation):
    """The logistic function: `y = 1/(1 + exp(-x))`, from 0 to 1.

    Shapes: `[...] -> [...]`.
    Source: the logistic function; `torch.nn.Sigmoid`.
    """

    name = "sigmoid"
    traits = frozenset({Trait.PROBABILITIES, Trait.BETWEEN_LAYERS})

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Tanh(Activation):
    """The hyperbolic tangent: `y = (exp(x) - exp(-x))/(exp(x) + exp(-x))`, from -1 to 1.

    Shapes: `[...] -> [...]`.
    Source: the hyperbolic tangent; `torch.nn.Tanh`.
    """

    name = "tanh"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Hardsigmoid(Activation):
    """The piecewise linear form of `sigmoid`: `y = relu6(x + 3)/6`.

    Shapes: `[...] -> [...]`.
    Source: Howard et al., "Searching for MobileNetV3", 2019; `torch.nn.Hardsigmoid`.
    """

    name = "hardsigmoid"
    traits = frozenset({Trait.PROBABILITIES, Trait.BETWEEN_LAYERS})


@final
class Hardtanh(Activation):
    """The piecewise linear form of `tanh`: `y = min(max(low, x), high)`.

    Shapes: `[...] -> [...]`.
    Source: Collobert, "Large scale machine learning", 2004; `torch.nn.Hardtanh`.
    """

    name = "hardtanh"
    traits = frozenset({Trait.IDEMPOTENT, Trait.BETWEEN_LAYERS})

    low: Number = Field(-1.0, description="least value of the output")
    high: Number = Field(1.0, description="greatest value of the output, which is above the least")

    def infer(self, x: Shape) -> Shape:
        if self.low >= self.high:
            raise ShapeError(
                f"has a `low` of {self.low}, which is not below its `high` of {self.high}",
                setting="low",
                help="use a `low` below `high`",
            )
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(low=-2.0, high=0.5), [2, 3, 4, 4]))


@final
class Softsign(Activation):
    """A squashing function with slow tails: `y = x/(1 + |x|)`, from -1 to 1.

    Shapes: `[...] -> [...]`.
    Source: Turian, Bergstra and Bengio, "Quadratic features and deep architectures for chunking", 2009;
    `torch.nn.Softsign`.
    """

    name = "softsign"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x,))


@final
class LogSigmoid(Activation):
    """The logarithm of the logistic function: `y = log(1/(1 + exp(-x)))`, computed so that nothing overflows.

    Shapes: `[...] -> [...]`.
    Source: the logarithm of `sigmoid`; `torch.nn.LogSigmoid`.
    """

    name = "log_sigmoid"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x,))
