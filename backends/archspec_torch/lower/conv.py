"""Convolutions."""

from __future__ import annotations

from typing import Any

from archspec.ops.conv import Conv
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of, number
from archspec_torch.lower.parametrisation import parametrised


@lower.register
def _(op: Conv, x: Shape) -> Call:
    windows = op.windows(x)
    margins = tuple((window.before, window.after) for window in windows)
    padding: Any
    if op.padding == "same":
        function, padding = "nn.Conv", "same"
    elif all(before == after for before, after in margins):
        function, padding = "nn.Conv", alike(before for before, _ in margins)
    else:
        function, padding = "PaddedConv", margins
    options = changed(
        stride=(alike(window.stride for window in windows), 1),
        padding=(padding, 0),
        dilation=(alike(window.dilation for window in windows), 1),
        groups=(op.groups, 1),
        bias=(op.bias, True),
        padding_mode=(op.padding_mode, "zeros"),
    )
    layer = Call(
        f"{function}{len(windows)}d",
        (number(op, "the channels of its input", x[1]), number(op, "its channels", op.channels)),
        {"kernel_size": kernel_of(windows), **options},
    )
    return parametrised(layer, op.parametrisation)
