"""Patches of an image."""

from __future__ import annotations

from archspec.ops.patches import Fold, Unfold
from archspec.ops.window import Window, per_axis
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of, number


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
