"""What a class does with the weights of its layers once they are there: it ties some, and fills others anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, final

from msgspec import Struct

from archspec.graph import Graph, Node, Path
from archspec_torch.call import Call, Variable, printed
from archspec_torch.initial import over
from archspec_torch.inline import bound
from archspec_torch.layout import INDENT, assignment, expression, fits
from archspec_torch.needs import MEASURE
from archspec_torch.opened import Open
from archspec_torch.reach import LOOKED_UP, Reach, looked_up
from archspec_torch.sharing import Calls

_BODY: Final = INDENT * 2
_INNER: Final = INDENT * 3


@final
class _Tied(Struct, frozen=True):
    """A weight of a layer that is one of an earlier layer."""

    around: Path
    """The innermost group around both."""

    path: Path
    name: str
    source: Path
    weight: str


@final
class Weights:
    """The weights of a graph whose layers are built by some functions, as far as something is said of them."""

    def __init__(self, found: Open, functions: Mapping[Path, str], calls: Calls) -> None:
        graph = found.graph
        self.open = found
        self.graph = graph
        self.functions = functions
        self.ties: list[_Tied] = []
        owners: dict[tuple[Path, str], tuple[Path, str]] = {}
        for node in graph.nodes:
            for name, tie in node.ties.items() if node.shares is None else ():
                # The class that ties a weight to one that is tied itself may do so before that gets its last value.
                source = calls.modules[tie.path], tie.weight
                owners[node.path, name] = source = owners.get(source, source)
                self.ties.append(_Tied(_common(node.path, source[0]), node.path, name, *source))

    def entered(self) -> Iterator[Path]:
        """The groups that a class around them reaches into, to tie what is inside."""
        for tied in self.ties:
            depth = max(len(tied.around), 1)
            yield from (each[:length] for each in (tied.path, tied.source) for length in range(depth, len(each)))

    def prepared(self, reach: Reach) -> list[str]:
        """The statements of a class about the weights of its layers.

        The layers of a group that is a class itself are for that class, but for ties that lead out of it.
        """
        return [*self._tied(reach), *self._started(reach)]

    def _tied(self, reach: Reach) -> Iterator[str]:
        for tied in self.ties:
            is_inside = tied.around[: len(reach.path)] == reach.path
            if not is_inside or _class_around(tied.around, reach) != reach.path:
                continue
            known = reach.weight(tied.source, tied.weight, self.functions[tied.source])
            value: Any = Call("self.get_parameter", (reach.key((*tied.source, tied.weight)),))
            if known is not None and self.functions[tied.path] in ("nn.Linear", "nn.Embedding"):
                # Other layers say of their weight that it is a parameter, and that of a tensor would not do for it.
                value = Variable(known)
            holder, name = reach.holder(tied.path, tied.name), tied.name.rpartition(".")[2]
            if holder.startswith(LOOKED_UP) and not fits(f"{_BODY}{holder}.{name} = {printed(value)}"):
                yield from assignment("layer", looked_up(holder), _BODY)
                holder = "layer"
            yield from assignment(f"{holder}.{name}", value, _BODY)

    def spoken_of(self, reach: Reach) -> frozenset[str]:
        """The parameters of the model that these statements speak of."""
        return frozenset().union(
            *(self.open.spoken_of(self.open.starts[node.path][name]) for node, name in self._initialised(reach))
        )

    def _initialised(self, reach: Reach) -> Iterator[tuple[Node, str]]:
        """The weights of layers of a class that are filled anew."""
        for node in _layers(self.graph, reach.path, reach):
            if node.shares is None:
                yield from ((node, name) for name in node.init if name not in node.ties)

    def _started(self, reach: Reach) -> Iterator[str]:
        alike: dict[str, list[_Weight]] = {}
        kept = self.open.kept()
        are_measured = False
        for node, name in self._initialised(reach):
            start = bound(self.open.starts[node.path][name], kept)
            own, known = name, reach.weight(node.path, name, self.functions[node.path])
            if name not in node.weights:
                # Of lengths and directions, the directions come last.
                own, known = [each for each in node.weights if each.startswith(f"parametrizations.{name}.")][-1], None
                are_measured = True
            alike.setdefault(str(start), []).append(_Weight(start, own, reach.key((*node.path, own)), known))
        for weights in alike.values():
            yield from _filled(weights)
        if are_measured:
            yield from expression(Call(MEASURE, (Variable("self"),)), _BODY, _BODY, "")


@final
class _Weight(Struct, frozen=True):
    """A weight that is filled anew."""

    start: Call
    name: str
    key: str
    expression: str | None
    """What it is in the source, if its type is known there."""

    @property
    def pattern(self) -> str:
        """The key with a place for the number in it, if it has just one."""
        words = self.key.split(".")
        is_numbered = sum(map(str.isdecimal, words)) == 1
        return ".".join("{number}" if is_numbered and word.isdecimal() else word for word in words)

    @property
    def number(self) -> int:
        return int(next(word for word in self.key.split(".") if word.isdecimal()))


def _filled(weights: Sequence[_Weight]) -> Iterator[str]:
    """Statements that fill weights with the same initialiser."""
    start, keys = weights[0].start, tuple(each.key for each in weights)
    known = tuple(Variable(each.expression) for each in weights if each.expression is not None)
    if len(weights) == 1:
        tensor = known[0] if known else Call("self.get_parameter", keys)
        yield from expression(over(start, tensor), _BODY, _BODY, "")
    elif len(known) == len(weights):
        word = weights[0].name if len({each.name for each in weights}) == 1 else "parameter"
        yield from expression(known, f"{_BODY}for {word} in ", _BODY, ":")
        yield from expression(over(start, Variable(word)), _INNER, _INNER, "")
    elif fits(f"{_BODY}for name in {printed(keys)}:") or not (rows := _rows(weights)):
        yield from expression(keys, f"{_BODY}for name in ", _BODY, ":")
        yield from expression(over(start, Call("self.get_parameter", (Variable("name"),))), _INNER, _INNER, "")
    else:
        if rest := [each for each in weights if each.pattern not in rows]:
            yield from _filled(rest)
        for pattern, numbers in rows.items():
            yield from expression(_numbers(numbers), f"{_BODY}for number in ", _BODY, ":")
            parameter = Call("self.get_parameter", (Variable(f'f"{pattern}"'),))
            yield from expression(over(start, parameter), _INNER, _INNER, "")


def _rows(weights: Sequence[_Weight]) -> dict[str, tuple[int, ...]]:
    """The numbers of weights of which at least three differ in nothing else, by the pattern of their keys."""
    rows: dict[str, tuple[int, ...]] = {}
    for each in weights:
        if "{" in each.pattern:
            rows[each.pattern] = (*rows.get(each.pattern, ()), each.number)
    return {pattern: numbers for pattern, numbers in rows.items() if len(numbers) > 2}


def _numbers(numbers: tuple[int, ...]) -> Any:
    first, last = numbers[0], numbers[-1]
    if numbers != tuple(range(first, last + 1)):
        return numbers
    return Call("range", (first, last + 1) if first else (last + 1,))


def _layers(graph: Graph, path: Path, reach: Reach) -> Iterator[Node]:
    """The layers inside a group that no class within it has."""
    for member in graph.members(path):
        if isinstance(member, Node):
            yield member
        elif not reach.is_class(member.path):
            yield from _layers(graph, member.path, reach)


def _class_around(path: Path, reach: Reach) -> Path:
    """The innermost class around a path, as far as it is inside the one at hand."""
    while len(path) > len(reach.path) and not reach.is_class(path):
        path = path[:-1]
    return path


def _common(one: Path, other: Path) -> Path:
    """The innermost group around both."""
    depth = 0
    while depth + 1 < min(len(one), len(other)) and one[depth] == other[depth]:
        depth += 1
    return one[:depth]
