"""The modules that models are given; this file is read, and not imported."""

from __future__ import annotations

from torch import Tensor, nn


class Maxout(nn.Module):
    """Gives the largest of several linear functions for each feature."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(in_features, out_features * pieces, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.linear(x)
        return found.reshape(*x.shape[:-1], -1, self.pieces).amax(-1)
