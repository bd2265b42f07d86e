"""A memory with slots."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class MemoryAddress(nn.Module):
    """Weights of the slots of `[batch, slots, width]`, by how well keys fit."""

    def __init__(self, cosine: bool = True) -> None:
        super().__init__()
        self.cosine = cosine

    def forward(
        self,
        memory: Tensor,
        key: Tensor,
        strength: Tensor | None = None,
    ) -> Tensor:
        keys = in_a_row(key)
        if self.cosine:
            # What is shorter than this is not made longer, and zeros stay zeros.
            memory = F.normalize(memory, dim=-1, eps=1e-6)
            keys = F.normalize(keys, dim=-1, eps=1e-6)
        scores = torch.bmm(keys, memory.transpose(1, 2))
        if strength is not None:
            scores = scores * strength.unsqueeze(-1)
        return as_given(scores.softmax(dim=-1), key)

    def extra_repr(self) -> str:
        return f"cosine={self.cosine}"


class MemoryWrite(nn.Module):
    """Erases from the slots of a memory `[batch, slots, width]`, and adds to them."""

    def forward(
        self,
        memory: Tensor,
        weights: Tensor,
        erase: Tensor,
        add: Tensor,
    ) -> Tensor:
        weights, erase, add = in_a_row(weights), in_a_row(erase), in_a_row(add)
        # What a head leaves of each number, times what the others leave.
        left = (1 - weights.unsqueeze(-1) * erase.unsqueeze(-2)).prod(dim=1)
        return memory * left + torch.bmm(weights.transpose(1, 2), add)


@torch.fx.wrap
def in_a_row(x: Tensor) -> Tensor:
    """What each head gives along an axis of its own, also where there is one head."""
    return x if x.dim() == 3 else x.unsqueeze(1)


@torch.fx.wrap
def as_given(weights: Tensor, key: Tensor) -> Tensor:
    """Weights along an axis for the keys only where there is one."""
    return weights if key.dim() == 3 else weights.squeeze(1)
