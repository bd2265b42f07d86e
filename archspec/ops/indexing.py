"""Ops that look values up, put them in order, or tell of their places."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of, axis_of, check_element, counted
from archspec.setting import Count, Flag, Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere, pointwise
from archspec.size import below

_POSITIONS = "positions are whole numbers: declare them `int`, or take them from `argmax`, `topk` or `sort`"


@final
class Gather(Op):
    """From each line along an axis the values at positions of its own: `y[b, i] = x[b, indices[b, i]]` for `axis: 1`.

    The indices have as many axes as the values, and the result has their shape. Along the other axes they may end
    before the values do, whose rest is left out then. Positions count from 0; no negative ones are taken.

    Shapes: `[batch, n], [batch, k] int -> [batch, k]` by default.
    Source: `torch.gather`.
    """

    name = "gather"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="axis that is looked up in, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape, indices: Shape) -> Shape:
        check_element(indices, Element.INT, "its indices", _POSITIONS)
        if x.rank != indices.rank:
            raise ShapeError(
                f"needs indices with as many axes as the values, but they have {counted(indices.rank)} and the values "
                f"{counted(x.rank)}",
                help="`take` looks up the same positions in all lines",
            )
        gathered = axes_of(x, self.axis, "axis")
        for axis, (size, wanted) in enumerate(zip(x, indices, strict=True)):
            if axis not in gathered and below(size, wanted):
                raise ShapeError(
                    f"looks up {wanted} positions of axis {axis}, but the values have only {size}",
                    help="along all axes but that of the lookup, each position of the indices is one of the values",
                )
        return x.with_sizes(indices)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 5), Shape.of(2, 3, element=Element.INT))),
            Example(cls(axis=-2), (Shape.of(2, 5, 8), Shape.of(2, 7, 8, element=Element.INT))),
            Example.of(cls(axis=0), [4, 3], [2, 2], element=Element.INT),
            Example(cls(), (Shape.of(2, 5, element=Element.BOOL), Shape.of(2, 1, element=Element.INT))),
        )


@final
class Take(Op):
    """The values at some positions along an axis, the same in all lines: `y[b, i] = x[b, indices[i]]` for `axis: 1`.

    The axes of the indices stand in the result where the axis was. With `axis: 0` it looks rows up in a table, such as
    the nearest entries of a codebook. Positions count from 0, negative ones from the end.

    Shapes: `[batch, n, ...], [k] int -> [batch, k, ...]` by default.
    Source: the indexing of tensors with a tensor, as in `x[:, indices]`; `torch.index_select`.
    """

    name = "take"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axis: Whole = Field(1, description="axis that is looked up in, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape, indices: Shape) -> Shape:
        check_element(indices, Element.INT, "its indices", _POSITIONS)
        if indices.rank == 0:
            raise ShapeError(
                "needs indices with at least 1 axis, but they have 0 axes",
                help="`reshape([1])` gives them one; `select` takes a position that is known",
            )
        axis = axis_of(x, self.axis)
        return x.with_sizes((*x[:axis], *indices, *x[axis + 1 :]))

    def kept(self, x: Shape, indices: Shape) -> Kept:
        return Kept(inputs=(1,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 5, 8), Shape.of(3, element=Element.INT))),
            Example(cls(axis=0), (Shape.of(10, 8), Shape.of(2, 5, element=Element.INT))),
            Example(cls(axis=-2), (Shape.of(2, 5, 8, element=Element.BOOL), Shape.of(3, element=Element.INT))),
            Example.of(cls(), [2, 5], [3], element=Element.INT),
        )


class Ordering(Op, ABC):
    """Values in the order of their size, and where they stood."""

    family = Family.RESHAPING
    leaves_outputs = True

    axis: Whole = Field(-1, description="axis that is put in order, from 0; negative numbers count from the last, -1")

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *axes_of(x, self.axis, "axis")),)

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(1,))


@final
class TopK(Ordering):
    """The `k` largest values along an axis, the largest first, and where they stood: `values, indices = topk(k)`.

    The second output has their positions, counted from 0; it may be left without a name. Where several are equal, any
    of them may come first. With `largest: false` they are the smallest ones, the smallest first.

    Shapes: `[..., n] -> [..., k], [..., k] int` by default.
    Source: `torch.topk`; Shazeer et al., "Outrageously large neural networks: the sparsely-gated mixture-of-experts
    layer", 2017, choose experts by it.
    """

    name = "topk"
    accepts = frozenset({Element.FLOAT, Element.INT})

    k: Count = Field(description="how many values are taken")
    largest: Flag = Field(True, description="whether the largest values are taken, and not the smallest")

    def infer(self, x: Shape) -> tuple[Shape, Shape]:
        values = x
        axes = axes_of(x, self.axis, "axis")
        size = x[axes[0]] if axes else 1
        if below(size, self.k):
            raise ShapeError(
                f"takes {self.k} values, but axis {self.axis} of the input has only {size}",
                setting="k",
                help=f"use a `k` of at most {size}",
            )
        for axis in axes:
            values = x.with_axis(axis, self.k)
        return values, Shape(values.sizes, Element.INT)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(k=2), [2, 8]),
            Example.of(cls(k=3, axis=1, largest=False), [2, 5, 4]),
            Example.of(cls(k=1), [2, 3], element=Element.INT),
        )


@final
class Sort(Ordering):
    """The values along an axis from the smallest to the largest, and where they stood: `values, indices = sort`.

    The second output has their positions, counted from 0; it may be left without a name. Where several are equal, any
    of them may come first.

    Shapes: `[...] -> [...], [...] int`.
    Source: `torch.sort`.
    """

    name = "sort"
    accepts = frozenset(Element)

    descending: Flag = Field(False, description="whether the largest comes first")

    def infer(self, x: Shape) -> tuple[Shape, Shape]:
        axes_of(x, self.axis, "axis")
        return x, Shape(x.sizes, Element.INT)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8]),
            Example.of(cls(axis=1, descending=True), [2, 5, 4], element=Element.INT),
        )


@final
class OneHot(Op):
    """A row of `classes` numbers for each number of the input: 1 at the place it counts to, from 0, and 0 elsewhere.

    The result has whole numbers, as the input has; `cast` makes fractions of them, which layers with weights need.
    `embedding` looks a row of weights up at once.

    Shapes: `[...] int -> [..., classes] int`.
    Source: `torch.nn.functional.one_hot`.
    """

    name = "one_hot"
    family = Family.EMBEDDING
    accepts = frozenset({Element.INT})

    classes: Count = Field(description="size of the last axis of the output; the numbers of the input are below it")

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x, self.classes))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(classes=10), [2, 5], element=Element.INT),
            Example.of(cls(classes=3), [4], element=Element.INT),
        )


class Triangle(Op, ABC):
    """One triangle of each matrix, which are the last two axes; the rest is 0."""

    family = Family.RESHAPING
    accepts = frozenset(Element)

    diagonal: Whole = Field(
        0, description="the last diagonal that is kept; 0 is the main one, 1 that above it, -1 that below it"
    )

    def infer(self, x: Shape) -> Shape:
        if x.rank < 2:
            raise ShapeError(
                f"needs at least 2 axes, but the input has {x.rank}", help="the last two axes are those of a matrix"
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 5]),
            Example.of(cls(diagonal=-1), [3, 4], element=Element.INT),
            Example.of(cls(diagonal=2), [2, 3, 5, 4], element=Element.BOOL),
        )


@final
class Tril(Triangle):
    """The lower triangle of each matrix, which are the last two axes: `y[i, j] = x[i, j]` for `j <= i + diagonal`.

    All else is 0, and false among flags. Of a matrix that says which position sees which, it leaves what came before.

    Shapes: `[..., n, m] -> [..., n, m]`.
    Source: `torch.tril`.
    """

    name = "tril"


@final
class Triu(Triangle):
    """The upper triangle of each matrix, which are the last two axes: `y[i, j] = x[i, j]` for `j >= i + diagonal`.

    All else is 0, and false among flags. Of a matrix that says which position sees which, it leaves what comes after.

    Shapes: `[..., n, m] -> [..., n, m]`.
    Source: `torch.triu`.
    """

    name = "triu"


@final
class Positions(Op):
    """The numbers of the places along an axis: 0, 1, 2 and so on.

    Of the input only the size of the axis counts. `embedding` makes vectors of them, and differences of them are the
    distances that relative positions are about.

    Shapes: `[batch, time, ...] -> [time] int` by default.
    Source: `torch.arange`.
    """

    name = "positions"
    family = Family.EMBEDDING
    accepts = frozenset(Element)

    axis: Whole = Field(
        1, description="axis whose places are counted, from 0; negative numbers count from the last, -1"
    )

    def infer(self, x: Shape) -> Shape:
        return Shape.of(x[axis_of(x, self.axis)], element=Element.INT)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (None,)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 8]),
            Example.of(cls(axis=-1), [2, 3, 4], element=Element.INT),
        )
