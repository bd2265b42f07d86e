"""Whatever is done to the words of a right spec, there is a report, and a graph exactly where nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec import Report, SpecError, loads
from archspec.render.text import render
from tests.test_checks import CHECKS

ROOT: Final = Path(__file__).parent.parent
LONGEST: Final = 3_000
"""A text that is longer than this has no part that a shorter one does not have, and takes its time."""

TOKEN: Final = re.compile(r'"[^"\n]*"|\w+|->|==|\*\*|//|\.\.\.|\n[ ]*|[^\w\s]|[ ]+')
"""A word, a sign, or the indent of a line, which in YAML is one."""

SECONDS: Final = 60.0
"""No small spec takes longer, however slow the machine."""


def texts() -> Iterator[tuple[str, str]]:
    """Right specs of both syntaxes, each with its syntax."""
    shipped = chain((ROOT / "archspec" / "std").glob("*.arch"), (ROOT / "specs").rglob("*.*"))
    for path in sorted(shipped):
        yield path.suffix[1:], path.read_text()
    for check in CHECKS:
        syntax, *options = check.info.split()
        if check.expected == "clean\n" and not check.files and not options:
            yield syntax, check.body


TEXTS: Final = {
    syntax: [TOKEN.findall(text) for name, text in texts() if name == syntax and len(text) <= LONGEST]
    for syntax in ("arch", "yaml")
}
WORDS: Final = {syntax: sorted({word for text in found for word in text}) for syntax, found in TEXTS.items()}


def told(text: str, syntax: str) -> Report:
    """The report on a text, once it is shown."""
    start = perf_counter()
    model = loads(text, syntax=syntax)
    report = model.check()
    assert bool(render(report)) is bool(len(report))
    if report.has_errors or model.collection is not None:
        with pytest.raises(SpecError):
            _ = model.graph
    else:
        assert model.graph.outputs
        assert all(node.outputs for node in model.graph.nodes)
    assert perf_counter() - start < SECONDS
    return report


@st.composite
def changed(draw: st.DrawFn, syntax: str) -> str:
    """A right spec in which words are left out, doubled, exchanged, or put in from another one."""
    words = list(draw(st.sampled_from(TEXTS[syntax])))
    for _ in range(draw(st.integers(1, 3))):
        place, other = (draw(st.integers(0, len(words) - 1)) for _ in range(2))
        match draw(st.sampled_from(["leave out", "double", "exchange", "put in", "take from elsewhere"])):
            case "leave out":
                del words[place : place + draw(st.integers(1, 4))]
            case "double":
                words[place:place] = words[place : place + draw(st.integers(1, 12))]
            case "exchange":
                words[place], words[other] = words[other], words[place]
            case "put in":
                words.insert(place, draw(st.sampled_from(WORDS[syntax])))
            case _:
                words[place] = words[other]
        if not words:
            break
    return "".join(words)


thorough = settings(max_examples=400, deadline=None, derandomize=True, database=None)


@thorough
@given(changed("arch"))
def test_any_change_of_words_gives_a_report(text: str) -> None:
    told(text, "arch")


@thorough
@given(changed("yaml"))
def test_any_change_of_words_in_yaml_gives_a_report(text: str) -> None:
    told(text, "yaml")


@pytest.mark.parametrize("syntax", ["arch", "yaml"])
def test_what_is_changed_is_right_before(syntax: str) -> None:
    assert len(TEXTS[syntax]) >= 15
    for words in TEXTS[syntax]:
        assert not told("".join(words), syntax).has_errors
