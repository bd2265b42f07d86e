"""Merges: one value made of several."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed, axis_of, broadcast, counted, joint_element
from archspec.setting import Whole
from archspec.shape import Element, Shape
from archspec.size import Size


class Elementwise(Op, ABC):
    """A merge of the values that stand at the same position."""

    family = Family.MERGE
    accepts = frozenset({Element.FLOAT, Element.INT})

    def infer(self, *xs: Shape) -> Shape:
        sizes = xs[0].sizes
        for each in xs[1:]:
            sizes = broadcast(sizes, each)
        return Shape(sizes, joint_element(*(each.element for each in xs)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4, 4], [2, 8, 4, 4]),
            Example.of(cls(), [2, 8, 4, 4], [2, 8, 1, 1], [4, 4]),
            Example(cls(), (Shape.of(2, 3), Shape.of(2, 3, element=Element.INT))),
        )


@final
class Add(Elementwise):
    """The sum of two or more values: `y = x1 + x2 + ...`, as in a shortcut around some layers.

    Shapes: equal shapes, `[...], [...] -> [...]`.
    Source: addition, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front count as such.
    """

    name = "add"


@final
class Mul(Elementwise):
    """The product, position by position, of two or more values: `y = x1 * x2 * ...`, as where a gate scales a signal.

    Shapes: equal shapes, `[...], [...] -> [...]`.
    Source: the Hadamard product, with the broadcasting of `torch.mul`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front count as such.
    """

    name = "mul"


@final
class Concat(Op):
    """Two or more values, one behind the other along an axis.

    Shapes: `[batch, a, ...], [batch, b, ...] -> [batch, a + b, ...]` by default. All axes but the one along which they
    are put together must have equal sizes.
    Source: `torch.cat`.
    """

    name = "concat"
    family = Family.MERGE
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="axis along which they are joined, from 0; negative numbers count from the last")

    def infer(self, *xs: Shape) -> Shape:
        axis = axis_of(xs[0], self.axis)
        sizes = list(xs[0].sizes)
        for x in xs[1:]:
            _check_ranks(xs[0], x)
            for place, size in enumerate(x):
                sizes[place] = sizes[place] + size if place == axis else _same(place, sizes[place], size)
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4, 4], [2, 16, 4, 4], [2, 3, 4, 4]),
            Example.of(cls(axis=-1), [2, 3, 4], [2, 3, 5], element=Element.INT),
        )


@final
class Stack(Op):
    """Two or more values of the same shape, put together along an axis of their own.

    Shapes: `n` times `[batch, ...] -> [batch, n, ...]` by default.
    Source: `torch.stack`.
    """

    name = "stack"
    family = Family.MERGE
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="the new axis, from 0; negative numbers count from the last of the result, -1")

    def infer(self, *xs: Shape) -> Shape:
        axis = axis_of(xs[0], self.axis, more=1)
        sizes = list(xs[0].sizes)
        for x in xs[1:]:
            _check_ranks(xs[0], x)
            sizes = [_same(place, *pair) for place, pair in enumerate(zip(sizes, x, strict=True))]
        sizes.insert(axis, len(xs))
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8], [2, 8]),
            Example.of(cls(axis=-1), [2, 3, 4], [2, 3, 4], element=Element.BOOL),
        )


@final
class Matmul(Op):
    """The product of two matrices: `y[i, j] = sum over k of a[i, k] * b[k, j]`.

    The matrices are the last two axes; the axes before them are batches, each matrix with the one at its place.

    Shapes: `[..., n, k], [..., k, m] -> [..., n, m]`.
    Source: the matrix product; `torch.matmul`.

    Among the batches, an axis of size 1 is repeated to the size that it has in the other input.
    """

    name = "matmul"
    family = Family.MERGE

    def infer(self, a: Shape, b: Shape) -> Shape:
        for which, x in (("first", a), ("second", b)):
            if x.rank < 2:
                raise ShapeError(f"needs at least 2 axes, but the {which} input has {x.rank}")
        if agreed(a[-1], b[-2]) is None:
            raise ShapeError(
                f"needs as many rows in the second input as the first has columns, which are {a[-1]}, "
                f"but it has {b[-2]}",
                help="`permute` exchanges the axes of an input",
            )
        return a.with_sizes((*broadcast(a[:-2], b[:-2]), a[-2], b[-1]))

    def macs(self, a: Shape, b: Shape) -> Size:
        return self.infer(a, b).elements * _same(-1, a[-1], b[-2])

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 3, 5], [2, 5, 4]),
            Example.of(cls(), [2, 8, 3, 5], [8, 5, 4]),
            Example.of(cls(), [3, 5], [2, 5, 4]),
        )


def _check_ranks(first: Shape, other: Shape) -> None:
    if first.rank != other.rank:
        raise ShapeError(
            f"needs equally many axes in each input, but one has {counted(first.rank)} and one {other.rank}"
        )


def _same(axis: int, left: Size, right: Size) -> Size:
    size = agreed(left, right)
    if size is None:
        raise ShapeError(
            f"needs equal shapes, but axis {axis} differs: {left} and {right}", help="give both the same size there"
        )
    return size
