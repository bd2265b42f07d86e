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


def reset_parametrised_layers(module: nn.Module) -> None:
    """Starts all weights of a module anew, also those that layers make of others."""
    for child in module.children():
        reset = getattr(child, "reset_parameters", None)
        if reset is None:
            reset_parametrised_layers(child)
        elif nn.utils.parametrize.is_parametrized(child):
            # What is made is made anew for each use; in here it stays, to be filled.
            with nn.utils.parametrize.cached():
                reset()
                child.weight = child.weight
            measure_weights(child)
        else:
            reset()
    init = getattr(module, "init_weights", None)
    if init is not None:
        init()


def measure_weights(module: nn.Module) -> None:
    """Finds the length or the largest singular value of all weights that have one."""
    for layer in module.modules():
        if nn.utils.parametrize.is_parametrized(layer):
            made = layer.get_submodule("parametrizations.weight")
            *_, trained = made.parameters(recurse=False)
            layer.weight = trained.detach()
            for step in made.children():
                if hasattr(step, "n_power_iterations"):
                    settings = (step.n_power_iterations, step.dim, step.eps)
                    new = step.__class__(trained, *settings)
                    step.load_state_dict(new.state_dict())


def untie_weights(module: nn.Module) -> None:
    """Gives each layer weights of its own."""
    seen: set[nn.Parameter] = set()
    for layer in module.modules():
        for name, weight in layer.named_parameters(recurse=False):
            if weight in seen:
                setattr(layer, name, nn.Parameter(torch.empty_like(weight)))
            seen.add(weight)
