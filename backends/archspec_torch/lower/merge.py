"""Merges."""

from __future__ import annotations

from functools import reduce
from typing import Any

from archspec.ops.merge import (
    Add,
    Average,
    Div,
    MaskedFill,
    Maximum,
    Minimum,
    Mul,
    Sub,
    Where,
)
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Operation, Variable
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given


@lower.register
def _(op: Add, *xs: Shape) -> Inline:
    return Inline(_folded("+", len(xs)))


@lower.register
def _(op: Mul, *xs: Shape) -> Inline:
    return Inline(_folded("*", len(xs)))


@lower.register
def _(op: Sub, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("-", all_given(2)))


@lower.register
def _(op: Div, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("/", all_given(2)))


@lower.register
def _(op: Maximum, *xs: Shape) -> Inline:
    return Inline(_chained("maximum", len(xs)))


@lower.register
def _(op: Minimum, *xs: Shape) -> Inline:
    return Inline(_chained("minimum", len(xs)))


@lower.register
def _(op: Average, *xs: Shape) -> Inline:
    return Inline(Operation("/", (_folded("+", len(xs)), len(xs))))


@lower.register
def _(op: Where, condition: Shape, a: Shape, b: Shape) -> Inline:
    return Inline(Call("torch.where", all_given(3)))


@lower.register
def _(op: MaskedFill, x: Shape, mask: Shape) -> Inline:
    value = Operation("-", (Variable("torch.inf"),)) if op.value is None else op.value
    return Inline(Method(Given(0), "masked_fill", (Given(1), value)))


def _folded(symbol: str, inputs: int) -> Any:
    """The inputs with an operator between them."""
    values: tuple[Any, ...] = all_given(inputs)
    return reduce(lambda left, right: Operation(symbol, (left, right)), values)


def _chained(method: str, inputs: int) -> Any:
    """The first input, joined with each other one by a method."""
    values: tuple[Any, ...] = all_given(inputs)
    return reduce(lambda left, right: Method(left, method, (right,)), values)
