"""The layers of a model as a table for a spreadsheet: numbers without units, and formulas as a spec has them."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from archspec.summary.columns import full_name, intensity
from archspec.summary.wording import field, plain

if TYPE_CHECKING:
    from archspec.summary import Summary

HEAD = (
    "layer",
    "kind",
    "op",
    "output",
    "parameters",
    "buffers",
    "macs",
    "flops",
    "kept_bytes",
    "flops_per_byte",
    "receptive_field",
)


def written(summary: Summary, depth: int | None) -> str:
    deepest = max((len(node.path) for node in summary.graph.nodes), default=1)
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEAD)
    for line in summary.lines(deepest if depth is None else depth, is_folded=False):
        cost = line.cost
        sizes = (cost.parameters, cost.buffers, cost.macs, cost.flops, cost.kept.bytes(summary.widths))
        table.writerow(
            (
                full_name(line),
                "layer" if line.is_layer else "block",
                line.what,
                str(line.shape),
                *(plain(summary.of_one(each)) for each in sizes),
                intensity(summary, line),
                field(summary.fields[line.path], is_named=len(summary.inputs) > 1),
            )
        )
    return text.getvalue()
