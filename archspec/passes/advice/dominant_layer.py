"""A414: one layer on flattened features that holds most of the parameters of a large model.

Told of a `linear` behind a `flatten` of a map that convolutions made. Embeddings are as large as their vocabulary, and
nothing is said of them; nor of a network without convolutions, whose first layer is the largest by nature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.view import View

MANY: Final = 10_000_000
"""A layer with fewer parameters, which are 40 MB, does not weigh much, whatever share it has."""

TIMES: Final = 4
"""It is told of more than so many times what all others have. VGG-11 with ten classes has just below that."""

BETWEEN = frozenset({Family.ACTIVATION, Family.REGULARISATION, Family.NORMALISATION})


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        own = node.parameters if node.op.family is Family.LINEAR else 0
        if not isinstance(own, int) or own < MANY:
            continue
        total, flat = view.parameters, _flattened(view, node)
        if flat is None or not isinstance(total, int) or own <= TIMES * (total - own):
            continue
        features = node.inputs[0].shape[-1]
        if isinstance(features, int):
            from archspec.catalog.advice import DominantLayer

            share = own * 100 // total
            yield DominantLayer(node.span, own, share, features, str(flat.inputs[0].shape), flat.span)


def _flattened(view: View, node: Node) -> Node | None:
    """The layer that flattens the map of features that another takes."""
    flat = view.giver(node.inputs[0])
    while flat is not None and flat.op.family in BETWEEN:
        flat = view.giver(flat.inputs[0])
    if flat is None or flat.op.family is not Family.RESHAPING or flat.inputs[0].shape.rank < 3:
        return None
    before = view.giver(flat.inputs[0])
    while before is not None and (before.op.family in BETWEEN or before.op.family is Family.POOLING):
        before = view.giver(before.inputs[0])
    return flat if before is not None and before.op.family is Family.CONVOLUTION else None
