"""A412: `padding=same` with a kernel that covers an even number of positions, in a convolution.

A pooling is not told of: its window is mostly as wide as its stride, and its padding is there for the last window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archspec.diagnostics import Diagnostic
from archspec.op import Family
from archspec.passes.advice.view import View


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        op: Any = node.op
        if op.family is not Family.CONVOLUTION or getattr(op, "padding", None) != "same":
            continue
        windows = op.windows(node.inputs[0].shape)
        uneven = next((each for each in windows if each.before != each.after), None)
        if uneven is not None and isinstance(uneven.kernel, int):
            from archspec.catalog.advice import UnevenPadding

            pairs = ", ".join(f"[{each.before}, {each.after}]" for each in windows)
            yield UnevenPadding(node.span, uneven.kernel, uneven.before, uneven.after, f"[{pairs}]")
