"""A graph in which parameters of the model are open, as they are to be arguments of its class.

A parameter is open where other values for it change numbers, flags and texts in the source, and nothing else: the graph
is built anew with such values, and what its layers become is laid over each other. What differs is an expression over
parameters where one is found that comes to each of the values. A parameter may also say how often a repeat is gone
through; then the source of the graph with more passes, or fewer, has to be the same, but for what the parameter is. A
parameter that something else follows from is not open, and the source has its value in it, as it has those of all
parameters where nothing can build the graph anew.
"""

from __future__ import annotations

import keyword
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Graph, Group, Node, Path, Value
from archspec.scan import Scan
from archspec.shape import Shape
from archspec.size import Formula, Size, named, names
from archspec_torch.call import Call, Operation, Setting, Variable, printed
from archspec_torch.following import Samples, UnexplainedError
from archspec_torch.in_place import in_place
from archspec_torch.initial import filled
from archspec_torch.inline import Inline, bound, leaves, open_names
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.needs import CHECKPOINTING, taken_by_source
from archspec_torch.reserved import RESERVED_BY_SOURCE, RESERVED_IN_CELL, RESERVED_IN_GROUP, TAKEN_BY_METHOD
from archspec_torch.sampled import Sample, is_alike, samples_of, together
from archspec_torch.stand_ins import Aligned

_MOST_PARAMETERS: Final = 16
"""Of more parameters than this, those behind the first stay as they are: each is several graphs to build."""

TAKEN_BY_CONSTRUCTOR: Final = frozenset({"nn", "torch", "super", "range", "self", "OrderedDict", "isinstance"})
"""What the constructor of a class uses beside its arguments."""


@final
class Passes(Struct, frozen=True):
    """The passes of a repeat, whose number follows from parameters."""

    path: Path
    """The group in which they stand."""

    members: tuple[Path, ...]
    """The layer or group that each of them is."""

    times: Size
    """How many they are, as an expression over parameters."""


@final
class Open(Struct, frozen=True):
    """A graph, with what is known of it in expressions over the parameters that are open."""

    graph: Graph
    parameters: Mapping[str, Any] = {}
    """Those that are open, with their values."""

    attributes: Mapping[str, str] = {}
    """What parameters are called where a class keeps them."""

    lowered: Mapping[Path, Call | Inline] = {}
    """What each layer becomes; the layers that run cells are not among them."""

    shapes: Mapping[Value, Shape] = {}
    """The shapes of values, as far as they follow from parameters."""

    settings: Mapping[Path, Mapping[str, Any]] = {}
    """Those of groups, as far as they are known."""

    starts: Mapping[Path, Mapping[str, Call]] = {}
    """For each weight of which it is said how it starts, the call that fills it, with `()` for the weight."""

    cells: Mapping[Path, Open] = {}

    passes: Mapping[Path, Passes] = {}
    """Those of the repeats whose number follows from parameters, by each layer or group that is one of the passes."""

    others: Mapping[str, Sequence[Open]] = {}
    """What is known of other numbers of passes, by the parameter that they follow from."""

    def repeated(self, path: Path) -> Passes | None:
        """The passes that a layer or a group stands in, if their number follows from parameters."""
        lengths = range(len(path), 0, -1)
        return next((self.passes[path[:length]] for length in lengths if path[:length] in self.passes), None)

    def is_like(self, one: Node, other: Node) -> bool:
        """Whether two layers become the same, though they stand in two places."""
        is_plain = not isinstance(one.op, Scan) and one.shares is None and not one.ties
        shapes = [[value.shape for value in (*each.inputs, *each.outputs)] for each in (one, other)]
        starts = [self.starts.get(each.path) for each in (one, other)]
        lowered = [self.lowered.get(each.path) for each in (one, other)]
        return is_plain and shapes[0] == shapes[1] and starts[0] == starts[1] and lowered[0] == lowered[1]

    def shape(self, value: Value) -> Shape:
        return self.shapes.get(value, value.shape)

    def shown(self, value: Value) -> str:
        """The shape of a value as comments say it."""
        shape = self.shape(value)
        return str(shape) if shape is value.shape else _text(shape, self.parameters)

    def kept(self) -> Mapping[str, Variable]:
        """The parameters as attributes of a class."""
        return {name: Variable(f"self.{attribute}") for name, attribute in self.attributes.items()}

    def in_order(self, found: Container[str]) -> tuple[str, ...]:
        """Those of the parameters that are open."""
        return tuple(name for name in self.parameters if name in found)

    def types(self) -> Mapping[str, str]:
        return {name: type(value).__name__ for name, value in self.parameters.items()}

    def values(self) -> Mapping[str, Formula | Setting]:
        """The parameters as what expressions are made of."""
        return {name: named(name) if kind == "int" else Setting(name, kind) for name, kind in self.types().items()}

    def spoken_of(self, value: Any) -> frozenset[str]:
        """The parameters in an expression."""
        return frozenset(name for name in open_names(value) if name in self.parameters)

    def is_number(self, size: Any) -> bool:
        """Whether a size is known once the parameters are."""
        return isinstance(size, int) or (isinstance(size, Formula) and set(names(size)) <= self.parameters.keys())

    def is_plain(self, value: Any) -> bool:
        """Whether a setting can be written in source."""
        if isinstance(value, tuple):
            return all(map(self.is_plain, value))
        return isinstance(value, bool | int | float | str | Setting | Operation) or self.is_number(value)


