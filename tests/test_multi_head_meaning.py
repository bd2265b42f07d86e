"""Multi-head attention: what masks, windows, positions and dropout mean."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
import torch
from torch import nn

from archspec.ops.attention import Attention
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.lower import lower
from tests.lowered import built, call_of, shape_of
from tests.multi_head import BATCH, FEATURES, QUERIES, module_for, random

pytestmark = pytest.mark.usefixtures("steady")

B, T = map(named, "BT")


@pytest.mark.parametrize("form", [{}, {"window": 2}, {"positions": "alibi"}, {"kv_heads": 1, "positions": "rotary"}])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_query_that_sees_nothing_finds_zeros(form: dict[str, Any], dropout: float) -> None:
    x, mask = random(BATCH, QUERIES, FEATURES).requires_grad_(), torch.ones(BATCH, QUERIES, QUERIES).bool()
    mask[0, 3] = mask[1] = False
    module = module_for(Attention(heads=2, dropout=dropout, **form), x, mask)
    output = module(x, mask=mask)
    nothing = module.get_parameter("out_proj.bias")
    assert output[0, 3].equal(nothing)
    assert output[1].equal(nothing.expand_as(output[1]))
    assert not output[0, 2].equal(nothing)
    output.square().sum().backward()
    assert x.grad is not None
    assert x.grad[1].count_nonzero() == 0
    for gradient in (x.grad, *(each.grad for each in module.parameters())):
        assert gradient is not None
        assert gradient.isfinite().all()


@pytest.mark.parametrize("form", [{}, {"causal": True}, {"window": 3}, {"positions": "relative"}, {"kv_heads": 1}])
def test_what_is_masked_does_not_matter(form: dict[str, Any]) -> None:
    x, mask = random(1, QUERIES, FEATURES), torch.tensor([[True, True, True, False, False]])
    module = module_for(Attention(heads=2, **form), x, mask)
    changed = x.clone()
    changed[:, 3:] = 9
    assert module(x, mask=mask)[:, :3].equal(module(changed, mask=mask)[:, :3])
    assert not module(x, mask=~mask)[:, 3:].equal(module(changed, mask=~mask)[:, 3:])


def test_a_causal_window_is_the_last_positions() -> None:
    x = random(1, 8, FEATURES)
    module = module_for(Attention(heads=2, causal=True, window=3), x)
    for changed, affected in ((0, {0, 1, 2}), (4, {4, 5, 6}), (7, {7})):
        other = x.clone()
        other[0, changed] += 1
        differs = (module(x) != module(other)).any(dim=2)[0]
        assert {position for position in range(8) if differs[position]} == affected


@pytest.mark.parametrize("positions", ["rotary", "alibi", "relative"])
def test_only_distances_matter(positions: Any) -> None:
    x, later = random(1, 4, FEATURES), random(1, 7, FEATURES)
    module = module_for(Attention(heads=2, positions=positions), x, torch.ones(1, 4).bool())
    later[:, 3:] = x
    mask = torch.tensor([[False] * 3 + [True] * 4])
    shifted = module(later, mask=mask)[:, 3:]
    torch.testing.assert_close(shifted, module(x), rtol=1e-10, atol=1e-10)
    assert not torch.allclose(module(x.roll(1, 1)), module(x).roll(1, 1))


@pytest.mark.parametrize("form", [{}, {"window": 3}, {"kv_heads": 1}, {"positions": "alibi"}])
def test_dropout_acts_in_training_only(form: dict[str, Any]) -> None:
    x, mask = random(BATCH, QUERIES, FEATURES), torch.ones(BATCH, QUERIES).bool()
    module = module_for(Attention(heads=2, dropout=0.5, **form), x, mask)
    assert not module(x, mask=mask).equal(module(x, mask=mask))
    module.eval()
    assert module(x, mask=mask).equal(module(x, mask=mask))


def test_weights_start_as_those_of_torch() -> None:
    x = torch.zeros(1, 2, 128)
    theirs = nn.MultiheadAttention(128, 4)
    for form in ({"positions": "rotary"}, {"window": 3}, {"positions": "relative"}):
        ours = built(call_of(Attention.model_validate({"heads": 4, **form}), shape_of(x)))
        for name, parameter in theirs.named_parameters():
            mine = ours.get_parameter(name)
            assert mine.shape == parameter.shape
            assert mine.std().item() == pytest.approx(parameter.std().item(), rel=0.05, abs=1e-9), name
    # That of Glorot and Bengio, for the features of a part.
    grouped = built(call_of(Attention(heads=4, kv_heads=1, positions="relative"), shape_of(x)))
    for name, sizes in (("q", 128 + 128), ("k", 128 + 32), ("v", 128 + 32)):
        weight = grouped.get_parameter(f"{name}_proj_weight")
        assert weight.std().item() == pytest.approx(sqrt(2 / sizes), rel=0.05)
    assert not grouped.get_parameter("distances.bias").any()
    assert not grouped.get_parameter("in_proj_bias").any()


def test_positions_keep_the_precision_of_their_input() -> None:
    x = torch.randn(1, 600, 16)
    for positions in ("rotary", "alibi", "relative"):
        op = Attention.model_validate({"heads": 2, "positions": positions, "causal": True, "window": 500})
        module = built(call_of(op, shape_of(x)))
        expected, found = module(x), module.bfloat16()(x.bfloat16())
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.02)


def test_as_many_heads_of_keys_as_of_queries_are_plain_attention() -> None:
    x = Shape.of(B, T, 8)
    assert lower(Attention(heads=4, kv_heads=4), x) == lower(Attention(heads=4), x)
    assert Attention(heads=4, kv_heads=4).weights(x) == Attention(heads=4).weights(x)
