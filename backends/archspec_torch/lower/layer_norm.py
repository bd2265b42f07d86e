"""Normalisation over the last axes."""

from __future__ import annotations

from typing import Any

from archspec.op import Op
from archspec.ops.layer_norm import LayerNorm, RmsNorm
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: LayerNorm, x: Shape) -> Call:
    options = changed(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True), bias=(op.bias, True))
    return Call("nn.LayerNorm", (_last_sizes(op, x, op.axes),), options)


@lower.register
def _(op: RmsNorm, x: Shape) -> Call:
    # Torch adds another number by default for each number of bits, so that ours is always written.
    options = {"eps": op.eps, **changed(elementwise_affine=(op.affine, True))}
    return Call("nn.RMSNorm", (_last_sizes(op, x, op.axes),), options)


def _last_sizes(op: Op, x: Shape, axes: int) -> Any:
    sizes = tuple(number(op, "the last size of its input", x[axis]) for axis in range(-axes, 0))
    return sizes[0] if len(sizes) == 1 else sizes
