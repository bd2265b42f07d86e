"""What ops say is true of them, by which advice knows them: each trait holds in PyTorch, and of no op that lacks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
import torch
from torch import Tensor, nn

from archspec.op import Example, Family, Op, Trait
from archspec.ops import OPS
from archspec.passes.advice.choice import NEEDS
from tests.lowered import as_tuple, runnable, zeros

KINDS: Final = tuple(OPS[name] for name in OPS)


def examples(family: Family) -> pytest.MarkDecorator:
    found = [each for kind in KINDS if kind.family is family for each in kind.examples()]
    return pytest.mark.parametrize("example", found, ids=lambda example: str(example.op))


def kinds(family: Family) -> pytest.MarkDecorator:
    found = [kind for kind in KINDS if kind.family is family]
    return pytest.mark.parametrize("kind", found, ids=lambda kind: kind.name)


def run(example: Example, is_training: bool = False) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """An input that has all kinds of numbers, and what the op makes of it."""
    torch.manual_seed(0)
    (shape,) = example.inputs
    found = runnable(example.op, shape)
    if isinstance(found, nn.Module):
        found.train(is_training)
    return 4 * torch.randn(zeros(shape, "cpu").shape), lambda x: as_tuple(found(x))[0].detach()


def alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-3)


@examples(Family.ACTIVATION)
def test_what_is_idempotent_leaves_what_it_gives(example: Example) -> None:
    x, op = run(example)
    x = x.abs() + 100 if _has_limits(example.op) else x
    is_idempotent = op(x).shape == x.shape and alike(op(op(x)), op(x)) and alike(op(op(-x)), op(-x))
    assert is_idempotent == (Trait.IDEMPOTENT in example.op.traits) or _is_choice(example.op)


def _has_limits(op: Op) -> bool:
    return op.name == "threshold"


def _is_choice(op: Op) -> bool:
    return getattr(op, "hard", False)


@examples(Family.ACTIVATION)
def test_what_makes_shares_adds_up_to_one_along_its_axis(example: Example) -> None:
    x, op = run(example)
    sums = [each.sum(getattr(example.op, "axis", -1)) for each in (op(x), op(x).exp())]
    assert any(alike(each, torch.ones_like(each)) for each in sums) == (Trait.SHARES in example.op.traits)


@examples(Family.ACTIVATION)
def test_probabilities_lie_between_nothing_and_one(example: Example) -> None:
    x, op = run(example)
    y = torch.cat([op(10 * x), op(x)])
    are = bool((y >= 0).all() and (y <= 1).all() and y.max() > 0.5)
    # A random choice is made by shares, too, but nobody takes it for what a classifier says.
    assert are == (Trait.PROBABILITIES in example.op.traits) or example.op.name == "gumbel_softmax"


@kinds(Family.NORMALISATION)
def test_what_is_centred_takes_away_what_is_added_to_a_channel(kind: type[Op]) -> None:
    assert all(map(_is_centred, kind.examples())) == (Trait.CENTRED in kind.traits)


def _is_centred(example: Example) -> bool:
    x, op = run(example, is_training=True)
    added = torch.arange(1.0, x.shape[1] + 1).view(1, -1, *(1 for _ in x.shape[2:])) if x.dim() > 1 else torch.ones(())
    return alike(op(x + added), op(x))


@examples(Family.NORMALISATION)
def test_what_is_standardised_has_a_mean_square_of_one(example: Example) -> None:
    x, op = run(example, is_training=True)
    assert (abs(op(x).square().mean() - 1) < 0.05).item() == (Trait.STANDARDISED in example.op.traits)


@examples(Family.REGULARISATION)
def test_what_is_dropped_makes_the_variance_larger_in_training(example: Example) -> None:
    if Trait.DROPPED in example.op.traits:
        x, op = run(example, is_training=True)
        x = torch.ones(100, *x.shape[1:])
        assert op(x).var() > 0.05
        assert hasattr(example.op, "rate")
    x, op = run(example)
    assert alike(op(x), x)


@kinds(Family.RESHAPING)
def test_what_is_cut_has_the_numbers_of_its_input(kind: type[Op]) -> None:
    if Trait.CUT not in kind.traits:
        return
    for example in kind.examples():
        torch.manual_seed(0)
        x = torch.randn(zeros(example.inputs[0], "cpu").shape)
        parts = as_tuple(runnable(example.op, *example.inputs)(x))
        assert torch.equal(torch.cat([each.flatten() for each in parts]).sort().values, x.flatten().sort().values)


def test_each_trait_is_one_of_some_op_and_serves_some_advice() -> None:
    assert {trait for kind in KINDS for trait in kind.traits} == set(Trait)
    asked = {each for needs in NEEDS.values() for each in needs}
    assert set(Trait) - asked == {Trait.IDEMPOTENT, Trait.BETWEEN_LAYERS, Trait.CUT}
