"""The arithmetic of specs: that of Python where both have it, with exact sizes, and an error with a place elsewhere."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.expression import (
    Apply,
    Attribute,
    Binary,
    EvaluationError,
    Expression,
    HoleError,
    Index,
    ListOf,
    Literal,
    Name,
    Unary,
    UndecidedError,
    UnknownNameError,
    Value,
    evaluate,
    free_names,
    is_unknown,
    written,
)
from archspec.size import LARGEST, named
from archspec.source import Hole, Source
from archspec.syntax.fault import Fault
from archspec.syntax.text import parse_expression
from tests.trees import expression_scalar

SCOPE: Final[dict[str, Value]] = {"a": 3, "b": 0.5, "l": (1, (2, 3), "w"), "t": True, "B": named("B"), "H": named("H")}
NOWHERE: Final = Source("", "").whole()


def parsed(text: str) -> Expression:
    return parse_expression(expression_scalar(text))


def value(text: str) -> Value:
    return evaluate(parsed(text), SCOPE)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("100 // 7 // 2", 7),
        ("2 ** 3 * 2", 16),
        ("2 * 3 ** 2", 18),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("8 / 2", 4),
        ("1 + 1 == 2 and 2 < 3 or false", True),
        ("not 1 == 2", True),
        ("not 1 == 2 and false", False),
        ("1 == 1.0", True),
        ("1 == true", False),
        ("t == true", True),
        ("a != 3", False),
        ("l[0] + l[1][1]", 4),
        ("l[-1]", "w"),
        ("[1, 2] + [3]", (1, 2, 3)),
        ("[1, 2] == [1, 2]", True),
        ("[1, 2] == [1]", False),
        ("min(3, 1, 2) + max([3, 4])", 5),
        ("len(l) + sum([1, 2])", 6),
        ("range(2, 5)", (2, 3, 4)),
        ("round(2.5) + floor(2.9) + ceil(2.1)", 7),
        ("floor(B)", named("B")),
        ("2 * B + B == 3 * B", True),
        ("B * H != H * B", False),
        ("(4 * B) / 2", 2 * named("B")),
        ("(H + 1) // 2", (named("H") + 1) // 2),
        ("B >= 1", True),
        ("B < 1", False),
        ('"x" == "x"', True),
        ("false and undefined", False),
        ("true or undefined", True),
    ],
)
def test_values(text: str, result: Value) -> None:
    found = value(text)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("1 + a // 0", "division by zero", "a // 0"),
        ("1 % 0", "division by zero", "1 % 0"),
        ("B // 0", "division by zero", "B // 0"),
        ("0 ** -1", "division by zero", "0 ** -1"),
        ("1 + l", "cannot calculate with `[1, [2, 3], w]`", "1 + l"),
        ("-t", "cannot calculate with `true`", "-t"),
        ("2 ** 63", "the number is too large: whole numbers end at 2**63 - 1", "2 ** 63"),
        ("2 ** 99999999", "the number is too large: whole numbers end at 2**63 - 1", "2 ** 99999999"),
        ("1e300 * 1e300", "the number is too large", "1e300 * 1e300"),
        ("B ** 0.5", "cannot calculate with a fraction and a size that is open", "B ** 0.5"),
        ("B + b", "cannot calculate with a fraction and a size that is open", "B + b"),
        ("B / 2", "`B` is not always a multiple of `2`; write `//` to round down", "B / 2"),
        ("a and true", "`3` is neither true nor false", "a"),
        ("not l", "`[1, [2, 3], w]` is neither true nor false", "l"),
        ("l < 2", "`[1, [2, 3], w]` is neither larger nor smaller than another value", "l < 2"),
        ("a[0]", "`3` is not a list", "a[0]"),
        ("l[9]", "a list of 3 has no item 9", "l[9]"),
        ("l[b]", "`0.5` is not a position in a list", "l[b]"),
        ("l[true]", "`true` is not a position in a list", "l[true]"),
        ("1 + min(3, least=a)", "`min` has no setting `least`", "a"),
        ("2 * embed.weight", "`embed.weight` is no number", "embed.weight"),
        ("f(embed.weight)", "`embed.weight` is no number", "embed.weight"),
        ("1 + nothing", "nothing is called `nothing` here", "nothing"),
        ("f(1)", "no function is called `f`", "f(1)"),
        ("min()", "`min` cannot take nothing", "min()"),
        ("min(l)", "`min` cannot take `[1, [2, 3], w]`", "min(l)"),
        ("len(3)", "`len` cannot take `3`", "len(3)"),
        ("round(l)", "`round` cannot take `[1, [2, 3], w]`", "round(l)"),
        ("round(1, 2)", "`round` cannot take `1` and `2`", "round(1, 2)"),
        ("range(10 ** 9)", "a range of more than 10,000 numbers", "range(10 ** 9)"),
        ("range(6000) + range(6000)", "a list of more than 10,000 values", "range(6000) + range(6000)"),
        ("[range(6000), [range(6000)]]", "a list of more than 10,000 values", "[range(6000), [range(6000)]]"),
        ("B == 3", "`B` and `3` may differ", "B == 3"),
        ("B > 1", "whether `B > 1` holds depends on the input", "B > 1"),
        ("B < b", "cannot compare a fraction with a size that is open", "B < b"),
    ],
)
def test_what_has_no_value_says_why_and_where(text: str, message: str, place: str) -> None:
    with pytest.raises(EvaluationError) as error:
        value(text)
    assert error.value.message == message
    assert error.value.span.text == place


def test_what_is_undecided_and_what_is_unknown_are_kinds_of_their_own() -> None:
    with pytest.raises(UndecidedError):
        value("B == 3")
    with pytest.raises(UnknownNameError) as error:
        value("nothing")
    assert error.value.name == "nothing"


def test_of_a_hole_nothing_is_known_but_the_words_in_it() -> None:
    hole = Hole(Source("", "2 * (width -> )").whole())
    expression = Binary("+", Literal(1, NOWHERE), hole, NOWHERE)
    assert [name.text for name in free_names(expression)] == ["width"]
    with pytest.raises(HoleError):
        evaluate(expression, SCOPE)


ONE: Final = Literal(1, NOWHERE)
TWO: Final = Literal(2, NOWHERE)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("f()", Apply("f", (), NOWHERE)),
        ("f(1)", Apply("f", (ONE,), NOWHERE)),
        ("f(1, 2,)", Apply("f", (ONE, TWO), NOWHERE)),
        ("f(a=1)", Apply("f", (), NOWHERE, (("a", ONE),))),
        ("f(1, b=2, a=1)", Apply("f", (ONE,), NOWHERE, (("b", TWO), ("a", ONE)))),
        ("f(g(a=1))", Apply("f", (Apply("g", (), NOWHERE, (("a", ONE),)),), NOWHERE)),
        ("f(b=h(2))", Apply("f", (), NOWHERE, (("b", Apply("h", (TWO,), NOWHERE)),))),
        ("embed.weight", Attribute(("embed", "weight"), NOWHERE)),
        ("transformer . wte.weight", Attribute(("transformer", "wte", "weight"), NOWHERE)),
        ("[a.b, 1]", ListOf((Attribute(("a", "b"), NOWHERE), ONE), NOWHERE)),
    ],
)  # fmt: skip
def test_arguments_by_name_and_parts_of_layers(text: str, expression: Expression) -> None:
    assert parsed(text) == expression


def test_the_place_of_an_argument_and_of_a_part_of_a_layer() -> None:
    outer = parsed("f( g(x) , b = a.b )")
    assert isinstance(outer, Apply)
    assert [each.span.text for each in (outer, *outer.arguments, outer.named[0][1])] == [
        "f( g(x) , b = a.b )",
        "g(x)",
        "a.b",
    ]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("f(a=1, 2)", "A020", "2"),
        ("f(g(a=1, b))", "A020", "b"),
        ("f(a=1, b=2, a=3)", "A011", "a"),
        ("f(a=)", "A020", ")"),
        ("f(1=2)", "A020", "="),
        ("f(a.b=2)", "A020", "="),
        ("a.", "A020", ""),
        ("a.1", "A020", "1"),
        ("a.b.", "A020", ""),
        (".a", "A020", "."),
        ("f(1).a", "A020", "."),
        ("f(x -> y)", "A020", "->"),
    ],
)
def test_what_no_application_and_no_part_of_a_layer_is(text: str, code: str, place: str) -> None:
    with pytest.raises(Fault) as fault:
        parsed(text)
    assert (fault.value.finding.code, fault.value.finding.span.text) == (code, place)


def test_names_are_found_in_order() -> None:
    names = [name.text for name in free_names(parsed("a * f(b, [c])[d] + not_ - -a + g(e, h=f(k), l=m.n)"))]
    assert names == ["a", "b", "c", "d", "not_", "a", "e", "k"]
    assert [name.span.text for name in free_names(parsed("(aa) + bb"))] == ["aa", "bb"]


def test_unknown_sizes_are_found_in_lists() -> None:
    assert is_unknown((1, (named("?1") + 2,)))
    assert not is_unknown((1, named("B"), "?"))


def test_values_are_written_as_a_spec_writes_them() -> None:
    assert written((1, (True, "same"), 0.5, named("B") * 2)) == "[1, [true, same], 0.5, 2*B]"


# The same sums are worked out by Python, from the same tree of operators: nothing is ever given to `eval`.


@dataclass(frozen=True)
class Sum:
    """An expression as a text, and what Python makes of it; `None` where it has no value."""

    text: str
    result: Any
    rank: int


OPERATORS: Final[dict[str, tuple[int, Callable[[Any, Any], Any]]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "//": (2, operator.floordiv),
    "%": (2, operator.mod),
}
ATOM: Final = 9


def joined(parts: tuple[Sum, str, Sum]) -> Sum:
    left, symbol, right = parts
    rank, apply = OPERATORS[symbol]
    result = None
    if left.result is not None and right.result is not None and not (symbol in ("//", "%") and right.result == 0):
        result = apply(left.result, right.result)
    if result is not None and abs(result) > LARGEST:
        result = None
    # Parentheses only where the other reading would be wrong: that is what tests precedence.
    left_text = left.text if left.rank >= rank else f"({left.text})"
    right_text = right.text if right.rank > rank else f"({right.text})"
    return Sum(f"{left_text} {symbol} {right_text}", result, rank)


numbers = st.integers(0, 1000).map(lambda number: Sum(str(number), number, ATOM))
sums = st.recursive(
    numbers,
    lambda inner: (
        st.tuples(inner, st.sampled_from(sorted(OPERATORS)), inner).map(joined)
        | inner.map(lambda each: Sum(f"-({each.text})", None if each.result is None else -each.result, 3))
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(sums)
def test_arithmetic_is_that_of_python(sum_: Sum) -> None:
    if sum_.result is None:
        with pytest.raises(EvaluationError):
            value(sum_.text)
    else:
        assert value(sum_.text) == sum_.result


values: list[int | float | bool | str] = [0, 1, -1, 2, 0.5, 1e300, LARGEST, True, "w"]
leaves = st.sampled_from(values).map(lambda each: Literal(each, NOWHERE))
words = st.sampled_from([*SCOPE, "nothing"]).map(lambda each: Name(each, NOWHERE))
expressions: st.SearchStrategy[Expression] = st.recursive(
    leaves | words,
    lambda inner: (
        st.builds(Unary, st.sampled_from(["-", "not"]), inner, st.just(NOWHERE))
        | st.builds(
            Binary,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "and", "or"]),
            inner,
            inner,
            st.just(NOWHERE),
        )
        | st.builds(Index, inner, inner, st.just(NOWHERE))
        | st.builds(lambda items: ListOf(tuple(items), NOWHERE), st.lists(inner, max_size=3))
        | st.builds(
            lambda name, items: Apply(name, tuple(items), NOWHERE),
            st.sampled_from(["min", "max", "len", "sum", "range", "round", "floor", "ceil", "f"]),
            st.lists(inner, max_size=3),
        )
    ),
    max_leaves=10,
)


def written_or_why_not(expression: Expression) -> str:
    try:
        return f"`{written(evaluate(expression, SCOPE))}`"
    except EvaluationError as error:
        return error.message


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(expressions)
def test_whatever_is_computed_gives_a_value_or_says_why_not(expression: Expression) -> None:
    said = written_or_why_not(expression)
    assert said
    assert "\n" not in said
