"""Layers that are used again, and tied weights: each weight is counted once, and each use is a layer of its own."""

from __future__ import annotations

from typing import Any, Final

import pytest

from archspec import Graph, loads
from archspec.graph import Tie
from archspec.size import named
from tests.forms import sources

B: Final = named("B")


def model(lines: str, definitions: str = "", inputs: str = "input x: [B, 8]") -> Graph:
    return loads(f"{definitions}\nmodel Net {{\n{inputs}\n{lines}\n}}", syntax="arch").graph


def shared(graph: Graph) -> dict[str, str]:
    """The uses that are not the first, each with the first."""
    return {node.name: ".".join(node.shares) for node in graph.nodes if node.shares is not None}


@pytest.mark.parametrize("times", [1, 2, 5])
def test_weights_are_counted_once_and_work_as_often_as_it_is_done(times: int) -> None:
    graph = model("fc = linear(8)\n" + "relu -> fc\n" * times)
    assert graph.parameters == 72
    assert graph.macs == B * 64 * (times + 1)
    assert shared(graph) == {f"fc_{number}": "fc" for number in range(2, times + 2)}


def test_buffers_and_settings_are_those_of_the_first_use() -> None:
    graph = model("norm = batchnorm(eps=0.1)\n relu -> norm", inputs="input x: [B, 4, 8, 8]")
    assert [str(node.op) for node in graph.nodes if node.op.name == "batchnorm"] == ["batchnorm(eps=0.1)"] * 2
    assert graph.parameters == 8


def test_a_group_that_is_used_again_has_its_layers_again_in_their_order() -> None:
    graph = model("body = {\n first = linear(8)\n relu\n linear(8)\n }\n tanh -> body")
    assert shared(graph) == {"body_2.first": "body.first", "body_2.1": "body.1", "body_2.2": "body.2"}
    assert sources(graph)["body_2.first"] == ["tanh1"]
    assert graph.parameters == 144


def test_a_block_that_is_used_again_has_the_settings_of_the_first_use() -> None:
    definitions = "block Unit(n) {\n input x: [B, D]\n residual { linear(n) -> relu -> linear(D) }\n}"
    graph = model("unit = Unit(3)\n relu -> unit\n Unit(3)", definitions)
    assert shared(graph) == {f"unit_2.{each}": f"unit.{each}" for each in ("linear1", "relu1", "linear2", "add1")}
    assert graph.parameters == 2 * (27 + 32)
    assert graph.groups[("unit_2",)].block == "Unit"


def test_branches_of_a_layer_that_is_used_again_are_used_again() -> None:
    graph = model("skip = residual { linear(8) -> tanh }\n relu -> skip")
    assert set(shared(graph).values()) == {"linear1", "tanh1", "skip"}
    assert graph.parameters == 72
    assert sources(graph)["skip_2.2"] == ["skip_2.1", "relu1"]


def test_what_is_used_again_in_what_is_used_again_has_the_weights_of_the_first_of_all() -> None:
    graph = model("fc = linear(8)\n body = { relu -> fc -> linear(8) }\n tanh -> body -> fc")
    assert shared(graph)["body_2.fc_2"] == "fc"
    assert shared(graph)["body_2.1"] == "body.1"
    assert graph.parameters == 144


def test_a_layer_that_is_first_in_a_group_is_the_same_in_each_use_of_the_group() -> None:
    graph = model("body = {\n fc = linear(8)\n relu -> fc\n }\n tanh -> body")
    assert shared(graph) == {
        "body.fc_2": "body.fc",
        "body_2.fc": "body.fc",
        "body_2.1": "body.1",
        "body_2.fc_2": "body.fc",
    }
    assert graph.parameters == 72


def test_each_use_of_a_block_has_layers_of_its_own_to_use_again() -> None:
    graph = model("Unit -> Unit", "block Unit {\n fc = linear(8)\n relu -> fc\n}")
    assert shared(graph) == {"unit1.fc_2": "unit1.fc", "unit2.fc_2": "unit2.fc"}
    assert graph.parameters == 144


def test_a_layer_may_be_used_again_in_each_pass_of_a_repeat() -> None:
    graph = model("fc = linear(8)\n repeat 3 { relu -> fc }")
    (repetition,) = graph.repeats
    assert len(repetition.passes) == 3
    assert graph.parameters == 72
    assert graph.macs == B * 64 * 4


def test_layers_with_several_inputs_and_outputs_are_used_again() -> None:
    lines = "look = (x, y) -> attention(2)\n first, second = look -> split(2)\n again = (look, y) -> look\n"
    graph = model(lines + "(first, again, second) -> concat", inputs="input x: [B, 4, 8]\n input y: [B, 4, 8]")
    assert shared(graph) == {"again": "look"}
    assert graph.parameters == graph.node(("look",)).parameters


def test_a_use_has_the_name_that_it_is_given_and_can_be_used_by_it() -> None:
    graph = model("fc = linear(8)\n other = fc -> fc\n relu -> other\n linear(8, weight=other.weight)")
    assert shared(graph) == {"other": "fc", "other_2": "fc"}
    assert graph.nodes[-1].ties == {"weight": Tie(("fc",), "weight")}


