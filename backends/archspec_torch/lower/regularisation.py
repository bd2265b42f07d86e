"""Regularisation."""

from __future__ import annotations

from archspec.ops.regularisation import Dropout
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: Dropout, x: Shape) -> Call:
    # The rate is always written: a reader should not have to know torch's default.
    return Call.of("nn.Dropout", op.rate)
