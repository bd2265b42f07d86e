"""What is found once for layers that are alike is what would be found for each: all is the same without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from archspec import load, loads
from archspec.build.alike import Alike
from archspec.build.recurrence import Recurrences
from archspec.render.text import render
from archspec.scan import Scan
from tests.forms import form
from tests.test_checks import CHECKS, Check, said

SPECS: Final = sorted((Path(__file__).parents[1] / "specs").rglob("*.*"))
RECURRENT: Final = [each for each in CHECKS if "scan(" in each.body]


@contextmanager
def each_anew() -> Iterator[None]:
    """Nothing that was found for one layer is taken for what is so for another."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("op", "fitted"):
            method = getattr(Alike, name)
            patch.setattr(Alike, name, lambda self, *given, method=method: method(Alike(), *given))
        patch.setattr(Recurrences, "known_cell", lambda self, *given: self.cell(*given))
        yield


def found_in(path: Path) -> tuple[Any, str]:
    model = load(path)
    return form(model.graph), render(model.check())


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_gives_the_same_graph(path: Path) -> None:
    alike = found_in(path)
    with each_anew():
        assert found_in(path) == alike


@pytest.mark.parametrize("check", RECURRENT, ids=lambda check: check.id)
def test_of_cells_that_run_in_several_places_all_is_told(check: Check, tmp_path: Path) -> None:
    alike = said(check.info, check.body, tmp_path, check.files)
    with each_anew():
        assert said(check.info, check.body, tmp_path, check.files) == alike


CELL: Final = """\
cell Cell(width = 4, scale = 1) {
    input x: [B, D]
    state h: [B, width]
    expect width < 8: "a width of {width} is too much"
    y = linear(width)
    next h = y * scale
}
"""


def model(*lines: str) -> str:
    body = "\n    ".join(("input x: [B, T, 4]", *lines))
    return f"{CELL}model M {{\n    {body}\n}}\n"


def scans(text: str) -> list[Scan]:
    return [node.op for node in loads(text, syntax="arch").graph.nodes if isinstance(node.op, Scan)]


def test_a_cell_that_runs_twice_is_one() -> None:
    first, second = scans(model("scan(Cell)", "scan(Cell, direction=backward)"))
    assert first.cell is second.cell
    assert str(second) == "scan(Cell, direction=backward)"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("scan(Cell(4))", "scan(Cell(5))"),
        ("scan(Cell(4, scale=1))", "scan(Cell(4, scale=1.0))"),
        ("linear(8) -> scan(Cell)", "linear(4) -> scan(Cell)"),
    ],
)
def test_cells_that_differ_are_two(first: str, second: str) -> None:
    one, other = scans(model(first, second))
    assert form(one.cell) != form(other.cell)


def test_what_a_cell_expects_is_told_of_each_place_where_it_runs() -> None:
    text = model("scan(Cell(9))", "relu -> scan(Cell(9))", "scan(Cell(9))")
    alike = render(loads(text, syntax="arch").check())
    assert "a width of 9 is too much" in alike
    with each_anew():
        assert render(loads(text, syntax="arch").check()) == alike


def test_numbers_that_python_calls_equal_are_not_alike() -> None:
    graph = loads("model M {\n input x: [B, 4]\n y = x * 1\n z = y * 1.0\n}", syntax="arch").graph
    assert [str(node.op) for node in graph.nodes] == ['arithmetic("a * 1")', 'arithmetic("a * 1.0")']


def test_ops_that_are_alike_are_one() -> None:
    ops = [node.op for node in loads("model M {\n input x: [B, 4]\n linear(4)\n linear(4)\n linear(5)\n}").graph.nodes]
    assert ops[0] is ops[1]
    assert ops[1] is not ops[2]
