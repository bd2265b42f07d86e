"""What cannot be read in one line hides no mistake in another, and makes none.

`make nightly` breaks each line of each spec in each way, and other runs a few of them: `ARCHSPEC_NIGHTLY` says which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.diagnostics import Severity
from tests.lowered import random_uses

SPECS = [
    path for path in sorted((Path(__file__).parent.parent / "specs").rglob("*.arch")) if 'use "' not in path.read_text()
]
IS_NIGHTLY = "ARCHSPEC_NIGHTLY" in os.environ
MOST = 10_000 if IS_NIGHTLY else 3
"""So many lines of a spec are broken: each, or a few that are far from each other."""

LAYER = re.compile(r"\s+[^#\"{}]*\)\s*")


def errors(text: str, name: str = "spec.arch") -> list[tuple[str, int]]:
    """The code and the line of each error."""
    found = archspec.loads(text, name=name, syntax="arch").check()
    return [(each.code, each.span.first().line) for each in found if each.severity is Severity.ERROR]


def broken(line: str) -> Iterator[str]:
    """A line with a bracket too few, with one too many, and with a comma too few."""
    yield line.rstrip()[:-1]
    yield f"{line.rstrip()})"
    if re.search(r"[\w)\]], \w", line):
        yield line.replace(", ", " ", 1)


def code(lines: list[str]) -> list[int]:
    """The lines that stand in no text between three quotes: such a text may hold formulas."""
    quotes = list(accumulate(line.count('"""') for line in lines))
    return [number for number, count in enumerate(quotes) if count % 2 == 0]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_line_that_cannot_be_read_is_the_only_error(path: Path) -> None:
    lines = path.read_text().split("\n")
    places = [number for number in code(lines) if LAYER.fullmatch(lines[number])]
    for turn, number in enumerate(places[:: 1 + len(places) // MOST]):
        ways = list(broken(lines[number]))
        for changed in ways if IS_NIGHTLY else (ways[turn % len(ways)],):
            found = errors("\n".join((*lines[:number], changed, *lines[number + 1 :])), str(path))
            # A bracket may be missing at the end of its line, or before what stands first in the next.
            assert len(found) == 1, (changed, found)
            assert number + 1 <= found[0][1] <= number + 2, (changed, found)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_brace_too_few_or_too_many_is_the_only_error(path: Path) -> None:
    """The lines tell where it belongs, so that what stands behind it is read as it is meant."""
    lines = path.read_text().split("\n")
    places = [number for number in code(lines) if lines[number].strip() == "}"]
    for number in places[:: 1 + len(places) // MOST]:
        for changed in ([], [lines[number]] * 2):
            text = "\n".join((*lines[:number], *changed, *lines[number + 1 :]))
            assert len(found := errors(text, str(path))) == 1, (number + 1, changed, found)


@pytest.mark.parametrize(
    "path", [path for path in SPECS if "\nuse " not in f"\n{path.read_text()}"], ids=lambda path: path.stem
)
def test_a_letter_too_few_in_the_first_word_is_the_only_error(path: Path) -> None:
    """There is no room for the right word, and all behind it is read as it is meant."""
    text = path.read_text()
    first = re.search(r"^(model|block|cell)\b", text, re.MULTILINE)
    assert first is not None
    word = first[0]
    assert errors(f"{word[:-2]}{word[-1]}{text[first.end() :]}", str(path)) == [("A020", 1)]


MISTAKES = {
    "conv(16, kernel=3, padding=1": "A021",
    "conv(16 kernel=3, padding=1)": "A020",
    "relu ? relu": "A020",
    "conv(16, kernel=[3, 3, padding=1)": "A020",
    "relu => relu": "A020",
    "maxpol(2)": "A104",
    "conv(16, kernel=3, pading=1)": "A105",
    "conv(16, kernel=0)": "A107",
    "relu": "",
    "conv(16, kernel=3, padding=1) -> batchnorm": "",
}

ONCE = "relu => relu"
"""A sign that always stands for the same is told of where it stands first, with the number of the other lines."""


@random_uses
@given(lines=st.lists(st.sampled_from(sorted(MISTAKES)), min_size=1, max_size=8))
def test_each_mistake_is_found_beside_all_others(lines: list[str]) -> None:
    text = "\n".join(("model M {", "input x: [B, 3, 64, 64]", *lines, "}"))
    told = [line for number, line in enumerate(lines) if line != ONCE or number == lines.index(ONCE)]
    expected = [MISTAKES[line] for line in told if MISTAKES[line]]
    found = errors(text)
    assert [code for code, _ in found] == expected


def test_a_text_that_ends_too_early_is_read_to_its_end() -> None:
    assert errors("model M {\ninput x: [B, 8]\nlinear(3)\nlineer(4)\n") == [("A104", 4), ("A021", 4)]


def test_what_an_unreadable_line_may_name_is_not_said_to_be_missing() -> None:
    assert errors("model M {\ninput x: [B, 8]\na, b = x -> split(2\n(a, b) -> add\n}") == [("A021", 3)]


def test_what_only_an_unreadable_line_uses_is_not_said_to_be_unused() -> None:
    assert errors("model M(width = 3) {\ninput x: [B, 8]\na = linear(3)\nx -> linear(width -> relu\n}") == [("A021", 4)]


def test_nothing_is_said_of_what_an_unreadable_declaration_declares() -> None:
    assert errors("model M {\ninput x: [B, 8\nlinear(3)\n}") == [("A021", 2)]
