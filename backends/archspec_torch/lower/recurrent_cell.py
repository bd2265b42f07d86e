"""Recurrent layers at a single position."""

from __future__ import annotations

from typing import Any

from archspec.ops.recurrent_cell import GruCell, LstmCell, RnnCell, Single
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Passing
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed
from archspec_torch.lower.recurrent import STATES, sizes


@lower.register
def _(op: RnnCell, x: Shape, h: Shape | None = None) -> Call:
    return Call("nn.RNNCell", sizes(op, x[1]), _single(op, nonlinearity=(op.activation, "tanh")))


@lower.register
def _(op: GruCell, x: Shape, h: Shape | None = None) -> Call:
    return Call("nn.GRUCell", sizes(op, x[1]), _single(op))


@lower.register
def _(op: LstmCell, x: Shape, h: Shape | None = None, c: Shape | None = None) -> Call:
    passing = None if h is None else Passing((Given(0), STATES))
    return Call("nn.LSTMCell", sizes(op, x[1]), _single(op), passing=passing)


def _single(op: Single, **more: tuple[Any, Any]) -> dict[str, Any]:
    return changed(bias=(op.bias, True), **more)
