"""Rectifiers and sums that write over their input, as engineers have them: they take no memory of their own, and less
time.

That is right where nothing else reads the input any more: no other layer, no output, and no gradient, for which some
layers keep what they gave. Where a block is computed anew for its gradients, what flows into it is read again, so that
the layer before has to be in the same block; and a repeat that is gone through as often as an argument says may be gone
through never, so that what it gives is what it was given. A sum is as large as its first term, also where `vmap` gives
many values at once for some inputs of the model: the first term has to follow from all inputs that the other does.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from msgspec.structs import replace

from archspec.graph import Graph, Node, Path, Value, causes
from archspec_torch.call import Call, Given, Operation
from archspec_torch.inline import Inline

RECTIFIERS: Final = frozenset({"nn.ReLU", "nn.ReLU6"})
"""What needs but its output for its gradient."""

FORGETFUL: Final = frozenset({"conv", "conv_transpose", "batchnorm", "groupnorm", "instancenorm", "add", "concat"})
"""The ops that do not need for their gradient what they gave, which is no view of what others see either."""

SUM: Final = "+="
"""The operator of a sum that is written over its first term."""


def in_place(
    graph: Graph, node: Node, lowered: Call | Inline, shared: Container[Path | None], passes: Container[Path]
) -> Call | Inline:
    """A layer as it is lowered, or one that writes over its first input, where it can and nobody sees it.

    `shared` has the layers that are used again, and `passes` the layers and groups that may be there never.
    """
    if node.path in shared or not _is_last_to_read(graph, node, node.inputs[0], passes):
        return lowered
    if isinstance(lowered, Inline):
        is_sum = lowered.value == _SUM_OF_TWO and node.inputs[0].shape == node.output.shape
        is_sum = is_sum and _causes(graph, node.inputs[0]) >= _causes(graph, node.inputs[1])
        return Inline(replace(_SUM_OF_TWO, symbol=SUM)) if is_sum else lowered
    if lowered.function not in RECTIFIERS:
        return lowered
    return Call.of(lowered.function, *lowered.positional, **lowered.named, inplace=True)


_SUM_OF_TWO: Final = Operation("+", (Given(0), Given(1)))


def is_sum_in_place(value: Any) -> bool:
    """Whether a lowered layer writes a sum over its first term."""
    return isinstance(value, Inline) and isinstance(value.value, Operation) and value.value.symbol == SUM


def _causes(graph: Graph, value: Value) -> set[Path]:
    """The inputs of the model that a value follows from."""
    return causes(graph.layers, [value.producer]) & {each.producer for each in graph.inputs}


def _is_last_to_read(graph: Graph, node: Node, value: Value, passes: Container[Path]) -> bool:
    producer = graph.layers.get(value.producer)
    if producer is None or producer.op.name not in FORGETFUL or value in (each.value for each in graph.outputs):
        return False
    around = node.path[:-1]
    return (
        node.shares is None
        and producer.path[: len(around)] == around
        and not any(producer.path[:length] in passes for length in range(len(node.path), len(producer.path) + 1))
        and sum(each.inputs.count(value) for each in graph.consumers(value)) == 1
    )
