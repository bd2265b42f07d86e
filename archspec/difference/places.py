"""How the layers of a graph are called where several of them are told of at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from archspec.difference.matching import Member
from archspec.graph import Graph, Node, Path

ANY: Final = "*"
"""Stands for the name of a pass, where something is told of all passes."""


@final
class Places:
    """The names of the layers of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.passes = {path for each in graph.repeats for members in each.passes for path in members}

    def block(self, path: Path) -> Path:
        """The innermost use of a block around a layer or group; the model where there is none."""
        for depth in range(len(path) - 1, 0, -1):
            if self.graph.groups[path[:depth]].block is not None:
                return path[:depth]
        return ()

    def place(self, path: Path) -> tuple[str, ...]:
        """The name within the innermost block, with one sign for all passes of a repeat."""
        if path in self.passes and path in self.graph.groups and self.graph.groups[path].block:
            return (self.graph.groups[path].block or "",)
        around = self.block(path)
        words = [self.graph.groups[around].block or ""] if around else []
        for depth in range(len(around) + 1, len(path)):
            words.append(ANY if path[:depth] in self.passes else path[depth - 1])
        return (*words, self._last(path)) if path else ()

    def _last(self, path: Path) -> str:
        if path not in self.passes:
            return path[-1]
        if path in self.graph.groups:
            return ANY
        node = self.graph.node(path)
        return path[-1] if node.is_named else node.op.name


def nodes_in(graph: Graph, member: Member) -> Iterator[Node]:
    """The layers in a group, or a layer itself."""
    if isinstance(member, Node):
        yield member
        return
    for each in graph.members(member.path):
        yield from nodes_in(graph, each)
