"""Which positions along an axis of a value are read, where convolutions and poolings are all that takes it.

Several layers may take one value, and what one of them does not read another may. Positions that are read are counted,
so that padding plays no part. Taps that are apart within a window count as if all between were read.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm
from typing import Final, final

from msgspec import Struct

from archspec.graph import Node, Value
from archspec.op import Family
from archspec.passes.advice.view import View
from archspec.sight import Sights, Sliding
from archspec.size import Size

LONGEST: Final = 100_000
"""On a longer axis that several layers read, positions are not looked at one by one."""


@final
class Reader(Struct, frozen=True):
    """How a layer reads along an axis: so many windows, the first from here to there, each a stride further on."""

    first: int
    last: int
    stride: int
    windows: Size

    @property
    def extent(self) -> int:
        return self.last - self.first + 1


def readings(view: View) -> Iterator[tuple[Value, tuple[Node, ...], dict[int, tuple[Reader, ...]]]]:
    """Values that only convolutions and poolings take, these, and how they read along each axis that all slide over."""
    values = [*view.graph.inputs, *(value for node in view.nodes for value in node.outputs)]
    for value in values:
        takers = view.takers(value)
        if takers and not view.is_result(value) and all(_is_sliding(node) for node in takers):
            found = [_readers(node, view.sights[node.path][0]) for node in takers]
            axes = {axis: tuple(each.get(axis) for each in found) for axis in range(2, value.shape.rank)}
            known = {axis: tuple(each for each in readers if each is not None) for axis, readers in axes.items()}
            yield value, tuple(takers), {axis: each for axis, each in known.items() if len(each) == len(takers)}


def _is_sliding(node: Node) -> bool:
    return node.op.family in (Family.CONVOLUTION, Family.POOLING) and len(node.inputs) == 1


def _readers(node: Node, sights: Sights) -> dict[int, Reader]:
    readers = {}
    for axis, sight in enumerate(sights or ()):
        if isinstance(sight, Sliding) and sight.axis == axis and len(sight.spans) == 1:
            (first, last), stride = sight.spans[0], sight.stride
            if isinstance(first, int) and isinstance(last, int) and isinstance(stride, int) and stride > 0:
                readers[axis] = Reader(first, last, stride, node.output.shape[axis])
    return readers


def skipped(readers: tuple[Reader, ...], size: Size) -> tuple[int, int] | None:
    """How many positions are read, of how many, where there are some between two windows that nobody reads."""
    if any(each.stride <= each.extent or each.windows == 1 for each in readers) or size == 1:
        return None
    turn = lcm(*(each.stride for each in readers))
    if turn > LONGEST:
        return None
    read = {
        place % turn
        for each in readers
        for start in range(0, turn, each.stride)
        for place in range(start + each.first, start + each.last + 1)
    }
    return (len(read), turn) if len(read) < turn else None


def dropped(readers: tuple[Reader, ...], size: int) -> int:
    """How many positions at the end of an axis nobody reads."""
    last = 0
    for each in readers:
        if not isinstance(each.windows, int):
            return 0
        last = max(last, each.last + (each.windows - 1) * each.stride + 1)
    return max(0, size - last)
