"""A416: a number of features that is no multiple of 8. Told only when the set `performance` is asked for.

Told where the features are made, by a convolution without groups, a fully connected layer or the heads of attention,
unless they are what the model gives: how many classes there are is not for the model to choose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.head_size import features_of_head
from archspec.passes.advice.view import View
from archspec.size import Size


@final
class TensorCores(Diagnostic):
    """A number of features that is no multiple of 8: the tensor cores of a GPU cannot be used to the full.

    Matrices of 16-bit numbers are multiplied in tiles whose sides are multiples of 8. What does not fill a tile is
    padded, or calculated by slower units.

    It belongs to the set `performance`, which is told only when asked for: `archspec check --select performance`. What
    the model gives, such as its classes, is not told of, nor are convolutions in groups.

    Source: NVIDIA, "Matrix multiplication background user's guide", section 4, "Requirements to use tensor cores".

    Wrong:

    ```arch select=performance
    model Classifier {
        input x: [B, 64]
        linear(100) -> relu -> linear(10)
    }
    ```

    Right:

    ```arch select=performance
    model Classifier {
        input x: [B, 64]
        linear(104) -> relu -> linear(10)
    }
    ```
    """

    code = "A416"
    name = "tensor-cores"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    what: str
    size: int

    def message(self) -> str:
        return f"{self.size} {self.what} are no multiple of {TILE}, which tensor cores want"

    def help(self) -> str:
        below = self.size // TILE * TILE
        return f"use {below} or {below + TILE}" if below else f"use {TILE}"


TILE: Final = 8
"""The sides of what tensor cores multiply are multiples of this."""


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        what, size = _made(node)
        if isinstance(size, int) and size % TILE and not view.is_result(node.output):
            yield TensorCores(node.span, what, size)


def _made(node: Node) -> tuple[str, Size | None]:
    """What a layer makes, and how many of it."""
    op: Any = node.op
    if op.family is Family.CONVOLUTION and op.groups == 1:
        return "channels", op.channels
    if op.family is Family.LINEAR:
        return "features", getattr(op, "features", None)
    return "features of each head", features_of_head(node)
