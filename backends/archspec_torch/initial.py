"""How weights start: what each initialiser of the language is in PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archspec.configured import Initialiser
from archspec.initialiser import (
    Constant,
    Kaiming,
    Normal,
    Ones,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Xavier,
    Zeros,
)
from archspec_torch.call import Call, Unsaid


def over(start: Call, tensor: Any) -> Call:
    """The same call for another tensor."""
    return replace(start, positional=(tensor, *start.positional[1:]))


def filled(initialiser: Initialiser, tensor: Any) -> Call:
    """The call that fills a tensor. Arguments at torch's defaults are left out."""
    named: dict[str, tuple[Any, Any]] = {}
    further: tuple[Any, ...] = ()
    match initialiser:
        case Kaiming():
            function = f"kaiming_{initialiser.distribution}_"
            slope = initialiser.slope if initialiser.activation == "leaky_relu" else 0.0
            # The activation is always written: torch's default is not what most layers are followed by.
            named = {
                "a": (slope, 0.0),
                "mode": (initialiser.mode, "fan_in"),
                "nonlinearity": (initialiser.activation, None),
            }
        case Xavier(gain=gain, distribution=distribution):
            function, named = f"xavier_{distribution}_", {"gain": (gain, 1.0)}
        case Normal(mean=mean, std=std):
            function, named = "normal_", {"mean": (mean, 0.0), "std": (std, 1.0)}
        case TruncatedNormal(mean=mean, std=std):
            function = "trunc_normal_"
            named = {
                "mean": (mean, 0.0),
                "std": (std, 1.0),
                "a": (mean - 2 * std, -2.0),
                "b": (mean + 2 * std, 2.0),
            }
        case Uniform(low=low, high=high):
            function, further = "uniform_", (low, high)
        case Zeros():
            function = "zeros_"
        case Ones():
            function = "ones_"
        case Constant(value=value):
            function, further = "constant_", (value,)
        case Orthogonal(gain=gain):
            function, named = "orthogonal_", {"gain": (gain, 1.0)}
        case _:
            raise TypeError(f"nothing says what `{initialiser.name}` is in PyTorch")
    options = {name: Unsaid(value) if value == default else value for name, (value, default) in named.items()}
    return Call(f"nn.init.{function}", (tensor, *further), options)
