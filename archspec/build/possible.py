"""What may be where an error hides what is.

A setting that is wrong may be meant as any that the op accepts, and a value whose shape is hidden may have any of
several. An op is tried on all of them, and what it refuses is not what was meant. So each later layer is still checked,
and an expectation is known to fail where it fails in every case.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import product
from math import prod
from typing import Any, Final, TypeAlias, final

from msgspec import Struct

from archspec.build.meaning import Meanings
from archspec.configured import Configured
from archspec.expression import is_unknown
from archspec.op import Op, count
from archspec.setting import accepted_words
from archspec.shape import Shape
from archspec.size import Size, SizeError, bounds, name_of, summed

Shapes: TypeAlias = tuple[Shape, ...]
"""The shapes that a value may have: one, unless an error hides which."""

Options: TypeAlias = Mapping[str, Sequence[Any]]
"""What each setting may be that an error hides."""

MOST_AXES: Final = 8
"""A value of which nothing is known is taken to have no more axes than this."""


MOST_CASES: Final = 1_000
"""Of inputs that may have more shapes together than this, nothing is concluded."""


@final
class Cost(Struct, frozen=True):
    """The parameters and multiply-adds of a part of a model."""

    parameters: Size = 0
    macs: Size = 0
    is_open: bool = False
    """Whether it may be more than this."""

    @classmethod
    def total(cls, costs: Sequence[Cost]) -> Cost:
        """What parts cost together."""
        if len(costs) == 1:
            return costs[0]
        is_open = any(each.is_open for each in costs)
        try:
            return cls(summed(each.parameters for each in costs), summed(each.macs for each in costs), is_open)
        except SizeError:
            return OPEN  # What is too large to be written down is more than is known.


OPEN: Final = Cost(is_open=True)


def cost_of(op: Op, shapes: Sequence[Shape]) -> Cost:
    """The cost of an op on inputs of these shapes."""
    return Cost(count(op.weights(*shapes)), op.macs(*shapes))


def anything(meanings: Meanings) -> Shapes:
    """The shapes of a value of which nothing is known: one for each number of axes."""
    sizes = [meanings.unknown() for _ in range(MOST_AXES)]
    return tuple(Shape(tuple(sizes[:rank])) for rank in range(MOST_AXES + 1))


def options_of(kind: type[Configured], names: Iterable[str], meanings: Meanings) -> Options:
    """What settings may be that an error hides: one of a few words, a flag, or a number."""
    declared = {name: kind.settings()[name] for name in names}
    return {
        name: accepted_words(each)
        if isinstance(each.default, str)
        else (True, False)
        if isinstance(each.default, bool)
        else (meanings.unknown(),)
        for name, each in declared.items()
    }


@final
class Possible(Struct, frozen=True):
    """What an op may give where an error hides how it is set or fed."""

    outputs: tuple[Shapes, ...]
    """Of the shapes that each output may have, those that differ in what is known of them; none, where nothing is."""

    cost: Cost

    def shapes(self, meanings: Meanings) -> tuple[Shapes, ...]:
        """The shapes that each output may have, without what would make them wrong."""
        return tuple(
            tuple(dict.fromkeys(_cured(shape, meanings) for shape in each)) or anything(meanings)
            for each in self.outputs
        )


def possible(op: Op, options: Options, inputs: Sequence[Shapes], names: int) -> Possible:
    """What an op may give, and what it may cost.

    Where it is hidden how many outputs there are, there are as many as the layer has `names` for.
    """
    outcomes = _outcomes(op, options, inputs)
    if not outcomes and len(options) <= 2:
        # With some settings nothing can be calculated while they are unknown, such as the number of an axis.
        outcomes = _outcomes(op, dict.fromkeys(options, range(-MOST_AXES, MOST_AXES)), inputs)
    counts = {len(outputs) for outputs, _ in outcomes}
    ports = counts.pop() if len(counts) == 1 else max(names, 1)
    shapes = tuple(_distinct(outputs[port] for outputs, _ in outcomes if port < len(outputs)) for port in range(ports))
    costs = {cost for _, cost in outcomes}
    if len(costs) == 1:
        return Possible(shapes, costs.pop())
    parameters = min((_least(each.parameters) for each in costs), default=0)
    macs = min((_least(each.macs) for each in costs), default=0)
    return Possible(shapes, Cost(parameters, macs, is_open=True))


def pattern(inputs: Sequence[Shapes]) -> Hashable | None:
    """What is known of inputs, in the same form whatever their unknown sizes are called.

    It is `None` where something is calculated from an unknown size, so that more is known of that than its name.
    """
    numbers: dict[str, int] = {}
    found: list[Hashable] = [tuple(map(len, inputs))]
    for shape in (shape for each in inputs for shape in each):
        found += shape.rank, shape.element
        for size in shape:
            if not is_unknown(size):
                found.append(size)
            elif (name := name_of(size)) is not None:
                found.append(("?", numbers.setdefault(name, len(numbers))))
            else:
                return None
    return tuple(found)


def _outcomes(op: Op, options: Options, inputs: Sequence[Shapes]) -> dict[tuple[Shapes, Cost], None]:
    """The outputs, each with a cost, that an op gives for any of the settings and any of the inputs."""
    outcomes: dict[tuple[Shapes, Cost], None] = {}
    if prod(map(len, inputs)) > MOST_CASES:
        return outcomes
    for values in product(*options.values()):
        variant = op.model_copy(update=dict(zip(options, values, strict=True)))
        for shapes in product(*inputs):
            # An op, ours or a stranger's, may fail in any way on what it could never be given but for an error.
            with suppress(Exception):
                outcomes[variant.outputs(*shapes), cost_of(variant, shapes)] = None
    return outcomes


def _distinct(shapes: Iterable[Shape]) -> Shapes:
    """The shapes that differ in what is known of them."""
    return tuple({tuple(None if is_unknown(size) else size for size in shape): shape for shape in shapes}.values())


def _cured(shape: Shape, meanings: Meanings) -> Shape:
    """A shape without what would make it wrong: once all errors are cured, each of its sizes is at least 1."""
    return shape.with_sizes(meanings.unknown() if is_unknown(size) else size for size in shape)


def _least(size: Size) -> int:
    """What a cost is at least."""
    least, _ = bounds(size)
    return max(least or 0, 0)
