"""The summary of a model: its layers and blocks, the shape that each gives, what each costs, and how far each sees.

What is counted, and in which units, `archspec.passes.cost` says, and `docs/costs.md` for users. The forms in which a
summary is written are modules of their own here, and are imported when one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import final

from msgspec import Struct

from archspec.graph import Graph
from archspec.passes.condition import Condition, conditions
from archspec.passes.cost import Cost, Costs, Optimiser, costs, is_counted
from archspec.passes.receptive_field import ReceptiveField, receptive_fields
from archspec.shape import Shape
from archspec.size import Formula, Size, evaluate, names, summed
from archspec.storage import Widths
from archspec.summary.tree import Line, lines

FLOATS: Mapping[str, int] = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""The types that weights and activations may have, with their bytes."""


@final
class Row(Struct, frozen=True):
    """One layer of a model."""

    layer: str
    op: str
    shape: Shape
    cost: Cost

    receptive_field: tuple[ReceptiveField, ...]
    """What a position of it sees of each axis of space of the inputs that it depends on."""

    @property
    def parameters(self) -> Size:
        return self.cost.parameters

    @property
    def macs(self) -> Size:
        return self.cost.macs


@final
@dataclass(frozen=True, eq=False)
class Summary:
    """The layers of a model in order, and the totals. `str` gives the table.

    Sizes are numbers or, where the model leaves a size open, exact formulas. Multiply-adds (MACs) are those of
    convolutions and matrix products, for the whole batch; FLOPs are two for each. The table gives what depends on the
    batch for a batch of one where its size is open. A receptive field is given as `11x11 /4 @-2`: the positions of the
    input that a position sees along each axis of space, by how many of them this moves from one position to the next,
    and where that of the first position begins.
    """

    graph: Graph = field(repr=False)
    floats: str = "float32"
    """The type of weights and activations, one of `FLOATS`."""

    @property
    def model(self) -> str:
        return self.graph.name

    @property
    def inputs(self) -> tuple[tuple[str, Shape], ...]:
        return tuple((value.name, value.shape) for value in self.graph.inputs)

    @property
    def outputs(self) -> tuple[tuple[str, Shape], ...]:
        return tuple((output.name, output.shape) for output in self.graph.outputs)

    @cached_property
    def costs(self) -> Costs:
        return costs(self.graph)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The layers, in an order in which they can run."""
        return tuple(
            Row(node.name, str(node.op), node.output.shape, self.costs.layers[node.path], self.fields[node.path])
            for node in self.graph.nodes
        )

    @property
    def parameters(self) -> Size:
        """Trained numbers."""
        return self.costs.weights.floats

    @property
    def buffers(self) -> Size:
        """Numbers that are kept with the model and not trained, such as running statistics."""
        return summed(each.buffers for each in self.costs.layers.values())

    @cached_property
    def macs(self) -> Size:
        """Multiply-adds, for the whole batch, when the model is evaluated."""
        left_out = self.graph.in_training_only
        return summed(each.macs for path, each in self.costs.layers.items() if path not in left_out)

    @property
    def flops(self) -> Size:
        """Floating-point operations of the same work: two for each multiply-add."""
        return self.macs * 2

    @property
    def activations(self) -> Size:
        """Bytes of what the layers keep for the backward pass."""
        return self.costs.kept.bytes(self.widths)

    @property
    def peaks(self) -> tuple[Size, ...]:
        """Bytes of what lies in memory at most when the model is evaluated: the largest of these."""
        return tuple(each.bytes(self.widths) for each in self.costs.peaks)

    @property
    def inference(self) -> tuple[Size, ...]:
        """Bytes that evaluation needs: the largest of these."""
        return self.costs.inference(self.widths)

    def training(self, optimiser: Optimiser | str) -> Size:
        """Bytes that a step of training needs, with `sgd`, `momentum` or `adam`."""
        return self.costs.training(Optimiser(optimiser), self.widths)

    @property
    def widths(self) -> Widths:
        return Widths(floats=FLOATS[self.floats])

    @cached_property
    def fields(self) -> Mapping[tuple[str, ...], tuple[ReceptiveField, ...]]:
        """The receptive field of each layer."""
        return receptive_fields(self.graph)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """What must hold of the open sizes."""
        return conditions(self.graph)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """The ops of the model that calculate, and whose work no multiply-add counts."""
        layers = self.costs.layers
        return tuple(
            dict.fromkeys(each.op.name for each in self.graph.nodes if not is_counted(each, layers[each.path]))
        )

    @property
    def in_training_only(self) -> tuple[str, ...]:
        """The outputs that there are in training only, whose multiply-adds are no part of the total."""
        return tuple(output.name for output in self.graph.outputs if output.in_training_only)

    @cached_property
    def batches(self) -> tuple[str, ...]:
        """The open sizes that are the first axis of an input: the batch."""
        firsts = (shape[0] for _, shape in self.inputs if shape.rank)
        return tuple(
            dict.fromkeys(str(size) for size in firsts if isinstance(size, Formula) and str(size).isidentifier())
        )

    @property
    def open_sizes(self) -> tuple[str, ...]:
        """The sizes that the inputs leave open."""
        found = (name for _, shape in self.inputs for size in shape for name in names(size))
        return tuple(dict.fromkeys(name for name in found if name.isidentifier()))

    def of_one(self, size: Size) -> Size:
        """A size for a batch of one, where that is open."""
        return evaluate(size, dict.fromkeys(self.batches, 1))

    def lines(self, depth: int | None = None, *, is_folded: bool = True) -> tuple[Line, ...]:
        """The layers and blocks down to a depth; as many as fit on a page where none is said.

        Neighbours that are alike are shown once where it is folded.
        """
        return lines(self.graph, self.costs.layers, depth, is_folded=is_folded)

    def table(self, depth: int | None = None, width: int = 100, *, is_ascii: bool = False) -> str:
        """The table for a terminal of some width."""
        from archspec.summary.terminal import table

        return table(self, depth, width, is_ascii=is_ascii)

    def written(self, form: str, depth: int | None = None) -> str:
        """The summary in one of `FORMS`."""
        return FORMS[form](self, depth)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.written("html")

    def __str__(self) -> str:
        return self.table()


def _in(form: str) -> Callable[[Summary, int | None], str]:
    """What writes a form, in a module of its own, which is imported when it is asked for."""

    def write(summary: Summary, depth: int | None) -> str:
        written: str = import_module(f"archspec.summary.{form}").written(summary, depth)
        return written

    return write


FORMS: Mapping[str, Callable[[Summary, int | None], str]] = {
    "text": Summary.table,
    **{form: _in(form) for form in ("markdown", "latex", "html", "csv", "json")},
}
"""What a summary can be written as."""


def summarise(graph: Graph) -> Summary:
    """The summary of a graph."""
    return Summary(graph)
