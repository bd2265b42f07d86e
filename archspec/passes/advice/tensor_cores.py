"""A416: a number of features that is no multiple of 8. Told only when the set `performance` is asked for.

Told where the features are made, by a convolution without groups, a fully connected layer or the heads of attention,
unless they are what the model gives: how many classes there are is not for the model to choose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from archspec.diagnostics import Diagnostic
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.head_size import features_of_head
from archspec.passes.advice.view import View
from archspec.size import Size

TILE: Final = 8


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        what, size = _made(node)
        if isinstance(size, int) and size % TILE and not view.is_result(node.output):
            from archspec.catalog.advice import TensorCores

            yield TensorCores(node.span, what, size)


def _made(node: Node) -> tuple[str, Size | None]:
    """What a layer makes, and how many of it."""
    op: Any = node.op
    if op.family is Family.CONVOLUTION and op.groups == 1:
        return "channels", op.channels
    if op.family is Family.LINEAR:
        return "features", getattr(op, "features", None)
    return "features of each head", features_of_head(node)
