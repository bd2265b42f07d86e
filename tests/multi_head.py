"""Multi-head attention: random inputs and masks, and modules with random weights."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

import archspec
from archspec.op import Op
from archspec.shape import Element, Shape
from archspec.size import Size
from tests.lowered import built, call_of, shape_of

BATCH: Final = 2

QUERIES: Final = 5

KEYS: Final = 6

FEATURES: Final = 12


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, dtype=torch.float64)


def flags(*sizes: int, share: float = 0.6) -> Tensor:
    """A mask at random."""
    return torch.rand(*sizes) < share


def mask_of(*sizes: Size) -> Shape:
    return Shape.of(*sizes, element=Element.BOOL)


def module_for(op: Op, *inputs: Tensor) -> nn.Module:
    """What the op is lowered to, with random weights, its biases included, which start at zero."""
    module = built(call_of(op, *map(shape_of, inputs))).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    return module


def applied(module: nn.Module, inputs: tuple[Tensor, ...], mask: Tensor | None) -> Tensor:
    output = module(*inputs) if mask is None else module(*inputs, mask=mask)
    assert isinstance(output, Tensor)
    return output


def compiled(model: archspec.Model) -> nn.Module:
    module = model.compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()
