"""Open sizes that no axis tells as they are: `T`, where an input has the shape `[B, 2*T + 1]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.graph import Value
from archspec.size import Formula, SizeError, evaluate, named, names
from archspec_torch.call import Operation, Variable
from archspec_torch.inline import size_expression, sizes_of


class UntoldSizeError(ValueError):
    """No input of the model tells an open size that is needed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` must be known when the model runs, but no input tells it")
        self.name = name


def solved(name: str, variables: Mapping[Value, str]) -> Any:
    """An open size as an expression over the axes of values with these names.

    Raises:
        UntoldSizeError: no axis is a multiple of it, with or without a summand.
    """
    told = sizes_of([value.shape for value in variables], list(variables.values()))
    for value, variable in variables.items():
        for axis, size in enumerate(value.shape):
            if not isinstance(size, Formula) or not set(names(size)) <= {name, *told}:
                continue
            try:
                rest = evaluate(size, {name: 0})
                factor = evaluate(size, {name: 1}) - rest
            except SizeError:
                continue
            if factor == 0 or factor * named(name) + rest != size:
                continue
            total: Any = Variable(f"{variable}.shape[{axis}]")
            if rest != 0:
                total = Operation("-", (total, size_expression(rest, told)))
            return total if factor == 1 else Operation("//", (total, size_expression(factor, told)))
    raise UntoldSizeError(name)
