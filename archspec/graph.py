"""The graph of a model: typed nodes and values over networkx.

A `Graph` is made by `archspec.build` alone, and only of a spec without errors: every value in it has its shape. That is
why a backend that takes a `Graph` need not check anything again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, final

import networkx as nx

from archspec.op import Op, count
from archspec.shape import Shape
from archspec.size import Size
from archspec.source import Source, Span

if TYPE_CHECKING:
    from archspec.initialiser import Initialiser  # Most models say nothing of how weights start, and need not wait.

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
class Output:
    """A result of a model, under its name."""

    name: str
    value: Value

    in_training_only: bool = False
    """Whether it is left out, with all that only it needs, when the model is evaluated."""

    @property
    def shape(self) -> Shape:
        return self.value.shape


@final
@dataclass(frozen=True)
class Tie:
    """A weight that is that of another layer."""

    path: Path
    weight: str


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

    shares: Path | None = None
    """The layer that this is another use of, with the same weights, if it is one; that one stands before it."""

    ties: Mapping[str, Tie] = field(default_factory=dict)
    """Of its weights, those that are a weight of a layer before it."""

    init: Mapping[str, Initialiser] = field(default_factory=dict)
    """How weights start, by name, where the spec says so; others start as the framework has it."""

    presumed: tuple[tuple[Size, Size], ...] = ()
    """Sizes that it takes to be equal, since they are not known to differ."""

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
        """The number of trained parameters, without those that belong to a layer before it."""
        if self.shares is not None:
            return 0
        return count({name: shape for name, shape in self.weights.items() if name not in self.ties})

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

    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The parameters of the block, and the sizes that its input lines name, with their values in this use."""

    defaults: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The parameters of the block that have a number, flag or word as their default."""

    @property
    def name(self) -> str:
        return ".".join(self.path)


@final
@dataclass(frozen=True)
class Repetition:
    """A repeat of the spec: the layers and groups of each pass, in order."""

    path: Path
    """The group in which it stands."""

    span: Span
    passes: tuple[tuple[Path, ...], ...]


def network_of(inputs: Iterable[Path], nodes: Iterable[Node]) -> nx.MultiDiGraph[Path]:
    """The network of layers, each of which stands behind those whose values it takes."""
    network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
    network.add_nodes_from(inputs)
    for node in nodes:
        network.add_node(node.path, node=node)
        for port, value in enumerate(node.inputs):
            network.add_edge(value.producer, node.path, key=port)
    return network


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
    outputs: tuple[Output, ...]
    """First those that there always are, then those in training only, each in the order of the text."""

    groups: Mapping[Path, Group]
    network: nx.MultiDiGraph[Path]
    """Inputs and nodes by path, in the order of the text, which is an order of execution; the key of an edge is the
    number of the input that it leads to."""

    repeats: tuple[Repetition, ...] = ()
    """Those outside come before those inside."""

    names: Mapping[tuple[Path, int, int], str] = field(default_factory=dict)
    """What the spec calls values: by who gives them, which output they are, and how deep in groups that is said."""

    rebuilt: Callable[[Mapping[str, Any]], Graph | None] | None = field(default=None, compare=False, repr=False)
    """What builds the graph anew with other values for some parameters, or gives `None` where these are wrong."""

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The layers, in an order in which they can run."""
        return tuple(data["node"] for _, data in self.network.nodes(data=True) if "node" in data)

    def called(self, value: Value, depth: int) -> str | None:
        """What the spec calls a value inside so many groups, if it gives it a name there."""
        return self.names.get((value.producer, value.port, depth))

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

    @cached_property
    def in_training_only(self) -> frozenset[Path]:
        """The layers that only outputs need that there are in training alone."""
        if not any(output.in_training_only for output in self.outputs):
            return frozenset()
        always = {output.value.producer for output in self.outputs if not output.in_training_only}
        needed = set().union(always, *(nx.ancestors(self.network, path) for path in always))
        served = {output.value.producer for output in self.outputs if output.in_training_only}
        for path in tuple(served):
            served |= nx.ancestors(self.network, path)
        return frozenset(node.path for node in self.nodes if node.path in served - needed)

    @property
    def parameters(self) -> Size:
        """The number of trained parameters; raises `SizeError` where that is a formula with too many open sizes."""
        return sum((node.parameters for node in self.nodes), 0)

    @property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch, when the model is evaluated; raises `SizeError` like `parameters`."""
        return sum((node.macs for node in self.nodes if node.path not in self.in_training_only), 0)
