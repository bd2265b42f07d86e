"""Figures that follow from a definition are written out here by hand, and specs have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from archspec.size import evaluate
from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs"


@dataclass(frozen=True)
class Figures:
    """What a network costs: its trained numbers, and the multiply-adds of one example."""

    parameters: int
    macs: int
    shapes: dict[str, list[int]]
    """What some of its layers and groups give for one example, without the batch."""


# Each sum has a term for each layer: weights and biases of the one, and positions times weights of the other.

LENET: Final = Figures(
    parameters=(25 * 1 * 6 + 6) + (25 * 6 * 16 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10),
    macs=28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10,
    shapes={},
)
FIGURES: Final = {
    "lenet.arch": Figures(LENET.parameters, LENET.macs, {"flatten1": [400]}),
    "vision/lenet5.yaml": Figures(
        LENET.parameters,
        LENET.macs,
        {"C1": [6, 28, 28], "S2": [6, 14, 14], "C3": [16, 10, 10], "S4": [16, 5, 5], "C5": [120, 1, 1], "F6": [84]},
    ),
    "vision/alexnet_two_streams.arch:alexnet_two_streams": Figures(
        # A kernel of the second, fourth and fifth convolution sees half of the maps.
        parameters=(11 * 11 * 3 * 96 + 96)
        + (5 * 5 * 48 * 256 + 256)
        + (3 * 3 * 256 * 384 + 384)
        + (3 * 3 * 192 * 384 + 384)
        + (3 * 3 * 192 * 256 + 256)
        + (9216 * 4096 + 4096)
        + (4096 * 4096 + 4096)
        + (4096 * 1000 + 1000),
        macs=55 * 55 * 11 * 11 * 3 * 96
        + 27 * 27 * 5 * 5 * 48 * 256
        + 13 * 13 * 3 * 3 * (256 * 384 + 192 * 384 + 192 * 256)
        + 9216 * 4096
        + 4096 * 4096
        + 4096 * 1000,
        shapes={"maxpool3": [256, 6, 6], "features": [9216]},
    ),
    "vision/alexnet_two_streams.arch:alexnet_grey": Figures(
        parameters=(11 * 11 * 96 + 96)
        + (5 * 5 * 96 * 256 + 256)
        + (3 * 3 * 256 * 384 + 384)
        + (3 * 3 * 384 * 384 + 384)
        + (3 * 3 * 384 * 256 + 256)
        + (6400 * 4096 + 4096)
        + (4096 * 4096 + 4096)
        + (4096 * 10 + 10),
        macs=54 * 54 * 11 * 11 * 96
        + 26 * 26 * 5 * 5 * 96 * 256
        + 12 * 12 * 3 * 3 * (256 * 384 + 384 * 384 + 384 * 256)
        + 6400 * 4096
        + 4096 * 4096
        + 4096 * 10,
        shapes={"maxpool3": [256, 5, 5], "features": [6400]},
    ),
    "vision/inception_bottleneck.yaml:direct": Figures(
        parameters=5 * 5 * 192 * 32 + 32, macs=28 * 28 * 32 * 5 * 5 * 192, shapes={"conv5x5": [32, 28, 28]}
    ),
    "vision/inception_bottleneck.yaml:bottleneck": Figures(
        parameters=192 * 16 + 16 + 5 * 5 * 16 * 32 + 32,
        macs=28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16,
        shapes={"reduce": [16, 28, 28], "conv5x5": [32, 28, 28]},
    ),
    "vision/factorised.arch:one_5x5": Figures(25 * 64 * 64, 28 * 28 * 25 * 64 * 64, {}),
    "vision/factorised.arch:two_3x3": Figures((9 + 9) * 64 * 64, 28 * 28 * (9 + 9) * 64 * 64, {}),
    "games/alphago_policy.arch": Figures(
        # The last convolution has no bias, and each of the 361 points has one.
        parameters=(5 * 5 * 48 * 192 + 192) + 11 * (3 * 3 * 192 * 192 + 192) + 192 + 361,
        macs=19 * 19 * (5 * 5 * 48 * 192 + 11 * 3 * 3 * 192 * 192 + 192),
        shapes={"first": [192, 19, 19], "softmax1": [361]},
    ),
    "text/text_cnn.yaml:movie_reviews": Figures(
        # Of a sentence of 20 words, 4 zeros before it and 4 behind, windows of 3, 4 and 5 words: 26, 25 and 24 of them.
        parameters=18_765 * 300 + (3 + 4 + 5) * 300 * 100 + 3 * 100 + 300 * 2 + 2,
        macs=(26 * 3 + 25 * 4 + 24 * 5) * 300 * 100 + 300 * 2,
        shapes={"strongest": [300]},
    ),
    "audio/keyword_cnn.arch": Figures(
        # Table 1 of the paper: 10.2, 163.8, 65.5, 4.1 and 0.5 thousand weights, and biases, which it does not count.
        parameters=(20 * 8 * 64 + 64) + (10 * 4 * 64 * 64 + 64) + (2048 * 32 + 32) + (32 * 128 + 128) + (128 * 4 + 4),
        macs=13 * 33 * 20 * 8 * 64 + 4 * 8 * 10 * 4 * 64 * 64 + 2048 * 32 + 32 * 128 + 128 * 4,
        shapes={"maxpool1": [64, 13, 11], "flatten1": [2048]},
    ),
    "signal/regression_cnn.arch": Figures(
        parameters=(9 * 16 + 16) + (9 * 16 * 32 + 32) + (9 * 32 * 64 + 64) + (1600 * 64 + 64) + (64 + 1),
        macs=900 * 9 * 16 + 300 * 9 * 16 * 32 + 100 * 9 * 32 * 64 + 1600 * 64 + 64,
        shapes={"maxpool1": [16, 300], "maxpool2": [32, 100], "maxpool3": [64, 25], "features": [1600]},
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_spec_has_the_figures_of_its_definition(name: str) -> None:
    graph, figures = read_once(SPECS / name).graph, FIGURES[name]
    sizes = {"B": 1, "T": 20}
    assert graph.parameters == figures.parameters
    assert evaluate(graph.macs, sizes) == figures.macs
    # What a group gives is what the last layer in it gives.
    given = {path: node for node in graph.nodes for path in (node.path[:1], node.path)}
    for layer, shape in figures.shapes.items():
        found = given[layer,].output.shape
        assert [evaluate(size, sizes) for size in found] == [1, *shape], layer


def test_the_figures_are_those_that_are_known() -> None:
    assert LENET.parameters == 61_706
    # A bottleneck of 16 maps makes a convolution nearly ten times cheaper.
    assert FIGURES["vision/inception_bottleneck.yaml:direct"].macs == 120_422_400
    assert FIGURES["vision/inception_bottleneck.yaml:bottleneck"].macs == 12_443_648
    # Two convolutions of 3x3 see what one of 5x5 sees, for 28 percent less.
    assert FIGURES["vision/factorised.arch:two_3x3"].macs / FIGURES["vision/factorised.arch:one_5x5"].macs == 0.72
    keyword = FIGURES["audio/keyword_cnn.arch"]
    assert round(keyword.macs / 1e6, 1) == 9.7
    assert round((keyword.parameters - 64 - 64 - 32 - 128 - 4) / 1e3, 1) == 244.2
    assert FIGURES["games/alphago_policy.arch"].parameters == 3_882_793


def test_two_3x3_convolutions_see_as_far_as_one_of_5x5() -> None:
    for variant in ("one_5x5", "two_3x3"):
        module = compiled(f"vision/factorised.arch:{variant}", channels=2)
        image = torch.randn(1, 2, 28, 28, dtype=torch.double, requires_grad=True)
        with torch.no_grad():
            for weight in module.parameters():
                weight.abs_()  # So that no rectifier hides a pixel.
        (gradient,) = torch.autograd.grad(module(image.abs())[0, 0, 14, 14], image)
        seen = gradient.abs().sum(dim=(0, 1)).nonzero()
        assert [seen.amin(dim=0).tolist(), seen.amax(dim=0).tolist()] == [[12, 12], [16, 16]]


# ------------------------------------------------------------------------------ networks, written out by hand in torch


def compiled(name: str, **settings: Any) -> nn.Module:
    torch.manual_seed(3)
    module = read_once(SPECS / name, **settings).compile()
    assert isinstance(module, nn.Module)
    module = module.double().eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.3)  # Some start as zeros.
    return module


def test_the_policy_of_alphago_pools_nothing_and_has_a_bias_for_each_point() -> None:
    graph = read_once(SPECS / "games/alphago_policy.arch").graph
    convolutions = [node for node in graph.nodes if node.op.name == "conv"]
    assert len(convolutions) == 1 + 12
    assert not [node for node in graph.nodes if "pool" in node.op.name]
    assert {str(node.output.shape) for node in convolutions[:-1]} == {"[B, 192, 19, 19]"}

    module = compiled("games/alphago_policy.arch", maps=2, planes=3)
    weights = list(module.parameters())
    board = torch.randn(2, 3, 19, 19, dtype=torch.double)
    x = board
    for place in range(12):
        x = torch.conv2d(x, weights[2 * place], weights[2 * place + 1], padding=2 if place == 0 else 1).relu()
    points = torch.conv2d(x, weights[24]).flatten(1) + weights[25]
    assert len(weights) == 26
    assert weights[25].shape == (361,)
    torch.testing.assert_close(module(board), points.softmax(1))


@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_text_cnn_takes_the_strongest_answer_of_each_kernel(length: int) -> None:
    module = compiled("text/text_cnn.yaml", vocabulary=11, features=5, maps=4, classes=3)
    table, *kernels, matrix, bias = module.parameters()
    text = torch.randint(11, (2, length))
    expected = []
    for sentence in text:
        words = torch.cat([torch.zeros(4, 5, dtype=torch.double), table[sentence], torch.zeros(4, 5).double()])
        strongest: list[Tensor] = []
        for width, kernel, offset in zip((3, 4, 5), kernels[::2], kernels[1::2], strict=True):
            windows = [words[at : at + width].T for at in range(len(words) - width + 1)]
            answers = torch.stack([(kernel * window).sum(dim=(1, 2)) + offset for window in windows])
            strongest.append(answers.clamp(min=0).amax(dim=0))
        expected.append(matrix @ torch.cat(strongest) + bias)
    torch.testing.assert_close(module(text), torch.stack(expected))


def test_a_text_cnn_looks_through_windows_of_other_widths() -> None:
    module = compiled("text/text_cnn.yaml", vocabulary=11, windows=[1, 2, 7])
    assert module(torch.randint(11, (2, 3))).shape == (2, 2)


BY_HAND: Final[dict[str, tuple[list[int], Callable[[], list[nn.Module]]]]] = {
    "vision/lenet5.yaml": (
        [1, 32, 32],
        lambda: [
            *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
            *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
        ],
    ),
    "vision/alexnet_two_streams.arch": (
        [3, 227, 227],
        lambda: [
            *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), nn.LocalResponseNorm(5, alpha=5e-4, k=2), nn.MaxPool2d(3, 2)),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            *(nn.ReLU(), nn.LocalResponseNorm(5, alpha=5e-4, k=2), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
        ],
    ),
    "audio/keyword_cnn.arch": (
        [1, 32, 40],
        lambda: [
            *(nn.Conv2d(1, 64, (20, 8)), nn.ReLU(), nn.MaxPool2d((1, 3))),
            *(nn.Conv2d(64, 64, (10, 4)), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(2048, 32), nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 4), nn.Softmax(dim=1)),
        ],
    ),
    "signal/regression_cnn.arch": (
        [1, 900],
        lambda: [
            *(nn.Conv1d(1, 16, 9, padding=4), nn.ReLU(), nn.MaxPool1d(3)),
            *(nn.Conv1d(16, 32, 9, padding=4), nn.ReLU(), nn.MaxPool1d(3)),
            *(nn.Conv1d(32, 64, 9, padding=4), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten()),
            *(nn.Linear(1600, 64), nn.ReLU(), nn.Linear(64, 1)),
        ],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_spec_gives_what_the_same_layers_give_by_hand(name: str) -> None:
    shape, layers = BY_HAND[name]
    torch.manual_seed(3)
    expected = nn.Sequential(*layers()).double().eval()
    module = read_once(SPECS / name).compile()
    assert isinstance(module, nn.Module)
    module = module.double().eval()
    values = list(expected.state_dict().values())
    own = module.state_dict()
    module.load_state_dict({**own, **dict(zip(own, values, strict=False))})
    x = torch.randn(2, *shape, dtype=torch.double)
    with torch.no_grad():
        if name.startswith("vision/alexnet"):
            # Its linear layers have 58 million weights, and are like any others.
            assert [value.shape for value in list(own.values())[: len(values)]] == [value.shape for value in values]
            found: list[Tensor] = []
            handle = module.get_submodule("fc6").register_forward_pre_hook(lambda part, given: found.append(given[0]))
            module(x)
            handle.remove()
            torch.testing.assert_close(found[0], expected(x))
        else:
            assert len(values) == len(own)
            torch.testing.assert_close(module(x), expected(x))
