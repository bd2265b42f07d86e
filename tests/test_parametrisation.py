"""Weights that are computed from what is trained: what they are, what is trained, and what is kept."""

from __future__ import annotations

from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import archspec
from archspec.op import Op, count
from archspec.ops.bilinear import Bilinear
from archspec.ops.conv import Conv
from archspec.ops.conv_transpose import ConvTranspose
from archspec.ops.linear import Linear
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.lower import lower
from tests.laws import obeys_all_laws
from tests.lowered import built, call_of, module_of, random_uses, shape_of

USES: Final[tuple[tuple[type[Op], dict[str, Any], tuple[tuple[int, ...], ...], int], ...]] = (
    (Conv, {"channels": 6, "kernel": 3, "groups": 2}, ((2, 4, 9),), 0),
    (Conv, {"channels": 6, "kernel": (3, 1), "padding": "same"}, ((2, 4, 5, 6),), 0),
    (Conv, {"channels": 5, "kernel": 2, "padding": ((0, 1), 0, (1, 0))}, ((1, 3, 4, 5, 6),), 0),
    (ConvTranspose, {"channels": 6, "kernel": 3, "stride": 2, "groups": 2}, ((2, 4, 5),), 1),
    (ConvTranspose, {"channels": 3, "kernel": (2, 3), "bias": False}, ((2, 4, 5, 6),), 1),
    (Linear, {"features": 6}, ((2, 3, 4),), 0),
    (Bilinear, {"features": 3}, ((2, 4), (2, 5)), 0),
)
"""Ops, their settings, the sizes of their inputs, and the axis of the weight along which the rows of a matrix are."""

every_use = pytest.mark.parametrize(("kind", "chosen", "sizes", "rows"), USES, ids=lambda value: str(value)[-40:])

WEIGHT_NORM: Final = ("parametrizations.weight.original0", "parametrizations.weight.original1")
SPECTRAL_NORM: Final = "parametrizations.weight.original"


def made(kind: type[Op], chosen: dict[str, Any], parametrisation: str, *inputs: Tensor) -> nn.Module:
    torch.manual_seed(0)
    return module_of(kind.model_validate({**chosen, "parametrisation": parametrisation}), *inputs)


def random(sizes: tuple[tuple[int, ...], ...]) -> tuple[Tensor, ...]:
    return tuple(torch.randn(each) for each in sizes)


def with_weight(plain: nn.Module, weight: Tensor) -> nn.Module:
    plain.load_state_dict({"weight": weight}, strict=False)
    return plain


@every_use
def test_weight_norm_is_a_length_times_a_direction(
    kind: type[Op], chosen: dict[str, Any], sizes: tuple[tuple[int, ...], ...], rows: int
) -> None:
    inputs = random(sizes)
    module = made(kind, chosen, "weight_norm", *inputs)
    lengths, vectors = (module.get_parameter(name) for name in WEIGHT_NORM)
    with torch.no_grad():
        lengths.add_(torch.rand_like(lengths))
        vectors.add_(torch.randn_like(vectors))
    # Each index of the first axis has a direction, also of a transposed convolution, where that axis is of the input.
    weight = torch.stack([g * v / v.square().sum().sqrt() for g, v in zip(lengths, vectors, strict=True)])
    plain = with_weight(made(kind, chosen, "none", *inputs), weight.detach())
    torch.testing.assert_close(module(*inputs), plain(*inputs))


@every_use
def test_spectral_norm_divides_by_the_largest_singular_value(
    kind: type[Op], chosen: dict[str, Any], sizes: tuple[tuple[int, ...], ...], rows: int
) -> None:
    inputs = random(sizes)
    module = made(kind, chosen, "spectral_norm", *inputs)
    weight = module.get_parameter(SPECTRAL_NORM).detach().clone()
    for _ in range(200):
        module(*inputs)  # Each use in training goes one step of the power iteration.
    matrix = weight.movedim(rows, 0).flatten(1)
    normalised = weight / torch.linalg.svdvals(matrix)[0]
    plain = with_weight(made(kind, chosen, "none", *inputs), normalised)
    torch.testing.assert_close(module(*inputs), plain(*inputs), rtol=1e-4, atol=1e-5)


@every_use
def test_a_layer_starts_with_the_weight_that_it_would_have_had(
    kind: type[Op], chosen: dict[str, Any], sizes: tuple[tuple[int, ...], ...], rows: int
) -> None:
    inputs = random(sizes)
    plain = made(kind, chosen, "none", *inputs)
    weight = plain.get_parameter("weight")
    norm = made(kind, chosen, "weight_norm", *inputs)
    torch.testing.assert_close(norm(*inputs), plain(*inputs))
    lengths, vectors = (norm.get_parameter(name) for name in WEIGHT_NORM)
    assert vectors.equal(weight)
    torch.testing.assert_close(lengths.flatten(), weight.flatten(1).norm(dim=1))
    assert made(kind, chosen, "spectral_norm", *inputs).get_parameter(SPECTRAL_NORM).equal(weight)


