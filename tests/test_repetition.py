"""A repeat stays one thing in the structure of the graph, and it is known which of its passes are alike."""

from __future__ import annotations

import pytest

import archspec
from archspec.graph import Graph
from archspec.repetition import runs


def graph(lines: str, definitions: str = "", inputs: str = "input x: [B, 8, 4]") -> Graph:
    return archspec.loads(f"{definitions}\nmodel M {{\n{inputs}\n{lines}\n}}", syntax="arch").graph


def times(found: Graph) -> list[list[int]]:
    """How often each repeat goes through passes that are alike, in order."""
    return [[run.times for run in runs(found, each)] for each in found.repeats]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("repeat 6 { linear(4) -> relu }", [[6]]),
        ("repeat 6 { fc = linear(4)\n relu }", [[6]]),
        ("repeat 1 { relu }", [[1]]),
        ("repeat 0 { relu }\nrelu", [[]]),
        ("for width in [4, 4, 5, 5, 5, 4] { linear(width) }", [[2, 1, 2, 1]]),
        ("for width in [4, 4, 4] { linear(width) -> linear(4) }", [[3]]),
        ("repeat 2 { repeat 3 { relu } }", [[2], [3], [3]]),
        ("repeat 3 { residual { linear(4) } }", [[3]]),
        ("for i in range(4) { if i == 2 { tanh } else { relu } }", [[2, 1, 1]]),
    ],
)
def test_passes_that_are_alike_and_follow_each_other_are_one_run(lines: str, expected: list[list[int]]) -> None:
    assert times(graph(lines)) == expected


def test_a_first_pass_that_changes_the_size_is_a_run_of_its_own() -> None:
    assert times(graph("repeat 4 { linear(16) }")) == [[1, 3]]


def test_passes_that_look_at_one_value_from_outside_are_alike() -> None:
    assert times(graph("memory = linear(4)\nrepeat 3 { (_, memory) -> add }")) == [[3]]


def test_passes_that_take_values_from_other_places_are_not_alike() -> None:
    lines = "a = linear(4)\nb = linear(4)\nfor i in range(3) { if i == 1 { (_, a) -> add } else { (_, b) -> add } }"
    assert times(graph(lines)) == [[1, 1, 1]]


def test_one_layer_used_again_is_told_from_copies() -> None:
    again = graph("fc = linear(4)\nrepeat 3 { _ -> fc }")
    assert times(again) == [[3]]
    assert again.parameters == 20
    copies = graph("repeat 3 { fc = linear(4)\n _ -> fc }")
    assert times(copies) == [[3]]
    assert copies.parameters == 60


def test_cells_are_alike_when_they_calculate_the_same() -> None:
    cell = """
        cell Elman(size) {
            input x: [B, D]
            state h: [B, size]
            next h = (x, h) -> concat -> linear(size) -> tanh
        }
    """
    assert times(graph("repeat 3 { scan(Elman(4)) }", cell)) == [[3]]
    assert times(graph("for size in [4, 5, 5] { scan(Elman(size)) }", cell)) == [[1, 1, 1]]


def test_the_stages_of_a_resnet_are_repeats_of_blocks() -> None:
    found = archspec.load("specs/vision/resnet.arch:resnet50").graph
    assert [[run.times for run in runs(found, each)] for each in found.repeats] == [[1, 2], [3], [5], [2]]
    assert [".".join(each.path) for each in found.repeats] == ["layer1", "layer2", "layer3", "layer4"]
