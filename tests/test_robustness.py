"""Whatever text there is, there is a report, and a graph exactly where nothing is wrong.

`make nightly` has more examples, and others each time: `ARCHSPEC_EXAMPLES` says how many.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec import Report, SpecError, loads
from archspec.compiler import Outside, read_bytes
from archspec.main import main
from archspec.model import Model
from archspec.render.text import render
from tests.fuzz.hostile import ARCH, YAML, Hostile
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
        if 'use "' not in (text := path.read_text()):  # Of a text alone, there are no other files.
            yield path.suffix[1:], text
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
    report = told_of(loads(text, syntax=syntax))
    assert perf_counter() - start < SECONDS
    return report


def told_of(model: Model) -> Report:
    report = model.check()
    assert bool(render(report)) is bool(len(report))
    if report.has_errors or model.collection is not None:
        with pytest.raises(SpecError):
            _ = model.graph
    else:
        assert model.graph.outputs
        assert all(node.outputs for node in model.graph.nodes)
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


EXAMPLES: Final = int(os.environ.get("ARCHSPEC_EXAMPLES", "0"))

thorough = settings(max_examples=EXAMPLES or 400, deadline=None, derandomize=not EXAMPLES, database=None)

SIGNS: Final = (
    "\r\n",
    "\t",
    "\ufeff",
    "\0",
    "\u2028",
    "\ud800",
    "é",
    "画",
    "\U0001f600",
    "&a ",
    "*a",
    "!!int ",
    "<<: ",
)
"""What stands in no spec."""


def anything(syntax: str) -> st.SearchStrategy[str]:
    """Words and signs of specs in any order, and what no spec has."""
    words = st.sampled_from(WORDS[syntax])
    numbers = st.integers().map(str)
    return st.lists(st.one_of(words, words, words, st.sampled_from(SIGNS), st.text(max_size=3), numbers)).map("".join)


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


@thorough
@given(anything("arch"))
def test_any_text_gives_a_report(text: str) -> None:
    told(text, "arch")


@thorough
@given(anything("yaml"))
def test_any_yaml_gives_a_report(text: str) -> None:
    told(text, "yaml")


@thorough
@given(st.binary() | st.text().map(lambda text: text.encode("utf-16")), st.sampled_from(["arch", "yaml", None]))
def test_any_bytes_give_a_report(data: bytes, syntax: str | None) -> None:
    told_of(read_bytes(data, "<bytes>", syntax, Outside()))


@thorough
@given(st.data(), st.sampled_from(["arch", "yaml"]))
def test_any_change_of_bytes_gives_a_report(data: st.DataObject, syntax: str) -> None:
    found = bytearray("".join(data.draw(st.sampled_from(TEXTS[syntax]))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        found[data.draw(st.integers(0, len(found) - 1))] = data.draw(st.integers(0, 255))
    told_of(read_bytes(bytes(found), "<bytes>", syntax, Outside()))


HOSTILE: Final = [(syntax, name) for syntax, texts in (("arch", ARCH), ("yaml", YAML)) for name in texts]


def hostile(syntax: str, name: str) -> Hostile:
    return (ARCH if syntax == "arch" else YAML)[name]


@pytest.mark.parametrize(("syntax", "name"), HOSTILE, ids=lambda each: each.replace(" ", "_"))
def test_a_text_that_asks_for_much_gives_a_report(syntax: str, name: str) -> None:
    told(hostile(syntax, name)(6_000), syntax)


def calls(text: str, syntax: str) -> int:
    """How many functions are called while a text is checked: its work, however fast the machine is."""
    count = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        told(text, syntax)
    finally:
        sys.setprofile(before)
    return count


LINEAR: Final = (
    *(("arch", name) for name in ("lines", "a long chain", "named layers", "blocks", "parameters", "inputs")),
    *(
        ("arch", name)
        for name in ("unused parameters", "a sum of values", "branches", "expressions", "docs", "variants")
    ),
    *(("yaml", name) for name in ("layers", "mappings", "keys", "params", "aliases")),
)


@pytest.mark.parametrize(("syntax", "name"), LINEAR, ids=lambda each: each.replace(" ", "_"))
def test_twice_the_text_is_twice_the_work(syntax: str, name: str) -> None:
    text = hostile(syntax, name)
    told(text(500), syntax)  # The first one also makes the tables of the parser.
    less, more = (calls(text(size), syntax) for size in (4_000, 8_000))
    assert more < 2.2 * less, f"{less} calls, and {more} for twice the text"


def test_a_model_may_have_more_open_sizes_than_a_formula(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it costs cannot be written down then; all else can."""
    lines = [f"input x{each}: [B, A{each}]\n y{each} = x{each} -> linear(2)" for each in range(600)]
    sizes = ", ".join(f"y{each}" for each in range(600))
    text = "\n".join(["model M {", *lines, f"({sizes}) -> add", "}"])
    told(text, "arch")
    path = tmp_path / "many.arch"
    path.write_text(text)
    assert main(["check", str(path)]) == 0
    assert main(["summary", str(path)]) == 2
    assert "a formula with more than 500 terms" in capsys.readouterr().err
