"""Python expressions as data: what an op becomes in PyTorch, before it is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, final

from msgspec import Struct


@final
class Variable(Struct, frozen=True):
    """A variable, which is printed as its name."""

    name: str


@final
class Setting(Struct, frozen=True):
    """A parameter of the model that is a flag, a text, or a number with a point; whole numbers are sizes.

    It stands for a variable, whose name depends on the class in which it is printed.
    """

    name: str
    type: str


@final
class Given(Struct, frozen=True):
    """An input of an op, by its number."""

    position: int


@final
class Passing(Struct, frozen=True):
    """How a module takes its inputs and gives its outputs, where these are not just tensors in a row."""

    positional: tuple[Any, ...]
    """What it is called with: inputs, and tuples of them, such as `(Given(0), (Given(1), Given(2)))`."""

    named: Mapping[str, Given] = {}
    """What it is called with by name."""

    gives: tuple[Any, ...] | None = None
    """What it gives: the numbers of outputs, and tuples of them, such as `(0, (1, 2))`."""


@final
class Unsaid(Struct, frozen=True):
    """The value of an argument that is left out, as it is torch's default."""

    value: Any


@final
class Repeated(Struct, frozen=True):
    """As many arguments of a call, each made anew by the same expression, or one argument that gives them in turn."""

    value: Any
    times: Any
    is_unpacked: bool = True


@final
@dataclass(frozen=True)
class Call:
    """A call such as `nn.Conv2d(3, 64, kernel_size=3)`.

    Arguments are numbers, flags, strings, variables, calls, tuples of them, and dictionaries. A function without a
    dot is a class or function of `sources.supports`, whose source is then written out with the model.
    """

    function: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    is_spread: bool = False
    """Whether each argument has a line of its own, however short it is. Dictionaries are always printed that way."""

    passing: Passing | None = field(default=None, compare=False)
    """How the module that it builds is called; with all inputs in order, and for all outputs, where nothing is said."""

    @classmethod
    def of(cls, function: str, *positional: Any, **named: Any) -> Call:
        return cls(function, positional, named)

    @property
    def arguments(self) -> list[str]:
        """The arguments as they are printed."""
        return [prefix + printed(value) for prefix, value in self.prefixed()]

    def prefixed(self) -> list[tuple[str, Any]]:
        """The arguments, each with what is printed before it."""
        named = [(f"{name}=", value) for name, value in self.named.items() if not isinstance(value, Unsaid)]
        return [("", value) for value in self.positional] + named

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"


@final
class Operation(Struct, frozen=True):
    """An operator between two values, or a sign before one. Parentheses are printed where they are needed."""

    symbol: str
    operands: tuple[Any, ...]


@final
class Item(Struct, frozen=True):
    """What stands at some places of a value, such as `x[:, 0]`: numbers, ranges, and `...` for all axes between."""

    base: Any
    places: tuple[Any, ...]


@final
class Range(Struct, frozen=True):
    """The places from one to just before another, such as `1:4`; all of them where nothing else is said."""

    start: Any = None
    end: Any = None
    step: int = 1


class Tight(IntEnum):
    """How tightly a piece of source binds: what binds less than its place needs stands in parentheses."""

    SUM = 1
    PRODUCT = 2
    SIGN = 3
    POWER = 4
    ATOM = 5


_TIGHT: Final = {
    "+": Tight.SUM,
    "-": Tight.SUM,
    "*": Tight.PRODUCT,
    "/": Tight.PRODUCT,
    "//": Tight.PRODUCT,
    "@": Tight.PRODUCT,
    "**": Tight.POWER,
}


def tightness(value: Any) -> Tight:
    """How tightly a value binds when it is printed."""
    match value:
        case Operation(symbol, operands):
            return Tight.SIGN if len(operands) == 1 else _TIGHT[symbol]
        case int() | float() if value < 0:
            return Tight.SIGN
        case _:
            return Tight.ATOM


def grouped(value: Any, least: Tight) -> str:
    """A value as it is printed where only what binds at least so tightly can stand without parentheses."""
    text = printed(value)
    return text if tightness(value) >= least else f"({text})"


def printed(value: Any) -> str:
    """A value as Python source on one line, in the form that formatters give it."""
    match value:
        case Variable(name):
            return name
        case Operation():
            return _operation(value)
        case Item(base, places):
            return f"{grouped(base, Tight.ATOM)}[{', '.join(map(_place, places))}]"
        case Call():
            return str(value)
        case Repeated(each, times, is_unpacked):
            text = f"{printed(each)} for _ in range({printed(times)})"
            return f"*({text})" if is_unpacked else text
        case str():
            return quoted(value)
        case float():
            return repr(value).replace("e+", "e")
        case tuple():
            inner = ", ".join(map(printed, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case _:
            return repr(value)


def _operation(operation: Operation) -> str:
    symbol, operands, least = operation.symbol, operation.operands, tightness(operation)
    if len(operands) == 1:
        # Formatters put parentheses around a power behind a sign, which Python does not need.
        is_power = tightness(operands[0]) is Tight.POWER
        return f"{symbol}({printed(operands[0])})" if is_power else f"{symbol}{grouped(operands[0], least)}"
    left, right = operands
    if symbol == "**":
        # It is read from the right, and a sign may follow it. Formatters leave no blanks between what is simple.
        base, exponent = grouped(left, Tight.ATOM), grouped(right, Tight.SIGN)
        blank = "" if _SIMPLE.fullmatch(base) and _SIMPLE.fullmatch(exponent) else " "
        return f"{base}{blank}**{blank}{exponent}"
    return f"{grouped(left, least)} {symbol} {grouped(right, Tight(least + 1))}"


_SIMPLE: Final = re.compile(r"-?[\w.]+(?:e-\d+)?")
_PLAIN: Final = re.compile(r"-?\w*")


def _place(place: Any) -> str:
    if place is ...:
        return "..."
    if not isinstance(place, Range):
        return printed(place)
    start, end = ("" if each is None else printed(each) for each in (place.start, place.end))
    step = "" if place.step == 1 else str(place.step)
    if all(map(_PLAIN.fullmatch, (start, end))):
        return f"{start}:{end}{step and ':'}{step}"
    # Formatters put blanks around the colons where an end is more than a name or a number.
    blank_before, blank_after = (" " if each else "" for each in (start, end))
    return f"{start}{blank_before}:{blank_after}{end}" + (f"{blank_after}: {step}" if step else "")


def is_spread(value: Any) -> bool:
    """Whether a value is printed on several lines even where one would do."""
    if isinstance(value, Call):
        return value.is_spread or any(is_spread(each) for _, each in value.prefixed())
    return isinstance(value, Mapping)


def quoted(text: str) -> str:
    """A string literal, in the quotes that need fewer escapes, which are double ones where there is no difference."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + escaped(text.replace("\\", "\\\\").replace(quote, f"\\{quote}")) + quote


def escaped(text: str) -> str:
    """A text with everything that would not be seen as it is, such as a control character, written as its escape."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
