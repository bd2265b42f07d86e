"""What a sequence, or the scores of attention over it, are told of positions."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Count, Flag, Positive, PositiveNumber
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere, pointwise
from archspec.size import below, differs


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

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.length, x[2])}

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(length=16), [2, 16, 8]), Example.of(cls(length=16), [2, 5, 7]))


@final
class SinusoidalPositions(Op):
    """Adds to each position of a sequence sines and cosines of its number, of wavelengths from `2*pi` to `2*pi*base`.

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
        _check_even(x, "one for each sine and cosine")
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 5, 8]), Example.of(cls(base=500.0), [1, 3, 2]))


@final
class RotaryPositions(Op):
    """Turns each pair of neighbouring features of a sequence by an angle that grows with its position.

    Features `2*i` and `2*i + 1` of position `t`, counted from 0, are turned as a vector of the plane by the angle
    `a = t / base^(2*i/features)`:

        y[2*i] = x[2*i] * cos(a) - x[2*i + 1] * sin(a)
        y[2*i + 1] = x[2*i] * sin(a) + x[2*i + 1] * cos(a)

    The product of a query and a key that are turned so depends on their positions through the distance alone. Nothing
    is trained, and a sequence may have any length.

    Shapes: `[batch, time, features] -> [batch, time, features]`, or, in heads,
    `[batch, heads, time, features] -> [batch, heads, time, features]`, with an even number of features.
    Source: Su et al., "RoFormer: enhanced Transformer with rotary position embedding", 2021.

    Some models, such as LLaMA in the form in which it is most often shared, pair feature `i` with feature
    `i + features/2`. That is the same network with the features, and with them the rows of the projection before this
    op, in another order.
    """

    name = "rotary_positions"
    family = Family.EMBEDDING

    base: PositiveNumber = Field(10_000.0, description="what the wavelengths grow to, in multiples of 2 pi")

    def infer(self, x: Shape) -> Shape:
        if x.rank not in (3, 4):
            raise ShapeError(
                f"needs 3 or 4 axes, but the input has {x.rank}",
                help="the axes are `[batch, time, features]` or `[batch, heads, time, features]`",
            )
        _check_even(x, "two for each pair")
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, x.rank - 1),)

    def kept(self, x: Shape) -> Kept:
        return Kept(further=2 * (x.with_sizes(x[-2:]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 8]),
            Example.of(cls(base=500.0), [2, 4, 5, 6]),
            Example.of(cls(), [1, 1, 1, 2]),
        )


@final
class AlibiPositions(Op):
    """Lowers the scores of attention by the distance of query `t` and key `s`: `y = x - slope*|t - s|` in each head.

    Each head has a slope of its own. Of `n` heads, a power of two, head `h`, counted from 1, has `2^(-8*h/n)`. Where
    `n` is no power of two, the first heads have the slopes of the next lower one, `p`, and the others every second
    slope of `2*p` heads, from the first on. Nothing is trained, and a sequence may have any length.

    The scores are those before the softmax. `attention(..., positions=alibi)` has all of it in one.

    Shapes: `[batch, heads, queries, keys] -> [batch, heads, queries, keys]`.
    Source: Press et al., "Train short, test long: attention with linear biases enables input length extrapolation",
    2022. There a query sees no later position; where it does, the distance counts alike in both directions.
    """

    name = "alibi_positions"
    family = Family.EMBEDDING

    def infer(self, x: Shape) -> Shape:
        _check_scores(x)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 4, 5, 5]), Example.of(cls(), [1, 3, 2, 7]))


@final
class RelativePositions(Op):
    """Adds a trained number for each distance to the scores of attention: `y[t, s] = x[t, s] + bias[t - s]` in a head.

    Distances of more than `max_distance` count as that, in both directions. With `causal: true`, later keys, which are
    not seen, count as a distance of 0, and there are no numbers for them.

    The weight `bias` has a row for each head, and in it a number for each distance `t - s` of the key before the query,
    from `-max_distance`, or from 0 where it is causal, to `max_distance`. All start at zero.

    The scores are those before the softmax. `attention(..., positions=relative)` has all of it in one.

    Shapes: `[batch, heads, queries, keys] -> [batch, heads, queries, keys]`.
    Source: the distances, and that far ones count alike, are those of Shaw et al., "Self-attention with relative
    position representations", 2018; that each is one number, added to the score, is as in Raffel et al., "Exploring the
    limits of transfer learning with a unified text-to-text Transformer", 2020, which has fewer of them, however, as
    far distances share theirs with their neighbours.
    """

    name = "relative_positions"
    family = Family.EMBEDDING

    max_distance: Positive = Field(128, description="largest distance that is told from those above it, in positions")
    causal: Flag = Field(False, description="whether later keys are not seen, and have no numbers")

    def infer(self, x: Shape) -> Shape:
        _check_scores(x)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"bias": Shape.of(x[1], self.max_distance + 1 if self.causal else 2 * self.max_distance + 1)}

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(Shape(x[-2:], Element.INT),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 4, 5, 5]),
            Example.of(cls(max_distance=3), [1, 3, 2, 7]),
            Example.of(cls(max_distance=2, causal=True), [2, 3, 5, 5]),
        )


def _check_sequence(x: Shape) -> None:
    if x.rank != 3:
        raise ShapeError(f"needs 3 axes, but the input has {x.rank}", help="the axes are `[batch, time, features]`")


def _check_even(x: Shape, why: str) -> None:
    if differs(x[-1] % 2, 0):
        raise ShapeError(
            f"needs an even number of features, {why}, but the input has {x[-1]}",
            help="give the layer before it an even number of features",
        )


def _check_scores(x: Shape) -> None:
    if x.rank != 4:
        raise ShapeError(
            f"needs 4 axes, but the input has {x.rank}",
            help="it is for the scores of attention, whose axes are `[batch, heads, queries, keys]`",
        )
