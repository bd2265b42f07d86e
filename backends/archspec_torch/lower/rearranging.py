"""The same values in another order."""

from __future__ import annotations

from archspec.ops.rearranging import Flip, Identity, Permute, Roll
from archspec.shape import Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


@lower.register
def _(op: Identity, x: Shape) -> Call:
    return Call.of("nn.Identity")


@lower.register
def _(op: Permute, x: Shape) -> Inline:
    return Inline(Method(Given(0), "permute", op.axes or ((),)))


@lower.register
def _(op: Flip, x: Shape) -> Inline:
    return Inline(Method(Given(0), "flip", op.axes if isinstance(op.axes, tuple) else (op.axes,)))


@lower.register
def _(op: Roll, x: Shape) -> Inline:
    return Inline(Method(Given(0), "roll", (op.shifts, op.axes)))
