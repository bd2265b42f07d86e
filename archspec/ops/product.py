"""Products of vectors, matrices and more, which sum over axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Annotated, Final, final

from msgspec import Struct
from pydantic import AfterValidator, Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import (
    agreed,
    axes_of,
    broadcast,
    broadcast_size,
    counted,
    laid_over,
    same_size,
    seen_when_laid_over,
)
from archspec.setting import Says, Whole
from archspec.shape import Shape
from archspec.sight import EVERYTHING, Sight, Sights, Sliding, along, only
from archspec.size import Size


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

    def sees(self, a: Shape, b: Shape) -> tuple[Sights, ...]:
        rank = max(a.rank, b.rank)
        rows, columns = seen_when_laid_over(a, b)
        return (*rows[:-2], along(rank - 2), EVERYTHING), (*columns[:-2], EVERYTHING, along(rank - 1))

    def macs(self, a: Shape, b: Shape) -> Size:
        return self.infer(a, b).elements * same_size(-1, a[-1], b[-2])

    def kept(self, a: Shape, b: Shape) -> Kept:
        batches = broadcast(a[:-2], b[:-2])
        # A matrix that goes with each of a batch is copied for each, unless the batch can be its rows.
        repeated = [
            number for number, x in enumerate((a, b)) if x[:-2] != batches and not (number == 1 and b.rank == 2)
        ]
        if repeated == [0] and a.rank == 2:
            return Kept(inputs=(0,), further=(b,))
        copies = tuple(x.with_sizes((*batches, *x[-2:])) for number, x in enumerate((a, b)) if number in repeated)
        return Kept(inputs=tuple({0, 1} - set(repeated)), further=copies) if copies else Kept(factors=((0, 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 3, 5], [2, 5, 4]),
            Example.of(cls(), [2, 8, 3, 5], [8, 5, 4]),
            Example.of(cls(), [3, 5], [2, 5, 4]),
        )


@final
class Dot(Op):
    """The inner product of two values along an axis: `y = sum over i of a[i] * b[i]`; the axis is gone.

    Shapes: shapes that go together, `[..., n], [..., n] -> [...]` by default.
    Source: the inner product; `torch.linalg.vecdot`.

    Both have the same size along the axis, which is that of the two laid over each other. Any other axis of size 1 is
    repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1. Each product counts
    as a multiply-add.
    """

    name = "dot"
    family = Family.MERGE

    axis: Whole = Field(-1, description="axis that is summed over, from 0; negative numbers count from the last, -1")

    def infer(self, a: Shape, b: Shape) -> Shape:
        laid = Shape(laid_over(a, b))
        summed = axes_of(laid, self.axis, "axis")
        for axis in summed:
            left, right = (x[axis - laid.rank] if x.rank >= laid.rank - axis else 1 for x in (a, b))
            if agreed(left, right) is None:
                raise ShapeError(
                    f"sums over axis {self.axis}, which has {left} in the first input and {right} in the second",
                    setting="axis",
                    help="give both the same size there, or sum over another axis",
                )
        return Shape(tuple(size for axis, size in enumerate(laid) if axis not in summed))

    def sees(self, a: Shape, b: Shape) -> tuple[Sights, ...]:
        (summed,) = axes_of(Shape(laid_over(a, b)), self.axis, "axis") or (0,)
        return tuple(tuple(_without_axis(sight, summed) for sight in each) for each in seen_when_laid_over(a, b))

    def macs(self, a: Shape, b: Shape) -> Size:
        return prod(laid_over(a, b))

    def kept(self, a: Shape, b: Shape) -> Kept:
        return Kept(factors=((0, 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8]),
            Example.of(cls(axis=1), [2, 8, 4], [8, 1]),
        )


def _without_axis(sight: Sight, summed: int) -> Sight:
    """What is seen where an axis of the output is gone, since it is summed over."""
    if not isinstance(sight, Sliding) or sight.axis is None or sight.axis < summed:
        return sight
    return EVERYTHING if sight.axis == summed else along(sight.axis - 1)


@final
class Subscripts(Struct, frozen=True):
    """What an equation says: the letters of the axes of each input, and of the output. `...` is any number of axes."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]