def _text(shape: Shape, parameters: Mapping[str, Any]) -> str:
    variables = {name: Variable(name) for name in parameters}
    sizes = (
        printed(bound(size, variables)) if isinstance(size, Formula) and set(names(size)) <= parameters.keys() else size
        for size in shape
    )
    return str(Shape(tuple(sizes), shape.element))  # type: ignore[arg-type]  # It is only printed.


def opened(graph: Graph, closed: Container[str] = ()) -> Open:
    """A graph with all its parameters open that can be, but for some that are to be `closed`."""
    fit = [(name, value) for name, value in _fit(graph) if name not in closed]
    chosen = {name: found for name, value in fit if (found := samples_of(graph, name, value))}
    while chosen:
        values = {name: graph.settings[name] for name in chosen}
        graphs: list[tuple[Mapping[str, Any], Graph]] = [(values, graph)]
        graphs += (({**values, name: other}, found) for name, samples in chosen.items() for other, found in samples)
        if len(chosen) > 1:
            try:
                graphs += together(graph, values, chosen)
            except UnexplainedError as error:
                chosen = {name: found for name, found in chosen.items() if name not in error.parameters}
                continue
        samples = Samples(tuple(settings for settings, _ in graphs))
        try:
            laid_over = _with_parameters(_laid_over([each for _, each in graphs], samples), values)
            deeper = [name for name, samples in chosen.items() if not is_alike(graph, samples[0][1])]
            others = {name: tuple(_with_other_passes(laid_over, name, chosen[name])) for name in deeper}
            return replace(laid_over, others=others)
        except UnexplainedError as error:
            chosen = {name: found for name, found in chosen.items() if name not in error.parameters}
    return _laid_over([graph], Samples(({},)))


def _fit(graph: Graph) -> Iterator[tuple[str, Any]]:
    """The parameters that can be arguments by their kinds and names."""
    taken = {*TAKEN_BY_CONSTRUCTOR, *TAKEN_BY_METHOD, *taken_by_source(graph), CHECKPOINTING, "module"}
    is_built_anew = graph.rebuilt is not None
    fit = [
        (name, value)
        for name, value in graph.settings.items()
        if type(value) in (bool, int, float) and name not in taken and not keyword.iskeyword(name) and is_built_anew
    ]
    yield from fit[:_MOST_PARAMETERS]


# ----------------------------------------------------------------------------------------------- laid over each other


def _laid_over(graphs: Sequence[Graph], samples: Samples) -> Open:
    """Graphs of the same structure in one.

    Raises:
        UnexplainedError: they differ in what no expression over the parameters tells.
    """
    first = graphs[0]
    aligned = [Aligned.to(first, each) for each in graphs]
    lowered: dict[Path, Call | Inline] = {}
    cells: dict[Path, Open] = {}
    starts: dict[Path, dict[str, Call]] = {}
    is_open = len(graphs) > 1
    shared = {node.shares for node in first.nodes}
    passes = dict(_passes(first, aligned, samples))
    for node in first.nodes:
        nodes = [each.node(node.path) for each in aligned]
        if isinstance(node.op, Scan):
            cells[node.path] = _laid_over([each.op.cell for each in nodes if isinstance(each.op, Scan)], samples)
        else:
            followed = samples.followed([_lowered(each, samples, is_open) for each in nodes])
            lowered[node.path] = in_place(first, node, followed, shared, passes)
        if node.init:
            starts[node.path] = {
                name: samples.followed([filled(each.init[name], ()) for each in nodes]) for name in node.init
            }
    shapes = {each[0]: samples.followed([value.shape for value in each]) for each in _values(aligned) if is_open}
    settings = {path: _settings([each.group(path) for each in aligned], samples) for path in first.groups}
    return Open(first, {}, {}, lowered, shapes, settings, starts, cells, passes)


def _values(graphs: Sequence[Aligned]) -> Iterator[tuple[Value, ...]]:
    """Each value, as it is in each of the graphs."""
    yield from zip(*(each.graph.inputs for each in graphs), strict=True)
    for node in graphs[0].graph.nodes:
        yield from zip(*(each.node(node.path).outputs for each in graphs), strict=True)


