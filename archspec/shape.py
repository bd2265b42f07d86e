"""Shapes: the sizes of the axes of a value, and the type of its elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from math import prod
from typing import final, overload

from msgspec import Struct

from archspec.size import Size


class Element(StrEnum):
    """What a value is made of. How many bits an element has is chosen when a model is run, not in its spec."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"


@final
class Shape(Struct, frozen=True):
    """The sizes of the axes of a value, in order; to be counted, indexed and gone through as a tuple is."""

    sizes: tuple[Size, ...]
    element: Element = Element.FLOAT

    @classmethod
    def of(cls, *sizes: Size, element: Element = Element.FLOAT) -> Shape:
        return cls(sizes, element)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.sizes)

    @property
    def elements(self) -> Size:
        """The number of elements: the product of all sizes."""
        return prod(self.sizes)

    def with_sizes(self, sizes: Iterable[Size]) -> Shape:
        """A shape of these sizes with the same elements."""
        return Shape(tuple(sizes), self.element)

    def with_axis(self, axis: int, size: Size) -> Shape:
        """The same shape with another size for one axis, which may be counted from the end."""
        axis %= self.rank
        return self.with_sizes((*self.sizes[:axis], size, *self.sizes[axis + 1 :]))

    @overload
    def __getitem__(self, index: int) -> Size: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Size, ...]: ...
    def __getitem__(self, index: int | slice) -> Size | tuple[Size, ...]:
        return self.sizes[index]

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Size]:
        return iter(self.sizes)

    def __str__(self) -> str:
        text = f"[{', '.join(map(str, self.sizes))}]"
        return text if self.element is Element.FLOAT else f"{text} {self.element}"

    __repr__ = __str__
