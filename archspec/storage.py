"""Where the values of a graph lie in memory, and which of them the backward pass needs.

Several values may lie in the same memory: a part of a value, or a value in another shape, is a view of it. A layer
says which of its inputs and outputs it keeps (`Op.kept`); here it follows which memory that is, so that what two layers
keep is counted once. Nothing is kept where no gradient flows, such as before the first layer with weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Self, TypeAlias, final

from msgspec import Struct

from archspec.graph import Graph, Path, Value
from archspec.shape import Element, Shape
from archspec.size import Size, evaluate, summed

Place: TypeAlias = tuple[Path, int]
"""A value of a graph: by who gives it, and which of its outputs it is."""


@final
class Widths(Struct, frozen=True):
    """How many bytes an element takes."""

    floats: int = 4
    ints: int = 8
    flags: int = 1

    masks: int = 1
    """An element of a mask of dropout: a flag on a GPU; on a CPU, torch keeps a number."""


class Counted(Struct, frozen=True):
    """What is made of sizes, and of other things that are: several of them are added up part by part."""

    @classmethod
    def total(cls, several: Iterable[Self]) -> Self:
        """All of them together."""
        every = list(several)
        if len(every) == 1:
            return every[0]
        names: tuple[str, ...] = cls.__match_args__
        return cls(*map(_added, zip(*map(attrgetter(*names), every), strict=True)))


def _added(parts: tuple[Any, ...]) -> Any:
    kind = type(parts[0])
    return kind.total(parts) if issubclass(kind, Counted) else summed(parts)


@final
class Amount(Counted, frozen=True):
    """How many elements there are, by what they are."""

    floats: Size = 0
    ints: Size = 0
    flags: Size = 0
    masks: Size = 0

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, shape: Shape) -> Amount:
        """Those of a value. Models have few shapes, and many values of each."""
        match shape.element:
            case Element.FLOAT:
                return cls(floats=shape.elements)
            case Element.INT:
                return cls(ints=shape.elements)
            case Element.BOOL:
                return cls(flags=shape.elements)

    def times(self, factor: Size) -> Amount:
        return Amount(self.floats * factor, self.ints * factor, self.flags * factor, self.masks * factor)

    def bytes(self, widths: Widths) -> Size:
        parts = (
            (self.floats, widths.floats),
            (self.ints, widths.ints),
            (self.flags, widths.flags),
            (self.masks, widths.masks),
        )
        return summed(size * width for size, width in parts if size != 0)

    def over(self, sizes: Mapping[str, Size]) -> Amount:
        """The amount with open sizes replaced."""
        return Amount(*(evaluate(each, sizes) for each in (self.floats, self.ints, self.flags, self.masks)))


NONE: Final = Amount()


@final
class Storage(Struct, frozen=True):
    """The memory of a graph."""

    homes: Mapping[Place, Place]
    """The value in whose memory each value lies: itself, or the one that it is a view of."""

    sizes: Mapping[Place, Amount]
    """How much the memory of a value holds that is no view."""

    kept: Mapping[Path, Amount]
    """What each layer keeps for the backward pass that no layer before it keeps, the inputs of the model apart."""

    seen: frozenset[Place]
    """The values whose memory is kept."""


def storage(graph: Graph, *, is_inner: bool = False) -> Storage:
    """The memory of a graph that is trained. Gradients flow back to its inputs where it is a part of a model."""
    homes: dict[Place, Place] = {}
    sizes: dict[Place, Amount] = {}
    has_gradient: dict[Place, bool] = {}
    seen: set[Place] = set()
    kept: dict[Path, Amount] = {}
    of_model = {(value.producer, value.port) for value in graph.inputs}
    for value in graph.inputs:
        place = _place(value)
        homes[place], sizes[place], has_gradient[place] = place, Amount.of(value.shape), is_inner
    for node in graph.nodes:
        says = node.applied.kept
        given = [_place(value) for value in node.inputs]
        flows = bool(node.weights) or any(has_gradient[each] for each in given)
        for value in node.outputs:
            place = _place(value)
            homes[place] = place if says.lies_in is None else homes[given[says.lies_in]]
            if says.lies_in is None:
                sizes[place] = Amount.of(value.shape)
            has_gradient[place] = flows and value.shape.element is Element.FLOAT
        if not any(has_gradient[_place(value)] for value in node.outputs):
            kept[node.path] = NONE
            continue
        found = [*map(Amount.of, says.further), *(Amount(masks=shape.elements) for shape in says.masks)]
        taken = (*says.inputs, *_factors(says.factors, [has_gradient[each] for each in given]))
        values = (*(given[number] for number in taken), *(_place(node.outputs[number]) for number in says.outputs))
        for home in map(homes.__getitem__, values):
            if home not in seen:
                seen.add(home)
                found += () if home in of_model else (sizes[home],)
        kept[node.path] = Amount.total(found)
    return Storage(homes, sizes, kept, frozenset(seen))


def _place(value: Value) -> Place:
    return value.producer, value.port


def _factors(factors: tuple[tuple[int, ...], ...], have_gradient: list[bool]) -> Iterator[int]:
    for each in factors:
        for place, number in enumerate(each):
            if any(have_gradient[other] for where, other in enumerate(each) if where != place):
                yield number
