"""Axes joined or taken apart."""

from __future__ import annotations

from archspec.ops.reshaping import Flatten, Reshape, Unflatten
from archspec.shape import Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Flatten, x: Shape) -> Call:
    return Call("nn.Flatten", (), changed(start_dim=(op.start, 1), end_dim=(op.end, -1)))


@lower.register
def _(op: Unflatten, x: Shape) -> Inline:
    # It is a method too, of which type checkers know nothing.
    return Inline(Call.of("torch.unflatten", Given(0), op.axis, op.sizes))


@lower.register
def _(op: Reshape, x: Shape) -> Inline:
    # Without any size, which makes a single number, torch needs the empty tuple.
    return Inline(Method(Given(0), "reshape", op.sizes or ((),)))
