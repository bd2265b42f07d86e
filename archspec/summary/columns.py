"""The columns of the table of a model, whatever form it is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, final

from msgspec import Struct

from archspec.size import Size
from archspec.summary.tree import Line
from archspec.summary.wording import exact, field, of_bytes, short

if TYPE_CHECKING:
    from archspec.summary import Summary


class Title(StrEnum):
    """What a column tells."""

    LAYER = "layer"
    WHAT = "op or block"
    OUTPUT = "output"
    PARAMETERS = "parameters"
    MACS = "MACs"
    KEPT = "kept"
    INTENSITY = "FLOP/B"
    FIELD = "receptive field"


@final
class Column(Struct, frozen=True):
    """A cell for each line, and one for the total."""

    title: Title
    cells: tuple[str, ...]
    total: str = ""
    is_number: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (self.title, *self.cells, self.total)))


def columns(summary: Summary, lines: Sequence[Line], name: Callable[[Line], str]) -> list[Column]:
    """The columns that have anything in them. What depends on the batch is for a batch of one where that is open."""

    def amounts(title: Title, sizes: Sequence[Size], total: Size, write: Callable[[Size], str]) -> Column:
        one = [summary.of_one(each) for each in sizes]
        return Column(
            title, tuple(write(each) if each != 0 else "" for each in one), write(summary.of_one(total)), True
        )

    costs = [each.cost for each in lines]
    fields = (field(summary.fields[each.path], is_named=len(summary.inputs) > 1) for each in lines)
    kept = [each.kept.bytes(summary.widths) for each in costs]
    found = [
        Column(Title.LAYER, tuple(map(name, lines)), "total"),
        Column(Title.WHAT, tuple(each.what for each in lines)),
        Column(Title.OUTPUT, tuple(str(each.shape) for each in lines)),
        amounts(Title.PARAMETERS, [each.parameters for each in costs], summary.parameters, exact),
        amounts(Title.MACS, [each.macs for each in costs], summary.macs, short),
        amounts(Title.KEPT, kept, summary.activations, of_bytes),
        Column(Title.INTENSITY, tuple(intensity(summary, each) for each in lines), is_number=True),
        Column(Title.FIELD, tuple(fields)),
    ]
    return [column for column in found if column.total or any(column.cells)]


def full_name(line: Line) -> str:
    """A layer or block by its path, and several blocks by that of the first and the name of the last."""
    around = line.path[: line.depth - 1]
    return ".".join((*around, line.name))


def intensity(summary: Summary, line: Line) -> str:
    """FLOPs for each byte that is moved, where both are numbers."""
    flops, moved = summary.of_one(line.cost.flops), summary.of_one(line.cost.moved.bytes(summary.widths))
    if not isinstance(flops, int) or not isinstance(moved, int) or not flops or not moved:
        return ""
    return f"{flops / moved:.1f}"
