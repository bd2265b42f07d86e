"""A410: the last positions of an axis are never read, because no whole window is left for them.

Told where it is certain, so not where the size of the axis is open; where nothing else reads them; and where they are
not few: one in ten of the axis, or any number where the input of the model is cut into patches that do not overlap.
Below that it is the usual border of a strided layer: of 224 pixels, a 7x7 kernel with a stride of 2 misses the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Node
from archspec.passes.advice.reading import Reader, dropped, readings, skipped
from archspec.passes.advice.view import View
from archspec.passes.advice.wording import axes_of


@final
class DroppedPositions(Diagnostic):
    """The last positions of an axis are never read: no whole window is left for them.

    The number of windows is rounded down. `maxpool(2)` reads six of seven rows and six of seven columns, and what was
    calculated for a quarter of the positions is thrown away, always at the end of the axis.

    It is told where at least one position in ten is lost, or where the input of the model is cut into patches that
    it is no multiple of. Padding that is not read is no loss, and where the size is open nothing is said.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016 (arXiv:1603.07285), section
    2.4: with strides, several sizes of the input have one output.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 1, 7, 7]
        conv(16, kernel=3, padding=1) -> relu -> maxpool(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 1, 7, 7]
        conv(16, kernel=3, padding=1) -> relu -> maxpool(2, ceil_mode=true)
    }
    ```
    """

    code = "A410"
    name = "dropped-positions"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    axes: tuple[int, ...]
    lost: tuple[int, ...]
    sizes: tuple[int, ...]
    wanted: tuple[int, ...]
    """What each axis would have to be for one window more."""

    has_ceil_mode: bool

    def message(self) -> str:
        if len(set(zip(self.lost, self.sizes, strict=True))) == 1:
            lost, size = self.lost[0], self.sizes[0]
            last = "position" if lost == 1 else f"{lost} positions"
            return f"`{self.op}` never reads the last {last} of {size} along {axes_of(self.axes)}"
        each = zip(self.lost, self.sizes, self.axes, strict=True)
        told = " and ".join(f"{lost} of {size} along axis {axis}" for lost, size, axis in each)
        return f"`{self.op}` never reads the last positions of its input: {told}"

    def label(self) -> str:
        return "the last window ends before them"

    def help(self) -> str:
        kept = [size - lost for size, lost in zip(self.sizes, self.lost, strict=True)]
        fitting = f"a size of {kept[0]} or {self.wanted[0]} loses nothing"
        if len(set(zip(kept, self.wanted, strict=True))) > 1:
            each = zip(kept, self.wanted, self.axes, strict=True)
            sizes = " and ".join(f"{less} or {more} along axis {axis}" for less, more, axis in each)
            fitting = f"sizes that lose nothing are {sizes}"
        if self.has_ceil_mode:
            return f"`ceil_mode=true` counts the incomplete window; {fitting}"
        return f"{fitting}; or pad the end of the axis"


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
