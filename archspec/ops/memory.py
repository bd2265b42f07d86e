"""A memory with slots that are addressed, read and written by weights."""

from __future__ import annotations

from typing import Literal, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed
from archspec.shape import Shape
from archspec.size import Size


@final
class Address(Op):
    """Weights for the slots of a memory, by what is in them: `w = softmax over slots of strength * score(key, slot)`.

    Inputs are the memory, a key for each head, and, where it is given, the strength of each head: the larger it is, the
    more of the weight goes to the slot that fits best. Without it, the strength is 1. Nothing is trained.

    Shapes: `[batch, slots, width], [batch, width], [batch, 1] -> [batch, slots]`; with several heads,
    `[batch, slots, width], [batch, heads, width], [batch, heads] -> [batch, heads, slots]`.
    Source: Graves, Wayne and Danihelka, "Neural Turing machines", 2014, section 3.3.1, for the cosine; Sukhbaatar et
    al., "End-to-end memory networks", 2015, for the dot product.

    The score is `cosine`, the cosine of the angle between key and slot, or `dot`, their product. For the cosine, what
    is shorter than 1e-6 counts as that long, so that an empty memory is addressed evenly.
    """

    name = "address"
    family = Family.MEMORY

    score: Literal["cosine", "dot"] = Field("cosine", description="how well a key fits a slot")

    def infer(self, memory: Shape, key: Shape, strength: Shape | None = None) -> Shape:
        _check_memory(memory)
        _check_heads("key", key, "width")
        batch = _same("batches", "memory", memory[0], "key", key[0])
        _same("widths", "memory", memory[2], "key", key[-1])
        if strength is not None:
            if strength.rank != 2:
                raise ShapeError(
                    f"needs 2 axes, but its strength has {strength.rank}",
                    help="the axes are `[batch, heads]`, or `[batch, 1]` for one head",
                )
            batch = _same("batches", "memory", batch, "strength", strength[0])
            heads = _same("heads", "key", 1 if key.rank == 2 else key[1], "strength", strength[1])
            key = key if key.rank == 2 else key.with_axis(1, heads)
        return key.with_axis(0, batch).with_axis(-1, memory[1])

    def macs(self, memory: Shape, key: Shape, strength: Shape | None = None) -> Size:
        return self.infer(memory, key, strength).elements * _same("widths", "memory", memory[2], "key", key[-1])

    def kept(self, memory: Shape, key: Shape, strength: Shape | None = None) -> Kept:
        weights = self.infer(memory, key, strength)
        slots, heads = memory.with_sizes(memory[:2]), key.with_sizes(key[:-1])
        directions = () if self.score == "dot" else (slots, slots, heads, heads, memory, key)
        if strength is None:
            return Kept(inputs=(0, 1), outputs=(0,), further=directions)
        return Kept(inputs=(0, 1, 2), outputs=(0,), further=(*directions, weights))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 7, 5], [2, 5]),
            Example.of(cls(), [2, 7, 5], [2, 5], [2, 1]),
            Example.of(cls(score="dot"), [2, 7, 5], [2, 5]),
            Example.of(cls(score="dot"), [2, 7, 5], [2, 3, 5], [2, 3]),
            Example.of(cls(), [2, 7, 5], [2, 3, 5], [2, 3]),
        )


@final
class Read(Op):
    """What stands in a memory where weights point: `r = sum over slots of w[slot] * memory[slot]`.

    Inputs are the memory and the weights of its slots, as `address` gives them. Each head reads for itself.

    Shapes: `[batch, slots, width], [batch, slots] -> [batch, width]`; with several heads,
    `[batch, slots, width], [batch, heads, slots] -> [batch, heads, width]`.
    Source: Graves, Wayne and Danihelka, "Neural Turing machines", 2014, section 3.1.
    """

    name = "read"
    family = Family.MEMORY

    def infer(self, memory: Shape, weights: Shape) -> Shape:
        _check_memory(memory)
        _check_heads("weights", weights, "slots")
        batch = _same("batches", "memory", memory[0], "weights", weights[0])
        _same("slots", "memory", memory[1], "weights", weights[-1])
        return weights.with_axis(0, batch).with_axis(-1, memory[2])

    def macs(self, memory: Shape, weights: Shape) -> Size:
        return self.infer(memory, weights).elements * _same("slots", "memory", memory[1], "weights", weights[-1])

    def kept(self, memory: Shape, weights: Shape) -> Kept:
        return Kept(factors=((0, 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 7, 5], [2, 7]), Example.of(cls(), [2, 7, 5], [2, 3, 7]))


