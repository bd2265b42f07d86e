"""Modules that torch does not have.

The source of those that a model uses is written out with it, so each class stands on its own, given the imports below.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class PaddedConv1d(nn.Conv1d):
    """A 1-d convolution that pads the two ends of the axis by their own amounts: `padding=((before, after),)`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        padding: tuple[tuple[int, int]],
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        (self.margins,) = padding
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.margins, mode=self.margin_mode))


class PaddedConv2d(nn.Conv2d):
    """A 2-d convolution that pads each end of each axis by its own amount: `padding=((top, bottom), (left, right))`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        padding: tuple[tuple[int, int], tuple[int, int]],
        stride: int | tuple[int, int] = 1,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        vertical, horizontal = padding
        self.margins = (*horizontal, *vertical)  # `F.pad` begins with the last axis.
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.margins, mode=self.margin_mode))


class PaddedConv3d(nn.Conv3d):
    """A 3-d convolution that pads each end of each axis by its own amount.

    `padding` has a pair `(before, after)` for each axis, in the order depth, height, width.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        padding: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
        stride: int | tuple[int, int, int] = 1,
        dilation: int | tuple[int, int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        depth, height, width = padding
        self.margins = (*width, *height, *depth)  # `F.pad` begins with the last axis.
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.margins, mode=self.margin_mode))


class LearnedPositions(nn.Module):
    """Adds a trained vector to each position of a sequence `[batch, time, features]`."""

    def __init__(self, length: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, features))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        # A slice would be cut short, and one vector be repeated, where a sequence is too long.
        return x + self.weight.narrow(0, 0, x.shape[1])


class SinusoidalPositions(nn.Module):
    """Adds sines and cosines of its number to each position of a sequence `[batch, time, features]`."""

    def __init__(self, base: float = 10_000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        _, length, features = x.shape
        # Numbers of positions need more digits than x may have.
        precise = torch.promote_types(x.dtype, torch.float32)
        position = torch.arange(length, device=x.device, dtype=precise)
        pair = torch.arange(0, features, 2, device=x.device, dtype=precise)
        angle = position[:, None] / self.base ** (pair / features)
        encoding = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
        # A lone feature would otherwise be repeated for the cosine.
        return x + encoding.to(x.dtype).expand_as(x)


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


class Bidirectional(nn.Module):
    """Two cells, one of which goes over a sequence from its end: what they give is joined along the last axis."""

    def __init__(self, forwards: nn.Module, backwards: nn.Module) -> None:
        super().__init__()
        self.forwards = forwards
        self.backwards = backwards

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        pairs = zip(self.forwards(*inputs), self.backwards(*inputs), strict=True)
        return tuple(torch.cat(pair, dim=-1) for pair in pairs)
