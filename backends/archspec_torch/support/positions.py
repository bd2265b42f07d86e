"""What a sequence is told of its positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
