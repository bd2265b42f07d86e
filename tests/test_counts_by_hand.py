"""The counts of sequence models and of models with attention follow from their definitions, and are worked out here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from archspec.size import evaluate
from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs"

B: Final = 3
T: Final = 11
S: Final = 7
Q: Final = 5
W: Final = 13
SIZES: Final = {"B": B, "T": T, "S": S, "Q": Q, "W": W}


@dataclass(frozen=True)
class Counts:
    """The weights of a model, or of a part, and its multiply-adds."""

    weights: int
    work: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.weights + other.weights, self.work + other.work)

    def __mul__(self, times: int) -> Counts:
        return Counts(self.weights * times, self.work * times)


def linear(given: int, gives: int, times: int, *, bias: bool = True) -> Counts:
    """A matrix, and a number for each row, applied so many times."""
    return Counts(given * gives + (gives if bias else 0), given * gives * times)


def table(rows: int, width: int) -> Counts:
    """Vectors that are looked up."""
    return Counts(rows * width, 0)


def recurrent(gates: int, given: int, hidden: int, times: int = B * T) -> Counts:
    """For each gate a matrix for what is given and one for the state, with a bias each, as torch has them."""
    return (linear(given, hidden, times) + linear(hidden, hidden, times)) * gates


def both_ways(gates: int, given: int, hidden: int, layers: int, times: int = B * T) -> Counts:
    """A stack of layers of two directions; each above the first is given what both of the one below it give."""
    found = recurrent(gates, given, hidden, times) * 2
    for _ in range(layers - 1):
        found += recurrent(gates, 2 * hidden, hidden, times) * 2
    return found


def read(queries: int, keys: int, width: int) -> Counts:
    """The sum of the values of all positions, as much of each as a query wants."""
    return Counts(0, queries * keys * width)


def dot(queries: int, keys: int, width: int) -> Counts:
    """The products of queries and keys."""
    return Counts(0, queries * keys * width)


def additive(query: int, key: int, hidden: int, queries: int, keys: int, times: int = B) -> Counts:
    """v . tanh(W q + U k): a matrix for the queries, one for the keys, and a vector for each pair of them."""
    return (
        linear(query, hidden, queries * times, bias=False)
        + linear(key, hidden, keys * times, bias=False)
        + linear(hidden, 1, queries * keys * times, bias=False)
    )


def peephole() -> Counts:
    # Three gates look at the cell state, each unit at its own; that is a product of two vectors and no matrix.
    cell = linear(100 + 128, 4 * 128, B * T) + Counts(3 * 128, 0)
    return table(5000, 100) + cell * 2 + linear(2 * 128, 4, B * T)


def fully_connected() -> Counts:
    cell = linear(100 + 128 + 128, 3 * 128, B * T) + linear(100 + 128, 128, B * T)
    return table(5000, 100) + cell * 2 + linear(2 * 128, 4, B * T)


def segmenter(layers: int) -> Counts:
    return table(5000, 200) + both_ways(4, 200, 128, layers) + linear(2 * 128, 4, B * T)


def phonemes(layers: int) -> Counts:
    return both_ways(4, 123, 250, layers) + linear(2 * 250, 62, B * T)


def rnnsearch() -> Counts:
    found = table(30_000, 620) * 2 + both_ways(3, 620, 1000, 1, B * S) + linear(1000, 1000, B)
    # At each of T steps the state of the decoder is compared with S annotations.
    step = additive(1000, 2000, 1000, queries=1, keys=S) + Counts(0, B * S * 2000)
    found += Counts(step.weights, step.work * T)
    given = 620 + 1000 + 2000
    found += linear(given, 1000, B * T) * 4  # t, both gates, and the candidate
    return found + linear(500, 30_000, B * T)


def luong(score: Counts) -> Counts:
    stacks = recurrent(4, 1000, 1000, B * S) * 4 + recurrent(4, 1000, 1000, B * T) * 4
    context = score + Counts(0, B * T * S * 1000) + linear(2000, 1000, B * T, bias=False)
    return table(50_000, 1000) * 2 + stacks + context + linear(1000, 50_000, B * T, bias=False)


def reader(score: Counts, values: Counts | None = None) -> Counts:
    encoders = recurrent(3, 64, 64, B * T) + recurrent(3, 64, 64, B * Q)
    found = table(10_000, 64) + encoders + score + Counts(0, B * T * 64)
    return found + (values or Counts(0, 0)) + linear(128, 100, B)


def hierarchical() -> Counts:
    def pooled(count: int) -> Counts:
        return linear(100, 100, count) + linear(100, 1, count, bias=False)

    words = both_ways(3, 200, 50, 1, B * S * W) + pooled(B * S * W)
    sentences = both_ways(3, 100, 50, 1, B * S) + pooled(B * S)
    return table(30_000, 200) + words + sentences + linear(100, 5, B)


def heads(asks: int, answers: int) -> Counts:
    """Eight heads of 64: queries, keys and values, the scores, what is taken of the values, and what mixes them."""
    projections = linear(512, 512, B * asks) * 2 + linear(512, 512, B * answers) * 2
    return projections + Counts(0, 8 * B * asks * answers * 64) * 2


def multi_head() -> Counts:
    return heads(S, S) + heads(T, T) + heads(T, S)


def pointer_network() -> Counts:
    # The decoder makes S steps and points to one of T points at each.
    lstms = recurrent(4, 2, 256, B * T) + recurrent(4, 2, 256, B * S)
    return lstms + additive(256, 256, 256, queries=S, keys=T)


def adjacent(hops: int) -> Counts:
    # Each hop compares the question with S sentences of 20 numbers, and sums S others.
    found = Counts((hops + 1) * (177 + 50) * 20, hops * B * S * 20 * 2)
    return found + Counts(0, B * 20 * 177)


def layerwise(hops: int) -> Counts:
    weights = (3 * 177 + 2 * 50) * 20 + 20 * 20 + 177 * 20
    return Counts(weights, B * (hops * (S * 20 * 2 + 20 * 20) + 20 * 177))


def turing() -> Counts:
    steps = B * T
    controller = recurrent(4, 20 + 20, 100, steps)
    # A key, how strongly it counts, a gate, three steps and how sharp it points; then 128 slots are compared with it.
    head = linear(100, 20 + 1 + 1 + 3 + 1, steps) + Counts(0, steps * 128 * 20)
    writing = linear(100, 20, steps) * 2 + Counts(0, steps * 128 * 20)
    reading = Counts(0, steps * 128 * 20)
    return table(10 + 128, 20) + controller + head * 2 + writing + reading + linear(120, 10, steps)


SYSTEMS: Final[dict[str, Callable[[], Counts]]] = {
    "sequence/elman.arch": lambda: linear(6 + 20, 20, B * T) + linear(20, 6, B * T),
    "sequence/jordan.yaml": lambda: linear(8 + 4, 16, B * T) + linear(16, 4, B * T),
    "sequence/gated_units.yaml:lstm": lambda: recurrent(4, 88, 36) + linear(36, 88, B * T),
    "sequence/gated_units.yaml:gru": lambda: recurrent(3, 88, 46) + linear(46, 88, B * T),
    "sequence/gated_units.yaml:simple": lambda: recurrent(1, 88, 100) + linear(100, 88, B * T),
    "sequence/peephole.arch": peephole,
    "sequence/fully_connected_lstm.arch": fully_connected,
    "sequence/lstm_classifier.arch": lambda: table(20_000, 100) + recurrent(4, 100, 128) + linear(128, 2, B),
    "sequence/word_segmentation.arch:one_layer": lambda: segmenter(1),
    "sequence/word_segmentation.arch:two_layers": lambda: segmenter(2),
    "sequence/word_segmentation.arch:three_layers": lambda: segmenter(3),
    "sequence/stacked_bilstm.arch:one_layer": lambda: phonemes(1),
    "sequence/stacked_bilstm.arch:two_layers": lambda: phonemes(2),
    "sequence/stacked_bilstm.arch:three_layers": lambda: phonemes(3),
    "sequence/rnnsearch.arch": rnnsearch,
    "sequence/luong.arch:dot": lambda: luong(dot(B * T, S, 1000)),
    "sequence/luong.arch:general": lambda: luong(linear(1000, 1000, B * T, bias=False) + dot(B * T, S, 1000)),
    "sequence/luong.arch:additive": lambda: luong(additive(1000, 1000, 1000, T, S)),
    "attention/soft_attention.arch:dot": lambda: reader(dot(B, T, 64)),
    "attention/soft_attention.arch:scaled_dot": lambda: reader(dot(B, T, 64)),
    "attention/soft_attention.arch:bilinear": lambda: reader(linear(64, 64, B, bias=False) + dot(B, T, 64)),
    "attention/soft_attention.arch:additive": lambda: reader(additive(64, 64, 64, 1, T)),
    "attention/soft_attention.arch:key_value": lambda: reader(dot(B, T, 64), linear(64, 64, B * T)),
    "attention/soft_attention.arch:hard": lambda: reader(dot(B, T, 64)),
    "attention/hierarchical_attention.arch": hierarchical,
    "attention/multi_head.yaml": multi_head,
    "attention/pointer_network.arch": pointer_network,
    "memory/end_to_end.arch": lambda: adjacent(3),
    "memory/end_to_end.arch:one_hop": lambda: adjacent(1),
    "memory/end_to_end_layerwise.arch": lambda: layerwise(3),
    "memory/end_to_end_layerwise.arch:one_hop": lambda: layerwise(1),
    "memory/neural_turing_machine.arch": turing,
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_weights_and_multiply_adds_are_those_that_follow_by_hand(name: str) -> None:
    graph, expected = read_once(SPECS / name).graph, SYSTEMS[name]()
    assert Counts(graph.parameters, int(evaluate(graph.macs, SIZES))) == expected  # type: ignore[arg-type]  # All sizes are there.
