"""Normalisation of each channel on its own."""

from __future__ import annotations

from archspec.ops.batch_norm import BatchNorm, InstanceNorm
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: BatchNorm, x: Shape) -> Call:
    # A batch of plain features is a signal of length one to torch.
    axes = max(x.rank - 2, 1)
    options = changed(
        eps=(op.eps, 1e-5),
        momentum=(op.momentum, 0.1),
        affine=(op.affine, True),
        track_running_stats=(op.track_running_stats, True),
    )
    return Call(f"nn.BatchNorm{axes}d", (number(op, "the channels of its input", x[1]),), options)


@lower.register
def _(op: InstanceNorm, x: Shape) -> Call:
    options = changed(
        eps=(op.eps, 1e-5),
        momentum=(op.momentum, 0.1),
        affine=(op.affine, False),
        track_running_stats=(op.track_running_stats, False),
    )
    return Call(f"nn.InstanceNorm{x.rank - 2}d", (number(op, "the channels of its input", x[1]),), options)
