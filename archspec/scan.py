"""A cell run over time: the op that a recurrence becomes.

A cell is a graph of its own. Its inputs are what the cell is given at one time and its states; its outputs are the next
states. `Scan` is that graph as one op of the model around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, final

from pydantic import Field

from archspec.configured import Configured
from archspec.graph import Graph
from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Instance, Says
from archspec.shape import Element, Shape
from archspec.size import Size, differs

TIME = 1
"""The axis of a sequence that counts its positions: it stands behind that of the batch."""


Direction: TypeAlias = Literal["forward", "backward", "both"]
"""Which way a sequence is gone through."""


class Scanning(Configured):
    """How a cell is run: the settings of `scan` beside the cell."""

    name = "scan"

    direction: Direction = Field("forward", description="which way the sequence is gone through")


@final
class Scan(Scanning, Op):
    """Runs a cell over the positions of a sequence: `scan(Cell(64))`.

    At each position the cell is given what stands there, and the states that it gave at the position before; at the
    first one the states are zero, or what is given beside the sequence: `(x, h, c) -> scan(Cell(64))`. What the cell
    has for further inputs is the same at all positions, and comes between: `(x, memory, h) -> scan(Cell(64))`.

    It gives the first state of all positions, and then, where they are given names, the last of each state:
    `sequence, h, c = scan(Cell(64))`. With `direction=both` two cells with weights of their own go over the sequence
    from its two ends, and what they give is joined along the last axis.

    Shapes: `[B, T, ...] -> [B, T, hidden]`, and `[B, hidden]` of each state.
    Source: Elman, "Finding structure in time", 1990; Schuster and Paliwal, "Bidirectional recurrent neural networks",
    1997, for both directions.
    """

    name = "scan"
    family = Family.RECURRENT
    leaves_outputs = True
    holds_layers = True

    cell: Annotated[Graph, Instance, Says("a cell with its settings, such as `Cell(64)`")] = Field(
        description="what is run at each position"
    )

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states of the cell."""
        return tuple(output.name for output in self.cell.outputs)

    @property
    def directions(self) -> tuple[str, ...]:
        """The ways that the sequence is gone through, each by a cell with weights of its own.

        Where there are two, these are their names. They are adverbs since PyTorch, like other frameworks, has something
        else that is called `forward`.
        """
        return ("forwards", "backwards") if self.direction == "both" else (self.direction,)

    def infer(self, *inputs: Shape) -> tuple[Shape, ...]:
        constant = len(self.cell.inputs) - len(self.states)
        if len(inputs) > constant and self.direction == "both":
            raise ShapeError(
                "starts from zeros where it goes both ways, but is given initial states",
                setting="direction",
                help="use a `scan` for each direction",
            )
        flat = next((each for each in self.cell.outputs if each.shape.rank < 2), None)
        if flat is not None and self.direction == "both":
            raise ShapeError(
                f"joins what both directions give along the last axis, and the state `{flat.name}` is {flat.shape}",
                setting="direction",
                help="give the state an axis of features, such as in `[B, 1]`",
            )
        for line, shape in zip(self.cell.inputs[constant:], inputs[constant:], strict=False):
            if line.shape.rank != shape.rank or any(map(differs, line.shape.sizes, shape.sizes)):
                raise ShapeError(f"needs {line.shape} for the state `{line.name}`, but is given {shape}")
        states = [output.shape for output in self.cell.outputs]
        return over_time(states, inputs[0].sizes[TIME], len(self.directions))

    def weights(self, *inputs: Shape) -> Mapping[str, Shape]:
        return self._of_cells({f"{node.name}.{name}": shape for node in self.owners for name, shape in _own(node)})

    def buffers(self, *inputs: Shape) -> Mapping[str, Shape]:
        return self._of_cells(
            {f"{node.name}.{name}": shape for node in self.owners for name, shape in node.buffers.items()}
        )

    @property
    def owners(self) -> tuple[Any, ...]:
        """The layers of the cell with weights of their own."""
        return tuple(node for node in self.cell.nodes if node.shares is None)

    def macs(self, *inputs: Shape) -> Size:
        return self.cell.macs * inputs[0].sizes[TIME] * len(self.directions)

    def kept(self, *inputs: Shape) -> Kept:
        from archspec.storage import Amount, storage  # A check does not wait for it.

        memory = storage(self.cell, is_inner=True)
        found = list(memory.kept.values())
        constant = len(self.cell.inputs) - len(self.states)
        for value, output in zip(self.cell.inputs[constant:], self.cell.outputs, strict=True):
            # What is a state of one position is what the position before it gave.
            before = memory.homes[output.value.producer, output.value.port]
            if (value.producer, value.port) in memory.seen and before not in memory.seen:
                found.append(memory.sizes[value.producer, value.port])
        each = Amount.total(found).times(inputs[0].sizes[TIME] * len(self.directions))
        given = self.cell.inputs[:constant]
        return Kept(
            inputs=tuple(number for number, value in enumerate(given) if (value.producer, value.port) in memory.seen),
            further=(
                Shape.of(each.floats),
                Shape.of(each.ints, element=Element.INT),
                Shape.of(each.flags, element=Element.BOOL),
            ),
            masks=(Shape.of(each.masks),),
        )

    def _of_cells(self, tensors: Mapping[str, Shape]) -> Mapping[str, Shape]:
        """The tensors of one cell, or of two, each under the way it goes."""
        if len(self.directions) == 1:
            return tensors
        return {f"{way}.{name}": shape for way in self.directions for name, shape in tensors.items()}

    def __str__(self) -> str:
        direction = "" if self.direction == "forward" else f", direction={self.direction}"
        return f"{self.name}({self.cell.name}{direction})"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


def over_time(states: Sequence[Shape], positions: Size, directions: int) -> tuple[Shape, ...]:
    """The shapes that a scan gives: of the first state throughout, and of each state at the end."""
    last = [_widened(each, directions) for each in states]
    batch, *rest = last[0].sizes
    return (last[0].with_sizes((batch, positions, *rest)), *last)


def _own(node: Any) -> list[tuple[str, Shape]]:
    return [(name, shape) for name, shape in node.weights.items() if name not in node.ties]


def _widened(shape: Shape, factor: int) -> Shape:
    return shape.with_sizes((*shape.sizes[:-1], shape.sizes[-1] * factor))
