"""What can be said of a model in numbers: its parameters, its arithmetic, its memory, and how far it sees.

`expect params < 5M` speaks of these, and so does what `archspec solve` is asked for. They are the figures that
`archspec summary` shows, of a model, of one use of a block, or of a layer or group by its name: `layer1.macs`. What
costs are, `archspec.passes.cost` says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.catalog.figures import WrongFigure
from archspec.expression import (
    COMPARISONS,
    FUNCTIONS,
    Apply,
    Attribute,
    Binary,
    Bytes,
    EvaluationError,
    Expression,
    Index,
    ListOf,
    Literal,
    Name,
    Unary,
    Value,
    evaluate,
    free_names,
)
from archspec.graph import Graph, Group, Node, Path
from archspec.passes.cost import Cost, Costs, Optimiser, costs
from archspec.passes.receptive_field import ReceptiveField, receptive_fields
from archspec.passes.words import COUNTS, FIELD, MEMORY, ORDER, WORDS, parts_of
from archspec.quantity import UNITS, split
from archspec.size import LARGEST, Formula, Size, names, summed
from archspec.size import evaluate as over
from archspec.spelling import closest, did_you_mean, listed
from archspec.storage import Widths

ELEMENTS: Final = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""The types that weights and activations may have, with their bytes."""

ALL: Final = LARGEST
"""What a receptive field is that is all of the input: more than any number that it may be compared with."""


class FigureError(Exception):
    """A figure is asked for in a way that it cannot be; the finding says why."""

    def __init__(self, finding: WrongFigure) -> None:
        super().__init__(finding.message())
        self.finding = finding


class HiddenError(Exception):
    """A figure that an error elsewhere hides."""


class UndecidedFigureError(Exception):
    """A figure that is the largest of several formulas, of which it depends on open sizes which that is."""


@final
class Memory(Struct, frozen=True):
    """The purpose for which memory is counted."""

    optimiser: Optimiser | None
    """What trains the model; `None` where it is evaluated."""

    widths: Widths

    def of(self, found: Costs) -> tuple[Size, ...]:
        """Bytes: the largest of these."""
        if self.optimiser is None:
            return found.inference(self.widths)
        return (found.training(self.optimiser, self.widths),)

    def of_layer(self, cost: Cost) -> Size:
        """The part that a layer has in it; of evaluation, without activations, which are not kept."""
        weights = cost.parameters * (1 if self.optimiser is None else 2 + self.optimiser.states)
        fixed = (weights + cost.buffers) * self.widths.floats
        return fixed if self.optimiser is None else fixed + cost.kept.bytes(self.widths)


@final
class Figure(Struct, frozen=True):
    """A figure that was asked for."""

    word: str
    """Which one of `WORDS`."""

    path: Path
    """The layer or group that it is of; empty for the model, or for the use of a block around it."""

    sizes: Mapping[str, Size]
    """Numbers that were given to open sizes."""

    memory: Memory | None = None


