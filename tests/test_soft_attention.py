"""Soft attention: its numbers are those of its formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from archspec.ops.soft_attention import HardAttention, ScoredAttention, SoftAttention
from archspec.shape import Shape
from archspec.size import named
from tests.lowered import call_of, module_of, results
from tests.single_head import attended, built, each_kind, each_score, flags, random

B, D, T = map(named, "BDT")


def features_of_key(setting: dict[str, Any]) -> int:
    return 6 if "dot" in setting["score"] else 5


@each_score
def test_one_query_is_compared_with_each_key(setting: dict[str, Any]) -> None:
    query, key = random(2, 6), random(2, 4, features_of_key(setting))
    module = built(SoftAttention(**setting), query, key)
    found, weights = module(query, key)
    for example in range(2):
        seen = [True] * 4
        expected = attended(setting, module, query[example], key[example], key[example], seen)
        torch.testing.assert_close((found[example], weights[example]), expected)


@each_score
def test_each_of_many_queries_finds_values_of_their_own_width(setting: dict[str, Any]) -> None:
    query, key, value = random(2, 3, 6), random(2, 4, features_of_key(setting)), random(2, 4, 7)
    module = built(SoftAttention(**setting), query, key, value)
    found, weights = module(query, key, value)
    assert found.shape == (2, 3, 7)
    for example in range(2):
        for place in range(3):
            seen = [True] * 4
            expected = attended(setting, module, query[example, place], key[example], value[example], seen)
            torch.testing.assert_close((found[example, place], weights[example, place]), expected)
    torch.testing.assert_close(module(query[:, 1], key, value), (found[:, 1], weights[:, 1]))


@each_score
@pytest.mark.parametrize("has_value", [True, False])
def test_a_mask_says_what_may_be_seen(setting: dict[str, Any], has_value: bool) -> None:
    query, key = random(2, 3, 6), random(2, 4, features_of_key(setting))
    value = random(2, 4, 7) if has_value else key
    module = built(SoftAttention(**setting), query, key, value)
    by_example = flags([[1, 1, 0, 1], [0, 0, 1, 0]])
    by_query = flags([[[1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]], [[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]]])
    for mask in (by_example, by_query):
        given = (query, key, value) if has_value else (query, key)
        found, weights = module(*given, mask=mask)
        for example in range(2):
            for place in range(3):
                seen = (mask[example] if mask.dim() == 2 else mask[example, place]).tolist()
                expected = attended(setting, module, query[example, place], key[example], value[example], seen)
                torch.testing.assert_close((found[example, place], weights[example, place]), expected)
    torch.testing.assert_close(
        module(query[:, 0], key, value, by_example)[0], module(query, key, value, by_example)[0][:, 0]
    )


@each_kind
@each_score
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_a_query_that_may_see_nothing_finds_zeros(
    kind: type[ScoredAttention], setting: dict[str, Any], dtype: torch.dtype
) -> None:
    query, key = random(2, 6).requires_grad_(), random(2, 4, 6).requires_grad_()
    module = built(kind(**setting), query, key).to(dtype)
    mask = flags([[0, 0, 0, 0], [0, 1, 0, 0]])
    for is_training in (True, False):
        found, weights = module.train(is_training)(query.to(dtype), key.to(dtype), mask=mask)
        assert not found[0].any()
        assert not weights[0].any()
        assert weights[1].tolist() == [0, 1, 0, 0]
        assert found[1].equal(key[1, 1].to(dtype))
        torch.autograd.backward(found.sum() + weights.square().sum())
    for tensor in (query, key, *module.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
    assert key.grad is not None
    assert not key.grad[0].any()


def test_large_scores_do_no_harm() -> None:
    query, key = torch.full((1, 4), 1e4), torch.full((1, 3, 4), 1e4) * torch.tensor([1.0, -1.0, 0.5])[:, None]
    for op in (SoftAttention(score="dot"), HardAttention(score="dot")):
        _, weights = results(op, query, key)
        assert weights.tolist() == [[1, 0, 0]]


def test_weights_start_as_those_of_torch() -> None:
    torch.manual_seed(0)
    op, query, key = SoftAttention(score="additive", hidden=400), torch.zeros(1, 100), torch.zeros(1, 1, 25)
    module = module_of(op, query, key)
    for name, bound in {"query.weight": 0.1, "key.weight": 0.2, "score.weight": 0.05}.items():
        assert module.get_parameter(name).abs().max().item() == pytest.approx(bound, rel=0.02), name
    assert str(call_of(SoftAttention(), Shape.of(B, D), Shape.of(B, T, D))) == "DotAttention()"
    assert str(call_of(op, Shape.of(B, 8), Shape.of(B, T, 6))) == "AdditiveAttention(8, 6, 400)"
