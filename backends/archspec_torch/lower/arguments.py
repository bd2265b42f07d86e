"""How the settings of ops become arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archspec.op import Op
from archspec.ops.window import Window
from archspec.size import Size
from archspec_torch.call import Given, Unsaid
from archspec_torch.lower import OpenSizeError


def changed(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """The arguments, each given with torch's default; those that are at that default are left out when printed."""
    return {name: Unsaid(value) if value == default else value for name, (value, default) in arguments.items()}


def alike(values: Iterable[Any]) -> Any:
    """One value where all axes have the same, and a tuple elsewhere."""
    each = tuple(values)
    return each[0] if len(set(each)) == 1 else each


def kernel_of(windows: Iterable[Window]) -> Any:
    """The size of a window, along all axes or along each."""
    return alike(window.kernel for window in windows)


def number(op: Op, what: str, size: Size) -> int:
    """A size that a module needs; raises `OpenSizeError` where it is open."""
    if not isinstance(size, int):
        raise OpenSizeError(op, what, size)
    return size


def all_given(inputs: int) -> tuple[Given, ...]:
    """All inputs of an op, in order."""
    return tuple(map(Given, range(inputs)))
