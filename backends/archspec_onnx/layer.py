"""A layer as a model of its own, to find the one that cannot be exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import final

from msgspec import Struct

from archspec.graph import Graph, Node, Output, Value
from archspec.size import Formula, Size, named


@final
class Alone(Struct, frozen=True):
    """A model of one layer."""

    graph: Graph

    sizes: Mapping[str, Size]
    """What its open sizes, which are all names, stand for in the model that the layer is of."""


def alone(node: Node, graph: Graph) -> Alone:
    """A layer of a graph as a model of its own.

    Raises:
        ShapeError: it needs to know how its sizes hang together, which in a model of its own are any.
    """
    known: dict[Formula, Formula] = {}
    inputs = []
    for number, value in enumerate(node.inputs):
        sizes = [each if isinstance(each, int) else known.setdefault(each, _fresh(known)) for each in value.shape]
        inputs.append(Value((f"x{number}",), value.shape.with_sizes(sizes), node.span))
    path = ("layer",)
    shapes = node.op.outputs(*(value.shape for value in inputs))
    values = tuple(Value(path, shape, node.span, port) for port, shape in enumerate(shapes))
    model = replace(
        graph,
        name="Layer",
        doc="",
        inputs=tuple(inputs),
        outputs=tuple(Output(f"output{port}", value) for port, value in enumerate(values)),
        groups={},
        nodes=(Node(path, node.op, tuple(inputs), values, node.span, is_named=True),),
        repeats=(),
    )
    return Alone(model, {str(name): size for size, name in known.items()})


def _fresh(known: Mapping[Formula, Formula]) -> Formula:
    return named(f"N{len(known)}")
