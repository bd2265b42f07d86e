"""Regularisation by noise in training."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op
from archspec.setting import Probability
from archspec.shape import Shape


@final
class Dropout(Op):
    """Inverted dropout: in training, `y = x * m / (1 - rate)`, where each `m` is 0 with probability `rate`, else 1.

    In evaluation `y = x`: the division in training keeps the expected value, so nothing has to be scaled afterwards.

    Shapes: `[...] -> [...]`.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014;
    `torch.nn.Dropout`.
    """

    name = "dropout"
    family = Family.REGULARISATION

    rate: Probability = Field(0.5, description="probability that a value is set to zero in training")

    def infer(self, x: Shape) -> Shape:
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))
