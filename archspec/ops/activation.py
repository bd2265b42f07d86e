"""What the activations that bend each value on its own have in common."""

from __future__ import annotations

from abc import ABC

from archspec.kept import Kept
from archspec.op import Example, Family, Op
from archspec.shape import Shape
from archspec.sight import Sights, pointwise


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
