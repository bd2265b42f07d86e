"""Comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from archspec.op import Op
from archspec.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower

METHODS: Final[Mapping[type[Op], str]] = MappingProxyType(
    {Equal: "eq", NotEqual: "ne", Greater: "gt", GreaterEqual: "ge", Less: "lt", LessEqual: "le"}
)


@lower.register
def _(op: Equal | NotEqual | Greater | GreaterEqual | Less | LessEqual, x: Shape, other: Shape | None = None) -> Inline:
    others = () if other is None else (Given(1),)
    return Inline(Method(Given(0), METHODS[type(op)], others if op.value is None else (*others, op.value)))
