"""Changes that might let a layer take what it is given: found by trying other numbers for settings.

What is found here fits the layer itself. Whether the whole spec is right with it, `archspec.cures` finds out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from archspec.build.assembly import Assembly
from archspec.build.origin import maker_of
from archspec.build.scope import Draft
from archspec.change import Change, Trial
from archspec.expression import Value
from archspec.graph import Node
from archspec.op import Op, ShapeError
from archspec.shape import Shape
from archspec.size import Size, SizeError, differs
from archspec.source import Span

MOST_TRIED: Final = 128
"""How many numbers are tried for one setting."""

_BESIDE: Final = {"kernel": ("padding",)}
"""Settings that may be at fault where another one is blamed."""


def trials_of_layer(op: Op, error: ShapeError, shapes: Sequence[Shape], place: Span) -> Iterator[Trial]:
    """Other numbers for the setting that is blamed, the nearest ones first: at most one below it and one above."""
    if error.setting is None:
        return
    for name in (error.setting, *_BESIDE.get(error.setting, ())):
        value = getattr(op, name, None)  # Not every op with a kernel has a padding.
        if not isinstance(value, int) or isinstance(value, bool):
            continue
        for step in (-1, 1):
            fits = (each for each in _numbers(value, step) if _outputs(op, {name: each}, shapes) is not None)
            if (number := next(fits, None)) is not None:
                yield (Change(place, {name: number}, op.positional()),)


def trials_of_inputs(
    assembly: Assembly, inputs: Sequence[Draft], shapes: Sequence[Shape], axes: Sequence[int]
) -> Iterator[Trial]:
    """Changes of the layers that made the sizes of axes which differ, so that one input gets those of another."""
    for which, draft in enumerate(inputs):
        for other in shapes:
            if other is shapes[which] or other.rank != shapes[which].rank:
                continue
            changes: dict[Span, Change] = {}
            for axis in (axis % other.rank for axis in axes):
                if not differs(shapes[which][axis], other[axis]):
                    continue
                change = _change(assembly, draft, axis, other[axis], changes)
                if change is None:
                    break
                changes[change.layer] = change
            else:
                yield tuple(changes.values())


def _change(assembly: Assembly, draft: Draft, axis: int, wanted: Size, changes: dict[Span, Change]) -> Change | None:
    """How the layer that made the size of an axis might make another one."""
    made = maker_of(assembly, draft, axis)
    return None if made is None else _changed(*made, wanted, changes.get(made[0].span))


def _changed(node: Node, axis: int, wanted: Size, made: Change | None) -> Change | None:
    shapes = [each.shape for each in node.inputs]
    known = {} if made is None else dict(made.settings)
    for settings in _settings(node.op, axis, wanted):
        outputs = _outputs(node.op, {**known, **settings}, shapes)
        if outputs is not None and outputs[0].rank > axis and outputs[0][axis] == wanted:
            return Change(node.span, {**known, **settings}, node.op.positional())
    return None


def _settings(op: Op, axis: int, wanted: Size) -> Iterator[Mapping[str, Value]]:
    """Settings by which a layer may make an axis longer or shorter."""
    padding, kernel = getattr(op, "padding", None), getattr(op, "kernel", None)
    sizes = kernel if isinstance(kernel, tuple) else (kernel,)
    most = max((size for size in sizes if isinstance(size, int)), default=0)
    # Where a kernel is spread out, more padding than it has taps may be meant.
    paddings = range((most if getattr(op, "dilation", 1) == 1 else 2 * most) + 1) if isinstance(padding, int) else ()
    yield from ({"padding": each} for each in paddings)
    stride = getattr(op, "stride", None)
    if isinstance(stride, int) and stride != 1:
        yield {"stride": 1}
        yield from ({"stride": 1, "padding": each} for each in paddings)
    for name in ("channels", "features"):
        if name in op.settings() and isinstance(wanted, int):
            yield {name: wanted}


def _outputs(op: Op, settings: Mapping[str, Value], shapes: Sequence[Shape]) -> tuple[Shape, ...] | None:
    """What an op with other settings gives, if it takes its inputs."""
    try:
        return type(op)(**{**op.chosen(), **settings}).outputs(*shapes)
    except (ShapeError, SizeError, ValidationError):
        return None


def _numbers(value: int, step: int) -> Iterator[int]:
    """The numbers from a value on, up or down, without the negative ones."""
    end = max(-1, value - MOST_TRIED) if step < 0 else value + MOST_TRIED
    yield from range(value + step, end, step)
