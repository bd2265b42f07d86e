"""The arithmetic of specs: numbers, sizes, words and lists, and what can be computed from them.

An expression is parsed by the grammar of the language (`archspec.syntax.text`) and evaluated here, by this code alone.
Nothing of a spec ever reaches Python's own evaluator.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from archspec.size import LARGEST, Formula, Size, SizeError, bounds, differs, divide_exactly, names
from archspec.source import Hole, Span

Value: TypeAlias = "int | float | bool | str | Formula | tuple[Value, ...]"


@final
@dataclass(frozen=True)
class Literal:
    """A number, `true` or `false`, or a text in quotes; or what another expression has come to."""

    value: Value
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Bytes:
    """An amount of memory, such as `16 GiB`, which only the memory of a model can be compared with."""

    value: int | float
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Name:
    """A parameter, a size, or a word such as `same` that the setting understands."""

    text: str
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class ListOf:
    items: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Unary:
    operator: str
    operand: Expression
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Binary:
    operator: str
    left: Expression
    right: Expression
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Index:
    base: Expression
    index: Expression
    span: Span = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Apply:
    """A function applied to arguments, or an op, a block or an initialiser with its settings."""

    function: str
    arguments: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)
    named: tuple[tuple[str, Expression], ...] = ()
    """Arguments that are given under their names; no function of arithmetic has such."""


@final
@dataclass(frozen=True)
class Attribute:
    """A part of a layer, such as the weight `embed.weight`."""

    parts: tuple[str, ...]
    span: Span = field(compare=False, repr=False)


Expression: TypeAlias = Literal | Bytes | Name | ListOf | Unary | Binary | Index | Apply | Attribute | Hole


class EvaluationError(Exception):
    """An expression has no value: what is wrong, where, and what cures it. Its texts are fit for users."""

    def __init__(self, message: str, span: Span, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.cure = cure


@final
class UnknownNameError(EvaluationError):
    """An expression speaks of a name that stands for nothing here."""

    def __init__(self, name: str, span: Span) -> None:
        super().__init__(f"nothing is called `{name}` here", span)
        self.name = name


@final
class UndecidedError(EvaluationError):
    """Whether a comparison holds depends on sizes that are open."""


@final
class HoleError(EvaluationError):
    """A part of an expression could not be read. A finding tells of it already."""


def evaluate(expression: Expression, scope: Mapping[str, Value]) -> Value:
    """The value of an expression, its names looked up in `scope`; raises `EvaluationError`."""
    match expression:
        case Literal(value):
            return value
        case Bytes():
            cure = "it can be compared with the memory of a model: `expect memory(training, adam) < 16 GiB`"
            raise EvaluationError(f"`{expression.span.text}` is memory, and no number", expression.span, cure)
        case Name(text):
            if text not in scope:
                raise UnknownNameError(text, expression.span)
            return scope[text]
        case ListOf(items):
            return _limited(tuple(evaluate(item, scope) for item in items), expression.span)
        case Unary("not", operand):
            return not _truth(operand, scope)
        case Unary(_, operand):
            return _arithmetic(expression, "-", 0, evaluate(operand, scope))
        case Binary("and", left, right):
            return _truth(left, scope) and _truth(right, scope)
        case Binary("or", left, right):
            return _truth(left, scope) or _truth(right, scope)
        case Binary(symbol, left, right):
            operands = evaluate(left, scope), evaluate(right, scope)
            if symbol in COMPARISONS:
                return _compare(expression, symbol, *operands)
            return _arithmetic(expression, symbol, *operands)
        case Index(base, index):
            return _item(expression, evaluate(base, scope), evaluate(index, scope))
        case Apply(function, arguments, named=named):
            if named and function in FUNCTIONS:
                raise EvaluationError(f"`{function}` has no setting `{named[0][0]}`", named[0][1].span)
            return _apply(expression, function, tuple(evaluate(each, scope) for each in arguments))
        case Attribute():
            raise EvaluationError(f"`{'.'.join(expression.parts)}` is no number", expression.span)
        case Hole():
            raise HoleError("a part of this could not be read", expression.span)


def free_names(expression: Expression) -> Iterator[Name]:
    """The names in an expression, in order, with repetitions; of a hole, all that may be names."""
    match expression:
        case Literal() | Bytes() | Attribute():
            return
        case Hole():
            yield from (Name(word, expression.span) for word in sorted(expression.words))
        case Name():
            yield expression
        case ListOf(parts):
            for part in parts:
                yield from free_names(part)
        case Apply(_, parts, named=named):
            for part in (*parts, *(each for _, each in named)):
                yield from free_names(part)
        case Unary(_, operand):
            yield from free_names(operand)
        case Binary(_, left, right) | Index(left, right):
            yield from free_names(left)
            yield from free_names(right)


def exactly(value: Value) -> object:
    """What is equal for values that are the same, and not for `1`, `1.0` and `true`, which Python calls equal."""
    return tuple(map(exactly, value)) if isinstance(value, tuple) else (type(value), value)


def is_unknown(value: Value) -> bool:
    """Whether a value depends on a size that is unknown because of an error elsewhere."""
    if isinstance(value, Formula):
        return any(name.startswith("?") for name in names(value))
    return isinstance(value, tuple) and any(map(is_unknown, value))


COMPARISONS: Final = ("==", "!=", "<=", ">=", "<", ">")
_ARITHMETIC: Final[Mapping[str, Callable[..., Value]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: Final[Mapping[str, Callable[..., bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def _truth(expression: Expression, scope: Mapping[str, Value]) -> bool:
    value = evaluate(expression, scope)
    if not isinstance(value, bool):
        raise EvaluationError(f"{described(value)} is neither true nor false", expression.span, "compare it: `n > 0`")
    return value


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | Formula) and not isinstance(value, bool)


def _arithmetic(expression: Expression, symbol: str, left: Value, right: Value) -> Value:
    if symbol == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return _limited(left + right, expression.span)
    if not (_is_number(left) and _is_number(right)):
        wrong = right if _is_number(left) else left
        raise EvaluationError(f"cannot calculate with {described(wrong)}", expression.span)
    if isinstance(left, float | Formula) and isinstance(right, float | Formula) and type(left) is not type(right):
        raise EvaluationError("cannot calculate with a fraction and a size that is open", expression.span)
    try:
        if symbol == "/":
            result = _divide(left, right)
        elif symbol == "**":
            result = _power(left, right)
        else:
            result = _ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        cure = "where that is meant to be so for some values, `if` passes over it"
        raise EvaluationError("division by zero", expression.span, cure) from None
    except (SizeError, OverflowError) as error:
        raise EvaluationError(str(error) or "the number is too large", expression.span) from None
    except TypeError:
        raise EvaluationError("cannot calculate with a fraction and a size that is open", expression.span) from None
    return _bounded(result, expression.span)


def _bounded(value: Value, span: Span) -> Value:
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise EvaluationError("the number is too large: whole numbers end at 2**63 - 1", span)
    if isinstance(value, float) and not math.isfinite(value):
        raise EvaluationError("the number is too large", span)
    return value


def _divide(left: Value, right: Value) -> Value:
    """A whole number stays one when the division is exact; a size that is open must be divided exactly."""
    if isinstance(left, Formula) or isinstance(right, Formula):
        exact = divide_exactly(left, right)  # type: ignore[arg-type]  # fractions were refused before
        if exact is None:
            raise SizeError(f"`{left}` is not always a multiple of `{right}`; write `//` to round down")
        return exact
    if isinstance(left, int) and isinstance(right, int) and right != 0 and left % right == 0:
        return left // right
    return float(left) / float(right)  # type: ignore[arg-type]  # both are numbers


def _power(left: Value, right: Value) -> Value:
    if isinstance(left, Formula) and not isinstance(right, int):
        raise SizeError("the exponent of a size that is open is a whole number")
    if not isinstance(right, int | float) or (isinstance(right, float) and left < 0):  # type: ignore[operator]
        raise SizeError("the root of a negative number is no number")
    if (
        isinstance(left, int)
        and isinstance(right, int)
        and right >= 0
        and abs(left) > 1
        and left.bit_length() * right > 2 * 64
    ):
        raise SizeError("the number is too large: whole numbers end at 2**63 - 1")
    result: Value = left**right  # type: ignore[operator]  # it is a number
    return result


def _compare(expression: Expression, symbol: str, left: Value, right: Value) -> bool:
    if symbol in ("==", "!="):
        same = _equal(left, right)
        if same is None:
            raise UndecidedError(f"{described(left)} and {described(right)} may differ", expression.span)
        return same is (symbol == "==")
    if not (_is_number(left) and _is_number(right)):
        wrong = right if _is_number(left) else left
        raise EvaluationError(f"{described(wrong)} is neither larger nor smaller than another value", expression.span)
    if isinstance(left, Formula) or isinstance(right, Formula):
        return _order_of_sizes(expression, symbol, left, right)
    return _ORDER[symbol](left, right)


def _equal(left: Value, right: Value) -> bool | None:
    """Whether two values are equal: always, never, or (`None`) depending on sizes that are open."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return False
        items = [_equal(*pair) for pair in zip(left, right, strict=True)]
        return False if False in items else None if None in items else True
    if isinstance(left, Formula) or isinstance(right, Formula):
        if left == right:
            return True
        if isinstance(left, int | Formula) and isinstance(right, int | Formula):
            return False if differs(left, right) else None
        return False
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _order_of_sizes(expression: Expression, symbol: str, left: Value, right: Value) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        raise EvaluationError("cannot compare a fraction with a size that is open", expression.span)
    low, high = bounds(left - right)  # type: ignore[operator]  # both are sizes
    rising = symbol in (">", ">=")
    decisive = low if rising else high
    if decisive is not None and _ORDER[symbol](decisive, 0):
        return True
    decisive = high if rising else low
    if decisive is not None and not _ORDER[symbol](decisive, 0):
        return False
    raise UndecidedError(f"whether `{left} {symbol} {right}` holds depends on the input", expression.span)


