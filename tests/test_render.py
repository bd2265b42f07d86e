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
from archspec.render.characters import shown, width
from archspec.render.text import COLOURED, Screen
from archspec.source import Source, Span


class Note(Diagnostic):
    """A finding that says what it is told to say."""

    code = "X001"
    name = "note"
    said: str = "a message"
    here: str = ""
    cure: str = ""
    others: tuple[Related, ...] = ()
    more: tuple[str, ...] = ()

    def message(self) -> str:
        return self.said

    def label(self) -> str:
        return self.here

    def help(self) -> str:
        return self.cure

    def related(self) -> tuple[Related, ...]:
        return self.others

    def notes(self) -> tuple[str, ...]:
        return self.more


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


def rendered(*findings: Diagnostic, screen: Screen | None = None) -> list[str]:
    return text_form.render(report(*findings), screen).split("\n")[:-1]


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
        ("a\u3164b", "b", "a\N{REPLACEMENT CHARACTER}b", "  ^"),
        ("a\ufe0fb", "b", "a\N{REPLACEMENT CHARACTER}b", "  ^"),
        ("\U0001f468\u200d\U0001f469 ab", "ab", "\U0001f468\U0001f469 ab", "     ^^"),
        ("\u2764\ufe0f ab", "ab", "\u2764 ab", "  ^^"),
        ("\u1112\u1161\u11ab ab", "ab", "\u1112\u1161\u11ab ab", "   ^^"),
        ("\u05e9\u05dc ab", "ab", "\u05e9\u05dc ab", "   ^^"),
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


def test_of_a_place_with_several_lines_the_first_is_shown_and_that_it_goes_on() -> None:
    assert rendered(Note(span("a: b\nc: d\n", "b\nc: d"), here="is here"))[3:5] == ["1 | a: b", "  |    ^... is here"]
    assert rendered(Note(span("a: b\n\n", "b\n")))[4] == "  |    ^"


def test_places_in_one_line_have_a_row_each_even_where_they_overlap() -> None:
    source = Source("a", "conv(64, kernel=3)")
    others = (Related(source.span(5, 7), "width"), Related(source.span(0, 18), "layer"))
    assert rendered(Note(source.span(0, 15), here="is here", others=others))[3:7] == [
        "1 | conv(64, kernel=3)",
        "  | ^^^^^^^^^^^^^^^ is here",
        "  | ------------------ layer",
        "  |      -- width",
    ]


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    text = "x" * 500 + "HERE" + "y" * 500
    lines = rendered(Note(span(text, "HERE")))
    assert all(len(line) < 140 for line in lines)
    shown, carets = lines[3], lines[4]
    assert shown.startswith("1 | ...x")
    assert shown.endswith("y...")
    assert shown[carets.index("^") :].startswith("HERE")


def test_of_places_far_apart_in_a_long_line_each_is_shown() -> None:
    text = "x" * 50_000 + "HERE" + "界" * 50_000 + "THERE" + "\u0301" * 50_000
    source = Source("a", text)
    start, end = text.index("HERE"), text.index("THERE")
    lines = rendered(Note(source.span(start, start + 4), others=(Related(source.span(end, end + 5), "there"),)))
    assert max(map(len, lines)) < 600
    excerpts = [line for line in lines if line.startswith("1 | ")]
    assert ["HERE" in line.replace("THERE", "") for line in excerpts] == [True, False]
    assert ["THERE" in line for line in excerpts] == [False, True]
    for excerpt, row, word in zip(excerpts, (lines[4], lines[6]), ("HERE", "THERE"), strict=True):
        before = excerpt.partition(word)[0]
        assert width(before) == row.index("^" if word == "HERE" else "-")


def test_lines_are_cut_to_what_a_narrow_terminal_shows() -> None:
    text = "the words before it, the words before it, HERE, the words behind it, the words behind it"
    source = Source("a", text)
    start = text.index("HERE")
    for columns in (50, 60, 80):
        lines = rendered(Note(source.span(start, start + 4)), screen=Screen(columns=columns))
        assert max(map(len, lines[3:5])) <= columns
        assert lines[3][lines[4].index("^") :].startswith("HERE")
    assert rendered(Note(source.span(start, start + 4)))[3] == f"1 | {text}"


def test_what_an_encoding_lacks_is_shown_by_its_number_and_carets_stand_below_it() -> None:
    text = "größe = 界\u202e x"
    finding = Note(span(text, "x"), said="größe", here="界")
    lines = rendered(finding, screen=Screen(encoding="ascii"))
    assert lines[0] == "error[X001]: gr\\xf6\\xdfe"
    assert lines[3] == "1 | gr\\xf6\\xdfe = \\u754c\\u202e x"
    assert lines[4].index("^") == lines[3].rindex("x")
    assert lines[4].endswith("^ \\u754c")
    lines = rendered(finding, screen=Screen(encoding="latin-1"))
    assert lines[3] == "1 | größe = \\u754c\\u202e x"
    assert lines[4].index("^") == lines[3].rindex("x")


@given(st.text(max_size=50), st.sampled_from(["ascii", "latin-1", "cp1252", "shift-jis", "utf-8"]))
def test_what_is_shown_can_be_written_in_any_encoding(text: str, encoding: str) -> None:
    there = shown(text, encoding).encode(encoding).decode(encoding)
    assert not {unicodedata.category(each) for each in there} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    if encoding == "ascii":
        assert width(text, encoding) == len(shown(text, encoding))


def test_notes_and_cures_may_have_several_lines() -> None:
    finding = Note(span("here", "here"), more=("[1, 2]\n[1, 3]\n    ^",), cure="one thing\nor another")
    assert rendered(finding)[5:11] == [
        "  |",
        "  = note: [1, 2]",
        "          [1, 3]",
        "              ^",
        "  = help: one thing",
        "          or another",
    ]


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
    coloured = text_form.render(report(finding), Screen(COLOURED))
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
    *("label", "notes", "help", "fixes", "related", "explain"),
]


def test_json_has_one_object_for_each_finding() -> None:
    source = Source("spec.yaml", "one 界 two\nthree\n")
    others = (Related(source.span(0, 3), "there"),)
    finding = Note(source.span(6, 15), said="a `message`", here="here", cure="do this", others=others, more=("a note",))
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
            "notes": ["a note"],
            "help": "do this",
            "fixes": [],
            "related": [
                {"message": "there", "file": "spec.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 4}
            ],
            "explain": "archspec explain X001",
        }
    ]
    assert list(found[0]) == KEYS


def test_json_is_right_in_every_encoding() -> None:
    finding = Note(span("größe", "größe", "größe.arch"), said="größe")
    for encoding in ("ascii", "utf-8"):
        written = json_form.render(report(finding), encoding).encode(encoding)
        assert json.loads(written)[0]["message"] == "größe"
