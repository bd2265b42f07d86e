"""Recurrent layers at a single position."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError
from archspec.ops.recurrent import Recurrent, Squashing
from archspec.setting import Flag
from archspec.shape import Shape
from archspec.size import Size


class Single(Recurrent, ABC):
    """A recurrent layer at a single position."""

    bias: Flag = Field(True, description="whether trained numbers are added to the two products of each gate")

    def at_once(self, x: Shape, **states: Shape | None) -> Shape:
        """The shape of what becomes of each state."""
        if x.rank != 2:
            raise ShapeError(
                f"needs 2 axes, but the input has {x.rank}",
                help="the axes are `[batch, features]`; over a whole sequence, "
                f"use `{self.name.removesuffix('_cell')}`, or `scan` with a cell",
            )
        return x.with_sizes((self.batch(x, states), self.hidden))

    def weights(self, x: Shape, *states: Shape) -> dict[str, Shape]:
        return self.tensors(x[1], self.hidden, "", bias=self.bias)

    def macs(self, x: Shape, *states: Shape) -> Size:
        (batch, _), *_ = self.outputs(x, *states)
        return batch * self.cost(x[1], self.hidden)


@final
class RnnCell(Single):
    """A simple recurrent layer at a single position: `h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)`.

    The state `h` is zero, or what is given beside the input: `(x, h) -> rnn_cell(64)`. In a `cell`, `scan` runs it over
    a sequence together with what else happens at each position; alone, `rnn` does.

    Shapes: `[batch, features] -> [batch, hidden]`, and `[batch, hidden]` of the state.
    Source: Elman, "Finding structure in time", 1990; `torch.nn.RNNCell`.

    The multiply-adds are those of the two matrices: `batch * hidden * (features + hidden)`.
    """

    name = "rnn_cell"
    gates = 1

    activation: Squashing = Field("tanh", description="function that gives the new state")

    def infer(self, x: Shape, h: Shape | None = None) -> Shape:
        return self.at_once(x, h=h)

    def kept(self, x: Shape, h: Shape | None = None) -> Kept:
        return (
            Kept(inputs=(0,), outputs=(0,), further=(self.infer(x),))
            if h is None
            else Kept(inputs=(0, 1), outputs=(0,))
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 3]),
            Example.of(cls(hidden=4, activation="relu", bias=False), [2, 3], [2, 4]),
        )


@final
class LstmCell(Single):
    """A long short-term memory at a single position: `c' = f*c + i*g` and `h' = o*tanh(c')`.

    The gates are those of `lstm`, of `x` and `h`. The states `h` and `c` are zero, or what is given beside the input.
    It gives what becomes of both: `h, c = (x, h, c) -> lstm_cell(64)`. In a `cell`, `scan` runs it over a sequence
    together with what else happens at each position; alone, `lstm` does.

    Shapes: `[batch, features] -> [batch, hidden], [batch, hidden]`, and `[batch, hidden]` of each state.
    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to
    forget: continual prediction with LSTM", 2000, for `f`; `torch.nn.LSTMCell`.

    The multiply-adds are those of the two matrices: `batch * 4 * hidden * (features + hidden)`.
    """

    name = "lstm_cell"
    gates = 4
    states = ("h", "c")

    def infer(self, x: Shape, h: Shape | None = None, c: Shape | None = None) -> tuple[Shape, ...]:
        state = self.at_once(x, h=h, c=c)
        return state, state

    def kept(self, x: Shape, h: Shape | None = None, c: Shape | None = None) -> Kept:
        state, _ = self.infer(x, h, c)
        gates = state.with_axis(1, 4 * self.hidden)
        return (
            Kept(inputs=(0,), further=(gates, state, state))
            if h is None
            else Kept(inputs=(0, 1, 2), further=(gates, state))
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 3]),
            Example.of(cls(hidden=4, bias=False), [2, 3], [2, 4], [2, 4]),
        )


@final
class GruCell(Single):
    """A gated recurrent unit at a single position: `h' = (1 - z)*n + z*h`.

    The gates and the candidate are those of `gru`, of `x` and `h`. The state `h` is zero, or what is given beside the
    input: `(x, h) -> gru_cell(64)`. In a `cell`, `scan` runs it over a sequence together with what else happens at each
    position; alone, `gru` does.

    Shapes: `[batch, features] -> [batch, hidden]`, and `[batch, hidden]` of the state.
    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    2014; `torch.nn.GRUCell`.

    The multiply-adds are those of the two matrices: `batch * 3 * hidden * (features + hidden)`.
    """

    name = "gru_cell"
    gates = 3

    def infer(self, x: Shape, h: Shape | None = None) -> Shape:
        return self.at_once(x, h=h)

    def kept(self, x: Shape, h: Shape | None = None) -> Kept:
        state = self.infer(x, h)
        further = (state.with_axis(1, 3 * self.hidden), *3 * (state,))
        return Kept(inputs=(0,), further=(*further, state)) if h is None else Kept(inputs=(0, 1), further=further)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 3]),
            Example.of(cls(hidden=4, bias=False), [2, 3], [2, 4]),
        )
