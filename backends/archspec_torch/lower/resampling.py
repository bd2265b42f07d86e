"""Axes of space made longer or shorter."""

from __future__ import annotations

from typing import Any

from archspec.ops.resampling import Mode, Resize, Upsample
from archspec.ops.window import per_axis
from archspec.shape import Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed


@lower.register
def _(op: Upsample, x: Shape) -> Call:
    scale = alike(per_axis(op.scale, x.rank - 2, "scale"))
    return Call("nn.Upsample", (), {"scale_factor": scale, **_interpolation(op.mode, op.align_corners)})


@lower.register
def _(op: Resize, x: Shape, like: Shape | None = None) -> Call | Inline:
    interpolation = _interpolation(op.mode, op.align_corners)
    sizes = op.infer(x, like)[2:]
    if like is not None:
        return Call("ResizeLike", (), interpolation)
    if all(isinstance(size, int) for size in sizes):
        return Call("nn.Upsample", (), {"size": alike(sizes), **interpolation})
    return Inline(Call("F.interpolate", (Given(0),), {"size": sizes, **interpolation}))


def _interpolation(mode: Mode, align_corners: bool) -> dict[str, Any]:
    """How torch is told what comes between the values: it asks for a word on corners wherever there is something."""
    interpolates = mode not in ("nearest", "nearest_exact", "area")
    corners = {"align_corners": align_corners} if interpolates or align_corners else {}
    return {**changed(mode=(mode.replace("_", "-"), "nearest")), **corners}
