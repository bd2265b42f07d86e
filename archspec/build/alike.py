"""What layers that are alike have in common is found once: most models have few layers that differ.

Nothing but time is saved by it, since an op never changes, and what it says of its inputs follows from their shapes.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast, final

from msgspec import Struct

from archspec.build.possible import Cost, Options, Possible, Shapes, pattern, possible
from archspec.configured import Configured
from archspec.expression import exactly, is_unknown
from archspec.graph import Applied
from archspec.op import Op
from archspec.shape import Shape
from archspec.size import LARGEST, Size, SizeError, presumed_equal

_C = TypeVar("_C", bound=Configured)


@final
class Fitted(Struct, frozen=True):
    """An op that nothing is wrong with, on its inputs."""

    op: Op
    outputs: tuple[Shape, ...]
    weights: Mapping[str, Shape]
    cost: Cost
    inputs: tuple[Shape, ...]
    presumed: tuple[tuple[Size, Size], ...]


@final
class Alike:
    """The ops that there are so far, each once, and what follows from them."""

    def __init__(self) -> None:
        self._ops: dict[Hashable, Configured] = {}
        self._fitted: dict[tuple[int, tuple[Shape, ...]], Fitted] = {}
        self._possible: dict[tuple[int, int, Hashable], Possible] = {}

    def op(self, kind: type[_C], settings: Mapping[str, Any]) -> _C:
        """The op of a kind with some settings; raises `ValidationError`."""
        key = kind, tuple((name, exactly(value)) for name, value in settings.items())
        known = self._ops.get(key)
        if known is None:
            known = self._ops[key] = kind(**settings)
        return cast(_C, known)

    def fitted(self, op: Op, shapes: Sequence[Shape]) -> Fitted:
        """An op on inputs of these shapes; raises `ShapeError` or `SizeError`."""
        # Ops that are equal may differ: Python calls `1` and `1.0` equal. An op that is kept here keeps its `id`.
        key = id(op), tuple(shapes)
        known = self._fitted.get(key)
        if known is None:
            known = self._fitted[key] = _fitted(op, tuple(shapes))
        return known

    def possible(self, op: Op, options: Options, inputs: Sequence[Shapes], names: int) -> Possible:
        """What an op may give where an error hides how it is set or fed."""
        known_of = None if options else pattern(inputs)
        if known_of is None:
            return possible(op, options, inputs, names)
        key = id(op), names, known_of
        known = self._possible.get(key)
        if known is None:
            known = possible(op, options, inputs, names)
            if not is_unknown((known.cost.parameters, known.cost.macs)):
                self._possible[key] = known
        return known


def _fitted(op: Op, shapes: tuple[Shape, ...]) -> Fitted:
    with presumed_equal() as presumed:
        outputs = op.outputs(*shapes)
    if any(isinstance(size, int) and size > LARGEST for shape in outputs for size in shape):
        raise SizeError("gives an axis longer than 2**63 - 1")
    applied = Applied.of(op, shapes)
    return Fitted(op, outputs, applied.weights, Cost(applied.parameters, applied.macs), shapes, tuple(presumed))
