"""A412: `padding=same` with a kernel that covers an even number of positions, in a convolution.

A pooling is not told of: its window is mostly as wide as its stride, and its padding is there for the last window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.op import Family
from archspec.passes.advice.view import View


@final
class UnevenPadding(Diagnostic):
    """`padding=same` with an even kernel pads one side more than the other.

    The output is then shifted against the input by half a position, to the same side in each such layer, so that over
    many layers features move towards a corner; and frameworks do not agree on the side.

    Source: Wu et al., "Convolution with even-sized kernels and symmetric padding", 2019 (arXiv:1903.08385).

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=4, padding=same)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=same)
    }
    ```
    """

    code = "A412"
    name = "uneven-padding"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    kernel: int
    before: int
    after: int
    pairs: str

    def message(self) -> str:
        return f"with a kernel of {self.kernel}, `padding=same` pads one side more than the other"

    def label(self) -> str:
        return f"{self.before} before and {self.after} behind"

    def help(self) -> str:
        return f"use an odd kernel; or say which side you mean: `padding={self.pairs}`"


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        op: Any = node.op
        if op.family is not Family.CONVOLUTION or getattr(op, "padding", None) != "same":
            continue
        windows = op.windows(node.inputs[0].shape)
        uneven = next((each for each in windows if each.before != each.after), None)
        if uneven is not None and isinstance(uneven.kernel, int):
            pairs = ", ".join(f"[{each.before}, {each.after}]" for each in windows)
            yield UnevenPadding(node.span, uneven.kernel, uneven.before, uneven.after, f"[{pairs}]")
