"""Python calls as data: what an op becomes in PyTorch, before it is printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final


@final
@dataclass(frozen=True)
class Call:
    """A call such as `nn.Conv2d(3, 64, kernel_size=3)`.

    Arguments are numbers, flags, strings and tuples of them. A function without a dot is a class of `support.py`, whose
    source is then written out with the model.
    """

    function: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, function: str, *positional: Any, **named: Any) -> Call:
        return cls(function, positional, named)

    @property
    def arguments(self) -> list[str]:
        """The arguments as they are printed."""
        named = [f"{name}={_printed(value)}" for name, value in self.named.items()]
        return [_printed(value) for value in self.positional] + named

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"


def _printed(value: Any) -> str:
    """A value as Python source, with the quotes that formatters choose."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        inner = ", ".join(_printed(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
