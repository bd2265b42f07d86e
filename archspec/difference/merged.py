"""Both models in one graph, to be drawn: the new one, with what was removed where it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final, final

from msgspec.structs import replace

from archspec.difference import Change, Difference, Fact, Kind, Use
from archspec.difference.wording import TO as ARROW
from archspec.difference.wording import arrow
from archspec.drawing import Drawing, Mark, Marked
from archspec.graph import Graph, Group, Node, Path, Repetition, Tie, Value
from archspec.summary.wording import exact

TO: Final = "->"
"""Not every font that pictures are drawn in has an arrow."""

OLD: Final = " (old)"
"""What stands behind a name that something of the new model has too."""

MOST_OPEN: Final = 12
"""Where more groups than this hold something that differs, which of them are open is left to the view."""


def merged(difference: Difference) -> tuple[Graph, Drawing]:
    """The graph of both models, and how it is drawn so that what differs is seen."""
    merger = _Merger(difference)
    graph = merger.graph()
    marks = tuple(merger.marks())
    opened = _opened(graph, marks)
    return graph, Drawing(marks=marks, expand=opened, fold=_closed(graph, marks, opened))


def _opened(graph: Graph, marks: tuple[Marked, ...]) -> tuple[str, ...]:
    """The groups in which something differs; blocks by their names, so that all uses of one are seen alike."""
    passes = {path for each in graph.repeats for members in each.passes[1:] for path in members}
    found: dict[str, None] = {}
    for each in marks:
        for depth in range(1, len(each.path)):
            group = graph.groups[each.path[:depth]]
            if group.block is not None:
                found[group.block] = None
            elif not any(group.path[:length] in passes for length in range(1, depth + 1)):
                found[group.name] = None
    return tuple(found) if len(found) <= MOST_OPEN else ()


def _closed(graph: Graph, marks: tuple[Marked, ...], opened: tuple[str, ...]) -> tuple[str, ...]:
    """The groups that differ as a whole, and not by what is in them; blocks by their names."""
    changed = (graph.groups[each.path] for each in marks if each.mark is Mark.CHANGED and each.path in graph.groups)
    names = dict.fromkeys(group.block or group.name for group in changed if len(group.path) > 1)
    return tuple(name for name in names if name not in opened)


@final
class _Merger:
    def __init__(self, difference: Difference) -> None:
        self.difference = difference
        self.old, self.new = difference.old.graph, difference.new.graph
        matching = difference.matching
        self.groups: dict[Path, Path] = dict(matching.groups)
        """What old groups are called now, those that were removed included."""

        self.names: dict[Path, Path] = dict(matching.layers)
        self.in_new = {*(value.producer for value in self.new.inputs), *self.new.layers}
        """The inputs and layers of the new model."""

        self.taken = {*self.new.groups, *self.in_new}
        self.gone = [use.old for each in difference.of(Kind.REMOVED) for use in each.uses if use.old is not None]
        self.ends = dict(self._ends())
        """The members of the last pass of each repeat of another length, as the new model has them."""

        self.removed = self._removed()

    def _ends(self) -> Iterator[tuple[Path, Path]]:
        for change in self.difference.of(Kind.REPEATED):
            for use in change.uses:
                (fact,) = use.facts
                olds, news = (
                    [each for each in graph.repeats if each.path == path and str(len(each.passes)) == passes]
                    for graph, path, passes in ((self.old, use.old, fact.old), (self.new, use.new, fact.new))
                )
                for one, other in zip(olds, news, strict=False):
                    for mine, its in zip(one.passes[-1], other.passes[-1], strict=False):
                        yield mine, its
                        yield self.groups.get(mine) or self.names.get(mine) or mine, its

    def _removed(self) -> list[Node]:
        """The layers that are in the old model alone, and are told of; not those that take what cannot be shown."""
        shown = {*self.names, *(value.producer for value in self.old.inputs)}
        found = []
        for node in self.old.nodes:
            if self._is_gone(node.path) and all(
                value.producer in shown or self._end(value.producer, node.path) for value in node.inputs
            ):
                shown.add(node.path)
                found.append(node)
        return found

    def _end(self, path: Path, taker: Path) -> Path | None:
        """What stands for a layer of the last pass of a repeat, for whoever takes from it outside."""
        depth = next((depth for depth in range(len(path), 0, -1) if path[:depth] in self.ends), None)
        if depth is None or taker[:depth] == path[:depth]:
            return None
        end = self.ends[path[:depth]]
        name = self.names.get(path, path)
        for each in ((*end, *name[depth:]), (*end, *path[depth:])):
            if each in self.in_new:
                return each
        inside = [node.path for node in self.new.nodes if node.path[: len(end)] == end]
        return inside[-1] if inside else None

    def _is_gone(self, path: Path) -> bool:
        is_told = any(path[: len(each)] == each for each in self.gone)
        return is_told and path not in self.difference.matching.layers

    def graph(self) -> Graph:
        inputs = [replace(value, producer=self._name(value.producer)) for value in self._old_inputs()]
        order: list[Path] = [value.producer for value in (*inputs, *self.new.inputs)] + [*self.new.layers]
        nodes = dict(self.new.layers)
        last: Path | None = None
        gone = {node.path for node in self.removed}
        for node in self.old.nodes:
            if node.path in gone:
                moved = self._moved(node)
                before = [order.index(value.producer) for value in moved.inputs]
                before += [] if last is None else [order.index(last)]
                order.insert(max(before, default=-1) + 1, moved.path)
                nodes[moved.path] = moved
            last = self.names.get(node.path, last)
        layers = tuple(nodes[path] for path in order if path in nodes)
        groups = {**self.new.groups, **dict(self._old_groups())}
        return dataclasses.replace(
            self.new, inputs=(*self.new.inputs, *inputs), groups=groups, nodes=layers, rebuilt=None
        )

    def _old_inputs(self) -> Iterator[Value]:
        """The inputs that only the old model has, where something that was removed takes them."""
        used = {value.producer for node in self.removed for value in node.inputs}
        for value in self.old.inputs:
            if value.producer not in self.names and value.producer in used:
                yield value

    def _old_groups(self) -> Iterator[tuple[Path, Group]]:
        for node in self.removed:
            for depth in range(1, len(node.path)):
                path = node.path[:depth]
                if path not in self.difference.matching.groups:
                    yield self._group(path), dataclasses.replace(self.old.groups[path], path=self._group(path))

    def _group(self, path: Path) -> Path:
        """What a group of the old model is called."""
        if path not in self.groups:
            self.groups[path] = self._free((*self._group(path[:-1]), path[-1]))
        return self.groups[path]

    def _name(self, path: Path) -> Path:
        """What a layer or input of the old model is called."""
        if path not in self.names:
            self.names[path] = self._free((*self._group(path[:-1]), path[-1]))
        return self.names[path]

    def _free(self, path: Path) -> Path:
        while path in self.taken:
            path = (*path[:-1], path[-1] + OLD)
        self.taken.add(path)
        return path

    def _moved(self, node: Node) -> Node:
        """A layer that was removed, as one of the graph of both."""
        path = self._name(node.path)

        def moved(value: Value) -> Value:
            return replace(value, producer=self._end(value.producer, node.path) or self._name(value.producer))

        return replace(
            node,
            path=path,
            inputs=tuple(map(moved, node.inputs)),
            outputs=tuple(replace(value, producer=path) for value in node.outputs),
            shares=None if node.shares is None else self._name(node.shares),
            ties={name: Tie(self._name(tie.path), tie.weight) for name, tie in node.ties.items()},
        )

    # ------------------------------------------------------------------------------------------------------ marks

    def marks(self) -> Iterator[Marked]:
        (total,) = (each for each in self.difference.totals if each.key == "parameters")
        sizes = dict.fromkeys(exact(each[0]) for each in (total.old, total.new))
        yield Marked((), Mark.CHANGED, (f"{f' {TO} '.join(sizes)} parameters",))
        for change in self.difference.changes:
            for use in change.uses:
                yield from self._of_use(change, use)

    def _of_use(self, change: Change, use: Use) -> Iterator[Marked]:
        match change.kind:
            case Kind.ADDED:
                yield Marked(use.path, Mark.ADDED)
            case Kind.REMOVED:
                yield Marked(
                    self._group(use.path) if use.path in self.old.groups else self._name(use.path), Mark.REMOVED
                )
            case Kind.REPEATED:
                (fact,) = use.facts
                for each in self.new.repeats:
                    if each.path == use.new and str(len(each.passes)) == fact.new:
                        yield Marked(self._place(each), Mark.CHANGED, (_plain(f"{arrow(fact)} passes"),))
            case Kind.AFFECTED:
                return
            case _:
                yield Marked(use.path, Mark.CHANGED, tuple(map(_note, use.facts)))

    def _place(self, repetition: Repetition) -> Path:
        """Where a repeat is seen: at the group of which it is all there is, or else at its first pass."""
        held = {path for members in repetition.passes for path in members}
        is_all = repetition.path and all(each.path in held for each in self.new.members(repetition.path))
        return repetition.path if is_all else repetition.passes[0][0]


def _note(fact: Fact) -> str:
    if fact.name == "name":
        return f"was {fact.old}"
    return _plain(arrow(fact) if fact.name in ("op", "block", "place") else f"{fact.name} {arrow(fact)}")


def _plain(text: str) -> str:
    return text.replace(ARROW, TO)
