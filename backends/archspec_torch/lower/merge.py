"""How several values become one, two at a time."""

from __future__ import annotations

from functools import reduce
from typing import Any

from archspec_torch.call import Operation
from archspec_torch.inline import Method
from archspec_torch.lower.arguments import all_given


def folded(symbol: str, inputs: int) -> Any:
    """The inputs with an operator between them."""
    values: tuple[Any, ...] = all_given(inputs)
    return reduce(lambda left, right: Operation(symbol, (left, right)), values)


def chained(method: str, inputs: int) -> Any:
    """The first input, joined with each other one by a method."""
    values: tuple[Any, ...] = all_given(inputs)
    return reduce(lambda left, right: Method(left, method, (right,)), values)
