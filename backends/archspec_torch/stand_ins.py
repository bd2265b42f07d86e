"""Which layers of a graph stand for those of another that goes through a repeat more or less often.

A pass stands for the pass of the same number, and the last one for all that come after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, final

from msgspec import Struct

from archspec.graph import Graph, Group, Node, Path, Repetition

Unit: TypeAlias = Path | Repetition
"""A layer or a group, or several that are the passes of a repeat."""


@final
class Aligned(Struct, frozen=True):
    """A graph, with what stands in it for the layers and groups of the first one."""

    graph: Graph
    paths: Mapping[Path, Path]

    @classmethod
    def to(cls, first: Graph, graph: Graph) -> Aligned:
        found = None if graph is first else stand_ins(first, graph)
        return cls(graph, {} if found is None else found)

    def node(self, path: Path) -> Node:
        return self.graph.node(self.paths.get(path, path))

    def group(self, path: Path) -> Group:
        return self.graph.groups[self.paths.get(path, path)]

    def repetition(self, path: Path) -> Repetition:
        """The repeat in whose first pass a layer or group is."""
        found = self.paths.get(path, path)
        return next(each for each in self.graph.repeats if each.passes and found in each.passes[0])


class _DifferError(Exception):
    """Nothing stands for some layer."""


def stand_ins(graph: Graph, other: Graph) -> Mapping[Path, Path] | None:
    """What stands in another graph for each layer and group of one; `None` where something is missing.

    Only what stands in a row can be there more or less often: the names of all else say how many of them there are.
    """
    paths = {value.producer: value.producer for value in graph.inputs}
    if [value.producer for value in graph.inputs] != [value.producer for value in other.inputs]:
        return None
    repeats = _by_group(graph), _by_group(other)

    def pair(mine: Path, its: Path) -> None:
        paths[mine] = its
        one, two = _member(graph, mine), _member(other, its)
        if isinstance(one, Group) and isinstance(two, Group) and one.block == two.block:
            pair_all(mine, its)
        elif not (isinstance(one, Node) and isinstance(two, Node) and _is_alike(one, two)):
            raise _DifferError

    def pair_all(mine: Path, its: Path) -> None:
        one = tuple(_units(graph, mine, repeats[0].get(mine, ())))
        two = tuple(_units(other, its, repeats[1].get(its, ())))
        _must(len(one) == len(two))
        for unit, found in zip(one, two, strict=True):
            if isinstance(unit, Repetition):
                if not isinstance(found, Repetition):
                    raise _DifferError
                _must(len(unit.passes) == len(found.passes) or _is_in_a_row(graph, unit))
                for number, members in enumerate(unit.passes):
                    stand_in = found.passes[min(number, len(found.passes) - 1)]
                    _must(len(members) == len(stand_in))
                    for each, twin in zip(members, stand_in, strict=True):
                        pair(each, twin)
            elif isinstance(found, Repetition):
                raise _DifferError
            else:
                pair(unit, found)

    try:
        pair_all((), ())
    except _DifferError:
        return None
    return paths


def _must(holds: bool) -> None:
    if not holds:
        raise _DifferError


def _is_alike(one: Node, two: Node) -> bool:
    return type(one.op) is type(two.op) and len(one.outputs) == len(two.outputs) and list(one.init) == list(two.init)


def _is_in_a_row(graph: Graph, repetition: Repetition) -> bool:
    """Whether passes, each of which is one layer or group, are in a row of those, which have numbers for names."""
    names = [member.path[-1] for member in graph.members(repetition.path)]
    are_single = all(len(members) == 1 for members in repetition.passes)
    return are_single and names == [str(number) for number, _ in enumerate(names)]


def _member(graph: Graph, path: Path) -> Node | Group:
    return graph.groups[path] if path in graph.groups else graph.node(path)


def _by_group(graph: Graph) -> Mapping[Path, Sequence[Repetition]]:
    found: dict[Path, list[Repetition]] = {}
    for each in graph.repeats:
        if each.passes:
            found.setdefault(each.path, []).append(each)
    return found


def _units(graph: Graph, path: Path, repeats: Sequence[Repetition]) -> Iterator[Unit]:
    """What is in a group, the passes of each repeat taken together."""
    around: dict[Path, Repetition] = {}
    for repetition in repeats:
        for members in repetition.passes:
            _must(bool(members) and not any(member in around for member in members))
            around |= dict.fromkeys(members, repetition)
    seen: list[Repetition] = []
    for member in graph.members(path):
        unit = around.get(member.path)
        if unit is None:
            yield member.path
        elif not any(unit is each for each in seen):
            seen.append(unit)
            yield unit
