"""Breaks source into lines just as `ruff format` would, so that whoever formats the file finds nothing to change.

What decides is the width of a line, which is counted in columns: a letter of some scripts takes two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any, Final

from archspec_torch.call import Call, Item, Operation, Repeated, Variable, escaped, is_spread, printed, tightness

WIDTH: Final = 88
"""The longest line, as Black and ruff have it where nothing else is said."""

INDENT: Final = "    "


def fits(line: str) -> bool:
    """Whether a line is short enough."""
    if line.isascii():
        return len(line) <= WIDTH
    return sum(map(_columns, line)) <= WIDTH


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def assignment(target: str, value: Any, indent: str, comment: str = "") -> Iterator[str]:
    """A statement that gives a name to a value; the comment is left out where there is no room for it."""
    start = f"{indent}{target} = "
    if is_spread(value):
        yield from expression(value, start, indent, "")
    elif fits(f"{start}{printed(value)}"):
        line = f"{start}{printed(value)}  # {comment}"
        yield line if comment and fits(line) else f"{start}{printed(value)}"
    elif not _can_break(value, start) and fits(f"{start}(") and fits(f"{indent}{INDENT}{printed(value)}"):
        # There is nothing behind the name at which the line could be broken: all of it goes to the next.
        yield from (f"{start}(", f"{indent}{INDENT}{printed(value)}", f"{indent})")
    elif _goes_to_the_next_line(value, start, indent):
        yield f"{start}("
        yield from expression(value, indent + INDENT, indent + INDENT, "")
        yield f"{indent})"
    else:
        yield from expression(value, start, indent, "")


def _goes_to_the_next_line(value: Any, start: str, indent: str) -> bool:
    """Whether a value that is broken into lines begins on one of its own, in parentheses."""
    if isinstance(value, Call) and value.arguments:
        return not _can_break(value, start) and fits(f"{start}(") and fits(f"{indent}{INDENT}{value.function}(")
    return isinstance(value, Operation) and len(value.operands) > 1


def _can_break(value: Any, start: str) -> bool:
    """Whether a value, where it stands, has brackets in which a line can end."""
    if isinstance(value, Item):
        return fits(f"{start}{printed(value.base)}[")
    return isinstance(value, Call) and bool(value.arguments) and fits(f"{start}{value.function}(")


def expression(value: Any, start: str, indent: str, end: str) -> Iterator[str]:
    """The lines of a value between what comes before it, its indentation included, and what comes after it."""
    line = "" if is_spread(value) else f"{start}{printed(value)}{end}"
    match value:
        case _ if line and fits(line):
            yield line
        case Call() if value.arguments:
            yield f"{start}{value.function}("
            yield from _arguments(value, indent + INDENT)
            yield f"{indent}){end}"
        case Repeated(each, times, is_unpacked) if not is_unpacked:
            yield from expression(each, start, indent, "")
            yield f"{indent}for _ in range({printed(times)}){end}"
        case Repeated(each, times):
            yield f"{start}*("
            yield from expression(each, indent + INDENT, indent + INDENT, "")
            yield f"{indent}{INDENT}for _ in range({printed(times)})"
            yield f"{indent}){end}"
        case tuple() if value:
            yield f"{start}("
            for each in value:
                yield from expression(each, indent + INDENT, indent + INDENT, ",")
            yield f"{indent}){end}"
        case Operation(symbol, operands) if len(operands) > 1 and symbol != "**":
            # A line ends before each of the operators that bind least.
            terms = list(_terms(value))
            for number, (symbol, operand) in enumerate(terms):
                prefix = f"{indent}{symbol} " if number else start
                yield from expression(operand, prefix, indent, end if number + 1 == len(terms) else "")
        case Item(base, places):
            yield f"{start}{printed(base)}["
            yield f"{indent}{INDENT}{printed(Item(Variable(''), places))[1:-1]}"
            yield f"{indent}]{end}"
        case Mapping():
            yield f"{start}{{"
            for key, each in value.items():
                yield from expression(each, f"{indent}{INDENT}{printed(key)}: ", indent + INDENT, ",")
            yield f"{indent}}}{end}"
        case _:
            # Nothing in it can be broken.
            yield line


def _terms(operation: Operation) -> Iterator[tuple[str, Any]]:
    """The operands of operators that bind alike, read from the left, each with the operator before it."""
    left, right = operation.operands
    if isinstance(left, Operation) and tightness(left) == tightness(operation):
        yield from _terms(left)
    else:
        yield "", left
    yield operation.symbol, right


def _arguments(call: Call, indent: str) -> Iterator[str]:
    """The arguments of a call that is broken: on one line if they fit, otherwise each on its own."""
    if not is_spread(call) and fits(line := f"{indent}{', '.join(call.arguments)}"):
        yield line
        return
    arguments = call.prefixed()
    end = "," if call.is_spread or len(arguments) > 1 else ""
    for prefix, value in arguments:
        yield from expression(value, f"{indent}{prefix}", indent, end)


def header(start: str, arguments: Sequence[str], end: str, indent: str) -> Iterator[str]:
    """The first line of a class or function, or the lines that it is broken into."""
    inner = ", ".join(arguments)
    if fits(f"{indent}{start}({inner}){end}"):
        yield f"{indent}{start}({inner}){end}"
        return
    yield f"{indent}{start}("
    if fits(f"{indent}{INDENT}{inner}"):
        yield f"{indent}{INDENT}{inner}"
    else:
        yield from (f"{indent}{INDENT}{each}," for each in arguments)
    yield f"{indent}){end}"


def wrapped(text: str, indent: str) -> str:
    """A text whose paragraphs are broken into lines that are short enough, but for those that are set in columns."""
    width = WIDTH - len(indent)
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(each if _is_set(each, width) else fill(each, width, **_WRAPPING) for each in paragraphs)


_WRAPPING: Final[Mapping[str, Any]] = {"break_long_words": False, "break_on_hyphens": False}


def _is_set(paragraph: str, width: int) -> bool:
    """Whether a paragraph stays as it is: it is short, or has a list, a table or an example in it."""
    lines = paragraph.split("\n")
    return all(len(line) <= width for line in lines) or any(map(_ITEM.match, lines))


_ITEM: Final = re.compile(r"[ \t|>#]|[-*+] |\d+[.)] ")
"""How a line begins that is an item of a list, a row of a table, a title or an example."""


def docstring(text: str, indent: str) -> Iterator[str]:
    """A text as a docstring, which gives the text back, but for blanks at the ends of its lines.

    Nothing that the text is written with ends the docstring early or means anything in it: where backslashes can be
    left as they are the docstring is raw, and elsewhere they are escaped, as is all that cannot be seen.
    """
    lines = [line.rstrip() for line in text.strip().split("\n")]
    can_be_raw = not any('"""' in line or not _is_plain(line) for line in lines) and not lines[0].startswith('"')
    prefix = ""
    if "\\" in text or not can_be_raw:
        prefix = "r" if can_be_raw else ""
        lines = lines if can_be_raw else [_escaped(line) for line in lines]
    yield f'{indent}{prefix}"""{lines[0]}'
    yield from (f"{indent}{line}".rstrip() for line in lines[1:])
    yield f'{indent}"""'


def _is_plain(line: str) -> bool:
    return escaped(line) == line


def _escaped(line: str) -> str:
    return escaped(line.replace("\\", "\\\\").replace('"', '\\"'))
