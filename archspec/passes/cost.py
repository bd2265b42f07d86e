"""What a model costs: arithmetic, parameters, and memory for inference and for training.

The conventions, which `docs/costs.md` tells users:

- A *multiply-add* (MAC) is one product that is added to a sum. Those of convolutions, of matrix products and of what is
  made of them (attention, recurrent layers) are counted, for all positions and for the whole batch. Biases,
  normalisations, activations, poolings and all other elementwise work are not.
- *FLOPs* are floating-point operations of the same work, two for each multiply-add. The two are never mixed up: a
  number that is called MACs counts products, and one that is called FLOPs is twice that.
- *Activations kept* are what the layers keep of a forward pass for the backward one (`Op.kept`), each value once. The
  inputs of the model and its weights, which are there anyway, are no part of them.
- *Activations at most* are the most that lies in memory at once when the model is evaluated, where each value is let
  go of behind the last layer that takes it. What a layer needs for itself while it runs is not counted.
- *Arithmetic intensity* is FLOPs for each byte that a layer moves at least: its inputs, outputs and weights, each once.

All are exact formulas of the sizes that are open; none is measured or fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property, lru_cache, reduce
from typing import Final, final

from msgspec import Struct

from archspec.graph import Applied, Graph, Node, Path
from archspec.op import Family, count
from archspec.shape import Shape
from archspec.size import Formula, Size, SizeError, below, summed
from archspec.storage import NONE, Amount, Counted, Place, Storage, Widths, storage

MOST_PEAKS: Final = 8
"""Of the moments at which most may lie in memory, no more are told apart than this where sizes are open."""


class Optimiser(StrEnum):
    """What trains a model; each keeps some numbers for each parameter."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAM = "adam"

    @property
    def states(self) -> int:
        """How many numbers are kept for each parameter, beside its gradient."""
        return _STATES[self]


NAMES: Final = {Optimiser.SGD: "SGD", Optimiser.MOMENTUM: "momentum", Optimiser.ADAM: "Adam"}
"""What optimisers are called in text."""

_STATES: Final = {Optimiser.SGD: 0, Optimiser.MOMENTUM: 1, Optimiser.ADAM: 2}


@final
class Cost(Counted, frozen=True):
    """What a layer costs, or several of them together."""

    parameters: Size = 0
    """Trained numbers, without those of layers before it that it shares."""

    buffers: Size = 0
    """Numbers that are kept with the model and not trained."""

    macs: Size = 0

    kept: Amount = NONE
    """What it keeps for the backward pass, and no layer before it."""

    moved: Amount = NONE
    """What it reads and writes: inputs, outputs and weights."""

    @property
    def flops(self) -> Size:
        """Two for each multiply-add."""
        return self.macs * 2


@final
class Costs(Struct, frozen=True, dict=True):
    """What a model costs."""

    layers: Mapping[Path, Cost]

    weights: Amount
    """Parameters."""

    buffers: Amount

    inputs: Amount
    """What the model is given."""

    peaks: tuple[Amount, ...]
    """The most that lies in memory at once when it is evaluated: the largest of these. Of open sizes it may depend
    which one that is."""

    def inference(self, widths: Widths) -> tuple[Size, ...]:
        """Bytes for evaluation: weights, buffers and activations. The largest of these counts."""
        fixed = self.weights.bytes(widths) + self.buffers.bytes(widths)
        return tuple(fixed + each.bytes(widths) for each in self.peaks)

    def training(self, optimiser: Optimiser, widths: Widths) -> Size:
        """Bytes for a step of training: weights, gradients, what the optimiser keeps, inputs and activations."""
        weights = self.weights.bytes(widths) * (2 + optimiser.states) + self.buffers.bytes(widths)
        return weights + self.inputs.bytes(widths) + self.kept.bytes(widths)

    @cached_property
    def kept(self) -> Amount:
        """What all layers keep for the backward pass."""
        return Amount.total(each.kept for each in self.layers.values())


