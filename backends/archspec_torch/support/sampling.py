"""Random choices."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class GumbelSoftmax(nn.Module):
    """A random choice along an axis, with a gradient; evaluation draws nothing."""

    def __init__(
        self,
        temperature: float = 1.0,
        hard: bool = False,
        dim: int = -1,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.hard = hard
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return F.gumbel_softmax(x, self.temperature, self.hard, dim=self.dim)
        shares = (x / self.temperature).softmax(self.dim)
        if not self.hard:
            return shares
        chosen = shares.argmax(self.dim, keepdim=True)
        one_hot = torch.zeros_like(shares).scatter(self.dim, chosen, 1.0)
        # The difference is zero exactly, and has the gradient of the shares.
        return one_hot + (shares - shares.detach())

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}, hard={self.hard}, dim={self.dim}"
