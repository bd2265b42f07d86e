"""Weights that start anew."""

from __future__ import annotations

import torch
from torch import nn


def reset_layers(module: nn.Module) -> None:
    """Starts all weights of a module anew, in the order in which they were made."""
    for child in module.children():
        reset = getattr(child, "reset_parameters", None)
        if reset is None:
            reset_layers(child)
        else:
            reset()
    init = getattr(module, "init_weights", None)
    if init is not None:
        init()


def untie_weights(module: nn.Module) -> None:
    """Gives each layer weights of its own."""
    seen: set[nn.Parameter] = set()
    for layer in module.modules():
        for name, weight in layer.named_parameters(recurse=False):
            if weight in seen:
                setattr(layer, name, nn.Parameter(torch.empty_like(weight)))
            seen.add(weight)
