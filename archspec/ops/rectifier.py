"""Rectifiers that give one value for all that is below their bend."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Trait
from archspec.ops.activation import Activation
from archspec.setting import Number
from archspec.shape import Shape


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
class Relu6(Activation):
    """The rectifier with a ceiling: `y = min(max(0, x), 6)`.

    Shapes: `[...] -> [...]`.
    Source: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010; `torch.nn.ReLU6`.
    """

    name = "relu6"
    traits = frozenset({Trait.IDEMPOTENT, Trait.BETWEEN_LAYERS})


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
