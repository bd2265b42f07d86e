"""Pointers: distributions over the positions of a sequence."""

from __future__ import annotations

from math import exp

import pytest
import torch
from torch import nn

from archspec.ops.soft_attention import Pointer
from tests.lowered import result
from tests.single_head import built, flags, random, scored


def test_a_pointer_is_a_distribution_over_positions() -> None:
    query, key = random(2, 3, 6), random(2, 4, 5)
    module = built(Pointer(hidden=3), query, key)
    found = module(query, key)
    additive = {"score": "additive"}
    for example in range(2):
        for place in range(3):
            powers = [exp(scored(additive, module, query[example, place], each)) for each in key[example]]
            assert found[example, place].tolist() == pytest.approx([power / sum(powers) for power in powers])
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(2, 3, dtype=torch.double))
    torch.testing.assert_close(module(query[:, 2], key), found[:, 2])


@pytest.mark.parametrize("axes", [2, 3])
def test_a_pointer_gives_logarithms_that_are_trained_with(axes: int) -> None:
    query, key = random(2, 3, 6), random(2, 4, 5)
    mask = flags([[1, 1, 0, 1], [0, 0, 0, 0]])
    mask = mask if axes == 2 else mask[:, None].expand(2, 3, 4)
    plain, log = built(Pointer(hidden=3), query, key), built(Pointer(hidden=3, log=True), query, key)
    log.load_state_dict(plain.state_dict())
    probabilities, logarithms = plain(query, key, mask), log(query, key, mask)
    torch.testing.assert_close(probabilities, logarithms.exp())
    assert not probabilities[0, :, 2].any()
    assert not probabilities[1].any()
    assert (logarithms[1] == -torch.inf).all()
    # As logits they mean the same: the cross entropy is that of the probabilities.
    target = torch.tensor([0, 3, 1])
    loss = nn.functional.cross_entropy(logarithms[0], target)
    assert loss.item() == pytest.approx(-probabilities[0][range(3), target].log().mean().item())
    torch.autograd.backward(loss)
    assert all(each.grad is not None and each.grad.isfinite().all() for each in log.parameters())


def test_a_pointer_to_one_position_is_sure() -> None:
    assert result(Pointer(hidden=2), torch.randn(3, 4), torch.randn(3, 1, 5)).tolist() == [[1], [1], [1]]
