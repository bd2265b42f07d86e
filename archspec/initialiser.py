"""How weights start: what `init` lines, and the `init` of a layer, may say.

Each class is one way to fill a tensor; its fields are the settings. How a backend fills one is for the backend to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, final

from pydantic import Field

from archspec.configured import Initialiser
from archspec.setting import Number, PositiveNumber, Says

Fan = Annotated[Literal["fan_in", "fan_out"], Says("`fan_in` or `fan_out`")]
Distribution = Annotated[Literal["normal", "uniform"], Says("`normal` or `uniform`")]
Activation = Annotated[
    Literal["linear", "relu", "leaky_relu", "selu", "sigmoid", "tanh"],
    Says("`linear`, `relu`, `leaky_relu`, `selu`, `sigmoid` or `tanh`"),
]


@final
class Kaiming(Initialiser):
    """Keeps the variance of what flows through layers with rectifiers, forwards (`fan_in`) or backwards (`fan_out`).

    The standard deviation is `gain / sqrt(fan)`, with the gain of the activation that follows.

    Source: He et al., "Delving deep into rectifiers", 2015 (arXiv:1502.01852); `torch.nn.init.kaiming_normal_`.
    """

    name = "kaiming"
    least_axes = 2

    mode: Fan = Field("fan_in", description="what is kept: the variance forwards, or that of the gradient backwards")
    activation: Activation = Field("relu", description="what follows the layer")
    distribution: Distribution = Field("normal", description="what is drawn from")
    slope: Number = Field(0.01, description="slope below 0 of a `leaky_relu`; nothing else looks at it")


@final
class Xavier(Initialiser):
    """Keeps the variance of what flows through layers with symmetric activations, as well forwards as backwards.

    The standard deviation is `gain * sqrt(2 / (fan_in + fan_out))`.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010;
    `torch.nn.init.xavier_uniform_`.
    """

    name = "xavier"
    least_axes = 2

    gain: PositiveNumber = Field(1.0, description="factor on the standard deviation")
    distribution: Distribution = Field("uniform", description="what is drawn from")


@final
class Normal(Initialiser):
    """Drawn from a normal distribution.

    Source: `torch.nn.init.normal_`.
    """

    name = "normal"

    std: PositiveNumber = Field(1.0, description="standard deviation")
    mean: Number = Field(0.0, description="mean")


@final
class TruncatedNormal(Initialiser):
    """Drawn from a normal distribution, again where it is further from the mean than two standard deviations.

    Source: `torch.nn.init.trunc_normal_` with bounds at two standard deviations, as TensorFlow has them.
    """

    name = "truncated_normal"

    std: PositiveNumber = Field(1.0, description="standard deviation before what is far from the mean is cut off")
    mean: Number = Field(0.0, description="mean")


@final
class Uniform(Initialiser):
    """Drawn from all numbers of an interval alike.

    Source: `torch.nn.init.uniform_`.
    """

    name = "uniform"

    low: Number = Field(0.0, description="lower end of the interval")
    high: Number = Field(1.0, description="upper end of the interval")


@final
class Zeros(Initialiser):
    """All zeros.

    Source: `torch.nn.init.zeros_`.
    """

    name = "zeros"


@final
class Ones(Initialiser):
    """All ones.

    Source: `torch.nn.init.ones_`.
    """

    name = "ones"


@final
class Constant(Initialiser):
    """One number throughout.

    Source: `torch.nn.init.constant_`.
    """

    name = "constant"

    value: Number = Field(description="the number")


@final
class Orthogonal(Initialiser):
    """A matrix whose rows, or columns where there are fewer, are orthogonal; further axes count as columns.

    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013
    (arXiv:1312.6120); `torch.nn.init.orthogonal_`.
    """

    name = "orthogonal"
    least_axes = 2

    gain: PositiveNumber = Field(1.0, description="factor on the matrix")


INITIALISERS: Final[Mapping[str, type[Initialiser]]] = {
    kind.name: kind for kind in (Kaiming, Xavier, Normal, TruncatedNormal, Uniform, Zeros, Ones, Constant, Orthogonal)
}
"""All of them, by what a spec calls them."""
