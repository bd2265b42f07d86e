"""What outputs, parameters, formulas and starts of weights come to in the graph."""

from __future__ import annotations

from typing import Any, Final

import pytest

from archspec import Graph, loads
from archspec.size import named
from tests.forms import sources

B: Final = named("B")


def model(lines: str, definitions: str = "", inputs: str = "input x: [B, 8]", parameters: str = "") -> Graph:
    """The graph of a model with these lines."""
    return loads(f"{definitions}\nmodel Net({parameters}) {{\n{inputs}\n{lines}\n}}", syntax="arch").graph


# ----------------------------------------------------------------------------------------------------------- outputs


def test_outputs_stand_in_the_order_of_the_text_and_those_in_training_last() -> None:
    graph = model(
        "output late = linear(3) when training\n output first = x -> linear(4)\n a = linear(5)\n"
        "output second = a\n output early = a when training\n linear(6)\n output third = a -> linear(2)\n linear(7)"
    )
    assert [each.name for each in graph.outputs] == ["first", "second", "third", "output", "late", "early"]
    assert [each.in_training_only for each in graph.outputs] == [False] * 4 + [True] * 2
    assert [each.shape[-1] for each in graph.outputs] == [4, 5, 2, 7, 3, 5]


def test_what_only_training_needs_is_counted_in_parameters_and_not_in_macs() -> None:
    graph = model("hidden = linear(4)\n output early = hidden -> linear(3) -> linear(2) when training\n linear(5)")
    assert graph.in_training_only == {("early", "0"), ("early", "1")}
    assert graph.macs == B * 32 + B * 20
    assert graph.parameters == 36 + 15 + 8 + 25


def test_what_training_and_evaluation_both_need_is_there_in_both() -> None:
    graph = model("hidden = linear(4)\n output early = hidden when training\n linear(5)")
    assert not graph.in_training_only
    assert graph.macs == B * 32 + B * 20


def test_the_flow_goes_on_from_before_an_output() -> None:
    graph = model("a = linear(8)\n output side = relu\n tanh")
    assert sources(graph)["tanh1"] == ["a"]


# -------------------------------------------------------------------------------------------------------- parameters


def test_settings_from_outside_may_be_layers() -> None:
    definitions = "block Unit(width, act: layer = relu) { linear(width) -> act }"
    text = f"{definitions}\nmodel Net(unit: layer = Unit, act: layer = relu) {{ input x: [B, 8]\n unit(4) -> act }}"
    ops = [str(node.op) for node in loads(text, unit="Unit(act=tanh)", act="leaky_relu(slope=0.5)").graph.nodes]
    assert ops == ["linear(4)", "tanh", "leaky_relu(0.5)"]


@pytest.mark.parametrize(("width", "is_right"), [(8, True), (0, False), (2.0, False), (True, False), ("big", False)])
def test_a_type_holds_for_settings_from_outside(width: Any, is_right: bool) -> None:
    text = "model Net(width: int(min=1) = 3) { input x: [B, 8]\n linear(width) }"
    assert loads(text, width=width).check().is_clean is is_right


def test_a_size_from_outside_is_one_throughout() -> None:
    text = "model Net { input image: [B, 3, H, 2 * H]\n conv(8, kernel=3) }"
    graph = loads(text, sizes={"H": 5}).graph
    assert str(graph.inputs[0].shape) == "[B, 3, 5, 10]"
    assert str(graph.outputs[0].shape) == "[B, 8, 3, 8]"


# ----------------------------------------------------------------------------------------------------------- formulas


def test_a_value_is_one_input_of_a_formula_however_often_it_is_used() -> None:
    graph = model("y = linear(8)\n x * y - (x + y) ** 2 / x")
    (formula,) = (node for node in graph.nodes if node.op.name == "arithmetic")
    assert str(formula.op) == 'arithmetic("a * b - (a + b) ** 2 / a")'
    assert sources(graph)[formula.name] == ["x", "y"]


def test_parameters_become_numbers_in_a_formula() -> None:
    graph = model("x * scale ** 2 + (depth - 1)", parameters="scale = 3, depth = 2")
    assert str(graph.nodes[0].op) == 'arithmetic("a * 9 + 1")'


def test_what_a_formula_applies_may_be_an_op_a_block_a_parameter_or_a_layer() -> None:
    definitions = "block Unit(n = 8) { linear(n) }\nblock Gate(act: layer) { input x: [B, D]\n x * act(x) }"
    graph = model("fc = linear(8)\n relu -> Gate(tanh)\n _ + fc(x) * Unit(x, n=8)", definitions)
    ops = [node.op.name for node in graph.nodes]
    assert ops == ["linear", "relu", "tanh", "arithmetic", "linear", "linear", "arithmetic"]
    assert [node.shares for node in graph.nodes if node.shares] == [("fc",)]


def test_a_formula_of_one_value_is_no_layer() -> None:
    text = "model: Net\ninputs: {x: [B, 8]}\nlayers:\n  - {value: x, name: y}\n  - {value: tanh(y), name: z}\n  - z * 2"
    graph = loads(text).graph
    assert [node.name for node in graph.nodes] == ["z", "arithmetic1"]
    assert sources(graph)["z"] == ["x"]


# ---------------------------------------------------------------------------------------------------- starts of weights


def starts(graph: Graph) -> dict[str, dict[str, str]]:
    return {node.name: {name: str(start) for name, start in node.init.items()} for node in graph.nodes if node.init}


def test_the_nearest_start_of_a_weight_holds() -> None:
    definitions = "block Unit { init zeros\n linear(8) -> linear(8, init=ones) }"
    graph = model("init normal(std=0.5), bias=constant(2)\n linear(8) -> Unit", definitions)
    assert starts(graph) == {
        "linear1": {"weight": "normal(std=0.5)", "bias": "constant(2.0)"},
        "unit1.linear1": {"weight": "zeros", "bias": "constant(2.0)"},
        "unit1.linear2": {"weight": "ones", "bias": "constant(2.0)"},
    }


def test_a_start_without_a_name_is_for_weights_of_two_axes_and_more() -> None:
    graph = model("init kaiming\n conv(4, kernel=3) -> batchnorm", inputs="input x: [B, 8, 8, 8]")
    assert starts(graph) == {"conv1": {"weight": "kaiming"}}


def test_a_weight_is_meant_by_the_last_words_of_its_name() -> None:
    graph = model(
        "init out_proj_weight=zeros, weight=ones, proj_bias=zeros\n attention(2)", inputs="input x: [B, T, 8]"
    )
    assert starts(graph)["attention1"] == {
        "in_proj_weight": "ones",
        "out_proj.weight": "zeros",
        "in_proj_bias": "zeros",
        "out_proj.bias": "zeros",
    }


def test_weights_that_belong_to_others_start_as_those_do() -> None:
    graph = model("init zeros, bias=ones\n fc = linear(8)\n linear(8, weight=fc.weight) -> fc")
    assert [dict(node.init).keys() for node in graph.nodes] == [{"weight", "bias"}, {"bias"}, set()]
