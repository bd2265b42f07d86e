"""What tells of the places of values."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PositionsAlong(nn.Module):
    """The numbers of the places along an axis: 0, 1, 2 and so on."""

    def __init__(self, axis: int = 1) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        return torch.arange(x.shape[self.axis], device=x.device)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"
