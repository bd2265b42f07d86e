"""Models with recurrent layers, as texts and as graphs, and inputs for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.graph import Graph, Node, Value
from archspec.ops.rectifier import Relu
from archspec.ops.recurrent import Lstm
from archspec.shape import Element, Shape
from archspec.size import evaluate
from archspec_torch.call import Variable
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.graphs import B, Line, T, graph_of
from tests.lowered import built, source_of, value_of

TEXTS: Final[dict[str, str]] = {
    # Several of them, one on top of the other, both ways.
    "stacked": """
        model Stacked {
            input words: [B, T] int
            embedding(20, 6)
            lstm(4, layers=2, direction=both) -> lstm(5, direction=both) -> dropout(0.5)
            gru(3, layers=3, direction=both) -> rnn(4, activation=relu) -> linear(2)
        }""",
    "last": """
        model Last {
            input words: [B, T] int
            y, h, c = words -> embedding(20, 6) -> lstm(4, layers=2, direction=both)
            h -> select(0, -1) -> linear(3)
        }""",
    "alone": """
        model Alone {
            input sequence: [B, T, 3]
            lstm(4)
        }""",
    # The decoder starts from the state that the encoder ends with.
    "translator": """
        model Translator {
            input source: [B, S] int
            input target: [B, T] int
            memory, h, c = source -> embedding(20, 6) -> lstm(8, layers=2)
            words = target -> embedding(20, 6)
            decoded = (words, h, c) -> lstm(8, layers=2)
            (decoded, memory) -> attention(heads=2) -> linear(20)
        }""",
    "translator_of_gates": """
        model Translator {
            input source: [B, S] int
            input target: [B, T] int
            memory, h = source -> embedding(20, 6) -> gru(8)
            embed = target -> embedding(20, 6)
            decoder = (embed, h) -> gru(8)
            linear(20)
        }""",
    "states": """
        model States {
            input x: [B, T, 3]
            input h0: [2, B, 4]
            input c0: [2, B, 5]
            y, h, c = (x, h0, c0) -> lstm(5, projection=4, direction=both)
            output sequence = y
            output h1 = h
            output c1 = c
        }""",
    "shadowed": """
        model Shadowed {
            input h: [B, T, 3]
            input c: [1, B, 3]
            x, y, z = h -> lstm(3)
            a, b, d = (x, y, c) -> lstm(3)
            e, f = (a, b) -> gru(3)
            output sum = (d, f) -> add
            output e2 = e
        }""",
    # In blocks, repeats and groups.
    "blocks": """
        block Encoder(width) {
            input x: [B, T, C]
            y, h, c = lstm(width, direction=both)
            output y1 = y -> linear(width)
            output h1 = h
        }
        model Blocks {
            input x: [B, T, 4]
            y, h = x -> Encoder(4)
            z, h2 = y -> Encoder(4)
            output sum = (y, z) -> add
            output h3 = (h, h2) -> add
        }""",
    "decoder": """
        block Decoder(width) {
            input words: [B, T, C]
            input h: [1, B, width]
            input c: [1, B, width]
            (words, h, c) -> lstm(width)
            layernorm
        }
        model Decoders {
            input x: [B, T, 4]
            first, h, c = x -> lstm(4)
            one = (first, h, c) -> Decoder(4)
            two = (one, h, c) -> Decoder(4)
        }""",
    "repeated": """
        model Repeated {
            input x: [B, T, 4]
            layers = repeat 3 { lstm(4) }
            body = { lstm(4) -> linear(4) -> relu }
            repeat 2 { residual { layernorm -> gru(4) } }
        }""",
    # Used again, with states and without.
    "again": """
        model Again {
            input x: [B, T, 4]
            first = lstm(4)
            a, h, c = first -> first
            b, h2, c2 = (a, h, c) -> first
            other = b -> gru(4)
            d, h3 = (other, h2) -> other
            output last = d
            output states = (h2, h3, c2) -> add
        }""",
    "twice": """
        block Encoder(width) {
            input x: [B, T, C]
            lstm(width) -> relu -> lstm(width)
        }
        model Twice {
            input left: [B, T, 4]
            input right: [B, S, 4]
            encoder = left -> Encoder(4)
            other = right -> encoder
            one = encoder -> select(1, -1)
            two = other -> select(1, -1)
            one * two
        }""",
    # Single steps, in cells and outside.
    "steps": """
        model Steps {
            input x: [B, 4]
            input state: [B, 5]
            row = x -> rnn_cell(4) -> gru_cell(4) -> relu
            gru = (row, state) -> gru_cell(5)
            lstm_cell(6)
            h, c = lstm_cell(6)
            h2, c2 = (h, h, c) -> lstm_cell(6)
            (h2, c2) -> concat
        }""",
    "cells": """
        cell Deep(hidden) {
            input x: [B, D]
            state h: [B, hidden], c: [B, hidden]
            a, b = (x, h, c) -> lstm_cell(hidden)
            d = (a, h) -> gru_cell(hidden)
            next h = d
            next c = b
        }
        model Cells {
            input x: [B, T, 4]
            scan(Deep(5)) -> scan(Deep(4), direction=both)
        }""",
    "training": """
        model Training {
            input x: [B, T, 4]
            y, h, c = x -> lstm(4)
            output aux = (y, h, c) -> lstm(4) -> linear(2) when training
            y -> gru(3)
        }""",
    "tied": """
        model Tied {
            input x: [B, T, 4]
            init orthogonal, bias_ih_l0=zeros
            first = lstm(4, layers=2, init=xavier)
            second = lstm(4, weight_hh_l0=first.weight_hh_l0)
            gru(4)
        }""",
}


def widths(length: int) -> str:
    """A model whose names have all but reached, or passed, the end of a line."""
    a, b = "a" * length, "b" * length
    return f"""
        model Widths {{
            input {a}: [B, T, 4]
            input {b}: [1, B, 4]
            {"d" * length} = ({a}, {b}, {b}) -> lstm(4)
            group = {{ {"e" * length} = lstm(4, direction=both, projection=3, bias=false) -> gru(4, layers=2) }}
            y, h, c = (group, {b}, {b}) -> lstm(4, layers=1)
            z, h2, c2 = (y, h, c) -> lstm(4, layers=1)
            output {"f" * length} = ({a}, h2, c) -> {"d" * length}
            output {"g" * length} = c2
            output {"h" * length} = z
        }}"""


@cache
def model(name: str) -> archspec.Model:
    found = archspec.loads(TEXTS[name])
    assert not list(found.check(ignore=["A4"]))
    return found


def compiled(text: archspec.Model) -> nn.Module:
    module = text.compile()
    assert isinstance(module, nn.Module)
    return module.double()


each_text: Final = pytest.mark.parametrize("name", TEXTS)


def deep(length: int) -> Graph:
    """A layer inside of rows that is used again outside of them, with the states that it ends with, and without."""
    path, lstm = f"row/0/{'l' * length}", Lstm(hidden=4)
    lines: list[Line] = [
        (path, lstm, ["x"]),
        ("row/0/relu", Relu(), [path]),
        ("again", lstm, ["row/0/relu", f"{path}:1", f"{path}:2"]),
        ("more", lstm, ["again"]),
        ("last", lstm, ["more", "again:1", "more:2"]),
    ]
    outputs = {"y": "last", "a" * (length + 1): "last:1", "b" * (length + 1): "again:2"}
    return graph_of("Deep", {"x": [B, T, 4]}, lines, outputs, shares=dict.fromkeys(("again", "more", "last"), path))


NUMBERS: Final = {"B": 2, "T": 4, "S": 3}


def sizes_of(shape: Shape) -> tuple[int, ...]:
    return tuple(int(evaluate(size, NUMBERS)) for size in shape)  # type: ignore[arg-type]  # All open sizes are there.


def example(shape: Shape) -> Tensor:
    if shape.element is Element.INT:
        return torch.randint(0, 20, sizes_of(shape))
    return torch.randn(sizes_of(shape), dtype=torch.double)


def flat(outputs: Any) -> Iterator[Tensor]:
    """What a module gives, in a row; what there is in training only is left out in evaluation."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif outputs is not None:
        for each in outputs:
            yield from flat(each)


