"""A408: what is called `logits` is what a softmax or sigmoid gives.

Told of outputs and named values of the model that are called `logits`, alone or behind another word: `class_logits`.
`log_softmax` is not told of: taken twice it changes nothing, so that the loss is right all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.op import Trait
from archspec.passes.advice.view import View


@final
class NormalisedLogits(Diagnostic):
    """What is called `logits` is what a softmax or sigmoid gives: probabilities.

    Logits are what goes into a softmax. Whoever trains on them takes a loss that has a softmax of its own, such as
    `torch.nn.CrossEntropyLoss`; it would then be taken twice, and the network learn slowly and badly.

    Source: Goodfellow, Bengio and Courville, "Deep learning", 2016, section 6.2.2; `torch.nn.CrossEntropyLoss`: "the
    input is expected to contain the unnormalized logits".

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        output logits = linear(10) -> softmax
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        output logits = linear(10)
    }
    ```
    """

    code = "A408"
    name = "normalised-logits"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    called: str

    def message(self) -> str:
        return f"`{self.called}` is what `{self.op}` gives: probabilities, and no logits"

    def label(self) -> str:
        return f"this makes them probabilities, which `{self.called}` is then called"

    def help(self) -> str:
        return f"leave `{self.op}` to the loss, or say what is given: `probabilities`"


def find(view: View) -> Iterator[Diagnostic]:
    called = [(output.name, output.value.producer) for output in view.graph.outputs]
    called += [(name, path) for (path, _, _), name in view.graph.names.items()]
    for name, path in called:
        if name.lower().split("_")[-1] != "logits" or path not in view.givers:
            continue
        node = view.givers[path]
        if Trait.PROBABILITIES in node.op.traits:
            yield NormalisedLogits(node.span, node.op.name, name)
