"""Rectifiers with an exponential instead of a bend."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Trait
from archspec.ops.activation import Activation
from archspec.setting import Number, PositiveNumber


@final
class Elu(Activation):
    """The exponential linear unit: `y = x` where `x` is above 0, and `alpha * (exp(x) - 1)` elsewhere.

    Shapes: `[...] -> [...]`.
    Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
    2015; `torch.nn.ELU`.
    """

    name = "elu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    alpha: Number = Field(1.0, description="large negative values tend to minus this")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(alpha=0.5), [2, 3, 4, 4]))


@final
class Selu(Activation):
    """The scaled exponential linear unit: `y = 1.0507 * x` where `x` is above 0, else `1.7581 * (exp(x) - 1)`.

    The two factors are those for which normal inputs keep a mean of 0 and a variance of 1; they are used in full
    precision.

    Shapes: `[...] -> [...]`.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017; `torch.nn.SELU`.
    """

    name = "selu"
    traits = frozenset({Trait.BETWEEN_LAYERS})


@final
class Celu(Activation):
    """The continuously differentiable exponential linear unit: `y = max(0, x) + min(0, alpha * (exp(x/alpha) - 1))`.

    Unlike that of `elu`, its slope at 0 is 1 for every `alpha`.

    Shapes: `[...] -> [...]`.
    Source: Barron, "Continuously differentiable exponential linear units", 2017; `torch.nn.CELU`.
    """

    name = "celu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    alpha: PositiveNumber = Field(1.0, description="large negative values tend to minus this")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(alpha=0.5), [2, 3, 4, 4]))


@final
class Softplus(Activation):
    """The smooth form of `relu`: `y = log(1 + exp(beta*x))/beta`.

    The larger `beta` is, the closer to `relu` it comes. Where `beta*x` is above `threshold`, `y = x`, so that the
    exponential cannot overflow; this leaves out less than `exp(-threshold)/beta`.

    Shapes: `[...] -> [...]`.
    Source: Dugas et al., "Incorporating second-order functional knowledge", 2001; `torch.nn.Softplus`.
    """

    name = "softplus"

    beta: PositiveNumber = Field(1.0, description="how sharp the bend at 0 is")
    threshold: Number = Field(20.0, description="value of `beta*x` above which the function is the identity")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(beta=0.5, threshold=10.0), [2, 3, 4, 4]))
