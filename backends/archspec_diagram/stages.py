"""The stages of a model as the table of a paper has them: the layers of each, and how often they run.

A stage is a group that the spec declares, and a layer that stands alone is one by itself. What the reader of such a
table takes for granted is left out: activations, normalisations, regularisation, sums, and what only lays numbers out
anew.
Stages in a row that read alike are one with `× N`, and so are the units within a stage: the table shows the last of
them, and a note says in what the others differ, such as the stride of the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Graph, Group, Node, Path
from archspec.op import Family
from archspec.size import below
from archspec_diagram import wording
from archspec_diagram.solids import counts, feature_maps, kernel_of, windows_of

MOST: Final = 12
"""A group with more layers than this is no stage: those in it are."""

BESIDE: Final = "‖"
"""Begins the line of each of several branches."""

_UNSAID: Final = frozenset({*wording.SLIM, Family.MERGE, Family.RESHAPING, Family.ELEMENTWISE})


@final
class Stage(Struct, frozen=True):
    name: str
    """What the author called it, or the first of several."""

    size: str
    """What it gives: the axes of space of a feature map, or the features of a vector."""

    lines: tuple[str, ...]
    """Its layers, or its branches, in order."""

    times: int
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[str, bool]:
        """By what stages of several models are seen to be the same."""
        return self.size, self.is_pooling

    is_pooling: bool = False


def stages_of(graph: Graph) -> tuple[Stage, ...]:
    found: list[Stage] = []
    for stage in _Reader(graph).stages(()):
        if found and (found[-1].lines, found[-1].size, found[-1].notes) == (stage.lines, stage.size, ()):
            found[-1] = replace(found[-1], times=found[-1].times + stage.times)
        else:
            found.append(stage)
    return tuple(found)


@final
class _Reader:
    def __init__(self, graph: Graph) -> None:
        self.graph, self.maps = graph, feature_maps(graph)

    def stages(self, path: Path) -> Iterator[Stage]:
        for member in self.graph.members(path):
            if isinstance(member, Node):
                if wording.joins(member) and all(value.shape != member.output.shape for value in member.inputs):
                    yield Stage(wording.own_name(member), self._size(member), (self._joined(member),), 1)
                elif member.op.family not in _UNSAID:
                    is_pooling = member.op.family is Family.POOLING
                    name = wording.own_name(member)
                    yield Stage(name, self._size(member), (self._line(member),), 1, is_pooling=is_pooling)
                continue
            units = self._units(member)
            if units is None:
                yield from self.stages(member.path)
            elif lines := self._lines(units[-1]):
                yield self._stage(member, units, lines)

    def _stage(self, group: Group, units: Sequence[Sequence[Node]], lines: tuple[str, ...]) -> Stage:
        notes = []
        shown = Counter(self._layers(units[-1]))
        for number, unit in enumerate(units[:-1], 1):
            more = list((Counter(self._layers(unit)) - shown).elements())
            if more:
                notes.append(f"{wording.clean(group.name)}, unit {number}, differs by {'; '.join(more)}")
        said = wording.clean(".".join(self._named(group.path)))
        if group.block is not None and counts(group.path[-1], group.block):
            said = wording.clean(group.block)
        if all(node.path in self.graph.in_training_only for node in units[-1]):
            said += " (in training)"
        return Stage(said, self._size(units[-1][-1]), lines, len(units), tuple(notes))

    def _named(self, path: Path) -> Path:
        """As much of the end of a path as tells the group from others; a number alone says nothing."""
        for length in range(1, len(path)):
            name = path[-length:]
            if not name[0].isdigit() and sum(each[-length:] == name for each in self.graph.groups) == 1:
                return name
        return path

    def _layers(self, nodes: Iterable[Node]) -> list[str]:
        return [self._line(node) for node in nodes if node.op.family not in _UNSAID]

    def _units(self, group: Group) -> list[list[Node]] | None:
        """The uses of one block that a group consists of, or the group itself; none where its parts are stages."""
        members = self.graph.members(group.path)
        blocks = {member.block if isinstance(member, Group) else None for member in members}
        if len(members) > 1 and len(blocks) == 1 and None not in blocks:
            units = [list(self._inside(member.path)) for member in members]
            sizes = {(self._size(unit[-1]), unit[-1].output.shape) for unit in units}
            if len(sizes) == 1 and all(self._said(unit) <= MOST for unit in units):
                return units
            return None
        inside = list(self._inside(group.path))
        if any(map(_widens, inside)) and any(isinstance(member, Group) for member in members):
            return None  # It goes down to smaller sizes and up again, and is told by its parts.
        is_unit = group.block is not None or len({node.output.shape for node in inside}) == 1
        return [inside] if is_unit and 0 < self._said(inside) <= MOST else None

    def _said(self, nodes: Iterable[Node]) -> int:
        return sum(node.op.family not in _UNSAID for node in nodes)

    def _inside(self, path: Path) -> Iterator[Node]:
        for member in self.graph.members(path):
            if isinstance(member, Group):
                yield from self._inside(member.path)
            else:
                yield member

    # -------------------------------------------------------------------------------------------------------- lines

    def _lines(self, nodes: Sequence[Node]) -> tuple[str, ...]:
        """A line for each layer of a chain, and one for each of several branches."""
        ways = self._ways(nodes)
        starts = Counter(start for start, _ in ways)
        lines: list[str] = []
        for start, way in ways:
            if starts[start] > 1:
                lines.append(f"{BESIDE} {' → '.join(map(self._line, way))}")
            else:
                lines += map(self._line, way)
        return tuple(lines)

    def _ways(self, nodes: Sequence[Node]) -> list[tuple[tuple[Path, ...], list[Node]]]:
        """The layers that are said, in ways on which each follows the one before alone, with where each way begins."""
        said: dict[Path, tuple[Path, ...]] = {}
        """By a layer of the unit, the layers that are said in which what it gives was made."""
        before: dict[Path, tuple[Path, ...]] = {}
        for node in nodes:
            sources = [each for value in node.inputs for each in said.get(value.producer, ())]
            if node.op.family is Family.MERGE or len(node.inputs) > 1:
                # Of what comes together, the last is behind what it is made from.
                sources = [each for each in sources if not any(each in _behind(before, other) for other in sources)]
            if node.op.family in _UNSAID:
                said[node.path] = tuple(dict.fromkeys(sources))
            else:
                before[node.path] = tuple(dict.fromkeys(sources))
                said[node.path] = (node.path,)
        after: dict[Path, int] = {}
        for sources_ in before.values():
            for each in sources_:
                after[each] = after.get(each, 0) + 1
        ways: dict[Path, list[Node]] = {}
        found: list[tuple[tuple[Path, ...], list[Node]]] = []
        for node in nodes:
            if node.path not in before:
                continue
            first = before[node.path]
            if len(first) == 1 and after[first[0]] == 1:
                way = ways[first[0]]
            else:
                way = []
                found.append((first, way))
            way.append(node)
            ways[node.path] = way
        return found

    def _line(self, node: Node) -> str:
        op = node.op
        name = wording.clean(op.name.replace("_", " "))
        windows = windows_of(node)
        if not windows:
            if op.family is Family.LINEAR and node.output.shape.rank:
                return f"{wording.value(node.output.shape[-1])}-d {'fc' if name == 'linear' else name}"
            return ", ".join((name, *wording.phrases(op)))
        words = [kernel_of(windows)]
        if op.family is Family.CONVOLUTION:
            words[0] += "" if name == "conv" else f" {name}"
            words.append(wording.value(node.output.shape[1]))
            groups = getattr(op, "groups", 1)
            if groups != 1:
                words.append("depthwise" if groups == node.inputs[0].shape[1] else f"{wording.value(groups)} groups")
        else:
            words[0] += f" {name}"
        strides = [wording.value(window.stride) for window in windows]
        if set(strides) != {"1"}:
            words.append(f"stride {strides[0] if len(set(strides)) == 1 else '×'.join(strides)}")
        return ", ".join(words)

    def _joined(self, node: Node) -> str:
        shape = node.output.shape
        channels = shape[1] if node.output in self.maps else shape[-1]
        return f"{wording.clean(node.op.name)}, {wording.value(channels)}"

    def _size(self, node: Node) -> str:
        shape = node.output.shape
        if node.output in self.maps:
            return "×".join(map(wording.compact, shape[2:]))
        return "×".join(map(wording.compact, shape[1:] if shape.rank > 1 else shape[:]))


def _widens(node: Node) -> bool:
    """Whether a layer makes the axes of space longer."""
    windows = windows_of(node)
    pairs = zip(node.inputs[0].shape[2:], node.output.shape[2:], strict=False) if node.inputs else ()
    is_resampled = bool(windows) or node.op.family is Family.RESHAPING
    same_rank = bool(node.inputs) and node.inputs[0].shape.rank == node.output.shape.rank > 2
    return is_resampled and same_rank and any(below(one, other) for one, other in pairs)


def _behind(before: Mapping[Path, tuple[Path, ...]], path: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = list(before.get(path, ()))
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += before.get(each, ())
    return found
