"""What runs where: the methods that a graph becomes, before they are text.

The model is a `Scope`, and so is each group that can be called as a whole, as its layers run one right after the other:
it takes the values that flow in, and gives those that flow out. A group that others run in between of only holds its
layers, and the scope around it calls them one by one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TypeAlias, final

from msgspec import Struct

from archspec.graph import Graph, Node, Path, Value
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.call import Call
from archspec_torch.inline import Inline
from archspec_torch.sharing import Calls

Place: TypeAlias = tuple[Value, int]
"""An axis of a value, at which the number can be read that an open size has."""


@final
class Step(Struct, frozen=True):
    """One statement: a layer, or a group of layers."""

    path: Path
    """The layer or group that runs."""

    module: Path
    """What is called: another path where the layer or group is another use of an earlier one."""

    scope: Scope | None
    """The statements of a group that is used for the first time."""

    lowered: Call | Inline | None
    """What a layer is in PyTorch; a group has none."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    gives_tuple: bool
    """Whether the outputs have to be taken apart."""

    sizes: Mapping[str, Place | None]
    """Where the open sizes are read that it has to be told; `None` where the scope itself is told."""

    in_training_only: bool = False
    """Whether it is left out when the model is evaluated, and the scope around it is not."""

    @property
    def uses(self) -> Iterator[Value]:
        """All values that have to be at hand."""
        yield from self.inputs
        yield from (place[0] for place in self.sizes.values() if place is not None)


