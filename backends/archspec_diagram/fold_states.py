"""The pictures that a page goes through as its reader folds and unfolds groups.

Each is laid out here, as `archspec draw` would do it with just these groups open, so that a page never draws worse than
a file, and needs no layout of its own. There are more sets of open groups than a file can hold: the page has the
picture that it starts with, those with all groups closed and all open, and then those that are the fewest clicks from
the start, till there is no room. Of a small model these are all. A click for which there is no picture leads to the
nearest one in which that group is as the click wants it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct

from archspec.drawing import Drawing
from archspec.graph import Graph, Path
from archspec_diagram.folding import view_of
from archspec_diagram.graph_view import drawn, picture
from archspec_diagram.picture import Mark, Part, Picture
from archspec_diagram.structure import Key, Kind
from archspec_diagram.view import View

_MOST: Final = 40
"""So many pictures are laid out in a second or two."""

_MARKS: Final = 10_000
"""So many marks, of all pictures together, are about 300 kB."""

_FEW: Final = 24
"""A group of so few layers opens whole; a larger one opens to the groups that are in it."""


@final
class State(Struct, frozen=True):
    """A picture with the groups that are open in it."""

    picture: Picture
    opened: frozenset[Path]
    frames: frozenset[Path]
    """The open groups that can be folded: those with a title that can be clicked."""

    boxes: frozenset[Path]
    """The closed groups that are shown."""


@final
class FoldStates(Struct, frozen=True):
    states: tuple[State, ...]
    """The first is the one that was asked for."""

    closed: int
    opened: int | None
    """Which of them have all groups closed and open; a picture of all may be too large."""

    @property
    def turns(self) -> Iterator[Mapping[Path, int]]:
        """For each state, where a click on each of its groups leads to."""
        for state in self.states:
            found: dict[Path, int] = {}
            for group in sorted(state.frames):
                wanted = _without(state.opened, group)
                found |= self._nearest(group, wanted, [group in each.boxes for each in self.states])
            for group in sorted(state.boxes):
                wanted = state.opened | {group}
                is_open = [group in each.opened for each in self.states]
                found |= self._nearest(group, wanted, is_open)
            yield found

    def _nearest(self, group: Path, wanted: frozenset[Path], fits: Sequence[bool]) -> dict[Path, int]:
        numbers = [number for number, fit in enumerate(fits) if fit]
        if not numbers:
            return {}
        return {group: min(numbers, key=lambda number: len(self.states[number].opened ^ wanted))}


def fold_states(graph: Graph, drawing: Drawing) -> FoldStates:
    first = picture(graph, drawing)  # Whatever is wrong with what was asked for is told here.
    shown = shown_groups(graph, drawing)
    layers = {group: sum(node.path[: len(group)] == group for node in graph.nodes) for group in shown}
    states: list[State] = []
    known: dict[frozenset[Path], int] = {}
    room = _MARKS

    def add(view: View, drawing_of_it: Picture | None = None) -> int | None:
        nonlocal room
        opened = frozenset(path for path in view.opened & shown if _stands_in(path, view.opened))
        if opened not in known:
            made = drawn(view, drawing) if drawing_of_it is None else drawing_of_it
            room -= sum(1 for _ in _marks(made.marks))
            if states and room < 0:
                return None
            known[opened] = len(states)
            states.append(_state(made, opened, shown))
        return known[opened]

    add(view_of(graph, drawing), first)
    closed = add(view_of(graph, drawing, ()))
    whole = add(view_of(graph, drawing, shown))
    waiting = deque(range(len(states)))
    while waiting and room > 0 and len(states) < _MOST:
        state = states[waiting.popleft()]
        clicks = [_without(state.opened, group) for group in sorted(state.frames)]
        for group in sorted(state.boxes):
            inner = [path for path in shown if path[: len(group)] == group] if layers[group] <= _FEW else [group]
            clicks.append(state.opened.union(inner))
        for wanted in clicks:
            before = len(states)
            if wanted not in known and room > 0 and before < _MOST and add(view_of(graph, drawing, wanted)) == before:
                waiting.append(before)
    return FoldStates(tuple(states), 0 if closed is None else closed, whole)


def shown_groups(graph: Graph, drawing: Drawing) -> frozenset[Path]:
    """The groups that can be seen at all: a later pass of a repeat is shown by the first one."""
    whole = view_of(graph, drawing, tuple(graph.groups))
    nodes = [node for item in whole.items.values() for node in item.nodes]
    return frozenset(node.path[:depth] for node in nodes for depth in range(1, len(node.path)))


def _state(picture: Picture, opened: frozenset[Path], shown: frozenset[Path]) -> State:
    parts = {mark.identity for mark in picture.marks if isinstance(mark, Part) and mark.marks}
    groups = {path for path in shown if Key(Kind.GROUP, path).identity in parts}
    return State(picture, opened, frozenset(groups & opened), frozenset(groups - opened))


def _stands_in(path: Path, opened: frozenset[Path]) -> bool:
    """Whether all groups around an open one are open too, so that it is seen."""
    return all(path[:depth] in opened for depth in range(1, len(path)))


def _without(opened: frozenset[Path], group: Path) -> frozenset[Path]:
    return frozenset(path for path in opened if path[: len(group)] != group)


def _marks(marks: Sequence[Mark]) -> Iterator[Mark]:
    for mark in marks:
        if isinstance(mark, Part):
            yield from _marks(mark.marks)
        yield mark
