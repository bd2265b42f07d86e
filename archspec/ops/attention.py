"""Attention."""

from __future__ import annotations

from typing import Literal, final

from msgspec import Struct
from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed, counted
from archspec.setting import Flag, OptionalCount, OptionalPositive, Positive, PositiveNumber, Probability
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sight, Sights, Sliding, along
from archspec.size import Size, differs


@final
class Roles(Struct, frozen=True):
    """What each input of an attention is for."""

    query: Shape
    key: Shape
    value: Shape
    mask: Shape | None

    @classmethod
    def of(cls, *inputs: Shape | None) -> Roles:
        """The roles of inputs in order, of which those that are left out are `None`; raises `ShapeError`."""
        given = [each for each in inputs if each is not None]
        mask = given.pop() if len(given) > 1 and given[-1].element is Element.BOOL else None
        for number, each in enumerate(given, start=1):
            if each.element is Element.BOOL:
                raise ShapeError(
                    f"has flags as input {number} of {len(given) + (mask is not None)}, but a mask is the last input, "
                    "and never the only one",
                    help="write the mask last, as in `(x, mask)` and `(x, memory, mask)`",
                )
        if len(given) > 3:
            raise ShapeError(
                "has numbers as its fourth input, which is for a mask of flags",
                help="leave it out, or declare it as flags, such as `input mask: [B, T] bool`",
            )
        query, key, value = (*given, *given[-1:] * 2)[:3]
        return cls(query, key, value, mask)


