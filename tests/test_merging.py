"""Merges and arithmetic between values: which shapes go together, what comes out, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from archspec.expression import EvaluationError
from archspec.op import Op, ShapeError
from archspec.ops.addition import Add
from archspec.ops.agreement import agreed, broadcast_size
from archspec.ops.arithmetic import Arithmetic, formula_of
from archspec.ops.joining import Concat, Stack
from archspec.ops.multiplication import Mul
from archspec.ops.product import Matmul
from archspec.shape import Element, Shape
from archspec.size import Size, evaluate, named
from archspec.source import Source
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar
from archspec_torch.call import Variable, printed
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.lowered import random_uses, result, source_of

B, C, N, T = map(named, "BCNT")
UNKNOWN = named("?1")

shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
numeric = st.sampled_from([Element.FLOAT, Element.INT])
elements = st.sampled_from(list(Element))


@random_uses
@given(st.sampled_from([Add, Mul]), st.lists(st.builds(Shape, shapes, numeric), min_size=2, max_size=3))
def test_add_and_mul_broadcast_as_torch_does(kind: type[Op], inputs: list[Shape]) -> None:
    agrees_with_torch(kind(), *inputs)


@random_uses
@given(st.sampled_from([Add, Mul]), st.lists(shapes, min_size=2, max_size=3), st.data())
def test_open_sizes_are_taken_to_agree(kind: type[Op], given_sizes: list[tuple[int, ...]], data: st.DataObject) -> None:
    """Whatever of the sizes is open, what is inferred is right for the numbers, if an open one is no 1 by chance."""
    inputs = [Shape(sizes) for sizes in given_sizes]
    try:
        expected = kind().infer(*inputs)
    except ShapeError:
        assume(False)
    numbers: dict[str, Size] = {}
    opened = []
    for which, shape in enumerate(inputs):
        sizes = list(shape.sizes)
        for axis, size in enumerate(shape):
            if size != 1 and data.draw(st.booleans()):
                sizes[axis] = named(f"N{which}_{axis}")
                numbers[f"N{which}_{axis}"] = size
        opened.append(Shape(tuple(sizes)))
    found = kind().infer(*opened)
    assert isinstance(found, Shape)
    assert expected == found.with_sizes(evaluate(size, numbers) for size in found)


@random_uses
@given(
    st.booleans(),
    st.integers(-4, 4),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 3), elements), min_size=2, max_size=3),
)
def test_concat_and_stack_agree_with_torch(
    is_stack: bool, axis: int, sizes: list[int], changes: list[tuple[int, int, Element]]
) -> None:
    inputs = []
    for place, size, element in changes:
        changed = list(sizes)
        if -len(sizes) <= place < len(sizes):
            changed[place] = size
        elif place == 3:
            changed.append(size)
        inputs.append(Shape(tuple(changed), element))
    agrees_with_torch(Stack(axis=axis) if is_stack else Concat(axis=axis), *inputs)


@random_uses
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_matmul_agrees_with_torch(left: list[int], right: list[int]) -> None:
    # With fewer axes torch has other rules, for vectors, which we have not.
    assume(len(left) > 1 and len(right) > 1)
    agrees_with_torch(Matmul(), Shape(tuple(left)), Shape(tuple(right)))


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (64, N, 64),
        (UNKNOWN, N, N),
        (N, UNKNOWN, N),
        (N, T, N),
        (1, N, N),
        (N, 1, N),
        (2 * N, N, 2 * N),  # They are never equal, so that `N` must be 1.
        (N, N + 1, N + 1),
        (N + 2, N + 1, None),
        (N + 64, 64, None),
        (64, 256, None),
    ],
)
def test_two_sizes_go_together_as_far_as_anything_tells(left: Size, right: Size, result: Size | None) -> None:
    assert broadcast_size(left, right) == result


def test_sizes_agree_unless_they_always_differ() -> None:
    assert agreed(N, 64) == agreed(64, N) == 64
    assert agreed(UNKNOWN, N) == N
    assert agreed(N, T) == N
    assert agreed(N, N + 1) is None


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Add(), [[B, 64, 4], [B, 256, 4]], "needs equal shapes, but axis 1 differs: 64 and 256"),
        (Mul(), [[2, 3], [2, 3, 4]], "needs equal shapes, but axis -1 differs: 3 and 4"),
        (Add(), [[2, 3], [1, 3], [4, 3]], "needs equal shapes, but axis 0 differs: 2 and 4"),
        (Concat(), [[2, 3, 4], [2, 5, 6]], "needs equal shapes, but axis 2 differs: 4 and 6"),
        (Concat(axis=3), [[2, 3, 4], [2, 5, 4]], "has no axis 3: the input has 3 axes"),
        (Concat(), [[2, 3], [2, 3, 4]], "needs equally many axes in each input, but one has 2 axes and one 3"),
        (Stack(), [[2, 3], [2, 4]], "needs equal shapes, but axis 1 differs: 3 and 4"),
        (Stack(axis=4), [[2, 3], [2, 3]], "has no axis 4: the result has 3 axes"),
        (Matmul(), [[2, 3], [4]], "needs at least 2 axes, but the second input has 1"),
        (
            Matmul(),
            [[2, 3, 4], [2, 5, 4]],
            "needs as many rows in the second input as the first has columns, which are 4, but it has 5",
        ),
        (Matmul(), [[2, 3, 4], [5, 4, 3]], "needs equal shapes, but axis 0 differs: 2 and 5"),
        (Arithmetic(formula="a * b"), [[2, 3]], "calculates with `a` and `b`, but has 1 input"),
        (Arithmetic(formula="a * b + c"), [[2, 3], [2, 3], [4]], "needs equal shapes, but axis -1 differs: 3 and 4"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_name_the_axis_and_both_sizes(op: Op, inputs: list[list[Size]], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*(Shape(tuple(sizes)) for sizes in inputs))
    assert refusal.value.message == message


def test_a_whole_number_has_no_negative_power_that_is_one() -> None:
    op = Arithmetic(formula="2 * a ** -2")
    with pytest.raises(ShapeError, match="raises whole numbers to the power -2"):
        op.infer(Shape.of(2, element=Element.INT))
    assert op.infer(Shape.of(2)) == Shape.of(2)


@pytest.mark.parametrize(
    ("op", "inputs", "source"),
    [
        (Add(), 2, "x0 + x1"),
        (Add(), 3, "x0 + x1 + x2"),
        (Mul(), 2, "x0 * x1"),
        (Concat(), 3, "torch.cat((x0, x1, x2), dim=1)"),
        (Stack(axis=-1), 2, "torch.stack((x0, x1), dim=-1)"),
        (Matmul(), 2, "x0 @ x1"),
        (Arithmetic(formula="a * b + c"), 3, "x0 * x1 + x2"),
        (Arithmetic(formula="a * (b + c)"), 3, "x0 * (x1 + x2)"),
        (Arithmetic(formula="a - (b - c)"), 3, "x0 - (x1 - x2)"),
        (Arithmetic(formula="(a - b) - c"), 3, "x0 - x1 - x2"),
        (Arithmetic(formula="1 - a"), 1, "1 - x0"),
        (Arithmetic(formula="-(a * b) ** 2"), 2, "-((x0 * x1) ** 2)"),
        (Arithmetic(formula="(-a)**2 / (2 * 4)"), 1, "(-x0) ** 2 / 8"),
        (Arithmetic(formula="a ** -0.5 * 1e-5"), 1, "x0**-0.5 * 1e-05"),
        (Arithmetic(formula="a - -3"), 1, "x0 - -3"),
        (Arithmetic(formula="a"), 1, "x0"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_a_merge_is_written_as_an_expression(op: Op, inputs: int, source: str) -> None:
    inline = lower(op, *[Shape.of(2, 3, 3)] * inputs)
    assert isinstance(inline, Inline)
    assert source_of(inline, inputs) == source


def test_an_expression_within_another_has_the_parentheses_it_needs() -> None:
    shape = Shape.of(2, 3)
    total, product = lower(Add(), shape, shape), lower(Mul(), shape, shape)
    assert isinstance(total, Inline)
    assert isinstance(product, Inline)
    x, y = Variable("x"), Variable("y")
    inner = total.over([x, y], {})
    assert printed(product.over([inner, inner], {})) == "(x + y) * (x + y)"
    assert printed(total.over([product.over([x, y], {}), inner], {})) == "x * y + (x + y)"


@pytest.mark.parametrize(
    "formula",
    [
        *("", "2", "a +", "(a", "a)", "a b", "b", "a + c", "a // b", "a ** b", "2 ** a", "2 ** 3 * a"),
        *("x1", "A", "a.b", "f(a)", "__import__", "a\n", "a; a"),
        *("a * (1 / 0)", "a * 1e999", "a * 99999999999999999999"),
        *("a" + "+ a" * 101, "a" + "+ a" * 5000, "(" * 4000 + "a" + ")" * 4000, "-" * 300 + "a"),
    ],
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValidationError):
        Arithmetic(formula=formula)


def test_the_longest_formula_can_be_calculated_and_printed() -> None:
    op = Arithmetic(formula="a" + " + a" * 100)
    assert op.infer(Shape.of(2)) == Shape.of(2)
    assert result(op, torch.ones(2)).tolist() == [101, 101]


letters = st.sampled_from("abc")
numbers = st.sampled_from(["0", "2", "3", "0.5", "1.5", "1e-3"])


def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, smaller, st.sampled_from("+-*/"), smaller),
        st.builds("{} {} {}".format, smaller, st.sampled_from("+-*/"), smaller),
        st.builds("-({})".format, smaller),
        st.builds("({}) ** {}".format, smaller, st.sampled_from(["2", "-1", "0.5", "-(2)", "(1 + 2)"])),
    )


formulas = st.recursive(letters | numbers, larger, max_leaves=8)


def values_of(wanted: tuple[Element, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(1, 9, (2, 3), generator=generator)
        if element is Element.INT
        else torch.rand(2, 3, generator=generator) + 0.5
        for element in wanted
    ]


@random_uses
@given(formulas, st.tuples(numeric, numeric, numeric))
def test_a_formula_is_what_python_makes_of_it(formula: str, wanted: tuple[Element, ...]) -> None:
    formula = f"{formula} + 0 * (a + b + c)"
    values = values_of(wanted)
    try:
        op = Arithmetic(formula=formula)
    except ValidationError:
        assume(False)  # It divides by zero, or raises a number to a power.
    agrees_with_torch(op, *(Shape.of(2, 3, element=element) for element in wanted))
    try:
        expected = eval(formula, dict(zip("abc", values, strict=True)))  # noqa: S307  # Made here, of arithmetic alone.
    except RuntimeError:
        assume(False)  # It raises whole numbers to a negative power.
    torch.testing.assert_close(result(op, *values), expected, equal_nan=True)


def expression(text: str) -> Any:
    return parse_expression(Scalar(text, Source("a test", text).whole()))


@random_uses
@given(formulas)
def test_an_expression_of_a_spec_becomes_the_formula_that_calculates_it(text: str) -> None:
    text = f"{text} + 0 * (c + a + b)"
    try:
        formula, names = formula_of(expression(text), {})
    except EvaluationError:
        assume(False)  # The same as above.
    assert names == tuple(dict.fromkeys(letter for letter in text if letter in "abc"))
    values = dict(zip("abc", values_of((Element.FLOAT,) * 3), strict=True))
    expected = eval(text, dict(values))  # noqa: S307  # Made here, of arithmetic alone.
    found = result(Arithmetic(formula=formula), *(values[name] for name in names))
    torch.testing.assert_close(found, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "formula", "names"),
    [
        ("gate * x + y", "a * b + c", ("gate", "x", "y")),
        ("f * c + i * f", "a * b + c * a", ("f", "c", "i")),
        ("(1 - z) * h", "(1 - a) * b", ("z", "h")),
        ("x * scale", "a * 3", ("x",)),
        ("x / (scale // 2 - 2)", "a / -1", ("x",)),
        ("x ** (2 - scale)", "a ** -1", ("x",)),
        ("x - (y - z)", "a - (b - c)", ("x", "y", "z")),
        ("-(x + y) ** 2", "-(a + b) ** 2", ("x", "y")),
        ("(-x) ** 2", "(-a) ** 2", ("x",)),
    ],
)
def test_names_of_values_become_letters_and_parameters_numbers(text: str, formula: str, names: tuple[str, ...]) -> None:
    assert formula_of(expression(text), {"scale": 3}) == (formula, names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x // 2", "only `+`, `-`, `*`, `/` and `**` can be done with values"),
        ("x == y", "only `+`, `-`, `*`, `/` and `**` can be done with values"),
        ("x ** y", "this cannot be calculated: a power is that of a value, and its exponent a number"),
        ("x * T", "cannot calculate with a value and `T`"),
        ("x * same", "cannot calculate with a value and `word`"),
        (" + ".join(f"v{number}" for number in range(27)), "calculates with more than 26 values"),
    ],
)
def test_what_cannot_be_done_with_values_is_said(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as refusal:
        formula_of(expression(text), {"T": T, "same": "word"})
    assert refusal.value.message == message


def test_matmul_is_a_sum_of_products() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, 3, 4), torch.randn(4, 5)
    expected = torch.stack([(a[:, :, k, None] * b[k]) for k in range(4)]).sum(dim=0)
    torch.testing.assert_close(result(Matmul(), a, b), expected)
    assert Matmul().macs(Shape.of(B, 3, 4), Shape.of(T, 5)) == B * 3 * 4 * 5


def test_gating_by_hand() -> None:
    gate, x, y = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([2.0, 4.0, 6.0]), torch.tensor([[1.0]])
    assert result(Arithmetic(formula="a * b + (1 - a) * c"), gate, x, y).tolist() == [[1.0, 2.5, 6.0]]
    assert result(Add(), gate, x, y).tolist() == [[3.0, 5.5, 8.0]]
    assert result(Mul(), gate, x).tolist() == [0.0, 2.0, 6.0]
    assert result(Concat(axis=0), gate, x).tolist() == [0.0, 0.5, 1.0, 2.0, 4.0, 6.0]
    assert result(Stack(axis=0), gate, x).tolist() == [[0.0, 0.5, 1.0], [2.0, 4.0, 6.0]]


def test_how_many_inputs_an_op_takes() -> None:
    assert Add.arity() == Concat.arity() == (2, None)
    assert Arithmetic.arity() == (1, None)
    assert Matmul.arity() == (2, 2)