def _passes(first: Graph, graphs: Sequence[Aligned], samples: Samples) -> Iterator[tuple[Path, Passes]]:
    """The repeats that are not gone through as often each time, by their layers and groups."""
    for each in first.repeats:
        if not each.passes or any(len(members) != 1 for members in each.passes):
            continue
        members = tuple(member for (member,) in each.passes)
        times = samples.followed([len(one.repetition(members[0]).passes) for one in graphs])
        if not isinstance(times, int):
            yield from ((member, Passes(each.path, members, times)) for member in members)


def _with_other_passes(found: Open, name: str, samples: Sequence[Sample]) -> Iterator[Open]:
    """What is known of a graph, as it is known of others in which a parameter has other values.

    Raises:
        UnexplainedError: passes that are not in the first graph are not like its last one.
    """
    for _, graph in samples:
        back, forth = Aligned.to(graph, found.graph), Aligned.to(found.graph, graph)
        alone = _laid_over([graph], Samples(({},)))
        for node in graph.nodes:
            twin = forth.node(back.node(node.path).path)
            if twin is not node and not alone.is_like(node, twin):
                raise UnexplainedError(frozenset({name}))
        yield replace(
            found,
            graph=graph,
            lowered={path: found.lowered[back.node(path).path] for path in alone.lowered},
            shapes={one: found.shapes[other] for one, other in _values([Aligned(graph, {}), back])},
            settings={path: found.settings[back.group(path).path] for path in graph.groups},
            starts={path: found.starts[back.node(path).path] for path in alone.starts},
            cells={path: found.cells[back.node(path).path] for path in alone.cells},
            passes=dict(_passes_of(graph, back, found)),
        )


def _passes_of(graph: Graph, back: Aligned, found: Open) -> Iterator[tuple[Path, Passes]]:
    for each in graph.repeats:
        known = found.passes.get(back.paths.get(each.passes[0][0], each.passes[0][0])) if each.passes else None
        if known is not None:
            members = tuple(member for (member,) in each.passes)
            yield from ((member, Passes(each.path, members, known.times)) for member in members)


def _lowered(node: Node, samples: Samples, is_open: bool) -> Call | Inline:
    try:
        return lower(node.op, *(value.shape for value in node.inputs))
    except (NoLoweringError, OpenSizeError):
        if is_open:
            raise UnexplainedError(frozenset(samples.values[0])) from None
        raise


def _settings(groups: Sequence[Group], samples: Samples) -> Mapping[str, Any]:
    """The settings of a group, without those of which nobody can say what they follow from."""
    found: dict[str, Any] = {}
    for name in groups[0].settings:
        try:
            found[name] = samples.followed([each.settings.get(name) for each in groups])
        except UnexplainedError:
            continue
    return found


# ------------------------------------------------------------------------------------------------------- the parameters


def _with_parameters(found: Open, values: Mapping[str, Any]) -> Open:
    """The same, with the parameters that its source speaks of.

    Raises:
        UnexplainedError: others are spoken of in shapes alone, or as numbers both with and without a point.
    """
    kinds: dict[str, set[str]] = {}
    for name, kind in _spoken_of(found):
        kinds.setdefault(name, set()).add(kind)
    wrong = {name for name in values if len(kinds.get(name, ())) != 1}
    if wrong:
        raise UnexplainedError(frozenset(wrong))
    parameters = {name: float(value) if kinds[name] == {"float"} else value for name, value in values.items()}
    taken = {*RESERVED_IN_GROUP, *RESERVED_IN_CELL, *RESERVED_BY_SOURCE, *_members(found)}
    attributes: dict[str, str] = {}
    for name in parameters:
        attribute = name
        while attribute in taken:
            attribute += "_"
        attributes[name] = attribute
        taken.add(attribute)
    return _finished(found, parameters, attributes)


def _finished(found: Open, parameters: Mapping[str, Any], attributes: Mapping[str, str]) -> Open:
    cells = {path: _finished(cell, parameters, attributes) for path, cell in found.cells.items()}
    return replace(found, parameters=parameters, attributes=attributes, cells=cells)


def _spoken_of(found: Open) -> Iterator[tuple[str, str]]:
    """The parameters in what becomes source, each with the type it has there."""
    parts: tuple[Mapping[Any, Call | Inline], ...] = (found.lowered, *found.starts.values())
    for part in parts:
        for each in part.values():
            for leaf in leaves(each.value if isinstance(each, Inline) else each):
                if isinstance(leaf, Setting):
                    yield leaf.name, leaf.type
                else:
                    yield from ((name, "int") for name in names(leaf))
    for passes in found.passes.values():
        yield from ((name, "int") for name in names(passes.times))
    for cell in found.cells.values():
        yield from _spoken_of(cell)


def _members(found: Open) -> Iterator[str]:
    for node in found.graph.nodes:
        yield from node.path
    for cell in found.cells.values():
        yield from _members(cell)
