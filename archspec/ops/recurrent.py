"""Recurrent layers: what they give at one position depends on what they gave at the position before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, final

from msgspec.structs import replace
from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed
from archspec.setting import Count, Flag, OptionalCount, Probability, Says
from archspec.shape import Shape
from archspec.size import Size, below, ceil_divide, differs

MOST_STACKED: Final = 32
"""No more layers than this are stacked in one op, each of which has weights, so that a spec cannot fill the memory."""

Stacked: TypeAlias = Annotated[
    Annotated[int, Field(ge=1, le=MOST_STACKED)], Says(f"a whole number from 1 to {MOST_STACKED}")
]

Squashing: TypeAlias = Literal["tanh", "relu"]


class Recurrent(Op, ABC):
    """What whole layers and single steps have in common: a state, and gates that decide what becomes of it."""

    family = Family.RECURRENT
    leaves_outputs = True

    gates: ClassVar[int]
    """How many matrices, each with a row for each number of the state, are below each other in a weight."""

    states: ClassVar[tuple[str, ...]] = ("h",)
    """What the states are called, of which the first is what is seen from outside."""

    hidden: Count = Field(description="size of the state")

    def cost(self, given: Size, fed_back: Size) -> Size:
        """Multiply-adds of all gates at one position, of what is given there and of the state before it."""
        return self.gates * self.hidden * (given + fed_back)

    def tensors(self, given: Size, fed_back: Size, suffix: str, *, bias: bool) -> dict[str, Shape]:
        """The weights of all gates."""
        rows = self.gates * self.hidden
        found = {f"weight_ih{suffix}": Shape.of(rows, given), f"weight_hh{suffix}": Shape.of(rows, fed_back)}
        return found | ({f"bias_ih{suffix}": Shape.of(rows), f"bias_hh{suffix}": Shape.of(rows)} if bias else {})

    def size_of(self, state: str) -> Size:
        """The size of a state."""
        return self.hidden

    def batch(self, x: Shape, states: Mapping[str, Shape | None], before: tuple[Size, ...] = ()) -> Size:
        """The size of the batch, which the input and the states that are given have in common.

        `before` are the sizes that a state has before that of the batch.
        """
        batch, missing = x[0], [name for name, state in states.items() if state is None]
        if 0 < len(missing) < len(states):
            raise ShapeError(
                f"is given no initial `{missing[0]}`: it needs all of its states, or none",
                help=f"give it `(x, {', '.join(states)})`, or `x` alone, for states of zeros",
            )
        for name, state in states.items():
            if state is None:
                continue
            needed = x.with_sizes((*before, batch, self.size_of(name)))
            if state.rank != needed.rank or any(map(differs, state, needed)):
                raise ShapeError(
                    f"needs {needed} for its initial `{name}`, but is given {state}", help=_cure(needed, state)
                )
            batch = agreed(batch, state[-2]) or batch
        return batch


def _row(size: Size) -> Size:
    """How many numbers a row of a workspace takes: whole lines of the cache, and none of the numbers that make rows
    share one."""
    row = 16 * ceil_divide(size, 16)
    return row + 16 if isinstance(row, int) and row % 256 == 0 else row


def _cure(needed: Shape, state: Shape) -> str:
    """What to do about a state of another shape than is needed."""
    if state.rank != needed.rank:
        return f"its axes are `[{'layers * directions, ' if needed.rank > 2 else ''}batch, hidden]`"
    if differs(state[-1], needed[-1]):
        return "give it a state of that size, or settings that go with this one"
    if differs(state[-2], needed[-2]):
        return "give both the same batch"
    return "a state has an entry for each direction of each layer"


class Layered(Recurrent, ABC):
    """A recurrent layer, or several of them in a stack, over a whole sequence."""

    layers: Stacked = Field(1, description="layers in a stack, each over what the one below it gives")
    direction: Literal["forward", "both"] = Field(
        "forward", description="which way the sequence is gone through; `both` joins what two ways give"
    )
    dropout: Probability = Field(
        0.0, description="probability that a value is set to zero in training between layers, if there are several"
    )
    bias: Flag = Field(True, description="whether trained numbers are added to the two products of each gate")

    @property
    def ways(self) -> tuple[str, ...]:
        """What the names of weights end in, for each direction."""
        return ("", "_reverse") if self.direction == "both" else ("",)

    @property
    def seen(self) -> Size:
        """The size of what each direction gives at a position, and is fed back from there."""
        return self.size_of("h")

    def given(self, features: Size) -> Iterator[Size]:
        """The features that each layer is given."""
        for number in range(self.layers):
            yield len(self.ways) * self.seen if number else features

    def over_time(self, x: Shape, **states: Shape | None) -> tuple[Shape, ...]:
        """The shapes of what is given: of the sequence, and of each state at its end."""
        if x.rank != 3:
            raise ShapeError(f"needs 3 axes, but the input has {x.rank}", help="the axes are `[batch, time, features]`")
        if self.dropout and self.layers == 1:
            raise ShapeError(
                f"has a dropout of {self.dropout} between its layers, but only one layer",
                setting="dropout",
                help=f"use more `layers`, or `dropout({self.dropout})` as a layer of its own behind it",
            )
        count = self.layers * len(self.ways)
        batch = self.batch(x, states, (count,))
        last = (x.with_sizes((count, batch, self.size_of(name))) for name in states)
        return (x.with_sizes((batch, x[1], len(self.ways) * self.seen)), *last)

    def weights(self, x: Shape, *states: Shape) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for number, features in enumerate(self.given(x[2])):
            for way in self.ways:
                found |= self.tensors(features, self.seen, f"_l{number}{way}", bias=self.bias)
        return found

    def macs(self, x: Shape, *states: Shape) -> Size:
        (batch, time, _), *_ = self.outputs(x, *states)
        each = sum((self.cost(features, self.seen) for features in self.given(x[2])), 0)
        return batch * time * len(self.ways) * each

    def kept(self, x: Shape, *states: Shape | None) -> Kept:
        batch, time = self.outputs(x, *(state for state in states if state is not None))[0][:2]
        further: list[Shape] = []
        for number, features in enumerate(self.given(x[2])):
            sequence = Shape.of(batch, time, features)
            # What a layer is given is kept in another order, and the first one's once for each direction. Between
            # layers, dropout keeps where it let values through.
            further += [sequence] * (1 if number else self.copies) + ([sequence] if number and self.dropout else [])
            further += [each for _ in self.ways for each in self.kept_over_time(batch, time, features)]
        given = [number for number, state in enumerate(states, start=1) if state is not None]
        sizes = (
            [] if given else [Shape.of(self.layers * len(self.ways), batch, self.size_of(name)) for name in self.states]
        )
        return Kept(inputs=tuple(given), further=(*further, *sizes))

    @property
    def copies(self) -> int:
        """How many copies of its input are kept: one for each direction, unless these share it."""
        return len(self.ways)

    @abstractmethod
    def kept_over_time(self, batch: Size, time: Size, features: Size) -> Iterator[Shape]:
        """What one layer keeps of one direction, beside its input and its first states."""


@final
class Rnn(Layered):
    """A simple recurrent layer: `h[t] = tanh(x[t] W_ih^T + b_ih + h[t-1] W_hh^T + b_hh)`.

    What it gives at a position is its state there. The state before the first position is zero, or what is given beside
    the sequence: `(x, h) -> rnn(64)`. It gives the states at all positions and then, where that has a name, the state
    behind the last one: `y, h = x -> rnn(64)`.

    Shapes: `[batch, time, features] -> [batch, time, directions*hidden], [layers*directions, batch, hidden]`; an
    initial state has the shape of the last one.
    Source: Elman, "Finding structure in time", 1990; Schuster and Paliwal, "Bidirectional recurrent neural networks",
    1997, for both directions; `torch.nn.RNN` with `batch_first`.

    With `layers: n`, there are `n` of them, each over what the one below it gives. With `direction: both`, each is two
    with weights of their own, one of which goes over the sequence from its end; what they give is joined along the last
    axis. The states of all of them are below each other along the first axis, those of the two directions of a layer
    next to each other, and the state of a way back is that at the first position.

    With `activation: relu`, negative numbers become zero in the place of the `tanh`.

    The weights of the first layer are `weight_ih_l0`, `[hidden, in]`, and `weight_hh_l0`, `[hidden, hidden]`, with
    `bias_ih_l0` and `bias_hh_l0`; those of the next have `l1`, and those of the way back end in `_reverse`.

    The multiply-adds are those of the two matrices at all positions, for each layer
    `batch * time * directions * hidden * (in + hidden)`, where `in` are the features that it is given.
    """

    name = "rnn"
    gates = 1

    activation: Squashing = Field("tanh", description="function that gives the new state")

    def infer(self, x: Shape, h: Shape | None = None) -> tuple[Shape, ...]:
        return self.over_time(x, h=h)

    def kept_over_time(self, batch: Size, time: Size, features: Size) -> Iterator[Shape]:
        yield Shape.of(time, batch, self.hidden)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 5, 3]),
            Example.of(cls(hidden=4, layers=2, direction="both", activation="relu"), [2, 5, 3], [4, 2, 4]),
            Example.of(cls(hidden=4, layers=3, dropout=0.5, bias=False), [2, 5, 3]),
        )


@final
class Lstm(Layered):
    """A long short-term memory: `c[t] = f*c[t-1] + i*g` and `h[t] = o*tanh(c[t])`.

    The gates see what is given at a position, and the state before it: each is the `sigmoid`, and `g` the `tanh`, of
    `x[t] W_ih^T + b_ih + h[t-1] W_hh^T + b_hh`, with a quarter of the rows of the weights for each, in the order
    `i, f, g, o`. What it gives at a position is `h`. With `projection`, that is a product with one more matrix,
    `h[t] = (o*tanh(c[t])) W_hr^T`, which leaves fewer features to give and to feed back.

    The states before the first position are zero, or what is given beside the sequence: `(x, h, c) -> lstm(64)`. It
    gives `h` at all positions and then, where they have names, both states behind the last one:
    `y, h, c = x -> lstm(64)`.

    Shapes: `[batch, time, features] -> [batch, time, directions*hidden], [layers*directions, batch, hidden],
    [layers*directions, batch, hidden]`, with `projection` in the place of `hidden` in the first two; initial states
    have the shapes of the last ones.
    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to
    forget: continual prediction with LSTM", 2000, for `f`; Sak, Senior and Beaufays, "Long short-term memory recurrent
    neural network architectures for large scale acoustic modeling", 2014, for the projection; `torch.nn.LSTM` with
    `batch_first`.

    With `layers: n`, there are `n` of them, each over what the one below it gives. With `direction: both`, each is two
    with weights of their own, one of which goes over the sequence from its end; what they give is joined along the last
    axis. The states of all of them are below each other along the first axis, those of the two directions of a layer
    next to each other, and the states of a way back are those at the first position.

    The weights of the first layer are `weight_ih_l0`, `[4*hidden, in]`, and `weight_hh_l0`, `[4*hidden, hidden]`, with
    `bias_ih_l0` and `bias_hh_l0`, and `weight_hr_l0`, `[projection, hidden]`; those of the next have `l1`, and those of
    the way back end in `_reverse`. With a projection, `weight_hh_l0` is `[4*hidden, projection]`.

    The multiply-adds are those of the matrices at all positions, for each layer
    `batch * time * directions * 4 * hidden * (in + hidden)`, where `in` are the features that it is given. With a
    projection they are `batch * time * directions * hidden * (4*(in + projection) + projection)`.
    """

    name = "lstm"
    gates = 4
    states = ("h", "c")

    projection: OptionalCount = Field(
        None, description="features that are given and fed back, fewer than `hidden`; by default there is no projection"
    )

    def size_of(self, state: str) -> Size:
        return self.hidden if state == "c" or self.projection is None else self.projection

    def infer(self, x: Shape, h: Shape | None = None, c: Shape | None = None) -> tuple[Shape, ...]:
        if self.projection is not None and below(self.hidden, self.projection + 1):
            raise ShapeError(
                f"has a projection of {self.projection}, which is no smaller than its hidden size of {self.hidden}",
                setting="projection",
                help="use a smaller one, or leave it out",
            )
        return self.over_time(x, h=h, c=c)

    def tensors(self, given: Size, fed_back: Size, suffix: str, *, bias: bool) -> dict[str, Shape]:
        found = super().tensors(given, fed_back, suffix, bias=bias)
        if self.projection is not None:
            found[f"weight_hr{suffix}"] = Shape.of(self.projection, self.hidden)
        return found

    def cost(self, given: Size, fed_back: Size) -> Size:
        projected = 0 if self.projection is None else self.hidden * self.projection
        return super().cost(given, fed_back) + projected

    def kept(self, x: Shape, *states: Shape | None) -> Kept:
        found = super().kept(x, *states)
        if self.projection is not None:
            return found
        # What each layer gives is kept, too. The last is the output, unless two directions are joined to that.
        batch, time = self.outputs(x, *(state for state in states if state is not None))[0][:2]
        ways = len(self.ways)
        others = self.layers * ways - (ways == 1)
        further = (*found.further, *others * (Shape.of(batch, time, self.hidden),))
        return replace(found, outputs=(0,) if ways == 1 else (), further=further)

    @property
    def copies(self) -> int:
        return 1 if self.projection is None else len(self.ways)

    def kept_over_time(self, batch: Size, time: Size, features: Size) -> Iterator[Shape]:
        if self.projection is not None:
            yield Shape.of(7 * time - 1, batch, self.hidden)
            yield Shape.of(time - 1, batch, self.projection)
            return
        yield Shape.of(2, batch, self.hidden)
        # The workspace of oneDNN, which is there for forward and backward pass together: the gates and the states at
        # all positions, in rows that end with a line of the cache.
        yield Shape.of(time, batch, _row(4 * self.hidden) + _row(self.hidden))
        wider = features if below(self.hidden, features) else self.hidden
        yield Shape.of(time + 1, batch, 4 * _row(self.hidden) + 6 * _row(wider))
        if not self.bias:
            yield Shape.of(4 * self.hidden, features)
            yield Shape.of(4 * self.hidden, self.hidden)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 5, 3]),
            Example.of(cls(hidden=4, layers=2, direction="both", dropout=0.5), [2, 5, 3]),
            Example.of(cls(hidden=4, layers=3, bias=False), [2, 5, 3], [3, 2, 4], [3, 2, 4]),
            Example.of(cls(hidden=4, layers=2, direction="both", projection=3), [2, 5, 6], [4, 2, 3], [4, 2, 4]),
        )


@final
class Gru(Layered):
    """A gated recurrent unit: `h[t] = (1 - z)*n + z*h[t-1]`.

    The gates `r` and `z` see what is given at a position, and the state before it: each is the `sigmoid` of
    `x[t] W_ih^T + b_ih + h[t-1] W_hh^T + b_hh`, with a third of the rows of the weights for each, in the order
    `r, z, n`. For the candidate, `r` decides how much of the state before it counts:

        n = tanh(x[t] W_in^T + b_in + r*(h[t-1] W_hn^T + b_hn))

    What it gives at a position is its state there. The state before the first position is zero, or what is given beside
    the sequence: `(x, h) -> gru(64)`. It gives the states at all positions and then, where that has a name, the state
    behind the last one: `y, h = x -> gru(64)`.

    Shapes: `[batch, time, features] -> [batch, time, directions*hidden], [layers*directions, batch, hidden]`; an
    initial state has the shape of the last one.
    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    2014; `torch.nn.GRU` with `batch_first`. In the paper, `r` is applied before the product with the matrix; here it is
    applied behind it, as in cuDNN, which needs one large product only.

    With `layers: n`, there are `n` of them, each over what the one below it gives. With `direction: both`, each is two
    with weights of their own, one of which goes over the sequence from its end; what they give is joined along the last
    axis. The states of all of them are below each other along the first axis, those of the two directions of a layer
    next to each other, and the state of a way back is that at the first position.

    The weights of the first layer are `weight_ih_l0`, `[3*hidden, in]`, and `weight_hh_l0`, `[3*hidden, hidden]`, with
    `bias_ih_l0` and `bias_hh_l0`; those of the next have `l1`, and those of the way back end in `_reverse`.

    The multiply-adds are those of the two matrices at all positions, for each layer
    `batch * time * directions * 3 * hidden * (in + hidden)`, where `in` are the features that it is given.
    """

    name = "gru"
    gates = 3

    def infer(self, x: Shape, h: Shape | None = None) -> tuple[Shape, ...]:
        return self.over_time(x, h=h)

    def kept_over_time(self, batch: Size, time: Size, features: Size) -> Iterator[Shape]:
        yield Shape.of(time, batch, 3 * self.hidden)
        yield Shape.of(4 * time - 1, batch, self.hidden)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(hidden=4), [2, 5, 3]),
            Example.of(cls(hidden=4, layers=2, direction="both", dropout=0.5), [2, 5, 3], [4, 2, 4]),
            Example.of(cls(hidden=4, layers=3, bias=False), [2, 5, 3]),
        )
