"""Places in texts: lines and columns count from 1, columns in characters, spans are half open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.source import Source, Span

texts = st.text(st.sampled_from("a\n\r\t 界é😀:"), max_size=30)


def source(text: str) -> Source:
    return Source("a.yaml", text)


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [
        ("", 0, (1, 1)),
        ("ab\ncd", 0, (1, 1)),
        ("ab\ncd", 2, (1, 3)),  # The line break is the last character of its line.
        ("ab\ncd", 3, (2, 1)),
        ("ab\ncd", 5, (2, 3)),
        ("ab\n", 3, (2, 1)),
        ("\n\n", 1, (2, 1)),
        ("界é😀\n界x", 2, (1, 3)),
        ("界é😀\n界x", 5, (2, 2)),
    ],
)
def test_positions(text: str, offset: int, position: tuple[int, int]) -> None:
    assert source(text).position(offset) == position


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", [""]), ("ab", ["ab"]), ("ab\n", ["ab", ""]), ("\nab", ["", "ab"]), ("界\n😀", ["界", "😀"])],
)
def test_lines(text: str, lines: list[str]) -> None:
    read = source(text)
    assert [read.line(number) for number in range(1, read.line_count + 1)] == lines


@given(texts)
def test_lines_are_the_text(text: str) -> None:
    read = source(text)
    assert "\n".join(read.line(number) for number in range(1, read.line_count + 1)) == text


@given(texts, st.data())
def test_a_position_leads_back_to_its_character(text: str, data: st.DataObject) -> None:
    read = source(text)
    offset = data.draw(st.integers(0, len(text)))
    line, column = read.position(offset)
    before = sum(len(read.line(number)) + 1 for number in range(1, line))
    assert before + column - 1 == offset
    assert 1 <= line <= read.line_count
    assert 1 <= column <= len(read.line(line)) + 1


@given(texts, st.data())
def test_spans(text: str, data: st.DataObject) -> None:
    read = source(text)
    a, b, c, d = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4)))
    first, second = read.span(a, b), read.span(c, d)
    assert first.text == text[a:b]
    assert first.until(second) == read.span(a, d)
    assert read.whole().until(first) == read.whole()
    assert first.first() == read.position(a)
    assert first.last() == read.position(b)


def test_the_whole_of_an_empty_text() -> None:
    whole = source("").whole()
    assert whole.text == ""
    assert whole.first() == whole.last() == (1, 1)


def test_equal_texts_are_two_sources() -> None:
    one, other = source("ab"), source("ab")
    assert one.span(0, 1) == Span(one, 0, 1)
    assert one.span(0, 1) != other.span(0, 1)


def test_what_is_shown_of_a_source_is_short() -> None:
    read = source("x\n" * 1000)
    assert repr(read.span(4, 6)) == "a.yaml:3:1"
    assert len(repr(read)) < 40
