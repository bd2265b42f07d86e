"""Expressions with blanks where they are usual: around operators and behind commas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>(?:[ \t\n]|\#[^\n]*)+)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<rest>\.\.\.)
    | (?P<number>(?:\d[\d_]*\.?|\.\d)[\d_]*(?:[eE][+-]?\d+)?)
    | (?P<keyword>(?:and|or|not)\b)
    | (?P<word>[^\W\d]\w*)
    | (?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>])
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<comma>,)
    | (?P<equals>=)
    | (?P<dot>\.)
    """,
    re.VERBOSE,
)
_OPERANDS: Final = frozenset({"string", "number", "word", "close"})


def spaced(text: str) -> str:
    """The same expression on one line, with the usual blanks; what is none is handed back as it is."""
    written: list[str] = []
    before = "start"
    for kind, symbol, had_blank in _tokens(text):
        if kind == "strange":
            return text
        if written and _is_apart(before, kind, symbol, had_blank=had_blank):
            written.append(" ")
        written.append(symbol)
        before = kind
    return "".join(written)


def _tokens(text: str) -> Iterator[tuple[str, str, bool]]:
    """The parts of an expression: what each is, as it is written, and whether a blank stands before it."""
    before, had_blank, position = "start", False, 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or token.lastgroup is None:
            yield "strange", text[position:], had_blank
            return
        position = token.end()
        kind, symbol = token.lastgroup, token.group()
        if kind != "blank":
            kind = "sign" if symbol == "-" and before not in _OPERANDS else kind
            yield kind, symbol, had_blank
            before = kind
        had_blank = kind == "blank"


def split(text: str) -> tuple[tuple[str, str], ...]:
    """The parts of a spaced expression between the operators that bind least, each with the operator behind it."""
    found: list[tuple[int, int, str]] = []
    depth = position = 0
    for kind, symbol, had_blank in _tokens(text):
        position += had_blank
        depth += (kind == "open") - (kind == "close")
        if depth == 0 and kind in ("operator", "keyword") and symbol in _BINDING:
            found.append((_BINDING[symbol], position, symbol))
        position += len(symbol)
    least = min((binding for binding, _, _ in found), default=0)
    parts, start = [], 0
    for binding, at, symbol in found:
        if binding == least:
            parts.append((text[start:at].strip(), symbol))
            start = at + len(symbol)
    return (*parts, (text[start:].strip(), ""))


_BINDING: Final = {
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">"), 2),
    "or": 0,
    "and": 1,
    "+": 3,
    "-": 3,
    "*": 4,
    "/": 4,
    "//": 4,
    "%": 4,
}
"""How strongly operators bind."""


def _is_apart(before: str, kind: str, symbol: str, *, had_blank: bool) -> bool:
    """Whether there is a blank between two parts of an expression."""
    if before in ("open", "sign", "dot", "equals") or kind in ("close", "comma", "dot", "equals"):
        return False
    if before in ("comma", "operator", "keyword") or kind in ("operator", "keyword"):
        return True
    if kind == "open" and (before == "word" or symbol == "["):
        return False
    return had_blank
