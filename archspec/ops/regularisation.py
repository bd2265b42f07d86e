"""What all that disturbs a signal in training has in common."""

from __future__ import annotations

from abc import ABC

from archspec.op import Family, Op
from archspec.shape import Shape
from archspec.sight import Sights, pointwise


class Regularisation(Op, ABC):
    """Noise in training, of which nothing is left in evaluation: its output has the shape of its input."""

    family = Family.REGULARISATION

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)
