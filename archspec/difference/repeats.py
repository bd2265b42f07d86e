"""Repeats of which all that differs is how often they are gone through: told of once, and not pass by pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from archspec.difference import Fact, Use
from archspec.difference.edits import str_of
from archspec.difference.pair import Pair
from archspec.difference.places import nodes_in
from archspec.graph import Graph, Node, Path, Repetition
from archspec.passes.cost import Cost

Absorbed: TypeAlias = dict[tuple[int, Path], Use]
"""The members of passes that are more or fewer, by graph and path, with what is told of the whole repeat."""


def absorbed(pair: Pair) -> Absorbed:
    """What is told of repeats of another length, by the members of the passes that this is about."""
    found: Absorbed = {}
    partners = {**pair.matching.groups, **pair.matching.layers}
    news: dict[Path, list[Repetition]] = {}
    for repetition in pair.new.graph.repeats:
        news.setdefault(repetition.path, []).append(repetition)
    for old in pair.old.graph.repeats:
        path = pair.matching.groups.get(old.path)
        candidates = [] if path is None else news.get(path, [])
        new = max(candidates, key=lambda each: _shared(partners, old, each), default=None)
        if new is not None and _shared(partners, old, new) and len(old.passes) != len(new.passes):
            found |= _of_repeat(pair, old, new, found)
    return found


def _shared(partners: Mapping[Path, Path], old: Repetition, new: Repetition) -> int:
    """How many members of the passes are the same ones."""
    theirs = {path for members in new.passes for path in members}
    return sum(partners.get(path) in theirs for members in old.passes for path in members)


def _of_repeat(pair: Pair, old: Repetition, new: Repetition, found: Absorbed) -> Absorbed:
    """What is told of one repeat; nothing where more than its length differs."""
    is_more = len(new.passes) > len(old.passes)
    graph, longer = (pair.new.graph, new) if is_more else (pair.old.graph, old)
    matching = pair.origin if is_more else pair.matching
    known = {*matching.layers, *matching.groups}
    surplus = [members for members in longer.passes if not any(path in known for path in members)]
    if len(surplus) != abs(len(new.passes) - len(old.passes)):
        return {}
    nodes = [node for members in surplus for path in members for node in _at(graph, path)]
    if any(node.path in known for node in nodes) or any((id(graph), path) in found for path in surplus[0]):
        return {}
    cost = pair.cost(graph, nodes)
    what = ", ".join(filter(None, dict.fromkeys(_what(graph, path) for path in surplus[0])))
    use = Use(
        old.path,
        new.path,
        what,
        what,
        (Fact("passes", str(len(old.passes)), str(len(new.passes))),),
        before=Cost() if is_more else cost,
        after=cost if is_more else Cost(),
        layers=len(nodes),
    )
    return {(id(graph), path): use for members in surplus for path in members}


def _at(graph: Graph, path: Path) -> Iterator[Node]:
    yield from nodes_in(graph, graph.groups[path] if path in graph.groups else graph.node(path))


def _what(graph: Graph, path: Path) -> str:
    return graph.groups[path].block or "" if path in graph.groups else str_of(graph.node(path).op)
