"""What can be called: where the module of each layer is, and which groups run as a whole.

A layer that is another use of an earlier one has no module of its own. Where all layers of a group are other uses of
those of another group, wired alike, that group is called again; elsewhere the layers are called one by one, from a
method that reaches both the layer and its module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from msgspec import Struct

from archspec.graph import Graph, Node, Path, Value
from archspec_torch.call import Call
from archspec_torch.inline import Inline


@final
class Again(Struct, frozen=True):
    """Another use of a whole group."""

    group: Path
    """The group that is used again."""

    twins: Mapping[Value, Value]
    """What stands here for each value that the layers of that group take and give."""


@final
class Calls(Struct, frozen=True):
    """What is called, and how."""

    modules: Mapping[Path, Path]
    """Where the module of each layer is: mostly at its own path."""

    again: Mapping[Path, Again]
    """The groups that are other uses of earlier ones."""

    units: frozenset[Path]
    """The groups that can be called as a whole, those that are used again included."""


def calls_of(graph: Graph, lowered: Mapping[Path, Call | Inline]) -> Calls:
    """How the layers and groups of a graph are called."""
    modules = modules_of(graph, lowered)
    groups: dict[Path, list[Node]] = {}
    places = {node.path: place for place, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        for depth in range(1, len(node.path)):
            groups.setdefault(node.path[:depth], []).append(node)
    again: dict[Path, Again] = {}
    units: set[Path] = set()
    for path, nodes in groups.items():
        is_unbroken = places[nodes[-1].path] - places[nodes[0].path] + 1 == len(nodes)
        # A group of which some runs in training only is called layer by layer, since it says nothing of training.
        is_even = len({node.path in graph.in_training_only for node in nodes}) == 1
        if not is_unbroken or not is_even:
            continue
        if all(modules[node.path][: len(path)] == path for node in nodes):
            units.add(path)
        elif (found := _again(path, nodes, groups, modules, lowered)) is not None and found.group in units:
            again[path] = found
    return Calls(modules, again, frozenset(units | again.keys()))


def modules_of(graph: Graph, lowered: Mapping[Path, Call | Inline]) -> dict[Path, Path]:
    """Where the module of each layer is."""
    found: dict[Path, Path] = {}
    for node in graph.nodes:
        found[node.path] = node.path
        if node.shares is not None and isinstance(lowered[node.path], Call):
            path = found[node.shares]
            # On another number of axes, a layer without weights may be another module, which loses nothing.
            if lowered[path] == lowered[node.path] or _has_tensors(node):
                found[node.path] = path
    return found


def _has_tensors(node: Node) -> bool:
    return bool(node.weights or node.buffers)


def _again(
    path: Path,
    nodes: Sequence[Node],
    groups: Mapping[Path, Sequence[Node]],
    modules: Mapping[Path, Path],
    lowered: Mapping[Path, Call | Inline],
) -> Again | None:
    """The group that a group is another use of, if it is one of just the same layers with the same wiring."""
    sharing = next(node for node in nodes if modules[node.path] != node.path)
    depth, module = len(path), modules[sharing.path]
    group = module[: len(module) - len(sharing.path) + depth]
    first = groups.get(group, ())
    if len(first) != len(nodes) or group == path:
        return None
    twins: dict[Value, Value] = {}
    inside = {value for node in nodes for value in node.outputs}
    made = {value for node in first for value in node.outputs}
    for node, twin in zip(first, nodes, strict=True):
        if node.path[len(group) :] != twin.path[depth:] or lowered[node.path] != lowered[twin.path]:
            return None
        if len(node.inputs) != len(twin.inputs):
            return None  # A recurrent layer may be given a state, or none.
        is_same = modules[node.path] == modules[twin.path]
        if not is_same and (modules[twin.path] != twin.path or _has_tensors(twin)):
            return None
        for value, given in zip(node.inputs, twin.inputs, strict=True):
            if twins.setdefault(value, given) != given or (value in made) != (given in inside):
                return None
        twins |= zip(node.outputs, twin.outputs, strict=True)
    reads_sizes = any(getattr(lowered[node.path], "open_names", ()) for node in first)
    if reads_sizes and any(value.shape != given.shape for value, given in twins.items()):
        return None  # The method of the group reads sizes where the values that it was written for have them.
    return Again(group, twins)
