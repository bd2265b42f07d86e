"""Ops that put values in another order, or repeat them."""

from __future__ import annotations

from archspec.ops.rearranging import (
    ChannelShuffle,
    Flip,
    Fold,
    PixelShuffle,
    PixelUnshuffle,
    RepeatInterleave,
    Roll,
    Tile,
    Unfold,
)
from archspec.ops.window import Window, per_axis
from archspec.shape import Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of, number


@lower.register
def _(op: Flip, x: Shape) -> Inline:
    return Inline(Method(Given(0), "flip", op.axes if isinstance(op.axes, tuple) else (op.axes,)))


@lower.register
def _(op: Roll, x: Shape) -> Inline:
    return Inline(Method(Given(0), "roll", (op.shifts, op.axes)))


@lower.register
def _(op: Tile, x: Shape) -> Inline:
    return Inline(Method(Given(0), "tile", op.repeats or ((),)))


@lower.register
def _(op: RepeatInterleave, x: Shape) -> Inline:
    return Inline(Method(Given(0), "repeat_interleave", (op.repeats,), {"dim": op.axis}))


@lower.register
def _(op: ChannelShuffle, x: Shape) -> Call:
    return Call.of("nn.ChannelShuffle", op.groups)


@lower.register
def _(op: PixelShuffle, x: Shape) -> Call:
    return Call.of("nn.PixelShuffle", op.factor)


@lower.register
def _(op: PixelUnshuffle, x: Shape) -> Call:
    return Call.of("nn.PixelUnshuffle", op.factor)


@lower.register
def _(op: Unfold, x: Shape) -> Call:
    return Call("nn.Unfold", (), _sliding(op.windows()))


@lower.register
def _(op: Fold, x: Shape) -> Call:
    size = alike(number(op, "its size", each) for each in per_axis(op.size, 2, "size"))
    return Call("nn.Fold", (size,), _sliding(op.windows()))


def _sliding(windows: tuple[Window, ...]) -> dict[str, object]:
    """How a window moves, as modules are told of it."""
    options = changed(
        dilation=(alike(window.dilation for window in windows), 1),
        padding=(alike(window.before for window in windows), 0),
        stride=(alike(window.stride for window in windows), 1),
    )
    return {"kernel_size": kernel_of(windows), **options}
