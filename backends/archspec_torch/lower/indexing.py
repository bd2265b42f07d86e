"""Ops that look values up, put them in order, or tell of their places."""

from __future__ import annotations

from archspec.ops.indexing import Gather, OneHot, Positions, Sort, Take, TopK, Tril, Triu
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Item, Range
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Gather, x: Shape, indices: Shape) -> Inline:
    return Inline(Method(Given(0), "gather", (op.axis, Given(1))))


@lower.register
def _(op: Take, x: Shape, indices: Shape) -> Inline:
    before = (...,) if op.axis < 0 else (Range(),) * op.axis
    after = (Range(),) * (-1 - op.axis)
    return Inline(Item(Given(0), (*before, Given(1), *after)))


@lower.register
def _(op: TopK, x: Shape) -> Inline:
    return Inline(Method(Given(0), "topk", (op.k,), changed(dim=(op.axis, -1), largest=(op.largest, True))))


@lower.register
def _(op: Sort, x: Shape) -> Inline:
    return Inline(Method(Given(0), "sort", (), changed(dim=(op.axis, -1), descending=(op.descending, False))))


@lower.register
def _(op: OneHot, x: Shape) -> Inline:
    return Inline(Call("F.one_hot", (Given(0), op.classes)))


@lower.register
def _(op: Tril, x: Shape) -> Inline:
    return Inline(Method(Given(0), "tril", (), changed(diagonal=(op.diagonal, 0))))


@lower.register
def _(op: Triu, x: Shape) -> Inline:
    return Inline(Method(Given(0), "triu", (), changed(diagonal=(op.diagonal, 0))))


@lower.register
def _(op: Positions, x: Shape) -> Call:
    return Call("PositionsAlong", (), changed(axis=(op.axis, 1)))
