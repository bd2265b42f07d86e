"""What a model says of itself at a prompt, and what a notebook shows of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import archspec
from archspec.compiler import UnknownTargetError

ROOT = Path(__file__).parent.parent
LENET = ROOT / "specs" / "lenet.yaml"
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


def test_a_notebook_shows_what_is_wrong_as_text() -> None:
    shown = archspec.loads(WRONG, syntax="arch")._repr_html_()
    assert shown.startswith("<pre>")
    assert "<script>" not in shown
    assert "error[" in shown


def test_a_notebook_shows_the_table_where_nothing_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise UnknownTargetError("nothing draws")

    monkeypatch.setattr("archspec.compiler.find_target", nothing)
    assert "61,706" in archspec.load(LENET)._repr_html_()


def test_a_text_can_be_loaded_as_a_file_can() -> None:
    assert archspec.load(LENET.read_text()).graph.name == archspec.load(LENET).graph.name
    assert archspec.load("model M {\n    input x: [B, 8]\n    linear(3)\n}").check().is_clean
