"""One value or another."""

from __future__ import annotations

from archspec.ops.masking import MaskedFill, Where
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Operation, Variable
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given


@lower.register
def _(op: Where, condition: Shape, a: Shape, b: Shape) -> Inline:
    return Inline(Call("torch.where", all_given(3)))


@lower.register
def _(op: MaskedFill, x: Shape, mask: Shape) -> Inline:
    value = Operation("-", (Variable("torch.inf"),)) if op.value is None else op.value
    return Inline(Method(Given(0), "masked_fill", (Given(1), value)))
