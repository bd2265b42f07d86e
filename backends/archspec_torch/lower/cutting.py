"""Parts of an axis."""

from __future__ import annotations

from typing import Any

from archspec.ops.cutting import Select, Slice, Split
from archspec.shape import Shape
from archspec_torch.call import Given, Item, Range
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


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