def given_by(graph: Graph, node: Node, module: nn.Module, taken: list[Tensor]) -> Iterator[Tensor]:
    """What a layer gives, called as torch's manual says."""
    lowered = lower(node.op, *(value.shape for value in node.inputs))
    if isinstance(lowered, Inline):
        numbers = {name: Variable(str(number)) for name, number in NUMBERS.items()}
        return flat(value_of(source_of(lowered, len(taken), numbers), *taken))
    first = node
    while first.shares is not None:
        first = graph.node(first.shares)
    # A layer without weights that is used again with others has no module of its own.
    layer = dict(module.named_modules()).get((first if node.weights else node).name) or built(lowered)
    if isinstance(layer, nn.LSTM | nn.LSTMCell) and len(taken) > 1:
        return flat(layer(taken[0], (taken[1], taken[2])))
    return flat(layer(*taken))


def interpreted(graph: Graph, module: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """What a graph gives, layer by layer, with the modules that there are."""
    values: dict[Value, Tensor] = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.nodes:
        if module.training or node.path not in graph.in_training_only:
            made = list(given_by(graph, node, module, [values[each] for each in node.inputs]))
            assert [tuple(each.shape) for each in made] == [sizes_of(value.shape) for value in node.outputs]
            values |= zip(node.outputs, made, strict=True)
    return [values[each.value] for each in graph.outputs if module.training or not each.in_training_only]