@final
class Attention(Op):
    """Multi-head scaled dot-product attention: `softmax(q k^T / sqrt(d)) v` in each head, `d` being its features.

    The input, `query`, asks at each of its positions; what `key` says of the positions of a second input decides how
    much of its `value` is taken. Each head sees its own trained projections `q`, `k` and `v` of the three; a last
    projection mixes what the heads found.

    Shapes: `[batch, time, features] -> [batch, time, features]`; with a memory,
    `[batch, time, features], [batch, time', ...], [batch, time', ...] -> [batch, time, features]`. A mask of flags may
    follow: `[batch, time']`, `[batch, time, time']` or `[batch, heads, time, time']`.
    Source: Vaswani et al., "Attention is all you need", 2017; `torch.nn.MultiheadAttention` and
    `torch.nn.functional.scaled_dot_product_attention`.

    With one input, a sequence attends to itself. With two, as in `(x, memory) -> attention(heads=8)`, the second is key
    and value; with three, it is the key and the third the value.

    The features of the query are shared out among the heads, unless `head_features` says how many each has.
    `head_value_features` gives the values of each head a number of their own.

    A last input of flags is a mask, as in `(x, mask) -> attention(heads=8)` and `(x, memory, mask)`: true is a position
    that may be seen. That is what the function of torch means by it; the `key_padding_mask` and the flags in the
    `attn_mask` of `torch.nn.MultiheadAttention` are the other way round. A mask `[batch, time']` hides padding from all
    queries, `[batch, time, time']` says it of each pair of positions, and `[batch, heads, time, time']` in each head.
    An axis of size 1 of a mask is repeated.

    With `causal: true`, position `t` sees the positions up to `t` only. With `window: w`, it sees those that are less
    than `w` positions away: itself and `w - 1` on each side, or, where it is causal, the last `w` (Beltagy et al.,
    "Longformer", 2020, whose window counts both sides). What a mask, `causal` and `window` all allow is seen. Positions
    are counted from 0 both in the query and in the key. A query that sees nothing finds zeros in each head, so that all
    it is given is the bias of the last projection.

    With `kv_heads: k`, there are only `k` heads of keys and values, each for `heads/k` neighbouring heads of queries
    (Ainslie et al., "GQA", 2023); with 1, all share them (Shazeer, "Fast transformer decoding", 2019).

    Attention does not see the order of positions, unless `positions` tells it:

    - `rotary` turns the queries and keys of each head by their positions, as `rotary_positions` does (Su et al.,
      "RoFormer", 2021);
    - `alibi` lowers the scores by the distance of the positions, as `alibi_positions` does (Press et al., "Train short,
      test long", 2022);
    - `relative` adds to the scores a trained number for each head and distance, as `relative_positions` does: the
      distances of Shaw et al., "Self-attention with relative position representations", 2018, with one number each, as
      in T5 (Raffel et al., 2020). They start at zero.

    The weights are those of `torch.nn.MultiheadAttention`: `in_proj_weight` has the projections of query, key and value
    below each other; where these have different features, or there are fewer `kv_heads`, or `head_value_features`,
    there are `q_proj_weight`, `k_proj_weight` and `v_proj_weight` instead. `in_proj_bias` has the biases of the three,
    one behind the other, and `out_proj` is the last projection. With relative positions, `distances.bias` has a row for
    each head, and in it a number for each distance of the key before the query, from `-max_distance`, or from 0 where
    it is causal, to `max_distance`.

    The multiply-adds are those of the four projections and of the two products of all positions with all, also where
    most of them are not seen.
    """

    name = "attention"
    family = Family.ATTENTION
    accepts = frozenset({Element.FLOAT, Element.BOOL})

    heads: Positive = Field(description="how many look at the input at once, each in its own way")
    causal: Flag = Field(False, description="whether each position sees only itself and those before it")
    bias: Flag = Field(True, description="whether the four projections add trained numbers")
    dropout: Probability = Field(0.0, description="probability that a weight of the softmax is set to zero in training")
    head_features: OptionalCount = Field(None, description="features of each head; by default those of the query/heads")
    head_value_features: OptionalCount = Field(
        None, description="features of the values of each head; by default those of its queries and keys"
    )
    features: OptionalCount = Field(None, description="features of the output; by default those of the query")
    kv_heads: OptionalPositive = Field(
        None, description="heads of keys and values, which divide `heads`; by default one for each"
    )
    window: OptionalPositive = Field(
        None, description="distance in positions from which on nothing is seen; by default there is none"
    )
    positions: Literal["none", "rotary", "alibi", "relative"] = Field(
        "none", description="how the queries and keys are told of their positions"
    )
    rotary_base: PositiveNumber = Field(
        10_000.0, description="what the wavelengths of rotary positions grow to, in multiples of 2 pi"
    )
    max_distance: Positive = Field(
        128, description="largest distance that relative positions tell from those above it, in positions"
    )

    def infer(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, mask: Shape | None = None
    ) -> Shape:
        """The shape of the output. Of fewer inputs than four, too, the last is the mask where it has flags."""
        roles = Roles.of(query, key, value, mask)
        for name, x in (("query", roles.query), ("key", roles.key), ("value", roles.value)):
            if x.rank != 3:
                raise ShapeError(
                    f"needs 3 axes, but its {name} has {x.rank}", help="the axes are `[batch, time, features]`"
                )
        self._check_heads(roles.query)
        self._check_positions(roles.query)
        batch = _batch(roles)
        if agreed(roles.key[1], roles.value[1]) is None:
            raise ShapeError(
                f"needs a value for each key, but has {roles.key[1]} keys and {roles.value[1]} values",
                help="make the key and the value of one sequence",
            )
        if roles.mask is not None:
            self._check_mask(roles.mask, (batch, self.heads, roles.query[1], roles.key[1]))
        return Shape.of(batch, roles.query[1], self.output(roles.query))

    def sees(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, mask: Shape | None = None
    ) -> tuple[Sights, ...]:
        roles = Roles.of(query, key, value, mask)
        given = [each for each in (query, key, value, mask) if each is not None]
        others = len(given) - 1 - (roles.mask is not None)
        near: Sight = EVERYTHING
        if self.window is not None:
            near = Sliding(1, ((1 - self.window, 0 if self.causal else self.window - 1),), 1)
        seen = [(along(0), along(1) if others else near, EVERYTHING)]
        seen += [(along(0), near, EVERYTHING)] * others
        return tuple(seen) if roles.mask is None else (*seen, (EVERYTHING,) * roles.mask.rank)

    def _check_heads(self, query: Shape) -> None:
        if self.head_features is None and differs(query[2] % self.heads, 0):
            raise ShapeError(
                f"has {self.heads} heads, but {self.heads} does not divide the features of the input: {query[2]}",
                setting="heads",
                help="use a number of heads that divides the features, or say how many `head_features` each has",
            )
        if self.kv_heads is not None and differs(self.heads % self.kv_heads, 0):
            raise ShapeError(
                f"has {self.heads} heads that share {self.kv_heads} heads of keys and values, but {self.kv_heads} "
                f"does not divide {self.heads}",
                setting="kv_heads",
                help="use a number of `kv_heads` that divides that of `heads`",
            )

    def _check_positions(self, query: Shape) -> None:
        each = self.head(query)
        if self.positions == "rotary" and differs(each % 2, 0):
            raise ShapeError(
                f"turns pairs of features by their positions, but each head has an odd number of them: {each}",
                setting="heads" if self.head_features is None else "head_features",
                help="give each head an even number of features, or use other `positions`",
            )
        for setting, positions in (("rotary_base", "rotary"), ("max_distance", "relative")):
            if setting in self.chosen() and self.positions != positions:
                raise ShapeError(
                    f"has a `{setting}`, which `{positions}` positions alone have, but its positions are "
                    f"`{self.positions}`",
                    setting=setting,
                    help=f"leave it out, or write `positions={positions}`",
                )

    def _check_mask(self, mask: Shape, seen: tuple[Size, ...]) -> None:
        names = {2: (0, 3), 3: (0, 2, 3), 4: (0, 1, 2, 3)}.get(mask.rank)
        if names is None:
            raise ShapeError(
                f"needs a mask with 2 to 4 axes, but it has {counted(mask.rank)}",
                help="the axes are `[batch, keys]`, `[batch, queries, keys]` or `[batch, heads, queries, keys]`",
            )
        for axis, (size, place) in enumerate(zip(mask, names, strict=True)):
            if differs(size, 1) and agreed(size, seen[place]) is None:
                what = ("example of the batch", "head", "query", "key")[place]
                raise ShapeError(
                    f"needs a mask that has a flag for each {what}, of which there are {seen[place]}, but its axis "
                    f"{axis} has {size}",
                    help=f"give that axis of the mask a size of {seen[place]}, or of 1, which is repeated",
                )

    def weights(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, mask: Shape | None = None
    ) -> dict[str, Shape]:
        roles = Roles.of(query, key, value, mask)
        queries, keys, values, found = self.widths(roles.query)
        if self.is_packed(roles):
            weights = {"in_proj_weight": Shape.of(3 * queries, roles.query[2])}
        else:
            weights = {
                "q_proj_weight": Shape.of(queries, roles.query[2]),
                "k_proj_weight": Shape.of(keys, roles.key[2]),
                "v_proj_weight": Shape.of(values, roles.value[2]),
            }
        weights["out_proj.weight"] = Shape.of(self.output(roles.query), found)
        if self.bias:
            weights["in_proj_bias"] = Shape.of(queries + keys + values)
            weights["out_proj.bias"] = Shape.of(self.output(roles.query))
        if self.positions == "relative":
            distances = self.max_distance + 1 if self.causal else 2 * self.max_distance + 1
            weights["distances.bias"] = Shape.of(self.heads, distances)
        return weights

    def macs(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, mask: Shape | None = None
    ) -> Size:
        roles = Roles.of(query, key, value, mask)
        batch, time, output = self.infer(query, key, value, mask)
        queries, keys, values, found = self.widths(roles.query)
        projected = time * roles.query[2] * queries + roles.key[1] * roles.key[2] * keys
        projected = projected + roles.value[1] * roles.value[2] * values + time * found * output
        return batch * (projected + time * (roles.key[1] * queries + roles.value[1] * found))

    def output(self, query: Shape) -> Size:
        """The features of the output."""
        return query[2] if self.features is None else self.features

    def head(self, query: Shape) -> Size:
        """The features of the queries and keys of each head."""
        return query[2] // self.heads if self.head_features is None else self.head_features

    def widths(self, query: Shape) -> tuple[Size, Size, Size, Size]:
        """The features of all queries together, of all keys and of all values, and of what all heads find."""
        queries = query[2] if self.head_features is None else self.heads * self.head_features
        kv_heads = self.heads if self.kv_heads is None else self.kv_heads
        keys = queries if kv_heads == self.heads else kv_heads * self.head(query)
        if self.head_value_features is None:
            return queries, keys, keys, queries
        return queries, keys, kv_heads * self.head_value_features, self.heads * self.head_value_features

    def is_packed(self, roles: Roles) -> bool:
        """Whether the projections of query, key and value are one weight."""
        has_equal_heads = self.kv_heads in (None, self.heads) and self.head_value_features is None
        return has_equal_heads and roles.query[2] == roles.key[2] == roles.value[2]

    def kept(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, mask: Shape | None = None
    ) -> Kept:
        roles = Roles.of(query, key, value, mask)
        batch, time, _ = self.infer(query, key, value, mask)
        queries, keys, values, found = self.widths(roles.query)
        others = roles.key[1]
        projected = [Shape.of(batch, time, queries), Shape.of(batch, others, keys), Shape.of(batch, others, values)]
        further = [*projected, Shape.of(batch, time, found)]
        pairs = (time, others)
        if self.positions == "relative" or self.head_value_features is not None:
            # No kernel does all of it at once, so that the weights of all pairs are kept.
            further.append(Shape.of(batch, self.heads, *pairs))
            if self.positions == "relative":
                further += [Shape.of(*pairs, element=Element.BOOL), Shape.of(*pairs, element=Element.INT)]
        else:
            further.append(Shape.of(batch, self.heads, time))
            further += _scores(self, roles, batch)
        if self.positions == "rotary":
            further += [Shape.of(size, self.head(roles.query)) for size in (time, time, others, others)]
        given = len([each for each in (query, key, value, mask) if each is not None]) - (roles.mask is not None)
        return Kept(inputs=tuple(range(given)), further=tuple(further))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        x, memory, content = Shape.of(2, 5, 8), Shape.of(2, 7, 6), Shape.of(2, 7, 4)
        padding = Shape.of(2, 7, element=Element.BOOL)
        pairs, by_head = Shape.of(1, 5, 5, element=Element.BOOL), Shape.of(2, 4, 5, 1, element=Element.BOOL)
        return (
            Example.of(cls(heads=4), [2, 5, 8]),
            Example.of(cls(heads=2, causal=True, dropout=0.1, bias=False), [2, 5, 8]),
            Example.of(cls(heads=2), [2, 5, 8], [2, 7, 8]),
            Example.of(cls(heads=2), [2, 5, 8], [2, 7, 6]),
            Example.of(cls(heads=1, bias=False), [2, 5, 8], [2, 7, 6], [2, 7, 4]),
            Example.of(cls(heads=3, head_features=5), [2, 5, 8]),
            Example(cls(heads=2), (x, memory, padding)),
            Example(cls(heads=2, causal=True), (x, pairs)),
            Example(cls(heads=4, kv_heads=2, positions="rotary", rotary_base=500.0, causal=True), (x, by_head)),
            Example.of(cls(heads=4, kv_heads=1, bias=False), [2, 5, 8], [2, 7, 6], [2, 7, 4]),
            Example.of(cls(heads=2, window=2, dropout=0.1), [2, 5, 8]),
            Example.of(cls(heads=3, head_features=2, positions="alibi", causal=True), [2, 5, 8]),
            Example.of(cls(heads=2, positions="relative", max_distance=3), [2, 5, 8], [2, 7, 8]),
            Example.of(cls(heads=2, positions="relative", causal=True, window=2), [2, 5, 8]),
            Example(cls(heads=2, head_value_features=3, features=5), (x, memory, content, padding)),
        )


def _scores(op: Attention, roles: Roles, batch: Size) -> list[Shape]:
    """What is added to the scores of all pairs, which is kept as numbers, also where a mask has flags."""
    pairs = (roles.query[1], roles.key[1])
    if op.positions == "alibi":
        return [Shape.of(1 if roles.mask is None else batch, op.heads, *pairs)]
    if roles.mask is not None:
        heads = roles.mask[1] if roles.mask.rank == 4 else 1
        return [Shape.of(batch, heads, *pairs)]
    return [] if op.window is None else [Shape.of(1, 1, *pairs)]


def _batch(roles: Roles) -> Size:
    batch = roles.query[0]
    for name, x in (("key", roles.key), ("value", roles.value)):
        if (found := agreed(batch, x[0])) is None:
            raise ShapeError(
                f"needs equal batches, but its query has {batch} and its {name} {x[0]}",
                help="`broadcast` repeats an input for each example of the batch",
            )
        batch = found
    return batch
