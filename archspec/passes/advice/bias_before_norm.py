"""A403: a bias straight before a normalisation that takes it away again.

The normalisation must be the only thing that becomes of what the layer gives, in all uses of its weights. It must
subtract the mean of each feature that has a number in the bias: in `[B, T, features]` the channels are `T`, and the
bias of a `linear` stays. Layer and group normalisation take a mean over several channels, and leave the bias be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.graph import Node, Path
from archspec.op import Family, Trait
from archspec.passes.advice.view import View
from archspec.source import Span


@final
class BiasBeforeNorm(Diagnostic):
    """A bias straight before a normalisation that takes it away again.

    Batch normalisation subtracts the mean of each channel, and with it whatever was added to the whole channel. So the
    bias has no effect and no gradient; the normalisation has a bias of its own. Instance normalisation does the same.

    Source: Ioffe and Szegedy, "Batch normalization", 2015 (arXiv:1502.03167), section 3.2.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3) -> batchnorm -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> relu
    }
    ```
    """

    code = "A403"
    name = "bias-before-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    norm: str
    place: Span

    def message(self) -> str:
        return f"`{self.norm}` takes the bias of this `{self.op}` away again"

    def label(self) -> str:
        return "the bias adds a number to each channel, without any effect"

    def help(self) -> str:
        return "leave the bias out: `bias=false`; in YAML, `bias: false`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, "this takes away the mean of each channel"),)


def find(view: View) -> Iterator[Diagnostic]:
    norms: dict[Path, list[Node | None]] = {}
    for node in view.nodes:
        if node.op.family in (Family.CONVOLUTION, Family.LINEAR) and "bias" in node.weights:
            norms.setdefault(node.shares or node.path, []).append(_norm_behind(view, node))
    for path, found in norms.items():
        node, norm = view.graph.node(path), found[0]
        if norm is None or not all(found) or "bias" in node.ties:
            continue

        yield BiasBeforeNorm(node.span, node.op.name, norm.op.name, norm.span)


def _norm_behind(view: View, node: Node) -> Node | None:
    taker = view.only_taker(node.output)
    if taker is None or Trait.CENTRED not in taker.op.traits:
        return None
    return taker if node.op.family is Family.CONVOLUTION or node.output.shape.rank == 2 else None
