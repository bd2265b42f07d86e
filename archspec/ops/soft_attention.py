"""Attention of a single head: soft, hard, and as a pointer to positions."""

from __future__ import annotations

from abc import ABC
from math import prod
from typing import Literal, final

from msgspec.structs import replace
from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed
from archspec.setting import Count, Flag, OptionalCount
from archspec.shape import Element, Shape
from archspec.size import Size

_AXES_OF_QUERY = "the axes are `[batch, features]` for one query, or `[batch, queries, features]`"


class ScoredAttention(Op, ABC):
    """Attention that scores how well each query fits each key, with or without trained weights of its own."""

    family = Family.ATTENTION
    accepts = frozenset({Element.FLOAT, Element.BOOL})
    leaves_outputs = True

    score: Literal["scaled_dot", "dot", "additive", "bilinear"] = Field(
        "scaled_dot", description="how well a query fits a key"
    )
    hidden: OptionalCount = Field(None, description="width of the layer that compares the two in an additive score")

    def infer(
        self, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None
    ) -> tuple[Shape, Shape]:
        if self.score == "additive":
            self.hidden_width()
        elif self.hidden is not None:
            raise ShapeError(
                f"has a `hidden` width of {self.hidden}, but its score is `{self.score}`, which has no hidden layer",
                setting="hidden",
                help="leave it out, or use `score=additive`",
            )
        value, mask = told_apart(value, mask)
        weights = _fitted(query, key, value, mask)
        if self.score in ("dot", "scaled_dot"):
            _common_width(query, key)
        width = (key if value is None else value)[-1]
        return weights.with_axis(-1, width), weights

    def weights(
        self, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None
    ) -> dict[str, Shape]:
        if self.score == "additive":
            return _additive_weights(self.hidden_width(), query, key)
        return {"query.weight": Shape.of(key[-1], query[-1])} if self.score == "bilinear" else {}

    def macs(self, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None) -> Size:
        context, weights = self.infer(query, key, value, mask)
        summed = weights.elements * context[-1]
        if self.score == "additive":
            return summed + _additive_macs(self.hidden_width(), query, key, weights)
        if self.score == "bilinear":
            return summed + weights[0] * prod(query[1:]) * key[-1] + weights.elements * key[-1]
        return summed + weights.elements * _common_width(query, key)

    def hidden_width(self) -> Size:
        """The width of the layer of an additive score; raises `ShapeError` where it is not said."""
        if self.hidden is None:
            raise ShapeError(
                "compares queries and keys in a layer whose width is not said",
                setting="hidden",
                help="say how wide it is, as in `score=additive, hidden=64`",
            )
        return self.hidden

    def kept(self, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None) -> Kept:
        value, mask = told_apart(value, mask)
        _, weights = self.infer(query, key, value, mask)
        further = list(_kept_of_mask(mask, weights))
        if self.score == "additive":
            further.append(weights.with_sizes((*weights, self.hidden_width())))
        elif self.score != "dot":
            further.append(query.with_axis(-1, key[-1]))
        asked = () if self.score == "scaled_dot" else (0,)
        return Kept(inputs=(*asked, 1) if value is None else (*asked, 1, 2), outputs=(1,), further=tuple(further))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        seen = Shape.of(2, 7, element=Element.BOOL)
        seen_by_each = Shape.of(2, 5, 7, element=Element.BOOL)
        return (
            Example.of(cls(), [2, 8], [2, 7, 8]),
            Example.of(cls(score="dot"), [2, 5, 8], [2, 7, 8], [2, 7, 6]),
            Example.of(cls(score="additive", hidden=4), [2, 8], [2, 7, 6]),
            Example.of(cls(score="additive", hidden=4), [2, 5, 8], [2, 7, 6], [2, 7, 3]),
            Example.of(cls(score="bilinear"), [2, 5, 8], [2, 7, 6]),
            Example(cls(score="bilinear"), (Shape.of(2, 8), Shape.of(2, 7, 6), seen)),
            Example(cls(), (Shape.of(2, 5, 8), Shape.of(2, 7, 8), Shape.of(2, 7, 3), seen)),
            Example(cls(score="additive", hidden=1), (Shape.of(2, 5, 8), Shape.of(2, 7, 6), seen_by_each)),
        )


