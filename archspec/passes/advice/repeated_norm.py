"""A406: two normalisations with no layer between them, where nothing else becomes of the first.

Told of those that set mean and variance, or the mean square, of features that were trained. A `unitnorm` behind one of
them is how embeddings are made that are compared, and `local_response_norm` does not set anything to a fixed value.
"""

from __future__ import annotations

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic
from archspec.op import Family
from archspec.passes.advice.view import View

SETTING = frozenset({"batchnorm", "layernorm", "rmsnorm", "groupnorm", "instancenorm"})


def find(view: View) -> Iterator[Diagnostic]:
    for first, second in view.pairs(Family.NORMALISATION, Family.NORMALISATION):
        if {first.op.name, second.op.name} <= SETTING and view.only_taker(first.output) is not None:
            from archspec.catalog.advice import RepeatedNorm

            yield RepeatedNorm(second.span, first.op.name, second.op.name, first.span)
