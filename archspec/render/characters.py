"""Characters as a terminal is given them, and how many columns each takes there.

What a spec holds goes to a terminal. A character that would move the cursor, change colours, turn the direction of
writing or be seen as nothing at all is shown as U+FFFD, so that no spec can make its findings look like something else;
one that the encoding of the terminal lacks is shown by its number. Pictures that are joined to one, which only some
terminals draw as one, are shown side by side, and so take the same room everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

TAB: Final = 4
"""A tab is shown as this many spaces."""

UNICODE: Final = "utf-8"

_UNSEEN: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
) | frozenset(range(0xE0100, 0xE01F0))
"""What is drawn as nothing although it is a letter, a mark or a symbol by its category."""

_JOINERS: Final = "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}"
"""What joins pictures, or says in which style they are drawn."""

_JOINED: Final = (range(0x1161, 0x1200), range(0xD7B0, 0xD7FC))
"""Vowels and final consonants of Korean, which stand in the columns of the consonant before them."""


def shown(text: str, encoding: str = UNICODE) -> str:
    """A text as it may go to a terminal of an encoding."""
    return text if is_plain(text) else "".join(glyph for glyph, _ in _glyphs(text, encoding))


def width(text: str, encoding: str = UNICODE) -> int:
    """How many columns a text takes when it is shown."""
    return len(text) if is_plain(text) else sum(columns for _, columns in _glyphs(text, encoding))


def is_plain(text: str) -> bool:
    """Whether each character of a text is shown as it is, in one column."""
    return text.isascii() and text.isprintable()


def _glyphs(text: str, encoding: str) -> Iterator[tuple[str, int]]:
    """The characters as they are shown, each with the columns that this takes."""
    is_behind_picture = False
    for each in text:
        if is_behind_picture and each in _JOINERS and _is_in(each, encoding):
            continue
        is_behind_picture = unicodedata.category(each) in ("So", "Sk")
        yield _glyph(each, encoding)


@cache
def _glyph(character: str, encoding: str) -> tuple[str, int]:
    """A character as it is shown, and the columns that this takes."""
    if character == "\t":
        return " " * TAB, TAB
    glyph = "\N{REPLACEMENT CHARACTER}" if _is_harmful(character) else character
    if not _is_in(glyph, encoding):
        number = _number(character)
        return number, len(number)
    return glyph, _columns(glyph)


def _is_harmful(character: str) -> bool:
    """Whether a character is a control, turns the direction of writing, or cannot be seen at all."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") or ord(character) in _UNSEEN


def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _number(character: str) -> str:
    """As Python escapes it."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or any(ord(character) in each for each in _JOINED):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
