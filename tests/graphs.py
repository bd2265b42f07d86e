"""Graphs built by hand through the public classes, for what no front end is needed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from archspec.configured import Initialiser
from archspec.graph import Graph, Group, Node, Output, Path, Tie, Value
from archspec.op import Op
from archspec.shape import Shape
from archspec.size import Size, named
from archspec.source import Source

SPAN = Source("test.arch", "").whole()
B, T = named("B"), named("T")

Line = tuple[str, Op, Sequence[str]]
NONE: Final[Mapping[str, Any]] = {}


def graph_of(
    name: str,
    inputs: Mapping[str, Sequence[Size] | Shape],
    lines: Sequence[Line],
    outputs: Sequence[str] | Mapping[str, str],
    *,
    in_training: Mapping[str, str] = NONE,
    shares: Mapping[str, str] = NONE,
    ties: Mapping[str, Mapping[str, str]] = NONE,
    init: Mapping[str, Mapping[str, Initialiser]] = NONE,
) -> Graph:
    """A graph of layers at paths such as `group/name`, with the values they take; `a:1` is the second output of `a`.

    Outputs, those in training only apart, are values by name, or values to be given some name. `shares` has, for each
    layer that is another use of one, that layer, and `ties`, by layer and weight, a weight such as `group/name.weight`.
    """
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    groups: dict[Path, Group] = {}
    for each, sizes in inputs.items():
        values[each] = Value((each,), sizes if isinstance(sizes, Shape) else Shape(tuple(sizes)), SPAN)
    for text, op, sources in lines:
        path = tuple(text.split("/"))
        groups |= {path[:depth]: Group(path[:depth], SPAN) for depth in range(1, len(path))}
        taken = tuple(values[source] for source in sources)
        shapes = op.outputs(*(value.shape for value in taken))
        made = tuple(Value(path, shape, SPAN, port) for port, shape in enumerate(shapes))
        values |= {f"{text}:{value.port}" if value.port else text: value for value in made}
        node = Node(path, op, taken, made, SPAN, is_named=False)
        tied = {weight: _tie(source) for weight, source in ties.get(text, NONE).items()}
        shared = tuple(shares[text].split("/")) if text in shares else None
        node = replace(node, shares=shared, ties=tied, init=init.get(text, NONE))
        nodes.append(node)
    given = tuple(values[each] for each in inputs)
    named_outputs = (
        outputs if isinstance(outputs, Mapping) else {f"y{place}": each for place, each in enumerate(outputs)}
    )
    results = [Output(each, values[value]) for each, value in named_outputs.items()]
    results += [Output(each, values[value], in_training_only=True) for each, value in in_training.items()]
    return Graph(name, "", SPAN.source, SPAN, {}, given, tuple(results), groups, tuple(nodes))


def _tie(text: str) -> Tie:
    path, _, weight = text.partition(".")
    return Tie(tuple(path.split("/")), weight)
