"""Activations and the softmax family: the numbers of their formulas, in training and in evaluation."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, pi, sqrt, tanh

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from archspec.op import Family, Op, ShapeError
from archspec.ops import OPS
from archspec.ops.gated import Glu
from archspec.ops.leaky_rectifier import Prelu, Rrelu
from archspec.ops.rectifier import Threshold
from archspec.ops.shrinking import Hardshrink, Softshrink, Tanhshrink
from archspec.ops.sigmoid import Hardtanh, LogSigmoid, Softsign
from archspec.ops.smooth_rectifier import Celu, Softplus
from archspec.ops.softmax import GumbelSoftmax, LogSoftmax, Softmax, Softmin
from archspec.shape import Shape
from archspec.size import Size, named
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import call_of, module_of, random_uses, result
from tests.random_uses import uses

T = named("T")


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)), dtype=torch.float64)


@pytest.mark.parametrize(
    ("op", "formula"),
    [
        (Softplus(beta=2.0), lambda x: log(1 + exp(2 * x)) / 2),
        (Softplus(beta=0.5, threshold=1.0), lambda x: x if x > 2 else 2 * log(1 + exp(x / 2))),
        (Celu(), lambda x: max(0, x) + min(0, exp(x) - 1)),
        (Celu(alpha=0.3), lambda x: max(0, x) + min(0, 0.3 * (exp(x / 0.3) - 1))),
        (Hardshrink(), lambda x: x if abs(x) > 0.5 else 0),
        (Hardshrink(threshold=2.0), lambda x: x if abs(x) > 2 else 0),
        (Softshrink(), lambda x: max(x - 0.5, 0) + min(x + 0.5, 0)),
        (Softshrink(threshold=2.0), lambda x: max(x - 2, 0) + min(x + 2, 0)),
        (Hardtanh(), lambda x: min(max(-1, x), 1)),
        (Hardtanh(low=-3.0, high=-0.5), lambda x: min(max(-3, x), -0.5)),
        (LogSigmoid(), lambda x: log(1 / (1 + exp(-x)))),
        (Softsign(), lambda x: x / (1 + abs(x))),
        (Tanhshrink(), lambda x: x - tanh(x)),
        (Threshold(threshold=-1.0, value=20.0), lambda x: x if x > -1 else 20),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
@pytest.mark.parametrize("is_training", [True, False])
def test_an_activation_is_its_formula(op: Op, formula: Callable[[float], float], is_training: bool) -> None:
    # The points include the bends of all of them.
    x = torch.linspace(-8, 8, 65, dtype=torch.float64)
    expected = torch.tensor([formula(value) for value in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(module_of(op, x).train(is_training)(x), expected, rtol=1e-9, atol=1e-9)


def test_what_stays_of_large_values() -> None:
    large = torch.tensor([-1e4, 1e4])
    assert result(LogSigmoid(), large).tolist() == [-1e4, 0]
    assert result(Softplus(), large).tolist() == [0, 1e4]
    assert result(Softmin(), large).tolist() == [1, 0]


@pytest.mark.parametrize("sizes", [(2, 3), (2, 3, 4), (2, 3, 4, 2), (2, 3, 2, 2, 2)])
def test_prelu_has_a_slope_for_each_channel(sizes: tuple[int, ...]) -> None:
    x = random(*sizes)
    module = module_of(Prelu(parameters=3), x).double()
    slopes = torch.tensor([0.5, 0.0, -2.0])
    module.load_state_dict({"weight": slopes})
    for channel, slope in enumerate(slopes.tolist()):
        values = x[:, channel]
        assert module(x)[:, channel].equal(torch.where(values >= 0, values, slope * values))


@pytest.mark.parametrize(("low", "high"), [(1 / 8, 1 / 3), (0.1, 0.9), (0.25, 0.25)])
def test_rrelu_draws_slopes_in_training_and_takes_the_middle_in_evaluation(low: float, high: float) -> None:
    torch.manual_seed(0)
    x = torch.cat((torch.full((10_000,), -1.0), torch.arange(3.0)))
    module = module_of(Rrelu(low=low, high=high), x)
    slopes, kept = module(x).neg()[:10_000], module(x)[10_000:]
    assert kept.tolist() == [0, 1, 2]
    assert low - 1e-6 <= slopes.min().item() <= slopes.max().item() <= high + 1e-6
    # A uniform variable has this standard deviation; the mean of many is that much closer, here within five of its own.
    deviation = (high - low) / sqrt(12)
    assert slopes.mean().item() == pytest.approx((low + high) / 2, abs=5 * deviation / 100 + 1e-6)
    assert slopes.std().item() == pytest.approx(deviation, rel=0.05, abs=1e-6)
    torch.testing.assert_close(module.eval()(x), torch.where(x >= 0, x, (low + high) / 2 * x))


@pytest.mark.parametrize(("axis", "sizes"), [(-1, (2, 3, 8)), (0, (4,)), (1, (2, 6, 3)), (-2, (2, 6, 3))])
def test_a_gated_linear_unit_is_its_first_half_gated_by_the_second(axis: int, sizes: tuple[int, ...]) -> None:
    x = random(*sizes)
    values = x.movedim(axis, 0)
    half = len(values) // 2
    expected = torch.stack([values[n] / (1 + (-values[half + n]).exp()) for n in range(half)]).movedim(0, axis)
    torch.testing.assert_close(result(Glu(axis=axis), x), expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmin_gives_the_least_the_largest_share(axis: int) -> None:
    x = random(2, 3, 4)
    shares = result(Softmin(axis=axis), x)
    torch.testing.assert_close(shares, (-x).exp() / (-x).exp().sum(dim=axis, keepdim=True))
    assert shares.argmax(axis).equal(x.argmin(axis))


SCORES = [0.3, -1.2, 2.0, 0.9]
SHARES = torch.tensor([exp(each) for each in SCORES]) / sum(map(exp, SCORES))


def scores(draws: int) -> Tensor:
    return torch.tensor(SCORES).repeat(draws, 1)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_gumbel_softmax_chooses_each_place_as_often_as_softmax_says(temperature: float, hard: bool) -> None:
    torch.manual_seed(0)
    draws = 20_000
    chosen = result(GumbelSoftmax(temperature=temperature, hard=hard), scores(draws)).argmax(dim=1)
    frequencies = chosen.bincount(minlength=4) / draws
    # Five standard deviations of a frequency.
    assert ((frequencies - SHARES).abs() < 5 * (SHARES * (1 - SHARES) / draws).sqrt()).all()


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_gumbel_softmax_is_a_softmax_of_scores_with_gumbel_noise(temperature: float) -> None:
    torch.manual_seed(0)
    draws = 20_000
    shares = result(GumbelSoftmax(temperature=temperature), scores(draws).double())
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(draws, dtype=torch.float64))
    # The difference of two Gumbel variables is logistic, with mean 0 and variance pi^2/3.
    noise = temperature * (shares[:, 0].log() - shares[:, 1].log()) - (SCORES[0] - SCORES[1])
    deviation = pi / sqrt(3)
    assert noise.mean().item() == pytest.approx(0, abs=5 * deviation / sqrt(draws))
    assert noise.std().item() == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gumbel_softmax_draws_nothing_in_evaluation(axis: int) -> None:
    x = random(3, 4, 5)
    raised = (x / 0.5).exp()
    expected = raised / raised.sum(dim=axis, keepdim=True)
    soft = module_of(GumbelSoftmax(temperature=0.5, axis=axis), x).eval()
    torch.testing.assert_close(soft(x), expected)
    hard = module_of(GumbelSoftmax(temperature=0.5, axis=axis, hard=True), x).eval()
    assert hard(x).equal((expected == expected.amax(dim=axis, keepdim=True)).double())


@pytest.mark.parametrize("is_training", [True, False])
def test_a_hard_choice_is_one_place_with_the_gradient_of_the_soft_one(is_training: bool) -> None:
    x, weights = random(6, 5), random(5, 6).T
    outputs, gradients = [], []
    for hard in (False, True):
        values = x.clone().requires_grad_()
        torch.manual_seed(0)
        outputs.append(module_of(GumbelSoftmax(hard=hard), x).train(is_training)(values))
        (outputs[-1] * weights).sum().backward()
        gradients.append(values.grad)
    soft, hard_output = outputs
    one_hot = (soft == soft.amax(dim=1, keepdim=True)).double()
    torch.testing.assert_close(hard_output, one_hot, rtol=0, atol=0 if not is_training else 1e-12)
    torch.testing.assert_close(gradients[1], gradients[0])
    assert gradients[0] is not None
    assert gradients[0].abs().sum() > 0


def test_gumbel_softmax_can_be_exported() -> None:
    x = torch.zeros(2, 4)
    for op in (GumbelSoftmax(), GumbelSoftmax(hard=True)):
        exported = torch.export.export(module_of(op, x).eval(), (x,)).module()
        torch.testing.assert_close(exported(x), module_of(op, x).eval()(x))
        torch.export.export(module_of(op, x).train(), (x,))


@pytest.mark.parametrize(
    ("op", "sizes", "source"),
    [
        (Softplus(), [2, 8], "nn.Softplus()"),
        (Softplus(beta=2.0, threshold=10.0), [2, 8], "nn.Softplus(beta=2.0, threshold=10.0)"),
        (Celu(alpha=0.5), [2, 8], "nn.CELU(alpha=0.5)"),
        (Glu(), [2, 8], "nn.GLU()"),
        (Glu(axis=1), [2, 8, 3], "nn.GLU(dim=1)"),
        (Hardshrink(threshold=0.2), [2, 8], "nn.Hardshrink(lambd=0.2)"),
        (Softshrink(), [2, 8], "nn.Softshrink()"),
        (Hardtanh(low=0.0), [2, 8], "nn.Hardtanh(min_val=0.0)"),
        (LogSigmoid(), [2, 8], "nn.LogSigmoid()"),
        (Rrelu(), [2, 8], "nn.RReLU()"),
        (Rrelu(low=0.2), [2, 8], "nn.RReLU(lower=0.2)"),
        (Threshold(threshold=0.1, value=20.0), [2, 8], "nn.Threshold(0.1, 20.0)"),
        (Softmin(axis=1), [2, 8], "nn.Softmin(dim=1)"),
        (GumbelSoftmax(hard=True), [2, 8], "GumbelSoftmax(hard=True)"),
        (GumbelSoftmax(temperature=0.5, axis=1), [2, 8], "GumbelSoftmax(temperature=0.5, dim=1)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_leaves_out_what_is_at_its_default(op: Op, sizes: list[int], source: str) -> None:
    assert str(call_of(op, Shape(tuple(sizes)))) == source


@pytest.mark.parametrize(
    ("op", "sizes", "message", "setting"),
    [
        (Glu(), [2, 7], "halves axis -1, but its size is odd: 7", "axis"),
        (Glu(axis=1), [2, 2 * T + 1, 8], "halves axis 1, but its size is odd: 2*T + 1", "axis"),
        (Glu(axis=2), [2, 8], "has no axis 2: the input has 2 axes", "axis"),
        (Hardtanh(low=2.0), [2, 8], "has a `low` of 2.0, which is not below its `high` of 1.0", "low"),
        (Hardtanh(low=1.0, high=1.0), [], "has a `low` of 1.0, which is not below its `high` of 1.0", "low"),
        (Rrelu(low=0.5, high=0.25), [2, 8], "draws slopes from 0.5 to 0.25, between which there are none", "low"),
        (Softmin(axis=2), [2, 3], "has no axis 2: the input has 2 axes", "axis"),
        (GumbelSoftmax(axis=-3), [2, 3], "has no axis -3: the input has 2 axes", "axis"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_name_the_setting_and_a_cure(op: Op, sizes: list[Size], message: str, setting: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert (refusal.value.message, refusal.value.setting) == (message, setting)
    assert refusal.value.help


def test_half_of_an_open_size_is_left() -> None:
    assert Glu().infer(Shape.of(2, T)) == Shape.of(2, T // 2)
    assert Glu().infer(Shape.of(2, 2 * T)) == Shape.of(2, T)
    assert Glu(axis=1).infer(Shape.of(2, 8, T)) == Shape.of(2, 4, T)


@random_uses
@given(st.data(), st.sampled_from([op for op in OPS.values() if op.family is Family.ACTIVATION]))
def test_refusals_are_those_of_torch(data: st.DataObject, kind: type[Op]) -> None:
    op, inputs = data.draw(uses(kind))
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)


bounds = st.sampled_from([-1.0, 0.0, 0.25, 0.5])


@random_uses
@given(
    st.one_of(
        *(st.builds(kind, low=bounds, high=bounds) for kind in (Hardtanh, Rrelu)),
        st.builds(Glu, axis=st.integers(-4, 4)),
        *(st.builds(kind, axis=st.integers(-4, 4)) for kind in (Softmin, GumbelSoftmax)),
    ),
    st.lists(st.integers(1, 4), max_size=4),
)
def test_settings_are_refused_as_by_torch(op: Op, sizes: list[int]) -> None:
    agrees_with_torch(op, Shape(tuple(sizes)))


def test_a_single_number_counts_as_one_axis() -> None:
    for kind in (Softmax, LogSoftmax, Softmin, GumbelSoftmax):
        assert result(kind(axis=-1), torch.tensor(3.0)).item() == (0 if kind is LogSoftmax else 1)
