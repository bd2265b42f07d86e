"""Trained numbers that stand alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Multiplies each feature by a trained number of its own."""

    def __init__(self, features: int, start: float = 1.0, axes_after: int = 0) -> None:
        super().__init__()
        self.start = start
        self.weight = nn.Parameter(torch.empty(features))
        self.shape = (features, *[1] * axes_after)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.weight, self.start)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.reshape(self.shape)

    def extra_repr(self) -> str:
        return f"shape={self.shape}, start={self.start}"


class Shift(nn.Module):
    """Adds a trained number to each feature."""

    def __init__(self, features: int, start: float = 0.0, axes_after: int = 0) -> None:
        super().__init__()
        self.start = start
        self.weight = nn.Parameter(torch.empty(features))
        self.shape = (features, *[1] * axes_after)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.weight, self.start)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight.reshape(self.shape)

    def extra_repr(self) -> str:
        return f"shape={self.shape}, start={self.start}"


class Tokens(nn.Module):
    """Puts trained vectors in front of a sequence `[batch, time, features]`."""

    def __init__(self, count: int, features: int, at: str = "start") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, features))
        self.at = at
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.weight.expand(x.shape[0], -1, -1)
        return torch.cat((tokens, x) if self.at == "start" else (x, tokens), dim=1)

    def extra_repr(self) -> str:
        count, features = self.weight.shape
        return f"{count}, {features}, at={self.at}"
