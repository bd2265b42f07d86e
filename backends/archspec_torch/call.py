"""Python expressions as data: what an op becomes in PyTorch, before it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final


@final
@dataclass(frozen=True)
class Variable:
    """A variable, which is printed as its name."""

    name: str


@final
@dataclass(frozen=True)
class Call:
    """A call such as `nn.Conv2d(3, 64, kernel_size=3)`.

    Arguments are numbers, flags, strings, variables, calls, tuples of them, and dictionaries. A function without a
    dot is a class of `support.py`, whose source is then written out with the model.
    """

    function: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    is_spread: bool = False
    """Whether each argument has a line of its own, however short it is. Dictionaries are always printed that way."""

    @classmethod
    def of(cls, function: str, *positional: Any, **named: Any) -> Call:
        return cls(function, positional, named)

    @property
    def arguments(self) -> list[str]:
        """The arguments as they are printed."""
        return [prefix + printed(value) for prefix, value in self.prefixed()]

    def prefixed(self) -> list[tuple[str, Any]]:
        """The arguments, each with what is printed before it."""
        return [("", value) for value in self.positional] + [(f"{name}=", value) for name, value in self.named.items()]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"


def printed(value: Any) -> str:
    """A value as Python source on one line, in the form that formatters give it."""
    match value:
        case Variable(name):
            return name
        case Call():
            return str(value)
        case str():
            return quoted(value)
        case float():
            return repr(value).replace("e+", "e")
        case tuple():
            inner = ", ".join(map(printed, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case _:
            return repr(value)


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
