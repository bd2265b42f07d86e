"""Recurrent layers."""

from __future__ import annotations

from typing import Any, Final

from archspec.ops.recurrent import Gru, Layered, Lstm, Recurrent, Rnn
from archspec.shape import Shape
from archspec.size import Size
from archspec_torch.call import Call, Given, Passing
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number

STATES: Final = (Given(1), Given(2))


@lower.register
def _(op: Rnn, x: Shape, h: Shape | None = None) -> Call:
    return Call("nn.RNN", sizes(op, x[2]), _stacked(op, nonlinearity=(op.activation, "tanh")))


@lower.register
def _(op: Gru, x: Shape, h: Shape | None = None) -> Call:
    return Call("nn.GRU", sizes(op, x[2]), _stacked(op))


@lower.register
def _(op: Lstm, x: Shape, h: Shape | None = None, c: Shape | None = None) -> Call:
    projection = 0 if op.projection is None else number(op, "its projection", op.projection)
    passing = Passing((Given(0),) if h is None else (Given(0), STATES), {}, (0, (1, 2)))
    return Call("nn.LSTM", sizes(op, x[2]), _stacked(op, proj_size=(projection, 0)), passing=passing)


def sizes(op: Recurrent, features: Size) -> tuple[int, int]:
    return number(op, "the features of its input", features), number(op, "its hidden size", op.hidden)


def _stacked(op: Layered, **more: tuple[Any, Any]) -> dict[str, Any]:
    """The arguments of a layer over a sequence, which has the batch first, as in specs."""
    options = changed(num_layers=(op.layers, 1), bias=(op.bias, True))
    further = changed(dropout=(op.dropout, 0.0), bidirectional=(op.direction == "both", False), **more)
    return {**options, "batch_first": True, **further}
