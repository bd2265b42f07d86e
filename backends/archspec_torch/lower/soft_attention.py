"""Attention of a single head."""

from __future__ import annotations

from typing import Any

from archspec.ops.soft_attention import HardAttention, Pointer, ScoredAttention, told_apart
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Passing
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given, changed, number


@lower.register
def _(op: ScoredAttention, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None) -> Call:
    is_hard = isinstance(op, HardAttention)
    value, mask = told_apart(value, mask)
    # A mask without values is told by its name.
    passing = Passing(all_given(2), {"mask": Given(2)}) if value is None and mask is not None else None
    if op.score in ("dot", "scaled_dot"):
        options = changed(scaled=(op.score == "scaled_dot", True), hard=(is_hard, False))
        return Call("DotAttention", (), options, passing=passing)
    options = changed(hard=(is_hard, False))
    widths: tuple[Any, ...] = _widths(op, query, key)
    if op.score == "bilinear":
        return Call("BilinearAttention", widths, options, passing=passing)
    widths = (*widths, number(op, "its hidden width", op.hidden_width()))
    return Call("AdditiveAttention", widths, options, passing=passing)


@lower.register
def _(op: Pointer, query: Shape, key: Shape, mask: Shape | None = None) -> Call:
    widths = (*_widths(op, query, key), number(op, "its hidden width", op.hidden))
    return Call("PointerAttention", widths, changed(log=(op.log, False)))


def _widths(op: ScoredAttention | Pointer, query: Shape, key: Shape) -> tuple[int, int]:
    return (
        number(op, "the features of its query", query[-1]),
        number(op, "the features of its key", key[-1]),
    )
