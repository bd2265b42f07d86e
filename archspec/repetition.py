"""Which passes of a repeat are alike, so that a figure can say `x6`, and source have a loop.

A graph has every pass written out. Two passes are alike when they have the same layers in the same order, with the same
settings and shapes, joined in the same way, to each other and to what is around the repeat; names do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, final

from msgspec import Struct

from archspec.graph import Graph, Node, Path, Repetition, Value
from archspec.op import Op
from archspec.scan import Scan

Source: TypeAlias = tuple[str, Any, int, Any]
"""Where a value comes from: what kind of place, which one there, which output of it, and its shape."""


@final
class Run(Struct, frozen=True):
    """Passes in a row that are alike."""

    first: tuple[Path, ...]
    """The layers and groups of the first of them."""

    times: int


def runs(graph: Graph, repetition: Repetition) -> tuple[Run, ...]:
    """The passes of a repeat, those that are alike and follow each other taken together."""
    found: list[Run] = []
    passes = [_Pass(graph, members) for members in repetition.passes]
    for number, each in enumerate(passes):
        before = passes[number - 1] if number else None
        if before is not None and _are_alike(before, each, passes[number - 2] if number > 1 else None):
            found[-1] = Run(found[-1].first, found[-1].times + 1)
        else:
            found.append(Run(repetition.passes[number], 1))
    return tuple(found)


@final
class _Pass:
    """The layers of one pass, by number."""

    def __init__(self, graph: Graph, members: Sequence[Path]) -> None:
        self.nodes = [node for member in members for node in _inside(graph, member)]
        self.numbers = {node.path: number for number, node in enumerate(self.nodes)}

    def source(self, value: Value, before: _Pass | None) -> Source:
        """Where a value comes from that a layer of this pass takes."""
        if value.producer in self.numbers:
            return ("here", self.numbers[value.producer], value.port, value.shape)
        if before is not None and value.producer in before.numbers:
            # A pass hands on one value, whichever of its layers gives it.
            return ("before", None, 0, value.shape)
        return ("outside", value.producer, value.port, value.shape)


def _are_alike(one: _Pass, other: _Pass, before: _Pass | None) -> bool:
    """Whether two passes that follow each other are alike."""
    return len(one.nodes) == len(other.nodes) and all(
        _same_layer(mine, its, one, other, before) for mine, its in zip(one.nodes, other.nodes, strict=True)
    )


def _same_layer(mine: Node, its: Node, one: _Pass, other: _Pass, before: _Pass | None) -> bool:
    if not _same_op(mine.op, its.op) or mine.init != its.init or len(mine.inputs) != len(its.inputs):
        return False
    if not (_same_owner(mine.shares, its.shares, one, other) and mine.ties == its.ties):
        return False
    for value, its_value in zip(mine.inputs, its.inputs, strict=True):
        source, its_source = one.source(value, before), other.source(its_value, one)
        # What the first pass takes from outside of the repeat, the next may take from the first.
        is_carried = its_source[0] == "before" and source[0] == "outside" and source[3] == its_source[3]
        if source != its_source and not is_carried:
            return False
    return True


def _same_owner(mine: Path | None, its: Path | None, one: _Pass, other: _Pass) -> bool:
    """Whether two layers have the weights of the same layer, or of such as stand alike in their passes."""
    if mine is None or its is None or mine == its:
        return mine == its
    return mine in one.numbers and one.numbers[mine] == other.numbers.get(its)


def _same_op(mine: Op, its: Op) -> bool:
    if isinstance(mine, Scan) and isinstance(its, Scan):
        return mine.direction == its.direction and _same_cell(mine.cell, its.cell)
    return mine == its


def _same_cell(mine: Graph, its: Graph) -> bool:
    one, other = (_Pass(each, [node.path for node in each.nodes]) for each in (mine, its))
    results = [
        [each.source(output.value, None) for output in graph.outputs] for graph, each in ((mine, one), (its, other))
    ]
    return _are_alike(one, other, None) and results[0] == results[1]


def _inside(graph: Graph, path: Path) -> Iterator[Node]:
    """The layers at a path, or in the group there."""
    groups: Mapping[Path, Any] = graph.groups
    if path not in groups:
        yield graph.node(path)
        return
    for member in graph.members(path):
        yield from _inside(graph, member.path)
