"""Attention."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed
from archspec.setting import Flag, OptionalCount, Positive, Probability
from archspec.shape import Shape
from archspec.size import Size, differs


@final
class Attention(Op):
    """Multi-head scaled dot-product attention: `softmax(q k^T / sqrt(d)) v` in each head, `d` being its features.

    The input, `query`, asks at each of its positions; what `key` says of the positions of a second input decides how
    much of its `value` is taken. Each head sees its own trained projections `q`, `k` and `v` of the three; a last
    projection mixes what the heads found.

    Shapes: `[batch, time, features] -> [batch, time, features]`; with a memory,
    `[batch, time, features], [batch, time', ...], [batch, time', ...] -> [batch, time, features]`.
    Source: Vaswani et al., "Attention is all you need", 2017; `torch.nn.MultiheadAttention`.

    With one input, a sequence attends to itself. With two, as in `(x, memory) -> attention(heads=8)`, the second is key
    and value; with three, it is the key and the third the value.

    The features of the query are shared out among the heads, unless `head_features` says how many each has.

    With `causal: true`, position `t` sees the positions up to `t` only.

    The weights are those of `torch.nn.MultiheadAttention`: `in_proj_weight` has the projections of query, key and value
    below each other; where these have different features there are `q_proj_weight`, `k_proj_weight` and `v_proj_weight`
    instead. The multiply-adds are those of the four projections and of the two products of all positions with all,
    also where half of them are not seen.
    """

    name = "attention"
    family = Family.ATTENTION

    heads: Positive = Field(description="how many look at the input at once, each in its own way")
    causal: Flag = Field(False, description="whether each position sees only itself and those before it")
    bias: Flag = Field(True, description="whether the four projections add trained numbers")
    dropout: Probability = Field(0.0, description="probability that a weight of the softmax is set to zero in training")
    head_features: OptionalCount = Field(None, description="features of each head; by default those of the query/heads")

    def infer(self, query: Shape, key: Shape | None = None, value: Shape | None = None) -> Shape:
        key, value = _sources(query, key, value)
        for name, x in (("query", query), ("key", key), ("value", value)):
            if x.rank != 3:
                raise ShapeError(
                    f"needs 3 axes, but its {name} has {x.rank}", help="the axes are `[batch, time, features]`"
                )
        if self.head_features is None and differs(query[2] % self.heads, 0):
            raise ShapeError(
                f"has {self.heads} heads, but {self.heads} does not divide the features of the input: {query[2]}",
                setting="heads",
                help="use a number of heads that divides the features, or say how many `head_features` each has",
            )
        batch = query[0]
        for name, x in (("key", key), ("value", value)):
            if (found := agreed(batch, x[0])) is None:
                raise ShapeError(f"needs equal batches, but its query has {batch} and its {name} {x[0]}")
            batch = found
        if agreed(key[1], value[1]) is None:
            raise ShapeError(f"needs a value for each key, but has {key[1]} keys and {value[1]} values")
        return query.with_axis(0, batch)

    def weights(self, query: Shape, key: Shape | None = None, value: Shape | None = None) -> dict[str, Shape]:
        key, value = _sources(query, key, value)
        inner, features = self.inner(query), query[2]
        if self.is_packed(query, key, value):
            weights = {"in_proj_weight": Shape.of(3 * inner, features)}
        else:
            weights = {
                "q_proj_weight": Shape.of(inner, features),
                "k_proj_weight": Shape.of(inner, key[2]),
                "v_proj_weight": Shape.of(inner, value[2]),
            }
        weights["out_proj.weight"] = Shape.of(features, inner)
        if self.bias:
            weights |= {"in_proj_bias": Shape.of(3 * inner), "out_proj.bias": Shape.of(features)}
        return weights

    def macs(self, query: Shape, key: Shape | None = None, value: Shape | None = None) -> Size:
        key, value = _sources(query, key, value)
        inner = self.inner(query)
        batch = self.infer(query, key, value)[0]
        projected = 2 * query[1] * query[2] + key[1] * key[2] + value[1] * value[2]
        return batch * inner * (projected + query[1] * (key[1] + value[1]))

    def inner(self, query: Shape) -> Size:
        """The features of all heads together."""
        return query[2] if self.head_features is None else self.heads * self.head_features

    @staticmethod
    def is_packed(query: Shape, key: Shape | None = None, value: Shape | None = None) -> bool:
        """Whether the projections of query, key and value are one weight."""
        return all(x is None or x[2] == query[2] for x in (key, value))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(heads=4), [2, 5, 8]),
            Example.of(cls(heads=2, causal=True, dropout=0.1, bias=False), [2, 5, 8]),
            Example.of(cls(heads=2), [2, 5, 8], [2, 7, 8]),
            Example.of(cls(heads=2), [2, 5, 8], [2, 7, 6]),
            Example.of(cls(heads=1, bias=False), [2, 5, 8], [2, 7, 6], [2, 7, 4]),
            Example.of(cls(heads=3, head_features=5), [2, 5, 8]),
        )


def _sources(query: Shape, key: Shape | None, value: Shape | None) -> tuple[Shape, Shape]:
    """Key and value, which are the query and the key where they are left out."""
    key = query if key is None else key
    return key, key if value is None else value
