"""How far values lie apart, and how long they are as vectors."""

from __future__ import annotations

from archspec.ops.spread import Norm, Std, Var
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Variable
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed
from archspec_torch.lower.reduction import options_of


@lower.register
def _(op: Var | Std, x: Shape) -> Inline:
    options = options_of(op, x)
    keepdim = {name: options.pop(name) for name in ("keepdim",) if name in options}
    return Inline(Method(Given(0), op.name, (), {**options, **changed(correction=(op.correction, 1)), **keepdim}))


@lower.register
def _(op: Norm, x: Shape) -> Inline:
    order = Variable("torch.inf") if op.p == "inf" else op.p
    return Inline(Call("torch.linalg.vector_norm", (Given(0),), {**changed(ord=(order, 2)), **options_of(op, x)}))
