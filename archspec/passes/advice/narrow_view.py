"""A411: a classifier that pools features over the whole image which see less than a quarter of each of its sides.

A quarter, because what matters of a receptive field is its middle (Luo et al., 2016), and because what sees a half can
tell what most images show. Told of poolings over all that is left of at least two axes of space, where no other way
leads to the output: a squeeze-and-excitation scales what flows on beside it. Features are what convolutions make.
Sequences are not told of, in which detectors of short phrases are the idea (Kim, "Convolutional neural networks for
sentence classification", 2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.graph import Node, Path
from archspec.op import Family
from archspec.passes.advice.view import View
from archspec.sight import Everything, Sight, Sliding

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
                from archspec.catalog.advice import NarrowView

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
    waiting = [output.value.producer for output in view.graph.outputs]
    known = {pool}
    while waiting:
        path = waiting.pop()
        if path == image:
            return True
        if path not in known:
            known.add(path)
            waiting += view.graph.network.predecessors(path)
    return False
