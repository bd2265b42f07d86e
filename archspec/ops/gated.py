"""Activations that multiply a value by a gate: by a function of it, or by that of another value."""

from __future__ import annotations

from typing import Literal, final

from pydantic import Field

from archspec.op import Example, ShapeError, Trait
from archspec.ops.activation import Activation
from archspec.ops.agreement import axis_of
from archspec.setting import Whole
from archspec.shape import Shape
from archspec.sight import Sights, everywhere
from archspec.size import differs


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
class Mish(Activation):
    """The self-regularised activation: `y = x * tanh(log(1 + exp(x)))`.

    Shapes: `[...] -> [...]`.
    Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019; `torch.nn.Mish`.
    """

    name = "mish"
    traits = frozenset({Trait.BETWEEN_LAYERS})


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
