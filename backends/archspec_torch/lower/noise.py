"""Noise."""

from __future__ import annotations

from archspec.ops.noise import GaussianDropout, GaussianNoise
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: GaussianNoise, x: Shape) -> Call:
    return Call.of("GaussianNoise", op.std)


@lower.register
def _(op: GaussianDropout, x: Shape) -> Call:
    return Call.of("GaussianDropout", op.rate)
