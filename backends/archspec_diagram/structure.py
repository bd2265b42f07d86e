"""What a layout places: the layers, inputs and outputs of a model by key, the links between them, and the groups.

The layout sees a model only through this, so that it treats inputs, layers and outputs alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, final

from archspec.graph import Graph, Group, Path


class Kind(StrEnum):
    INPUT = "input"
    LAYER = "layer"
    OUTPUT = "output"
    GROUP = "group"


class Key(NamedTuple):
    """Names an input or a layer by its path, and an output by its number."""

    kind: Kind
    path: Path

    @property
    def group(self) -> Path:
        """The group that it is directly in."""
        return self.path[:-1] if self.kind in (Kind.LAYER, Kind.GROUP) else ()

    @property
    def identity(self) -> str:
        """A name that is unique, the same each time, and plain enough for every format."""
        return ".".join((self.kind.value, *map(_plain, self.path)))


@final
@dataclass(frozen=True, slots=True)
class Link:
    """One use of a value: the arrow from where it is made to where it is taken."""

    source: Key
    target: Key


@final
@dataclass(frozen=True)
class Structure:
    keys: tuple[Key, ...]
    """Inputs, layers and outputs, in an order in which they can run."""

    links: tuple[Link, ...]
    members: Mapping[Path, tuple[Key, ...]]
    """What is directly in each group and, for the empty path, in the model, in order."""

    @cached_property
    def incoming(self) -> Mapping[Key, tuple[Link, ...]]:
        found: dict[Key, list[Link]] = {key: [] for key in self.keys}
        for link in self.links:
            found[link.target].append(link)
        return {key: tuple(links) for key, links in found.items()}

    @cached_property
    def outgoing(self) -> Mapping[Key, tuple[Link, ...]]:
        found: dict[Key, list[Link]] = {key: [] for key in self.keys}
        for link in self.links:
            found[link.source].append(link)
        return {key: tuple(links) for key, links in found.items()}

    @cached_property
    def groups(self) -> tuple[Path, ...]:
        """The groups, each before those inside it."""
        return tuple(path for path in self.members if path)


def structure_of(graph: Graph) -> Structure:
    inputs = tuple(Key(Kind.INPUT, value.producer) for value in graph.inputs)
    layers = tuple(Key(Kind.LAYER, node.path) for node in graph.nodes)
    outputs = tuple(Key(Kind.OUTPUT, (str(number),)) for number in range(len(graph.outputs)))
    sources = {key.path: key for key in (*inputs, *layers)}
    links = [Link(sources[value.producer], Key(Kind.LAYER, node.path)) for node in graph.nodes for value in node.inputs]
    links += [Link(sources[each.value.producer], key) for each, key in zip(graph.outputs, outputs, strict=True)]

    members: dict[Path, tuple[Key, ...]] = {}
    waiting: list[Path] = [()]
    while waiting:
        path = waiting.pop()
        inside = graph.members(path)
        keys = tuple(Key(Kind.GROUP if isinstance(each, Group) else Kind.LAYER, each.path) for each in inside)
        members[path] = keys if path else (*inputs, *keys, *outputs)
        waiting += reversed([key.path for key in keys if key.kind is Kind.GROUP])
    return Structure((*inputs, *layers, *outputs), tuple(links), members)


def _plain(name: str) -> str:
    """The name in letters, digits, `_` and `-`; every other character becomes its number between colons."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "_-") else f":{ord(each):x}:" for each in name)
