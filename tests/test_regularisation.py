"""Noise: its distribution in training, and that nothing of it is left in evaluation."""

from __future__ import annotations

from math import exp, inf, sqrt
from typing import Final

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

import archspec
from archspec.op import Family, Op, ShapeError
from archspec.ops import OPS
from archspec.ops.alpha_dropout import AlphaDropout, FeatureAlphaDropout
from archspec.ops.dropout import ChannelDropout, Dropout, StochasticDepth
from archspec.ops.noise import GaussianDropout, GaussianNoise
from archspec.ops.smooth_rectifier import Selu
from archspec.shape import Shape
from archspec.size import named
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import call_of, module_of, random_uses, result
from tests.random_uses import uses

B = named("B")
KINDS: Final = [op for op in OPS.values() if op.family is Family.REGULARISATION]

EVERY: list[Op] = [
    Dropout(rate=0.3),
    ChannelDropout(rate=0.3),
    AlphaDropout(rate=0.3),
    FeatureAlphaDropout(rate=0.3),
    StochasticDepth(rate=0.3),
    StochasticDepth(rate=0.3, mode="batch"),
    GaussianNoise(std=0.3),
    GaussianDropout(rate=0.3),
]
LOW = -1.7580993408473766
"""What `selu` tends to: minus the product of its two factors, 1.0507009873554805 and 1.6732632423543772."""


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)))


def near_rate(flags: Tensor, rate: float) -> bool:
    """Whether as many flags hold as should, within five standard deviations of their share."""
    return abs(flags.double().mean().item() - rate) <= 5 * sqrt(rate * (1 - rate) / flags.numel())


def test_each_is_tested_here() -> None:
    assert {type(op) for op in EVERY} == set(KINDS)


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_evaluation_leaves_everything_as_it_is(op: Op) -> None:
    torch.manual_seed(0)
    x = random(6, 5, 4)
    module = module_of(op, x)
    assert not all(module(x).equal(module(x)) for _ in range(20))
    assert module.eval()(x).equal(x)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_without_noise_training_leaves_everything_as_it_is(kind: type[Op]) -> None:
    op = kind.model_validate({"std" if kind is GaussianNoise else "rate": 0.0})
    x = random(6, 5, 4)
    torch.testing.assert_close(result(op, x), x)


@pytest.mark.parametrize(
    "op",
    [Dropout, ChannelDropout, AlphaDropout, FeatureAlphaDropout, StochasticDepth],
    ids=lambda kind: kind.name,
)
def test_a_rate_of_one_leaves_nothing(op: type[Op]) -> None:
    assert result(op.model_validate({"rate": 1.0}), random(6, 5, 4)).count_nonzero() == 0


@pytest.mark.parametrize("rate", [0.25, 0.5])
@pytest.mark.parametrize("space", [(7,), (3, 4), (2, 3, 2)])
def test_channel_dropout_drops_channels_as_a_whole(space: tuple[int, ...], rate: float) -> None:
    torch.manual_seed(0)
    x = random(100, 40, *space)
    dropped = result(ChannelDropout(rate=rate), x).flatten(2)
    is_zero = (dropped == 0).all(dim=2)
    assert near_rate(is_zero, rate)
    torch.testing.assert_close(dropped, torch.where(is_zero[:, :, None], 0.0, x.flatten(2) / (1 - rate)))
    # Each example and each channel is drawn for on its own.
    assert not is_zero.equal(is_zero[:1].expand_as(is_zero))
    assert not is_zero.equal(is_zero[:, :1].expand_as(is_zero))


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_is_its_formula(rate: float) -> None:
    torch.manual_seed(0)
    x = random(200, 100)
    assert result(Selu(), torch.tensor(-inf)).item() == pytest.approx(LOW)
    a = 1 / sqrt((1 - rate) * (1 + rate * LOW**2))
    b = -a * LOW * rate
    found = result(AlphaDropout(rate=rate), x)
    is_dropped = torch.isclose(found, torch.tensor(a * LOW + b))
    assert near_rate(is_dropped, rate)
    torch.testing.assert_close(found, torch.where(is_dropped, a * LOW + b, a * x + b))


@pytest.mark.parametrize("op", [AlphaDropout(rate=0.3), FeatureAlphaDropout(rate=0.3)], ids=str)
def test_alpha_dropout_keeps_the_mean_and_the_variance(op: Op) -> None:
    torch.manual_seed(0)
    found = result(op, random(400, 300))
    # The errors of both go down with the root of the count, which is 346.
    assert found.mean().item() == pytest.approx(0, abs=0.02)
    assert found.var().item() == pytest.approx(1, abs=0.03)


def test_feature_alpha_dropout_drops_channels_as_a_whole() -> None:
    torch.manual_seed(0)
    rate, x = 0.4, random(100, 40, 3, 2)
    a = 1 / sqrt((1 - rate) * (1 + rate * LOW**2))
    b = -a * LOW * rate
    found = result(FeatureAlphaDropout(rate=rate), x).flatten(2)
    is_dropped = torch.isclose(found, torch.tensor(a * LOW + b)).all(dim=2)
    assert near_rate(is_dropped, rate)
    torch.testing.assert_close(found, torch.where(is_dropped[:, :, None], a * LOW + b, a * x.flatten(2) + b))


