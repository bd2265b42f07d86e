"""The parser against lark, which knows the grammar: both make the same of every text, and stop at the same place."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from archspec.syntax import tables
from archspec.syntax.automaton import Automaton, Node, UnexpectedError
from tests.fuzz.hostile import ARCH
from tests.test_laziness import command, imported

SPECS = sorted((Path(__file__).parents[1] / "specs").rglob("*.arch"))


@cache
def lark() -> Lark:
    grammar = tables.text_of(tables.GRAMMAR)
    return Lark(grammar, parser="lalr", start=list(tables.STARTS), propagate_positions=True, maybe_placeholders=True)


def by_lark(text: str, start: str) -> object:
    """What lark makes of a text, or where it stops, at what, and what it expects there."""
    try:
        return plain(lark().parse(text, start=start))
    except UnexpectedToken as error:
        at = None if error.token.type == "$END" else error.token.start_pos
        return at, error.token.type, frozenset(error.accepts or ())
    except UnexpectedCharacters as error:
        return error.pos_in_stream, "", frozenset()


def plain(part: Any) -> object:
    if isinstance(part, Tree):
        return str(part.data), part.meta.start_pos, part.meta.end_pos, tuple(map(plain, part.children))
    return (str(part), part.start_pos, part.end_pos) if isinstance(part, Token) else part


def by_us(text: str, start: str, parser: Automaton | None = None) -> object:
    try:
        return ours((parser or tables.parser()).parse(text, start))
    except UnexpectedError as error:
        return None if error.kind == "$END" else error.start, error.kind, error.expected


def ours(part: Any) -> object:
    if isinstance(part, Node):
        return part.data, part.start, part.end, tuple(map(ours, part.children))
    return part if part is None else (str(part), part.start, part.end)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_is_parsed_as_lark_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert by_us(text, "file") == by_lark(text, "file")


@pytest.mark.parametrize("name", ARCH)
def test_a_hostile_text_is_parsed_as_lark_does(name: str) -> None:
    text = ARCH[name](300)
    assert by_us(text, "file") == by_lark(text, "file")


PARTS = (
    *("x", "in", "a.b", "input", "input x", "if", "for", "model", "block", "when", "not", "or", "true", "repeat 2"),
    *("(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "->", "+", "-", "*", "**", "//", "%", ".", "..."),
    *("1", "0.5", "16 GiB", '"a"', '"', '"""', "\n", "\n  ", " ", "\t", "# a\n", "§", "init normal", "rename a.* = b"),
)


@pytest.mark.parametrize("start", tables.STARTS)
@pytest.mark.parametrize("seed", range(5))
def test_any_words_are_parsed_as_lark_does(seed: int, start: str) -> None:
    draw = random.Random(seed)  # noqa: S311  # Nothing is secret here.
    for _ in range(100):
        text = draw.choice(("", " ")).join(draw.choices(PARTS, k=draw.randrange(1, 9)))
        text = f"model M {{ {text} }}" if start == "file" and draw.random() < 0.8 else text
        assert by_us(text, start) == by_lark(text, start), text


def test_a_mistake_in_a_spec_stops_the_parser_where_it_stops_lark() -> None:
    draw = random.Random(0)  # noqa: S311  # Nothing is secret here.
    for path in SPECS[::8]:
        text = path.read_text(encoding="utf-8")[:3_000]
        place = draw.randrange(len(text))
        wrong = f"{text[:place]}{draw.choice(PARTS)}{text[place + draw.randrange(3) :]}"
        assert by_us(wrong, "file") == by_lark(wrong, "file"), path


@pytest.mark.parametrize("shipped", ["", "{}", "[]", '{"of": "00000000"}'])
def test_a_parser_is_made_of_the_grammar_where_the_tables_do_not_fit(
    shipped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_part = tables.text_of
    monkeypatch.setattr(tables, "text_of", lambda name: shipped if name == tables.TABLES else read_part(name))
    text = "model M {\n y = a * b -> relu\n}"
    assert by_us(text, "file", tables.parser.__wrapped__()) == by_us(text, "file")


def test_who_reads_a_spec_does_not_wait_for_lark() -> None:
    assert "lark" not in imported(command("check", "specs/lenet.arch"))


def test_the_tables_of_the_parser_are_what_the_grammar_gives() -> None:
    shipped = Path(tables.__file__).with_name(tables.TABLES).read_text(encoding="utf-8")
    assert shipped == tables.content(), "run `python -m archspec.syntax.tables`"
