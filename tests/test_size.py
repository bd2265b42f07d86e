"""The laws of sizes: a formula, evaluated at any numbers, is what plain integers give."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from operator import add, floordiv, mod, mul, sub
from typing import Final, TypeAlias

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from archspec.shape import Element, Shape
from archspec.size import (
    DEEPEST,
    HIGHEST_POWER,
    LARGEST,
    MOST_TERMS,
    Formula,
    Size,
    SizeError,
    below,
    bounds,
    ceil_divide,
    differs,
    divide_exactly,
    evaluate,
    named,
    names,
)

OPERATORS: Final[Mapping[str, Callable[..., Size]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "//": floordiv,
    "%": mod,
    "**": pow,
}


@dataclass(frozen=True)
class Operation:
    """Arithmetic that can be carried out on formulas and on integers alike."""

    operator: str
    left: Tree
    right: Tree

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


Tree: TypeAlias = "int | str | Operation"


def computed(tree: Tree, leaves: Mapping[str, Size]) -> Size:
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        return leaves[tree]
    return OPERATORS[tree.operator](computed(tree.left, leaves), computed(tree.right, leaves))


def formula(tree: Tree) -> Size:
    return computed(tree, {name: named(name) for name in "BHTW"})


def extended(trees: st.SearchStrategy[Tree], *operators: str) -> st.SearchStrategy[Tree]:
    binary = [operator for operator in operators if operator != "**"]
    operations: st.SearchStrategy[Tree] = st.builds(Operation, st.sampled_from(binary), trees, trees)
    if "**" in operators:
        operations |= st.builds(Operation, st.just("**"), trees, st.integers(0, 3))
    return operations


leaves: st.SearchStrategy[Tree] = st.sampled_from("BHTW") | st.integers(-12, 12)
trees = st.recursive(leaves, lambda inner: extended(inner, *OPERATORS), max_leaves=12)
polynomials = st.recursive(leaves, lambda inner: extended(inner, "+", "-", "*", "**"), max_leaves=6)
numbers = st.fixed_dictionaries({name: st.integers(1, 60) for name in "BHTW"})


def plain(tree: Tree, at: Mapping[str, int]) -> int:
    """What Python's integers give; an example that divides by zero is left out."""
    try:
        value = computed(tree, at)
    except ZeroDivisionError:
        assume(False)
        raise
    assert isinstance(value, int)
    return value


def formula_or_skip(tree: Tree) -> Size:
    """The formula; an example that is refused as too large, or as dividing by the number zero, is left out."""
    try:
        return formula(tree)
    except (SizeError, ZeroDivisionError):
        assume(False)
        raise


def evaluated(size: Size, at: Mapping[str, Size]) -> Size:
    """What the formula gives; an example with numbers that are refused as too large is left out."""
    try:
        return evaluate(size, at)
    except SizeError as error:
        assume("zero" in str(error))
        raise


@given(trees, numbers)
def test_a_formula_evaluated_is_what_integers_give(tree: Tree, at: dict[str, int]) -> None:
    expected = plain(tree, at)
    found = evaluated(formula_or_skip(tree), at)
    assert found == expected
    assert type(found) is int


@given(trees, numbers)
def test_a_formula_can_be_evaluated_in_two_steps(tree: Tree, at: dict[str, int]) -> None:
    expected = plain(tree, at)
    size = formula_or_skip(tree)
    first = {name: at[name] for name in "BH"}
    try:
        partly = evaluated(size, first)
    except SizeError:
        with pytest.raises(SizeError):
            evaluate(size, at)
        return
    assert not {"B", "H"} & set(names(partly))
    assert evaluated(partly, at) == expected


@given(trees, trees, numbers)
def test_names_can_be_replaced_by_formulas(tree: Tree, other: Tree, at: dict[str, int]) -> None:
    inner = plain(other, at)
    expected = plain(tree, {**at, "T": inner})
    size, replacement = formula_or_skip(tree), formula_or_skip(other)
    try:
        replaced = evaluated(size, {"T": replacement})
    except SizeError:
        return
    assert evaluated(replaced, at) == expected


@given(trees, numbers)
def test_the_text_of_a_formula_means_the_formula(tree: Tree, at: dict[str, int]) -> None:
    plain(tree, at)
    size = formula_or_skip(tree)
    assert read(ast.parse(str(size), mode="eval").body, at) == evaluated(size, at)


