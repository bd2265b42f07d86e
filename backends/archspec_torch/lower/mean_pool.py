"""Pooling by a mean."""

from __future__ import annotations

from archspec.ops.mean_pool import AvgPool, LpPool
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, kernel_of
from archspec_torch.lower.sliding_pool import are_even, padded, sliding


@lower.register
def _(op: AvgPool, x: Shape) -> Call:
    windows = op.windows(x)
    if op.padding == "same":
        is_padded = any(window.before != 0 for window in windows)
        # Of three axes of space, torch compares the kernel with the input without its padding.
        if not are_even(windows) or (is_padded and x.rank == 5):
            return padded("PaddedAvgPool", op, x, count_include_pad=(op.counts_padding(), False))
        options = changed(**sliding(windows), count_include_pad=(op.counts_padding() or not is_padded, True))
    else:
        options = changed(
            **sliding(windows),
            ceil_mode=(op.ceil_mode, False),
            count_include_pad=(op.counts_padding(), True),
        )
    return Call(f"nn.AvgPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})


@lower.register
def _(op: LpPool, x: Shape) -> Call:
    windows = op.windows(x)
    options = changed(stride=sliding(windows)["stride"], ceil_mode=(op.ceil_mode, False))
    return Call(f"nn.LPPool{len(windows)}d", (op.p,), {"kernel_size": kernel_of(windows), **options})
