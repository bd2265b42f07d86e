"""Layers that were put into a group or taken out of one, and are otherwise as they were: told of once, all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archspec.difference import Fact, Use
from archspec.difference.edits import edits
from archspec.difference.pair import Pair
from archspec.difference.places import nodes_in
from archspec.graph import Group, Node, Path


def wrapped(pair: Pair) -> Mapping[Path, Use]:
    """Of each such layer, by its path in the new model, what is told of all that went with it."""
    found: dict[Path, Use] = {}
    old, new, origin = pair.old.graph, pair.new.graph, pair.origin
    for graph, groups, layers in (
        (new, origin.groups, origin.layers),
        (old, pair.matching.groups, pair.matching.layers),
    ):
        for path, group in graph.groups.items():
            if path in groups or (path[:-1] not in groups and path[:-1]):
                continue
            inside = [node.path for node in nodes_in(graph, group)]
            others = [layers[each] for each in inside if each in layers]
            if len(others) < max(len(inside), 2):
                continue
            news = inside if graph is new else others
            if not any(each in found for each in news) and all(_is_as_it_was(pair, new.node(each)) for each in news):
                found |= dict.fromkeys(news, _use(pair, group, graph is new, news))
    return found


def _is_as_it_was(pair: Pair, new: Node) -> bool:
    old = pair.old.graph.node(pair.origin.layers[new.path])
    shapes = [[str(value.shape) for value in node.outputs] for node in (old, new)]
    return old.path not in pair.matching.moved and shapes[0] == shapes[1] and not any(edits(pair, old, new))


def _use(pair: Pair, group: Group, is_new: bool, news: Sequence[Path]) -> Use:
    olds = [pair.origin.layers[each] for each in news]
    loose = olds if is_new else news
    words = f"{'.'.join(loose[0])} to {'.'.join(loose[-1])}"
    return Use(
        olds[0] if is_new else group.path,
        group.path if is_new else news[0],
        f"{len(news)} layers",
        f"{len(news)} layers",
        (Fact("name", *((words, group.name) if is_new else (group.name, words))),),
        before=pair.cost(pair.old.graph, [pair.old.graph.node(each) for each in olds]),
        after=pair.cost(pair.new.graph, [pair.new.graph.node(each) for each in news]),
        layers=len(news),
    )