@pytest.mark.parametrize("rate", [0.2, 0.75])
def test_stochastic_depth_leaves_out_examples_as_a_whole(rate: float) -> None:
    torch.manual_seed(0)
    x = random(5_000, 3, 2)
    found = result(StochasticDepth(rate=rate), x).flatten(1)
    is_zero = (found == 0).all(dim=1)
    assert near_rate(is_zero, rate)
    torch.testing.assert_close(found, torch.where(is_zero[:, None], 0.0, x.flatten(1) / (1 - rate)))


def test_stochastic_depth_of_batches_leaves_out_all_examples_or_none() -> None:
    torch.manual_seed(0)
    rate, x = 0.3, random(4, 3)
    module = module_of(StochasticDepth(rate=rate, mode="batch"), x)
    draws = torch.stack([module(x) for _ in range(2_000)])
    is_zero = (draws == 0).flatten(1).all(dim=1)
    assert near_rate(is_zero, rate)
    torch.testing.assert_close(draws, torch.where(is_zero[:, None, None], 0.0, x / (1 - rate)))


def test_gaussian_noise_is_added() -> None:
    torch.manual_seed(0)
    x = random(300, 200)
    noise = result(GaussianNoise(std=0.2), x) - x
    check_normal(noise / 0.2)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_gaussian_dropout_multiplies_with_the_variance_of_dropout(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.full((300, 200), 3.0)
    factor = result(GaussianDropout(rate=rate), x) / x
    check_normal((factor - 1) / sqrt(rate / (1 - rate)))
    dropped = result(Dropout(rate=rate), x) / x
    assert factor.var().item() == pytest.approx(dropped.var().item(), rel=0.05)


def check_normal(values: Tensor) -> None:
    """Values are normal: in their mean, their variance, and the share within one standard deviation and within two."""
    count = values.numel()
    assert values.mean().item() == pytest.approx(0, abs=5 / sqrt(count))
    assert values.var().item() == pytest.approx(1, abs=5 * sqrt(2 / count))
    for bound, share in ((1, 0.682689492), (2, 0.954499736)):
        assert near_rate(values.abs() < bound, share)


def test_a_left_out_body_leaves_its_shortcut() -> None:
    torch.manual_seed(0)
    text = "model Net { input x: [B, 4]\n residual { exp -> stochastic_depth(0.5) } }"
    x = random(1_000, 4)
    module = archspec.loads(text).compile()
    module.train()
    body = module(x) - x
    is_left_out = (body.abs() < 1e-6).all(dim=1)
    assert near_rate(is_left_out, 0.5)
    torch.testing.assert_close(body, torch.where(is_left_out[:, None], 0.0, 2 * x.exp()))
    module.eval()
    assert module(x)[0, 0].item() == pytest.approx(x[0, 0].item() + exp(x[0, 0].item()), rel=1e-6)


@pytest.mark.parametrize("op", EVERY, ids=str)
def test_noise_keeps_the_kind_of_its_input_and_can_be_exported(op: Op) -> None:
    x = random(6, 5, 4)
    module = module_of(op, x)
    for mode in (module.train(), module.eval()):
        torch.export.export(mode, (x,))
        assert mode(x.to(torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("op", "sizes", "source"),
    [
        (ChannelDropout(), (2, 3, 4), "nn.Dropout1d(0.5)"),
        (ChannelDropout(rate=0.1), (2, 3, 4, 4), "nn.Dropout2d(0.1)"),
        (ChannelDropout(rate=0.1), (2, 3, 4, 4, 4), "nn.Dropout3d(0.1)"),
        (AlphaDropout(), (2, 3), "nn.AlphaDropout(0.5)"),
        (FeatureAlphaDropout(), (2, 3), "nn.FeatureAlphaDropout(0.5)"),
        (StochasticDepth(rate=0.2), (2, 3), "StochasticDepth(0.2)"),
        (StochasticDepth(rate=0.2, mode="batch"), (2, 3), 'StochasticDepth(0.2, mode="batch")'),
        (GaussianNoise(std=0.1), (2, 3), "GaussianNoise(0.1)"),
        (GaussianDropout(), (2, 3), "GaussianDropout(0.5)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_always_says_the_rate(op: Op, sizes: tuple[int, ...], source: str) -> None:
    assert str(call_of(op, Shape(sizes).with_axis(0, B))) == source


@pytest.mark.parametrize(
    ("op", "sizes", "message", "setting"),
    [
        (ChannelDropout(), (2, 3), "needs 3 to 5 axes, but the input has 2", None),
        (ChannelDropout(), (2, 3, 4, 4, 4, 4), "needs 3 to 5 axes, but the input has 6", None),
        (FeatureAlphaDropout(), (2,), "needs at least 2 axes, but the input has 1", None),
        (StochasticDepth(rate=0.1), (), "needs an axis of examples, but the input has none", "mode"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_a_cure(op: Op, sizes: tuple[int, ...], message: str, setting: str | None) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(sizes))
    assert (refusal.value.message, refusal.value.setting) == (message, setting)
    assert refusal.value.help


def test_the_rate_may_stand_alone() -> None:
    text = "model Net { input x: [B, 8]\n dropout(0.1) -> stochastic_depth(0.2) -> gaussian_noise(0.1) }"
    graph = archspec.loads(text).graph
    assert [str(node.op) for node in graph.nodes] == ["dropout(0.1)", "stochastic_depth(0.2)", "gaussian_noise(0.1)"]


@random_uses
@given(st.data(), st.sampled_from(KINDS))
def test_refusals_are_those_of_torch(data: st.DataObject, kind: type[Op]) -> None:
    op, inputs = data.draw(uses(kind))
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)
