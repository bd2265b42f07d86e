"""Arithmetic between values: the op that a formula such as `gate * x + y` becomes."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from string import ascii_lowercase
from typing import Annotated, Final, TypeAlias, final

from msgspec import Struct
from pydantic import AfterValidator, Field

from archspec.expression import Binary, EvaluationError, Expression, Name, Unary, Value, described, evaluate, free_names
from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import broadcast, joint_element, seen_when_laid_over
from archspec.setting import Says
from archspec.shape import Element, Shape
from archspec.sight import Sights
from archspec.size import LARGEST
from archspec.spelling import listed

MOST_OPERATIONS: Final = 100
"""A formula has no more operations than this, and is nested no deeper, because what is done with it calls itself."""


@final
class Operand(Struct, frozen=True):
    """An input, by its number."""

    position: int


@final
class Calculation(Struct, frozen=True):
    """`+ - * / **` of two terms, or `-` of one. The second term of `**` is a number."""

    symbol: str
    terms: tuple[Term, ...]


Term: TypeAlias = int | float | Operand | Calculation


def _checked(formula: str) -> str:
    term = parsed(formula)
    used = sorted(set(operands(term)))
    if not used or used != list(range(len(used))):
        raise ValueError("the inputs of a formula are called `a`, `b`, `c` and so on")
    return formula


@final
class Arithmetic(Op):
    """Arithmetic on values, position by position, as in `gate * x + (1 - gate) * y`.

    The `formula` calls the first input `a`, the second `b`, and so on; it has numbers, `+ - * /`, `**` with a number as
    exponent, and parentheses. A spec need not name the op: arithmetic between values is read as one.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: elementwise arithmetic with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    A quotient is a fraction, also of whole numbers. Of flags there are products and quotients alone: what is multiplied
    by a mask is zero where the mask is false.
    """

    name = "arithmetic"
    family = Family.MERGE
    accepts = frozenset(Element)
    least_inputs = 1

    formula: Annotated[
        str, AfterValidator(_checked), Says("a text with arithmetic on the inputs `a`, `b` …, such as `a * b + c`")
    ] = Field(description="what is calculated; `a` is the first input, `b` the second, and so on")

    @property
    def term(self) -> Term:
        """The formula as it is calculated."""
        return parsed(self.formula)

    def infer(self, *xs: Shape) -> Shape:
        used = ascii_lowercase[: len(set(operands(self.term)))]
        if len(xs) != len(used):
            raise ShapeError(
                f"calculates with {listed(used, 'and')}, but has {len(xs)} {'input' if len(xs) == 1 else 'inputs'}",
                setting="formula",
                help="give it as many inputs as the formula has letters",
            )
        found = _shape(self.term, xs)
        assert isinstance(found, Shape), "a formula has at least one input"  # noqa: S101  # For the type checker.
        return found

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(*xs)

    def __str__(self) -> str:
        return f'{self.name}("{self.formula}")'

    def kept(self, *xs: Shape) -> Kept:
        found = [_kept_by(step, xs, self.term) for step in _calculations(self.term)]
        return Kept(
            inputs=tuple(each for kept in found for each in kept.inputs),
            outputs=tuple(each for kept in found for each in kept.outputs),
            factors=tuple(each for kept in found for each in kept.factors),
            further=tuple(each for kept in found for each in kept.further),
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(formula="a * b + c"), [2, 8, 4], [2, 8, 4], [8, 1]),
            Example.of(cls(formula="1 - a"), [2, 8]),
            Example.of(cls(formula="-(a - b) ** 2 / 2"), [2, 3], [2, 3], element=Element.INT),
            Example(cls(formula="a * b"), (Shape.of(2, 3), Shape.of(3, element=Element.BOOL))),
        )


def _shape(term: Term, xs: tuple[Shape, ...]) -> Shape | Element:
    """The shape of a term, or what kind of number it is."""
    if isinstance(term, Operand):
        return xs[term.position]
    if not isinstance(term, Calculation):
        return Element.INT if isinstance(term, int) else Element.FLOAT
    found = [_shape(each, xs) for each in term.terms]
    shapes = [each for each in found if isinstance(each, Shape)]
    element = joint_element(*(each.element if isinstance(each, Shape) else each for each in found))
    if term.symbol not in ("*", "/") and Element.BOOL in {shape.element for shape in shapes}:
        raise ShapeError(
            f"multiplies and divides by flags, but has one beside `{term.symbol}`",
            setting="formula",
            help="`cast(float)` makes numbers of flags, and `where` chooses by them",
        )
    if term.symbol == "/":
        element = Element.FLOAT
    exponent = term.terms[-1]
    if term.symbol == "**" and element is Element.INT and isinstance(exponent, int) and exponent < 0:
        raise ShapeError(
            f"raises whole numbers to the power {exponent}, which gives no whole numbers",
            setting="formula",
            help="write the exponent as a fraction, such as `-1.0`",
        )
    sizes = shapes[0].sizes
    for each in shapes[1:]:
        sizes = broadcast(sizes, each.sizes)
    return Shape(sizes, element)


def operands(term: Term) -> Iterator[int]:
    """The numbers of the inputs that a term is calculated from, with repetitions."""
    if isinstance(term, Operand):
        yield term.position
    elif isinstance(term, Calculation):
        for each in term.terms:
            yield from operands(each)


def _kept_by(step: Calculation, xs: tuple[Shape, ...], last: Term) -> Kept:
    """What one step of a formula keeps: the terms of a product or a quotient, and what is raised to a power."""
    if step.symbol in "+-":
        return NOTHING
    terms = [each for each in step.terms if not isinstance(each, int | float)]
    if step.symbol == "*" and len(terms) == 1:
        return NOTHING
    if step.symbol == "/" and isinstance(step.terms[1], int | float):
        return NOTHING
    inputs = tuple(each.position for each in terms if isinstance(each, Operand))
    found = (_shape(each, xs) for each in terms if not isinstance(each, Operand))
    further = tuple(each for each in found if isinstance(each, Shape))
    if step.symbol == "/" and len(terms) == 1:
        # The reciprocal of a value is kept, and not the value.
        result = _shape(step, xs)
        if not isinstance(result, Shape):
            return NOTHING
        return Kept(outputs=(0,)) if step is last and step.terms[0] == 1 else Kept(further=(result,))
    if step.symbol == "*" and len(inputs) == len(terms):
        return Kept(factors=(inputs,))
    return Kept(inputs=inputs, further=further)


# ------------------------------------------------------------------------------------------------- reading a formula

_TOKEN: Final = re.compile(r"(?P<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[a-z])(?!\w)|\*\*|[-+*/()]")

_CALCULATED: Final[Mapping[str, Callable[[int | float, int | float], int | float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@cache
def parsed(formula: str) -> Term:
    """The formula as it is calculated; raises `ValueError`. What has no input in it is a number."""
    return _Reader(formula).read()


class _Reader:
    """Reads a formula from left to right: a sum of products of powers."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[str] = []
        self.depth = 0
        place = 0
        while place < len(formula):
            if formula[place] == " ":
                place += 1
                continue
            found = _TOKEN.match(formula, place)
            if found is None:
                raise ValueError("there is something in it that is no arithmetic")
            self.tokens.append(found.group())
            place = found.end()
        if len(self.tokens) > 4 * MOST_OPERATIONS:
            raise ValueError("it is too long")
        self.tokens.append("")
        self.place = 0

    def read(self) -> Term:
        term = self.sum()
        if self.token:
            raise ValueError("it goes on after its end")
        if sum(1 for _ in _calculations(term)) > MOST_OPERATIONS:
            raise ValueError("it is too long")
        return term

    @property
    def token(self) -> str:
        return self.tokens[self.place]

    def take(self, *tokens: str) -> str:
        """The next token, if it is one of these; else nothing."""
        found = self.token if self.token in tokens else ""
        self.place += bool(found)
        return found

    def sum(self) -> Term:
        term = self.product()
        while symbol := self.take("+", "-"):
            term = _calculated(symbol, term, self.product())
        return term

    def product(self) -> Term:
        term = self.signed()
        while symbol := self.take("*", "/"):
            term = _calculated(symbol, term, self.signed())
        return term

    def signed(self) -> Term:
        if not self.take("-"):
            return self.power()
        self.enter()
        term = self.signed()
        self.depth -= 1
        return -term if isinstance(term, int | float) else Calculation("-", (term,))

    def power(self) -> Term:
        base = self.atom()
        if not self.take("**"):
            return base
        exponent = self.signed()
        if not isinstance(exponent, int | float) or isinstance(base, int | float):
            raise ValueError("a power is that of a value, and its exponent a number")
        return Calculation("**", (base, exponent))

    def atom(self) -> Term:
        if self.take("("):
            self.enter()
            term = self.sum()
            self.depth -= 1
            if not self.take(")"):
                raise ValueError("a parenthesis is not closed")
            return term
        token = self.token
        self.place += bool(token)
        if token[:1].isdecimal():
            return _bounded(float(token) if re.search("[.eE]", token) else int(token))
        if token in ascii_lowercase and token:
            return Operand(ascii_lowercase.index(token))
        raise ValueError("a number or an input is missing")

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MOST_OPERATIONS // 2:
            raise ValueError("it is nested too deep")