_ELLIPSIS: Final = "..."
_LABELS: Final = re.compile(r" *(?:(?:[A-Za-z]|\.\.\.) *)*")


@cache
def subscripts(equation: str) -> Subscripts:
    """An equation of `einsum` taken apart; raises `ValueError`. What it leaves unsaid follows from the inputs."""
    before, arrow, after = equation.partition("->")
    inputs = tuple(map(_labels, before.split(",")))
    letters = [label for each in inputs for label in each]
    if not arrow:
        alone = sorted(label for label in set(letters) if letters.count(label) == 1 and label != _ELLIPSIS)
        return Subscripts(inputs, ((_ELLIPSIS,) if _ELLIPSIS in letters else ()) + tuple(alone))
    output = _labels(after)
    for label in output:
        if output.count(label) > 1:
            raise ValueError(f"`{label}` stands twice in the output")
        if label not in letters:
            raise ValueError(f"no input has `{label}`")
    return Subscripts(inputs, output)


def _labels(text: str) -> tuple[str, ...]:
    if not _LABELS.fullmatch(text):
        raise ValueError("an axis is called by one letter")
    labels = tuple(re.findall(r"[A-Za-z]|\.\.\.", text))
    if labels.count(_ELLIPSIS) > 1:
        raise ValueError("`...` stands twice in one input")
    return labels


def _checked(equation: str) -> str:
    subscripts(equation)
    return equation


