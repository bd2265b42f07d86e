"""A graph as rules of advice look at it: which layers take a value, and which layer gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeAlias, final

from msgspec import Struct

from archspec.diagnostics import Related
from archspec.graph import Graph, Node, Path, Value
from archspec.op import Family, Trait
from archspec.sight import Sights
from archspec.size import Size
from archspec.source import Span

Key: TypeAlias = tuple[Path, int]
"""A value: what gives it, and which of its outputs it is."""


@final
class View(Struct, frozen=True, dict=True):
    """A model, or a cell in it."""

    graph: Graph

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        return self.graph.nodes

    @cached_property
    def givers(self) -> Mapping[Path, Node]:
        """The layers, by path."""
        return {node.path: node for node in self.nodes}

    @cached_property
    def _takers(self) -> Mapping[Key, list[Node]]:
        takers: dict[Key, list[Node]] = {}
        for node in self.nodes:
            for key in dict.fromkeys((value.producer, value.port) for value in node.inputs):
                takers.setdefault(key, []).append(node)
        return takers

    @cached_property
    def _results(self) -> frozenset[Key]:
        return frozenset((output.value.producer, output.value.port) for output in self.graph.outputs)

    @cached_property
    def names(self) -> Mapping[Key, str]:
        """What the spec calls values, by the name that is said furthest inside."""
        return {(path, port): name for (path, port, _), name in self.graph.names.items()}

    @cached_property
    def kinds(self) -> frozenset[Family | Trait]:
        """The families of the ops that there are, and what is true of them."""
        ops = {type(node.op) for node in self.nodes}
        return frozenset(op.family for op in ops).union(*(op.traits for op in ops))

    @cached_property
    def sights(self) -> Mapping[Path, tuple[Sights, ...]]:
        """What a position of each layer's output sees of its inputs."""
        return {node.path: node.op.sees(*(value.shape for value in node.inputs)) for node in self.nodes}

    @cached_property
    def parameters(self) -> Size:
        return self.graph.parameters

    def giver(self, value: Value) -> Node | None:
        """The layer that gives a value, if it is no input."""
        return self.givers.get(value.producer)

    def takers(self, value: Value) -> list[Node]:
        """The layers that take a value, in order."""
        return self._takers.get((value.producer, value.port), [])

    def is_result(self, value: Value) -> bool:
        """Whether a value is what the model gives."""
        return (value.producer, value.port) in self._results

    def is_used(self, value: Value) -> bool:
        return bool(self.takers(value)) or self.is_result(value)

    def only_taker(self, value: Value) -> Node | None:
        """The layer that takes a value, if it is the only thing that becomes of it."""
        takers = self.takers(value)
        return takers[0] if len(takers) == 1 and not self.is_result(value) else None

    def way_to(self, place: Span) -> tuple[Related, ...]:
        """The uses of blocks that lead to a place, from the outermost in."""
        node = next(node for node in self.nodes if node.span == place)
        groups = (self.graph.groups[node.path[:depth]] for depth in range(1, len(node.path)))
        return tuple(
            Related(group.span, f"in this use of `{group.block}`")
            for group in groups
            if group.block is not None and not group.span.covers(place)
        )

    def pairs(self, first: Family, second: Family) -> Iterator[tuple[Node, Node]]:
        """Layers of two families, the second of which takes nothing but the first output of the first."""
        for node in self.nodes:
            if node.op.family is second and len(node.inputs) == 1 and not node.inputs[0].port:
                giver = self.giver(node.inputs[0])
                if giver is not None and giver.op.family is first:
                    yield giver, node


def views(graph: Graph) -> Iterator[View]:
    """A model and the cells in it, those in cells included; what is run in several places is one cell."""
    yield View(graph)
    cells: dict[int, Graph] = {}
    for node in graph.nodes:
        if node.op.holds_layers:
            from archspec.scan import Scan  # Most models have none.

            if isinstance(node.op, Scan):
                cells[id(node.op.cell)] = node.op.cell
    for cell in cells.values():
        yield from views(cell)
