"""Differences, quotients, extremes, choices and sums of products: their numbers, their shapes, and what they refuse."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from archspec.op import Op, ShapeError
from archspec.ops.addition import Average, Sub
from archspec.ops.masking import MaskedFill, Where
from archspec.ops.maximum import Maximum, Minimum
from archspec.ops.multiplication import Div, Mul
from archspec.ops.product import Dot, Einsum
from archspec.shape import Element, Shape
from archspec.size import Size, named
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch, check_cost
from tests.left_out import is_left_out
from tests.lowered import random_uses, result, source_of

B, D, N, T = map(named, "BDNT")

sizes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
elements = st.sampled_from(list(Element))


def random(*sizes: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(sum(sizes)))


# ----------------------------------------------------------------------------------------------- position by position


@random_uses
@given(st.sampled_from([Sub, Div]), st.data())
def test_differences_and_quotients_are_those_of_torch(kind: type[Op], data: st.DataObject) -> None:
    made = st.builds(Shape, sizes, st.sampled_from(sorted(kind.accepts)))
    agrees_with_torch(kind(), data.draw(made), data.draw(made))


@random_uses
@given(st.sampled_from([Mul, Maximum, Minimum, Average]), st.data())
def test_products_extremes_and_averages_are_those_of_torch(kind: type[Op], data: st.DataObject) -> None:
    made = st.builds(Shape, sizes, st.sampled_from(sorted(kind.accepts)))
    agrees_with_torch(kind(), *data.draw(st.lists(made, min_size=2, max_size=4)))


@random_uses
@given(sizes, st.builds(Shape, sizes, elements), st.builds(Shape, sizes, elements), elements)
def test_where_is_that_of_torch(condition: tuple[int, ...], a: Shape, b: Shape, element: Element) -> None:
    agrees_with_torch(Where(), Shape(condition, Element.BOOL), a, b)
    agrees_with_torch(Where(), Shape(condition, element), a, b)


@random_uses
@given(st.sampled_from([None, 0.0, -1.0, 1e30]), st.builds(Shape, sizes, elements), st.builds(Shape, sizes, elements))
def test_filling_is_that_of_torch(value: float | None, x: Shape, mask: Shape) -> None:
    # Torch takes any number for a flag.
    assume(x.element is not Element.BOOL or value == 0)
    agrees_with_torch(MaskedFill(value=value), x, mask)


def test_numbers_position_by_position() -> None:
    a, b = torch.tensor([[1.0, -2.0, 8.0]]), torch.tensor([[4.0], [-4.0]])
    assert result(Sub(), a, b).tolist() == [[-3, -6, 4], [5, 2, 12]]
    assert result(Div(), a, b).tolist() == [[0.25, -0.5, 2], [-0.25, 0.5, -2]]
    assert result(Maximum(), a, b, torch.tensor([0.0, 0.0, 9.0])).tolist() == [[4, 4, 9], [1, 0, 9]]
    assert result(Minimum(), a, b, torch.tensor([0.0, 0.0, 9.0])).tolist() == [[0, -2, 4], [-4, -4, -4]]
    assert result(Average(), a, b, torch.tensor([1.0, 1.0, 0.0])).tolist() == [
        [2, 1, 4],
        pytest.approx([-2 / 3, -5 / 3, 4 / 3]),
    ]
    assert result(Mul(), a, torch.tensor([True, False, True])).tolist() == [[1, 0, 8]]


def test_quotients_and_averages_of_whole_numbers_are_fractions() -> None:
    a, b = torch.tensor([1, 3]), torch.tensor([2, 2])
    assert result(Div(), a, b).tolist() == [0.5, 1.5]
    assert result(Average(), a, b).tolist() == [1.5, 2.5]
    assert result(Sub(), a, b).tolist() == [-1, 1]
    assert result(Sub(), a, b).dtype == torch.int64
    assert Div().infer(Shape.of(2, element=Element.INT), Shape.of(2, element=Element.BOOL)) == Shape.of(2)


def test_a_choice_is_made_at_each_position() -> None:
    condition = torch.tensor([[True, False], [False, True]])
    assert result(Where(), condition, torch.tensor([1.0, 2.0]), torch.tensor([[-1], [-2]])).tolist() == [
        [1, -1],
        [-2, 2],
    ]
    assert result(MaskedFill(), torch.tensor([3.0, 4.0]), condition).tolist() == [
        [float("-inf"), 4],
        [3, float("-inf")],
    ]
    assert result(MaskedFill(value=7), torch.tensor([3, 4]), condition).tolist() == [[7, 4], [3, 7]]
    assert result(MaskedFill(value=1), torch.tensor([False, False]), condition).equal(condition)


def test_a_masked_softmax_gives_nothing_to_what_is_masked() -> None:
    scores, mask = random(2, 4), torch.tensor([False, True, False, True])
    weights = result(MaskedFill(), scores, mask).softmax(dim=-1)
    assert weights[:, 1::2].tolist() == [[0, 0], [0, 0]]
    torch.testing.assert_close(weights[:, ::2], scores[:, ::2].softmax(dim=-1))


# --------------------------------------------------------------------------------------------------- sums of products


@random_uses
@given(st.integers(-4, 4), sizes, sizes)
def test_inner_products_are_those_of_torch(axis: int, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    op, inputs = Dot(axis=axis), (Shape(a), Shape(b))
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_an_inner_product_is_a_sum_of_products(axis: int) -> None:
    a, b = random(3, 4, 5), random(3, 4, 5)[:, :, :1] if axis != -1 else random(4, 5)
    expected = sum(a.select(axis, place) * b.expand(3, 4, 5).select(axis, place) for place in range(a.shape[axis]))
    torch.testing.assert_close(result(Dot(axis=axis), a, b), expected)
    assert Dot().macs(Shape.of(B, D), Shape.of(B, D)) == B * D


def by_definition(equation: str, *values: Tensor) -> Tensor:
    """The sum of products, place by place, for letters alone."""
    before, _, after = equation.replace(" ", "").partition("->")
    terms = before.split(",")
    size = {
        letter: length
        for term, x in zip(terms, values, strict=True)
        for letter, length in zip(term, x.shape, strict=True)
    }
    found = torch.zeros([size[letter] for letter in after])
    for places in product(*(range(length) for length in size.values())):
        at = dict(zip(size, places, strict=True))
        factors = [x[tuple(at[letter] for letter in term)] for term, x in zip(terms, values, strict=True)]
        found[tuple(at[letter] for letter in after)] += torch.stack(factors).prod()
    return found


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bij, bjk -> bik", [(2, 3, 4), (2, 4, 2)]),
        ("bhqd, bhkd -> bhqk", [(2, 2, 3, 2), (2, 2, 4, 2)]),
        ("bi, bj -> bij", [(2, 3), (2, 4)]),
        ("bi, oij, bj -> bo", [(2, 3), (4, 3, 2), (2, 2)]),
        ("bii -> bi", [(2, 3, 3)]),
        ("bii -> b", [(2, 3, 3)]),
        ("ij ->", [(2, 3)]),
        (", i -> i", [(), (3,)]),
        ("ij, jk, kl -> li", [(2, 3), (3, 4), (4, 2)]),
        ("ab, cd -> bd", [(2, 3), (2, 4)]),
    ],
)
def test_einsum_is_its_definition(equation: str, shapes: list[tuple[int, ...]]) -> None:
    values = [random(*each) for each in shapes]
    torch.testing.assert_close(result(Einsum(equation=equation), *values), by_definition(equation, *values))


def test_what_an_equation_leaves_open_stands_for_the_other_axes() -> None:
    a, b = random(5, 2, 3), random(4, 5, 3)
    found = result(Einsum(equation="...ij, k...j -> ...ik"), a, b)
    torch.testing.assert_close(found, torch.stack([a[place] @ b[:, place].T for place in range(5)]))
    # Those of several inputs are laid over each other from the last one.
    c = random(7, 1, 3)
    found = result(Einsum(equation="...j, ...j -> ..."), a, c[:, None])
    torch.testing.assert_close(found, (a * c[:, None]).sum(dim=-1))
    # Without an arrow, those letters that stand once follow in alphabetical order.
    torch.testing.assert_close(result(Einsum(equation="ca, cb"), a[0], a[0, :, :2]), a[0].T @ a[0, :, :2])
    torch.testing.assert_close(result(Einsum(equation="ba"), a[0]), a[0].T)


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, tuple[Shape, ...]]:
    """An equation with inputs, most of which fit."""
    labels = st.sampled_from(["a", "a", "b", "b", "c", "d", "A", "...", " "])
    terms = draw(st.lists(st.lists(labels, max_size=4), min_size=1, max_size=4))
    output = draw(st.none() | st.lists(labels, max_size=3, unique=True))
    arrow = [] if output is None else ["->", *output]
    lengths = {letter: draw(st.integers(1, 3)) for letter in "abcdA"}
    lengths["..."] = 2
    shapes = []
    for term in terms:
        found: list[int] = []
        for label in term:
            if label == "...":
                found += draw(st.lists(st.sampled_from([1, 2]), max_size=2))
            elif label != " ":
                found.append(draw(st.sampled_from([lengths[label]] * 9 + [1, 1, 4])))
        if draw(st.integers(0, 19)) == 0:
            found.append(2)
        shapes.append(Shape(tuple(found)))
    if draw(st.integers(0, 19)) == 0:
        shapes.append(Shape.of(2))
    return "".join([",".join("".join(term) for term in terms), *arrow]), tuple(shapes)


@random_uses
@given(equations())
def test_an_equation_means_what_it_means_to_torch(use: tuple[str, tuple[Shape, ...]]) -> None:
    equation, inputs = use
    try:
        op = Einsum(equation=equation)
    except ValidationError:
        # Torch passes over dots in the output that stand for nothing.
        before, _, after = equation.partition("->")
        assume("..." not in after or "..." in before)
        values = [torch.zeros(each.sizes) for each in inputs]  # type: ignore[arg-type]  # They are numbers.
        with pytest.raises(RuntimeError):
            torch.einsum(equation, *values)
        return
    if agrees_with_torch(op, *inputs):
        check_cost(op, *inputs)


@pytest.mark.parametrize(
    "equation",
    [
        "ij -> ijk",
        "ij -> ii",
        "i1 -> i",
        "i -> j -> k",
        "...i...",
        "..i",
        ". . .i",
        "i >- i",
        "ä",
        "i\n",
        "i; j",
        "->a",
    ],
)
def test_what_is_no_equation_is_refused(equation: str) -> None:
    with pytest.raises(ValidationError):
        Einsum(equation=equation)


def test_the_cost_of_an_equation_is_that_of_multiplying_from_left_to_right() -> None:
    scores = Einsum(equation="bhqd, bhkd -> bhqk")
    assert scores.macs(Shape.of(B, 8, T, 64), Shape.of(B, 8, N, 64)) == B * 8 * T * N * 64
    chain = Einsum(equation="ij, jk, kl -> il")
    assert chain.macs(Shape.of(2, 3), Shape.of(3, 5), Shape.of(5, 7)) == 2 * 3 * 5 + 2 * 5 * 7
    # What one of them has alone is summed first, and a product without a sum is elementwise.
    assert Einsum(equation="ij, k -> k").macs(Shape.of(2, 3), Shape.of(5)) == 0
    assert Einsum(equation="ija, jk -> ik").macs(Shape.of(2, 3, 9), Shape.of(3, 5)) == 2 * 3 * 5
    assert Einsum(equation="bi, bj -> bij").macs(Shape.of(B, N), Shape.of(B, T)) == 0


def test_open_sizes_of_an_equation_are_taken_to_agree() -> None:
    op = Einsum(equation="b...d, bd -> b...")
    assert op.infer(Shape.of(B, T, 64), Shape.of(4, D)) == Shape.of(4, T)
    assert op.macs(Shape.of(B, T, 64), Shape.of(4, D)) == 4 * T * 64
    assert Einsum(equation="ii -> i").infer(Shape.of(N, 3)) == Shape.of(3)
    assert Where().infer(Shape.of(B, T, element=Element.BOOL), Shape.of(2, N), Shape.of()) == Shape.of(2, T)


# ----------------------------------------------------------------------------------------------------------- refusals


def flags(*sizes: Size) -> Shape:
    return Shape.of(*sizes, element=Element.BOOL)


def whole(*sizes: Size) -> Shape:
    return Shape.of(*sizes, element=Element.INT)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Sub(), [Shape.of(2, 3), Shape.of(2, 4)], "needs equal shapes, but axis 1 differs: 3 and 4"),
        (
            Where(),
            [Shape.of(2), Shape.of(2), Shape.of(2)],
            "takes elements of type `bool` as its condition, not `float`",
        ),
        (Where(), [flags(2), Shape.of(3), Shape.of()], "needs equal shapes, but axis 0 differs: 2 and 3"),
        (MaskedFill(), [Shape.of(2), whole(2)], "takes elements of type `bool` as its mask, not `int`"),
        (MaskedFill(), [whole(2), flags(2)], "fills whole numbers with minus infinity, which is none"),
        (MaskedFill(value=0.5), [whole(2), flags(2)], "fills whole numbers with 0.5, which is none"),
        (MaskedFill(value=2), [flags(2), flags(2)], "fills flags with 2.0, which is none"),
        (Dot(), [Shape.of(2, 3), Shape.of(2, 4)], "needs equal shapes, but axis 1 differs: 3 and 4"),
        (
            Dot(),
            [Shape.of(2, 3), Shape.of(2, 1)],
            "sums over axis -1, which has 3 in the first input and 1 in the second",
        ),
        (
            Dot(axis=0),
            [Shape.of(2, 3), Shape.of(3)],
            "sums over axis 0, which has 2 in the first input and 1 in the second",
        ),
        (Dot(axis=2), [Shape.of(2, 3), Shape.of(3)], "has no axis 2: the input has 2 axes"),
        (
            Einsum(equation="bij, bjk -> bik"),
            [Shape.of(2, 3, 4), Shape.of(2, 5, 4)],
            "needs equal sizes for `j`, but it has 4, and 5 in input 2",
        ),
        (
            Einsum(equation="...i, ...i"),
            [Shape.of(2, 3, 4), Shape.of(5, 4)],
            "needs equal sizes for axis -1 of what `...` stands for, but it has 3, and 5 in input 2",
        ),
        (Einsum(equation="bij -> b"), [Shape.of(2, 3)], "has letters for 3 axes of input 1, which has 2 axes"),
        (Einsum(equation="bi -> b"), [Shape.of(2, 3, 4)], "has letters for 2 axes of input 1, which has 3 axes"),
        (Einsum(equation="...bi -> b"), [Shape.of(2)], "has letters for 2 axes of input 1, which has 1 axis"),
        (
            Einsum(equation="ii -> i"),
            [Shape.of(N + 1, N)],
            "has `i` for two axes of input 1, but their sizes differ: N + 1 and N",
        ),
        (Einsum(equation="i, i"), [Shape.of(2)], "has an equation with 2 inputs, but is given 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_name_what_differs(op: Op, inputs: list[Shape], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*inputs)
    assert refusal.value.message == message
    assert refusal.value.help


@pytest.mark.parametrize(
    ("op", "inputs", "source"),
    [
        (Sub(), 2, "x0 - x1"),
        (Div(), 2, "x0 / x1"),
        (Maximum(), 2, "x0.maximum(x1)"),
        (Minimum(), 3, "x0.minimum(x1).minimum(x2)"),
        (Average(), 3, "(x0 + x1 + x2) / 3"),
        (MaskedFill(), 2, "x0.masked_fill(x1, -torch.inf)"),
        (MaskedFill(value=-1e9), 2, "x0.masked_fill(x1, -1000000000.0)"),
        (Where(), 3, "torch.where(x0, x1, x2)"),
        (Dot(), 2, "torch.linalg.vecdot(x0, x1)"),
        (Dot(axis=1), 2, "torch.linalg.vecdot(x0, x1, dim=1)"),
        (Einsum(equation="bij, bjk -> bik"), 2, 'torch.einsum("bij, bjk -> bik", x0, x1)'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_is_written_as_an_expression(op: Op, inputs: int, source: str) -> None:
    inline = lower(op, *[Shape.of(2, 3, 3)] * inputs)
    assert isinstance(inline, Inline)
    assert source_of(inline, inputs) == source


def test_an_equation_is_shown_in_quotes() -> None:
    assert str(Einsum(equation="bi, bj -> bij")) == 'einsum("bi, bj -> bij")'
