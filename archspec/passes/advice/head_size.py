"""A415: attention whose heads have less than 8 features, or an odd number of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.view import View


@final
class HeadSize(Diagnostic):
    """Attention with heads that are very small, or of an odd size.

    With few features, a head can tell few positions apart: the rank of the matrix of its scores is no higher than that
    number. Most models have 32 to 128. An odd size hints at a slip in the number of heads, and fast kernels for
    attention want multiples of 8.

    It is told of heads of less than 8 features, and of an odd number of them.

    Source: Bhojanapalli et al., "Low-rank bottleneck in multi-head attention models", 2020 (arXiv:2002.07028).

    Wrong:

    ```arch
    model Encoder {
        input x: [B, T, 100]
        attention(heads=20)
    }
    ```

    Right:

    ```arch
    model Encoder {
        input x: [B, T, 128]
        attention(heads=4)
    }
    ```
    """

    code = "A415"
    name = "head-size"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    heads: int
    size: int
    features: str
    fewer: int | None

    def message(self) -> str:
        counted = "feature" if self.size == 1 else "features"
        return f"each head has {self.size} {counted}: {'very few' if self.size < SMALL else 'an odd number'}"

    def label(self) -> str:
        return f"{self.features} features in {self.heads} heads" if self.features else f"in each of {self.heads} heads"

    def help(self) -> str:
        if self.fewer is None:
            return "use more features, or fewer heads"
        return (
            f"use more features, or fewer heads: `heads={self.fewer}` gives each {self.size * self.heads // self.fewer}"
        )


SMALL: Final = 8
"""It is told of heads with fewer features."""


USUAL: Final = 32
"""Few models have smaller heads."""


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        op: Any = node.op
        size = features_of_head(node)
        if size is None or (size >= SMALL and size % 2 == 0):
            continue

        features = node.inputs[0].shape[-1]
        if getattr(op, "head_features", None) is None and isinstance(features, int):
            yield HeadSize(node.span, op.heads, size, str(features), _fewer(features, op.heads))
        else:
            yield HeadSize(node.span, op.heads, size, "", None)


def features_of_head(node: Node) -> int | None:
    """How many features each head of a layer has, if it has heads and that is known."""
    heads, size = getattr(node.op, "heads", None), getattr(node.op, "head_features", None)
    if node.op.family is not Family.ATTENTION or not isinstance(heads, int):
        return None
    size = node.inputs[0].shape[-1] // heads if size is None else size
    return size if isinstance(size, int) else None


def _fewer(features: int, heads: int) -> int | None:
    """The most heads, of less than so many, that have the usual size, or at least one that is not small."""
    for least in (USUAL, SMALL):
        for number in range(min(heads - 1, features // least), 0, -1):
            if features % number == 0 and features // number % SMALL == 0:
                return number
    return None
