"""A410: the last positions of an axis are never read, because no whole window is left for them.

Told where it is certain, so not where the size of the axis is open; where nothing else reads them; and where they are
not few: one in ten of the axis, or any number where the input of the model is cut into patches that do not overlap.
Below that it is the usual border of a strided layer: of 224 pixels, a 7x7 kernel with a stride of 2 misses the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.graph import Node
from archspec.passes.advice.reading import Reader, dropped, readings, skipped
from archspec.passes.advice.view import View

FEW: Final = 10
"""One in so many is told of."""


def find(view: View) -> Iterator[Diagnostic]:
    for value, takers, axes in readings(view):
        is_input = view.giver(value) is None
        found: dict[int, tuple[int, int, Reader]] = {}
        for axis, readers in axes.items():
            size = value.shape[axis]
            if not isinstance(size, int) or skipped(readers, size) is not None:
                continue
            lost = dropped(readers, size)
            last = max(readers, key=lambda each: each.last + each.stride * _number(each))
            is_patch = is_input and all(each.stride == each.extent > 1 for each in readers)
            if lost and (lost * FEW >= size or is_patch):
                found[axis] = (lost, size, last)
        if found:
            from archspec.catalog.advice import DroppedPositions

            lost_, sizes, lasts = zip(*found.values(), strict=True)
            yield DroppedPositions(
                takers[0].span,
                takers[0].op.name,
                tuple(found),
                lost_,
                sizes,
                tuple(size - lost + last.stride for lost, size, last in zip(lost_, sizes, lasts, strict=True)),
                _has_ceil_mode(takers[0]),
            )


def _number(reader: Reader) -> int:
    return reader.windows if isinstance(reader.windows, int) else 0


def _has_ceil_mode(node: Node) -> bool:
    return "ceil_mode" in type(node.op).model_fields
