"""Functions of single values, comparisons and logic."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

from archspec.op import Op
from archspec.ops.elementwise import (
    Abs,
    Acos,
    Asin,
    Atan,
    Cast,
    Ceil,
    Clamp,
    Comparison,
    Connective,
    Cos,
    Cosh,
    Equal,
    Erf,
    Exp,
    Expm1,
    Floor,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Log,
    Log1p,
    Log2,
    Log10,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    LogicalXor,
    Logit,
    NotEqual,
    Pointwise,
    Reciprocal,
    Round,
    Rsqrt,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Square,
    Tan,
    Trunc,
)
from archspec.shape import Element, Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import NoLoweringError, lower
from archspec_torch.lower.arguments import all_given, changed

METHODS: Final[Mapping[type[Op], str]] = MappingProxyType(
    {
        Exp: "exp",
        Expm1: "expm1",
        Log: "log",
        Log1p: "log1p",
        Log2: "log2",
        Log10: "log10",
        Sqrt: "sqrt",
        Rsqrt: "rsqrt",
        Reciprocal: "reciprocal",
        Sin: "sin",
        Cos: "cos",
        Tan: "tan",
        Asin: "asin",
        Acos: "acos",
        Atan: "atan",
        Sinh: "sinh",
        Cosh: "cosh",
        Erf: "erf",
        Logit: "logit",
        Abs: "abs",
        Floor: "floor",
        Ceil: "ceil",
        Round: "round",
        Trunc: "trunc",
        Square: "square",
        Sign: "sign",
        Equal: "eq",
        NotEqual: "ne",
        Greater: "gt",
        GreaterEqual: "ge",
        Less: "lt",
        LessEqual: "le",
        LogicalAnd: "logical_and",
        LogicalOr: "logical_or",
        LogicalXor: "logical_xor",
        LogicalNot: "logical_not",
    }
)
"""The methods of tensors that need nothing but their inputs."""


def _method(op: Op) -> str:
    if type(op) not in METHODS:
        raise NoLoweringError(op)
    return METHODS[type(op)]


@lower.register
def _(op: Pointwise, x: Shape) -> Inline:
    return Inline(Method(Given(0), _method(op)))


@lower.register
def _(op: Clamp, x: Shape) -> Inline:
    return Inline(Method(Given(0), "clamp", (), changed(min=(op.low, None), max=(op.high, None))))


@lower.register
def _(op: Cast, x: Shape) -> Call | Inline:
    match Element(op.element):
        case x.element:
            return Call.of("nn.Identity")
        case Element.FLOAT:
            return Inline(Method(Given(0), "to", (Call.of("torch.get_default_dtype"),)))
        case Element.INT:
            return Inline(Method(Given(0), "long"))
        case Element.BOOL:
            return Inline(Method(Given(0), "bool"))


@lower.register
def _(op: Comparison, x: Shape, other: Shape | None = None) -> Inline:
    others = () if other is None else (Given(1),)
    return Inline(Method(Given(0), _method(op), others if op.value is None else (*others, op.value)))


@lower.register
def _(op: Connective, *xs: Shape) -> Inline:
    values: tuple[Any, ...] = all_given(len(xs))
    return Inline(reduce(lambda left, right: Method(left, _method(op), (right,)), values))
