"""Activations: functions of each value, and the softmax."""

from __future__ import annotations

from abc import ABC
from typing import Literal, final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Count, Number
from archspec.shape import Shape
from archspec.size import differs


class Activation(Op, ABC):
    """An activation: its output has the shape of its input."""

    family = Family.ACTIVATION

    def infer(self, x: Shape) -> Shape:
        return x

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


@final
class Sigmoid(Activation):
    """The logistic function: `y = 1/(1 + exp(-x))`, from 0 to 1.

    Shapes: `[...] -> [...]`.
    Source: the logistic function; `torch.nn.Sigmoid`.
    """

    name = "sigmoid"


@final
class Tanh(Activation):
    """The hyperbolic tangent: `y = (exp(x) - exp(-x))/(exp(x) + exp(-x))`, from -1 to 1.

    Shapes: `[...] -> [...]`.
    Source: the hyperbolic tangent; `torch.nn.Tanh`.
    """

    name = "tanh"


@final
class LeakyRelu(Activation):
    """The leaky rectifier: `y = x` where `x` is at least 0, and `slope * x` below.

    Shapes: `[...] -> [...]`.
    Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013;
    `torch.nn.LeakyReLU`.
    """

    name = "leaky_relu"

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


@final
class Elu(Activation):
    """The exponential linear unit: `y = x` where `x` is above 0, and `alpha * (exp(x) - 1)` elsewhere.

    Shapes: `[...] -> [...]`.
    Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
    2015; `torch.nn.ELU`.
    """

    name = "elu"

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


@final
class Hardswish(Activation):
    """The piecewise form of `silu`: `y = x * relu6(x + 3)/6`.

    Shapes: `[...] -> [...]`.
    Source: Howard et al., "Searching for MobileNetV3", 2019; `torch.nn.Hardswish`.
    """

    name = "hardswish"


@final
class Hardsigmoid(Activation):
    """The piecewise linear form of `sigmoid`: `y = relu6(x + 3)/6`.

    Shapes: `[...] -> [...]`.
    Source: Howard et al., "Searching for MobileNetV3", 2019; `torch.nn.Hardsigmoid`.
    """

    name = "hardsigmoid"


@final
class Softplus(Activation):
    """The smooth form of `relu`: `y = log(1 + exp(x))`.

    Shapes: `[...] -> [...]`.
    Source: Dugas et al., "Incorporating second-order functional knowledge", 2001; `torch.nn.Softplus`.
    """

    name = "softplus"


@final
class Mish(Activation):
    """`y = x * tanh(log(1 + exp(x)))`.

    Shapes: `[...] -> [...]`.
    Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019; `torch.nn.Mish`.
    """

    name = "mish"


@final
class Selu(Activation):
    """The scaled exponential linear unit: `y = 1.0507 * x` where `x` is above 0, else `1.7581 * (exp(x) - 1)`.

    The two factors are those for which normal inputs keep a mean of 0 and a variance of 1; they are used in full
    precision.

    Shapes: `[...] -> [...]`.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017; `torch.nn.SELU`.
    """

    name = "selu"


@final
class Prelu(Activation):
    """The rectifier with a trained slope: `y = x` where `x` is at least 0, and `weight * x` below.

    Shapes: `[batch, channels, ...] -> [batch, channels, ...]`; with one parameter, `[...] -> [...]`.
    Source: He et al., "Delving deep into rectifiers", 2015; `torch.nn.PReLU`.

    There is one slope for all values, or one for each channel.
    """

    name = "prelu"

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
