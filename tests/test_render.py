"""Findings as text and as JSON: the right lines, carets below the right characters, nothing that harms a terminal."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics import Diagnostic, Related, Report, Severity
from archspec.render import json as json_form
from archspec.render import text as text_form
from archspec.source import Source, Span


class Note(Diagnostic):
    """A finding that says what it is told to say."""

    code = "X001"
    name = "note"
    said: str = "a message"
    here: str = ""
    cure: str = ""
    others: tuple[Related, ...] = ()

    def message(self) -> str:
        return self.said

    def label(self) -> str:
        return self.here

    def help(self) -> str:
        return self.cure

    def related(self) -> tuple[Related, ...]:
        return self.others


class Hint(Note):
    """The same as advice."""

    code = "X002"
    name = "hint"
    severity = Severity.ADVICE


def report(*findings: Diagnostic) -> Report:
    made = Report()
    for each in findings:
        made.add(each)
    return made


def rendered(*findings: Diagnostic) -> list[str]:
    return text_form.render(report(*findings)).splitlines()


def span(text: str, part: str, name: str = "spec.yaml") -> Span:
    start = text.index(part)
    return Source(name, text).span(start, start + len(part))


def test_nothing_found_is_nothing_said() -> None:
    assert text_form.render(Report()) == ""
    assert json_form.render(Report()) == "[]\n"


def test_a_finding_with_all_its_parts() -> None:
    source = Source("spec.yaml", "one two\nthree\n\n\nfour\n")
    finding = Note(
        source.span(4, 7), here="is here", cure="do this", others=(Related(source.span(16, 20), "and there"),)
    )
    assert rendered(finding) == [
        "error[X001]: a message",
        " --> spec.yaml:1:5",
        "  |",
        "1 | one two",
        "  |     ^^^ is here",
        "...",
        "5 | four",
        "  | ---- and there",
        "  |",
        "  = help: do this",
        "",
        "1 error; `archspec explain X001` tells more",
    ]


def test_a_second_place_in_another_file() -> None:
    other = Related(span("first\n", "first", "other.yaml"), "there")
    lines = rendered(Note(span("here\n", "here"), others=(other,)))
    assert " --> spec.yaml:1:1" in lines
    assert " ::: other.yaml:1:1" in lines
    assert lines[-3] == "  | ----- there"


@pytest.mark.parametrize(
    ("text", "part", "shown", "carets"),
    [
        ("\tx y", "y", "    x y", "      ^"),
        ("a\tb", "b", "a    b", "     ^"),
        ("a\tb", "\t", "a    b", " ^^^^"),
        ("界界 ab", "ab", "界界 ab", "     ^^"),
        ("a 界界 b", "界界", "a 界界 b", "  ^^^^"),
        ("e\u0301\u0302 ab", "ab", "e\u0301\u0302 ab", "  ^^"),
        ("\u202eab", "ab", "\N{REPLACEMENT CHARACTER}ab", " ^^"),
        ("a\u200bb", "b", "a\N{REPLACEMENT CHARACTER}b", "  ^"),
        ("\x1b[31mab", "ab", "\N{REPLACEMENT CHARACTER}[31mab", "     ^^"),
    ],
)
def test_carets_stand_below_what_is_meant(text: str, part: str, shown: str, carets: str) -> None:
    lines = rendered(Note(span(text, part)))
    assert lines[3] == f"1 | {shown}"
    assert lines[4] == f"  | {carets}"


def test_an_empty_place_has_a_caret() -> None:
    source = Source("a", "one\ntwo")
    assert rendered(Note(source.span(3, 3)))[4] == "  |    ^"
    assert rendered(Note(source.span(7, 7)))[4] == "  |    ^"


def test_of_a_place_with_several_lines_the_first_is_shown() -> None:
    assert rendered(Note(span("a: b\nc: d\n", "b\nc: d")))[3:5] == ["1 | a: b", "  |    ^"]


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    text = "x" * 500 + "HERE" + "y" * 500
    lines = rendered(Note(span(text, "HERE")))
    assert all(len(line) < 140 for line in lines)
    shown, carets = lines[3], lines[4]
    assert shown.startswith("1 | ...x")
    assert shown.endswith("y...")
    assert shown[carets.index("^") :].startswith("HERE")


def test_of_a_file_that_could_not_be_read_the_name_is_shown() -> None:
    lines = rendered(Note(Source("gone.yaml", "").whole(), cure="look elsewhere"))
    assert lines[1:3] == [" --> gone.yaml", "  = help: look elsewhere"]


def test_numbers_of_lines_are_aligned() -> None:
    text = "first\n" + "x\n" * 98 + "last\n"
    source = Source("a", text)
    start = text.index("last")
    lines = rendered(Note(source.span(start, start + 4), others=(Related(source.span(0, 5), ""),)))
    assert "  1 | first" in lines
    assert "100 | last" in lines
    assert "    | ^^^^" in lines


def test_findings_are_counted_by_severity() -> None:
    source = Source("a", "abc")
    spans = [source.span(number, number + 1) for number in range(3)]
    assert rendered(Note(spans[0]), Note(spans[1]), Hint(spans[2]))[-1].startswith("2 errors, 1 advice; ")
    assert rendered(Hint(spans[2]))[0] == "advice[X002]: a message"


def test_colours_change_nothing_else() -> None:
    finding = Note(span("one two", "two"), here="is here", cure="do this")
    coloured = text_form.render(report(finding), text_form.COLOURED)
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == text_form.render(report(finding))


def test_nothing_that_a_spec_holds_can_harm_a_terminal() -> None:
    evil = "a\x1b[2J\x9b\u202e\u2066\u200b\x07\r\nb"
    finding = Note(span(f"x {evil}", "x", f"{evil}.yaml"), said=evil, here=evil, cure=evil)
    shown = text_form.render(report(finding))
    assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cf", "Cs") and each != "\n"]
    assert shown.count("a\N{REPLACEMENT CHARACTER}[2J") == 5


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=300), st.data())
def test_any_place_of_any_text_can_be_shown(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    finding = Note(Source("a", text).span(start, end), said=text, here=text)
    lines = rendered(finding)
    assert lines[-1].startswith("1 error")
    assert json.loads(json_form.render(report(finding)))


KEYS = [
    *("code", "name", "severity", "message"),
    *("file", "line", "column", "end_line", "end_column"),
    *("label", "help", "related"),
]


def test_json_has_one_object_for_each_finding() -> None:
    source = Source("spec.yaml", "one 界 two\nthree\n")
    others = (Related(source.span(0, 3), "there"),)
    finding = Note(source.span(6, 15), said="a `message`", here="here", cure="do this", others=others)
    found: Any = json.loads(json_form.render(report(finding)))
    assert found == [
        {
            "code": "X001",
            "name": "note",
            "severity": "error",
            "message": "a `message`",
            "file": "spec.yaml",
            "line": 1,
            "column": 7,
            "end_line": 2,
            "end_column": 6,
            "label": "here",
            "help": "do this",
            "related": [
                {"message": "there", "file": "spec.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 4}
            ],
        }
    ]
    assert list(found[0]) == KEYS
