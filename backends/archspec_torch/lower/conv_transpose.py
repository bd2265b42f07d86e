"""Transposed convolutions."""

from __future__ import annotations

from archspec.ops.conv_transpose import ConvTranspose
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of, number
from archspec_torch.lower.parametrisation import parametrised


@lower.register
def _(op: ConvTranspose, x: Shape) -> Call:
    windows = op.windows(x)
    options = changed(
        stride=(alike(window.stride for window in windows), 1),
        padding=(alike(window.before for window in windows), 0),
        output_padding=(alike(op.output_paddings(x)), 0),
        dilation=(alike(window.dilation for window in windows), 1),
        groups=(op.groups, 1),
        bias=(op.bias, True),
    )
    layer = Call(
        f"nn.ConvTranspose{len(windows)}d",
        (number(op, "the channels of its input", x[1]), number(op, "its channels", op.channels)),
        {"kernel_size": kernel_of(windows), **options},
    )
    return parametrised(layer, op.parametrisation)