def test_a_name_that_a_layer_would_get_is_not_that_of_a_second_use() -> None:
    graph = model("fc = linear(8)\n fc_2 = relu -> fc\n tail = tanh -> fc -> fc\n (fc, tail, fc_2) -> add")
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    assert set(shared(graph).values()) == {"fc"}


# -------------------------------------------------------------------------------------------------------------- ties


def test_a_tied_weight_is_counted_once_and_knows_its_owner() -> None:
    lines = "embed = embedding(10, 8)\n linear(8)\n head = linear(10, weight=embed.weight)"
    graph = model(lines, inputs="input tokens: [B, T] int")
    head = graph.node(("head",))
    assert head.ties == {"weight": Tie(("embed",), "weight")}
    assert head.parameters == 10
    assert graph.parameters == 80 + 72 + 10


def test_a_flag_may_be_the_weight_that_it_speaks_of() -> None:
    graph = model("first = linear(8)\n linear(8, bias=first.bias)")
    assert graph.nodes[1].ties == {"bias": Tie(("first",), "bias")}
    assert graph.parameters == 72 + 64


def test_a_chain_of_ties_leads_to_the_first() -> None:
    graph = model("a = linear(8)\n b = linear(8, weight=a.weight)\n c = linear(8, weight=b.weight)\n _ -> c")
    assert [node.ties.get("weight") for node in graph.nodes] == [None, *[Tie(("a",), "weight")] * 3]
    assert graph.parameters == 64 + 3 * 8


def test_a_weight_may_be_in_groups_and_blocks_and_in_a_layer_used_again() -> None:
    definitions = "block Unit {\n inner = linear(8)\n group = { deep = linear(8) }\n}"
    lines = "unit = Unit\n fc = linear(8)\n again = _ -> fc\n"
    lines += "linear(8, weight=unit.inner.weight) -> linear(8, weight=unit.group.deep.weight)\n"
    graph = model(lines + "linear(8, weight=again.weight, bias=unit.inner.bias)", definitions)
    ties = [dict(node.ties) for node in graph.nodes if node.ties]
    assert ties == [
        {"weight": Tie(("unit", "inner"), "weight")},
        {"weight": Tie(("unit", "group", "deep"), "weight")},
        {"weight": Tie(("fc",), "weight"), "bias": Tie(("unit", "inner"), "bias")},
    ]
    assert graph.parameters == 3 * 72 + 2 * 8


def test_weights_in_each_direction_of_a_scan_have_names() -> None:
    definitions = "cell Cell {\n input x: [B, D]\n state h: [B, D]\n next h = (x, h) -> add -> linear(D)\n}"
    graph = model("run = scan(Cell, direction=both)\n linear(8)", definitions, "input x: [B, T, 8]")
    assert set(graph.node(("run",)).weights) == {
        f"{way}.linear1.{name}" for way in ("forwards", "backwards") for name in ("weight", "bias")
    }


COUNTS: Final[dict[str, tuple[str, Any]]] = {
    "one layer": ("linear(8)", 72),
    "used again": ("a = linear(8)\n _ -> a", 72),
    "tied": ("a = linear(8)\n linear(8, weight=a.weight)", 80),
    "tied and used again": ("a = linear(8)\n b = linear(8, weight=a.weight, bias=a.bias)\n _ -> b", 72),
    "of its own": ("a = linear(8)\n linear(8)", 144),
}


@pytest.mark.parametrize("name", COUNTS)
def test_expectations_count_as_the_graph_does(name: str) -> None:
    lines, parameters = COUNTS[name]
    graph = model(f"{lines}\n expect params == {parameters}")
    assert graph.parameters == parameters
    assert parameters == sum(node.parameters for node in graph.nodes)


def test_a_layer_goes_before_an_op_of_its_name() -> None:
    graph = model("scale = linear(8)\n relu -> scale", inputs="input x: [B, 8]")
    assert [str(node.op) for node in graph.nodes] == ["linear(8)", "relu", "linear(8)"]
    assert graph.nodes[2].shares == graph.nodes[0].path
    graph = model("norm = {\n layernorm\n relu\n }\n tanh -> norm", inputs="input x: [B, 8]")
    assert [node.op.name for node in graph.nodes] == ["layernorm", "relu", "tanh", "layernorm", "relu"]


def test_a_layer_of_the_very_op_takes_nothing_from_it() -> None:
    graph = model("batchnorm = batchnorm\n relu -> batchnorm", inputs="input x: [B, 8]")
    assert [node.shares for node in graph.nodes] == [None, None, None]


def test_what_has_settings_is_an_op() -> None:
    graph = model("scale = linear(8)\n relu -> scale(axis=1)", inputs="input x: [B, 8]")
    assert [str(node.op) for node in graph.nodes] == ["linear(8)", "relu", "scale(axis=1)"]
