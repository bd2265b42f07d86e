"""Trained numbers that stand alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Multiplies each feature by a trained number of its own."""

    def __init__(self, features: int, start: float = 1.0, axes_after: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), start))
        self.axes_after = axes_after

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.reshape(-1, *[1] * self.axes_after)


class Shift(nn.Module):
    """Adds a trained number to each feature."""

    def __init__(self, features: int, start: float = 0.0, axes_after: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), start))
        self.axes_after = axes_after

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight.reshape(-1, *[1] * self.axes_after)


class Tokens(nn.Module):
    """Puts trained vectors in front of a sequence `[batch, time, features]`."""

    def __init__(self, count: int, features: int, at: str = "start") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, features))
        nn.init.normal_(self.weight, std=0.02)
        self.at = at

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.weight.expand(x.shape[0], -1, -1)
        return torch.cat((tokens, x) if self.at == "start" else (x, tokens), dim=1)