@final
class Einsum(Op):
    """A sum of products of values, written with a letter for each axis: `bij, bjk -> bik` is the product of matrices.

    For each combination of places along the axes of the output, the inputs are multiplied where their letters agree,
    and summed over all letters that the output lacks:

        `bhqd, bhkd -> bhqk`     the scores of attention
        `bi, bj -> bij`          the outer product of two vectors
        `bi, bi -> b`            their inner product
        `bi, oij, bj -> bo`      a bilinear layer
        `bii -> bi`              the diagonal of a matrix
        `...ij -> ...ji`         a matrix turned over; `...` are all other axes

    Axes with the same letter have equal sizes; one of size 1 is repeated to the size that it has in another input.
    `...` stands for any number of axes, which are laid over each other from the last one. Where there is no arrow, the
    output has what `...` stands for, and then all letters that stand once, in alphabetical order.

    Shapes: those that the equation says.
    Source: Einstein's notation for sums of products; `torch.einsum`.

    The cost is that of multiplying the inputs from left to right, two at a time: where something is summed over both,
    each combination of all their letters is a multiply-add. What only one of two has, and nothing after them, is
    summed before they are multiplied. A product that sums over nothing is elementwise work, and does not count.
    """

    name = "einsum"
    family = Family.MERGE
    least_inputs = 1

    equation: Annotated[
        str, AfterValidator(_checked), Says("a text with a letter for each axis, such as `bij, bjk -> bik`")
    ] = Field(description="the letters of the axes of each input, and behind an arrow those of the output")

    def infer(self, *xs: Shape) -> Shape:
        inputs = self._by_letter(xs)
        sizes = _joint_sizes(inputs)
        return Shape(tuple(sizes[label] for label in self._output(inputs)))

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        inputs = self._by_letter(xs)
        places = {label: place for place, label in enumerate(self._output(inputs))}
        return tuple(self._seen_by_letter(which, x, places) for which, x in enumerate(xs))

    def _seen_by_letter(self, which: int, x: Shape, places: Mapping[str, int]) -> tuple[Sight, ...]:
        labels = subscripts(self.equation).inputs[which]
        others = x.rank - len([label for label in labels if label != _ELLIPSIS])
        spread = _spread(labels, others)
        return tuple(
            only(0) if size == 1 else along(places[label]) if label in places else EVERYTHING
            for label, size in zip(spread, x, strict=True)
        )

    def macs(self, *xs: Shape) -> Size:
        inputs = self._by_letter(xs)
        sizes, output = _joint_sizes(inputs), set(self._output(inputs))
        # Nothing is summed over an axis of size 1, which is repeated.
        rest = [{label for label, size in each.items() if size != 1} for each in inputs]
        total: Size = 0
        left = rest.pop(0)
        while rest:
            right = rest.pop(0)
            needed = output.union(*rest)
            summed = (left & right) - needed
            left = (left | right) & (needed | summed)
            if summed:
                total = total + prod(sizes[label] for label in left)
            left -= summed
        return total

    def __str__(self) -> str:
        return f'{self.name}("{self.equation}")'

    def _by_letter(self, xs: tuple[Shape, ...]) -> list[dict[str, Size]]:
        """The sizes of each input. What `...` stands for has a number behind it, from 1 for the last axis."""
        inputs = subscripts(self.equation).inputs
        if len(xs) != len(inputs):
            expected = "1 input" if len(inputs) == 1 else f"{len(inputs)} inputs"
            raise ShapeError(
                f"has an equation with {expected}, but is given {len(xs)}",
                setting="equation",
                help="the letters of one input stand between commas",
            )
        found = []
        for which, (labels, x) in enumerate(zip(inputs, xs, strict=True), start=1):
            others = x.rank - len([label for label in labels if label != _ELLIPSIS])
            if others < 0 or (others > 0 and _ELLIPSIS not in labels):
                raise ShapeError(
                    f"has letters for {counted(x.rank - others)} of input {which}, which has {counted(x.rank)}",
                    setting="equation",
                    help="write a letter for each axis, or `...` for those that are not named",
                )
            sizes: dict[str, Size] = {}
            for label, size in zip(_spread(labels, others), x, strict=True):
                both = agreed(sizes.get(label, size), size)
                if both is None:
                    raise ShapeError(
                        f"has `{label}` for two axes of input {which}, but their sizes differ: {sizes[label]} and "
                        f"{size}",
                        setting="equation",
                        help="give them letters of their own",
                    )
                sizes[label] = both
            found.append(sizes)
        return found

    def _output(self, inputs: list[dict[str, Size]]) -> tuple[str, ...]:
        axes = max(sum(label.startswith(_ELLIPSIS) for label in each) for each in inputs)
        return _spread(subscripts(self.equation).output, axes)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(factors=(tuple(range(len(xs))),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(equation="bhqd, bhkd -> bhqk"), [2, 3, 5, 4], [2, 3, 6, 4]),
            Example.of(cls(equation="bi,oij,bj->bo"), [2, 3], [4, 3, 5], [2, 5]),
            Example.of(cls(equation="bi, bj -> bij"), [2, 3], [2, 4]),
            Example.of(cls(equation="...ij, jk"), [2, 5, 3, 4], [4, 6]),
            Example.of(cls(equation="bii -> b"), [2, 3, 3]),
        )


def _spread(labels: tuple[str, ...], others: int) -> tuple[str, ...]:
    """The labels with one for each of the axes that `...` stands for."""
    named = tuple(f"{_ELLIPSIS}{place}" for place in range(others, 0, -1))
    return tuple(each for label in labels for each in (named if label == _ELLIPSIS else (label,)))


def _joint_sizes(inputs: list[dict[str, Size]]) -> dict[str, Size]:
    """The size that each letter stands for in all inputs together."""
    sizes: dict[str, Size] = {}
    for which, found in enumerate(inputs, start=1):
        for label, size in found.items():
            both = broadcast_size(sizes.get(label, 1), size)
            if both is None:
                is_named = not label.startswith(_ELLIPSIS)
                what = f"`{label}`" if is_named else f"axis -{label.removeprefix(_ELLIPSIS)} of what `...` stands for"
                raise ShapeError(
                    f"needs equal sizes for {what}, but it has {sizes[label]}, and {size} in input {which}",
                    setting="equation",
                    help="give axes of different sizes letters of their own",
                )
            sizes[label] = both
    return sizes
