"""A memory with slots."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class MemoryAddress(nn.Module):
    """Weights of the slots of a memory `[batch, slots, width]`, by how well keys fit."""

    def __init__(self, cosine: bool = True) -> None:
        super().__init__()
        self.cosine = cosine

    def forward(
        self,
        memory: Tensor,
        key: Tensor,
        strength: Tensor | None = None,
    ) -> Tensor:
        if self.cosine:
            # What is shorter than this is not made longer, and zeros stay zeros.
            memory = F.normalize(memory, dim=-1, eps=1e-6)
            key = F.normalize(key, dim=-1, eps=1e-6)
        # There may be one key, or several along an axis of their own.
        scores = torch.einsum("b...w,bsw->b...s", key, memory)
        if strength is not None:
            # That of one key is `[batch, 1]`.
            scores = scores * strength.reshape_as(key[..., 0]).unsqueeze(-1)
        return scores.softmax(dim=-1)

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
    """What heads give along an axis of their own, also where there is one head."""
    return x if x.dim() == 3 else x.unsqueeze(1)
