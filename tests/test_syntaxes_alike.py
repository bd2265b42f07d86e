"""A spec means the same whichever syntax it has, and whichever way it says a thing."""

from __future__ import annotations

from typing import Final

import pytest

from archspec import Graph, loads
from tests.forms import form, form_of


def model(lines: str) -> Graph:
    return loads(f"model Net {{\ninput x: [B, 8]\n{lines}\n}}", syntax="arch").graph


PAIRS: Final[dict[str, tuple[str, str]]] = {
    "parameters with types": (
        """
        block Unit(width: int(min=1), act: layer = relu, norm: word(none, batch) = none) {
            linear(width)
            if norm == batch { batchnorm }
            act
        }
        model Net(widths: list(8, 16) = [8, 16], act: layer = leaky_relu(slope=0.2)) {
            input x: [B, 8]
            for width in widths { Unit(width, act, norm=batch) }
            Unit(4)
        }
        """,
        """
        blocks:
          Unit:
            params:
              width: {type: int, min: 1}
              act: {type: layer, default: relu}
              norm: {type: word, values: [none, batch], default: none}
            layers:
              - linear: width
              - if: norm == batch
                then: [batchnorm]
              - act
        model: Net
        params:
          widths: {type: list, values: [8, 16], default: [8, 16]}
          act: {type: layer, default: leaky_relu(slope=0.2)}
        inputs: {x: [B, 8]}
        layers:
          - for: width
            in: widths
            layers:
              - Unit: {1: width, 2: act, norm: batch}
          - Unit: 4
        """,
    ),
    "layers in braces": (
        """
        block Wrap(body: layer, tail: layer = relu) {
            residual { body }
            tail
        }
        model Net {
            input x: [B, 8]
            y = linear(8)
            Wrap { linear(8) -> tanh }
            Wrap {
                _ * y
                Wrap { linear(8) }
            }
            Wrap(tail=gelu) { add {
                linear(8)
                y
            } }
        }
        """,
        """
        blocks:
          Wrap:
            params: {body: {type: layer}, tail: {type: layer, default: relu}}
            layers: [{residual: [body]}, tail]
        model: Net
        inputs: {x: [B, 8]}
        layers:
          - {linear: 8, name: y}
          - Wrap:
            branches: [linear(8) -> tanh]
          - Wrap:
            branches:
              - _ * y
              - Wrap:
                branches: [linear(8)]
          - Wrap: {tail: gelu}
            branches:
              - add:
                branches: [linear(8), y]
        """,
    ),
    "outputs": (
        """
        block Pair {
            input x: [B, D]
            output low = linear(3)
            output high = x -> linear(D)
        }
        model Net {
            input x: [B, 8]
            low, high = Pair
            output early = low -> linear(2) when training
            output same = high
            (low, high) -> concat -> linear(2)
        }
        """,
        """
        blocks:
          Pair:
            inputs: {x: [B, D]}
            layers:
              - {linear: 3, output: low}
              - {output: high, chain: [x, linear(D)]}
        model: Net
        inputs: {x: [B, 8]}
        layers:
          - Pair:
            name: [low, high]
          - {output: early, when: training, chain: [low, linear: 2]}
          - {output: same, chain: [high]}
          - (low, high) -> concat -> linear(2)
        """,
    ),
    "layers used again, and ties": (
        """
        model Net {
            input tokens: [B, T] int
            embed = embedding(10, 8)
            body = {
                first = linear(8)
                relu
            }
            other = body -> body
            other -> body -> linear(10, bias=false, weight=embed.weight)
        }
        """,
        """
        model: Net
        inputs: {tokens: {shape: [B, T], element: int}}
        layers:
          - {embedding: {1: 10, 2: 8}, name: embed}
          - name: body
            layers:
              - {linear: 8, name: first}
              - relu
          - name: other
            chain: [body, body]
          - chain: [other, body, {linear: {1: 10, bias: false, weight: embed.weight}}]
        """,
    ),
    "formulas": (
        """
        model Net(scale = 2) {
            input x: [B, 8]
            y = linear(8)
            z = x * y + scale
            gate = sigmoid(z) * softmax(_, axis=1)
            (gate * 2, -y) -> add
            output last = tanh(_) - x / 2
        }
        """,
        """
        model: Net
        params: {scale: 2}
        inputs: {x: [B, 8]}
        layers:
          - {linear: 8, name: y}
          - {value: x * y + scale, name: z}
          - name: gate
            value: sigmoid(z) * softmax(_, axis=1)
          - {add: {}, from: [gate * 2, {value: -y}]}
          - {value: tanh(_) - x / 2, output: last}
        """,
    ),
    "starts of weights": (
        """
        block Unit { init zeros
            linear(8, init=normal(std=0.1)) -> linear(8) }
        model Net {
            input x: [B, 8]
            init kaiming, bias=constant(1)
            Unit -> linear(2)
        }
        """,
        """
        blocks:
          Unit:
            init: zeros
            layers: [{linear: {1: 8, init: normal(std=0.1)}}, linear: 8]
        model: Net
        inputs: {x: [B, 8]}
        init: {1: kaiming, bias: constant(1)}
        layers: [Unit, linear: 2]
        """,
    ),
    "cells": (
        """
        cell Gated(size) {
            input x: [B, D]
            state h: [B, size], c: [B, size]
            gate = (x, h) -> concat -> linear(size) -> sigmoid
            next c = gate * c + (1 - gate) * h
            next h = tanh(c) * gate
        }
        model Net {
            input x: [B, T, 3]
            sequence, h, c = scan(Gated(4))
            output end = (h, c) -> concat
            sequence -> scan(Gated(size=5), direction=both)
        }
        """,
        """
        cells:
          Gated:
            params: {size: }
            inputs: {x: [B, D]}
            state: {h: [B, size], c: [B, size]}
            layers:
              - {name: gate, chain: [{concat: , from: [x, h]}, {linear: size}, sigmoid]}
              - {next: c, value: gate * c + (1 - gate) * h}
              - {next: h, value: tanh(c) * gate}
        model: Net
        inputs: {x: [B, T, 3]}
        layers:
          - {scan: Gated(4), name: [sequence, h, c]}
          - {concat: , from: [h, c], output: end}
          - chain: [sequence, {scan: {1: Gated(size=5), direction: both}}]
        """,
    ),
    "patterns and expectations": (
        """
        block Last(least = 2) {
            input x: [B, ..., D]
            expect D >= least: "{D} is less than {least}"
            linear(2 * D)
        }
        model Net {
            input x: [B, 4, H, 8]
            Last -> Last(3)
            expect output == [B, 4, H, 32]: "the output is {output}"
            expect params > 3
        }
        """,
        """
        blocks:
          Last:
            params: {least: 2}
            inputs: {x: [B, ..., D]}
            expect:
              - {that: D >= least, message: "{D} is less than {least}"}
            layers: [{linear: 2 * D}]
        model: Net
        inputs: {x: [B, 4, H, 8]}
        layers: [Last, Last: 3]
        expect:
          - that: output == [B, 4, H, 32]
            message: the output is {output}
          - params > 3
        """,
    ),
    "repeats and choices": (
        """
        block Unit(n) = linear(n) -> relu
        model Net(depth = 2, deep = true) {
            input x: [B, 8]
            repeat depth { a = linear(8) -> relu }
            stages = for n, m in [(4, 1), (8, 2)] { repeat m { Unit(n) } }
            if deep { tail = linear(2) } else { relu }
        }
        """,
        """
        blocks:
          Unit: {params: {n: }, chain: [{linear: n}, relu]}
        model: Net
        params: {depth: 2, deep: true}
        inputs: {x: [B, 8]}
        layers:
          - repeat: depth
            layers:
              - {name: a, chain: [linear: 8, relu]}
          - name: stages
            for: [n, m]
            in: [[4, 1], [8, 2]]
            layers:
              - repeat: m
                layers: [Unit: n]
          - if: deep
            then: [{linear: 2, name: tail}]
            else: [relu]
        """,
    ),
    "the shipped library": (
        """
        use std.se
        use std.residual
        model Net {
            input image: [B, 32, 8, 8]
            PreSE(8) { conv(32, kernel=3, padding=1) -> batchnorm }
            BasicBlock(64, stride=2, skip=ZeroPadding)
        }
        """,
        """
        use: [std.se, std.residual]
        model: Net
        inputs: {image: [B, 32, 8, 8]}
        layers:
          - PreSE: 8
            branches: ["conv(32, kernel=3, padding=1) -> batchnorm"]
          - BasicBlock: {1: 64, stride: 2, skip: ZeroPadding}
        """,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_both_syntaxes_give_the_same_graph(name: str) -> None:
    arch, yaml = PAIRS[name]
    assert form_of(arch) == form_of(_unindented(yaml), "yaml")


def _unindented(text: str) -> str:
    return "".join(line[8:] + "\n" for line in text.splitlines())


ALIKE: Final = {
    "a formula is the ops that it names": (
        "y = linear(8)\n x * y + tanh(y)",
        "y = linear(8)\n product = (x, y) -> mul\n (product, y -> tanh) -> add",
        False,
    ),
    "a residual is a sum with the value before": (
        "residual { linear(8) -> relu }",
        "add {\n linear(8) -> relu\n _\n }",
        True,
    ),
    "a group without a name is its lines": ("{\n linear(8)\n relu\n }", "linear(8) -> relu", True),
    "a repeat is its passes": ("repeat 3 { linear(8) }", "linear(8) -> linear(8) -> linear(8)", False),
    "a position is a name": ("linear(8, init=normal(std=1))", "linear(features=8, init=normal(1))", True),
    "parentheses around one chain are that chain": ("(x -> relu) -> tanh", "relu -> tanh", True),
}


@pytest.mark.parametrize("name", ALIKE)
def test_two_ways_to_write_a_thing_are_alike(name: str) -> None:
    one, other, is_same = ALIKE[name]
    first, second = model(one), model(other)
    assert first.outputs[0].shape == second.outputs[0].shape
    assert (first.parameters, first.macs) == (second.parameters, second.macs)
    if is_same:
        assert form(first) == form(second)