def _calculated(symbol: str, left: Term, right: Term) -> Term:
    if isinstance(left, int | float) and isinstance(right, int | float):
        try:
            return _bounded(_CALCULATED[symbol](left, right))
        except ArithmeticError as error:
            raise ValueError(str(error)) from None
    return Calculation(symbol, (left, right))


def _bounded(number: int | float) -> int | float:
    if abs(number) > LARGEST if isinstance(number, int) else not math.isfinite(number):
        raise ValueError("a number in it is too large")
    return number


def _calculations(term: Term) -> Iterator[Calculation]:
    if isinstance(term, Calculation):
        yield term
        for each in term.terms:
            yield from _calculations(each)


# ------------------------------------------------------------------------------------------------- making a formula


def formula_of(expression: Expression, scope: Mapping[str, Value]) -> tuple[str, tuple[str, ...]]:
    """An expression as a formula, and the names in it that stand for its inputs `a`, `b` and so on, in this order.

    The names of `scope` are parameters of the spec: what is calculated from them alone becomes a number. All other
    names stand for values; each is one input, however often it is used.

    Raises:
        EvaluationError: a part of the expression is nothing that can be done with values.
    """
    names = tuple(dict.fromkeys(name.text for name in free_names(expression) if name.text not in scope))
    if len(names) > len(ascii_lowercase):
        raise EvaluationError(f"calculates with more than {len(ascii_lowercase)} values", expression.span)
    letters = dict(zip(names, ascii_lowercase, strict=False))
    text, _ = _written(expression, scope, letters)
    try:
        parsed(text)
    except ValueError as error:
        raise EvaluationError(f"this cannot be calculated: {error}", expression.span) from None
    return text, names


