"""A graph in which parameters of the model are open, as they are to be arguments of its class.

A parameter is open where other values for it change numbers, flags and texts in the source, and nothing else: the graph
is built anew with such values, and what its layers become is laid over each other. What differs is an expression over
parameters where one is found that comes to each of the values. A parameter that something else follows from is not
open, and the source has its value in it, as it has those of all parameters where nothing can build the graph anew.
"""

from __future__ import annotations

import keyword
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from archspec.graph import Graph, Group, Node, Path, Value
from archspec.scan import Scan
from archspec.shape import Shape
from archspec.size import Formula, named, names
from archspec_torch.call import Call, Operation, Setting, Variable, printed
from archspec_torch.following import Samples, UnexplainedError
from archspec_torch.in_place import in_place
from archspec_torch.initial import filled
from archspec_torch.inline import Inline, bound, leaves, open_names
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.needs import CHECKPOINTING, taken_by_source
from archspec_torch.reserved import RESERVED_BY_SOURCE, RESERVED_IN_CELL, RESERVED_IN_GROUP, TAKEN_BY_METHOD

_MOST_TRIED: Final = 4
"""So many other values are tried for a parameter; more of them, if most are wrong."""

_MOST_PARAMETERS: Final = 16
"""Of more parameters than this, those behind the first stay as they are: each is several graphs to build."""

TAKEN_BY_CONSTRUCTOR: Final = frozenset({"nn", "torch", "super", "range", "self", "OrderedDict", "isinstance"})
"""What the constructor of a class uses beside its arguments."""


