"""Cells that go over a sequence in both directions."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Bidirectional(nn.Module):
    """Two cells, one of which goes over a sequence from its end.

    What they give is joined along the last axis.
    """

    def __init__(self, forwards: nn.Module, backwards: nn.Module) -> None:
        super().__init__()
        self.forwards = forwards
        self.backwards = backwards

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        pairs = zip(self.forwards(*inputs), self.backwards(*inputs), strict=True)
        return tuple(torch.cat(pair, dim=-1) for pair in pairs)
