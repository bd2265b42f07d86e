"""What a sequence, or the scores of attention over it, are told of positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LearnedPositions(nn.Module):
    """Adds a trained vector to each position of `[batch, time, features]`."""

    def __init__(self, length: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        # Of a sequence that is too long, a slice would be cut short, and one vector be
        # repeated.
        return x + self.weight.narrow(0, 0, x.shape[1])

    def extra_repr(self) -> str:
        length, features = self.weight.shape
        return f"{length}, {features}"


class SinusoidalPositions(nn.Module):
    """Adds sines and cosines of its number to each position of a sequence.

    The sequence is `[batch, time, features]`.
    """

    def __init__(self, base: float = 10_000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        _, length, features = x.shape
        angle = angles_of_positions(x, length, features, self.base)
        encoding = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
        # A lone feature would otherwise be repeated for the cosine.
        return x + encoding.to(x.dtype).expand_as(x)

    def extra_repr(self) -> str:
        return f"base={self.base}"


class RotaryPositions(nn.Module):
    """Turns each pair of features of `[..., time, features]` by its position."""

    def __init__(self, base: float = 10_000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        angle = angles_of_positions(x, x.shape[-2], x.shape[-1], self.base)
        angle = angle.repeat_interleave(2, dim=-1)
        turned = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
        return (x * angle.cos() + turned * angle.sin()).to(x.dtype)

    def extra_repr(self) -> str:
        return f"base={self.base}"


class AlibiPositions(nn.Module):
    """Lowers scores `[batch, heads, queries, keys]` by the distance of the positions.

    The farther two positions are apart, the more, with a slope for each head.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        # Where they are no power of two, the others have slopes between the first.
        self.first = 2 ** (heads.bit_length() - 1)

    def forward(self, scores: Tensor) -> Tensor:
        # Distances need more digits than the scores may have.
        precise = torch.promote_types(scores.dtype, torch.float32)
        head = torch.arange(1, self.heads + 1, device=scores.device, dtype=precise)
        head = torch.where(head > self.first, head - self.first - 0.5, head)
        slope = torch.exp2(-8 * head / self.first)
        distance = distances_of_positions(scores).abs()
        return (scores - slope[:, None, None] * distance).to(scores.dtype)

    def extra_repr(self) -> str:
        return f"heads={self.heads}"


class RelativePositions(nn.Module):
    """Adds a trained number for each distance to the scores of attention.

    The scores are `[batch, heads, queries, keys]`.
    The distance is that of the key before the query. Where it is causal, later keys,
    which are not seen, have no numbers.
    """

    def __init__(self, heads: int, max_distance: int, causal: bool = False) -> None:
        super().__init__()
        self.least = 0 if causal else -max_distance
        self.most = max_distance
        self.bias = nn.Parameter(torch.empty(heads, self.most - self.least + 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.bias)

    def forward(self, scores: Tensor) -> Tensor:
        distance = distances_of_positions(scores).clamp(self.least, self.most)
        return scores + self.bias[:, distance - self.least]

    def extra_repr(self) -> str:
        return f"heads={len(self.bias)}, least={self.least}, most={self.most}"


def angles_of_positions(x: Tensor, length: int, features: int, base: float) -> Tensor:
    """The angles of each position of a sequence, one for two features of it."""
    # Numbers of positions need more digits than x may have.
    precise = torch.promote_types(x.dtype, torch.float32)
    position = torch.arange(length, device=x.device, dtype=precise)
    pair = torch.arange(0, features, 2, device=x.device, dtype=precise)
    return position[:, None] / base ** (pair / features)


def distances_of_positions(scores: Tensor) -> Tensor:
    """How far each key lies before each query, for scores `[..., queries, keys]`."""
    queries, keys = scores.shape[-2:]
    query = torch.arange(queries, device=scores.device)
    return query[:, None] - torch.arange(keys, device=scores.device)
