"""Attention of a single head by hand: its equations, written out position by position."""

from __future__ import annotations

from math import exp, sqrt, tanh
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from archspec.op import Op
from archspec.ops.soft_attention import HardAttention, SoftAttention
from archspec.shape import Element, Shape
from archspec.size import Size
from tests.lowered import module_of

SCORES: Final[tuple[dict[str, Any], ...]] = (
    {"score": "scaled_dot"},
    {"score": "dot"},
    {"score": "additive", "hidden": 3},
    {"score": "bilinear"},
)

each_score: Final = pytest.mark.parametrize("setting", SCORES, ids=lambda setting: setting["score"])

each_kind: Final = pytest.mark.parametrize("kind", [SoftAttention, HardAttention])


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)), dtype=torch.double)


def flags(rows: list[Any]) -> Tensor:
    return torch.tensor(rows, dtype=torch.bool)


def mask_of(*sizes: Size) -> Shape:
    return Shape(sizes, Element.BOOL)


def built(op: Op, *inputs: Tensor) -> nn.Module:
    """The module of an op, for numbers of many digits."""
    torch.manual_seed(3)
    return module_of(op, *inputs).double().eval()


def scored(setting: dict[str, Any], module: nn.Module, query: Tensor, key: Tensor) -> float:
    """How well one query fits one key, by the equations of the papers."""
    weights = dict(module.named_parameters())
    q, k = query.tolist(), key.tolist()
    if setting["score"] in ("dot", "scaled_dot"):
        product: float = sum(one * other for one, other in zip(q, k, strict=True))
        return product / sqrt(len(q)) if setting["score"] == "scaled_dot" else product
    if setting["score"] == "bilinear":
        matrix = weights["query.weight"].tolist()
        rows, columns = range(len(k)), range(len(q))
        return float(sum(k[row] * matrix[row][column] * q[column] for row in rows for column in columns))
    total = 0.0
    for unit, amount in enumerate(weights["score.weight"][0].tolist()):
        from_query = sum(one * other for one, other in zip(weights["query.weight"][unit].tolist(), q, strict=True))
        from_key = sum(one * other for one, other in zip(weights["key.weight"][unit].tolist(), k, strict=True))
        total += amount * tanh(from_query + from_key)
    return total


def attended(
    setting: dict[str, Any], module: nn.Module, query: Tensor, key: Tensor, value: Tensor, seen: list[bool]
) -> tuple[Tensor, Tensor]:
    """What one query finds, and its weights."""
    scores = [scored(setting, module, query, each) for each in key]
    powers = [exp(score) if is_seen else 0.0 for score, is_seen in zip(scores, seen, strict=True)]
    weights = torch.tensor([power / sum(powers) if sum(powers) else 0.0 for power in powers], dtype=torch.double)
    context = torch.zeros(value.shape[1], dtype=torch.double)
    for weight, each in zip(weights, value, strict=True):
        context = context + weight * each
    return context, weights
