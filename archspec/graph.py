"""The graph of a model: typed nodes and values over networkx.

A `Graph` is made by `archspec.build` alone, and only of a spec without errors: every value in it has its shape. That is
why a backend that takes a `Graph` need not check anything again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, final

import networkx as nx

from archspec.op import Op, count
from archspec.shape import Shape
from archspec.size import Size
from archspec.source import Source, Span

Path: TypeAlias = tuple[str, ...]
"""Where a thing stands in the model: the names of the groups around it and its own, such as `("features", "0")`."""


@final
@dataclass(frozen=True)
class Value:
    """What flows along an arrow: a tensor, with its shape."""

    producer: Path
    """The input or the node that gives it."""

    shape: Shape
    span: Span

    port: int = 0
    """Which of the outputs of the node it is."""

    @property
    def name(self) -> str:
        """The name of an input, or the path of a layer with dots."""
        return ".".join(self.producer)


@final
@dataclass(frozen=True)
class Node:
    """One use of an op: a layer of the model."""

    path: Path
    op: Op
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    span: Span

    is_named: bool
    """Whether the spec gives it its name; otherwise the name was counted."""

    name_span: Span | None = None
    """Where the name is written, if it is."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def output(self) -> Value:
        """The first output; most layers have no other."""
        return self.outputs[0]

    @cached_property
    def weights(self) -> Mapping[str, Shape]:
        """The shapes of the trained parameters, by name."""
        return self.op.weights(*self._shapes)

    @cached_property
    def buffers(self) -> Mapping[str, Shape]:
        """The shapes of what is kept and not trained, by name."""
        return self.op.buffers(*self._shapes)

    @property
    def parameters(self) -> Size:
        """The number of trained parameters."""
        return count(self.weights)

    @property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch."""
        return self.op.macs(*self._shapes)

    @property
    def _shapes(self) -> tuple[Shape, ...]:
        return tuple(value.shape for value in self.inputs)


@final
@dataclass(frozen=True)
class Group:
    """Layers under one name, such as the `features` of AlexNet, or one use of a block."""

    path: Path
    span: Span

    block: str | None = None
    """The block that it is a use of, if it is one."""

    doc: str = ""
    """What the block says of itself."""

    @property
    def name(self) -> str:
        return ".".join(self.path)


@final
@dataclass(frozen=True)
class Graph:
    """A model whose every value has its shape."""

    name: str
    doc: str
    source: Source
    span: Span
    """Where the name is written."""

    settings: Mapping[str, Any]
    """The parameters of the spec with the values that this graph was built for."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    groups: Mapping[Path, Group]
    network: nx.MultiDiGraph[Path]
    """Inputs and nodes by path, in the order of the text, which is an order of execution; the key of an edge is the
    number of the input that it leads to."""

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The layers, in an order in which they can run."""
        return tuple(data["node"] for _, data in self.network.nodes(data=True) if "node" in data)

    def node(self, path: Path) -> Node:
        found: Node = self.network.nodes[path]["node"]
        return found

    def consumers(self, value: Value) -> Iterator[Node]:
        """The layers that take this value, in order."""
        return (node for node in map(self.node, self.network.successors(value.producer)) if value in node.inputs)

    def members(self, path: Path = ()) -> tuple[Node | Group, ...]:
        """The layers and groups directly inside a group, in order; those of the model for the empty path."""
        return tuple(self._members.get(path, ()))

    @cached_property
    def _members(self) -> Mapping[Path, list[Node | Group]]:
        members: dict[Path, list[Node | Group]] = {}
        seen: set[Path] = set()
        for node in self.nodes:
            for depth in range(1, len(node.path)):
                group = node.path[:depth]
                if group not in seen:
                    seen.add(group)
                    members.setdefault(group[:-1], []).append(self.groups[group])
            members.setdefault(node.path[:-1], []).append(node)
        return members

    @property
    def parameters(self) -> Size:
        """The number of trained parameters."""
        return sum((node.parameters for node in self.nodes), 0)

    @property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch."""
        return sum((node.macs for node in self.nodes), 0)
