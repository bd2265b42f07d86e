"""Functions of single values, comparisons and logic: their numbers, and the kinds of values that they give."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import archspec
from archspec.op import Family, Op, ShapeError
from archspec.ops import OPS
from archspec.ops.comparison import Comparison, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from archspec.ops.exponential import Exp, Log, Logit
from archspec.ops.logic import Connective, LogicalAnd, LogicalNot, LogicalOr, LogicalXor
from archspec.ops.piecewise import Abs, Cast, Ceil, Clamp, Floor, Round, Sign, Trunc
from archspec.ops.pointwise import Pointwise
from archspec.ops.power import Reciprocal, Rsqrt, Sqrt, Square
from archspec.shape import Element, Shape
from archspec.size import named
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import DTYPES, random_uses, result, source_of
from tests.random_uses import uses

B, T = named("B"), named("T")
FLOAT, INT, BOOL = Element.FLOAT, Element.INT, Element.BOOL

KINDS = [op for op in OPS.values() if op.family is Family.ELEMENTWISE]


def nearest(x: float) -> float:
    """The nearest whole number, and of two the even one."""
    low = math.floor(x)
    part = x - low
    return low if part < 0.5 or (part == 0.5 and low % 2 == 0) else low + 1


def error_function(x: float) -> float:
    """The integral by the sums of its series, which converges everywhere."""
    terms = ((-1) ** n * x ** (2 * n + 1) / (math.factorial(n) * (2 * n + 1)) for n in range(120))
    return 2 / math.sqrt(math.pi) * math.fsum(terms)


ANYWHERE = [-3.5, -2.5, -2.0, -1.3, -0.5, 0.0, 0.3, 0.5, 1.0, 1.5, 2.5, 3.7]
POSITIVE = [1e-6, 0.25, 1.0, 2.5, 100.0]
WITHIN_ONE = [-1.0, -0.6, 0.0, 0.5, 1.0]
SHARES = [0.01, 0.25, 0.5, 0.9]

FORMULAS: dict[str, tuple[list[float], Callable[[float], float]]] = {
    "exp": (ANYWHERE, lambda x: math.e**x),
    "expm1": (ANYWHERE, lambda x: math.e**x - 1),
    "log": (POSITIVE, math.log),
    "log1p": (POSITIVE, lambda x: math.log(1 + x)),
    "log2": (POSITIVE, lambda x: math.log(x) / math.log(2)),
    "log10": (POSITIVE, lambda x: math.log(x) / math.log(10)),
    "sqrt": (POSITIVE, lambda x: x**0.5),
    "rsqrt": (POSITIVE, lambda x: 1 / x**0.5),
    "reciprocal": (POSITIVE, lambda x: 1 / x),
    "sin": (ANYWHERE, math.sin),
    "cos": (ANYWHERE, math.cos),
    "tan": (ANYWHERE, lambda x: math.sin(x) / math.cos(x)),
    "asin": (WITHIN_ONE, math.asin),
    "acos": (WITHIN_ONE, math.acos),
    "atan": (ANYWHERE, math.atan),
    "sinh": (ANYWHERE, lambda x: (math.exp(x) - math.exp(-x)) / 2),
    "cosh": (ANYWHERE, lambda x: (math.exp(x) + math.exp(-x)) / 2),
    "erf": (ANYWHERE, error_function),
    "logit": (SHARES, lambda x: math.log(x / (1 - x))),
    "abs": (ANYWHERE, lambda x: max(x, -x)),
    "floor": (ANYWHERE, math.floor),
    "ceil": (ANYWHERE, math.ceil),
    "round": (ANYWHERE, nearest),
    "trunc": (ANYWHERE, lambda x: math.floor(x) if x > 0 else math.ceil(x)),
    "square": (ANYWHERE, lambda x: x * x),
    "sign": (ANYWHERE, lambda x: (x > 0) - (x < 0)),
    "logical_not": (ANYWHERE, lambda x: x == 0),
}


def functions() -> list[type[Op]]:
    """The functions of each value that have no settings."""
    return [kind for kind in KINDS if issubclass(kind, Pointwise) and not kind.settings()]


def test_every_function_has_a_formula_here() -> None:
    assert {kind.name for kind in functions()} == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_function_is_its_formula(name: str) -> None:
    points, formula = FORMULAS[name]
    found = result(OPS[name](), torch.tensor(points, dtype=torch.float64)).double()
    expected = torch.tensor([float(formula(x)) for x in points], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", functions(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("element", [INT, BOOL])
def test_whole_numbers_and_flags_give_what_their_fractions_give(kind: type[Op], element: Element) -> None:
    if element in kind.accepts:
        x = torch.tensor([0, 1]).to(DTYPES[element])
        found, expected = result(kind(), x), result(kind(), x.float())
        assert found.tolist() == expected.to(found.dtype).tolist()


def test_functions_where_they_have_no_number() -> None:
    infinite, nothing = math.inf, math.nan
    torch.testing.assert_close(
        result(Log(), torch.tensor([0.0, -1.0])), torch.tensor([-infinite, nothing]), equal_nan=True
    )
    torch.testing.assert_close(result(Sqrt(), torch.tensor([-1.0])), torch.tensor([nothing]), equal_nan=True)
    assert result(Rsqrt(), torch.zeros(1)).item() == infinite
    assert result(Reciprocal(), torch.zeros(1)).item() == infinite
    assert result(Logit(), torch.tensor([0.0, 1.0])).tolist() == [-infinite, infinite]


def test_small_values_keep_their_digits() -> None:
    for name in ("expm1", "log1p"):
        assert result(OPS[name](), torch.tensor([1e-10])).item() == pytest.approx(1e-10, rel=1e-6)


@pytest.mark.parametrize(
    ("op", "given", "expected"),
    [
        (Exp(), INT, FLOAT),
        (Exp(), BOOL, FLOAT),
        (Reciprocal(), INT, FLOAT),
        (Abs(), INT, INT),
        (Floor(), FLOAT, FLOAT),
        (Ceil(), INT, INT),
        (Square(), INT, INT),
        (Square(), BOOL, INT),
        (Sign(), BOOL, BOOL),
        (Clamp(low=0), INT, INT),
        (Clamp(low=0.0), INT, FLOAT),
        (Clamp(low=0, high=2.5), INT, FLOAT),
        (Clamp(high=2), FLOAT, FLOAT),
        (LogicalNot(), FLOAT, BOOL),
        (Greater(value=1), INT, BOOL),
        (Equal(value=0.5), BOOL, BOOL),
        (Cast(element="float"), BOOL, FLOAT),
        (Cast(element="int"), FLOAT, INT),
        (Cast(element="bool"), INT, BOOL),
    ],
    ids=str,
)
def test_what_the_output_is_made_of(op: Op, given: Element, expected: Element) -> None:
    assert op.infer(Shape.of(B, T, element=given)) == Shape.of(B, T, element=expected)
    assert result(op, torch.zeros(2, 3, dtype=DTYPES[given])).dtype == DTYPES[expected]


def test_fractions_are_rounded_and_flags_are_not() -> None:
    assert BOOL in Exp.accepts
    for kind in (Abs, Floor, Ceil, Round, Trunc, Clamp):
        assert kind.accepts == {FLOAT, INT}


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (None, 0.5), (0.5, None), (1, 1)])
def test_clamp_keeps_values_between_its_bounds(low: float | None, high: float | None) -> None:
    points = [-3.0, -1.0, 0.0, 0.5, 0.7, 2.0, 5.0]
    expected = [min(max(x, -math.inf if low is None else low), math.inf if high is None else high) for x in points]
    assert result(Clamp(low=low, high=high), torch.tensor(points, dtype=torch.float64)).tolist() == expected


def test_a_cast_cuts_digits_off_and_tells_zero_from_the_rest() -> None:
    x = torch.tensor([-2.7, -0.2, 0.0, 0.9, 3.0])
    assert result(Cast(element="int"), x).tolist() == [-2, 0, 0, 0, 3]
    assert result(Cast(element="bool"), x).tolist() == [True, True, False, True, True]
    assert result(Cast(element="float"), torch.tensor([True, False])).tolist() == [1.0, 0.0]
    # What is of a kind already keeps its bits.
    assert result(Cast(element="float"), x.double()).dtype == torch.float64


COMPARED: dict[type[Comparison], Callable[[Any, Any], bool]] = {
    Equal: operator.eq,
    NotEqual: operator.ne,
    Greater: operator.gt,
    GreaterEqual: operator.ge,
    Less: operator.lt,
    LessEqual: operator.le,
}
NUMBERS = [-1.0, 0.0, 0.5, 1.0, 2.0]


@pytest.mark.parametrize("kind", COMPARED, ids=lambda kind: kind.name)
def test_a_comparison_is_made_at_each_position(kind: type[Comparison]) -> None:
    compare = COMPARED[kind]
    rows, columns = torch.tensor(NUMBERS)[:, None], torch.tensor(NUMBERS)
    table = [[compare(row, column) for column in NUMBERS] for row in NUMBERS]
    assert result(kind(), rows, columns).tolist() == table
    for number in (0, 0.5, 1):
        assert result(kind(value=number), columns).tolist() == [compare(each, number) for each in NUMBERS]
    whole = columns.long()
    assert result(kind(), columns, whole).tolist() == [compare(each, int(each)) for each in NUMBERS]


LOGIC: dict[type[Connective], Callable[[bool, bool], bool]] = {
    LogicalAnd: lambda left, right: left and right,
    LogicalOr: lambda left, right: left or right,
    LogicalXor: operator.ne,
}


@pytest.mark.parametrize("kind", LOGIC, ids=lambda kind: kind.name)
@pytest.mark.parametrize("inputs", [2, 3, 4])
def test_logic_is_its_table(kind: type[Connective], inputs: int) -> None:
    rows = list(product([False, True], repeat=inputs))
    columns = torch.tensor(rows).unbind(1)
    expected = [reduce(LOGIC[kind], row) for row in rows]
    assert result(kind(), *columns).tolist() == expected
    # A number holds unless it is zero.
    assert result(kind(), columns[0] * 0.5, *(-each.long() for each in columns[1:])).tolist() == expected


@pytest.mark.parametrize(
    ("op", "shapes", "source"),
    [
        (Exp(), [Shape.of(B)], "x0.exp()"),
        (Clamp(low=0), [Shape.of(B)], "x0.clamp(min=0)"),
        (Clamp(low=-0.5, high=6), [Shape.of(B)], "x0.clamp(min=-0.5, max=6)"),
        (Cast(element="int"), [Shape.of(B)], "x0.long()"),
        (Cast(element="bool"), [Shape.of(B)], "x0.bool()"),
        (Cast(element="float"), [Shape.of(B, element=BOOL)], "x0.to(torch.get_default_dtype())"),
        (Greater(value=0), [Shape.of(B)], "x0.gt(0)"),
        (NotEqual(), [Shape.of(B), Shape.of(B)], "x0.ne(x1)"),
        (LogicalOr(), [Shape.of(B)] * 3, "x0.logical_or(x1).logical_or(x2)"),
    ],
    ids=str,
)
def test_lowering_is_a_short_expression(op: Op, shapes: list[Shape], source: str) -> None:
    inline = lower(op, *shapes)
    assert isinstance(inline, Inline)
    assert source_of(inline, len(shapes)) == source


@pytest.mark.parametrize(
    ("op", "shapes", "message", "setting"),
    [
        (Clamp(), [Shape.of(2)], "keeps values between bounds, but has none", None),
        (Clamp(low=2, high=1.5), [Shape.of(2)], "has a `low` of 2, which is above its `high` of 1.5", "low"),
        (Greater(), [Shape.of(2)], "compares with nothing", None),
        (
            Less(value=0),
            [Shape.of(2), Shape.of(2)],
            "has two inputs, which are compared with each other, and a `value`",
            "value",
        ),
        (Equal(), [Shape.of(2, 3), Shape.of(2, 4)], "needs equal shapes, but axis 1 differs: 3 and 4", None),
        (
            LogicalAnd(),
            [Shape.of(2, T + 1), Shape.of(2, 1), Shape.of(2, T + 2)],
            "needs equal shapes, but axis 1 differs: T + 1 and T + 2",
            None,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_a_cure(op: Op, shapes: list[Shape], message: str, setting: str | None) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*shapes)
    assert (refusal.value.message, refusal.value.setting) == (message, setting)
    assert refusal.value.help


def test_open_sizes_are_taken_to_agree() -> None:
    assert Equal().infer(Shape.of(B, T), Shape.of(2, 1)) == Shape.of(2, T, element=BOOL)
    assert LogicalAnd().infer(Shape.of(B, T), Shape.of(3), Shape.of(2, 1)) == Shape.of(2, 3, element=BOOL)


@random_uses
@given(st.data(), st.sampled_from(KINDS))
def test_shapes_kinds_and_refusals_are_those_of_torch(data: st.DataObject, kind: type[Op]) -> None:
    op, inputs = data.draw(uses(kind))
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)


shapes = st.builds(
    lambda sizes, element: Shape(tuple(sizes), element),
    st.lists(st.integers(1, 3), max_size=3),
    st.sampled_from(Element),
)


@random_uses
@given(st.sampled_from([*COMPARED, *LOGIC]), st.lists(shapes, min_size=2, max_size=2))
def test_shapes_go_together_as_in_torch(kind: type[Op], inputs: list[Shape]) -> None:
    agrees_with_torch(kind(), *inputs)


TEXT = """
model Masked {
    input x: [B, 8]
    input y: [B, 8]

    mask = (x -> greater(0), y -> less(0.5) -> logical_not) -> logical_and
    kept = exp(-square(x)) * cast(mask, element=float)
    rounded = floor(x) + round(y) -> clamp(-1, high=3)
    (kept, rounded) -> add -> abs
}
"""


def test_functions_stand_in_formulas_and_chains() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(5, 8), torch.randn(5, 8)
    model = archspec.loads(TEXT).compile()
    for found, a, b in zip(model(x, y).flatten().tolist(), x.flatten().tolist(), y.flatten().tolist(), strict=True):
        kept = math.exp(-(a**2)) if a > 0 and not b < 0.5 else 0
        assert found == pytest.approx(abs(kept + min(max(math.floor(a) + nearest(b), -1), 3)), abs=1e-6)
