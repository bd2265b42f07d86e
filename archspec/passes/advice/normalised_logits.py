"""A408: what is called `logits` is what a softmax or sigmoid gives.

Told of outputs and named values of the model that are called `logits`, alone or behind another word: `class_logits`.
`log_softmax` is not told of: taken twice it changes nothing, so that the loss is right all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic
from archspec.passes.advice.view import View

PROBABILITIES = frozenset({"softmax", "sigmoid", "softmin", "hardsigmoid"})


def find(view: View) -> Iterator[Diagnostic]:
    called = [(output.name, output.value.producer) for output in view.graph.outputs]
    called += [(name, path) for (path, _, _), name in view.graph.names.items()]
    for name, path in called:
        if name.lower().split("_")[-1] != "logits" or path not in view.givers:
            continue
        node = view.givers[path]
        if node.op.name in PROBABILITIES:
            from archspec.catalog.advice import NormalisedLogits

            yield NormalisedLogits(node.span, node.op.name, name)
