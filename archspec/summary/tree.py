"""The layers of a model as a tree of its blocks, folded to what a reader can take in.

What is alike is shown once: of neighbours that are built alike, such as the layers of a transformer, the first is shown
with what is in it, and the others on one line. Every line has the figures of all that it stands for, so that those of
the lines inside a block add up to those of the block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Graph, Group, Node, Path
from archspec.passes.cost import Cost
from archspec.shape import Shape

PAGE: Final = 45
"""A tree is folded, where nobody says how deep, to no more lines than this."""


@final
class Line(Struct, frozen=True):
    """A layer, a block, or several blocks that are alike."""

    name: str
    """Its name within the block around it; the first and the last name of several."""

    what: str
    """The op with its settings, or the block."""

    path: Path
    """The layer, or the last layer of a block, whose shape is shown."""

    shape: Shape
    cost: Cost

    count: int = 1
    """How many blocks it stands for."""

    is_open: bool = False
    """Whether what is in it follows."""

    is_layer: bool = True

    lasts: tuple[bool, ...] = ()
    """Of itself and of each block around it, from outside: whether nothing follows in the block around that."""

    @property
    def depth(self) -> int:
        return len(self.lasts)


def lines(graph: Graph, costs: Mapping[Path, Cost], depth: int | None, *, is_folded: bool = True) -> tuple[Line, ...]:
    """The tree down to a depth; where none is said, as deep as it fits on a page."""
    tree = _Tree(graph, costs, is_folded=is_folded)
    if depth is not None:
        return tuple(tree.at((), depth))
    deepest = max((len(node.path) for node in graph.nodes), default=1)
    shown = tuple(tree.at((), 1))
    for each in range(2, deepest + 1):
        found = tuple(tree.at((), each))
        if len(found) > PAGE:
            break
        shown = found
    return shown


class _Tree:
    def __init__(self, graph: Graph, costs: Mapping[Path, Cost], *, is_folded: bool) -> None:
        self.is_folded = is_folded
        self.graph = graph
        self.costs = costs
        self.sums: dict[Path, Cost] = {}
        self.forms: dict[Path, tuple[object, ...]] = {}
        self.below: dict[Path, list[Node]] = {}
        for node in graph.nodes:
            for depth in range(1, len(node.path)):
                self.below.setdefault(node.path[:depth], []).append(node)

    def at(self, path: Path, depth: int, lasts: tuple[bool, ...] = ()) -> Iterator[Line]:
        members = self.graph.members(path)
        place = 0
        while place < len(members):
            run = self._alike(members[place:])
            place += len(run)
            is_last = place == len(members)
            first = run[0]
            if isinstance(first, Node):
                yield self._layer(first, (*lasts, is_last))
                continue
            if depth == 1:
                yield self._blocks(run, (*lasts, is_last))
                continue
            yield replace(self._blocks(run[:1], (*lasts, is_last and len(run) == 1)), is_open=True)
            yield from self.at(first.path, depth - 1, (*lasts, is_last and len(run) == 1))
            if len(run) > 1:
                yield self._blocks(run[1:], (*lasts, is_last))

    def _alike(self, members: Sequence[Node | Group]) -> list[Node | Group]:
        """The first of some members, with those that follow it and are built alike."""
        first = members[0]
        if isinstance(first, Node) or not self.is_folded:
            return [first]
        run: list[Node | Group] = [first]
        form = self._form(first)
        for each in members[1:]:
            if isinstance(each, Node) or self._form(each) != form:
                break
            run.append(each)
        return run

    def _form(self, group: Group) -> tuple[object, ...]:
        if group.path not in self.forms:
            depth = len(group.path)
            self.forms[group.path] = tuple(
                (node.path[depth:], node.op, tuple(value.shape for value in node.outputs), node.shares is None)
                for node in self.below[group.path]
            )
        return self.forms[group.path]

    def _cost(self, part: Node | Group) -> Cost:
        """What a layer costs, or all those in a group."""
        if isinstance(part, Node):
            return self.costs[part.path]
        if part.path not in self.sums:
            self.sums[part.path] = Cost.total(map(self._cost, self.graph.members(part.path)))
        return self.sums[part.path]

    def _layer(self, node: Node, lasts: tuple[bool, ...]) -> Line:
        what = str(node.op) if node.shares is None else f"{node.op.name}, weights of {'.'.join(node.shares)}"
        return Line(node.path[-1], what, node.path, node.output.shape, self.costs[node.path], lasts=lasts)

    def _blocks(self, groups: Sequence[Node | Group], lasts: tuple[bool, ...]) -> Line:
        first, last = groups[0], groups[-1]
        name = first.path[-1] if first is last else f"{first.path[-1]} - {last.path[-1]}"
        block = (first.block if isinstance(first, Group) else None) or ""
        what = block if first is last else f"{len(groups)} x {block}" if block else f"{len(groups)} alike"
        cost = Cost.total(map(self._cost, groups))
        end = self.below[last.path][-1]
        return Line(name, what, end.path, end.output.shape, cost, len(groups), is_layer=False, lasts=lasts)