def _item(expression: Expression, base: Value, index: Value) -> Value:
    if not isinstance(base, tuple):
        raise EvaluationError(f"{described(base)} is not a list", expression.span)
    if not isinstance(index, int) or isinstance(index, bool):
        raise EvaluationError(f"{described(index)} is not a position in a list", expression.span)
    if not -len(base) <= index < len(base):
        cure = f"items are counted from 0, so that the last one is {len(base) - 1}" if base else "it is empty"
        raise EvaluationError(f"a list of {len(base)} has no item {index}", expression.span, cure)
    return base[index]


def _apply(expression: Expression, function: str, arguments: tuple[Value, ...]) -> Value:
    known = FUNCTIONS.get(function)
    if known is None:
        from archspec.spelling import did_you_mean, listed, nearest  # Most specs call no function.

        cure = did_you_mean(nearest(function, FUNCTIONS)) or f"functions are {listed(FUNCTIONS, 'and')}"
        raise EvaluationError(f"no function is called `{function}`", expression.span, cure)
    try:
        return _bounded(known(*arguments), expression.span)
    except SizeError as error:
        raise EvaluationError(str(error), expression.span) from None
    except (TypeError, ValueError, OverflowError):
        given = " and ".join(described(value) for value in arguments) or "nothing"
        raise EvaluationError(f"`{function}` cannot take {given}", expression.span) from None


