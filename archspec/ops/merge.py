"""Merges: one value made of several."""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Annotated, Final, TypeAlias, final

from pydantic import AfterValidator, Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import (
    agreed,
    axes_of,
    axis_of,
    broadcast,
    broadcast_size,
    check_element,
    counted,
    joint_element,
    seen_when_laid_over,
)
from archspec.setting import Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sight, Sights, Sliding, along, only
from archspec.size import LARGEST, Size


def _laid_over(*xs: Shape) -> tuple[Size, ...]:
    """The sizes of values that are laid over each other, position by position."""
    sizes = xs[0].sizes
    for each in xs[1:]:
        sizes = broadcast(sizes, each)
    return sizes


class Elementwise(Op, ABC):
    """A merge of the values that stand at the same position."""

    family = Family.MERGE
    accepts = frozenset({Element.FLOAT, Element.INT})

    def infer(self, *xs: Shape) -> Shape:
        return Shape(_laid_over(*xs), joint_element(*(each.element for each in xs)))

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(*xs)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

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

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: addition, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "add"


@final
class Mul(Elementwise):
    """The product, position by position, of two or more values: `y = x1 * x2 * ...`, as where a gate scales a signal.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the Hadamard product, with the broadcasting of `torch.mul`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Flags count as 0 and 1, so that a mask takes away what it is false for; the product of flags alone is one itself.
    """

    name = "mul"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(factors=(tuple(range(len(xs))),), further=_so_far(xs))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(), (Shape.of(2, 3), Shape.of(3, element=Element.BOOL))))


@final
class Sub(Elementwise):
    """The difference of two values: `y = a - b`.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: subtraction, with the broadcasting of `torch.sub`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "sub"

    def infer(self, a: Shape, b: Shape) -> Shape:  # type: ignore[override]  # It takes two, where a sum takes any.
        return super().infer(a, b)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4], [2, 8, 4]),
            Example.of(cls(), [2, 8, 4], [8, 1]),
            Example(cls(), (Shape.of(2, 3), Shape.of(2, 3, element=Element.INT))),
        )


@final
class Div(Elementwise):
    """The quotient of two values: `y = a / b`.

    It is a fraction, also that of whole numbers, and flags count as 0 and 1. As in all arithmetic of tensors, nothing
    is refused where `b` is zero: the quotient is infinite then, or not a number.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: division, with the broadcasting of `torch.div`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "div"
    accepts = frozenset(Element)

    def infer(self, a: Shape, b: Shape) -> Shape:  # type: ignore[override]  # It takes two, where a product takes any.
        return Shape(_laid_over(a, b))

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=(1,), factors=((0, 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4], [2, 8, 4]),
            Example.of(cls(), [4], [2, 8, 1]),
            Example.of(cls(), [2, 3], [2, 3], element=Element.INT),
        )


@final
class Maximum(Elementwise):
    """The largest, position by position, of two or more values: `y = max(x1, x2, ...)`, as in a maxout layer.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: Goodfellow et al., "Maxout networks", 2013; `torch.maximum`, with its broadcasting.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `max` is the largest value along axes of one input.
    """

    name = "maximum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=_so_far(xs))


@final
class Minimum(Elementwise):
    """The smallest, position by position, of two or more values: `y = min(x1, x2, ...)`.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the minimum, with the broadcasting of `torch.minimum`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `min` is the smallest value along axes of one input.
    """

    name = "minimum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=_so_far(xs))


@final
class Average(Elementwise):
    """The mean, position by position, of two or more values: `y = (x1 + x2 + ... + xn)/n`, as in an ensemble.

    It is a fraction, also that of whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the arithmetic mean, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `mean` is the mean along axes of one input.
    """

    name = "average"

    def infer(self, *xs: Shape) -> Shape:
        return Shape(_laid_over(*xs))


@final
class Where(Op):
    """One of two values, position by position: `y = a` where the condition is true, and `y = b` where it is false.

    Shapes: shapes that go together, `[...] bool, [...], [...] -> [...]`.
    Source: `torch.where`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Where one value has fractions and the other whole numbers, the result has fractions.
    """

    name = "where"
    family = Family.MERGE
    accepts = frozenset(Element)

    def infer(self, condition: Shape, a: Shape, b: Shape) -> Shape:
        check_element(condition, Element.BOOL, "its condition", "comparisons give flags, such as `x -> greater(0)`")
        return Shape(_laid_over(condition, a, b), joint_element(a.element, b.element))

    def sees(self, condition: Shape, a: Shape, b: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(condition, a, b)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=(0,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 5, element=Element.BOOL), Shape.of(2, 5), Shape.of(2, 5))),
            Example(cls(), (Shape.of(5, 1, element=Element.BOOL), Shape.of(2, 1, 3), Shape.of(1, element=Element.INT))),
            Example.of(cls(), [2, 5], [2, 5], [2, 5], element=Element.BOOL),
            Example(cls(), (Shape.of(2, element=Element.BOOL), Shape.of(2, element=Element.INT), Shape.of(2))),
        )


_Filling: TypeAlias = Annotated[float | None, Field(allow_inf_nan=False), Says("a number")]