def read(node: ast.expr, at: Mapping[str, int]) -> int:
    """The value of a text of arithmetic, without `eval`."""
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return at[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -read(operand, at)
        case ast.BinOp(left=left, op=operator, right=right):
            values = read(left, at), read(right, at)
            by_type: dict[type[ast.operator], Callable[[int, int], int]] = {
                ast.Add: add,
                ast.Sub: sub,
                ast.Mult: mul,
                ast.FloorDiv: floordiv,
                ast.Pow: pow,
            }
            return by_type[type(operator)](*values)
        case _:
            raise AssertionError(f"a formula is written without {ast.dump(node)}")


@given(trees, numbers)
def test_bounds_bound(tree: Tree, at: dict[str, int]) -> None:
    value = plain(tree, at)
    low, high = bounds(formula_or_skip(tree))
    assert low is None or low <= value
    assert high is None or value <= high


@given(trees, trees, numbers)
def test_comparisons_never_lie(left: Tree, right: Tree, at: dict[str, int]) -> None:
    one, other = plain(left, at), plain(right, at)
    first, second = formula_or_skip(left), formula_or_skip(right)
    if first == second:
        assert one == other
        assert hash(first) == hash(second)
        assert not differs(first, second)
    if differs(first, second):
        assert one != other
    if below(first, second):
        assert one < other


@given(polynomials, polynomials, polynomials)
def test_polynomials_that_are_equal_compare_equal(a: Tree, b: Tree, c: Tree) -> None:
    x, y, z = formula_or_skip(a), formula_or_skip(b), formula_or_skip(c)
    assert x + y == y + x
    assert (x + y) + z == x + (y + z)
    assert x * y == y * x
    assert (x * y) * z == x * (y * z)
    assert x * (y + z) == x * y + x * z
    assert (x + y) ** 2 == x**2 + 2 * x * y + y**2
    assert x - x == 0
    assert type(x - x) is int


@given(trees, trees)
def test_rings_hold_of_floors_too(a: Tree, b: Tree) -> None:
    x, y = formula_or_skip(a), formula_or_skip(b)
    try:
        products = x * y, y * x
        difference = (x + y) * (x - y) - (x * x - y * y)
    except SizeError:
        return
    assert x + y == y + x
    assert products[0] == products[1]
    assert difference == 0


@given(trees, polynomials, st.sampled_from([-12, -3, -1, 1, 2, 3, 8, "T", "3*T", "-B*T"]))
@example("H", 1, "T")
def test_whole_parts_come_out_of_a_division(a: Tree, k: Tree, divisor: int | str) -> None:
    size, whole = formula_or_skip(a), formula_or_skip(k)
    by: Size = (
        divisor
        if isinstance(divisor, int)
        else prod(
            int(each) if each.isdigit() else -named(each[1:]) if each[0] == "-" else named(each)
            for each in divisor.split("*")
        )
    )
    assert (size + whole * by) // by == size // by + whole
    assert (whole * by) % by == 0
    assert divide_exactly(whole * by, by) == whole


@given(polynomials, st.integers(1, 12), st.integers(1, 12))
def test_floors_in_floors_are_one_floor(a: Tree, m: int, d: int) -> None:
    size = formula_or_skip(a)
    assert size // m // d == size // (m * d)
    assert (size * m) // (d * m) == size // d


@given(polynomials, polynomials)
@example(Operation("+", "T", 1), "H")
def test_a_product_can_be_divided_by_its_factors(a: Tree, b: Tree) -> None:
    x, y = formula_or_skip(a), formula_or_skip(b)
    assume(y != 0)
    assert (x * y) // y == x
    assert divide_exactly(x * y, y) == x


@given(trees, trees, numbers)
def test_dividing_up_and_dividing_exactly(a: Tree, b: Tree, at: dict[str, int]) -> None:
    one, other = plain(a, at), plain(b, at)
    assume(other != 0)
    left, right = formula_or_skip(a), formula_or_skip(b)
    assume(right != 0)
    try:
        up, exact = ceil_divide(left, right), divide_exactly(left, right)
    except SizeError:
        return
    assert evaluated(up, at) == -(-one // other)
    if exact is not None:
        value = evaluated(exact, at)
        assert value * other == one


B, H, T = named("B"), named("H"), named("T")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2 * T * 64, "128*T"),
        ((H + 1) // 2, "(H + 1)//2"),
        ((H + 1) // 2 // 2, "(H + 1)//4"),
        ((H - 3 + 2) // 2 + 1, "(H + 1)//2"),
        (H // T // 2, "H//(2*T)"),
        (H // 2 // T, "H//(2*T)"),
        ((6 * H + 3) // (3 * T), "(2*H + 1)//T"),
        ((T * H) // (2 * T), "H//2"),
        ((B * T + B) * 64 // (T + 1), "64*B"),
        ((H // 2) ** 2 * 3, "3*(H//2)**2"),
        (-(H // 2), "-(H//2)"),
        (T - H, "T - H"),
        (1 - T, "1 - T"),
        (T - H // 2, "T - H//2"),
        (-(H // 2) - T // 2, "-(H//2) - T//2"),
        (T - 5 // H + -5 // B, "(-5//B) - 5//H + T"),
        (5 // T, "5//T"),
        (named("?1") // 2 + named("?kept.0"), "?//2 + ?"),
    ],
)
def test_formulas_read_well(size: Size, text: str) -> None:
    assert str(size) == text


def test_two_unknown_sizes_are_two_sizes_though_they_look_alike() -> None:
    one, other = named("?1") // 2, named("?2") // 2
    assert str(one) == str(other) == "?//2"
    assert one != other
    assert one * other == other * one
    assert one * other - other * one == 0
    assert one**2 + other == other + one**2
    assert sorted(names(one * other)) == ["?1", "?2"]


@pytest.mark.parametrize(
    ("left", "right", "is_below"),
    [(T, T + 1, True), (T, T, False), (T, 2 * T, True), (0, T, True), (T, H, False), (0, H // 2, False)],
)
def test_what_can_be_decided_is_decided(left: Size, right: Size, is_below: bool) -> None:
    assert below(left, right) is is_below
    assert differs(left, right) is is_below
    assert differs(right, left) is is_below


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: T // 0,
        lambda: T % 0,
        lambda: 3 // (T - T),
        lambda: ceil_divide(3, 0),
        lambda: ceil_divide(T, 0),
        lambda: divide_exactly(3, 0),
        lambda: evaluate(5 // (T - 1), {"T": 1}),
    ],
)
def test_division_by_zero_is_a_size_error(attempt: Callable[[], Size]) -> None:
    # `3 // (T - T)` divides one integer by another, which Python refuses itself.
    with pytest.raises((SizeError, ZeroDivisionError), match="zero") as caught:
        attempt()
    assert isinstance(caught.value, ArithmeticError)


def many_terms() -> Size:
    return sum((named(f"n{index}") for index in range(MOST_TERMS + 1)), 0)


def squares() -> Size:
    size: Size = T + 1
    for _ in range(40):
        size = size * size
    return size


def large_numbers() -> Size:
    size: Size = T
    for _ in range(10):
        size = LARGEST * size
    return size


def deep_floors() -> Size:
    size: Size = H
    for index in range(DEEPEST + 1):
        size = (size + 1) // (T - index)
    return size


def shared_floors() -> Size:
    size: Size = H
    for index in range(DEEPEST):
        size = (size * size + size + 1) // (T + index)
    return size


@pytest.mark.parametrize(
    "attempt",
    [
        many_terms,
        squares,
        large_numbers,
        deep_floors,
        shared_floors,
        lambda: T ** (HIGHEST_POWER + 1),
        lambda: T**-1,
        lambda: (T**HIGHEST_POWER) ** 2,
        lambda: evaluate(T**HIGHEST_POWER, {"T": LARGEST}),
    ],
)
def test_hostile_sizes_are_refused(attempt: Callable[[], Size]) -> None:
    with pytest.raises(SizeError):
        attempt()


def test_what_is_too_large_to_compare_is_left_open() -> None:
    one = sum((named(f"n{index}") for index in range(MOST_TERMS)), 0)
    other = sum((named(f"m{index}") for index in range(MOST_TERMS)), 0)
    assert not differs(one, other)
    assert not below(one, other)


@given(st.lists(trees, max_size=4), st.sampled_from(Element))
def test_shapes_are_sequences_of_sizes(axes: list[Tree], element: Element) -> None:
    sizes = tuple(map(formula_or_skip, axes))
    shape = Shape.of(*sizes, element=element)
    assert tuple(shape) == sizes
    assert shape.rank == len(shape) == len(sizes)
    assert str(shape).startswith("[")
    for axis in range(-shape.rank, shape.rank):
        replaced = shape.with_axis(axis, 7)
        assert replaced[axis] == 7
        assert replaced.element is element
        assert [each for index, each in enumerate(replaced) if index != axis % shape.rank] == [
            each for index, each in enumerate(sizes) if index != axis % shape.rank
        ]


def test_the_number_of_elements() -> None:
    assert Shape.of(2, 3, 4).elements == 24
    assert Shape.of().elements == 1
    assert Shape.of(B, 3, T // 2).elements == 3 * B * (T // 2)
    assert isinstance(Shape.of(B).elements, Formula)
    assert str(Shape.of(B, 3, T // 2, element=Element.INT)) == "[B, 3, T//2] int"
