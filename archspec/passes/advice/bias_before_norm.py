"""A403: a bias straight before a normalisation that takes it away again.

The normalisation must be the only thing that becomes of what the layer gives, in all uses of its weights. It must
subtract the mean of each feature that has a number in the bias: in `[B, T, features]` the channels are `T`, and the
bias of a `linear` stays. Layer and group normalisation take a mean over several channels, and leave the bias be.
"""

from __future__ import annotations

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic
from archspec.graph import Node, Path
from archspec.op import Family
from archspec.passes.advice.view import View

NORMS = frozenset({"batchnorm", "instancenorm"})


def find(view: View) -> Iterator[Diagnostic]:
    norms: dict[Path, list[Node | None]] = {}
    for node in view.nodes:
        if node.op.family in (Family.CONVOLUTION, Family.LINEAR) and "bias" in node.weights:
            norms.setdefault(node.shares or node.path, []).append(_norm_behind(view, node))
    for path, found in norms.items():
        node, norm = view.graph.node(path), found[0]
        if norm is None or not all(found) or "bias" in node.ties:
            continue
        from archspec.catalog.advice import BiasBeforeNorm

        yield BiasBeforeNorm(node.span, node.op.name, norm.op.name, norm.span)


def _norm_behind(view: View, node: Node) -> Node | None:
    taker = view.only_taker(node.output)
    if taker is None or taker.op.name not in NORMS:
        return None
    return taker if node.op.family is Family.CONVOLUTION or node.output.shape.rank == 2 else None
