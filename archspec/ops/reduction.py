"""What reductions have in common: one value for all that stand along some axes."""

from __future__ import annotations

from abc import ABC
from typing import Annotated, TypeAlias

from pydantic import Field

from archspec.op import Example, Family, Op
from archspec.ops.agreement import axes_of
from archspec.setting import Flag, Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sight, Sights, along
from archspec.size import Size

_Axes: TypeAlias = Annotated[
    Whole | Annotated[tuple[Whole, ...], Field(min_length=1)] | None, Says("a whole number, or a list of them")
]


def without(x: Shape, axes: tuple[int, ...], *, keep: bool) -> tuple[Size, ...]:
    """The sizes that are left when some axes are reduced."""
    sizes = [1 if axis in axes else size for axis, size in enumerate(x)]
    return tuple(sizes) if keep else tuple(size for axis, size in enumerate(x) if axis not in axes)


def seen(x: Shape, axes: tuple[int, ...], *, keep: bool) -> tuple[Sight, ...]:
    """What is seen of each axis when some are reduced."""
    left = [axis for axis in range(x.rank) if keep or axis not in axes]
    return tuple(EVERYTHING if axis in axes else along(left.index(axis)) for axis in range(x.rank))


class Reduction(Op, ABC):
    """One value for all that stand along some axes."""

    family = Family.REDUCTION

    axes: _Axes = Field(
        None,
        description="axis or axes that are reduced, from 0; negative numbers count from the last, -1; all where left "
        "out, the batch included",
    )
    keep: Flag = Field(False, description="whether the axes that are reduced stay, with a size of 1")

    def infer(self, x: Shape) -> Shape:
        return Shape(without(x, axes_of(x, self.axes), keep=self.keep), self._reduced(x.element))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen(x, axes_of(x, self.axes), keep=self.keep),)

    @staticmethod
    def _reduced(element: Element) -> Element:
        """What the result is made of."""
        return element

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=(2, 3)), [2, 3, 4, 5]),
            Example.of(cls(axes=-1, keep=True), [2, 3, 4]),
            Example.of(cls(), [2, 3]),
        )


class ReductionOfAll(Reduction, ABC):
    """A reduction also of whole numbers and of flags."""

    accepts = frozenset(Element)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example.of(cls(axes=1), [2, 3, 4], element=Element.INT),
            Example.of(cls(axes=(0, -1), keep=True), [2, 3, 4], element=Element.BOOL),
        )


def summed(element: Element) -> Element:
    """What sums and products are made of: those of flags are whole numbers."""
    return Element.INT if element is Element.BOOL else element
