"""Findings about the figures that an `expect` line speaks of: A307."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Absence, Diagnostic, Suggesting
from archspec.spelling import did_you_mean


@final
class WrongFigure(Diagnostic, Suggesting):
    """A figure of a model is asked for in a way that it cannot be, or compared with what it cannot be compared with.

    Of a model there are `params`, `buffers`, `macs`, `flops`, `receptive_field`, and the memory that it needs,
    `memory(training, adam)` or `memory(inference)`, which is compared with bytes. Of a layer or group with a name there
    are the first five, such as `features.params`.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
        expect memory(training, adamw, B=32) < 16 GiB
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
        expect memory(training, adam, B=32) < 16 GiB
    }
    ```
    """

    code = "A307"
    name = "wrong-figure"
    follows_from = Absence.ANYTHING
    problem: str
    cure: str = ""
    suggestion: str | None = None

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.cure
