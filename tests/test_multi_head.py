"""Multi-head attention in all its forms: its numbers are those of its formula."""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import Any, Final, cast

import pytest
import torch
from torch import Tensor

from archspec.ops.attention import Attention
from archspec.size import named
from tests.multi_head import BATCH, FEATURES, KEYS, QUERIES, applied, flags, module_for, random

pytestmark = pytest.mark.usefixtures("steady")

T = named("T")

SLOPES: Final = {1: [1 / 256], 2: [1 / 16, 1 / 256], 3: [1 / 16, 1 / 256, 1 / 4], 4: [1 / 4, 1 / 16, 1 / 64, 1 / 256]}
"""What the paper gives to each head, by how many heads there are."""


def turned(vectors: Tensor, base: float) -> Tensor:
    """Each vector of `[time, features]` with its pairs of features as complex numbers, which are turned."""
    features = vectors.shape[1]
    pairs = torch.view_as_complex(vectors.reshape(len(vectors), features // 2, 2).contiguous())
    angles = [[t / base ** (2 * i / features) for i in range(features // 2)] for t in range(len(vectors))]
    turns = torch.exp(1j * torch.tensor(angles, dtype=torch.float64))
    return torch.view_as_real(pairs * turns).reshape(vectors.shape)


def may_see(op: Attention, mask: Tensor | None, place: tuple[int, int, int, int]) -> bool:
    """Whether a query sees a key, the place being an example, a head, a query and a key."""
    example, _, t, s = place
    if mask is not None:
        by_rank = {2: (example, s), 3: (example, t, s), 4: place}[mask.ndim]
        # An axis of size 1 is repeated.
        if not mask[tuple(at % size for at, size in zip(by_rank, mask.shape, strict=True))]:
            return False
    is_near = op.window is None or abs(t - s) < op.window
    return is_near and not (op.causal and s > t)


def positional(op: Attention, weights: dict[str, Tensor], head: int, t: int, s: int) -> float:
    """What positions add to a score."""
    if op.positions == "alibi":
        return -SLOPES[op.heads][head] * abs(t - s)
    if op.positions == "relative":
        table = weights["distances.bias"][head]
        distance = max(-op.max_distance, min(op.max_distance, t - s))
        return table[distance if op.causal else distance + op.max_distance].item()
    return 0.0


def by_formula(op: Attention, weights: dict[str, Tensor], inputs: tuple[Tensor, ...], mask: Tensor | None) -> Tensor:
    """Attention by its formula, one score after the other."""
    query, key, value = (*inputs, *inputs[-1:] * 2)[:3]
    kv_heads = op.kv_heads or op.heads
    width = cast(int, op.head_features or query.shape[2] // op.heads)
    value_width = cast(int, op.head_value_features or width)
    widths = [op.heads * width, kv_heads * width, kv_heads * value_width]
    if "in_proj_weight" in weights:
        projections = torch.split(weights["in_proj_weight"], widths)
    else:
        projections = tuple(weights[f"{name}_proj_weight"] for name in "qkv")
    biases = torch.split(weights["in_proj_bias"], widths) if op.bias else (torch.zeros(1),) * 3
    q, k, v = (x @ weight.T + bias for x, weight, bias in zip((query, key, value), projections, biases, strict=True))
    found = torch.zeros(len(query), query.shape[1], op.heads * value_width, dtype=torch.float64)
    for example, head in product(range(len(query)), range(op.heads)):
        shared = head * kv_heads // op.heads
        own_q = q[example][:, head * width : (head + 1) * width]
        own_k = k[example][:, shared * width : (shared + 1) * width]
        own_v = v[example][:, shared * value_width : (shared + 1) * value_width]
        if op.positions == "rotary":
            own_q, own_k = turned(own_q, op.rotary_base), turned(own_k, op.rotary_base)
        for t in range(query.shape[1]):
            seen = [s for s in range(key.shape[1]) if may_see(op, mask, (example, head, t, s))]
            scores = {s: own_q[t] @ own_k[s] / sqrt(width) + positional(op, weights, head, t, s) for s in seen}
            total = sum(score.exp() for score in scores.values())
            for s, score in scores.items():
                found[example, t, head * value_width : (head + 1) * value_width] += score.exp() / total * own_v[s]
    output = found @ weights["out_proj.weight"].T
    return output + weights["out_proj.bias"] if op.bias else output


FORMS: Final[list[dict[str, Any]]] = [
    {"heads": 3},
    {"heads": 2, "causal": True, "bias": False},
    {"heads": 4, "kv_heads": 2},
    {"heads": 4, "kv_heads": 1, "bias": False, "causal": True},
    {"heads": 2, "window": 1},
    {"heads": 2, "window": 3, "causal": True},
    {"heads": 2, "positions": "rotary"},
    {"heads": 4, "positions": "rotary", "rotary_base": 7.0, "kv_heads": 2, "head_features": 6, "causal": True},
    {"heads": 4, "positions": "alibi", "causal": True},
    {"heads": 3, "positions": "alibi", "kv_heads": 1, "window": 4},
    {"heads": 2, "positions": "relative", "max_distance": 2},
    {"heads": 2, "positions": "relative", "max_distance": 3, "causal": True, "kv_heads": 1},
    {"heads": 3, "head_value_features": 5},
    {"heads": 4, "head_features": 5, "head_value_features": 2, "kv_heads": 2, "features": 7, "positions": "alibi"},
    {"heads": 2, "features": 9, "window": 2},
]

each_form: Final = pytest.mark.parametrize("form", FORMS, ids=lambda form: str(Attention(**form)))


def sources(kind: str) -> tuple[Tensor, ...]:
    """A sequence that is compared with itself, with a memory, or with keys for values."""
    x, memory = random(BATCH, QUERIES, FEATURES), random(BATCH, KEYS, 8)
    return {"self": (x,), "memory": (x, memory), "content": (x, memory, random(BATCH, KEYS, 10))}[kind]


def masks(kind: str, heads: int, keys: int) -> Tensor | None:
    match kind:
        case "padding":
            return flags(BATCH, keys)
        case "pairs":
            return flags(BATCH, QUERIES, keys)
        case "same pairs":
            return flags(1, QUERIES, keys)
        case "heads":
            return flags(BATCH, heads, QUERIES, keys)
        case _:
            return None


@each_form
@pytest.mark.parametrize("kind", ["self", "memory", "content"])
@pytest.mark.parametrize("mask_kind", ["none", "padding", "pairs", "same pairs", "heads"])
def test_attention_is_its_formula(form: dict[str, Any], kind: str, mask_kind: str) -> None:
    op, inputs = Attention(**form), sources(kind)
    mask = masks(mask_kind, op.heads, inputs[-1].shape[1])
    module = module_for(op, *inputs, *(() if mask is None else (mask,)))
    expected = by_formula(op, dict(module.named_parameters()), inputs, mask)
    torch.testing.assert_close(applied(module, inputs, mask), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "sizes", [(1, KEYS), (BATCH, 1), (1, 1, KEYS), (BATCH, QUERIES, 1), (1, 3, 1, KEYS), (1, 1, 1, 1)]
)
@pytest.mark.parametrize("causal", [True, False])
def test_an_axis_of_size_1_of_a_mask_is_repeated(sizes: tuple[int, ...], causal: bool) -> None:
    op, inputs, mask = Attention(heads=3, causal=causal), sources("memory"), flags(*sizes)
    module = module_for(op, *inputs, mask)
    expected = by_formula(op, dict(module.named_parameters()), inputs, mask)
    torch.testing.assert_close(applied(module, inputs, mask), expected, rtol=1e-10, atol=1e-10)
