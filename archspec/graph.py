"""The graph of a model: typed nodes and the values that flow between them.

A `Graph` is made by `archspec.build` alone, and only of a spec without errors: every value in it has its shape. That is
why a backend that takes a `Graph` need not check anything again. It is walked by its own methods, and is a network of
networkx for whoever asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from msgspec import Struct

from archspec.configured import Initialiser
from archspec.kept import Kept
from archspec.op import Op, count
from archspec.shape import Shape
from archspec.sight import Sights
from archspec.size import Size
from archspec.source import Source, Span

if TYPE_CHECKING:
    import networkx as nx

Path: TypeAlias = tuple[str, ...]
"""Where a thing stands in the model: the names of the groups around it and its own, such as `("features", "0")`."""


@final
class Value(Struct, frozen=True):
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
class Output(Struct, frozen=True):
    """A result of a model, under its name."""

    name: str
    value: Value

    in_training_only: bool = False
    """Whether it is left out, with all that only it needs, when the model is evaluated."""

    @property
    def shape(self) -> Shape:
        return self.value.shape


@final
class Tie(Struct, frozen=True):
    """A weight that is that of another layer."""

    path: Path
    weight: str


@final
class Applied(Struct, frozen=True, eq=False, dict=True):
    """An op on inputs of some shapes, with what follows from these alone. It is calculated once for layers alike."""

    op: Op
    shapes: tuple[Shape, ...]

    @classmethod
    def of(cls, op: Op, shapes: tuple[Shape, ...]) -> Applied:
        try:
            return _applied(op, shapes)
        except TypeError:  # A setting has no hash, such as the cell of a recurrence.
            return cls(op, shapes)

    @cached_property
    def weights(self) -> Mapping[str, Shape]:
        return self.op.weights(*self.shapes)

    @cached_property
    def parameters(self) -> Size:
        """The number of trained parameters."""
        return count(self.weights)

    @cached_property
    def buffers(self) -> Mapping[str, Shape]:
        return self.op.buffers(*self.shapes)

    @cached_property
    def macs(self) -> Size:
        return self.op.macs(*self.shapes)

    @cached_property
    def kept(self) -> Kept:
        return self.op.kept(*self.shapes)

    @cached_property
    def sees(self) -> tuple[Sights, ...]:
        return self.op.sees(*self.shapes)


_applied: Final = lru_cache(maxsize=4096)(Applied)


@final
class Node(Struct, frozen=True, dict=True):
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

    ties: Mapping[str, Tie] = {}
    """Of its weights, those that are a weight of a layer before it."""

    init: Mapping[str, Initialiser] = {}
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
    def applied(self) -> Applied:
        """What follows from its op and the shapes of its inputs."""
        return Applied.of(self.op, tuple(value.shape for value in self.inputs))

    @property
    def weights(self) -> Mapping[str, Shape]:
        """The shapes of the trained parameters, by name."""
        return self.applied.weights

    @property
    def buffers(self) -> Mapping[str, Shape]:
        """The shapes of what is kept and not trained, by name."""
        return self.applied.buffers

    @property
    def parameters(self) -> Size:
        """The number of trained parameters, without those that belong to a layer before it."""
        if self.shares is not None:
            return 0
        if not self.ties:
            return self.applied.parameters
        return count({name: shape for name, shape in self.weights.items() if name not in self.ties})

    @property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch."""
        return self.applied.macs


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
class Repetition(Struct, frozen=True):
    """A repeat of the spec: the layers and groups of each pass, in order."""

    path: Path
    """The group in which it stands."""

    span: Span
    passes: tuple[tuple[Path, ...], ...]


def causes(layers: Mapping[Path, Node], paths: Iterable[Path]) -> set[Path]:
    """The layers and inputs that some of them follow from, these included."""
    found = set(paths)
    waiting = list(found)
    while waiting:
        node = layers.get(waiting.pop())
        before = {value.producer for value in node.inputs} - found if node is not None else set()
        found |= before
        waiting += before
    return found


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
    nodes: tuple[Node, ...] = field(repr=False)
    """The layers, in the order of the text, which is an order in which they can run."""

    repeats: tuple[Repetition, ...] = ()
    """Those outside come before those inside."""

    names: Mapping[tuple[Path, int, int], str] = field(default_factory=dict)
    """What the spec calls values: by who gives them, which output they are, and how deep in groups that is said."""

    rebuilt: Callable[[Mapping[str, Any]], Graph | None] | None = field(default=None, compare=False, repr=False)
    """What builds the graph anew with other values for some parameters, or gives `None` where these are wrong."""

    @cached_property
    def layers(self) -> Mapping[Path, Node]:
        """The layers by their paths, in order."""
        return {node.path: node for node in self.nodes}

    @cached_property
    def network(self) -> nx.MultiDiGraph[Path]:
        """Inputs and layers by path, in order, as a network of networkx.

        A layer is its attribute `node`; the key of an edge is the number of the input that it leads to.
        """
        import networkx as nx  # It takes longer to import than a check takes, and only who asks for it waits.

        network: nx.MultiDiGraph[Path] = nx.MultiDiGraph()
        network.add_nodes_from(value.producer for value in self.inputs)
        for node in self.nodes:
            network.add_node(node.path, node=node)
            for number, value in enumerate(node.inputs):
                network.add_edge(value.producer, node.path, key=number)
        return network

    def called(self, value: Value, depth: int) -> str | None:
        """What the spec calls a value inside so many groups, if it gives it a name there."""
        return self.names.get((value.producer, value.port, depth))

    def node(self, path: Path) -> Node:
        return self.layers[path]

    def consumers(self, value: Value) -> Iterator[Node]:
        """The layers that take this value, in order."""
        return (node for node in self._takers.get(value.producer, ()) if value in node.inputs)

    @cached_property
    def _takers(self) -> Mapping[Path, list[Node]]:
        """The layers that take something of an input or layer, each once, in order."""
        takers: dict[Path, list[Node]] = {}
        for node in self.nodes:
            for path in dict.fromkeys(value.producer for value in node.inputs):
                takers.setdefault(path, []).append(node)
        return takers

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
        needed, served = (
            causes(self.layers, [each.value.producer for each in self.outputs if each.in_training_only is in_training])
            for in_training in (False, True)
        )
        return frozenset(node.path for node in self.nodes if node.path in served - needed)

    @property
    def parameters(self) -> Size:
        """The number of trained parameters; raises `SizeError` where that is a formula with too many open sizes."""
        return sum((node.parameters for node in self.nodes), 0)

    @property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch, when the model is evaluated; raises `SizeError` like `parameters`."""
        return sum((node.macs for node in self.nodes if node.path not in self.in_training_only), 0)
