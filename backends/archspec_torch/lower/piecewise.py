"""Functions in straight pieces."""

from __future__ import annotations

from archspec.ops.piecewise import Abs, Cast, Ceil, Clamp, Floor, Round, Sign, Trunc
from archspec.shape import Element, Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Abs | Sign | Floor | Ceil | Round | Trunc, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name))


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
