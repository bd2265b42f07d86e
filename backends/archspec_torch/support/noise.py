"""Noise in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """Sets whole examples, or the batch, to zero in training, and scales the rest.

    `mode` is `row` where each example is drawn for, and `batch` where all are together.
    """

    def __init__(self, rate: float, mode: str = "row") -> None:
        super().__init__()
        self.rate = rate
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:
            return x
        sizes = [1] * x.ndim
        if self.mode == "row":
            sizes[0] = x.shape[0]
        kept = x.new_empty(sizes).bernoulli_(1.0 - self.rate)
        # At a rate of 1 all is zero, and nothing could be scaled.
        return x * kept if self.rate == 1.0 else x * (kept / (1.0 - self.rate))

    def extra_repr(self) -> str:
        return f"rate={self.rate}, mode={self.mode}"


class GaussianNoise(nn.Module):
    """Adds normal noise of a standard deviation in training."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        return f"std={self.std}"


class GaussianDropout(nn.Module):
    """Multiplies by normal numbers around 1 in training, as varied as in a dropout."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.std = (rate / (1.0 - rate)) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        return x * (1.0 + self.std * torch.randn_like(x)) if self.training else x

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
