"""Where values come from, seen past all that was added, taken out or moved.

A layer that is put between two others does not change the second one, though that takes another value now. So values
are followed back to layers that both graphs have, and these are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, final

from archspec.difference.matching import Matching
from archspec.graph import Graph, Path, Value

Place: TypeAlias = tuple[Path, int]
"""A layer or input of the new graph, and which of its outputs."""


@final
class Wiring:
    """What each value of one graph comes from, in the names of the new graph."""

    def __init__(self, graph: Graph, names: Mapping[Path, Path], passed: frozenset[Path], side: str) -> None:
        # An input that only one of the models has is none of the other's, whatever that calls its own.
        self.names = {value.producer: (side, *value.producer) for value in graph.inputs} | dict(names)
        self.sources: dict[Path, frozenset[Place]] = {}
        """Of each layer that is passed by: what it takes from."""

        for node in graph.nodes:
            if node.path not in names or node.path in passed:
                found = (self.of(value) for value in node.inputs)
                self.sources[node.path] = frozenset().union(*found)

    def of(self, value: Value) -> frozenset[Place]:
        found = self.sources.get(value.producer)
        return frozenset({(self.names[value.producer], value.port)}) if found is None else found

    def is_passed(self, value: Value) -> bool:
        """Whether the layer that gives a value is passed by."""
        return value.producer in self.sources


@final
class Wirings:
    """The values of both graphs."""

    def __init__(self, old: Graph, new: Graph, matching: Matching) -> None:
        layers = matching.layers
        self.old = Wiring(old, layers, matching.moved, "old")
        own = {path: path for path in layers.values()}
        self.new = Wiring(new, own, frozenset(layers[path] for path in matching.moved if path in layers), "new")

    def are_same(self, one: Value, other: Value) -> bool:
        """Whether an old value and a new one come from the same layers."""
        mine, its = self.old.of(one), self.new.of(other)
        if self.old.is_passed(one) or self.new.is_passed(other):
            # What was put in or taken out may also join, or have joined, a value from elsewhere.
            return mine <= its or its <= mine
        return mine == its
