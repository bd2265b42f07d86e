"""What runs where: the methods that a graph becomes, before they are text.

The model is a `Scope`, and so is each group whose layers run one right after the other: it takes the values that flow
in, and gives those that flow out. A group that others run in between of cannot be called as a whole. It only holds its
layers, and the scope around it calls them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, final

from archspec.graph import Graph, Node, Path, Value
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.call import Call
from archspec_torch.inline import Inline

Place: TypeAlias = tuple[Value, int]
"""An axis of a value, at which the number can be read that an open size has."""


@final
@dataclass(frozen=True)
class Step:
    """One statement: a layer, or a group of layers."""

    member: Node | Scope
    lowered: Call | Inline | None
    """What a layer is in PyTorch; a group has none."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    gives_tuple: bool
    """Whether the outputs have to be taken apart."""

    sizes: Mapping[str, Place | None]
    """Where the open sizes are read that it has to be told; `None` where the scope itself is told."""

    @property
    def path(self) -> Path:
        return self.member.path

    @property
    def uses(self) -> Iterator[Value]:
        """All values that have to be at hand."""
        yield from self.inputs
        yield from (place[0] for place in self.sizes.values() if place is not None)


@final
@dataclass(frozen=True)
class Scope:
    """Statements that make up a method, with the values that flow in and out."""

    path: Path
    steps: tuple[Step, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    sizes: tuple[str, ...]
    """The open sizes that none of its inputs tells."""

    @property
    def is_chain(self) -> bool:
        """Whether it is modules in a row, each of which takes what the one before it gives."""
        flow = self.inputs
        for step in self.steps:
            is_plain = len(step.outputs) == 1 and not (step.gives_tuple or step.sizes)
            is_module = not isinstance(step.lowered, Inline) and len(step.path) == len(self.path) + 1
            if not (is_plain and is_module and len(flow) == 1 and step.inputs == flow):
                return False
            flow = step.outputs
        return self.outputs == flow


def scope_of(graph: Graph, lowered: Mapping[Path, Call | Inline]) -> Scope:
    """The scope of a whole model."""
    users: dict[Value, list[Path]] = {output.value: [()] for output in graph.outputs}
    for node in graph.nodes:
        for value in node.inputs:
            users.setdefault(value, []).append(node.path)
    return _Scopes(graph, lowered, users, frozenset(_unbroken(graph))).scope((), graph.nodes)


def _unbroken(graph: Graph) -> Iterator[Path]:
    """The groups whose layers run one right after the other."""
    places: dict[Path, list[int]] = {}
    for place, node in enumerate(graph.nodes):
        for depth in range(1, len(node.path)):
            places.setdefault(node.path[:depth], []).append(place)
    return (path for path, found in places.items() if found[-1] - found[0] + 1 == len(found))


@final
@dataclass(frozen=True)
class _Scopes:
    graph: Graph
    lowered: Mapping[Path, Call | Inline]
    users: Mapping[Value, Sequence[Path]]
    unbroken: frozenset[Path]

    def scope(self, path: Path, nodes: Iterable[Node]) -> Scope:
        parts = [(unit, tuple(each)) for unit, each in groupby(nodes, lambda node: self.unit(node, len(path)))]
        members = [part[0] if part[0].path == unit else self.scope(unit, part) for unit, part in parts]
        inputs = self.graph.inputs if not path else tuple(_flowing_in(members))
        outputs = tuple(each.value for each in self.graph.outputs) if not path else self.flowing_out(path, members)
        steps = tuple(self.step(member, inputs) for member in members)
        told = (name for step in steps for name, place in step.sizes.items() if place is None)
        return Scope(path, steps, inputs, outputs, tuple(dict.fromkeys(told)))

    def unit(self, node: Node, depth: int) -> Path:
        """What a layer runs as part of, at some depth: the outermost group that can be called, or itself."""
        groups = (node.path[:length] for length in range(depth + 1, len(node.path)))
        return next((group for group in groups if group in self.unbroken), node.path)

    def flowing_out(self, path: Path, members: Sequence[Node | Scope]) -> tuple[Value, ...]:
        values = (value for member in members for value in member.outputs)
        return tuple(value for value in values if any(user[: len(path)] != path for user in self.users.get(value, ())))

    def step(self, member: Node | Scope, inputs: Sequence[Value]) -> Step:
        lowered = None if isinstance(member, Scope) else self.lowered[member.path]
        if isinstance(member, Scope):
            gives_tuple = len(member.outputs) > 1
        else:
            gives_tuple = not isinstance(member.op.infer(*(value.shape for value in member.inputs)), Shape)
        open_sizes = member.sizes if isinstance(member, Scope) else ()
        if isinstance(lowered, Inline):
            open_sizes = lowered.open_names
        # What the layer takes anyway is the first to be asked, so that a line tells of itself.
        sizes = {name: place_of(name, (*member.inputs, *inputs)) for name in open_sizes}
        return Step(member, lowered, member.inputs, member.outputs, gives_tuple, sizes)


def _flowing_in(members: Iterable[Node | Scope]) -> Iterator[Value]:
    """What is used and not made here, in the order in which it is used."""
    known: set[Value] = set()
    for member in members:
        for value in member.inputs:
            if value not in known:
                known.add(value)
                yield value
        known.update(member.outputs)


def place_of(name: str, values: Iterable[Value]) -> Place | None:
    """An axis of one of the values whose size is just this open one."""
    for value in values:
        for axis, size in enumerate(value.shape):
            if size == named(name):
                return value, axis
    return None
