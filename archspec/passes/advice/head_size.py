"""A415: attention whose heads have less than 8 features, or an odd number of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from archspec.diagnostics import Diagnostic
from archspec.graph import Node
from archspec.passes.advice.view import View

SMALL: Final = 8

USUAL: Final = 32
"""Few models have smaller heads."""


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        op: Any = node.op
        size = features_of_head(node)
        if size is None or (size >= SMALL and size % 2 == 0):
            continue
        from archspec.catalog.advice import HeadSize

        features = node.inputs[0].shape[-1]
        if op.head_features is None and isinstance(features, int):
            yield HeadSize(node.span, op.heads, size, str(features), _fewer(features, op.heads))
        else:
            yield HeadSize(node.span, op.heads, size, "", None)


def features_of_head(node: Node) -> int | None:
    """How many features each head of a layer has, if it has heads and that is known."""
    if node.op.name != "attention":
        return None
    op: Any = node.op
    size = node.inputs[0].shape[-1] // op.heads if op.head_features is None else op.head_features
    return size if isinstance(size, int) else None


def _fewer(features: int, heads: int) -> int | None:
    """The most heads, of less than so many, that have the usual size, or at least one that is not small."""
    for least in (USUAL, SMALL):
        for number in range(min(heads - 1, features // least), 0, -1):
            if features % number == 0 and features // number % SMALL == 0:
                return number
    return None
