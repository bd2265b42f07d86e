"""The table of a model: its layers, the shape that each gives, and what each costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from archspec.graph import Graph
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


@final
@dataclass(frozen=True)
class Summary:
    """The layers of a model in order, and the totals. `str` gives the table.

    Parameters are trained numbers. Multiply-adds are those of convolutions and matrix products, for the whole batch;
    the table gives them for a batch of one where the size of the batch is open.
    """

    model: str
    inputs: tuple[tuple[str, Shape], ...]
    rows: tuple[Row, ...]
    parameters: Size
    macs: Size

    def __str__(self) -> str:
        one = dict.fromkeys(self.batches, 1)
        note = f" ({', '.join(f'{name} = 1' for name in one)})" if one else ""
        head = ("layer", "op", "output shape", "parameters", f"multiply-adds{note}")
        body = [(name, "input", str(shape), "", "") for name, shape in self.inputs]
        for row in self.rows:
            macs = _amount(evaluate(row.macs, one))
            body.append((row.layer, row.op, str(row.shape), _amount(row.parameters), macs))
        total = ("total", "", "", _amount(self.parameters) or "0", _amount(evaluate(self.macs, one)) or "0")
        widths = [max(map(len, column)) for column in zip(head, *body, total, strict=True)]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [self.model, rule, _line(head, widths), rule]
        lines += [_line(row, widths) for row in body]
        lines += [rule, _line(total, widths)]
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
    return Summary(
        model=graph.name,
        inputs=tuple((value.name, value.shape) for value in graph.inputs),
        rows=tuple(Row(node.name, str(node.op), node.output.shape, node.parameters, node.macs) for node in graph.nodes),
        parameters=graph.parameters,
        macs=graph.macs,
    )


def _amount(size: Size) -> str:
    return "" if size == 0 else f"{size:,}" if isinstance(size, int) else str(size)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    """Words to the left, numbers to the right."""
    padded = [
        cell.ljust(width) if index < 3 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
