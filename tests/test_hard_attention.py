"""Hard attention: what is chosen, how often it is drawn, and what learns from it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from archspec.ops.soft_attention import HardAttention, SoftAttention
from tests.single_head import built, each_score, flags, random, scored


@each_score
def test_in_evaluation_the_highest_score_is_chosen(setting: dict[str, Any]) -> None:
    query, key, value = random(5, 3, 6), random(5, 4, 6), random(5, 4, 2)
    hard, soft = (built(kind(**setting), query, key, value) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    found, weights = hard(query, key, value)
    for example in range(5):
        for place in range(3):
            scores = [scored(setting, hard, query[example, place], each) for each in key[example]]
            chosen = scores.index(max(scores))
            assert weights[example, place].tolist() == [float(position == chosen) for position in range(4)]
            assert found[example, place].equal(value[example, chosen])


@each_score
def test_in_training_positions_are_drawn_as_often_as_the_softmax_says(setting: dict[str, Any]) -> None:
    draws = 20_000
    query, key = random(1, 1, 6), random(1, 4, 6)
    hard, soft = (built(kind(**setting), query, key) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    probability = soft(query, key)[1][0, 0]
    torch.manual_seed(1)
    found, weights = hard.train()(query.expand(1, draws, 6), key)
    assert ((weights == 0) | (weights == 1)).all()
    assert (weights.sum(dim=-1) == 1).all()
    assert found[0].equal(key[0][weights[0].argmax(dim=-1)])
    # Four standard deviations.
    bound = 4 * (probability * (1 - probability) / draws).sqrt()
    assert ((weights[0].mean(dim=0) - probability).abs() < bound).all()


def test_what_is_drawn_may_be_seen() -> None:
    query, key = random(1, 500, 6), random(1, 4, 6)
    module = built(HardAttention(), query, key).train()
    _, weights = module(query, key, mask=flags([[0, 1, 0, 1]]))
    assert weights.sum(dim=1).tolist()[0][::2] == [0, 0]
    assert weights.sum().item() == 500


@each_score
@pytest.mark.parametrize("is_training", [True, False])
def test_the_gradient_of_a_choice_is_that_of_the_softmax(setting: dict[str, Any], is_training: bool) -> None:
    query, key, value = random(2, 3, 6), random(2, 4, 6), random(2, 4, 5)
    hard, soft = (built(kind(**setting), query, key, value) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    upstream, other = random(2, 3, 5), random(2, 3, 4)
    query.requires_grad_()
    context, weights = hard.train(is_training)(query, key, value)
    sources = [query, *hard.parameters()]
    found = torch.autograd.grad((context * upstream).sum() + (weights * other).sum(), sources)
    # The weights of the softmax, as if the values had been summed with these.
    context, weights = soft(query, key, value)
    sources = [query, *soft.parameters()]
    expected = torch.autograd.grad((context * upstream).sum() + (weights * other).sum(), sources)
    torch.testing.assert_close(found, expected)


def test_the_values_of_a_choice_learn_from_it_alone() -> None:
    query, key, value = random(1, 6), random(1, 4, 6), random(1, 4, 5).requires_grad_()
    context, weights = built(HardAttention(), query, key, value)(query, key, value)
    torch.autograd.backward(context.sum())
    assert value.grad is not None
    assert value.grad[0].equal(weights[0, :, None].expand(4, 5))
