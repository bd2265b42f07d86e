"""Layers whose weight is computed from what is trained."""

from __future__ import annotations

from archspec.ops.parametrisation import Parametrisation
from archspec_torch.call import Call


def parametrised(layer: Call, parametrisation: Parametrisation) -> Call:
    """The call that builds a layer and, where its weight is computed, lets torch do so."""
    return layer if parametrisation == "none" else Call.of(f"nn.utils.parametrizations.{parametrisation}", layer)
