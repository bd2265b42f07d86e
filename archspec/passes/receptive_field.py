"""The receptive field of each layer: what a position of its output sees of the inputs of the model.

What layers one after the other see is put together by `archspec.sight`; where several ways lead from an input to a
layer, the field is from the first position that one of them sees to the last. It is counted in positions of the input
(the pixels of an image), on beyond its ends into the padding, as if the input were larger. A global pooling, a fully
connected layer, attention or a recurrent layer sees everything from there on.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", 2019.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import gcd
from typing import TypeAlias, final

from msgspec import Struct

from archspec.graph import Graph, Node, Path
from archspec.sight import EVERYTHING, Everything, Sight, Sliding, along, pointwise, through, together
from archspec.size import Size, SizeError

Axis: TypeAlias = tuple[int, int]
"""An axis of an input of the model: the number of the input, and that of the axis."""


@final
class ReceptiveField(Struct, frozen=True):
    """What a position of a layer's output sees along one axis of an input of the model, in positions of that axis."""

    input: str
    axis: int

    size: Size | None
    """How many positions it sees, the most of them where that differs; `None` is all of them."""

    stride: tuple[Size, int] | None
    """How far the field moves: by so many positions of the input for so many of the output. Where these are several,
    it moves by more here and by less there. `None` where it is not known where the field is."""

    offset: Size | None
    """The first position that position 0 sees, negative in the padding. `None` where that is not known."""


def receptive_fields(graph: Graph) -> Mapping[Path, tuple[ReceptiveField, ...]]:
    """The receptive field of each layer along the axes of space, for each input that it depends on.

    The axes of space are those along which some layer sees more than one position, and not all. So a sequence has one
    where a convolution slides over its time, and none where attention sees all of it.
    """
    seen = sights(graph)
    different = {id(axes): axes for axes in seen.values()}
    spaces = sorted({axis for axes in different.values() for axis, sight in axes.items() if _is_window(sight)})
    fields = {
        key: tuple(_field(graph, axis, axes[axis]) for axis in spaces if axis in axes)
        for key, axes in different.items()
    }
    return {node.path: fields[id(seen[node.path])] for node in graph.nodes}


def sights(graph: Graph) -> Mapping[Path, Mapping[Axis, Sight]]:
    """What each input and layer sees of each axis of the inputs that it depends on."""
    seen: dict[Path, Mapping[Axis, Sight]] = {
        value.producer: {(number, axis): along(axis) for axis in range(value.shape.rank)}
        for number, value in enumerate(graph.inputs)
    }
    for node in graph.nodes:
        seen[node.path] = _seen_by(node, seen)
    return seen


def _seen_by(node: Node, seen: Mapping[Path, Mapping[Axis, Sight]]) -> Mapping[Axis, Sight]:
    if len(node.inputs) == 1 and node.applied.sees == (pointwise(node.inputs[0].shape.rank),):
        # Each position sees what the one that stands where it does has seen, as those of most layers do.
        return seen[node.inputs[0].producer]
    ways: dict[Axis, list[Sight]] = defaultdict(list)
    for value, layer in zip(node.inputs, node.applied.sees, strict=True):
        for axis, sight in seen[value.producer].items() if layer is not None else ():
            try:
                ways[axis].append(through(sight, layer or ()))
            except SizeError:
                # Of open sizes that are too long to be written down, nothing is known.
                ways[axis].append(EVERYTHING)
    return {axis: together(found) for axis, found in ways.items()}


def _is_window(sight: Sight) -> bool:
    return isinstance(sight, Sliding) and sight.axis is not None and sight.size != 1


def _field(graph: Graph, axis: Axis, sight: Sight) -> ReceptiveField:
    name, place = graph.inputs[axis[0]].name, axis[1]
    if isinstance(sight, Everything):
        return ReceptiveField(name, place, None, None, None)
    if not isinstance(sight, Sliding) or sight.axis is None:
        return ReceptiveField(name, place, sight.size, None, None)
    return ReceptiveField(name, place, sight.size, _in_lowest_terms(sight.stride, len(sight.spans)), sight.spans[0][0])


def _in_lowest_terms(dividend: Size, divisor: int) -> tuple[Size, int]:
    if not isinstance(dividend, int):
        return dividend, divisor
    common = gcd(dividend, divisor)
    return dividend // common, divisor // common
