"""Themes of diagrams: what a file changes, and what is told of one that is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archspec
from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph
from archspec.op import Family
from archspec_diagram.folding import view_of
from archspec_diagram.layout import layout
from archspec_diagram.palette import colour
from archspec_diagram.picture import inks
from archspec_diagram.svg import svg
from archspec_diagram.theme import Theme, read_theme
from archspec_diagram.views import picture_of

LENET = Path(__file__).parent.parent / "specs" / "lenet.arch"


def lenet() -> Graph:
    return archspec.load(LENET).graph


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "theme.yaml"
    path.write_text(text)
    return path


def test_a_theme_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    text = 'families:\n  convolution: "#208040"\n  pooling: {fill: "#ffeeee"}\n'
    theme = read_theme(written(tmp_path, text))
    assert theme.colour(Family.CONVOLUTION).stroke.light == "#208040"
    assert theme.colour(Family.POOLING).fill.light == "#ffeeee"
    assert theme.colour(Family.POOLING).stroke.light == colour(Family.POOLING).stroke.light
    assert theme.colour(Family.LINEAR) == colour(Family.LINEAR)
    assert theme.paper == Theme().paper
    drawn = svg(picture_of(lenet(), Drawing(theme=tmp_path / "theme.yaml")))
    assert "#208040" in drawn
    assert colour(Family.CONVOLUTION).stroke.light not in drawn


def test_a_theme_gives_a_font_and_room(tmp_path: Path) -> None:
    path = written(tmp_path, "font: Source Serif\nspacing: 2\n")
    assert 'font-family="Source Serif, ' in svg(picture_of(lenet(), Drawing(theme=path)))
    wide = layout(view_of(lenet(), Drawing()), Drawing(), read_theme(path).spacing)
    assert wide.height > layout(view_of(lenet(), Drawing()), Drawing()).height


def test_paper_can_be_light_and_dark(tmp_path: Path) -> None:
    theme = read_theme(written(tmp_path, 'paper: {light: "#fffff0", dark: "#101010"}\nink: "#222222"\n'))
    assert theme.paper[1:] == ("#fffff0", "#101010")
    assert theme.ink[1:] == ("#222222", "#222222")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("familes: {}", "theme.yaml:1: a theme has no `familes`; did you mean `families`?"),
        ("families:\n  convolutoin: '#123456'", ":2: there is no family `convolutoin`; did you mean `convolution`?"),
        ("families:\n  convolution: #123456", ':2: this is no colour; write one as `"#3f6fa6"`, in quotes'),
        ("families:\n  convolution: blue", ":2: `blue` is no colour"),
        ("families:\n  convolution: {fil: '#123456'}", "not `fil`; did you mean `fill`?"),
        ("families: [a]", "`families` has the names of families"),
        ("spacing: 9", ":1: `spacing` is a number from 0.5 to 4, not `9`"),
        ("spacing: wide", "not `wide`"),
        ("font: [a]", "this is not a font"),
        ("font: 'a\" onload=\"b'", "this is not a font"),
        ("families: [a", "this is not YAML"),
        ("", "the theme cannot be read"),
    ],
)
def test_a_theme_that_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DrawingError, match=re.escape(told)):
        read_theme(written(tmp_path, text))


def test_a_theme_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match=r"cannot read the theme .*: No such file"):
        read_theme(tmp_path / "none.yaml")


def brightness(colour: str) -> float:
    """How bright a colour is to the eye, from 0 to 1, as the rules on contrast of web pages have it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, brighter = sorted((brightness(one), brightness(other)))
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("family", [*Family, None])
def test_text_can_be_read_on_light_and_on_dark_paper(family: Family | None) -> None:
    paint = colour(family)
    assert contrast(paint.fill.light, paint.text.light) >= 7
    assert contrast(paint.fill.dark, paint.text.dark) >= 7


def test_what_is_quiet_can_be_read_too() -> None:
    theme = Theme()
    for paper, ink in ((theme.paper.light, theme.quiet.light), (theme.paper.dark, theme.quiet.dark)):
        assert contrast(paper, ink) >= 4.5


def test_each_colour_of_a_picture_has_one_name() -> None:
    drawn = svg(picture_of(lenet(), Drawing()))
    for name, ink in inks(picture_of(lenet(), Drawing())).items():
        assert f".fill-{name} {{ fill: {ink.dark}; }}" in drawn