@final
class SoftAttention(ScoredAttention):
    """Attention of a single head: `y = sum over t of a[t]*value[t]` with `a = softmax over t of score(query, key[t])`.

    A query is compared with the key of each position; the better the two fit, the more is taken of the value that
    stands there. The second output, which need not be named, is the weights `a`, which add up to 1.

    With two inputs, the keys are the values too; with three, as in `(query, key, value) -> soft_attention`, values have
    a width of their own. There may be one query for each example or many. A mask is the last input, after the values
    where these are given: flags that say which positions may be seen, by all queries of an example or by each. A query
    that may see nothing has weights of zero, and finds zeros.

    Shapes: `[batch, features], [batch, positions, features'], [batch, positions, width] -> [batch, width]` and
    `[batch, positions]`; with many queries, `[batch, queries, features], ... -> [batch, queries, width]` and
    `[batch, queries, positions]`; a mask is `[batch, positions] bool` or `[batch, queries, positions] bool`.
    Source: Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align and translate", 2015;
    Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation", 2015; Vaswani et al.,
    "Attention is all you need", 2017.

    The scores of a query `q` and a key `k` are

    - `scaled_dot`: `q . k / sqrt(features)`, without weights, for queries and keys of equal width;
    - `dot`: `q . k`, the same without the root, as in Luong et al.;
    - `additive`: `v . tanh(W q + U k)`, as in Bahdanau et al., where `hidden` is the length of `v`; the weights are
      `query.weight` for `W`, `key.weight` for `U` and `score.weight` for `v`;
    - `bilinear`: `(W q) . k`, called general by Luong et al., where `W` is `query.weight`; the widths may differ.

    The weights start as those of `torch.nn.Linear`. The multiply-adds are those of the projections, of the scores, and
    of the sum of the values.
    """

    name = "soft_attention"


@final
class HardAttention(ScoredAttention):
    """Attention that takes the value of one position alone: `y = value[t]`, where `t` is drawn with `a[t]`.

    As in `soft_attention`, `a` is the softmax of the scores of a query and all keys; inputs, masks and scores are those
    of `soft_attention`, too. In training the position is drawn, each with its probability in `a`; in evaluation it is
    the one with the highest score. The second output, which need not be named, has a 1 at that position and zeros
    elsewhere. A query that may see nothing chooses none, and finds zeros.

    A choice has no gradient. What flows back is passed straight through instead: the gradient with respect to the
    second output is taken for that with respect to `a`, in training and in evaluation. The paper also gives a gradient
    without that bias, of higher variance, for which the loss must be known.

    Shapes: `[batch, features], [batch, positions, features'], [batch, positions, width] -> [batch, width]` and
    `[batch, positions]`; with many queries, `[batch, queries, features], ... -> [batch, queries, width]` and
    `[batch, queries, positions]`; a mask is `[batch, positions] bool` or `[batch, queries, positions] bool`.
    Source: Xu et al., "Show, attend and tell: neural image caption generation with visual attention", 2015; Bengio,
    Léonard and Courville, "Estimating or propagating gradients through stochastic neurons for conditional computation",
    2013, for what flows back.

    The scores are `scaled_dot`: `q . k / sqrt(features)`; `dot`: `q . k`; `additive`: `v . tanh(W q + U k)`, where
    `hidden` is the length of `v`; and `bilinear`: `(W q) . k`. The multiply-adds are those of `soft_attention`, as the
    values are summed with a weight of 1 and zeros.
    """

    name = "hard_attention"

    def kept(self, query: Shape, key: Shape, value: Shape | None = None, mask: Shape | None = None) -> Kept:
        found = super().kept(query, key, value, mask)
        value, mask = told_apart(value, mask)
        _, weights = self.infer(query, key, value, mask)
        # What is drawn with, and the softmax, which is no output here.
        return replace(found, further=(*found.further, *(1 if mask else 2) * (weights,)))


@final
class Pointer(Op):
    """A distribution over the positions of an input: `p = softmax over t of v . tanh(W query + U key[t])`.

    Where other attention takes a mean of what it finds, this says where it looks: the state of a decoder as query
    chooses among the states of an encoder as keys. So the number of choices is that of the positions.

    A mask is the last input: flags that say which positions may be chosen, by all queries of an example or by each. All
    others have a probability of zero; so have all where nothing may be chosen.

    Shapes: `[batch, features], [batch, positions, features'] -> [batch, positions]`; with many queries,
    `[batch, queries, features], [batch, positions, features'] -> [batch, queries, positions]`; a mask is
    `[batch, positions] bool` or `[batch, queries, positions] bool`.
    Source: Vinyals, Fortunato and Jaitly, "Pointer networks", 2015; `W` is `query.weight`, `U` is `key.weight` and `v`
    is `score.weight`, each of which starts as in `torch.nn.Linear`.

    With `log: true` it gives the logarithms of the probabilities, which is better to train with; they serve as logits,
    too. That of a position that may not be chosen is minus infinity.
    """

    name = "pointer"
    family = Family.ATTENTION
    accepts = frozenset({Element.FLOAT, Element.BOOL})

    hidden: Count = Field(description="width of the layer in which a query is compared with the keys")
    log: Flag = Field(False, description="whether logarithms of the probabilities are given")

    def infer(self, query: Shape, key: Shape, mask: Shape | None = None) -> Shape:
        return _fitted(query, key, None, mask)

    def weights(self, query: Shape, key: Shape, mask: Shape | None = None) -> dict[str, Shape]:
        return _additive_weights(self.hidden, query, key)

    def macs(self, query: Shape, key: Shape, mask: Shape | None = None) -> Size:
        return _additive_macs(self.hidden, query, key, self.infer(query, key, mask))

    def kept(self, query: Shape, key: Shape, mask: Shape | None = None) -> Kept:
        weights = self.infer(query, key, mask)
        hidden = weights.with_sizes((*weights, self.hidden))
        further = (hidden, *_kept_of_mask(mask, weights))
        return Kept(inputs=(0, 1), outputs=(0,) if mask is None else (), further=further)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        seen = Shape.of(2, 7, element=Element.BOOL)
        seen_by_each = Shape.of(2, 5, 7, element=Element.BOOL)
        return (
            Example.of(cls(hidden=4), [2, 8], [2, 7, 6]),
            Example.of(cls(hidden=4, log=True), [2, 5, 8], [2, 7, 6]),
            Example(cls(hidden=4), (Shape.of(2, 5, 8), Shape.of(2, 7, 6), seen)),
            Example(cls(hidden=1, log=True), (Shape.of(2, 5, 8), Shape.of(2, 7, 6), seen_by_each)),
        )


