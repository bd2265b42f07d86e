"""Embeddings of words and of positions."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Count, PositiveNumber
from archspec.shape import Element, Shape
from archspec.size import below, differs


@final
class Embedding(Op):
    """A table of trained vectors: each number of the input is replaced by the row that it counts to, from 0.

    Shapes: `[...] int -> [..., features]`.
    Source: Bengio et al., "A neural probabilistic language model", 2003; `torch.nn.Embedding`.
    """

    name = "embedding"
    family = Family.EMBEDDING
    accepts = frozenset({Element.INT})

    entries: Count = Field(description="rows of the table; the numbers of the input are below it")
    features: Count = Field(description="size of each row, and of the last axis of the output")

    def infer(self, x: Shape) -> Shape:
        return Shape((*x, self.features))

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.entries, self.features)}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(entries=100, features=8), [2, 5], element=Element.INT),
            Example.of(cls(entries=10, features=1), [2], element=Element.INT),
        )


@final
class LearnedPositions(Op):
    """Adds to each position of a sequence a trained vector of its own: `y[t] = x[t] + weight[t]`.

    The vectors are drawn with a standard deviation of 0.02, as in BERT and GPT-2. A sequence may be shorter than
    `length`, but not longer.

    Shapes: `[batch, time, features] -> [batch, time, features]`.
    Source: Gehring et al., "Convolutional sequence to sequence learning", 2017.
    """

    name = "learned_positions"
    family = Family.EMBEDDING

    length: Count = Field(description="positions that have a vector, which is the length of the longest sequence")

    def infer(self, x: Shape) -> Shape:
        _check_sequence(x)
        if below(self.length, x[1]):
            raise ShapeError(
                f"has vectors for {self.length} positions, but the input has {x[1]}"
                if self.length != 1
                else f"has a vector for 1 position, but the input has {x[1]}",
                setting="length",
                help=f"use a `length` of at least {x[1]}",
            )
        return x

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.length, x[2])}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(length=16), [2, 16, 8]), Example.of(cls(length=16), [2, 5, 7]))


@final
class SinusoidalPositions(Op):
    """Adds to each position of a sequence sines and cosines of its number, of wavelengths from 2 pi to 2 pi * base.

    To feature `2*i` of position `t`, counted from 0, `sin(t / base^(2*i/features))` is added, and to feature `2*i + 1`
    the cosine of the same. Nothing is trained, and a sequence may have any length.

    Shapes: `[batch, time, features] -> [batch, time, features]`, with an even number of features.
    Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
    """

    name = "sinusoidal_positions"
    family = Family.EMBEDDING

    base: PositiveNumber = Field(10_000.0, description="what the wavelengths grow to, in multiples of 2 pi")

    def infer(self, x: Shape) -> Shape:
        _check_sequence(x)
        if differs(x[2] % 2, 0):
            raise ShapeError(
                f"needs an even number of features, one for each sine and cosine, but the input has {x[2]}",
                help="give the layer before it an even number of features",
            )
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 5, 8]), Example.of(cls(base=500.0), [1, 3, 2]))


def _check_sequence(x: Shape) -> None:
    if x.rank != 3:
        raise ShapeError(f"needs 3 axes, but the input has {x.rank}", help="the axes are `[batch, time, features]`")
