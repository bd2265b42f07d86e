"""Channels in another order, or as positions of an image."""

from __future__ import annotations

from archspec.ops.shuffling import ChannelShuffle, PixelShuffle, PixelUnshuffle
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: ChannelShuffle, x: Shape) -> Call:
    return Call.of("nn.ChannelShuffle", op.groups)


@lower.register
def _(op: PixelShuffle, x: Shape) -> Call:
    return Call.of("nn.PixelShuffle", op.factor)


@lower.register
def _(op: PixelUnshuffle, x: Shape) -> Call:
    return Call.of("nn.PixelUnshuffle", op.factor)
