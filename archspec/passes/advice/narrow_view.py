"""A411: a classifier that pools features over the whole image which see less than a quarter of each of its sides.

A quarter, because what matters of a receptive field is its middle (Luo et al., 2016), and because what sees a half can
tell what most images show. Told of poolings over all that is left of at least two axes of space, where no other way
leads to the output: a squeeze-and-excitation scales what flows on beside it. Features are what convolutions make.
Sequences are not told of, in which detectors of short phrases are the idea (Kim, "Convolutional neural networks for
sentence classification", 2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.graph import Node, Path, causes
from archspec.op import Family
from archspec.passes.advice.view import View
from archspec.sight import Everything, Sight, Sliding
from archspec.source import Span


@final
class NarrowView(Diagnostic):
    """A classifier that sees the image through small windows only, and pools what they see over the whole of it.

    No feature depends on more than a small part of the image, and the pooling forgets where each was found: the model
    counts local patterns, and cannot see what they form together. Deeper, with more strides or with dilation, it would
    see more.

    It is told where the features before a global pooling see less than a quarter of each side of the image and nothing
    leads around the pooling. A `flatten` keeps the places, and is no such pooling.

    Source: Brendel and Bethge, "Approximating CNNs with bag-of-local-features models works surprisingly well on
    ImageNet", 2019 (arXiv:1904.00760); Luo et al., "Understanding the effective receptive field in deep convolutional
    neural networks", 2016 (arXiv:1701.04128): what is really used of a receptive field is a fraction of it.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 2 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        global_avgpool -> flatten -> linear(10)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 5 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        global_avgpool -> flatten -> linear(10)
    }
    ```
    """

    code = "A411"
    name = "narrow-view"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    input: str
    seen: tuple[int, ...]
    sizes: tuple[int, ...]
    place: Span

    def message(self) -> str:
        seen, sizes = ("x".join(map(str, each)) for each in (self.seen, self.sizes))
        return f"no feature that is pooled here sees more than {seen} of the {sizes} positions of `{self.input}`"

    def label(self) -> str:
        return "from here on, nobody knows where each was seen"

    def help(self) -> str:
        return "let the layers before it see more: further layers, larger strides, or dilation"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, f"a position of this sees {'x'.join(map(str, self.seen))}"),)


PART: Final = 4
"""It is told where less than one in so many positions is seen."""


def find(view: View) -> Iterator[Diagnostic]:
    pools = [node for node in view.nodes if _pools_all(view, node)]
    if not pools or not any(node.op.family is Family.CONVOLUTION for node in view.nodes):
        return
    seen: Mapping[Path, Mapping[tuple[int, int], Sight]] = {}
    for node in pools:
        if _sees_enough(view, node):
            continue
        if not seen:
            from archspec.passes.receptive_field import sights

            seen = sights(view.graph)
        given = node.inputs[0]
        for number, image in enumerate(view.graph.inputs):
            sides = {axis: sight for (which, axis), sight in seen[given.producer].items() if which == number}
            narrow = _narrow(sides, image.shape.sizes, node)
            if narrow and not _leads_around(view, node.path, image.producer):
                place = view.giver(given)
                yield NarrowView(
                    node.span,
                    node.op.name,
                    image.name,
                    tuple(narrow.values()),
                    tuple(image.shape[axis] for axis in narrow),  # type: ignore[misc]  # They are numbers, all of them.
                    image.span if place is None else place.span,
                )


def _sees_enough(view: View, pool: Node) -> bool:
    """Whether one way from the image to a pooling shows that it sees enough. To look at all of them takes longer."""
    extent, value = 1, pool.inputs[0]
    axis = value.shape.rank - 1
    if len(view.graph.inputs) > 1:
        return False
    while (giver := view.giver(value)) is not None:
        # Of branches the first is followed: in a residual block that is the body, and the shortcut sees no more.
        sights = view.sights[giver.path][0]
        sight = None if sights is None or len(sights) <= axis else sights[axis]
        if not isinstance(sight, Sliding) or sight.axis != axis or len(sight.spans) != 1:
            return False
        (first, last), stride = sight.spans[0], sight.stride
        if not isinstance(first, int) or not isinstance(last, int) or not isinstance(stride, int):
            return False
        extent = (extent - 1) * stride + last - first + 1
        value = giver.inputs[0]
    size = value.shape[axis] if value.shape.rank > axis else None
    return isinstance(size, int) and extent * PART >= size


def _pools_all(view: View, node: Node) -> bool:
    """Whether a layer makes one number for each channel of all positions that there are."""
    if node.op.family not in (Family.POOLING, Family.REDUCTION) or node.inputs[0].shape.rank < 4:
        return False
    if node.op.family is Family.POOLING and set(node.output.shape[2:]) == {1}:
        return set(node.inputs[0].shape[2:]) != {1}
    sights = view.sights[node.path][0] or ()
    return all(isinstance(sight, Everything) for sight in sights[2:]) and not isinstance(sights[0], Everything)


def _narrow(sides: Mapping[int, Sight], sizes: tuple[object, ...], pool: Node) -> dict[int, int]:
    """What is seen of each side of an image, where that is little of all of them."""
    narrow: dict[int, int] = {}
    for axis, sight in sides.items():
        size = sizes[axis]
        if not isinstance(sight, Sliding) or sight.axis is None or sight.axis < 2:
            continue
        if not isinstance(size, int) or not isinstance(sight.size, int) or sight.size * PART >= size:
            return {}
        narrow[axis] = sight.size
    return narrow if len(narrow) > 1 else {}


def _leads_around(view: View, pool: Path, image: Path) -> bool:
    """Whether something leads from an image to an output without the pooling."""
    others = {path: node for path, node in view.graph.layers.items() if path != pool}
    return image in causes(others, [output.value.producer for output in view.graph.outputs])
