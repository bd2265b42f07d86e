"""Positions added at the ends of axes, or cut off there."""

from __future__ import annotations

from typing import Any

from archspec.ops.margins import Crop, Pad
from archspec.ops.window import per_axis
from archspec.shape import Element, Shape
from archspec_torch.call import Call, Given, Item, Range
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed


@lower.register
def _(op: Pad, x: Shape) -> Call | Inline:
    padded = op.padded(x)
    # Torch begins with the last axis, and ends with the first that is padded.
    margins = tuple(end for axis in reversed(range(min(padded), x.rank)) for end in padded.get(axis, (0, 0)))
    value: Any = op.value
    if x.element is not Element.FLOAT:
        value = bool(value) if x.element is Element.BOOL else int(value)
    if op.axes is not None:
        options = changed(mode=(op.mode, "constant"), value=(value, 0))
        return Inline(Call("F.pad", (Given(0), margins), options))
    if op.mode == "constant" and value != 0:
        return Call.of(f"nn.ConstantPad{x.rank - 2}d", alike(margins), value)
    kind = {"constant": "Zero", "reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}[op.mode]
    # It takes one number where all margins are alike.
    return Call.of(f"nn.{kind}Pad{x.rank - 2}d", alike(margins))


@lower.register
def _(op: Crop, x: Shape, like: Shape | None = None) -> Call | Inline:
    cut = op.cut(x, like)
    if like is not None:
        return Call.of("CropLike")
    if op.margins is None:
        sizes = per_axis(op.size, x.rank - 2, "size")
        if all(isinstance(size, int) for size in sizes):
            return Call.of("CentredCrop", alike(sizes))
        middle: Any = Given(0)
        for axis, (size, (before, _)) in enumerate(zip(sizes, cut, strict=True), start=2):
            middle = Call.of("torch.narrow", middle, axis, before, size)
        return Inline(middle)
    ranges = [Range(before or None, -after if after else None) for before, after in cut]
    while len(ranges) > 1 and ranges[-1] == Range():
        ranges.pop()
    return Inline(Item(Given(0), (Range(), Range(), *ranges)))