@final
class Scope(Struct, frozen=True):
    """Statements that make up a method, with the values that flow in and out."""

    path: Path
    steps: tuple[Step, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    sizes: tuple[str, ...]
    """The open sizes that none of its inputs tells."""

    def values(self) -> Iterator[Value]:
        """All that flows in, or is made by one of its statements."""
        yield from self.inputs
        for step in self.steps:
            yield from step.outputs

    @property
    def is_chain(self) -> bool:
        """Whether it is modules in a row, each of which takes what the one before it gives."""
        flow = self.inputs
        for step in self.steps:
            if not (self._is_module(step) and len(flow) == 1 and step.inputs == flow):
                return False
            flow = step.outputs
        return self.outputs == flow

    @property
    def carried(self) -> int | None:
        """Of what its modules take, the number of what each has from the one before it; `None` where they do not run
        one after the other, or are not given the same otherwise."""
        if len(self.inputs) < 2 or len(self.steps) < 2 or not all(map(self._is_module, self.steps)):
            return None
        if any(isinstance(step.lowered, Call) and step.lowered.passing is not None for step in self.steps):
            return None
        first, last = self.steps[0], self.steps[-1]
        for place, value in enumerate(first.inputs):
            others = _without(first.inputs, place)
            is_carried = all(
                step.inputs[place : place + 1] == before.outputs and _without(step.inputs, place) == others
                for before, step in pairwise(self.steps)
            )
            if is_carried and value not in others and self.outputs == last.outputs:
                return place
        return None

    def _is_module(self, step: Step) -> bool:
        """Whether a statement calls a module that is directly inside, and gives one value."""
        is_plain = len(step.outputs) == 1 and not (step.gives_tuple or step.sizes or step.in_training_only)
        is_module = step.module == step.path and not isinstance(step.lowered, Inline)
        return is_plain and is_module and len(step.path) == len(self.path) + 1


def _without(values: Sequence[Value], place: int) -> tuple[Value, ...]:
    return (*values[:place], *values[place + 1 :])


def scope_of(
    graph: Graph, lowered: Mapping[Path, Call | Inline], calls: Calls, parameters: Container[str] = ()
) -> Scope:
    """The scope of a whole model, whose classes keep some parameters."""
    users: dict[Value, list[Path]] = {output.value: [()] for output in graph.outputs}
    for node in graph.nodes:
        for value in node.inputs:
            users.setdefault(value, []).append(node.path)
    for path, again in calls.again.items():
        for value, twin in again.twins.items():
            is_needed = any(user[: len(path)] != path for user in users.get(twin, ()))
            if is_needed and twin.producer[: len(path)] == path:
                # What is needed of another use of a group, the group has to give.
                users.setdefault(value, []).append(again.group[:-1])
    return _Scopes(graph, lowered, calls, parameters, users, {}).scope((), graph.nodes)


@final
class _Scopes(Struct, frozen=True):
    graph: Graph
    lowered: Mapping[Path, Call | Inline]
    calls: Calls
    parameters: Container[str]
    users: Mapping[Value, Sequence[Path]]
    found: dict[Path, Scope]
    """The scopes so far, in which those of groups come before other uses of these groups."""

    def scope(self, path: Path, nodes: Sequence[Node]) -> Scope:
        inputs = tuple(_flowing_in(nodes)) if path else self.graph.inputs
        outputs = tuple(self.flowing_out(path, nodes)) if path else tuple(each.value for each in self.graph.outputs)
        parts = groupby(nodes, lambda node: self.unit(node, len(path)))
        steps = tuple(self.step(unit, tuple(part), path, inputs) for unit, part in parts)
        told = (name for step in steps for name, place in step.sizes.items() if place is None)
        self.found[path] = Scope(path, steps, inputs, outputs, tuple(dict.fromkeys(told)))
        return self.found[path]

    def unit(self, node: Node, depth: int) -> Path:
        """What a layer runs as part of, at some depth: the outermost group that can be called, or itself."""
        groups = (node.path[:length] for length in range(depth + 1, len(node.path)))
        return next((group for group in groups if group in self.calls.units), node.path)

    def flowing_out(self, path: Path, nodes: Sequence[Node]) -> Iterator[Value]:
        values = (value for node in nodes for value in node.outputs)
        return (value for value in values if any(user[: len(path)] != path for user in self.users.get(value, ())))

    def step(self, path: Path, nodes: Sequence[Node], around: Path, known: Sequence[Value]) -> Step:
        """The statement that runs a unit in the scope around it, whose inputs are known."""
        node, lowered, scope, module = nodes[0], None, None, path
        open_sizes: Sequence[str] = ()
        if path == node.path:
            lowered, module = self.lowered[path], self.calls.modules[path]
            inputs, outputs = node.inputs, node.outputs
            gives_tuple = not isinstance(node.op.infer(*(value.shape for value in inputs)), Shape)
            spoken_of = lowered.open_names if isinstance(lowered, Inline) else ()
            open_sizes = [name for name in spoken_of if name not in self.parameters]
        elif path in self.calls.again:
            again = self.calls.again[path]
            module, first = again.group, self.found[again.group]
            inputs = tuple(again.twins[value] for value in first.inputs)
            outputs = tuple(again.twins[value] for value in first.outputs)
            gives_tuple, open_sizes = len(outputs) > 1, first.sizes
        else:
            scope = self.scope(path, nodes)
            inputs, outputs = scope.inputs, scope.outputs
            gives_tuple, open_sizes = len(outputs) > 1, scope.sizes
        # What the layer takes anyway is the first to be asked, so that a line tells of itself.
        sizes = {name: place_of(name, (*inputs, *known)) for name in open_sizes}
        # A group around it that is called runs in training only as a whole, or not at all.
        in_training_only = not around and node.path in self.graph.in_training_only
        return Step(path, module, scope, lowered, inputs, outputs, gives_tuple, sizes, in_training_only)


def _flowing_in(nodes: Sequence[Node]) -> Iterator[Value]:
    """What is used and not made here, in the order in which it is used."""
    known: set[Value] = set()
    for node in nodes:
        for value in node.inputs:
            if value not in known:
                known.add(value)
                yield value
        known.update(node.outputs)


def place_of(name: str, values: Iterable[Value]) -> Place | None:
    """An axis of one of the values whose size is just this open one."""
    for value in values:
        for axis, size in enumerate(value.shape):
            if size == named(name):
                return value, axis
    return None
