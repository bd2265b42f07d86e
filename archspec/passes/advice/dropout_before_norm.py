"""A413: dropout with a batch normalisation behind it, straight or behind layers with weights.

What stands between may be convolutions, fully connected layers, activations, poolings and what moves numbers around;
beyond a sum of branches nothing is said. A batch normalisation that always takes the statistics of the batch has no
others to be wrong. `alpha_dropout` keeps the variance, and `stochastic_depth` is for whole branches: both are passed
over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.diagnostics import Diagnostic
from archspec.graph import Node, Path
from archspec.op import Family
from archspec.passes.advice.view import View

DROPOUT = frozenset({"dropout", "channel_dropout", "gaussian_dropout"})

BETWEEN = frozenset(
    {Family.CONVOLUTION, Family.LINEAR, Family.ACTIVATION, Family.POOLING, Family.RESHAPING, Family.REGULARISATION}
)


def find(view: View) -> Iterator[Diagnostic]:
    if not any(node.op.name == "batchnorm" for node in view.nodes):
        return
    behind: dict[Path, Node | None] = {}
    for node in reversed(view.nodes):
        op: Any = node.op
        norm = behind[node.path] = _norm_behind(view, node, behind)
        if norm is not None and op.name in DROPOUT and op.rate > 0:
            from archspec.catalog.advice import DropoutBeforeNorm

            yield DropoutBeforeNorm(node.span, node.op.name, norm.span)


def _norm_behind(view: View, node: Node, behind: Mapping[Path, Node | None]) -> Node | None:
    """The batch normalisation that what a layer gives leads to, given those that lie behind the layers after it."""
    for taker in (taker for value in node.outputs for taker in view.takers(value)):
        if taker.op.name == "batchnorm":
            norm = taker if getattr(taker.op, "track_running_stats", True) else None
        else:
            norm = behind[taker.path] if taker.op.family in BETWEEN else None
        if norm is not None:
            return norm
    return None
