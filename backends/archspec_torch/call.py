"""Python calls as data: what an op becomes in PyTorch, before it is printed."""

from __future__ import annotations

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

    def __str__(self) -> str:
        arguments = [repr(value) for value in self.positional]
        arguments += [f"{name}={value!r}" for name, value in self.named.items()]
        return f"{self.function}({', '.join(arguments)})"
