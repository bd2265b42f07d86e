"""Multiply-adds by formulas of their own, for ops of which torch counts nothing, or too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Final

import torch


def _recurrent(op: Any, x: Any, *states: Any) -> Any:
    """Each matrix of all layers and directions, at all positions. Of an LSTM on a cpu, torch counts nothing."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[op.name]
    projection = getattr(op, "projection", None)
    back = projection or op.hidden
    directions = 2 if op.direction == "both" else 1
    first = gates * op.hidden * (x[2] + back)
    others = (op.layers - 1) * gates * op.hidden * (directions * back + back)
    projected = op.layers * op.hidden * (projection or 0)
    return x[0] * x[1] * directions * (first + others + projected)


COSTS: Final[Mapping[str, Callable[..., Any]]] = {
    # A matrix of the sizes of both inputs for each number of the output. Torch's counter does not know the operation.
    "bilinear": lambda op, left, right: prod(left[:-1]) * op.features * left[-1] * right[-1],
    **dict.fromkeys(("rnn", "gru", "lstm"), _recurrent),
    "rnn_cell": lambda op, x, *states: x[0] * (op.hidden * x[1] + op.hidden**2),
    "gru_cell": lambda op, x, *states: x[0] * (3 * op.hidden * x[1] + 3 * op.hidden**2),
    "lstm_cell": lambda op, x, *states: x[0] * (4 * op.hidden * x[1] + 4 * op.hidden**2),
    # Torch's counter does not know this operation either: one product for each place of the two inputs.
    "dot": lambda op, a, b: (torch.zeros(a.sizes) * torch.zeros(b.sizes)).numel(),
}
"""By the name of the op: what an op costs on inputs of some shapes."""