def costs(graph: Graph) -> Costs:
    """What a model and its layers cost."""
    memory = storage(graph)
    layers = {node.path: _cost(node, memory) for node in graph.nodes}
    return Costs(
        layers,
        Amount(floats=summed(each.parameters for each in layers.values())),
        Amount.total(Amount.of(each) for node in graph.nodes if node.shares is None for each in node.buffers.values()),
        Amount.total(Amount.of(value.shape) for value in graph.inputs),
        _peaks(graph, memory),
    )


def _cost(node: Node, memory: Storage) -> Cost:
    return Cost(
        node.parameters,
        0 if node.shares is not None else count(node.buffers),
        node.macs,
        memory.kept[node.path],
        _moved(node.applied, tuple(value.shape for value in node.outputs)),
    )


@lru_cache(maxsize=1024)
def _moved(layer: Applied, outputs: tuple[Shape, ...]) -> Amount:
    """What a layer reads and writes. Models have many layers that are alike."""
    return Amount.total((Amount(floats=layer.parameters), *map(Amount.of, (*layer.shapes, *outputs))))


def _peaks(graph: Graph, memory: Storage) -> tuple[Amount, ...]:
    """The most that is in memory at once when the layers run one after the other."""
    nodes = [node for node in graph.nodes if node.path not in graph.in_training_only]
    last: dict[Place, int] = {}
    for step, node in enumerate(nodes):
        for value in (*node.inputs, *node.outputs):
            last[memory.homes[value.producer, value.port]] = step
    for output in graph.outputs:
        last[memory.homes[output.value.producer, output.value.port]] = len(nodes)
    let_go: dict[int, list[Place]] = {}
    for place, step in last.items():
        let_go.setdefault(step, []).append(place)
    live = Amount.total(Amount.of(value.shape) for value in graph.inputs)
    peaks = [live]
    for step, node in enumerate(nodes):
        places = [(value.producer, value.port) for value in node.outputs]
        live = reduce(_more, (memory.sizes[place] for place in places if memory.homes[place] == place), live)
        peaks = _largest(peaks, live)
        live = reduce(_less, (memory.sizes[place] for place in let_go.get(step, ())), live)
    return tuple(peaks)


# Where blocks are alike, the same amounts come and go again and again.


@lru_cache(maxsize=4096)
def _more(one: Amount, other: Amount) -> Amount:
    return Amount.total((one, other))


@lru_cache(maxsize=4096)
def _less(one: Amount, other: Amount) -> Amount:
    return Amount.total((one, other.times(-1)))


def _largest(peaks: list[Amount], new: Amount) -> list[Amount]:
    """The amounts of which none is known to be smaller than another."""
    if any(_at_most(new, each) for each in peaks):
        return peaks
    return [*(each for each in peaks if not _at_most(each, new)), new][-MOST_PEAKS:]


def _at_most(one: Amount, other: Amount) -> bool:
    """Whether one amount is known to be no larger than another, whatever the open sizes are."""
    pairs = ((one.floats, other.floats), (one.ints, other.ints), (one.flags, other.flags))
    if all(least == most for least, most in pairs[1:]):
        return _is_at_most(*pairs[0])
    return _is_at_most(one.bytes(_WIDTHS), other.bytes(_WIDTHS))


_WIDTHS: Final = Widths()


def _is_at_most(one: Size, other: Size) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one <= other
    if one == other:
        return True
    if isinstance(one, Formula) and isinstance(other, Formula) and len(one.terms) == len(other.terms) == 1:
        ((first, less),), ((second, more),) = one.terms, other.terms
        if first == second:
            return less <= more
    try:
        return below(one, other + 1)
    except SizeError:
        return False


_CALCULATING: Final = frozenset(Family) - {Family.RESHAPING, Family.EMBEDDING}


def is_counted(node: Node, cost: Cost) -> bool:
    """Whether the arithmetic of a layer is in its multiply-adds, or it has none."""
    return cost.macs != 0 or node.op.family not in _CALCULATING
