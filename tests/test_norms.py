"""Norms: what their statistics cover, and what is kept of them for evaluation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from archspec.op import Family, Op, ShapeError
from archspec.ops import OPS
from archspec.ops.batch_norm import BatchNorm, InstanceNorm
from archspec.ops.group_norm import GroupNorm
from archspec.ops.layer_norm import LayerNorm, RmsNorm
from archspec.ops.untrained_norm import UnitNorm
from archspec.shape import Shape
from archspec.size import Size, named
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import call_of, module_of, random_uses, result, source_of
from tests.random_uses import uses

B, C, T = map(named, "BCT")


def random(*sizes: int) -> Tensor:
    return 3 * torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)), dtype=torch.float64) + 1


def normal(values: Tensor, eps: float) -> Tensor:
    """Some values less their mean, divided by the root of their variance, which is divided by the count."""
    mean = values.sum() / values.numel()
    variance = ((values - mean) ** 2).sum() / values.numel()
    return (values - mean) / (variance + eps) ** 0.5


every_space = pytest.mark.parametrize("space", [(5,), (4, 3), (2, 3, 4)])


@every_space
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("is_training", [True, False])
def test_instance_norm_is_its_formula(space: tuple[int, ...], affine: bool, is_training: bool) -> None:
    x = random(2, 3, *space)
    module = module_of(InstanceNorm(eps=1e-3, affine=affine), x).double().train(is_training)
    weight, bias = (torch.tensor([0.5, -1.0, 2.0]), torch.arange(3.0)) if affine else (torch.ones(3), torch.zeros(3))
    module.load_state_dict({"weight": weight, "bias": bias} if affine else {})
    for example in range(2):
        for channel in range(3):
            expected = normal(x[example, channel], 1e-3) * weight[channel] + bias[channel]
            torch.testing.assert_close(module(x)[example, channel], expected)


@every_space
def test_instance_norm_keeps_the_mean_of_the_statistics_of_its_examples(space: tuple[int, ...]) -> None:
    first, second = random(2, 3, *space), random(3, 3, *space)
    module = module_of(InstanceNorm(eps=1e-3, momentum=0.2, track_running_stats=True), first).double()
    mean, variance = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for batch in (first, second):
        normalised = module(batch)
        for channel in range(3):
            means, variances = [], []
            for example in range(len(batch)):
                values = batch[example, channel]
                means.append(values.sum() / values.numel())
                variances.append(((values - means[-1]) ** 2).sum() / (values.numel() - 1))
                # In training, each example is normalised by itself, whatever is kept.
                torch.testing.assert_close(normalised[example, channel], normal(values, 1e-3))
            mean[channel] = 0.8 * mean[channel] + 0.2 * sum(means) / len(batch)
            variance[channel] = 0.8 * variance[channel] + 0.2 * sum(variances) / len(batch)
    torch.testing.assert_close(module.get_buffer("running_mean"), mean)
    torch.testing.assert_close(module.get_buffer("running_var"), variance)
    module.eval()
    for channel in range(3):
        expected = (first[:, channel] - mean[channel]) / (variance[channel] + 1e-3) ** 0.5
        torch.testing.assert_close(module(first)[:, channel], expected)
    torch.testing.assert_close(module.get_buffer("running_mean"), mean)


def test_without_running_statistics_a_batch_norm_goes_by_the_batch_in_evaluation_too() -> None:
    x = random(4, 3, 5)
    module = module_of(BatchNorm(eps=1e-3, affine=False, track_running_stats=False), x).double().eval()
    for channel in range(3):
        torch.testing.assert_close(module(x)[:, channel], normal(x[:, channel], 1e-3))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_last_axes_are_normalised_together(axes: int) -> None:
    x = random(2, 3, 4, 5)
    layer = result(LayerNorm(eps=1e-3, affine=False, axes=axes), x).flatten(-axes).flatten(0, -2)
    rms = result(RmsNorm(eps=1e-3, affine=False, axes=axes), x).flatten(-axes).flatten(0, -2)
    for place, values in enumerate(x.flatten(-axes).flatten(0, -2)):
        torch.testing.assert_close(layer[place], normal(values, 1e-3))
        torch.testing.assert_close(rms[place], values / ((values**2).sum() / values.numel() + 1e-3) ** 0.5)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 0.5, "inf"])
def test_unit_norm_divides_vectors_by_their_lengths(p: float | str, axis: int) -> None:
    x = random(3, 4, 5)
    vectors = x.movedim(axis, 0).flatten(1).T
    found = result(UnitNorm.model_validate({"p": p, "axis": axis}), x).movedim(axis, 0).flatten(1).T
    for vector, unit in zip(vectors, found, strict=True):
        sizes = [abs(each) for each in vector.tolist()]
        length = max(sizes) if isinstance(p, str) else sum(each**p for each in sizes) ** (1 / p)
        torch.testing.assert_close(unit, vector / length)


def test_unit_norm_leaves_zeros_and_divides_what_is_short_by_the_least_length() -> None:
    x = torch.tensor([[0.0, 0.0], [3e-4, 4e-4], [3.0, 4.0]])
    expected = torch.tensor([[0.0, 0.0], [3e-2, 4e-2], [0.6, 0.8]])
    torch.testing.assert_close(result(UnitNorm(eps=1e-2), x), expected)
    assert result(UnitNorm(), torch.zeros(2, 3)).equal(torch.zeros(2, 3))
    assert result(UnitNorm(axis=0), torch.tensor(-3.0)).item() == -1


@pytest.mark.parametrize(
    ("op", "source"),
    [
        (UnitNorm(), "F.normalize(x0)"),
        (UnitNorm(p=1, axis=-1), "F.normalize(x0, p=1.0, dim=-1)"),
        (UnitNorm(p="inf", eps=1e-6), "F.normalize(x0, p=torch.inf, eps=1e-06)"),
    ],
    ids=str,
)
def test_a_unit_norm_is_an_expression(op: Op, source: str) -> None:
    inline = lower(op, Shape.of(B, 8, T))
    assert isinstance(inline, Inline)
    assert source_of(inline, 1) == source


def test_lowering_leaves_out_what_is_at_its_default() -> None:
    x = Shape.of(B, 8, 4, T)
    assert str(call_of(InstanceNorm(), x)) == "nn.InstanceNorm2d(8)"
    kept = InstanceNorm(momentum=0.2, track_running_stats=True)
    assert str(call_of(kept, x)) == "nn.InstanceNorm2d(8, momentum=0.2, track_running_stats=True)"


@pytest.mark.parametrize(
    ("op", "sizes", "message"),
    [
        (
            InstanceNorm(track_running_stats=True),
            [2, 8, 1],
            "needs more than one position in space, but the input has one",
        ),
        (InstanceNorm(), [2, 8], "needs 3 to 5 axes, but the input has 2"),
        (UnitNorm(), [8], "has no axis 1: the input has 1 axis"),
        (UnitNorm(axis=-3), [2, T], "has no axis -3: the input has 2 axes"),
        (RmsNorm(axes=3), [B, T], "normalises the last 3 axes, but the input has 2"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, sizes: list[Size], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_statistics_have_a_number_for_each_channel() -> None:
    op = InstanceNorm(affine=True, track_running_stats=True)
    assert set(op.weights(Shape.of(B, C, T))) == {"weight", "bias"}
    assert op.buffers(Shape.of(B, C, T))["running_var"] == Shape.of(C)
    assert not UnitNorm().weights(Shape.of(B, C))
    assert GroupNorm(groups=2).weights(Shape.of(B, 4, T))["bias"] == Shape.of(4)


@random_uses
@given(st.data(), st.sampled_from([op for op in OPS.values() if op.family is Family.NORMALISATION]))
def test_refusals_are_those_of_torch(data: st.DataObject, kind: type[Op]) -> None:
    op, inputs = data.draw(uses(kind))
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)


@random_uses
@given(
    st.builds(UnitNorm, p=st.sampled_from([0.5, 1.0, 2.0, "inf"]), axis=st.integers(-4, 4)),
    st.lists(st.integers(1, 4), max_size=4),
)
def test_axes_are_refused_as_by_torch(op: Op, sizes: list[int]) -> None:
    agrees_with_torch(op, Shape(tuple(sizes)))