def _whole(rounding: Callable[[float], int]) -> Callable[[Value], Value]:
    def rounded(value: Value) -> Value:
        if isinstance(value, Formula):
            return value  # An open size is whole already.
        if not _is_number(value):
            raise TypeError
        return rounding(value)  # type: ignore[arg-type]  # it is a number

    return rounded


def _numbers(arguments: tuple[Value, ...]) -> tuple[int | float, ...]:
    if len(arguments) == 1 and isinstance(arguments[0], tuple):
        arguments = arguments[0]
    if not all(_is_number(value) and not isinstance(value, Formula) for value in arguments):
        raise TypeError
    return arguments  # type: ignore[return-value]  # all are numbers


def _length(value: Value) -> int:
    if not isinstance(value, tuple):
        raise TypeError
    return len(value)


def _total(value: tuple[Value, ...]) -> Value:
    total: Value = 0
    for item in value:
        if not _is_number(item):
            raise TypeError
        total = total + item  # type: ignore[operator]  # both are numbers
    return total


LONGEST_LIST: Final = 10_000
"""A list has no more values than this, those of the lists in it counted in."""


def _limited(value: tuple[Value, ...], span: Span) -> tuple[Value, ...]:
    """A list that is not too long. Lists of lists of lists would else fill the memory with a few lines."""
    rest, count = [value], 0
    while rest:
        items = rest.pop()
        count += len(items)
        if count > LONGEST_LIST:
            raise EvaluationError(f"a list of more than {LONGEST_LIST:,} values", span)
        rest.extend(each for each in items if isinstance(each, tuple))
    return value


def _range(*limits: Value) -> Value:
    numbers = range(*limits)  # type: ignore[arg-type]  # it raises TypeError for what is no whole number
    if len(numbers) > LONGEST_LIST:
        raise SizeError(f"a range of more than {LONGEST_LIST:,} numbers")
    return tuple(numbers)


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "min": lambda *values: min(_numbers(values)),
    "max": lambda *values: max(_numbers(values)),
    "len": _length,
    "sum": _total,
    "range": _range,
    "round": _whole(round),
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
}

ORDERLESS: Final = frozenset({"memory"})
"""What takes words that need no order: in `memory(training, B=32, adam)`, each word says by itself what it is."""


def described(value: Value) -> str:
    """A value in a message: in backticks, as a spec writes it."""
    return f"`{in_short(written(value))}`"


LONGEST_IN_MESSAGE: Final = 100
"""Of a longer value a message tells the beginning."""


def in_short(text: str) -> str:
    """What a message has room for of a value."""
    return text if len(text) <= LONGEST_IN_MESSAGE else f"{text[:LONGEST_IN_MESSAGE]}..."


def written(value: Value) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    # Python writes small numbers as `1e-05`.
    return str(value).replace("e-0", "e-") if isinstance(value, float) else str(value)


def as_size(value: Value) -> Size | None:
    """The value as a size, when it is one."""
    return value if isinstance(value, int | Formula) and not isinstance(value, bool) else None
