"""Dropout behind `selu`. Rates are always written: a reader should not have to know torch's defaults."""

from __future__ import annotations

from archspec.ops.alpha_dropout import AlphaDropout, FeatureAlphaDropout
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: AlphaDropout, x: Shape) -> Call:
    return Call.of("nn.AlphaDropout", op.rate)


@lower.register
def _(op: FeatureAlphaDropout, x: Shape) -> Call:
    return Call.of("nn.FeatureAlphaDropout", op.rate)
