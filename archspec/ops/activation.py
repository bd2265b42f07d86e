"""Activations: functions of each value."""

from __future__ import annotations

from abc import ABC
from typing import Literal, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import axis_of
from archspec.setting import Count, NonNegativeNumber, Number, PositiveNumber, Whole
from archspec.shape import Shape
from archspec.sight import Sights, everywhere, pointwise
from archspec.size import differs


class Activation(Op, ABC):
    """An activation: its output has the shape of its input."""

    family = Family.ACTIVATION

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(), [2, 3, 4, 4]))


@final
class Relu(Activation):
    """The rectified linear unit: `y = max(0, x)`.

    Shapes: `[...] -> [...]`.
    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010; `torch.nn.ReLU`.
    """

    name = "relu"
    traits = frozenset({Trait.IDEMPOTENT, Trait.BETWEEN_LAYERS})

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


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
class LeakyRelu(Activation):
    """The leaky rectifier: `y = x` where `x` is at least 0, and `slope * x` below.

    Shapes: `[...] -> [...]`.
    Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013;
    `torch.nn.LeakyReLU`.
    """

    name = "leaky_relu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    slope: Number = Field(0.01, description="slope for negative values")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(slope=0.2), [2, 3, 4, 4]))


@final
class Relu6(Activation):
    """The rectifier with a ceiling: `y = min(max(0, x), 6)`.

    Shapes: `[...] -> [...]`.
    Source: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010; `torch.nn.ReLU6`.
    """

    name = "relu6"
    traits = frozenset({Trait.IDEMPOTENT, Trait.BETWEEN_LAYERS})


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
class Gelu(Activation):
    """The Gaussian error linear unit: `y = x * P(z <= x)`, where `z` is normal with mean 0 and variance 1.

    Shapes: `[...] -> [...]`.
    Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016; `torch.nn.GELU`.

    With `approximate: tanh`, `y = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3)))`, as in GPT-2.
    """

    name = "gelu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    approximate: Literal["none", "tanh"] = Field("none", description="the exact function, or its form with tanh")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(approximate="tanh"), [2, 3, 4, 4]))


@final
class Silu(Activation):
    """The sigmoid linear unit, also called swish: `y = x * sigmoid(x)`.

    Shapes: `[...] -> [...]`.
    Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", 2017; `torch.nn.SiLU`.
    """

    name = "silu"
    traits = frozenset({Trait.BETWEEN_LAYERS})


@final
class Hardswish(Activation):
    """The piecewise form of `silu`: `y = x * relu6(x + 3)/6`.

    Shapes: `[...] -> [...]`.
    Source: Howard et al., "Searching for MobileNetV3", 2019; `torch.nn.Hardswish`.
    """

    name = "hardswish"
    traits = frozenset({Trait.BETWEEN_LAYERS})


@final
class Hardsigmoid(Activation):
    """The piecewise linear form of `sigmoid`: `y = relu6(x + 3)/6`.

    Shapes: `[...] -> [...]`.
    Source: Howard et al., "Searching for MobileNetV3", 2019; `torch.nn.Hardsigmoid`.
    """

    name = "hardsigmoid"
    traits = frozenset({Trait.PROBABILITIES, Trait.BETWEEN_LAYERS})


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


