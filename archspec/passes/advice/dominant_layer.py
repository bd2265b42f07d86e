"""A414: one layer on flattened features that holds most of the parameters of a large model.

Told of a `linear` behind a `flatten` of a map that convolutions made. Embeddings are as large as their vocabulary, and
nothing is said of them; nor of a network without convolutions, whose first layer is the largest by nature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.graph import Node
from archspec.op import Family
from archspec.passes.advice.view import View
from archspec.source import Span


@final
class DominantLayer(Diagnostic):
    """One layer on flattened features that holds most of the parameters of a large model.

    A fully connected layer on all positions of a map has a weight for each of them, so that a map that is large still,
    because a pooling or a stride is missing, costs more than all that came before.

    It is told where the layer holds ten million parameters or more, and over four times as many as all others together.
    AlexNet and VGG, whose first fully connected layer has 62 % and up to 80 %, are below that.

    Source: Lin, Chen and Yan, "Network in network", 2013 (arXiv:1312.4400), section 3.2, on global average pooling in
    its place.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        conv(64, kernel=3, stride=2, padding=1) -> relu
        flatten -> linear(128) -> relu -> linear(10)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 5 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        flatten -> linear(128) -> relu -> linear(10)
    }
    ```
    """

    code = "A414"
    name = "dominant-layer"
    severity: ClassVar[Severity] = Severity.ADVICE
    parameters: int
    share: int
    features: int
    map: str
    place: Span

    def message(self) -> str:
        return f"this layer holds {self.share} % of all parameters of the model: {self.parameters:,}"

    def label(self) -> str:
        return f"a weight for each of {self.features:,} numbers, and each feature"

    def help(self) -> str:
        return "make the map smaller before it: further strides or poolings, `adaptive_avgpool`, or `global_avgpool`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, f"this flattens {self.map}"),)


MANY: Final = 10_000_000
"""A layer with fewer parameters, which are 40 MB, does not weigh much, whatever share it has."""

TIMES: Final = 4
"""It is told of more than so many times what all others have. VGG-11 with ten classes has just below that."""

BETWEEN: Final = frozenset({Family.ACTIVATION, Family.REGULARISATION, Family.NORMALISATION})
"""What may stand between the map, what flattens it, and the layer, and changes no size."""


def find(view: View) -> Iterator[Diagnostic]:
    for node in view.nodes:
        own = node.parameters if node.op.family is Family.LINEAR else 0
        if not isinstance(own, int) or own < MANY:
            continue
        total, flat = view.parameters, _flattened(view, node)
        if flat is None or not isinstance(total, int) or own <= TIMES * (total - own):
            continue
        features = node.inputs[0].shape[-1]
        if isinstance(features, int):
            share = own * 100 // total
            yield DominantLayer(node.span, own, share, features, str(flat.inputs[0].shape), flat.span)


def _flattened(view: View, node: Node) -> Node | None:
    """The layer that flattens the map of features that another takes."""
    flat = view.giver(node.inputs[0])
    while flat is not None and flat.op.family in BETWEEN:
        flat = view.giver(flat.inputs[0])
    if flat is None or flat.op.family is not Family.RESHAPING or flat.inputs[0].shape.rank < 3:
        return None
    before = view.giver(flat.inputs[0])
    while before is not None and (before.op.family in BETWEEN or before.op.family is Family.POOLING):
        before = view.giver(before.inputs[0])
    return flat if before is not None and before.op.family is Family.CONVOLUTION else None
