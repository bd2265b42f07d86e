"""Fully connected layers."""

from __future__ import annotations

from archspec.ops.linear import Linear
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number
from archspec_torch.lower.parametrisation import parametrised


@lower.register
def _(op: Linear, x: Shape) -> Call:
    layer = Call(
        "nn.Linear",
        (number(op, "the last size of its input", x[-1]), number(op, "its features", op.features)),
        changed(bias=(op.bias, True)),
    )
    return parametrised(layer, op.parametrisation)