@final
class Subject(Struct, frozen=True, dict=True):
    """What figures are asked of: a model, or one use of a block."""

    graph: Graph | None
    """The whole model; `None` where errors hide parts of it."""

    scope: Mapping[str, Value]
    """The values of parameters and sizes, and of all else that an expression may speak of. What is in it hides figures
    of the same name."""

    known: Mapping[str, Size] = {}
    """Counts that are known without a graph."""

    path: Path | None = ()
    """Where the block is used; `None` where that is not in the graph, as of a cell."""

    fixed: Mapping[str, int] = {}
    """Open sizes that were given numbers from outside, which go before those that an expectation has."""

    batches: frozenset[str] = frozenset()
    """The open sizes that are the first axis of an input of the model: the batch."""

    is_model: bool = True
    owner: str = "the model"

    @cached_property
    def costs(self) -> Costs:
        return costs(self._graph)

    @cached_property
    def fields(self) -> Mapping[Path, tuple[ReceptiveField, ...]]:
        return receptive_fields(self._graph)

    @property
    def _graph(self) -> Graph:
        if self.graph is None:
            raise HiddenError
        return self.graph

    # ------------------------------------------------------------------------------------------- what is asked for

    def figure(self, expression: Expression) -> Figure | None:
        """The figure that an expression stands for, if it is one; raises `FigureError` where it makes no sense."""
        match expression:
            case Name(text) if text in WORDS and text not in self.scope:
                if text == MEMORY:
                    raise _wrong(expression, "memory of what is not said", MEMORY_CURE)
                return self._of_model(Figure(text, (), {}), expression)
            case Attribute(parts):
                return self._of_layer(parts, expression)
            case Apply(function, arguments, named=named) if function in WORDS and function not in self.scope:
                figure = Figure(function, (), self._sizes(expression, named))
                if function == MEMORY:
                    figure = replace(figure, memory=_memory(expression, arguments, named))
                elif arguments:
                    cure = f"only open sizes can be given, such as `{function}(B=32)`"
                    raise _wrong(arguments[0], f"`{function}` takes no such thing", cure)
                return self._of_model(figure, expression)
            case Apply(function) if (meant := closest(function, WORDS)) is not None and function not in FUNCTIONS:
                raise _wrong(expression, f"no figure is called `{function}`", did_you_mean(meant))
        return None

    def _of_model(self, figure: Figure, place: Expression) -> Figure:
        if not self.is_model and figure.word in (MEMORY, FIELD):
            cure = f"expect it of the model; of {self.owner}, there are {listed(COUNTS, 'and')}"
            raise _wrong(place, f"`{figure.word}` is a figure of the whole model", cure)
        if self.path is None and figure.word == "buffers":
            raise _wrong(place, f"the buffers of {self.owner} are not told apart", "expect it of the model")
        return figure

    def _of_layer(self, parts: Sequence[str], place: Expression) -> Figure | None:
        *names_, word = parts
        path, whole = tuple(names_), ".".join(names_)
        there_are = (*COUNTS, FIELD)
        if word == MEMORY:
            cure = f"of a layer there are {listed(there_are, 'and')}"
            raise _wrong(place, "`memory` is a figure of the whole model", cure)
        if word not in there_are:
            if word == "shape":
                cure = f"a shape is expected of the value itself: `expect {whole} == [B, 10]`"
                raise _wrong(place, f"no figure of a layer is called `{word}`", cure)
            meant = closest(word, there_are)
            cure = f"of a layer there are {listed(there_are, 'and')}"
            raise _wrong(place, f"no figure of a layer is called `{word}`", cure, meant and f"{whole}.{meant}")
        if self.path is None:
            raise _wrong(place, f"the layers of {self.owner} are not told apart", "expect it of the model")
        if self.graph is None:
            raise HiddenError
        if not self.nodes(path):
            members = [".".join(each.path[len(self.path) :]) for each in self._around(path)]
            few = f"there are {listed([f'{each}.{word}' for each in members[:4]], 'and')}" if members else ""
            meant = closest(whole, members)
            problem = f"{self.owner} has no layer that is called `{whole}`"
            raise _wrong(place, problem, few, None if meant is None else f"{meant}.{word}")
        return Figure(word, path, {})

    def _around(self, path: Path) -> list[Node | Group]:
        """The layers and groups that could be meant by a path."""
        prefix = (*(self.path or ()), *path[:-1])
        return list(self._graph.members(prefix) or self._graph.members(self.path or ()))

    def _sizes(self, call: Expression, named: Iterable[tuple[str, Expression]]) -> Mapping[str, Size]:
        """The numbers that a figure is asked for, by the open sizes that have them."""
        found: dict[str, Size] = {}
        is_memory = isinstance(call, Apply) and call.function == MEMORY
        for name, value in named:
            if is_memory and name == "element":
                continue
            if name not in self.open_sizes and name not in self.fixed:
                if self.graph is None:
                    raise HiddenError
                known = (*self.open_sizes, "element") if is_memory else self.open_sizes
                there_are = f"the inputs leave {listed(self.open_sizes, 'and')} open" if self.open_sizes else "none is"
                meant = closest(name, known)
                cure = there_are if meant is None else did_you_mean(f"{meant}={value.span.text}")
                raise _wrong(value, f"no open size is called `{name}`", cure)
            number = _value(value, self.scope)
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise _wrong(value, f"`{value.span.text}` is no size", "sizes are whole numbers from 1 on")
            if name not in self.fixed:
                found[name] = number
        return found

    @cached_property
    def open_sizes(self) -> tuple[str, ...]:
        """The sizes that the inputs of the model leave open."""
        if self.graph is None:
            return ()
        found = (name for value in self.graph.inputs for size in value.shape for name in names(size))
        return tuple(dict.fromkeys(found))

    # ---------------------------------------------------------------------------------------------- what it is

    def sizes(self, figure: Figure) -> Mapping[tuple[str, int] | None, tuple[Size, ...]]:
        """A figure: the largest of some sizes. Of a receptive field, by the axes of space of the inputs."""
        if figure.word == FIELD:
            return {
                (each.input, each.axis): (ALL if each.size is None else over(each.size, figure.sizes),)
                for each in self._field(figure.path)
            }
        if figure.memory is not None:
            return {None: tuple(over(each, figure.sizes) for each in figure.memory.of(self.costs))}
        return {None: (over(self._count(figure), figure.sizes),)}

    def _count(self, figure: Figure) -> Size:
        word = figure.word
        if not figure.path and (word in self.known or (word == "flops" and "macs" in self.known)):
            return self.known[word] if word in self.known else self.known["macs"] * 2
        if not figure.path and self.is_model and word in ("macs", "flops"):
            macs = summed(node.macs for node in self._graph.nodes if node.path not in self._graph.in_training_only)
            return macs if word == "macs" else macs * 2
        return of_cost(word, Cost.total(self.costs.layers[node.path] for node in self.nodes(figure.path)))

    def _field(self, path: Path) -> tuple[ReceptiveField, ...]:
        """What the output of the model sees, or of a layer, or of the last one of a group."""
        if path:
            return self.fields[self.nodes(path)[-1].path]
        producer = self._graph.outputs[0].value.producer
        return self.fields.get(producer, ())

    def nodes(self, path: Path) -> list[Node]:
        """The layers in a layer or group."""
        if self.path is None:
            raise HiddenError
        whole = (*self.path, *path)
        return [node for node in self._graph.nodes if node.path[: len(whole)] == whole]

    # ------------------------------------------------------------------------------------------------ comparisons

    def cases(self, condition: Expression) -> list[tuple[tuple[str, int] | None, Expression]]:
        """A condition with numbers in the place of figures: once, or for each axis of space where it speaks of them.

        Raises:
            FigureError: a figure is asked for in a way that it cannot be.
            HiddenError: an error elsewhere hides a figure.
            UndecidedFigureError: which of several formulas it is depends on open sizes.
        """
        axes: list[tuple[str, int]] = []
        for figure, place in self.figures(condition):
            if figure.word == FIELD:
                found = [each for each in self.sizes(figure) if each is not None]
                if not found:
                    raise _wrong(place, "nothing slides over the input, so that no receptive field has a size", "")
                axes += found
        if not axes:
            return [(None, self._filled(condition, None))]
        return [(axis, self._filled(condition, axis)) for axis in dict.fromkeys(axes)]

    def figures(self, condition: Expression) -> list[tuple[Figure, Expression]]:
        """The figures that a condition speaks of, each with its place."""
        figure = self.figure(condition)
        if figure is not None:
            return [(figure, condition)]
        return [found for part in parts_of(condition) for found in self.figures(part)]

    def _filled(
        self, part: Expression, axis: tuple[str, int] | None, batch: Mapping[str, Size] | None = None
    ) -> Expression:
        """A part of a condition with numbers in the place of figures."""
        figure = self.figure(part)
        if figure is not None:
            return Literal(self._number(figure, axis, batch or {}), part.span)
        match part:
            case Bytes(value):
                return Literal(value, part.span)
            case Unary():
                return dataclasses.replace(part, operand=self._filled(part.operand, axis, batch))
            case Binary():
                if part.operator in COMPARISONS:
                    self._check_units(part)
                if part.operator in ORDER and not self.speaks_of_batch(part):
                    batch = dict.fromkeys(self.batches, 1)
                left, right = (self._filled(each, axis, batch) for each in (part.left, part.right))
                return dataclasses.replace(part, left=left, right=right)
            case Index():
                return dataclasses.replace(part, base=self._filled(part.base, axis, batch))
            case ListOf():
                return dataclasses.replace(part, items=tuple(self._filled(each, axis, batch) for each in part.items))
            case Apply():
                return dataclasses.replace(
                    part, arguments=tuple(self._filled(each, axis, batch) for each in part.arguments)
                )
        return part

    def _number(self, figure: Figure, axis: tuple[str, int] | None, batch: Mapping[str, Size]) -> Size:
        found = self.sizes(figure)
        sizes = found.get(axis if figure.word == FIELD else None, (ALL,))
        sizes = tuple(dict.fromkeys(over(each, batch) for each in sizes))
        whole = [each for each in sizes if isinstance(each, int)]
        if len(sizes) == 1:
            return sizes[0]
        if len(whole) < len(sizes):
            raise UndecidedFigureError
        return max(whole)

    def speaks_of_batch(self, comparison: Binary) -> bool:
        """Whether a comparison has the batch in it, and so is about all of it, and not about one example."""
        values = (
            self.scope.get(each.text) for side in (comparison.left, comparison.right) for each in free_names(side)
        )
        return any(isinstance(each, Formula) and self.batches & set(names(each)) for each in values)

    def _check_units(self, comparison: Binary) -> None:
        """Memory is compared with memory, and what is counted with numbers."""
        left, right = comparison.left, comparison.right
        if _is_of_memory(left) == _is_of_memory(right):
            return
        other = right if _is_of_memory(left) else left
        memory = left if other is right else right
        if isinstance(memory, Bytes):
            number, unit = split(memory.span.text)
            meant = f"{number.strip()}{unit[0]}"
            problem = f"`{other.span.text}` is no memory, and `{memory.span.text}` is"
            raise _wrong(memory, problem, meant=meant)
        number, unit = split(other.span.text)
        meant = f"{number} {unit or 'G'}iB" if isinstance(other, Literal) else ""
        units = listed(UNITS)
        raise _wrong(other, f"`{other.span.text}` is no amount of memory", f"units are {units}", meant)


