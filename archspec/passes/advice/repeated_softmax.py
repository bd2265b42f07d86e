"""A407: a softmax of what is a softmax already, along the same axis.

Straight behind it, or behind layers that do nothing in evaluation. Along another axis it is something else: matchings
are made by turns along rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.graph import Node
from archspec.op import Family, Trait
from archspec.passes.advice.view import View
from archspec.passes.advice.wording import again, unless_again
from archspec.source import Span


@final
class RepeatedSoftmax(Diagnostic):
    """A softmax of what is a softmax already, along the same axis.

    The probabilities that the first gives lie between 0 and 1, so that those of the second are all alike: with ten
    classes, none is above 0.24. The network can say nothing for sure any more, and its gradients are small.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990: a softmax takes
    numbers from everywhere, and gives probabilities.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(10) -> softmax -> log_softmax
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(10) -> log_softmax
    }
    ```
    """

    code = "A407"
    name = "repeated-softmax"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span

    def message(self) -> str:
        second = f"another `{self.second}`" if self.first == self.second else f"`{self.second}`"
        return f"{second} is taken of what `{self.first}` gives"

    def label(self) -> str:
        return again(self, self.place) or "its input is normalised already"

    def help(self) -> str:
        if self.second == "log_softmax":
            return f"take `log_softmax` of the layer before, without `{self.first}`"
        return f"remove `{self.second}`"

    def related(self) -> tuple[Related, ...]:
        return unless_again(self, self.place, "this normalises it first")


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        if Trait.SHARES not in node.op.traits:
            continue
        first = view.giver(node.inputs[0])
        while first is not None and first.op.family is Family.REGULARISATION:
            first = view.giver(first.inputs[0])
        if first is not None and Trait.SHARES in first.op.traits and _axis(first) == _axis(node):
            yield RepeatedSoftmax(node.span, first.op.name, node.op.name, first.span)


def _axis(node: Node) -> int:
    op: Any = node.op
    return int(op.axis) % node.output.shape.rank
