"""Ops that give values other shapes."""

from __future__ import annotations

from typing import Any

from archspec.ops.reshaping import (
    Broadcast,
    Flatten,
    Identity,
    Permute,
    Reshape,
    Select,
    Slice,
    Split,
    Unflatten,
)
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Item, Range
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Flatten, x: Shape) -> Call:
    return Call("nn.Flatten", (), changed(start_dim=(op.start, 1), end_dim=(op.end, -1)))


@lower.register
def _(op: Identity, x: Shape) -> Call:
    return Call.of("nn.Identity")


@lower.register
def _(op: Reshape, x: Shape) -> Inline:
    # Without any size, which makes a single number, torch needs the empty tuple.
    return Inline(Method(Given(0), "reshape", op.sizes or ((),)))


@lower.register
def _(op: Unflatten, x: Shape) -> Inline:
    # It is a method too, of which type checkers know nothing.
    return Inline(Call.of("torch.unflatten", Given(0), op.axis, op.sizes))


@lower.register
def _(op: Broadcast, x: Shape) -> Inline:
    return Inline(Method(Given(0), "expand", op.sizes or ((),)))


@lower.register
def _(op: Permute, x: Shape) -> Inline:
    return Inline(Method(Given(0), "permute", op.axes or ((),)))


@lower.register
def _(op: Select, x: Shape) -> Inline:
    return Inline(Item(Given(0), _along(op.axis, op.index)))


@lower.register
def _(op: Slice, x: Shape) -> Inline:
    start = None if op.start == 0 else op.start
    return Inline(Item(Given(0), _along(op.axis, Range(start, op.end, op.step))))


@lower.register
def _(op: Split, x: Shape) -> Inline:
    # Torch also has `split`, of which type checkers know nothing.
    method = "chunk" if isinstance(op.parts, int) else "split_with_sizes"
    return Inline(Method(Given(0), method, (op.parts,), {"dim": op.axis}))


def _along(axis: int, place: Any) -> tuple[Any, ...]:
    """What is written in brackets to take a place along one axis."""
    return (..., place, *[Range()] * (-1 - axis)) if axis < 0 else (*[Range()] * axis, place)
