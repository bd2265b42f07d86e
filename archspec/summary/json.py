"""The summary of a model for programs.

A quantity is a number, or the text of a formula where a size that it depends on is open. The size of the batch, where
that is open, counts as 1, which `assumed` says; `formulas` has the totals for any.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archspec.passes.cost import Cost, Optimiser
from archspec.passes.receptive_field import ReceptiveField
from archspec.shape import Shape
from archspec.size import Size
from archspec.summary.columns import full_name
from archspec.summary.tree import Line
from archspec.summary.wording import factored

if TYPE_CHECKING:
    from archspec.summary import Summary


def written(summary: Summary, depth: int | None) -> str:
    return json.dumps(content(summary, depth), indent=2, ensure_ascii=False) + "\n"


def content(summary: Summary, depth: int | None = None) -> dict[str, Any]:
    """The summary as numbers, texts, lists and objects."""
    deepest = max((len(node.path) for node in summary.graph.nodes), default=1)
    lines = summary.lines(deepest if depth is None else depth, is_folded=False)
    totals: dict[str, Size] = {
        "parameters": summary.parameters,
        "buffers": summary.buffers,
        "macs": summary.macs,
        "flops": summary.flops,
        "kept_bytes": summary.activations,
    }
    training = {optimiser.value: summary.training(optimiser) for optimiser in Optimiser}
    every = {**totals, **{f"training_{name}_bytes": each for name, each in training.items()}}
    return {
        "model": summary.model,
        "inputs": {name: _shape(shape) for name, shape in summary.inputs},
        "outputs": {name: _shape(shape) for name, shape in summary.outputs},
        "element": summary.floats,
        "assumed": dict.fromkeys(summary.batches, 1),
        "totals": {
            **{name: _value(summary.of_one(each)) for name, each in totals.items()},
            "memory_bytes": {
                "inference": _largest([summary.of_one(each) for each in summary.inference]),
                "training": {name: _value(summary.of_one(each)) for name, each in training.items()},
            },
        },
        "formulas": {name: factored(each) for name, each in every.items() if not isinstance(each, int)},
        "not_counted": list(summary.uncounted),
        "in_training_only": list(summary.in_training_only),
        "conditions": [each.text for each in summary.conditions],
        "layers": [_line(summary, line) for line in lines if line.is_layer],
        "blocks": [_line(summary, line) for line in lines if not line.is_layer],
    }


def _line(summary: Summary, line: Line) -> dict[str, Any]:
    return {
        "name": full_name(line),
        "op" if line.is_layer else "block": line.what,
        "output": _shape(line.shape),
        **_cost(summary, line.cost),
        "receptive_field": [_field(each) for each in summary.fields[line.path]],
    }


def _cost(summary: Summary, cost: Cost) -> dict[str, Any]:
    found = {
        "parameters": cost.parameters,
        "buffers": cost.buffers,
        "macs": cost.macs,
        "flops": cost.flops,
        "kept_bytes": cost.kept.bytes(summary.widths),
        "moved_bytes": cost.moved.bytes(summary.widths),
    }
    return {name: _value(summary.of_one(each)) for name, each in found.items()}


def _shape(shape: Shape) -> list[int | str]:
    return [_value(size) for size in shape]


def _value(size: Size) -> int | str:
    return size if isinstance(size, int) else factored(size)


def _largest(sizes: Sequence[Size]) -> int | str | list[int | str]:
    numbers = [each for each in sizes if isinstance(each, int)]
    if len(numbers) == len(sizes):
        return max(numbers)
    return _value(sizes[0]) if len(sizes) == 1 else [_value(each) for each in sizes]


def _field(field: ReceptiveField) -> dict[str, Any]:
    stride = None if field.stride is None else _value(field.stride[0])
    if field.stride is not None and field.stride[1] != 1:
        stride = f"{stride}/{field.stride[1]}"
    return {
        "input": field.input,
        "axis": field.axis,
        "size": "all" if field.size is None else _value(field.size),
        "stride": stride,
        "offset": None if field.offset is None else _value(field.offset),
    }