def _kept_of_mask(mask: Shape | None, weights: Shape) -> tuple[Shape, ...]:
    """Its opposite, twice, and the softmax before what is not seen is taken out."""
    return () if mask is None else (mask, mask, weights)


def told_apart(value: Shape | None, mask: Shape | None) -> tuple[Shape | None, Shape | None]:
    """The values and the mask, of which the mask stands in the place of the values where these are left out."""
    if value is not None and value.element is Element.BOOL:
        if mask is not None:
            raise ShapeError("needs numbers for its value, but is given flags", help="the mask is the last input")
        return None, value
    return value, mask


def _fitted(query: Shape, key: Shape, value: Shape | None, mask: Shape | None) -> Shape:
    """The shape of the weights of all positions, for inputs that fit one another; raises `ShapeError` for others."""
    numbers = {"query": query, "key": key} | ({} if value is None else {"value": value})
    for name, x in numbers.items():
        if x.element is Element.BOOL:
            raise ShapeError(f"needs numbers for its {name}, but is given flags", help="the mask is the last input")
    if query.rank not in (2, 3):
        raise ShapeError(f"needs 2 or 3 axes, but its query has {query.rank}", help=_AXES_OF_QUERY)
    for name, x in numbers.items():
        if name != "query" and x.rank != 3:
            raise ShapeError(
                f"needs 3 axes, but its {name} has {x.rank}",
                help="the axes are `[batch, positions, features]`"
                + ("; a mask is an input of flags, such as `input seen: [B, T] bool`" if name == "value" else ""),
            )
    batch, positions = query[0], key[1]
    for name, x in numbers.items():
        batch = _same_batch(batch, name, x)
    if value is not None:
        positions = _same_positions(positions, "value", value[1])
    weights = query.with_axis(0, batch).with_axis(-1, positions)
    return weights if mask is None else _masked(weights, mask)


def _masked(weights: Shape, mask: Shape) -> Shape:
    """The shape of the weights, of which a mask may tell more."""
    if mask.element is not Element.BOOL:
        raise ShapeError(
            f"needs flags for its mask, but is given numbers of shape {mask}",
            help="a mask is an input such as `input seen: [B, T] bool`",
        )
    if mask.rank not in {2, weights.rank}:
        choices = "2 axes" if weights.rank == 2 else "2 or 3 axes"
        raise ShapeError(
            f"needs {choices} in its mask, but that has {mask.rank}",
            help="the axes are `[batch, positions]`"
            + ("" if weights.rank == 2 else ", or `[batch, queries, positions]` where it differs among queries"),
        )
    batch = _same_batch(weights[0], "mask", mask)
    weights = weights.with_axis(0, batch).with_axis(-1, _same_positions(weights[-1], "flag", mask[-1]))
    if mask.rank == 3:
        if (queries := agreed(weights[1], mask[1])) is None:
            raise ShapeError(
                f"needs a row of the mask for each query, but has {weights[1]} queries and {mask[1]} rows",
                help="a mask for all queries alike is `[batch, positions]`",
            )
        weights = weights.with_axis(1, queries)
    return weights


def _same_batch(batch: Size, name: str, x: Shape) -> Size:
    if (found := agreed(batch, x[0])) is None:
        raise ShapeError(f"needs equal batches, but its query has {batch} and its {name} {x[0]}")
    return found


def _same_positions(positions: Size, what: str, given: Size) -> Size:
    if (found := agreed(positions, given)) is None:
        raise ShapeError(f"needs a {what} for each key, but has {positions} keys and {given} {what}s")
    return found


def _common_width(query: Shape, key: Shape) -> Size:
    if (found := agreed(query[-1], key[-1])) is None:
        raise ShapeError(
            f"multiplies each query with each key, but a query has {query[-1]} features and a key {key[-1]}",
            setting="score",
            help="make them equally wide, or use `bilinear`, which has a trained matrix between the two",
        )
    return found


def _additive_weights(hidden: Size, query: Shape, key: Shape) -> dict[str, Shape]:
    """The weights of an additive score."""
    return {
        "query.weight": Shape.of(hidden, query[-1]),
        "key.weight": Shape.of(hidden, key[-1]),
        "score.weight": Shape.of(1, hidden),
    }


def _additive_macs(hidden: Size, query: Shape, key: Shape, weights: Shape) -> Size:
    """The multiply-adds of additive scores: of both projections, and of the product with the hidden layer."""
    return weights[0] * hidden * sum(prod(each[1:]) for each in (query, key, weights))