@every_use
@pytest.mark.parametrize("parametrisation", ["weight_norm", "spectral_norm"])
def test_a_parametrised_layer_is_built_on_the_meta_device_and_trained(
    parametrisation: str, kind: type[Op], chosen: dict[str, Any], sizes: tuple[tuple[int, ...], ...], rows: int
) -> None:
    inputs = random(sizes)
    op = kind.model_validate({**chosen, "parametrisation": parametrisation})
    module = built(call_of(op, *map(shape_of, inputs)), "meta")
    assert module(*(each.to("meta") for each in inputs)).device.type == "meta"
    here = made(kind, chosen, parametrisation, *inputs)
    optimiser = torch.optim.SGD(here.parameters(), lr=0.1)
    before = {name: value.detach().clone() for name, value in here.named_parameters()}
    here(*inputs).square().sum().backward()
    optimiser.step()
    assert not any(value.equal(before[name]) for name, value in here.named_parameters())


def test_the_power_iteration_goes_on_in_training_only() -> None:
    x = torch.randn(2, 6)
    module = made(Linear, {"features": 4}, "spectral_norm", x)

    def kept() -> list[Tensor]:
        return [value.clone() for value in module.buffers()]

    module.eval()
    before, found = kept(), module(x)
    assert module(x).equal(found)
    assert all(map(torch.equal, kept(), before))
    module.train()(x)
    assert not all(map(torch.equal, kept(), before))


@pytest.mark.parametrize(
    ("op", "sizes", "weights", "buffers"),
    [
        (
            Conv(channels=6, kernel=(3, 1), groups=2, parametrisation="weight_norm"),
            [[1, 4, 9, 9]],
            {WEIGHT_NORM[0]: [6, 1, 1, 1], WEIGHT_NORM[1]: [6, 2, 3, 1], "bias": [6]},
            {},
        ),
        (
            ConvTranspose(channels=6, kernel=2, groups=2, parametrisation="weight_norm", bias=False),
            [[1, 4, 9]],
            {WEIGHT_NORM[0]: [4, 1, 1], WEIGHT_NORM[1]: [4, 3, 2]},
            {},
        ),
        (
            Conv(channels=6, kernel=(3, 1), groups=2, parametrisation="spectral_norm"),
            [[1, 4, 9, 9]],
            {SPECTRAL_NORM: [6, 2, 3, 1], "bias": [6]},
            {"parametrizations.weight.0._u": [6], "parametrizations.weight.0._v": [6]},
        ),
        (
            ConvTranspose(channels=6, kernel=2, groups=2, parametrisation="spectral_norm"),
            [[1, 4, 9]],
            {SPECTRAL_NORM: [4, 3, 2], "bias": [6]},
            {"parametrizations.weight.0._u": [3], "parametrizations.weight.0._v": [8]},
        ),
        (
            Bilinear(features=3, parametrisation="spectral_norm", bias=False),
            [[1, 4], [1, 5]],
            {SPECTRAL_NORM: [3, 4, 5]},
            {"parametrizations.weight.0._u": [3], "parametrizations.weight.0._v": [20]},
        ),
    ],
    ids=str,
)
def test_what_is_trained_and_kept_has_the_shapes_worked_by_hand(
    op: Op, sizes: list[list[int]], weights: dict[str, list[int]], buffers: dict[str, list[int]]
) -> None:
    inputs = [Shape(tuple(each)) for each in sizes]
    assert op.weights(*inputs) == {name: Shape(tuple(each)) for name, each in weights.items()}
    assert op.buffers(*inputs) == {name: Shape(tuple(each)) for name, each in buffers.items()}


@every_use
def test_only_the_lengths_are_further_parameters_and_nothing_costs_more(
    kind: type[Op], chosen: dict[str, Any], sizes: tuple[tuple[int, ...], ...], rows: int
) -> None:
    inputs = [Shape(each) for each in sizes]
    plain, norm, spectral = (
        kind.model_validate({**chosen, "parametrisation": each}) for each in ("none", "weight_norm", "spectral_norm")
    )
    lengths = norm.weights(*inputs)[WEIGHT_NORM[0]].elements
    assert count(norm.weights(*inputs)) == count(plain.weights(*inputs)) + lengths
    assert count(spectral.weights(*inputs)) == count(plain.weights(*inputs))
    assert plain.macs(*inputs) == norm.macs(*inputs) == spectral.macs(*inputs)


