"""Weights that are used more than once are counted once, and costs follow what runs."""

from __future__ import annotations

import pytest

import archspec
from archspec.size import evaluate


def model(lines: str, inputs: str = "input x: [B, 8]") -> archspec.Model:
    found = archspec.loads(f"model M {{\n{inputs}\n{lines}\n}}", syntax="arch")
    assert not list(found.check())
    return found


def counts(found: archspec.Model) -> tuple[object, object]:
    """Parameters, and multiply-adds of one example."""
    return found.graph.parameters, evaluate(found.graph.macs, {"B": 1})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("fc = linear(8)\n_ -> fc -> fc", (72, 3 * 64)),
        ("twice = linear(8) -> linear(8)\n_ -> twice", (144, 4 * 64)),
        ("a = linear(8)\nb = linear(8, weight=a.weight)", (72 + 8, 2 * 64)),
        ("a = linear(8)\nb = linear(8, weight=a.weight)\nlinear(8, weight=b.weight, bias=false)", (80, 3 * 64)),
        ("g = { inner = linear(8) }\nlinear(8, weight=g.inner.weight)", (80, 2 * 64)),
        ("repeat 3 { linear(8) }", (216, 3 * 64)),
        ("fc = linear(8)\nrepeat 3 { _ -> fc }", (72, 4 * 64)),
    ],
)
def test_a_weight_is_counted_once_and_its_work_each_time(lines: str, expected: tuple[int, int]) -> None:
    assert counts(model(lines)) == expected
    module = model(lines).compile()
    assert sum(weight.numel() for weight in module.parameters()) == expected[0]


def test_an_expectation_counts_as_the_graph_does() -> None:
    model("fc = linear(8)\n_ -> fc\nlinear(8, weight=fc.weight)\nexpect params == 80\nexpect macs == B * 192")


def test_work_that_is_done_in_training_only_is_no_work_of_the_model() -> None:
    found = model("body = linear(8)\noutput aux = linear(100) when training\nlinear(2)\nexpect macs == B * 80")
    assert counts(found) == (72 + 900 + 18, 64 + 16)
    assert [output.name for output in found.graph.outputs] == ["output", "aux"]
    assert found.graph.in_training_only == {("aux",)}


def test_a_layer_that_an_output_of_evaluation_needs_is_no_part_of_training_alone() -> None:
    found = model("body = linear(8)\noutput aux = body when training\noutput logits = body -> relu")
    assert found.graph.in_training_only == frozenset()


def test_outputs_that_there_always_are_come_first() -> None:
    found = model(
        "output a = linear(1) when training\noutput b = linear(2)\noutput c = linear(3) when training\nlinear(4)"
    )
    named = [(output.name, str(output.shape)) for output in found.graph.outputs]
    assert named == [("b", "[B, 2]"), ("output", "[B, 4]"), ("a", "[B, 1]"), ("c", "[B, 3]")]


def test_a_size_that_is_fixed_from_outside_is_a_number_in_all_shapes() -> None:
    text = "model M {\ninput x: [B, T, 4]\nlinear(2)\n}"
    graph = archspec.loads(text, syntax="arch", sizes={"T": 7, "B": 3}).graph
    assert str(graph.outputs[0].shape) == "[3, 7, 2]"
    assert graph.macs == 3 * 7 * 8
