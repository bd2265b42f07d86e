"""Functions of angles: methods of tensors that are called as the ops are."""

from __future__ import annotations

from archspec.ops.trigonometry import Acos, Asin, Atan, Cos, Sin, Tan
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


@lower.register
def _(op: Sin | Cos | Tan | Asin | Acos | Atan, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name))