@final
class MaskedFill(Op):
    """Another value wherever a mask is true: `y = value` there, and `y = x` elsewhere.

    Without a `value` it is minus infinity, to which a softmax gives nothing: the positions that an attention must not
    see. In each row of a softmax there must be some position that is left.

    Shapes: shapes that go together, `[...], [...] bool -> [...]`.
    Source: `torch.Tensor.masked_fill`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Whole numbers are filled with a whole number, and flags with 0 or 1.
    """

    name = "masked_fill"
    family = Family.MERGE
    accepts = frozenset(Element)

    value: _Filling = Field(None, description="what stands where the mask is true; minus infinity where left out")

    def infer(self, x: Shape, mask: Shape) -> Shape:
        check_element(mask, Element.BOOL, "its mask", "comparisons give flags, such as `x -> greater(0)`")
        if x.element is Element.BOOL and self.value not in (0, 1):
            raise ShapeError(
                f"fills flags with {self._value_in_words}, which is none", setting="value", help="use 0 or 1"
            )
        is_whole = self.value is not None and self.value.is_integer() and abs(self.value) <= LARGEST
        if x.element is Element.INT and not is_whole:
            raise ShapeError(
                f"fills whole numbers with {self._value_in_words}, which is none",
                setting="value",
                help="use a whole number",
            )
        return Shape(_laid_over(x, mask), x.element)

    def sees(self, x: Shape, mask: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(x, mask)

    @property
    def _value_in_words(self) -> str:
        return "minus infinity" if self.value is None else str(self.value)

    def kept(self, x: Shape, mask: Shape) -> Kept:
        return Kept(inputs=(1,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 4, 5, 5), Shape.of(5, 5, element=Element.BOOL))),
            Example(cls(value=-1.0), (Shape.of(2, 5, element=Element.INT), Shape.of(2, 5, element=Element.BOOL))),
            Example(cls(value=0.5), (Shape.of(1, 5), Shape.of(3, 1, element=Element.BOOL))),
            Example.of(cls(value=1.0), [2, 5], [2, 5], element=Element.BOOL),
        )


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
            _check_sizes(sizes, x, but=axis)
            for place, size in enumerate(x):
                sizes[place] = sizes[place] + size if place == axis else _same(place, sizes[place], size)
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    def calculation(self, axis: int, *xs: Shape) -> str:
        return " + ".join(str(x[axis]) for x in xs) if axis == axis_of(xs[0], self.axis) else ""

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        axis = axis_of(xs[0], self.axis)
        found: list[Sights] = []
        before: Size = 0
        for x in xs:
            found.append(tuple(along(place, -before if place == axis else 0) for place in range(x.rank)))
            before = before + x[axis]
        return tuple(found)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

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
            _check_sizes(sizes, x)
            sizes = [_same(place, *pair) for place, pair in enumerate(zip(sizes, x, strict=True))]
        sizes.insert(axis, len(xs))
        return Shape(tuple(sizes), joint_element(*(each.element for each in xs)))

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        axis = axis_of(xs[0], self.axis, more=1)
        return tuple(tuple(along(place + (place >= axis)) for place in range(x.rank)) for x in xs)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

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

    def sees(self, a: Shape, b: Shape) -> tuple[Sights, ...]:
        rank = max(a.rank, b.rank)
        rows, columns = seen_when_laid_over(a, b)
        return (*rows[:-2], along(rank - 2), EVERYTHING), (*columns[:-2], EVERYTHING, along(rank - 1))

    def macs(self, a: Shape, b: Shape) -> Size:
        return self.infer(a, b).elements * _same(-1, a[-1], b[-2])

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
        laid = Shape(_laid_over(a, b))
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
        (summed,) = axes_of(Shape(_laid_over(a, b)), self.axis, "axis") or (0,)
        return tuple(tuple(_without_axis(sight, summed) for sight in each) for each in seen_when_laid_over(a, b))

    def macs(self, a: Shape, b: Shape) -> Size:
        return prod(_laid_over(a, b))

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
@dataclass(frozen=True)
class Subscripts:
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


def _so_far(xs: Sequence[Shape]) -> tuple[Shape, ...]:
    """What comes out on the way, where values are put together two at a time."""
    found: list[Shape] = []
    for count in range(2, len(xs)):
        sizes: Sequence[Size] = xs[0]
        for x in xs[1:count]:
            sizes = broadcast(sizes, x)
        found.append(Shape(tuple(sizes), joint_element(*(x.element for x in xs[:count]))))
    return tuple(found)


def _check_ranks(first: Shape, other: Shape) -> None:
    if first.rank != other.rank:
        raise ShapeError(
            f"needs equally many axes in each input, but one has {counted(first.rank)} and one {other.rank}"
        )


def _check_sizes(left: Sequence[Size], right: Sequence[Size], but: int | None = None) -> None:
    """Refuse values of which any axis differs, but for one that may."""
    pairs = enumerate(zip(left, right, strict=True))
    wrong = tuple(axis for axis, pair in pairs if axis != but and agreed(*pair) is None)
    if wrong:
        raise ShapeError(
            f"needs equal shapes, but axis {wrong[0]} differs: {left[wrong[0]]} and {right[wrong[0]]}",
            help="give both the same size there",
            axes=wrong,
        )


def _same(axis: int, left: Size, right: Size) -> Size:
    size = agreed(left, right)
    if size is None:
        raise ShapeError(
            f"needs equal shapes, but axis {axis} differs: {left} and {right}", help="give both the same size there"
        )
    return size
