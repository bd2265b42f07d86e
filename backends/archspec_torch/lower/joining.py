"""Joining."""

from __future__ import annotations

from archspec.ops.joining import (
    Concat,
    Stack,
)
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given


@lower.register
def _(op: Concat, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.cat", all_given(len(xs)), dim=op.axis))


@lower.register
def _(op: Stack, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.stack", all_given(len(xs)), dim=op.axis))
