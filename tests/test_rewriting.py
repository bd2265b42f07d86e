"""Specs written anew: the document `rewriting.md`, and what is refused.

`python tests/test_rewriting.py --write` brings the document up to date; read the difference before you commit it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from archspec import spec
from archspec.diagnostics import Report
from archspec.render.text import render
from archspec.rewrite import converted, formatted
from archspec.rewrite.textual import VERSION
from archspec.source import Source

DOCUMENT: Final = Path(__file__).parent / "rewriting.md"
BLOCK: Final = re.compile(r"^```(?P<syntax>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
OTHER: Final = {"arch": "yaml", "yaml": "arch"}


@dataclass(frozen=True)
class Section:
    """A spec, and what is made of it in the same syntax and in the other."""

    heading: str
    syntax: str
    spec: str
    results: tuple[str, ...]
    """Those that are written down."""

    def made(self) -> tuple[str, ...]:
        return tuple(rewritten(self.spec, self.syntax, to) for to in (self.syntax, OTHER[self.syntax]))


def sections() -> Iterator[Section]:
    for text in DOCUMENT.read_text().split("\n## ")[1:]:
        first, *others = BLOCK.finditer(text)
        results = tuple(each["body"] for each in others)
        yield Section(text.partition("\n")[0], first["syntax"], first["body"], results)


def rewritten(text: str, syntax: str, to: str) -> str:
    """A spec in a syntax, or why it cannot be written in it."""
    report = Report()
    source = Source(f"spec.{syntax}", text)
    made = formatted(source, syntax, report) if syntax == to else converted(source, syntax, to, report)
    return render(report) if made is None else made


@pytest.mark.parametrize("section", list(sections()), ids=lambda section: section.heading)
def test_the_document_tells_what_is_made_of_a_spec(section: Section) -> None:
    assert section.made() == section.results


@pytest.mark.parametrize("section", list(sections()), ids=lambda section: section.heading)
def test_what_is_made_is_not_made_anew(section: Section) -> None:
    for syntax, made in zip((section.syntax, OTHER[section.syntax]), section.results, strict=True):
        assert rewritten(made, syntax, syntax) == made


HEAD: Final = "model: M\ninputs: {x: [B, 8]}\n"


@pytest.mark.parametrize(
    ("text", "syntax", "code"),
    [
        ("model M { relu( }", "arch", "A021"),
        ("model M { relu(a=1, a=2)\n }", "arch", "A011"),
        ("# nothing", "arch", "A005"),
        ("model: M\nmodel: N\n", "yaml", "A011"),
        ("layers: [relu(]\n", "yaml", "A021"),
        ("a: [1", "yaml", "A010"),
    ],
)
def test_a_file_that_cannot_be_read_is_left_alone(text: str, syntax: str, code: str) -> None:
    for to in OTHER:
        assert re.findall(r"error\[(\w+)\]", rewritten(text, syntax, to)) == [code]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "layer: relu\n", "the text form has no words for `layer` here"),
        (HEAD + "layers:\n  - {relu: , name: r}\n  - {r: {}}\n", "an op without settings that has the name of a value"),
        (HEAD + "layers: [{conv: 8, name: my conv}]\n", "the text form has no words for this as the name of a value"),
        (HEAD + "layers: [{conv: {2: 8}}]\n", "a setting without a name, where those before it are missing"),
        (HEAD + "layers: [{conv: 3x3}]\n", "`3x3` is neither a number nor a name"),
        (HEAD + 'layers: [{conv: "\\x07"}]\n', "the text form has no words for the character U+0007"),
        (HEAD + "layers: [{value: x}]\n", "the text form has no words for a formula that calculates nothing"),
        (HEAD + "layers: [relu]\narchspec: 2\n", "the text form has no words for `archspec` here"),
    ],
)
def test_what_the_text_form_cannot_say_is_refused_at_its_place(text: str, said: str) -> None:
    assert not rewritten(text, "yaml", "yaml").startswith("error")
    assert said in rewritten(text, "yaml", "arch").partition("\n")[0]


def test_what_an_alias_stands_for_is_written_out_and_its_comments_once() -> None:
    text = "model: M\nlayers:\n  - &a [relu, linear: 8]  # two\n  - *a\n"
    expected = "model: M\nlayers:\n  - relu -> linear(8)  # two\n  - relu -> linear(8)\n"
    assert rewritten(text, "yaml", "yaml") == expected


def test_the_version_of_the_language_is_that_of_the_specs() -> None:
    assert VERSION == spec.VERSION


def write() -> None:
    """Replace what the document says by what is made now."""
    head, *texts = DOCUMENT.read_text().split("\n## ")
    for section, text in zip(list(sections()), texts, strict=True):
        first = next(BLOCK.finditer(text))
        blocks = [
            f"```{syntax}\n{made}```"
            for syntax, made in zip((section.syntax, OTHER[section.syntax]), section.made(), strict=True)
        ]
        head += "\n## " + "\n\n".join((text[: first.end()], *blocks)) + "\n"
    DOCUMENT.write_text(head)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write()
