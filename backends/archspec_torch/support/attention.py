"""Multi-head attention."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention over `[batch, time, features]`.

    Its weights are those of `nn.MultiheadAttention`.
    The key is the query, and the value the key, where they are left out.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        key_features: int | None = None,
        value_features: int | None = None,
        head_features: int | None = None,
        causal: bool = False,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.dropout = dropout
        inner = features if head_features is None else heads * head_features
        key_features = features if key_features is None else key_features
        value_features = key_features if value_features is None else value_features
        self.in_proj_weight = None
        if features == key_features == value_features:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * inner, features))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(inner, features))
            self.k_proj_weight = nn.Parameter(torch.empty(inner, key_features))
            self.v_proj_weight = nn.Parameter(torch.empty(inner, value_features))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * inner)) if bias else None
        self.out_proj = nn.Linear(inner, features, bias=bias)
        self.init_weights()

    def init_weights(self) -> None:
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif name != "out_proj.weight":
                nn.init.xavier_uniform_(weight)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
    ) -> Tensor:
        q, k, v = self.project(query, key, value)
        found = F.scaled_dot_product_attention(
            q,
            k,
            v,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal,
        )
        output: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return output

    def project(
        self,
        query: Tensor,
        key: Tensor | None,
        value: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What each head is given of them, as `[batch, head, time, features]`."""
        key = query if key is None else key
        value = key if value is None else value
        if self.in_proj_weight is not None:
            q_weight, k_weight, v_weight = self.in_proj_weight.chunk(3)
        else:
            q_weight, k_weight = self.q_proj_weight, self.k_proj_weight
            v_weight = self.v_proj_weight
        q_bias = k_bias = v_bias = None
        if self.in_proj_bias is not None:
            q_bias, k_bias, v_bias = self.in_proj_bias.chunk(3)
        return (
            in_heads(F.linear(query, q_weight, q_bias), self.heads),
            in_heads(F.linear(key, k_weight, k_bias), self.heads),
            in_heads(F.linear(value, v_weight, v_bias), self.heads),
        )

    def extra_repr(self) -> str:
        text = f"heads={self.heads}, causal={self.causal}, dropout={self.dropout}"
        if self.in_proj_weight is None:
            text += f", key_features={self.k_proj_weight.shape[1]}"
            text += f", value_features={self.v_proj_weight.shape[1]}"
        return text


class MaskedAttention(Attention):
    """Multi-head attention in which a mask says what may be seen.

    A mask is `[batch, keys]`, `[batch, queries, keys]` or `[batch, heads, queries,
    keys]`, and true where a key may be seen. A query that sees nothing finds zeros.
    """

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        q, k, v = self.project(query, key, value)
        found = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=seen_positions(q, k, mask, self.causal),
            dropout_p=self.dropout if self.training else 0.0,
        )
        output: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return output


