"""The weights of a model, and whether a file has them: names, shapes and kinds of elements, from its header alone.

A weight is called as in the state dict of the module: the path of its layer, and its own name. What files call it, the
`rename` lines of the spec say. Every weight of the model must be in the file, and every tensor of the file must be a
weight of the model, with two exceptions: of weights that are tied to each other one is enough, and counters such as the
`num_batches_tracked` of a `batchnorm` may be missing, as some libraries leave them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path as File
from typing import Final, final

from msgspec import Struct

from archspec.catalog.renames import RenamedAlike, UnclearRename, UnknownRenamed, UnusedRename
from archspec.catalog.weights import (
    DifferentTied,
    MissingWeight,
    OtherWeights,
    UnknownWeight,
    WrongWeightElement,
    WrongWeightShape,
)
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph, Node, Path
from archspec.rename import Rename, most_precise, stored_name
from archspec.safetensors import Stored, are_same
from archspec.shape import Element, Shape
from archspec.shards import file_meant, read_tensors
from archspec.source import Span
from archspec.spelling import closest

FEW: Final = 10
"""Up to so many weights that are missing have a finding each; of more, those of a group or line have one together."""


@final
class Weight(Struct, frozen=True):
    """A trained parameter of a model, or what it keeps beside these."""

    name: str
    shape: Shape
    node: Node
    owner: str
    """Its own name or, where it is tied, that of the weight that it is tied to."""

    @property
    def may_be_missing(self) -> bool:
        """Whether it is a counter, which starts anew where a file does not have it."""
        return self.shape.element is Element.INT and self.shape.rank == 0


@final
class WeightFile(Struct, frozen=True):
    """A file that has the weights of a model, or the files that an index names."""

    path: File
    parts: Mapping[File, Mapping[str, str]]
    """What each file calls the weights that are read from it, by their names in the model."""


def weights_of(graph: Graph) -> Mapping[str, Weight]:
    """All weights of a model by name, in the order of its layers."""
    found = {}
    for node in graph.nodes:
        if node.shares is not None:
            continue
        for name, shape in (*node.weights.items(), *node.buffers.items()):
            full = ".".join((*node.path, name))
            found[full] = Weight(full, shape, node, _owner(graph, node, name))
    return found


def _owner(graph: Graph, node: Node, name: str) -> str:
    if node.shares is not None:
        return _owner(graph, graph.node(node.shares), name)
    tie = node.ties.get(name)
    return ".".join((*node.path, name)) if tie is None else _owner(graph, graph.node(tie.path), tie.weight)


# ------------------------------------------------------------------------------------------------------------- renames


def check_renames(rules: Sequence[Rename], graphs: Sequence[Graph], report: Report, *, is_whole: bool) -> None:
    """Add what is wrong with the rules of a spec, for its model and variants.

    Only where all of them are there is a rule without a use wrong.
    """
    used: set[Rename] = set()
    spoken: dict[Rename, set[Rename]] = {}
    names: dict[str, None] = {}
    for graph in graphs:
        weights = weights_of(graph)
        names |= dict.fromkeys(weights)
        stored: dict[str, Weight] = {}
        for weight in weights.values():
            parts = weight.name.split(".")
            best = most_precise(rules, parts)
            used.update(best)
            for rule in rules:
                if rule not in best and rule.speaks_of(parts):
                    spoken.setdefault(rule, set()).update(best)
            if len(best) > 1:
                first, second = best[:2]
                report.add(UnclearRename(second.span, second.own.text, first.own.text, first.span, weight.name))
                return
            other = stored.setdefault(best[0].applied(parts) if best else weight.name, weight)
            if other.owner != weight.owner:
                place = best[0].stored.span if best else most_precise(rules, other.name.split("."))[0].stored.span
                called = stored_name(rules, weight.name)
                report.add(RenamedAlike(place, weight.name, other.name, called))
                return
    for rule in rules if is_whole else ():
        if rule in used:
            continue
        if rule in spoken:
            places = tuple(sorted((each.span for each in spoken[rule]), key=lambda span: span.start))
            report.add(UnusedRename(rule.span, rule.own.text, places))
        else:
            report.add(_unknown(rule, graphs, names))


def _unknown(rule: Rename, graphs: Sequence[Graph], names: Iterable[str]) -> Diagnostic:
    model, text = graphs[0].name, rule.own.text
    if any(rule.speaks_of(path) for graph in graphs for path in (*(node.path for node in graph.nodes), *graph.groups)):
        return UnknownRenamed(rule.span, text, model, None, is_layer=True)
    known = {".".join(parts[:length]) for parts in (name.split(".") for name in names) for length in _lengths(parts)}
    if "*" in rule.parts:
        stars = [index for index, part in enumerate(rule.parts) if part == "*"]
        known = {_starred(each, stars) for each in known if each.count(".") >= stars[-1]}
    return UnknownRenamed(rule.span, text, model, closest(text, known))


def _lengths(parts: Sequence[str]) -> range:
    return range(1, len(parts) + 1)


def _starred(name: str, stars: Iterable[int]) -> str:
    """A name with `*` for some of its parts."""
    parts = name.split(".")
    for each in stars:
        parts[each] = "*"
    return ".".join(parts)


# --------------------------------------------------------------------------------------------------------------- files


def find_weights(graph: Graph, rules: Sequence[Rename], path: File, report: Report) -> WeightFile | None:
    """Where the weights of a model are, or `None` where findings say why they are not.

    The path is that of a file, of an index of several, or of a folder with the one or the other.
    """
    meant = file_meant(path, report)
    tensors = None if meant is None else read_tensors(meant, report)
    if meant is None or tensors is None:
        return None
    comparison = _Comparison(graph, rules, meant, tensors)
    found = tuple(comparison.findings())
    for each in found:
        report.add(each)
    if found:
        return None
    parts: dict[File, dict[str, str]] = {}
    for name, (stored, *_) in comparison.names.items():
        parts.setdefault(tensors[stored].file, {})[name] = stored
    return WeightFile(meant, parts)


@final
class _Comparison:
    """A model beside a file."""

    def __init__(self, graph: Graph, rules: Sequence[Rename], path: File, tensors: Mapping[str, Stored]) -> None:
        self.graph = graph
        self.file = str(path)
        self.tensors = tensors
        self.rules = rules
        self.weights = weights_of(graph)
        self.stored = {name: stored_name(rules, name) for name in self.weights}
        """What the file should call each weight."""

        alike: dict[str, list[str]] = {}
        for weight in self.weights.values():
            if self.stored[weight.name] in tensors:
                alike.setdefault(weight.owner, []).append(self.stored[weight.name])
        self.names = {
            weight.name: tuple(dict.fromkeys(alike[weight.owner]))
            for weight in self.weights.values()
            if weight.owner in alike
        }
        needed = [each for each in self.weights.values() if not each.may_be_missing and each.name == each.owner]
        self.missing = [each for each in needed if each.name not in self.names]
        known = set(self.stored.values())
        self.unknown = [name for name in tensors if name not in known]

    def findings(self) -> Iterator[Diagnostic]:
        if self.weights and not self.names:
            yield self.other()
            return
        found = [*self.missing_ones(), *self.unknown_ones(), *self.misfits()]
        yield from found or self.different_ones()

    def other(self) -> Diagnostic:
        """That nothing fits is one mistake."""
        stored = tuple(self.tensors)
        owners = {each.owner for each in self.weights.values() if not each.may_be_missing}
        own = tuple(self.weights)[:_SHOWN]
        rename = _rename(self.weights, stored) if not self.rules else None
        model = self.graph.name
        return OtherWeights(self.graph.span, self.file, model, own, stored[:_SHOWN], len(owners), len(stored), rename)

    def missing_ones(self) -> Iterator[Diagnostic]:
        # What the model does not know may be meant for what is missing, if its shape is the same.
        free = {name: self.tensors[name].shape for name in self.unknown}
        groups = _grouped([each.name for each in self.missing], list(self.names))
        for place, names, group in self.at_places(groups, self.path_of):
            first, suggestion = self.weights[names[0]], None
            if len(names) == 1:
                alike = [name for name, shape in free.items() if _has(shape, first.shape)]
                only = alike[0] if len(alike) == len(self.missing) == len(free) == 1 else None
                suggestion = closest(self.stored[first.name], alike) or only
            yield MissingWeight(place, self.file, names, group, self.stored[first.name], suggestion)

    def unknown_ones(self) -> Iterator[Diagnostic]:
        missing = {self.stored[each.name]: each.shape for each in self.missing}
        groups = _grouped(self.unknown, [name for found in self.names.values() for name in found])
        for place, names, prefix in self.at_places(groups, self.beside):
            found = self.tensors[names[0]].shape
            alike = [name for name, shape in missing.items() if _has(found, shape)] if len(names) == 1 else []
            suggestion = closest(names[0], alike)
            where = ".".join(self.beside(prefix or names[0])) or self.graph.name
            yield UnknownWeight(place, self.file_of(*names), names, prefix, where, suggestion)

    def misfits(self) -> Iterator[Diagnostic]:
        """Weights of other shapes or elements: those of one line of the spec together, or all where they are many."""
        kinds: dict[tuple[Span, Shape, str, tuple[int, ...], str], list[str]] = {}
        for weight in self.weights.values():
            stored = next((self.tensors[name] for name in self.names.get(weight.name, ())), None)
            is_own = weight.name == weight.owner
            is_right = (
                stored is not None and _has(stored.shape, weight.shape) and stored.element is weight.shape.element
            )
            if stored is not None and is_own and not is_right:
                kind = (weight.node.span, weight.shape, stored.kind, stored.shape, str(stored.file))
                kinds.setdefault(kind, []).append(weight.name)
        if len(kinds) > FEW:
            _, shape, _, found, _ = next(iter(kinds))
            others = tuple(name for names in kinds.values() for name in names)
            yield WrongWeightShape(self.graph.span, self.file, others, shape.sizes, found, is_alike=False)
            return
        for (place, shape, element, found, file), names in kinds.items():
            if _has(found, shape):
                yield WrongWeightElement(place, file, tuple(names), _ELEMENTS[shape.element], element)
            else:
                yield WrongWeightShape(place, file, tuple(names), shape.sizes, found)

    def different_ones(self) -> Iterator[Diagnostic]:
        """Weights that are tied, and of which the file has several that are not the same: only here it is read on."""
        for weight in self.weights.values():
            stored, first = self.stored[weight.name], self.names.get(weight.name, ("",))[0]
            if stored not in self.tensors or stored == first or weight.name == weight.owner:
                continue
            if not are_same(self.tensors[first], self.tensors[stored]):
                owner = self.weights[weight.owner].node.span
                yield DifferentTied(weight.node.span, self.file_of(first, stored), (first, stored), owner)

    # Places

    def file_of(self, *stored: str) -> str:
        """The file that has some tensors, or all of them if that is more than one."""
        files = {str(self.tensors[each].file) for each in stored}
        return files.pop() if len(files) == 1 else self.file

    def at_places(
        self, groups: Mapping[str, Sequence[str]], path_of: Callable[[str], Path]
    ) -> Iterator[tuple[Span, tuple[str, ...], str | None]]:
        """Names with the place that a finding on them has, and what they start with where they are the whole of it.

        Each has one of its own where there are few; else those at one place have one together, or all where there are
        many places.
        """
        names = [name for group in groups.values() for name in group]
        if len(names) <= FEW:
            yield from ((self.place(path_of(name)), (name,), None) for name in names)
            return
        here: dict[Span, list[str]] = {}
        for start, group in groups.items():
            here.setdefault(self.place(path_of(start if len(group) > 1 else group[0])), []).append(start)
        if len(here) > FEW:
            yield self.graph.span, tuple(names), None
            return
        for place, starts in here.items():
            found = tuple(name for start in starts for name in groups[start])
            yield place, found, starts[0] if len(starts) == 1 < len(found) else None

    def path_of(self, own: str) -> Path:
        return tuple(own.split("."))

    def place(self, path: Path) -> Span:
        """The place of a layer or group, or of what is around it where it is only a part of a layer."""
        for length in range(len(path), 0, -1):
            known = self.graph.groups.get(path[:length]) or self._nodes.get(path[:length])
            if known is not None:
                return known.span
        return self.graph.span

    def beside(self, stored: str) -> Path:
        """The innermost group or layer that has weights whose names in the file start like this one."""
        parts = stored.split(".")
        starts = (tuple(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self._paths[start] for start in starts if start in self._paths), ())

    @cached_property
    def _paths(self) -> Mapping[Path, Path]:
        """The path in the model of each start of a name in the file, as far as the ends of the names are the same."""
        found: dict[Path, Path] = {}
        for own, stored in self.stored.items():
            mine, theirs = self.path_of(own), self.path_of(stored)
            while len(mine) > 1 and len(theirs) > 1 and mine[-1] == theirs[-1]:
                mine, theirs = mine[:-1], theirs[:-1]
                found.setdefault(theirs, mine)
        return found

    @cached_property
    def _nodes(self) -> Mapping[Path, Node]:
        return {node.path: node for node in self.graph.nodes}


_SHOWN: Final = 3
"""So many names are examples of all."""

_ELEMENTS: Final = {Element.FLOAT: "floating-point numbers", Element.INT: "whole numbers", Element.BOOL: "flags"}


def _has(found: Sequence[int], shape: Shape) -> bool:
    """Whether a tensor has the shape of a weight, as far as that is known."""
    return len(found) == shape.rank and all(
        size == each for size, each in zip(shape, found, strict=True) if isinstance(size, int)
    )


def _grouped(names: Sequence[str], others: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Names in groups: those that start alike, as no other name does, by the shortest such start."""
    taken = {start for name in others for start in _starts(name)}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(next((each for each in _starts(name) if each not in taken), name), []).append(name)
    return groups


def _starts(name: str) -> Iterator[str]:
    """The starts of a name that end before a dot, the shortest first, and the name."""
    place = name.find(".")
    while place >= 0:
        yield name[:place]
        place = name.find(".", place + 1)
    yield name


def _rename(own: Iterable[str], stored: Sequence[str]) -> str | None:
    """A line that would make most names fit: where one side has a start that the other has not."""
    mine, theirs = set(own), set(stored)
    for many, others, line in ((theirs, mine, "rename * = {}.*"), (mine, theirs, "rename {}.* = *")):
        for start in sorted({name.partition(".")[0] for name in many}):
            rests = {name[len(start) + 1 :] for name in many if name.startswith(f"{start}.")}
            if 2 * len(rests & others) > len(mine):
                return line.format(start)
    return None
