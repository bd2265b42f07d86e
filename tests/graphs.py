"""Graphs built by hand through the public classes, for what no front end is needed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx

from archspec.graph import Graph, Group, Node, Output, Path, Value
from archspec.op import Op
from archspec.shape import Shape
from archspec.size import Size, named
from archspec.source import Source

SPAN = Source("test.arch", "").whole()
B, T = named("B"), named("T")

Line = tuple[str, Op, Sequence[str]]


def graph_of(
    name: str, inputs: Mapping[str, Sequence[Size] | Shape], lines: Sequence[Line], outputs: Sequence[str]
) -> Graph:
    """A graph of layers at paths such as `group/name`, with the values they take; `a:1` is the second output of `a`."""
    network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
    values: dict[str, Value] = {}
    groups: dict[Path, Group] = {}
    for each, sizes in inputs.items():
        values[each] = Value((each,), sizes if isinstance(sizes, Shape) else Shape(tuple(sizes)), SPAN)
        network.add_node((each,))
    for text, op, sources in lines:
        path = tuple(text.split("/"))
        groups |= {path[:depth]: Group(path[:depth], SPAN) for depth in range(1, len(path))}
        taken = tuple(values[source] for source in sources)
        shapes = op.outputs(*(value.shape for value in taken))
        made = tuple(Value(path, shape, SPAN, port) for port, shape in enumerate(shapes))
        values |= {f"{text}:{value.port}" if value.port else text: value for value in made}
        network.add_node(path, node=Node(path, op, taken, made, SPAN, is_named=False))
        for number, value in enumerate(taken):
            network.add_edge(value.producer, path, key=number)
    given = tuple(values[each] for each in inputs)
    return Graph(name, "", SPAN.source, SPAN, {}, given, tuple(Output(each, values[each]) for each in outputs), groups, network)
