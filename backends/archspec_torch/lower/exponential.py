"""Exponentials, their inverses, and what is made of them: methods of tensors that are called as the ops are."""

from __future__ import annotations

from archspec.ops.exponential import Cosh, Erf, Exp, Expm1, Log, Log1p, Log2, Log10, Logit, Sinh
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


@lower.register
def _(op: Exp | Expm1 | Log | Log1p | Log2 | Log10 | Logit | Erf | Sinh | Cosh, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name))
