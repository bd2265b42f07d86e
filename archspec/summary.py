"""The table of a model: its layers, the shape that each gives, what each costs, and how far each sees."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import final

from archspec.graph import Graph
from archspec.passes.condition import Condition, conditions
from archspec.passes.receptive_field import ReceptiveField, receptive_fields
from archspec.shape import Shape
from archspec.size import Formula, Size, evaluate


@final
@dataclass(frozen=True)
class Row:
    """One layer of a model."""

    layer: str
    op: str
    shape: Shape
    parameters: Size
    macs: Size

    receptive_field: tuple[ReceptiveField, ...]
    """What a position of it sees of each axis of space of the inputs that it depends on."""


@final
@dataclass(frozen=True)
class Summary:
    """The layers of a model in order, and the totals. `str` gives the table.

    Parameters are trained numbers. Multiply-adds are those of convolutions and matrix products, for the whole batch;
    the table gives them for a batch of one where the size of the batch is open. The receptive field is given as
    `11x11 /4 @-2`: the positions of the input that a position sees along each axis of space, by how many of them this
    moves from one position to the next, and where that of the first position begins.
    """

    model: str
    inputs: tuple[tuple[str, Shape], ...]
    rows: tuple[Row, ...]
    parameters: Size
    macs: Size

    conditions: tuple[Condition, ...] = ()
    """What must hold of the open sizes."""

    def __str__(self) -> str:
        one = dict.fromkeys(self.batches, 1)
        note = f" ({', '.join(f'{name} = 1' for name in one)})" if one else ""
        head = ["layer", "op", "output shape", "parameters", f"multiply-adds{note}"]
        body = [[name, "input", str(shape), "", ""] for name, shape in self.inputs]
        for row in self.rows:
            macs = _amount(evaluate(row.macs, one))
            body.append([row.layer, row.op, str(row.shape), _amount(row.parameters), macs])
        total = ["total", "", "", _amount(self.parameters) or "0", _amount(evaluate(self.macs, one)) or "0"]
        if any(row.receptive_field for row in self.rows):
            fields = [_fields(row.receptive_field, len(self.inputs) > 1) for row in self.rows]
            column = ["receptive field", *("" for _ in self.inputs), *fields, ""]
            for line, cell in zip((head, *body, total), column, strict=True):
                line.insert(3, cell)
        widths = [max(map(len, column)) for column in zip(head, *body, total, strict=True)]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [self.model, rule, _line(head, widths), rule]
        lines += [_line(row, widths) for row in body]
        lines += [rule, _line(total, widths)]
        if "receptive field" in head:
            lines.append("receptive field: positions seen of each axis of space, /stride, @first of the first position")
        for each in self.conditions:
            example = ", ".join(f"{name} = {number}" for name, number in each.counter_example.items())
            left, right = each.sizes
            lines.append(f"right where {each.text}: with {example}, {each.node.name} would be given {left} and {right}")
        return "\n".join(lines)

    @property
    def batches(self) -> tuple[str, ...]:
        """The open sizes that are the first axis of an input: the batch."""
        firsts = (shape[0] for _, shape in self.inputs if shape.rank)
        return tuple(
            dict.fromkeys(str(size) for size in firsts if isinstance(size, Formula) and str(size).isidentifier())
        )


def summarise(graph: Graph) -> Summary:
    """The table of a graph."""
    fields = receptive_fields(graph)
    return Summary(
        model=graph.name,
        inputs=tuple((value.name, value.shape) for value in graph.inputs),
        rows=tuple(
            Row(node.name, str(node.op), node.output.shape, node.parameters, node.macs, fields[node.path])
            for node in graph.nodes
        ),
        parameters=graph.parameters,
        macs=graph.macs,
        conditions=conditions(graph),
    )


def _amount(size: Size) -> str:
    return "" if size == 0 else f"{size:,}" if isinstance(size, int) else str(size)


def _fields(fields: tuple[ReceptiveField, ...], are_named: bool) -> str:
    """Receptive fields in one line: of each input its name, if there are several, and what is seen of it."""
    inputs = [(name, list(axes)) for name, axes in groupby(fields, key=lambda each: each.input)]
    return ", ".join(f"{name} {_field(axes)}" if are_named else _field(axes) for name, axes in inputs)


def _field(axes: list[ReceptiveField]) -> str:
    if all(each.size is None for each in axes):
        return "all"
    text = _by_axis(["all" if each.size is None else str(each.size) for each in axes], "x", is_repeated=True)
    strides = [None if each.stride is None else _ratio(*each.stride) for each in axes]
    offsets = [None if each.offset is None else str(each.offset) for each in axes]
    for sign, values in (("/", strides), ("@", offsets)):
        if any(values):
            text += f" {sign}{_by_axis([each or '-' for each in values], ',')}"
    return text


def _by_axis(values: list[str], sign: str, *, is_repeated: bool = False) -> str:
    """A value for each axis, or one that is that of all."""
    return values[0] if len(set(values)) == 1 and not is_repeated else sign.join(values)


def _ratio(dividend: Size, divisor: int) -> str:
    return str(dividend) if divisor == 1 else f"{dividend}/{divisor}"


def _line(cells: list[str], widths: list[int]) -> str:
    """Words to the left, numbers to the right."""
    padded = [
        cell.rjust(width) if index >= len(cells) - 2 else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
