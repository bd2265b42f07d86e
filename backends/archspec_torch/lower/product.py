"""Products."""

from __future__ import annotations

from archspec.ops.product import (
    Dot,
    Einsum,
    Matmul,
)
from archspec.shape import Shape
from archspec_torch.call import Call, Operation
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given, changed


@lower.register
def _(op: Matmul, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("@", all_given(2)))


@lower.register
def _(op: Dot, a: Shape, b: Shape) -> Inline:
    return Inline(Call("torch.linalg.vecdot", all_given(2), changed(dim=(op.axis, -1))))


@lower.register
def _(op: Einsum, *xs: Shape) -> Inline:
    return Inline(Call("torch.einsum", (op.equation, *all_given(len(xs)))))
