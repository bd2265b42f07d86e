"""Merges."""

from __future__ import annotations

from functools import reduce
from typing import Any

from archspec.ops.merge import Add, Concat, Matmul, Mul, Stack
from archspec.shape import Shape
from archspec_torch.call import Call, Operation
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given


@lower.register
def _(op: Add, *xs: Shape) -> Inline:
    return Inline(_folded("+", len(xs)))


@lower.register
def _(op: Mul, *xs: Shape) -> Inline:
    return Inline(_folded("*", len(xs)))


@lower.register
def _(op: Concat, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.cat", all_given(len(xs)), dim=op.axis))


@lower.register
def _(op: Stack, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.stack", all_given(len(xs)), dim=op.axis))


@lower.register
def _(op: Matmul, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("@", all_given(2)))


def _folded(symbol: str, inputs: int) -> Any:
    """The inputs with an operator between them."""
    values: tuple[Any, ...] = all_given(inputs)
    return reduce(lambda left, right: Operation(symbol, (left, right)), values)
