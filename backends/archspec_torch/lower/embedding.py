"""Embeddings."""

from __future__ import annotations

from typing import Any

from archspec.ops.embedding import Embedding, EmbeddingBag
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Passing
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: Embedding, x: Shape) -> Call:
    return Call("nn.Embedding", *_table(op))


@lower.register
def _(op: EmbeddingBag, x: Shape, weight: Shape | None = None) -> Call:
    sizes, options = _table(op)
    options = changed(mode=(op.mode, "mean")) | options
    passing = None if weight is None else Passing((Given(0),), {"per_sample_weights": Given(1)})
    return Call("nn.EmbeddingBag", sizes, options, passing=passing)


def _table(op: Embedding | EmbeddingBag) -> tuple[tuple[int, int], dict[str, Any]]:
    """The arguments of a table of vectors."""
    padding = None if op.padding_index is None else number(op, "its padding_index", op.padding_index)
    sizes = number(op, "its entries", op.entries), number(op, "its features", op.features)
    return sizes, changed(padding_idx=(padding, None))
