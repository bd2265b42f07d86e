"""A406: two normalisations with no layer between them, where nothing else becomes of the first.

Told of those that set mean and variance, or the mean square, of features that were trained. A `unitnorm` behind one of
them is how embeddings are made that are compared, and `local_response_norm` does not set anything to a fixed value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.op import Family, Trait
from archspec.passes.advice.view import View
from archspec.passes.advice.wording import again, unless_again
from archspec.source import Span


@final
class RepeatedNorm(Diagnostic):
    """Two normalisations with no layer between them.

    What comes out of the first has a mean and a variance that are trained; the second sets both anew, so that what the
    first has learned of them is lost, all of it or for the most part.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016 (arXiv:1607.06450), section 5.1, on what normalisations do
    not see.

    Wrong:

    ```arch
    model Encoder {
        input tokens: [B, T, 16]
        linear(32) -> layernorm -> rmsnorm -> gelu
    }
    ```

    Right:

    ```arch
    model Encoder {
        input tokens: [B, T, 16]
        linear(32) -> layernorm -> gelu
    }
    ```
    """

    code = "A406"
    name = "repeated-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span

    def message(self) -> str:
        second = f"a second `{self.second}`" if self.first == self.second else f"`{self.second}`"
        first = "the first" if self.first == self.second else f"`{self.first}`"
        return f"{second} stands straight behind {first}, with no layer between them"

    def label(self) -> str:
        return again(self, self.place) or "this sets mean and variance anew"

    def help(self) -> str:
        return "remove one of the two, or put the missing layer between them"

    def related(self) -> tuple[Related, ...]:
        return unless_again(self, self.place, "what this has learned of them is lost")


def find(view: View) -> Iterator[Diagnostic]:
    for first, second in view.pairs(Family.NORMALISATION, Family.NORMALISATION):
        if Trait.STANDARDISED in first.op.traits & second.op.traits and view.only_taker(first.output) is not None:
            yield RepeatedNorm(second.span, first.op.name, second.op.name, first.span)
