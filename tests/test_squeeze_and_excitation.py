"""Squeeze-and-excitation stands where it is said to stand, and costs what the closed form of its paper says.

Hu et al., "Squeeze-and-excitation networks", 2019 (arXiv:1709.01507v4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.size import evaluate
from tests.read_once import read_once
from tests.test_systems import SPECS

Part = Callable[[Tensor], Tensor]

RESNET_50: Final = 25_557_032
"""The parameters of ResNet-50, as torchvision states them."""

UNITS: Final = 3 * [256] + 4 * [512] + 6 * [1024] + 3 * [2048]
"""The channels that each unit of ResNet-50 gives."""

INTO_UNITS: Final = [64, *UNITS[:-1]]
"""The channels that each is given."""

BN_INCEPTION: Final = [256, 320, 576, 576, 576, 608, 608, 1056, 1024, 1024]
"""The channels that each module of BN-Inception gives, with 128 channels pooled in 4c and 4d where its paper has 96."""

INCEPTION_RESNET: Final = 10 * [320] + 20 * [1088] + 10 * [2080]
"""The channels of each unit of Inception-ResNet-v2 that has a shortcut."""

PLACEMENTS: Final = ("standard", "pre", "post", "identity")
each_placement: Final = pytest.mark.parametrize("placement", PLACEMENTS)


@cache
def graph_of(spec: str, **settings: Any) -> archspec.Graph:
    return read_once(SPECS / spec, **settings).graph


def multiply_adds(spec: str, **settings: Any) -> int:
    found = evaluate(graph_of(spec, **settings).macs, {"B": 1})
    assert isinstance(found, int)
    return found


def weights_of_gates(channels: list[int], reduction: int = 16) -> int:
    """Two layers for each, from all channels to fewer and back."""
    return sum(2 * each * (each // reduction) for each in channels)


def biases_of_gates(channels: list[int], reduction: int = 16) -> int:
    return sum(each + each // reduction for each in channels)


def placed(placement: str, body: Part, shortcut: Part, rectified: Part, gate: Part) -> Part:
    """Figure 5 of the paper."""
    places: Mapping[str, Part] = {
        "standard": lambda x: rectified(gate(body(x)) + shortcut(x)),
        "pre": lambda x: rectified(body(gate(x)) + shortcut(x)),
        "post": lambda x: gate(rectified(body(x) + shortcut(x))),
        "identity": lambda x: rectified(body(x) + gate(shortcut(x))),
    }
    return places[placement]


def scaled(x: Tensor, part: nn.Module) -> Tensor:
    """What squeeze-and-excitation gives, by the definition (equations 2 to 4 of the paper)."""
    squeezed = x.mean(dim=(2, 3))
    first, second = part.get_submodule("fc1"), part.get_submodule("fc2")
    assert isinstance(first, nn.Conv2d)
    assert isinstance(second, nn.Conv2d)
    hidden = torch.relu(nn.functional.linear(squeezed, first.weight.flatten(1), first.bias))
    gates = torch.sigmoid(nn.functional.linear(hidden, second.weight.flatten(1), second.bias))
    return x * gates[:, :, None, None]


@cache
def without_numbers(placement: str) -> nn.Module:
    with torch.device("meta"):
        module = read_once(SPECS / f"se_placements.arch:se_{placement}").compile()
    assert isinstance(module, nn.Module)
    return module


def randomised(part: nn.Module) -> nn.Module:
    """A part of a model without numbers, with random ones under which no gate is nearly open or shut."""
    part = part.to_empty(device="cpu").double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, values in part.state_dict().items():
            if name.endswith("running_var"):
                values.uniform_(0.5, 1.5, generator=generator)
            elif values.is_floating_point():
                values.normal_(std=values[0].numel() ** -0.5, generator=generator)
    return part


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.double, generator=torch.Generator().manual_seed(1))


@each_placement
@pytest.mark.parametrize("path", ["layer2.0", "layer2.1"], ids=["projection", "identity"])
def test_a_unit_weighs_channels_where_the_figure_has_it(placement: str, path: str) -> None:
    unit = randomised(without_numbers(placement).get_submodule(path))
    parts = dict(unit.named_children())

    def body(x: Tensor) -> Tensor:
        for number in (1, 2, 3):
            x = parts[f"bn{number}"](parts[f"conv{number}"](x))
            x = x if number == 3 else torch.relu(x)
        return x

    expected = placed(
        placement,
        body=body,
        shortcut=parts.get("downsample", nn.Identity()),
        rectified=torch.relu,
        gate=lambda x: scaled(x, parts["se_module"]),
    )
    x = numbers(2, 256 if path == "layer2.0" else 512, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(unit(x), expected(x), rtol=1e-9, atol=1e-12)


@each_placement
def test_the_blocks_of_the_library_wrap_any_other(placement: str) -> None:
    wrapper = {"standard": "StandardSE", "pre": "PreSE", "post": "PostSE", "identity": "IdentitySE"}[placement]
    spec = f"""
        use std.se
        model Wrapped {{
            input x: [B, 32, 5, 5]
            {wrapper}(reduction=4) {{ conv(32, kernel=3, padding=1) }}
        }}
    """
    with torch.device("meta"):
        module = archspec.loads(spec).compile()
    module = randomised(module)
    parts = {type(part).__name__: part for part in module.modules()}
    expected = placed(
        placement,
        body=next(part for part in module.modules() if isinstance(part, nn.Conv2d) and part.kernel_size == (3, 3)),
        shortcut=nn.Identity(),
        rectified=nn.Identity(),
        gate=lambda x: scaled(x, parts["SE"]),
    )
    x = numbers(2, 32, 5, 5)
    with torch.no_grad():
        torch.testing.assert_close(module(x), expected(x), rtol=1e-9, atol=1e-12)


@each_placement
def test_a_placement_costs_what_its_channels_say(placement: str) -> None:
    channels = INTO_UNITS if placement == "pre" else UNITS
    spec = f"se_placements.arch:se_{placement}"
    assert graph_of(spec).parameters == RESNET_50 + weights_of_gates(channels) + biases_of_gates(channels)
    # A gate has one position: each of its weights is multiplied once.
    assert multiply_adds(spec) == multiply_adds("se_placements.arch:without_se") + weights_of_gates(channels)


@pytest.mark.parametrize("reduction", [2, 4, 8, 16, 32])
def test_without_biases_the_closed_form_is_exact(reduction: int) -> None:
    closed_form = 2 * (3 * 256**2 + 4 * 512**2 + 6 * 1024**2 + 3 * 2048**2) // reduction
    model = read_once(SPECS / "se_placements.arch:se_bias_free", reduction=reduction)
    assert not list(model.check())
    assert model.graph.parameters == RESNET_50 + closed_form


def test_the_closed_form_gives_the_figures_of_the_paper() -> None:
    added = weights_of_gates(UNITS)
    assert added == 2_514_944, "2.5 million (section 4)"
    assert round(added / RESNET_50, 1) == 0.1, "a tenth"
    assert weights_of_gates([2048, 2048, 2048]) > added / 2, "most of them in the last stage"


@pytest.mark.parametrize(
    ("plain", "excited", "channels"),
    [
        ("resnet.arch:resnet50", "seresnet.arch:seresnet50", UNITS),
        ("resnext.arch:resnext50_32x4d", "seresnet.arch:seresnext50_32x4d", UNITS),
        ("se_placements.arch:without_se", "se_placements.arch:se_standard", UNITS),
        ("bn_inception.arch:bn_inception", "bn_inception.arch:se_bn_inception", BN_INCEPTION),
        (
            "inception_resnet.arch:inception_resnet_v2",
            "inception_resnet.arch:se_inception_resnet_v2",
            INCEPTION_RESNET,
        ),
    ],
    ids=["resnet", "resnext", "resnet-of-the-paper", "inception", "inception-resnet"],
)
def test_a_network_with_it_is_the_network_and_gates(plain: str, excited: str, channels: list[int]) -> None:
    before, after = graph_of(plain), graph_of(excited)
    assert isinstance(before.parameters, int)
    assert after.parameters == before.parameters + weights_of_gates(channels) + biases_of_gates(channels)
    assert multiply_adds(excited) == multiply_adds(plain) + weights_of_gates(channels)

    weights, kept = (
        {f"{node.name}.{name}": shape.sizes for node in graph.nodes for name, shape in node.weights.items()}
        for graph in (before, after)
    )
    added = [name for name in kept if name not in weights]
    assert all(kept[name] == sizes for name, sizes in weights.items())
    assert len(added) == 4 * len(channels)
    assert all(".se." in name or ".se_module." in name for name in added)


def test_plain_networks_cost_what_table_2_states() -> None:
    assert round(multiply_adds("se_placements.arch:without_se") / 1e9, 2) == 3.86
    assert round(multiply_adds("bn_inception.arch:bn_inception") / 1e9, 2) == 2.03


def test_the_inception_of_the_authors_has_as_many_weights() -> None:
    # The Open Model Zoo states 11.922 million, where each normalisation has become one with its convolution.
    graph = graph_of("bn_inception.arch:se_bn_inception")
    folded = sum((node.parameters for node in graph.nodes if node.op.name != "batchnorm"), 0)
    assert isinstance(folded, int)
    assert round(folded / 1e6, 3) == 11.922
