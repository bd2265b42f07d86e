"""Pooling."""

from __future__ import annotations

from typing import Any

from archspec.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from archspec.ops.window import Window, per_axis
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of


@lower.register
def _(op: MaxPool, x: Shape) -> Call:
    windows = op.windows(x)
    dilation = alike(window.dilation for window in windows)
    options = changed(**_sliding(windows), dilation=(dilation, 1), ceil_mode=(op.ceil_mode, False))
    return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})


@lower.register
def _(op: AvgPool, x: Shape) -> Call:
    windows = op.windows(x)
    options = changed(
        **_sliding(windows),
        ceil_mode=(op.ceil_mode, False),
        count_include_pad=(op.count_include_pad, True),
    )
    return Call(f"nn.AvgPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})


@lower.register
def _(op: AdaptiveAvgPool, x: Shape) -> Call:
    axes = x.rank - 2
    return Call.of(f"nn.AdaptiveAvgPool{axes}d", alike(per_axis(op.size, axes, "size")))


@lower.register
def _(op: AdaptiveMaxPool, x: Shape) -> Call:
    axes = x.rank - 2
    return Call.of(f"nn.AdaptiveMaxPool{axes}d", alike(per_axis(op.size, axes, "size")))


@lower.register
def _(op: GlobalAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", 1)


@lower.register
def _(op: GlobalMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", 1)


def _sliding(windows: tuple[Window, ...]) -> dict[str, tuple[Any, Any]]:
    """The stride and padding of a pooling; torch also takes the kernel as the stride where it is left out."""
    return {
        "stride": (alike(window.stride for window in windows), kernel_of(windows)),
        "padding": (alike(window.before for window in windows), 0),
    }
