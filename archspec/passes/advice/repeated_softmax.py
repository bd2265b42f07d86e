"""A407: a softmax of what is a softmax already, along the same axis.

Straight behind it, or behind layers that do nothing in evaluation. Along another axis it is something else: matchings
are made by turns along rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archspec.diagnostics import Diagnostic
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.view import View

SOFTMAX = frozenset({"softmax", "log_softmax", "softmin", "gumbel_softmax"})


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        if node.op.name not in SOFTMAX:
            continue
        first = view.giver(node.inputs[0])
        while first is not None and first.op.family is Family.REGULARISATION:
            first = view.giver(first.inputs[0])
        if first is not None and first.op.name in SOFTMAX and _axis(first) == _axis(node):
            from archspec.catalog.advice import RepeatedSoftmax

            yield RepeatedSoftmax(node.span, first.op.name, node.op.name, first.span)


def _axis(node: Node) -> int:
    op: Any = node.op
    return int(op.axis) % node.output.shape.rank
