"""A413: dropout with a batch normalisation behind it, straight or behind layers with weights.

What stands between may be convolutions, fully connected layers, activations, poolings and what moves numbers around;
beyond a sum of branches nothing is said. A batch normalisation that always takes the statistics of the batch has no
others to be wrong. `alpha_dropout` keeps the variance, and `stochastic_depth` is for whole branches: both are passed
over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.graph import Node, Path
from archspec.op import Family, Trait
from archspec.passes.advice.view import View
from archspec.source import Span


@final
class DropoutBeforeNorm(Diagnostic):
    """Dropout with a batch normalisation behind it.

    In training, dropout makes the variance of what flows on larger; in evaluation it does nothing. The batch
    normalisation keeps the variance that it saw in training, and uses it in evaluation, where it is wrong. It does not
    help that a layer with weights stands between the two.

    Source: Li, Chen, Hu and Yang, "Understanding the disharmony between dropout and batch normalization by variance
    shift", 2019 (arXiv:1801.05134).

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> dropout(0.5) -> linear(16, bias=false) -> batchnorm -> relu -> linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> linear(16, bias=false) -> batchnorm -> relu -> dropout(0.5) -> linear(2)
    }
    ```
    """

    code = "A413"
    name = "dropout-before-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    norm: str
    place: Span

    def message(self) -> str:
        return f"`{self.op}` stands before a `{self.norm}`, whose statistics are then wrong in evaluation"

    def label(self) -> str:
        return "this makes the variance larger, in training only"

    def help(self) -> str:
        return f"put `{self.op}` behind the last `{self.norm}`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, "this keeps the variance of training for evaluation"),)


BETWEEN = frozenset(
    {Family.CONVOLUTION, Family.LINEAR, Family.ACTIVATION, Family.POOLING, Family.RESHAPING, Family.REGULARISATION}
)


def find(view: View) -> Iterator[Diagnostic]:
    if not any(map(_keeps_statistics, view.nodes)):
        return
    behind: dict[Path, Node | None] = {}
    for node in reversed(view.nodes):
        norm = behind[node.path] = _norm_behind(view, node, behind)
        if norm is not None and Trait.DROPPED in node.op.traits and getattr(node.op, "rate", 1) > 0:
            yield DropoutBeforeNorm(node.span, node.op.name, norm.op.name, norm.span)


def _keeps_statistics(node: Node) -> bool:
    """Whether a layer normalises by what it has seen in training: that is what it keeps, and does not train."""
    return node.op.family is Family.NORMALISATION and bool(node.buffers)


def _norm_behind(view: View, node: Node, behind: Mapping[Path, Node | None]) -> Node | None:
    """The normalisation that what a layer gives leads to, given those that lie behind the layers after it."""
    for taker in (taker for value in node.outputs for taker in view.takers(value)):
        if taker.op.family is Family.NORMALISATION:
            norm = taker if _keeps_statistics(taker) else None
        else:
            norm = behind[taker.path] if taker.op.family in BETWEEN else None
        if norm is not None:
            return norm
    return None
