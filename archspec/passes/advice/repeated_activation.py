"""A405: two activations with no layer between them.

Of two that are alike and whose second changes nothing, it is told wherever they stand. Of others it is told only where
nothing else becomes of the first, and only of those that layers have: `softplus` before `tanh` is how `mish` is written
out, a `glu` is a gate with a product in it, and a softmax has advice of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic
from archspec.op import Family
from archspec.passes.advice.view import View

IDEMPOTENT = frozenset({"relu", "relu6", "hardtanh", "hardshrink", "threshold"})
"""What changes nothing when it is done again with the same settings."""

USUAL = frozenset(
    {
        "relu",
        "sigmoid",
        "tanh",
        "leaky_relu",
        "relu6",
        "elu",
        "gelu",
        "silu",
        "hardswish",
        "hardsigmoid",
        "mish",
        "selu",
        "celu",
        "prelu",
        "rrelu",
        "hardtanh",
        "softsign",
    }
)


def find(view: View) -> Iterator[Diagnostic]:
    for first, second in view.pairs(Family.ACTIVATION, Family.ACTIVATION):
        is_idle = first.op == second.op and first.op.name in IDEMPOTENT
        are_usual = {first.op.name, second.op.name} <= USUAL
        if is_idle or (are_usual and view.only_taker(first.output) is not None):
            from archspec.catalog.advice import RepeatedActivation

            yield RepeatedActivation(second.span, first.op.name, second.op.name, first.span, is_idle)
