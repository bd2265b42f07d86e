"""Changes of shape that leave the values as they are."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Whole
from archspec.shape import Element, Shape


@final
class Flatten(Op):
    """Joins neighbouring axes, from `start` to `end` inclusive, into one; the last of them varies fastest.

    Axes are numbered from 0; negative numbers count from the last axis, which is -1. By default the batch, axis 0,
    stays as it is, and everything else is joined.

    Shapes: `[batch, a, b, ...] -> [batch, a*b*...]` by default.
    Source: `torch.nn.Flatten`.
    """

    name = "flatten"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    start: Whole = Field(1, description="first axis that is joined")
    end: Whole = Field(-1, description="last axis that is joined")

    def infer(self, x: Shape) -> Shape:
        # A single number counts as one axis, of size 1.
        axes = max(x.rank, 1)
        for setting, axis in (("start", self.start), ("end", self.end)):
            if not -axes <= axis < axes:
                raise ShapeError(
                    f"has no axis {axis} to {setting} at: the input has {x.rank} {'axis' if x.rank == 1 else 'axes'}",
                    setting=setting,
                    help=f"use a number from {-axes} to {axes - 1}",
                )
        first, last = self.start % axes, self.end % axes
        if first > last:
            raise ShapeError(
                f"would start at axis {self.start}, which comes after its end at axis {self.end}",
                setting="end",
                help=f"use an `end` of {first} or more, or -1 for the last axis",
            )
        return x.with_sizes((*x[:first], prod(x[first : last + 1]), *x[last + 1 :]))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 16, 5, 5]),
            Example.of(cls(start=2), [2, 3, 4, 5]),
            Example.of(cls(start=0, end=1), [2, 3, 4], element=Element.INT),
            Example.of(cls(start=-2), [2, 3, 4], element=Element.BOOL),
        )