@final
class Mish(Activation):
    """The self-regularised activation: `y = x * tanh(log(1 + exp(x)))`.

    Shapes: `[...] -> [...]`.
    Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019; `torch.nn.Mish`.
    """

    name = "mish"
    traits = frozenset({Trait.BETWEEN_LAYERS})


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
class Glu(Activation):
    """The gated linear unit: `y = a * sigmoid(b)`, where `a` and `b` are the first and the second half along an axis.

    The axis must have an even size, of which half is left.

    Shapes: `[..., 2*n] -> [..., n]` by default.
    Source: Dauphin et al., "Language modeling with gated convolutional networks", 2016; `torch.nn.GLU`.
    """

    name = "glu"

    axis: Whole = Field(-1, description="axis that is halved, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        if differs(x[axis] % 2, 0):
            raise ShapeError(
                f"halves axis {self.axis}, but its size is odd: {x[axis]}",
                setting="axis",
                help=f"give the layer before it an even size there, such as {x[axis] * 2} for {x[axis]} gated values",
            )
        return x.with_axis(axis, x[axis] // 2)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, axis_of(x, self.axis)),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(axis=1), [2, 6, 4, 5]), Example.of(cls(), [2]))


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
class LogSigmoid(Activation):
    """The logarithm of the logistic function: `y = log(1/(1 + exp(-x)))`, computed so that nothing overflows.

    Shapes: `[...] -> [...]`.
    Source: the logarithm of `sigmoid`; `torch.nn.LogSigmoid`.
    """

    name = "log_sigmoid"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x,))


@final
class Rrelu(Activation):
    """The randomised leaky rectifier: `y = x` where `x` is at least 0, and `slope * x` below.

    In training the slope of each value is drawn anew, uniformly from `low` to `high`. In evaluation it is the middle,
    `(low + high)/2`.

    Shapes: `[...] -> [...]`.
    Source: Xu et al., "Empirical evaluation of rectified activations in convolutional network", 2015;
    `torch.nn.RReLU`.
    """

    name = "rrelu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    low: Number = Field(1 / 8, description="least slope for negative values")
    high: Number = Field(1 / 3, description="greatest slope for negative values")

    def infer(self, x: Shape) -> Shape:
        if self.low > self.high:
            raise ShapeError(
                f"draws slopes from {self.low} to {self.high}, between which there are none",
                setting="low",
                help="use a `low` that is not above `high`",
            )
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(low=0.05, high=0.25), [2, 3, 4, 4]))


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
class Tanhshrink(Activation):
    """What the hyperbolic tangent takes away: `y = x - tanh(x)`.

    Shapes: `[...] -> [...]`.
    Source: the difference of the identity and `tanh`; `torch.nn.Tanhshrink`.
    """

    name = "tanhshrink"

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x,))


@final
class Threshold(Activation):
    """Replaces what is not above a threshold: `y = x` where `x` is above `threshold`, and `value` elsewhere.

    Shapes: `[...] -> [...]`.
    Source: a rectifier with a place and a floor of its own; `torch.nn.Threshold`.
    """

    name = "threshold"
    traits = frozenset({Trait.IDEMPOTENT})

    threshold: Number = Field(description="values above this stay as they are")
    value: Number = Field(description="what all others are replaced by")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(threshold=0.1, value=0.0), [2, 8]),
            Example.of(cls(threshold=-1, value=20), [2, 3, 4, 4]),
        )


@final
class Prelu(Activation):
    """The rectifier with a trained slope: `y = x` where `x` is at least 0, and `weight * x` below.

    Shapes: `[batch, channels, ...] -> [batch, channels, ...]`; with one parameter, `[...] -> [...]`.
    Source: He et al., "Delving deep into rectifiers", 2015; `torch.nn.PReLU`.

    There is one slope for all values, or one for each channel.
    """

    name = "prelu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    parameters: Count = Field(1, description="trained slopes: 1, or as many as the input has channels")

    def infer(self, x: Shape) -> Shape:
        # Without an axis of channels there is one channel.
        channels = x[1] if x.rank > 1 else 1
        if differs(self.parameters, 1) and differs(self.parameters, channels):
            raise ShapeError(
                f"has {self.parameters} parameters, but the input has {channels} "
                f"{'channel' if channels == 1 else 'channels'}",
                setting="parameters",
                help="use 1" if channels == 1 else f"use 1 for all channels together, or {channels} for one for each",
            )
        return x

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.parameters)}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [8]), Example.of(cls(parameters=3), [2, 3, 4, 4]))
