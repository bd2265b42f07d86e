"""A404: what is calculated and goes nowhere, though something else of the layer does not.

Told are parts of a `split` or `unstack` that nothing takes; layers with weights of which only the shape counts in the
end; and states of a cell that neither it nor the model around it reads. Other layers give several results whether one
wants them or not: nothing is said of the last memory of an `lstm`, nor of the places that a `topk` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Node, Path
from archspec.op import Trait
from archspec.passes.advice.view import View
from archspec.spelling import listed


@final
class UnusedResult(Diagnostic):
    """What is calculated goes nowhere, though the layer is used: a part of a result, or a state that nothing reads.

    That all of a layer leads nowhere is an error, A203. Here something else of it does lead on, so that the model can
    be built; but what is told of costs time, and perhaps weights that are never trained. It is told of a layer, too, of
    which only the shape counts in the end.

    Source: a value without a use is dead code; Aho, Lam, Sethi and Ullman, "Compilers: principles, techniques, and
    tools", 2006, section 9.1.6.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        left, right = linear(16) -> split(2)
        left -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(8) -> relu
    }
    ```
    """

    code = "A404"
    name = "unused-result"
    severity: ClassVar[Severity] = Severity.ADVICE
    what: str
    fact: str
    cure: str

    def message(self) -> str:
        return f"nothing uses {self.what}"

    def label(self) -> str:
        return self.fact

    def help(self) -> str:
        return self.cure


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        if Trait.CUT in node.op.traits:
            yield from _unused_parts(view, node)
        if node.op.holds_layers:
            yield from _unread_states(view, node)
    yield from _unseen(view)


def _unused_parts(view: View, node: Node) -> Iterator[Diagnostic]:
    unused = [view.names.get((each.producer, each.port), "") for each in node.outputs if not view.is_used(each)]
    if unused:
        yield UnusedResult(
            node.span,
            listed(unused, "and") if all(unused) else f"{len(unused)} of {len(node.outputs)} parts",
            f"`{node.op.name}` gives {'it, and it is' if len(unused) == 1 else 'them, and they are'} thrown away",
            "calculate only what is used; or take a part by `slice`, where the rest is there anyway",
        )


def _unread_states(view: View, node: Node) -> Iterator[Diagnostic]:
    from archspec.scan import Scan

    if not isinstance(node.op, Scan):
        return
    cell = View(node.op.cell)
    states = cell.graph.inputs[-len(node.op.states) :]
    # The first result is the first state at all positions; behind it come the last ones of all states.
    given = (node.outputs[0], *node.outputs[2:])
    for state, result in zip(states, given, strict=False):
        if not view.is_used(result) and not cell.is_used(state):
            yield UnusedResult(
                state.span,
                f"the state `{state.name}`",
                "neither the cell reads it nor the model around it",
                "remove it and its `next` line, or read it in the cell",
            )


def _unseen(view: View) -> Iterator[Diagnostic]:
    """Layers with weights whose numbers do not matter."""
    blind = {}
    for node in view.nodes:
        sights = view.sights[node.path]
        if None in sights:
            blind[node.path] = [
                value.producer for value, sight in zip(node.inputs, sights, strict=False) if sight is not None
            ]
    if not blind:
        return
    needed: set[Path] = {output.value.producer for output in view.graph.outputs}
    for node in reversed(view.nodes):
        if node.path in needed:
            needed.update(blind.get(node.path, [value.producer for value in node.inputs]))
    for node in view.nodes:
        if node.path not in needed and node.weights and node.shares is None:
            yield UnusedResult(
                node.span,
                f"the numbers that this `{node.op.name}` gives",
                "only its shape counts in the end, so that its weights are never trained",
                "take the shape from the value before it, and remove it",
            )
