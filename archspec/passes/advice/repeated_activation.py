"""A405: two activations with no layer between them.

Of two that are alike and whose second changes nothing, it is told wherever they stand. Of others it is told only where
nothing else becomes of the first, and only of those that layers have: `softplus` before `tanh` is how `mish` is written
out, a `glu` is a gate with a product in it, and a softmax has advice of its own.
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
class RepeatedActivation(Diagnostic):
    """Two activations with no layer between them.

    A second `relu` changes nothing. Of two different ones the second works on what the first has cut or squeezed:
    `sigmoid` behind `relu` gives 0.5 and more only. Mostly one of them was meant to go, or the layer between them is
    missing.

    Source: Goodfellow, Bengio and Courville, "Deep learning", 2016, chapter 6: a layer is a linear map, and one
    activation.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> sigmoid -> linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> linear(16) -> sigmoid -> linear(2)
    }
    ```
    """

    code = "A405"
    name = "repeated-activation"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span
    is_idle: bool
    """Whether the second changes nothing at all."""

    def message(self) -> str:
        if self.is_idle:
            return f"a second `{self.second}` straight behind the first changes nothing"
        return f"`{self.second}` stands straight behind `{self.first}`, with no layer between them"

    def label(self) -> str:
        return again(self, self.place)

    def help(self) -> str:
        return "remove one of the two, or put the missing layer between them"

    def related(self) -> tuple[Related, ...]:
        return unless_again(self, self.place, "the first activation")


def find(view: View) -> Iterator[Diagnostic]:
    for first, second in view.pairs(Family.ACTIVATION, Family.ACTIVATION):
        traits = first.op.traits & second.op.traits
        if Trait.SHARES in traits:
            continue
        is_idle = first.op == second.op and Trait.IDEMPOTENT in traits
        if is_idle or (Trait.BETWEEN_LAYERS in traits and view.only_taker(first.output) is not None):
            yield RepeatedActivation(second.span, first.op.name, second.op.name, first.span, is_idle)
