"""Normalisation with nothing trained."""

from __future__ import annotations

from archspec.ops.untrained_norm import LocalResponseNorm, UnitNorm
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Variable
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: LocalResponseNorm, x: Shape) -> Call:
    options = changed(alpha=(op.alpha, 1e-4), beta=(op.beta, 0.75), k=(op.k, 1.0))
    return Call("nn.LocalResponseNorm", (), {"size": op.size, **options})


@lower.register
def _(op: UnitNorm, x: Shape) -> Inline:
    exponent = Variable("torch.inf") if op.p == "inf" else op.p
    return Inline(Call("F.normalize", (Given(0),), changed(p=(exponent, 2.0), dim=(op.axis, 1), eps=(op.eps, 1e-12))))