@final
@dataclass(frozen=True)
class Open:
    """A graph, with what is known of it in expressions over the parameters that are open."""

    graph: Graph
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Those that are open, with their values."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    """What parameters are called where a class keeps them."""

    lowered: Mapping[Path, Call | Inline] = field(default_factory=dict)
    """What each layer becomes; the layers that run cells are not among them."""

    shapes: Mapping[Value, Shape] = field(default_factory=dict)
    """The shapes of values, as far as they follow from parameters."""

    settings: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict)
    """Those of groups, as far as they are known."""

    starts: Mapping[Path, Mapping[str, Call]] = field(default_factory=dict)
    """For each weight of which it is said how it starts, the call that fills it, with `()` for the weight."""

    made: Mapping[Path, Mapping[str, Call]] = field(default_factory=dict)
    """What is filled in its place, for each of these that a layer makes of others."""

    cells: Mapping[Path, Open] = field(default_factory=dict)

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


def opened(graph: Graph) -> Open:
    """A graph with all its parameters open that can be."""
    chosen = {name: found for name, value in _fit(graph) if (found := _samples(graph, name, value))}
    while chosen:
        values = {name: graph.settings[name] for name in chosen}
        graphs: list[tuple[Mapping[str, Any], Graph]] = [(values, graph)]
        graphs += (({**values, name: other}, found) for name, samples in chosen.items() for other, found in samples)
        if len(chosen) > 1:
            try:
                graphs += _together(graph, values, chosen)
            except UnexplainedError as error:
                chosen = {name: found for name, found in chosen.items() if name not in error.parameters}
                continue
        samples = Samples(tuple(settings for settings, _ in graphs))
        try:
            return _with_parameters(_laid_over([each for _, each in graphs], samples), values)
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


def _samples(graph: Graph, name: str, value: Any) -> list[tuple[Any, Graph]]:
    """Other values for a parameter, with the graphs for them; none, where one of them gives another structure."""
    found: list[tuple[Any, Graph]] = []
    sizes = [each for each in graph.settings.values() if type(each) is int]
    for number, other in enumerate(_others(value, sum(sizes) + 1)):
        if number >= _MOST_TRIED and len(found) > 1:
            break
        built = _built(graph, {name: other})
        if built is None:
            continue
        if not _is_alike(graph, built):
            return []
        found.append((other, built))
    return found


def _others(value: Any, largest: int) -> Sequence[Any]:
    """Values to be tried for a parameter: some that many specs treat otherwise, some that are odd, and one that is
    larger than all other parameters, of which some may be the largest."""
    match value:
        case bool():
            others: Sequence[Any] = (not value,)
        case int():
            others = (value + 1, largest, 0, 1, 2 * value, 3 * value, value // 2)
        case _:
            others = (value / 2, 0.0, 1.0, value + 0.25, 0.5)
    return [each for each in dict.fromkeys(others) if each != value]


def _built(graph: Graph, values: Mapping[str, Any]) -> Graph | None:
    return None if graph.rebuilt is None else graph.rebuilt(values)


def _together(
    graph: Graph, values: Mapping[str, Any], chosen: Mapping[str, Sequence[tuple[Any, Graph]]]
) -> Iterator[tuple[Mapping[str, Any], Graph]]:
    """Values for all parameters at once, with the graphs for them.

    Raises:
        UnexplainedError: one of the parameters cannot be changed with all others.
    """
    steady: Mapping[str, Any] = {name: samples[0][0] for name, samples in chosen.items()}
    built = _built(graph, steady)
    if built is None or not _is_alike(graph, built):
        steady = _steady(graph, chosen)
        built = _built(graph, steady)
    if built is not None:
        yield {**values, **steady}, built
    twice = {name: 2 * value for name, value in values.items() if type(value) is int and value > 1}
    further = _built(graph, twice) if len(twice) > 1 else None
    if further is not None:
        if not _is_alike(graph, further):
            raise UnexplainedError(frozenset(twice))
        yield {**values, **twice}, further


def _steady(graph: Graph, chosen: Mapping[str, Sequence[tuple[Any, Graph]]]) -> Mapping[str, Any]:
    """Values for all parameters that are right together."""
    steady: dict[str, Any] = {}
    for name, samples in chosen.items():
        for other, _ in samples:
            built = _built(graph, {**steady, name: other})
            if built is not None and _is_alike(graph, built):
                steady[name] = other
                break
        else:
            raise UnexplainedError(frozenset({name}))
    return steady


# ------------------------------------------------------------------------------------------------------- same structure


def _is_alike(graph: Graph, other: Graph) -> bool:
    """Whether two graphs have the same layers with the same wiring, whatever the numbers in them are."""
    if _wiring(graph) != _wiring(other):
        return False
    pairs = zip(graph.nodes, other.nodes, strict=True)
    return all(
        _is_alike(one.op.cell, two.op.cell)
        for one, two in pairs
        if isinstance(one.op, Scan) and isinstance(two.op, Scan)
    )


def _wiring(graph: Graph) -> tuple[Any, ...]:
    return (
        [_flow(value) for value in graph.inputs],
        [(each.name, _flow(each.value), each.in_training_only) for each in graph.outputs],
        {path: group.block for path, group in graph.groups.items()},
        dict(graph.names),
        [_layer(node) for node in graph.nodes],
    )


def _layer(node: Node) -> tuple[Any, ...]:
    direction = node.op.direction if isinstance(node.op, Scan) else None
    flows = [_flow(value) for value in node.inputs], [_flow(value) for value in node.outputs]
    return node.path, type(node.op), direction, flows, node.shares, dict(node.ties), list(node.init), node.is_named


def _flow(value: Value) -> tuple[Any, ...]:
    return value.producer, value.port, value.shape.rank, value.shape.element


# ----------------------------------------------------------------------------------------------- laid over each other


def _laid_over(graphs: Sequence[Graph], samples: Samples) -> Open:
    """Graphs of the same structure in one.

    Raises:
        UnexplainedError: they differ in what no expression over the parameters tells.
    """
    first = graphs[0]
    lowered: dict[Path, Call | Inline] = {}
    cells: dict[Path, Open] = {}
    starts: dict[Path, dict[str, Call]] = {}
    made: dict[Path, dict[str, Call]] = {}
    is_open = len(graphs) > 1
    shared = {node.shares for node in first.nodes}
    for nodes in zip(*(graph.nodes for graph in graphs), strict=True):
        node = nodes[0]
        if isinstance(node.op, Scan):
            cells[node.path] = _laid_over([each.op.cell for each in nodes], samples)
        else:
            followed = samples.followed([_lowered(each, samples, is_open) for each in nodes])
            lowered[node.path] = in_place(first, node, followed, shared)
        if node.init:
            starts[node.path] = {
                name: samples.followed([filled(each.init[name], ()) for each in nodes]) for name in node.init
            }
            made[node.path] = {
                name: samples.followed([_made(each, name) for each in nodes])
                for name in node.init
                if name not in node.weights
            }
    shapes = {each[0]: samples.followed([value.shape for value in each]) for each in _values(graphs) if is_open}
    settings = {path: _settings([graph.groups[path] for graph in graphs], samples) for path in first.groups}
    return Open(first, {}, {}, lowered, shapes, settings, starts, made, cells)


def _values(graphs: Sequence[Graph]) -> Iterator[tuple[Value, ...]]:
    """Each value, as it is in each of the graphs."""
    yield from zip(*(graph.inputs for graph in graphs), strict=True)
    for nodes in zip(*(graph.nodes for graph in graphs), strict=True):
        yield from zip(*(node.outputs for node in nodes), strict=True)


def _lowered(node: Node, samples: Samples, is_open: bool) -> Call | Inline:
    try:
        return lower(node.op, *(value.shape for value in node.inputs))
    except (NoLoweringError, OpenSizeError):
        if is_open:
            raise UnexplainedError(frozenset(samples.values[0])) from None
        raise


def _made(node: Node, name: str) -> Call:
    return Call("torch.empty", node.op.starts(*(value.shape for value in node.inputs))[name].sizes)


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
    parts: tuple[Mapping[Any, Call | Inline], ...] = (found.lowered, *found.starts.values(), *found.made.values())
    for part in parts:
        for each in part.values():
            for leaf in leaves(each.value if isinstance(each, Inline) else each):
                if isinstance(leaf, Setting):
                    yield leaf.name, leaf.type
                else:
                    yield from ((name, "int") for name in names(leaf))
    for cell in found.cells.values():
        yield from _spoken_of(cell)


def _members(found: Open) -> Iterator[str]:
    for node in found.graph.nodes:
        yield from node.path
    for cell in found.cells.values():
        yield from _members(cell)
