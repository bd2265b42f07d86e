"""Other values for the parameters of a model, with the graphs that these give.

What such a graph is compared with has to have the same layers with the same wiring, or the same but for how often its
repeats are gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from archspec.graph import Graph, Node, Value
from archspec.scan import Scan
from archspec_torch.following import UnexplainedError
from archspec_torch.stand_ins import stand_ins
from archspec_torch.turns import turns_of

Sample: TypeAlias = tuple[Any, Graph]
"""A value for a parameter, and the graph that it gives."""

_MOST_TRIED: Final = 4
"""So many other values are tried for a parameter; more of them, if most are wrong."""

_MOST_PASSES_MORE: Final = 12
"""No more passes than this are added to those that a repeat has, to see what comes of it."""

_MOST_PASSES: Final = 65
"""Nor are more made than this, where a spec compares their number with one that is larger."""


def samples_of(graph: Graph, name: str, value: Any) -> list[Sample]:
    """Other values for a parameter, with the graphs for them; none, where one of them gives another structure."""
    found: list[Sample] = []
    sizes = [each for each in graph.settings.values() if type(each) is int]
    turns = [each for each in turns_of(graph, name) if each != value] if type(value) is int else []
    others = _others(value, sum(sizes) + 1)
    for number, other in enumerate(dict.fromkeys((*others[:_MOST_TRIED], *turns, *others))):
        if number >= _MOST_TRIED + len(turns) and len(found) > 1:
            break
        built = _built(graph, {name: other})
        if built is None:
            continue
        if not is_alike(graph, built):
            return _deeper(graph, name, value, turns) if type(value) is int else []
        found.append((other, built))
    return found


def _deeper(graph: Graph, name: str, value: int, turns: Sequence[int]) -> list[Sample]:
    """Other values for a parameter that changes how often repeats are gone through, with the graphs for them; none,
    where one of them changes more of the structure."""
    found: list[Sample] = []
    others = (value + 1, value + 2, value - 1, min(2 * value, value + _MOST_PASSES_MORE))
    # With a single pass, a first one that differs from the others looks like all of them.
    plain = (each for each in others if each > 1 and each != value)
    near = (each for each in turns if 0 < each <= _MOST_PASSES)
    for other in dict.fromkeys((*near, *plain)):
        built = _built(graph, {name: other})
        if built is None:
            continue
        if stand_ins(graph, built) is None or stand_ins(built, graph) is None:
            return []
        found.append((other, built))
    found.sort(key=lambda each: is_alike(graph, each[1]))
    return [] if len(found) < 2 or is_alike(graph, found[0][1]) else found


def _others(value: Any, largest: int) -> Sequence[Any]:
    """Values to be tried for a parameter: some that many specs treat otherwise, some that are odd, and one that is
    larger than all other parameters, of which some may be the largest."""
    match value:
        case bool():
            others: Sequence[Any] = (not value,)
        case int():
            others = (value + 1, largest, 0, 1, 2 * value, 3 * value, value // 2)
        case _:
            others = (value / 2, 0.0, 1.0, value + 0.25, 0.5)
    return [each for each in dict.fromkeys(others) if each != value]


def _built(graph: Graph, values: Mapping[str, Any]) -> Graph | None:
    return None if graph.rebuilt is None else graph.rebuilt(values)


def together(
    graph: Graph, values: Mapping[str, Any], chosen: Mapping[str, Sequence[Sample]]
) -> Iterator[tuple[Mapping[str, Any], Graph]]:
    """Values for all parameters at once, with the graphs for them.

    Raises:
        UnexplainedError: one of the parameters cannot be changed with all others.
    """
    deeper = {name: samples[0][0] for name, samples in chosen.items() if not is_alike(graph, samples[0][1])}
    base = _built(graph, deeper) if deeper else graph
    if base is None:
        raise UnexplainedError(frozenset(deeper))
    steady: Mapping[str, Any] = {name: samples[0][0] for name, samples in chosen.items()}
    built = _built(graph, steady)
    if built is None or not is_alike(base, built):
        steady = {**_steady(graph, {name: each for name, each in chosen.items() if name not in deeper}), **deeper}
        built = _built(graph, steady)
        if built is not None and not is_alike(base, built):
            raise UnexplainedError(frozenset(deeper))
    if built is not None:
        yield {**values, **steady}, built
    twice = {name: 2 * each for name, each in values.items() if type(each) is int and each > 1 and name not in deeper}
    further = _built(graph, twice) if len(twice) > 1 else None
    if further is not None:
        if not is_alike(graph, further):
            raise UnexplainedError(frozenset(twice))
        yield {**values, **twice}, further


def _steady(graph: Graph, chosen: Mapping[str, Sequence[Sample]]) -> Mapping[str, Any]:
    """Values for all parameters that are right together."""
    steady: dict[str, Any] = {}
    for name, samples in chosen.items():
        for other, _ in samples:
            built = _built(graph, {**steady, name: other})
            if built is not None and is_alike(graph, built):
                steady[name] = other
                break
        else:
            raise UnexplainedError(frozenset({name}))
    return steady


# ------------------------------------------------------------------------------------------------------- same structure


def is_alike(graph: Graph, other: Graph) -> bool:
    """Whether two graphs have the same layers with the same wiring, whatever the numbers in them are."""
    if _wiring(graph) != _wiring(other):
        return False
    pairs = zip(graph.nodes, other.nodes, strict=True)
    return all(
        is_alike(one.op.cell, two.op.cell)
        for one, two in pairs
        if isinstance(one.op, Scan) and isinstance(two.op, Scan)
    )


def _wiring(graph: Graph) -> tuple[Any, ...]:
    return (
        [_flow(value) for value in graph.inputs],
        [(each.name, _flow(each.value), each.in_training_only) for each in graph.outputs],
        {path: group.block for path, group in graph.groups.items()},
        dict(graph.names),
        [_layer(node) for node in graph.nodes],
    )


def _layer(node: Node) -> tuple[Any, ...]:
    direction = node.op.direction if isinstance(node.op, Scan) else None
    flows = [_flow(value) for value in node.inputs], [_flow(value) for value in node.outputs]
    return node.path, type(node.op), direction, flows, node.shares, dict(node.ties), list(node.init), node.is_named


def _flow(value: Value) -> tuple[Any, ...]:
    return value.producer, value.port, value.shape.rank, value.shape.element
