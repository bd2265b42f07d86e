"""What is wrong where a file is no YAML, in the reader's words: what was found, and the cure."""

from __future__ import annotations

import re
from typing import Final, final

from msgspec import Struct


@final
class Stumble(Struct, frozen=True):
    """Where the YAML reader could not go on; places are offsets in the text that it read."""

    place: int
    problem: str
    """What it says, which is for people who know how it reads."""

    begun: int | None = None
    """Where that starts which it was reading, a text in quotes or what stands in brackets, if it is one of these."""

    @property
    def start(self) -> int:
        """Where to look for the fault."""
        return self.place if self.begun is None else self.begun


TAB: Final = "a tab cannot indent; use spaces"


def told(text: str, stumble: Stumble) -> tuple[int, str]:
    """The place to name, and what is wrong there."""
    end = len(text.rstrip())
    place = min(stumble.place, max(end - 1, 0))
    found = text[place : place + 1]
    tab = _TAB.match(text, text.rfind("\n", 0, place) + 1)
    if tab is not None and "scanning for the next token" not in stumble.problem and place <= tab.end():
        return tab.end() - 1, TAB
    if found == "\t" and _is_about_tabs(stumble.problem):
        return place, "a tab cannot stand here; use spaces"
    if stumble.begun is not None:
        sign = text[stumble.begun : stumble.begun + 1]
        if sign in ("'", '"'):
            return stumble.begun, "a quote is not closed"
        if sign in _CLOSING and (stumble.place >= end or "\n" in text[stumble.begun : stumble.place]):
            return stumble.begun, f"`{sign}` is not closed"
        if sign in _CLOSING and found in ("]", "}") and found != _CLOSING[sign]:
            return place, f"`{_CLOSING[sign]}` is missing before `{found}`"
    elif found in ("]", "}"):
        return place, f"`{found}` closes nothing"
    start = text.rfind("\n", 0, place) + 1
    line, above = text[start:].partition("\n")[0], text[:start].rstrip().rpartition("\n")[2]
    if "could not find expected ':'" in stumble.problem:
        if _TIGHT.match(line):
            return start + line.index("-"), "a space is missing behind `-`"
        if above.startswith(f"{line[: len(line) - len(line.lstrip())]}- "):
            return place, "a `-` is missing before it"
    if "mapping values are not allowed" in stumble.problem and _FIRST_KEY.fullmatch(text[start:place]):
        return start + len(line) - len(line.lstrip()), "a key stands below a line that is complete; check the indent"
    return place, next((words for sign, words in _PROBLEMS.items() if sign in stumble.problem), _OTHER)


def _is_about_tabs(problem: str) -> bool:
    return "cannot start any token" in problem or "tab" in problem


_CLOSING: Final = {"[": "]", "{": "}"}

_TAB: Final = re.compile(r"[ \t-]*\t")

_TIGHT: Final = re.compile(r"[ ]*(- +)*-\w")

_FIRST_KEY: Final = re.compile(r"[ ]*(- +)*[^\W\d]\w*")

_INDENT: Final = "the indent does not fit the lines above, or a `:` is missing"

_PROBLEMS: Final = {
    "mapping values are not allowed": "a `:` followed by a space cannot stand here; quote the text or check the indent",
    "did not find expected key": _INDENT,
    "expected <block end>": _INDENT,
    "did not find expected '-' indicator": "the indent does not fit the list above, or a `-` is missing",
    "could not find expected ':'": "a `:` is missing behind the key",
    "did not find expected ',' or": "a `,` or a closing bracket is missing",
    "expected ',' or": "a `,` or a closing bracket is missing",
    "did not find expected node content": "a value is missing",
    "expected the node content": "a value is missing",
    "block sequence entries are not allowed": "a list cannot start here: each `-` stands at the start of its line",
    "sequence entries are not allowed": "a list cannot start here: each `-` stands at the start of its line",
    "mapping keys are not allowed": "a `?` followed by a space cannot stand here; put the text in quotes",
    "unexpected end of stream": "a quote is not closed",
    "cannot start any token": "this character cannot start a value; put the text in quotes",
    "did not find expected alphabetic or numeric character": "a text that starts with `*` or `&` stands in quotes",
    "expected alphabetic or numeric character": "a text that starts with `*` or `&` stands in quotes",
    "control characters are not allowed": "control characters are not allowed",
    "found unknown escape character": "`\\` has a meaning in double quotes; single quotes leave it as it is",
    "did not find expected hexdecimal number": "`\\` has a meaning in double quotes; single quotes leave it as it is",
    "escape sequence": "`\\` has a meaning in double quotes; single quotes leave it as it is",
    "chomping": "a text that starts with `|`, `>` or `%` stands in quotes",
    "indentation indicator": "a text that starts with `|`, `>` or `%` stands in quotes",
    "comment or line break": "a text that starts with `|`, `>` or `%` stands in quotes",
    "directive": "a text that starts with `%` stands in quotes",
    "did not find expected <document start>": "it goes on behind its end, perhaps as a bracket too many closes it",
    "expected '<document start>'": "it goes on behind its end, perhaps as a bracket too many closes it",
}

_OTHER: Final = "this cannot stand here; put the text in quotes, or check the indent and the brackets"