class GeneralAttention(nn.Module):
    """Multi-head attention over `[batch, time, features]`, in all its forms.

    Several heads may share a head of keys and values. Nothing is seen from a distance
    of `window` on. `rotation` turns queries and keys by their positions, and
    `distances` changes the scores by them.

    A mask is `[batch, keys]`, `[batch, queries, keys]` or `[batch, heads, queries,
    keys]`, and true where a key may be seen. A query that sees nothing finds zeros.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        key_features: int | None = None,
        value_features: int | None = None,
        head_features: int | None = None,
        head_value_features: int | None = None,
        output_features: int | None = None,
        kv_heads: int | None = None,
        window: int | None = None,
        rotation: nn.Module | None = None,
        distances: nn.Module | None = None,
        causal: bool = False,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        kv_heads = heads if kv_heads is None else kv_heads
        key_features = features if key_features is None else key_features
        value_features = key_features if value_features is None else value_features
        output_features = features if output_features is None else output_features
        self.heads = heads
        self.kv_heads = kv_heads
        self.window = window
        self.causal = causal
        self.dropout = dropout
        q = features if head_features is None else heads * head_features
        k = q // heads * kv_heads
        v, inner = k, q
        is_packed = q == k and features == key_features == value_features
        if head_value_features is not None:
            v, inner = kv_heads * head_value_features, heads * head_value_features
            is_packed = False
        self.widths = [q, k, v]
        self.in_proj_weight = None
        if is_packed:
            self.in_proj_weight = nn.Parameter(torch.empty(q + k + v, features))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(q, features))
            self.k_proj_weight = nn.Parameter(torch.empty(k, key_features))
            self.v_proj_weight = nn.Parameter(torch.empty(v, value_features))
        self.in_proj_bias = nn.Parameter(torch.empty(q + k + v)) if bias else None
        self.out_proj = nn.Linear(inner, output_features, bias=bias)
        self.rotation = rotation
        self.distances = distances
        self.init_weights()

    def init_weights(self) -> None:
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif name != "out_proj.weight":
                nn.init.xavier_uniform_(weight)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        q, k, v = self.project(query, key, value)
        if self.rotation is not None:
            q, k = self.rotation(q), self.rotation(k)
        scores = self.scores_of_positions(q, k, mask)
        found = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=scores,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal and scores is None,
            enable_gqa=self.kv_heads != self.heads,
        )
        output: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return output

    def project(
        self,
        query: Tensor,
        key: Tensor | None,
        value: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What each head is given of them, as `[batch, head, time, features]`."""
        key = query if key is None else key
        value = key if value is None else value
        if self.in_proj_weight is not None:
            q_weight, k_weight, v_weight = self.in_proj_weight.chunk(3)
        else:
            q_weight, k_weight = self.q_proj_weight, self.k_proj_weight
            v_weight = self.v_proj_weight
        q_bias = k_bias = v_bias = None
        if self.in_proj_bias is not None:
            q_bias, k_bias, v_bias = torch.split(self.in_proj_bias, self.widths)
        return (
            in_heads(F.linear(query, q_weight, q_bias), self.heads),
            in_heads(F.linear(key, k_weight, k_bias), self.kv_heads),
            in_heads(F.linear(value, v_weight, v_bias), self.kv_heads),
        )

    def scores_of_positions(
        self,
        q: Tensor,
        k: Tensor,
        mask: Tensor | None,
    ) -> Tensor | None:
        """What is added to the scores, or, as flags, what is seen; None for nothing."""
        if self.distances is None and mask is None and self.window is None:
            return None
        seen = seen_positions(q, k, mask, self.causal, self.window)
        if self.distances is None:
            return seen
        scores = self.distances(q.new_zeros(1, self.heads, q.shape[2], k.shape[2]))
        return torch.where(seen, scores, -math.inf)

    def extra_repr(self) -> str:
        text = f"heads={self.heads}, kv_heads={self.kv_heads}, widths={self.widths}, "
        text += f"window={self.window}, causal={self.causal}, dropout={self.dropout}"
        if self.in_proj_weight is None:
            text += f", key_features={self.k_proj_weight.shape[1]}"
            text += f", value_features={self.v_proj_weight.shape[1]}"
        return text


def in_heads(x: Tensor, heads: int) -> Tensor:
    """A sequence whose features are shared out, as `[batch, head, time, features]`."""
    batch, time, _ = x.shape
    return x.reshape(batch, time, heads, -1).transpose(1, 2)


@torch.fx.wrap
def seen_positions(
    q: Tensor,
    k: Tensor,
    mask: Tensor | None,
    causal: bool,
    window: int | None = None,
) -> Tensor:
    """Which keys each query sees, as flags `[batch, heads, queries, keys]`.

    Where examples or heads have them in common, there is one of these.
    """
    queries, keys = q.shape[2], k.shape[2]
    if mask is None:
        seen = q.new_ones(1, 1, queries, keys, dtype=torch.bool)
    else:
        while mask.dim() < 4:
            mask = mask.unsqueeze(1)
        seen = mask.expand(q.shape[0], -1, queries, keys)
    if causal:
        seen = seen.tril()
    if window is not None:
        seen = seen.tril(window - 1).triu(1 - window)
    return seen