_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_LEVELS: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def _written(expression: Expression, scope: Mapping[str, Value], letters: Mapping[str, str]) -> tuple[str, int]:
    """A part of a formula, and how tightly what is outermost in it binds."""
    if not any(name.text in letters for name in free_names(expression)):
        number = evaluate(expression, scope)
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise EvaluationError(f"cannot calculate with a value and {described(number)}", expression.span)
        return str(number).replace("e+", "e"), _SIGN if number < 0 else _ATOM
    match expression:
        case Name(text):
            return letters[text], _ATOM
        case Unary("-", operand):
            return f"-{_grouped(operand, _SIGN, scope, letters)}", _SIGN
        case Binary(symbol, left, right) if symbol in _LEVELS:
            level = _LEVELS[symbol]
            # All but powers are read from the left, so that the right side needs parentheses where it binds alike.
            before = _grouped(left, _ATOM if symbol == "**" else level, scope, letters)
            after = _grouped(right, _SIGN if symbol == "**" else level + 1, scope, letters)
            return f"{before} {symbol} {after}", level
    raise EvaluationError("only `+`, `-`, `*`, `/` and `**` can be done with values", expression.span)


def _grouped(expression: Expression, least: int, scope: Mapping[str, Value], letters: Mapping[str, str]) -> str:
    text, level = _written(expression, scope, letters)
    return text if level >= least else f"({text})"
