"""Multi-head attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention over `[batch, time, features]`, with the weights of `nn.MultiheadAttention`.

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
        self.is_packed = features == key_features == value_features
        if self.is_packed:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * inner, features))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(inner, features))
            self.k_proj_weight = nn.Parameter(torch.empty(inner, key_features))
            self.v_proj_weight = nn.Parameter(torch.empty(inner, value_features))
        for weight in self.parameters():
            nn.init.xavier_uniform_(weight)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * inner)) if bias else None
        self.out_proj = nn.Linear(inner, features, bias=bias)
        if bias:
            nn.init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
    ) -> Tensor:
        key = query if key is None else key
        value = key if value is None else value
        if self.is_packed:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases: tuple[Tensor | None, ...] = (None, None, None)
        if self.in_proj_bias is not None:
            biases = self.in_proj_bias.chunk(3)
        parts = zip((query, key, value), weights, biases, strict=True)
        q, k, v = (self.project(x, weight, bias) for x, weight, bias in parts)
        found = F.scaled_dot_product_attention(
            q,
            k,
            v,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal,
        )
        output: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return output

    def project(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What each head is given of a sequence, as `[batch, head, time, features]`."""
        projected = F.linear(x, weight, bias)
        return projected.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