@settings(random_uses, max_examples=40)
@given(
    st.sampled_from(USES),
    st.sampled_from(["weight_norm", "spectral_norm"]),
    st.booleans(),
    st.lists(st.integers(1, 6), min_size=3, max_size=3),
)
def test_every_law_holds_at_random_sizes(
    use: tuple[type[Op], dict[str, Any], Any, int], parametrisation: str, bias: bool, last: list[int]
) -> None:
    kind, chosen, sizes, _ = use
    op = kind.model_validate({**chosen, "parametrisation": parametrisation, "bias": bias})
    obeys_all_laws(op, *(Shape((*each[:-1], last[number])) for number, each in enumerate(sizes)))


def test_a_parametrised_layer_is_wrapped_in_what_torch_has_for_it() -> None:
    x = Shape.of(named("B"), 3, named("H"), named("W"))
    assert (
        str(lower(Conv(channels=8, kernel=3, parametrisation="weight_norm"), x))
        == "nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, kernel_size=3))"
    )
    assert (
        str(lower(Linear(features=8, parametrisation="spectral_norm"), Shape.of(named("B"), 3)))
        == "nn.utils.parametrizations.spectral_norm(nn.Linear(3, 8))"
    )


def test_a_spec_with_parametrised_layers_runs_and_is_counted() -> None:
    text = """
    model Critic {
        input x: [B, 3, H, W]
        conv(8, kernel=3, stride=2, padding=1, parametrisation=spectral_norm) -> leaky_relu(0.2)
        up = conv_transpose(4, kernel=2, stride=2, parametrisation=weight_norm)
        last = conv(1, kernel=4, padding=[[0, 1], [1, 0]], parametrisation=spectral_norm, bias=false)
        global_avgpool -> flatten
        score = linear(1, parametrisation=weight_norm)
    }
    """
    model = archspec.loads(text)
    module = model.compile()
    x = torch.randn(2, 3, 16, 16)
    module(x).sum().backward()
    assert all(each.grad is not None for each in module.parameters())
    by_hand = (8 * 27 + 8) + (8 + 8 * 4 * 4 + 4) + 4 * 16 + (1 + 1 + 1)
    assert sum(each.numel() for each in module.parameters()) == by_hand
    again = model.compile()
    again.load_state_dict(module.state_dict())
    torch.testing.assert_close(again.eval()(x), module.eval()(x))


@pytest.mark.parametrize("where", ["init weight=orthogonal", "init orthogonal", "init orthogonal, bias=zeros"])
def test_a_weight_starts_as_it_is_told_and_what_it_is_made_of_follows(where: str) -> None:
    torch.manual_seed(0)
    text = f"model M {{ input x: [B, 5]\n a = linear(4, parametrisation=weight_norm)\n {where} }}"
    module = archspec.loads(text).compile()
    layer = module.get_submodule("a")
    assert isinstance(layer.weight, Tensor)
    torch.testing.assert_close(layer.weight @ layer.weight.T, torch.eye(4))
    lengths = module.get_parameter("a.parametrizations.weight.original0")
    torch.testing.assert_close(lengths, torch.ones(4, 1))
    assert module.get_parameter("a.bias").any() == ("bias" not in where)


def test_what_is_divided_by_its_largest_singular_value_starts_as_it_is_told() -> None:
    text = "model M { input x: [B, 5]\n linear(4, parametrisation=spectral_norm, init=orthogonal)\n tanh }"
    rows = archspec.loads(text).compile().get_parameter("linear1.parametrizations.weight.original")
    torch.testing.assert_close(rows @ rows.T, torch.eye(4))


@pytest.mark.parametrize("layer", ["conv(6, kernel=3", "conv_transpose(6, kernel=3", "linear(6"])
def test_a_weight_that_starts_as_it_is_told_is_divided_by_its_own_largest_singular_value(layer: str) -> None:
    torch.manual_seed(0)
    text = (
        f"model M {{ input x: [B, 4, 8, 4]\n a = {layer}, parametrisation=spectral_norm)\n init orthogonal(gain=7) }}"
    )
    module = archspec.loads(text).compile().eval()
    for _ in range(2):
        weight = module.get_submodule("a").weight
        assert isinstance(weight, Tensor)
        matrix = weight.movedim(1 if "transpose" in layer else 0, 0).flatten(1)
        assert 0.9 < torch.linalg.svdvals(matrix)[0] < 1.1
        module.reset_parameters()


def test_what_a_weight_is_made_of_cannot_be_filled_by_itself() -> None:
    text = "model M { input x: [B, 5]\n linear(4, parametrisation=weight_norm)\n init original1=orthogonal }"
    (finding,) = archspec.loads(text).check()
    assert finding.code == "A125"
