"""Fenced blocks of Markdown that hold specs: where they stand, and what is written at their beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct

WORD: Final = "archspec"
"""The word behind the fence."""


@final
class Fence(Struct, frozen=True):
    """A block."""

    start: int
    """The line of the fence that opens it, counted from 0."""

    end: int
    """The line behind the fence that closes it."""

    indent: str
    options: Mapping[str, str]
    text: str

    fault: str | None = None
    """What cannot be understood at its beginning."""


_OPENING: Final = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<said>[^`]*?)[ \t]*")
_OPTION: Final = re.compile(r"""\s+(?P<name>[\w-]+)=("(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))""")


def fences(lines: Sequence[str]) -> Iterator[Fence]:
    """The blocks that ask for figures; what is shown in other blocks is left alone."""
    number = 0
    while number < len(lines):
        opening = _OPENING.fullmatch(lines[number])
        if opening is None:
            number += 1
            continue
        start, indent, fence = number, opening["indent"], opening["fence"]
        closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
        ends = (place for place in range(start + 1, len(lines)) if closing.fullmatch(lines[place]))
        end = next(ends, None)
        if end is None:
            number += 1  # A fence that nothing closes is none.
            continue
        number = end + 1
        word, _, _ = opening["said"].partition(" ")
        if word == WORD:
            said = opening["said"].removeprefix(WORD)
            options, fault = _options(said)
            text = "".join(f"{_dedented(line, indent)}\n" for line in lines[start + 1 : end])
            yield Fence(start, end + 1, indent, options, text, fault)


def _options(said: str) -> tuple[dict[str, str], str | None]:
    options: dict[str, str] = {}
    place = 0
    while said[place:].strip():
        found = _OPTION.match(said, place)
        if found is None:
            wrong = said[place:].strip()
            return options, f'what stands behind `{WORD}` is of the form NAME=VALUE or NAME="VALUE", unlike `{wrong}`'
        if found["name"] in options:
            return options, f"the option `{found['name']}` is given twice"
        options[found["name"]] = next(each for each in found.group("double", "single", "bare") if each is not None)
        place = found.end()
    return options, None


def _dedented(line: str, indent: str) -> str:
    return line.removeprefix(indent) if line.startswith(indent) else line.lstrip(" \t")