MEMORY_CURE: Final = "write `memory(training, adam)` or `memory(inference)`"


def of_cost(word: str, cost: Cost) -> Size:
    """One of the `COUNTS` of a layer, or of several together."""
    match word:
        case "params":
            return cost.parameters
        case "buffers":
            return cost.buffers
        case "macs":
            return cost.macs
    return cost.flops


def _is_of_memory(expression: Expression) -> bool:
    is_memory = isinstance(expression, Bytes) or (isinstance(expression, Apply) and expression.function == MEMORY)
    return is_memory or any(map(_is_of_memory, parts_of(expression)))


def _memory(call: Expression, arguments: Sequence[Expression], named: Iterable[tuple[str, Expression]]) -> Memory:
    """What memory is counted for: `training` with an optimiser, or `inference`."""
    words = [each.text if isinstance(each, Name) else "" for each in arguments]
    if not words:
        raise _wrong(call, "memory of what is not said", MEMORY_CURE)
    purposes = ("training", "inference")
    if words[0] not in purposes:
        given = arguments[0].span.text
        problem = f"`{given}` needs no memory that is counted: `training` and `inference` do"
        raise _wrong(arguments[0], problem, MEMORY_CURE, closest(words[0], purposes))
    is_training = words[0] == "training"
    if not is_training and len(words) > 1:
        raise _wrong(arguments[1], "an optimiser trains, and evaluation has none", "leave it out")
    if is_training and len(words) == 1:
        raise _wrong(call, "what trains is not said", "add `sgd`, `momentum` or `adam`: `memory(training, adam)`")
    if len(words) > 2:
        raise _wrong(arguments[2], "`memory` takes two words: `training`, and an optimiser", "leave it out")
    if is_training and words[1] not in tuple(Optimiser):
        problem = f"no optimiser is known as `{arguments[1].span.text}`"
        raise _wrong(arguments[1], problem, f"known are {listed(Optimiser, 'and')}", closest(words[1], Optimiser))
    width = 4
    for name, value in named:
        if name == "element":
            word = value.text if isinstance(value, Name) else ""
            if word not in ELEMENTS:
                problem = f"weights and activations are of no type `{value.span.text}`"
                raise _wrong(value, problem, f"it can be {listed(ELEMENTS)}", closest(word, ELEMENTS))
            width = ELEMENTS[word]
    return Memory(Optimiser(words[1]) if is_training else None, Widths(floats=width))


def _value(expression: Expression, scope: Mapping[str, Value]) -> Value:
    try:
        return evaluate(expression, scope)
    except EvaluationError as error:
        raise FigureError(WrongFigure(error.span, error.message, error.cure)) from None


def _wrong(place: Expression, problem: str, cure: str = "", meant: str | None = None) -> FigureError:
    return FigureError(WrongFigure(place.span, problem, cure, meant))
