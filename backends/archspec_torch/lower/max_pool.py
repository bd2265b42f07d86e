"""Pooling by the largest value, and the way back."""

from __future__ import annotations

from archspec.ops.max_pool import MaxPool, MaxUnpool
from archspec.shape import Shape
from archspec.size import below
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, changed, kernel_of
from archspec_torch.lower.sliding_pool import are_even, padded, sliding


@lower.register
def _(op: MaxPool, x: Shape) -> Call:
    windows = op.windows(x)
    dilation = {"dilation": (alike(window.dilation for window in windows), 1)}
    if op.padding != "same":
        options = changed(
            **sliding(windows), **dilation, ceil_mode=(op.ceil_mode, False), return_indices=(op.indices, False)
        )
        return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})
    # Torch pads both ends alike, and by half of the kernel at most, even where its taps are apart.
    if are_even(windows) and not any(below(window.kernel // 2, window.before) for window in windows):
        options = changed(**sliding(windows), **dilation)
        return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **options})
    return padded("PaddedMaxPool", op, x, **dilation)


@lower.register
def _(op: MaxUnpool, x: Shape, indices: Shape) -> Call:
    windows = op.windows(x)
    return Call(f"nn.MaxUnpool{len(windows)}d", (), {"kernel_size": kernel_of(windows), **changed(**sliding(windows))})
