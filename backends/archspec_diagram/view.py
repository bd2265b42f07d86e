"""What of a model is shown: the items that become boxes, and the groups that are drawn around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from msgspec import Struct

from archspec.graph import Graph, Group, Node, Path, Value
from archspec_diagram.structure import Key, Structure


@final
class Badge(Struct, frozen=True):
    """How often something runs."""

    times: int

    is_same: bool
    """Whether it is one layer that is used again, with the same weights each time, and not so many copies."""

    @property
    def text(self) -> str:
        return f"×{self.times} shared" if self.is_same else f"×{self.times}"

    @property
    def tip(self) -> str:
        how = "with the same weights each time" if self.is_same else "each with weights of its own"
        return f"{self.times} times, {how}"


@final
class Item(Struct, frozen=True):
    """What becomes one box: an input, an output, layers in a row, or a group that is closed."""

    key: Key
    identity: str
    name: str
    """What the author called it, if anything."""

    nodes: tuple[Node, ...] = ()
    """The layers, one band each; of a closed group all that are in it."""

    group: Group | None = None
    """The group, if it is one that is closed."""

    content: str = ""
    """What a closed group is made of."""

    value: Value | None = None
    """Of an input or output."""

    badge: Badge | None = None
    in_training_only: bool = False
    highlighted: frozenset[Path] = frozenset()
    """Which of its layers stand out."""

    notes: Mapping[Path, Sequence[str]] = {}
    """What its boxes say besides, by the layer or the closed group."""

    gives: tuple[Value, ...] = ()
    """What it gives to others, each shape once."""

    said: tuple[Value, ...] = ()
    """The same, where it has a shape which nothing has that comes in."""


@final
class Container(Struct, frozen=True):
    """A group that is open, or a pass of a repeat: a frame around others."""

    path: Path
    identity: str
    name: str
    block: str
    tip: str
    badge: Badge | None
    is_highlighted: bool = False
    in_training_only: bool = False

    @property
    def badge_text(self) -> str:
        return "" if self.badge is None else self.badge.text


@final
class View(Struct, frozen=True):
    graph: Graph
    structure: Structure
    items: Mapping[Key, Item]
    containers: Mapping[Path, Container]
    opened: frozenset[Path] = frozenset()
    """The groups that are open, those without a frame of their own too."""
