"""Dropout. Rates are always written: a reader should not have to know torch's defaults."""

from __future__ import annotations

from archspec.ops.dropout import ChannelDropout, Dropout, StochasticDepth
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Dropout, x: Shape) -> Call:
    return Call.of("nn.Dropout", op.rate)


@lower.register
def _(op: ChannelDropout, x: Shape) -> Call:
    return Call.of(f"nn.Dropout{x.rank - 2}d", op.rate)


@lower.register
def _(op: StochasticDepth, x: Shape) -> Call:
    return Call("StochasticDepth", (op.rate,), changed(mode=(op.mode, "row")))
