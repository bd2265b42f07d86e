"""Where the size of an axis was made: the layer to go back to from one that cannot take it."""

from __future__ import annotations

from archspec.build.assembly import Assembly
from archspec.build.scope import Draft
from archspec.diagnostics import Related
from archspec.graph import Node, Value
from archspec.sight import Sliding


def maker_of(assembly: Assembly, draft: Draft, axis: int) -> tuple[Node, int] | None:
    """The layer that made the size of an axis of a value, and which of its axes that is.

    Layers that leave it as long as it is are passed over. It is `None` where the size is that of an input.
    """
    value: Value | None = assembly.values.get((draft.producer, draft.port))
    while value is not None:
        node = assembly.node(value.producer)
        if node is None:
            return None
        before = _before(node, value, axis)
        if before is None:
            return node, axis
        value, axis = before
    return None


def origin_of(assembly: Assembly, draft: Draft, axis: int) -> Related | None:
    """The place where the size of an axis was made, with the calculation; `None` where nothing is calculated."""
    made = maker_of(assembly, draft, axis)
    if made is None:
        return None
    node, axis = made
    calculation = node.op.calculation(axis, *(each.shape for each in node.inputs))
    size = node.output.shape[axis]
    return Related(node.span, f"axis {axis} is {calculation} = {size}") if calculation else None


def _before(node: Node, value: Value, axis: int) -> tuple[Value, int] | None:
    """The input that has the same size along an axis, and which axis of it that is."""
    for each, sights in zip(node.inputs, node.op.sees(*(given.shape for given in node.inputs)), strict=True):
        for place, sight in enumerate(sights or ()):
            is_kept = isinstance(sight, Sliding) and sight.axis == axis and sight.stride == 1
            if is_kept and each.shape[place] == value.shape[axis]:
                return each, place
    return None
