"""Normalisation."""

from __future__ import annotations

from typing import Any

from archspec.op import Op
from archspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, RmsNorm, UnitNorm
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Variable
from archspec_torch.inline import Inline
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
def _(op: LocalResponseNorm, x: Shape) -> Call:
    options = changed(alpha=(op.alpha, 1e-4), beta=(op.beta, 0.75), k=(op.k, 1.0))
    return Call("nn.LocalResponseNorm", (), {"size": op.size, **options})


@lower.register
def _(op: LayerNorm, x: Shape) -> Call:
    options = changed(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True), bias=(op.bias, True))
    return Call("nn.LayerNorm", (_last_sizes(op, x, op.axes),), options)


@lower.register
def _(op: RmsNorm, x: Shape) -> Call:
    # Torch adds another number by default for each number of bits, so that ours is always written.
    options = {"eps": op.eps, **changed(elementwise_affine=(op.affine, True))}
    return Call("nn.RMSNorm", (_last_sizes(op, x, op.axes),), options)


@lower.register
def _(op: GroupNorm, x: Shape) -> Call:
    options = changed(eps=(op.eps, 1e-5), affine=(op.affine, True))
    return Call("nn.GroupNorm", (op.groups, number(op, "the channels of its input", x[1])), options)


@lower.register
def _(op: InstanceNorm, x: Shape) -> Call:
    options = changed(
        eps=(op.eps, 1e-5),
        momentum=(op.momentum, 0.1),
        affine=(op.affine, False),
        track_running_stats=(op.track_running_stats, False),
    )
    return Call(f"nn.InstanceNorm{x.rank - 2}d", (number(op, "the channels of its input", x[1]),), options)


@lower.register
def _(op: UnitNorm, x: Shape) -> Inline:
    exponent = Variable("torch.inf") if op.p == "inf" else op.p
    return Inline(Call("F.normalize", (Given(0),), changed(p=(exponent, 2.0), dim=(op.axis, 1), eps=(op.eps, 1e-12))))


def _last_sizes(op: Op, x: Shape, axes: int) -> Any:
    sizes = tuple(number(op, "the last size of its input", x[axis]) for axis in range(-axes, 0))
    return sizes[0] if len(sizes) == 1 else sizes
