"""The insides of layers: their equations give the numbers of PyTorch, and what is drawn is read off the equations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph, Node
from archspec.op import Op
from archspec.ops.attention import Attention
from archspec.ops.recurrent import Gru, Lstm, Rnn
from archspec.scan import Scan
from archspec_diagram.cells import picture
from archspec_diagram.equations import equations, inner_graph
from archspec_diagram.folding import view_of
from archspec_diagram.picture import Mark, Part, Picture, Text

SPECS: Final = Path(__file__).parent.parent / "specs"
FEATURES: Final = 5
GATES: Final = {
    "lstm": ("input_gate.0", "forget_gate.0", "candidate.0", "output_gate.0"),
    "gru": ("reset_gate.0", "update_gate.0", ""),
    "rnn": ("summed",),
}
"""The parts of the weights of PyTorch, from top to bottom; the candidate of a GRU has its two products apart."""


def settings(op: Op) -> dict[str, Any]:
    return {name: each for name, each in op.chosen().items() if each is not None}


def of_equations(layer: nn.RNNBase, kind: str) -> dict[str, Tensor]:
    """The weights of a layer of PyTorch as the equations have them."""
    found: dict[str, Tensor] = {}
    ways = [("", "forwards."), ("_reverse", "backwards.")] if layer.bidirectional else [("", "")]
    for number in range(layer.num_layers):
        for suffix, way in ways:
            weights = {
                name.removesuffix(suffix).removesuffix(f"_l{number}"): value
                for name, value in layer.state_dict().items()
                if name.endswith(f"_l{number}{suffix}")
            }
            parts = {name: value.chunk(len(GATES[kind])) for name, value in weights.items() if name != "weight_hr"}
            prefix = f"scan{number + 1}.{way}"
            for place, gate in enumerate(GATES[kind]):
                here, before = parts["weight_ih"][place], parts["weight_hh"][place]
                if not gate:
                    found |= {f"{prefix}here.weight": here, f"{prefix}before.weight": before}
                    if layer.bias:
                        found[f"{prefix}here.bias"] = parts["bias_ih"][place]
                        found[f"{prefix}before.bias"] = parts["bias_hh"][place]
                    continue
                found[f"{prefix}{gate}.weight"] = torch.cat((here, before), 1)
                if layer.bias:
                    found[f"{prefix}{gate}.bias"] = parts["bias_ih"][place] + parts["bias_hh"][place]
            if "weight_hr" in weights:
                found[f"{prefix}linear1.weight"] = weights["weight_hr"]
    return found


@pytest.mark.parametrize(
    ("op", "layer"),
    [
        (Lstm(hidden=4), nn.LSTM(FEATURES, 4, batch_first=True)),
        (
            Lstm(hidden=4, layers=2, direction="both", bias=False),
            nn.LSTM(FEATURES, 4, 2, batch_first=True, bidirectional=True, bias=False),
        ),
        (Lstm(hidden=4, projection=3), nn.LSTM(FEATURES, 4, batch_first=True, proj_size=3)),
        (Gru(hidden=4), nn.GRU(FEATURES, 4, batch_first=True)),
        (Gru(hidden=4, layers=3, bias=False), nn.GRU(FEATURES, 4, 3, batch_first=True, bias=False)),
        (Rnn(hidden=4), nn.RNN(FEATURES, 4, batch_first=True)),
        (
            Rnn(hidden=4, direction="both", activation="relu"),
            nn.RNN(FEATURES, 4, batch_first=True, bidirectional=True, nonlinearity="relu"),
        ),
    ],
    ids=str,
)
def test_equations_of_recurrent_layers_give_the_numbers_of_torch(op: Op, layer: nn.RNNBase) -> None:
    torch.manual_seed(0)
    layer = layer.double()
    module = equations(op, settings(op), {"D": FEATURES}).compile(dtype=torch.float64)
    module.load_state_dict(of_equations(layer, op.name))
    x = torch.randn(2, 6, FEATURES, dtype=torch.float64)
    torch.testing.assert_close(module(x), layer(x)[0])


@pytest.mark.parametrize("op", [Attention(heads=2), Attention(heads=3, causal=True, bias=False, dropout=0.5)], ids=str)
def test_equations_of_attention_give_the_numbers_of_torch(op: Attention) -> None:
    torch.manual_seed(0)
    features, keys, values, time = 6, 5, 4, 7
    layer = nn.MultiheadAttention(features, op.heads, bias=op.bias, kdim=keys, vdim=values, batch_first=True)
    layer = layer.double().eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    module = equations(op, settings(op), {"D": features, "K": keys, "V": values}).compile(dtype=torch.float64).eval()
    weights = {"multi_head.linear1.weight": layer.out_proj.weight}
    for name in "qkv":
        weights[f"multi_head.{name}.0.weight"] = getattr(layer, f"{name}_proj_weight")
    if op.bias:
        weights["multi_head.linear1.bias"] = layer.out_proj.bias
        biases = zip("qkv", layer.in_proj_bias.chunk(3), strict=True)
        weights |= {f"multi_head.{name}.0.bias": bias for name, bias in biases}
    module.load_state_dict(weights)
    query, key, value = (torch.randn(2, time, each, dtype=torch.float64) for each in (features, keys, values))
    mask = torch.ones(time, time, dtype=torch.bool).triu(1) if op.causal else None
    expected, _ = layer(query, key, value, attn_mask=mask)
    torch.testing.assert_close(module(query, key, value), expected)


@pytest.mark.parametrize("op", [Lstm(hidden=4), Gru(hidden=4), Rnn(hidden=4), Attention(heads=2)], ids=str)
def test_nothing_is_found_in_equations(op: Op) -> None:
    assert not list(equations(op, settings(op), {"D": 8}).check())


def texts(marks: tuple[Mark, ...]) -> Iterator[str]:
    for mark in marks:
        if isinstance(mark, Part):
            yield from texts(mark.marks)
        elif isinstance(mark, Text):
            yield mark.line.text


def loaded(spec: str) -> Graph:
    return archspec.load(str(SPECS / spec)).graph


def drawn(spec: str) -> Picture:
    return picture(loaded(spec), Drawing(style="cells"))


def of(text: str) -> Graph:
    return archspec.loads(f"model Net {{\n    input x: [B, T, 8]\n    {text}\n}}\n").graph


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lstm(16)", ("lstm1", "lstm(16)", "1.66K parameters", "forget_gate: linear", "output_gate: linear", "tanh")),
        ("lstm(16, layers=3)", ("lstm(16, layers=3)", "6.02K parameters", "[B, 16]")),
        ("gru(16)", ("gru(16)", "reset_gate: linear", "update_gate: linear", "candidate: tanh")),
        ("select(1, 0)\n    gru_cell(16)", ("gru_cell(16)", "reset_gate: linear", "[B, 8]", "[B, 16]")),
        ("rnn(16, activation=relu)", ("summed: linear", "relu")),
        (
            "attention(heads=2)",
            ("query", "key", "value", "scaled_dot_product", "fit: matmul", "softmax", "[B, 2, T, S]"),
        ),
        ("attention(heads=2, causal=true)", ("masked_fill", "later: greater")),
    ],
)
def test_what_is_inside_a_layer_is_drawn(text: str, said: tuple[str, ...]) -> None:
    shown = {" ".join(each.split()) for each in texts(picture(of(text), Drawing(style="cells")).marks)}
    assert set(said) <= shown, shown


def test_a_cell_that_a_spec_writes_out_is_drawn_from_it() -> None:
    graph = loaded("sequence/peephole.arch")
    op = next(node.op for node in graph.nodes if isinstance(node.op, Scan))
    assert inner_graph(next(node for node in graph.nodes if node.op is op)) is op.cell
    inside = {item.identity for item in view_of(op.cell, Drawing()).items.values()}
    shown = {mark.identity for mark in drawn("sequence/peephole.arch").marks if isinstance(mark, Part)}
    assert {f"cell0.{identity}" for identity in inside} <= shown


def test_each_kind_is_drawn_once_with_all_layers_that_it_is_the_inside_of() -> None:
    shown = list(texts(drawn("attention/transformer.arch").marks))
    # Attention to the same sequence and to another are alike; that which is causal is not.
    assert [each for each in shown if each.startswith("attention(")] == [
        "attention(8, dropout=0.1)",
        "attention(8, causal=true, dropout=0.1)",
    ]
    assert "encoder.layers.0.self_attn, encoder.layers.1.self_attn, encoder.layers.2.self_attn and 9 more" in shown


def test_nothing_overlaps_and_all_is_on_the_paper() -> None:
    for spec in ("attention/transformer.arch", "sequence/rnnsearch.arch"):
        made = drawn(spec)
        parts = [mark for mark in made.marks if isinstance(mark, Part)]
        assert len({part.identity for part in parts}) == len(parts)
        boxes = [
            part.marks[0].rectangle for part in parts if part.kind == "layer" and hasattr(part.marks[0], "rectangle")
        ]
        for number, box in enumerate(boxes):
            assert box.x >= 0
            assert box.right <= made.width
            assert box.bottom <= made.height
            assert not any(box.overlaps(other) for other in boxes[number + 1 :])


def test_what_equations_do_not_say_is_not_drawn_but_told() -> None:
    both = of("attention(heads=2, positions=alibi)\n    lstm(4)")
    shown = list(texts(picture(both, Drawing(style="cells")).marks))
    assert any("there are no equations of them: attention(2, positions=alibi)" in each for each in shown)
    with pytest.raises(DrawingError, match=r"no cell and no attention to look into; of `attention.*` there are no equ"):
        picture(of("attention(heads=2, window=3)"), Drawing(style="cells"))
    with pytest.raises(DrawingError, match="`Net` has no cell and no attention to look into; leave `--style` out"):
        picture(of("linear(4)"), Drawing(style="cells"))


def test_equations_with_sizes_that_are_open_are_drawn_where_they_can_be() -> None:
    graph = archspec.loads("model Net {\n    input x: [B, T, D]\n    lstm(4)\n    attention(heads=2)\n}").graph
    recurrent, attention = graph.nodes
    inside = inner_graph(recurrent)
    assert inside is not None
    assert str(inside.inputs[0].shape) == "[B, D]"
    assert isinstance(attention, Node)
    assert inner_graph(attention) is not None
