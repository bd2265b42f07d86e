"""Weights that are computed from what is trained, and not trained as they are.

An op that can have such a weight says what shape it has; what is trained and kept in its place follows from that. The
names are those that `torch.nn.utils.parametrizations` gives, and so are the axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from archspec.shape import Shape

Parametrisation: TypeAlias = Annotated[
    Literal["none", "weight_norm", "spectral_norm"],
    Field(
        description="what the weight is: trained as it is (`none`); a trained length times the direction of a trained "
        "vector, `g * v/|v|` (`weight_norm`; Salimans and Kingma, 2016); or what is trained, divided by its largest "
        "singular value (`spectral_norm`; Miyato et al., 2018)"
    ),
]


def trained(weight: Shape, parametrisation: Parametrisation) -> dict[str, Shape]:
    """What is trained for a weight of this shape, by name."""
    match parametrisation:
        case "none":
            return {"weight": weight}
        case "weight_norm":
            # One length for each index of the first axis.
            lengths = weight.with_sizes((weight[0], *(1 for _ in weight[1:])))
            return {"parametrizations.weight.original0": lengths, "parametrizations.weight.original1": weight}
        case "spectral_norm":
            return {"parametrizations.weight.original": weight}


def starting(weights: Mapping[str, Shape]) -> dict[str, Shape]:
    """What initialisers fill, where these are the weights: what is trained is made from it."""
    found: dict[str, Shape] = {}
    for name, shape in weights.items():
        # Of lengths and directions, the directions come last, and have the shape of the weight.
        found["weight" if name.startswith("parametrizations.weight.") else name] = shape
    return found


def computed(weight: Shape, parametrisation: Parametrisation, rows: int = 0) -> tuple[Shape, ...]:
    """What is kept for the backward pass of how the weight is computed: itself, and what it is divided by."""
    match parametrisation:
        case "none":
            return ()
        case "weight_norm":
            return weight, Shape.of(weight[0])
        case "spectral_norm":
            return weight, Shape.of(), *kept(weight, parametrisation, rows).values()


def kept(weight: Shape, parametrisation: Parametrisation, rows: int = 0) -> dict[str, Shape]:
    """What is kept for a weight of this shape and not trained, by name.

    The largest singular value is that of a matrix, whose rows are along one axis of the weight and whose columns are
    along all others. It is found by the power iteration, which starts from where it ended the last time.
    """
    if parametrisation != "spectral_norm":
        return {}
    columns = prod(size for axis, size in enumerate(weight) if axis != rows)
    return {
        "parametrizations.weight.0._u": Shape.of(weight[rows]),
        "parametrizations.weight.0._v": Shape.of(columns),
    }
