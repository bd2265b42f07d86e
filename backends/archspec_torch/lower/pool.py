"""Pooling."""

from __future__ import annotations

from typing import Any

from archspec.ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AdaptivePool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
    MaxUnpool,
    MixedPool,
    PaddedPool,
    StochasticPool,
)
from archspec.ops.window import Window, per_axis, space
from archspec.shape import Shape
from archspec.size import below
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of, number


@lower.register
def _(op: MaxPool, x: Shape) -> Call:
    windows = op.windows(x)
    dilation = {"dilation": (alike(window.dilation for window in windows), 1)}
    if op.padding != "same":
        options = changed(
            **_sliding(windows), **dilation, ceil_mode=(op.ceil_mode, False), return_indices=(op.indices, False)
        )
        return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})
    # Torch pads both ends alike, and by half of the kernel at most, even where its taps are apart.
    if _are_even(windows) and not any(below(window.kernel // 2, window.before) for window in windows):
        options = changed(**_sliding(windows), **dilation)
        return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})
    return _padded("PaddedMaxPool", op, x, **dilation)


@lower.register
def _(op: MaxUnpool, x: Shape, indices: Shape) -> Call:
    windows = op.windows(x)
    return Call(f"nn.MaxUnpool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **changed(**_sliding(windows))})


@lower.register
def _(op: AvgPool, x: Shape) -> Call:
    windows = op.windows(x)
    if op.padding == "same":
        is_padded = any(window.before != 0 for window in windows)
        # Of three axes of space, torch compares the kernel with the input without its padding.
        if not _are_even(windows) or (is_padded and x.rank == 5):
            return _padded("PaddedAvgPool", op, x, count_include_pad=(op.counts_padding(), False))
        options = changed(**_sliding(windows), count_include_pad=(op.counts_padding() or not is_padded, True))
    else:
        options = changed(
            **_sliding(windows),
            ceil_mode=(op.ceil_mode, False),
            count_include_pad=(op.counts_padding(), True),
        )
    return Call(f"nn.AvgPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})


@lower.register
def _(op: LpPool, x: Shape) -> Call:
    windows = op.windows(x)
    options = changed(stride=_sliding(windows)["stride"], ceil_mode=(op.ceil_mode, False))
    return Call(f"nn.LPPool{len(windows)}d", (op.p,), {"kernel_size": kernel_of(windows), **options})


@lower.register
def _(op: StochasticPool, x: Shape) -> Call:
    return _padded("StochasticPool", op, x)


@lower.register
def _(op: MixedPool, x: Shape) -> Call:
    return _padded("MixedPool", op, x, share=(op.share, 0.5), trained=(op.trained, False))


@lower.register
def _(op: AdaptiveAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", _size(op, x))


@lower.register
def _(op: AdaptiveMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", _size(op, x))


@lower.register
def _(op: GlobalAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", 1)


@lower.register
def _(op: GlobalMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", 1)


def _size(op: AdaptivePool, x: Shape) -> Any:
    """The size of the output. For one that is open and is that of the input, torch has `None`."""
    pairs = tuple(zip(per_axis(op.size, len(space(x)), "size"), space(x), strict=True))
    may_be_none = any(isinstance(size, int) for size, _ in pairs)
    return alike(
        None if may_be_none and size == old and not isinstance(size, int) else number(op, "its `size`", size)
        for size, old in pairs
    )


def _sliding(windows: tuple[Window, ...]) -> dict[str, tuple[Any, Any]]:
    """The stride and padding of a pooling; torch also takes the kernel as the stride where it is left out."""
    return {
        "stride": (alike(window.stride for window in windows), kernel_of(windows)),
        "padding": (alike(window.before for window in windows), 0),
    }


def _are_even(windows: tuple[Window, ...]) -> bool:
    """Whether the padding is known, and is the same at both ends of each axis."""
    return all(isinstance(window.before, int) and window.before == window.after for window in windows)


def _padded(function: str, op: PaddedPool, x: Shape, **options: tuple[Any, Any]) -> Call:
    """The call of a class of our own, which finds out the padding of `same` when it is run."""
    windows = op.windows(x)
    sliding = _sliding(windows)
    if op.padding == "same":
        sliding["padding"] = ("same", 0)
    return Call(function, (), {"kernel_size": kernel_of(windows), **changed(**sliding, **options)})
