"""Fully connected layers over products of two inputs."""

from __future__ import annotations

from archspec.ops.bilinear import Bilinear
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number
from archspec_torch.lower.parametrisation import parametrised


@lower.register
def _(op: Bilinear, left: Shape, right: Shape) -> Call:
    layer = Call(
        "nn.Bilinear",
        (
            number(op, "the last size of its first input", left[-1]),
            number(op, "the last size of its second input", right[-1]),
            number(op, "its features", op.features),
        ),
        changed(bias=(op.bias, True)),
    )
    return parametrised(layer, op.parametrisation)
