"""What a model says of itself at a prompt, and what a notebook shows of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import archspec
from archspec.targets import UnknownTargetError
from archspec_diagram import palette
from tests.chromium import Browser

ROOT = Path(__file__).parent.parent
LENET = ROOT / "specs" / "lenet.yaml"
GPT2 = ROOT / "specs" / "attention" / "gpt2.arch"
WRONG = 'model <b>bold</b> {\n    input x: [B, 8]\n    linear("<script>")\n    lineer(3)\n}'


def test_a_model_tells_its_shapes_and_size() -> None:
    assert repr(archspec.load(LENET)) == "<Model LeNet: [B, 1, 28, 28] -> [B, 10], 12 layers, 61,706 parameters>"


def test_a_wrong_model_tells_that_it_is() -> None:
    text = "model M {\n    input x: [B, 8]\n    lineer(3)\n    lineeer(4)\n}"
    assert repr(archspec.loads(text)) == "<Model with 2 errors: see check()>"


def test_blocks_alone_tell_their_names() -> None:
    assert repr(archspec.loads("block One { linear(3) }\nblock Two { relu }")) == "<Model of blocks alone: One, Two>"


def test_a_notebook_shows_the_figure() -> None:
    picture = ElementTree.fromstring(archspec.load(LENET)._repr_html_())  # noqa: S314  # Written by us.
    assert picture.tag.endswith("svg")


def test_figures_beside_each_other_have_no_identifier_in_common() -> None:
    figures = [archspec.load(spec)._repr_html_() for spec in (LENET, GPT2)]
    one, other = ({each.get("id") for each in ElementTree.fromstring(text).iter()} - {None} for text in figures)  # noqa: S314  # Written by us.
    assert one
    assert not one & other
    assert figures[0] == archspec.load(LENET)._repr_html_()


@pytest.mark.parametrize(
    ("said", "prefers_dark", "is_dark"),
    [
        ("", True, False),
        ('data-jp-theme-light="true"', True, False),
        ('data-jp-theme-light="false"', False, True),
        ('class="vscode-light"', True, False),
        ('class="vscode-dark"', False, True),
        ('class="vscode-high-contrast"', False, True),
        ('class="vscode-high-contrast vscode-high-contrast-light"', True, False),
        ('theme="dark"', False, True),
    ],
)
def test_a_figure_is_dark_where_its_notebook_is(
    browser: Browser, tmp_path: Path, said: str, prefers_dark: bool, is_dark: bool
) -> None:
    file = tmp_path / "notebook.html"
    text = f'<!DOCTYPE html><meta charset="utf-8"><body {said}>{archspec.load(LENET)._repr_html_()}'
    file.write_text(text, encoding="utf-8")
    with browser.page(file, 400, 900, dark=prefers_dark) as page:
        paper = page.run("getComputedStyle(document.querySelector('svg > rect')).fill")
    colour = palette.PAPER.dark if is_dark else palette.PAPER.light
    assert paper == f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def test_a_notebook_shows_what_is_wrong_as_text() -> None:
    shown = archspec.loads(WRONG, syntax="arch")._repr_html_()
    assert shown.startswith("<pre>")
    assert "<script>" not in shown
    assert "error[" in shown


def test_a_notebook_shows_findings_a_line_each() -> None:
    text = "model M {\n    input x: [B, 8]\n    lineer(3)\n    linear(<b>)\n}"
    shown = archspec.loads(text).check()._repr_html_()
    assert "<b>" not in shown
    assert "error[A104] &lt;text&gt;:3:5: no op is called `lineer`; did you mean `linear`?" in shown.splitlines()[0]
    assert archspec.load(LENET).check()._repr_html_() == "<pre>Nothing was found.</pre>"


def test_a_summary_changes_nothing_beside_it(browser: Browser, tmp_path: Path) -> None:
    model = archspec.load(LENET)
    figure, table, other = model._repr_html_(), model.summary()._repr_html_(), archspec.load(GPT2).summary()
    file = tmp_path / "notebook.html"

    def shown(*cells: str) -> bytes:
        file.write_text(f'<!DOCTYPE html><meta charset="utf-8">{"".join(cells)}', encoding="utf-8")
        with browser.page(file, 1100, 800) as page:
            return page.screenshot()

    assert shown(figure) == shown(figure, f'<div style="display: none">{table}</div>')
    assert shown(table) == shown(table, f'<div style="display: none">{other._repr_html_()}</div>')


def test_a_notebook_shows_the_table_where_nothing_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise UnknownTargetError("nothing draws")

    monkeypatch.setattr("archspec.model.find_target", nothing)
    assert "61,706" in archspec.load(LENET)._repr_html_()


def test_a_text_can_be_loaded_as_a_file_can() -> None:
    assert archspec.load(LENET.read_text()).graph.name == archspec.load(LENET).graph.name
    assert archspec.load("model M {\n    input x: [B, 8]\n    linear(3)\n}").check().is_clean
