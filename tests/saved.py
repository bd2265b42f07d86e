"""What torch keeps for the backward pass, measured: every tensor that autograd saves, each memory once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class Saved:
    """The tensors that are saved, by the memory in which they lie."""

    tensors: dict[int, Tensor] = field(default_factory=dict)
    """One for each memory; it lives as long as this, so that no other memory can have its number."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        with torch.autograd.graph.saved_tensors_hooks(self._note, lambda tensor: tensor):
            yield

    def _note(self, tensor: Tensor) -> Tensor:
        self.tensors.setdefault(memory(tensor), tensor.detach())
        return tensor

    def beside(self, others: Iterable[Tensor]) -> dict[int, Tensor]:
        """Those that are no memory of some other tensors."""
        known = set(map(memory, others))
        return {number: tensor for number, tensor in self.tensors.items() if number not in known}


def memory(tensor: Tensor) -> int:
    """The number of the memory in which a tensor lies."""
    number: int = tensor.untyped_storage()._cdata
    return number


def size(tensors: Iterable[Tensor]) -> int:
    """The bytes of their memories, which may be larger than what they show of them."""
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def saved_by(module: nn.Module, *inputs: Tensor) -> int:
    """The bytes that a module keeps of a forward pass, beside its weights and what it is given."""
    saved = Saved()
    with saved.noted():
        outputs = module(*inputs)
    found = size(saved.beside((*module.parameters(), *module.buffers(), *inputs)).values())
    del outputs
    return found
