"""What a layout places: the layers, inputs and outputs of a model by key, the links between them, and the groups.

The layout sees a model only through this, so that it treats inputs, layers and outputs alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple, final

from msgspec import Struct

from archspec.graph import Path


class Kind(StrEnum):
    INPUT = "input"
    LAYER = "layer"
    OUTPUT = "output"
    GROUP = "group"

    FORK = "fork"
    """Where a value that comes into a group is taken apart for several in it."""


class Key(NamedTuple):
    """Names an input or a layer by its path, and an output by its number."""

    kind: Kind
    path: Path

    @property
    def group(self) -> Path:
        """The group that it is directly in."""
        return () if self.kind in (Kind.INPUT, Kind.OUTPUT) else self.path[:-1]

    @property
    def identity(self) -> str:
        """A name that is unique, the same each time, and plain enough for every format."""
        return ".".join((self.kind.value, *map(plain, self.path)))


@final
class Link(Struct, frozen=True):
    """One use of a value: the arrow from where it is made to where it is taken."""

    source: Key
    target: Key


@final
class Structure(Struct, frozen=True, dict=True):
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
    def crossing(self) -> frozenset[Link]:
        """Links from one group into the middle of another that has a beginning of its own, as from an encoder to a
        decoder: such groups stand side by side."""
        homes: dict[Key, tuple[Path, ...]] = {
            key: tuple(key.group[:depth] for depth in range(1, len(key.group) + 1)) for key in self.keys
        }
        candidates: dict[tuple[Path, Path], list[Link]] = {}
        for link in self.links:
            for one, other in zip(homes[link.source], homes[link.target], strict=False):
                if one != other:
                    candidates.setdefault((one, other), []).append(link)
                    break
        entries: dict[Path, int] = {}
        for (_, other), links in candidates.items():
            entries[other] = entries.get(other, 0) + len(links)
        for link in self.links:
            # From what is in no group beside.
            for home in homes[link.target][len(common(link.source.group, link.target.group)) :][:1]:
                entries[home] = entries.get(home, 0) + (len(link.source.group) < len(home))
        found: set[Link] = set()
        for (one, other), links in candidates.items():
            # A group that only one other leads into has no beginning of its own.
            if (other, one) in candidates or entries[other] == len(links):
                continue
            after_one = self._reached([key for key in self.keys if one in homes[key]], frozenset(links))
            begun = {
                key
                for key in self.keys
                if other in homes[key] and key not in after_one and (self.incoming[key] or key.kind is Kind.LAYER)
            }
            # Each that takes from the first group must stand behind others of the second, which do not.
            if all(any(each.source in begun for each in self.incoming[link.target]) for link in links):
                found |= set(links)
        return frozenset(found)

    def _reached(self, starts: list[Key], without: frozenset[Link]) -> set[Key]:
        reached, waiting = set(starts), list(starts)
        while waiting:
            for link in self.outgoing[waiting.pop()]:
                if link.target not in reached and link not in without:
                    reached.add(link.target)
                    waiting.append(link.target)
        return reached

    @cached_property
    def aside(self) -> frozenset[Key]:
        """What does not lead to where the longest way ends, such as classifiers for training in the middle."""
        rows: dict[Key, int] = {}
        for key in self.keys:
            rows[key] = max((rows[link.source] + 1 for link in self.incoming[key] if link.source in rows), default=0)
        if not rows:
            return frozenset()
        # Where the ways to two ends are equally long, the first in the text is the straight one.
        waiting = [max(self.keys, key=lambda key: rows[key])]
        leading = set(waiting)
        while waiting:
            for link in self.incoming[waiting.pop()]:
                if link.source not in leading:
                    leading.add(link.source)
                    waiting.append(link.source)
        return frozenset(key for key in self.keys if key not in leading)

    @cached_property
    def groups(self) -> tuple[Path, ...]:
        """The groups, each before those inside it."""
        return tuple(path for path in self.members if path)


def forked(structure: Structure) -> Structure:
    """The same with a fork in each group where a value comes in that several in it take."""
    moved: dict[Link, Key] = {}
    forks: dict[Key, Key] = {}
    for source, links in structure.outgoing.items():
        inside: dict[Path, list[Link]] = {}
        for link in links:
            shared = common(source.group, link.target.group)
            if len(link.target.group) > len(shared) and link not in structure.crossing:
                inside.setdefault(link.target.group[: len(shared) + 1], []).append(link)
        for entered in inside.values():
            if len({link.target for link in entered}) < 2:
                continue
            home = entered[0].target.group
            for link in entered:
                home = common(home, link.target.group)
            fork = Key(Kind.FORK, (*home, f"fork {source.identity}"))
            forks[fork] = source
            moved |= dict.fromkeys(entered, fork)
    if not forks:
        return structure
    keys: list[Key] = []
    for key in structure.keys:
        keys.append(key)
        keys += [fork for fork, source in forks.items() if source == key]
    ends = [Link(moved[link], link.target) if link in moved else link for link in structure.links]
    members = {
        path: (*(fork for fork in forks if fork.group == path), *inside) for path, inside in structure.members.items()
    }
    return Structure(tuple(keys), (*(Link(source, fork) for fork, source in forks.items()), *ends), members)


def common(one: Path, other: Path) -> Path:
    """The innermost group around two."""
    shared: Path = ()
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared = (*shared, left)
    return shared


def plain(name: str) -> str:
    """The name in letters, digits, `_` and `-`; every other character becomes its number between colons."""
    return _SPECIAL.sub(lambda found: f":{ord(found[0]):x}:", name)


_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_-]")
