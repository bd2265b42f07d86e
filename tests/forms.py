"""Graphs as plain data: what they say of themselves, wherever in a text it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec import Graph, Node, loads
from archspec.graph import Value
from archspec.scan import Scan

Form = Mapping[str, Any]


def form(graph: Graph) -> Form:
    """All that a graph says, without places in the text."""
    return {
        "name": graph.name,
        "doc": graph.doc,
        "inputs": [_value(each) for each in graph.inputs],
        "layers": {node.name: _layer(node) for node in graph.nodes},
        "outputs": [(each.name, _value(each.value), each.in_training_only) for each in graph.outputs],
        "groups": {group.name: (group.block, group.doc) for group in graph.groups.values()},
        "repeats": [(each.path, each.passes) for each in graph.repeats],
    }


def form_of(text: str, syntax: str = "arch", **settings: Any) -> Form:
    """The graph of a text with which nothing is wrong."""
    return form(loads(text, syntax=syntax, **settings).graph)


def sources(graph: Graph) -> dict[str, list[str]]:
    """For each layer, where its inputs come from."""
    return {node.name: [_place(value) for value in node.inputs] for node in graph.nodes}


def _layer(node: Node) -> Any:
    """A layer: its op, what flows in and out, whose weights it has, and how they start."""
    op = form(node.op.cell) if isinstance(node.op, Scan) else None
    return (
        str(node.op),
        op,
        [_value(each) for each in node.inputs],
        [_value(each) for each in node.outputs],
        node.shares,
        {weight: (tie.path, tie.weight) for weight, tie in node.ties.items()},
        {weight: str(start) for weight, start in node.init.items()},
    )


def _value(value: Value) -> tuple[str, str]:
    return _place(value), str(value.shape)


def _place(value: Value) -> str:
    return f"{value.name}:{value.port}" if value.port else value.name