@final
class Write(Op):
    """A memory after erasing and adding: `y[slot] = memory[slot] * (1 - w[slot]*erase) + w[slot]*add`.

    Inputs are the memory, the weights `w` of its slots as `address` gives them, and for each feature the share that is
    erased, from 0 to 1, and what is added. What comes out is the memory afterwards; as the state of a `cell` it is kept
    from one position of a sequence to the next.

    Shapes: `[batch, slots, width], [batch, slots], [batch, width], [batch, width] -> [batch, slots, width]`; with
    several heads, `[batch, slots, width], [batch, heads, slots], [batch, heads, width], [batch, heads, width] ->
    [batch, slots, width]`.
    Source: Graves, Wayne and Danihelka, "Neural Turing machines", 2014, section 3.2.

    With several heads, all of them erase before any of them adds, so that their order does not matter. The
    multiply-adds are those of what is added, a matrix product over the heads.
    """

    name = "write"
    family = Family.MEMORY

    def infer(self, memory: Shape, weights: Shape, erase: Shape, add: Shape) -> Shape:
        _check_memory(memory)
        _check_heads("weights", weights, "slots")
        batch = _same("batches", "memory", memory[0], "weights", weights[0])
        slots = _same("slots", "memory", memory[1], "weights", weights[-1])
        width, heads = memory[2], weights[1]
        for name, x in (("erase", erase), ("add", add)):
            if x.rank != weights.rank:
                raise ShapeError(
                    f"needs equally many axes for its weights and for `{name}`, but has {weights.rank} and {x.rank}",
                    help="the axes are `[batch, width]` for one head, or `[batch, heads, width]`",
                )
            batch = _same("batches", "memory", batch, name, x[0])
            width = _same("widths", "memory", width, name, x[-1])
            if x.rank == 3:
                heads = _same("heads", "weights", heads, name, x[1])
        return memory.with_sizes((batch, slots, width))

    def macs(self, memory: Shape, weights: Shape, erase: Shape, add: Shape) -> Size:
        written = self.infer(memory, weights, erase, add).elements
        if weights.rank == 2:
            return written
        heads = _same("heads", "weights", weights[1], "erase", erase[1])
        return written * _same("heads", "weights", heads, "add", add[1])

    def kept(self, memory: Shape, weights: Shape, erase: Shape, add: Shape) -> Kept:
        # What each head leaves of each number of the memory, and what all of them leave.
        heads = weights[1:-1]
        return Kept(inputs=(0, 1, 2, 3), further=(memory.with_sizes((memory[0], *heads, *memory[1:])), memory))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 7, 5], [2, 7], [2, 5], [2, 5]),
            Example.of(cls(), [2, 7, 5], [2, 3, 7], [2, 3, 5], [2, 3, 5]),
        )


def _check_memory(memory: Shape) -> None:
    if memory.rank != 3:
        raise ShapeError(f"needs 3 axes, but its memory has {memory.rank}", help="the axes are `[batch, slots, width]`")


def _check_heads(name: str, x: Shape, last: str) -> None:
    if x.rank not in (2, 3):
        raise ShapeError(
            f"needs 2 or 3 axes, but its {name} has {x.rank}",
            help=f"the axes are `[batch, {last}]` for one head, or `[batch, heads, {last}]`",
        )


def _same(what: str, name: str, size: Size, other: str, given: Size) -> Size:
    if (found := agreed(size, given)) is None:
        raise ShapeError(f"needs equal {what}, but has {size} for its {name} and {given} for its {other}")
    return found
