"""A compiled network learns: shapes may fit where the wiring is wrong, but then nothing is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import archspec

pytestmark = pytest.mark.usefixtures("steady")

SPEC: Final = Path(__file__).parent.parent / "specs" / "lenet.arch"


def digits(size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images of 8 x 8 pixels, or of as many as are asked for, to learn from and to be tested on; and what they show."""
    from sklearn.datasets import load_digits  # It takes a second, which only who learns waits for.
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float()[:, None]
    if size > 8:
        larger = nn.functional.interpolate(images, size=(size - 4, size - 4), mode="bilinear", align_corners=False)
        images = nn.functional.pad(larger, (2, 2, 2, 2))
    labels = torch.from_numpy(bunch.target)
    seen, held_out = train_test_split(np.arange(len(labels)), test_size=0.25, random_state=0, stratify=bunch.target)
    mean, deviation = images[seen].mean(), images[seen].std()
    images = (images - mean) / deviation
    return images[seen], labels[seen], images[held_out], labels[held_out]


def accuracy(model: nn.Module, size: int = 28, epochs: int = 30) -> float:
    """The share of held-out digits that a model reads rightly, once those of its weights that may have been trained."""
    images, labels, held_out_images, held_out_labels = digits(size)
    batch_size, rate = 32, 1e-2
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(weights, lr=rate)
    # Sigmoids learn slowly: the rate is high for most of the time, and low at the end.
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * -(-len(labels) // batch_size))
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(labels)), batch_size):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        return float((model(held_out_images).argmax(1) == held_out_labels).float().mean())


def lenet() -> nn.Module:
    torch.manual_seed(0)
    model = archspec.load(SPEC).compile()
    assert isinstance(model, nn.Module)
    return model


@pytest.mark.slow
def test_lenet_learns_to_read_digits() -> None:
    assert accuracy(lenet()) > 0.95


@pytest.mark.slow
def test_it_would_not_learn_if_its_convolutions_did_not() -> None:
    # So the bar above is one that a network with a part left out of it does not clear.
    model = lenet()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.requires_grad_(False)
    assert accuracy(model) < 0.5


# ------------------------------------------------------------------------------------------------- residual networks


RESNET: Final = """
use std.residual

model Digits {
    input image: [B, 1, 8, 8]

    conv(16, kernel=3, stride=2, padding=1, bias=false) -> batchnorm -> relu
    repeat 15 { BasicBlock(16) }
    global_avgpool -> flatten -> linear(10)
}
"""
"""A network of 32 layers."""

PLAIN: Final = """
block Plain(width) {
    repeat 2 { conv(width, kernel=3, padding=1, bias=false) -> batchnorm -> relu }
}
"""
"""What a residual block is without its shortcut."""


def compiled(text: str) -> nn.Module:
    torch.manual_seed(0)
    model = archspec.loads(text).compile()
    assert isinstance(model, nn.Module)
    return model


@pytest.mark.slow
def test_a_deep_residual_network_learns_to_read_digits() -> None:
    assert accuracy(compiled(RESNET), size=8, epochs=3) > 0.9


@pytest.mark.slow
def test_it_would_not_if_its_shortcuts_led_nowhere() -> None:
    # What the paper is about: without its shortcuts, the same network is too deep to be trained so soon.
    plain = RESNET.replace("use std.residual", PLAIN).replace("BasicBlock", "Plain")
    assert accuracy(compiled(plain), size=8, epochs=3) < 0.75


SE_RESNET: Final = """
use std.residual

model Digits {
    input image: [B, 1, 8, 8]

    conv(32, kernel=3, padding=1, bias=false) -> batchnorm -> relu
    Bottleneck(8, reduction=4) -> Bottleneck(16, stride=2, reduction=4) -> Bottleneck(16, reduction=4)
    global_avgpool -> flatten -> linear(10)
}
"""
"""The blocks of SE-ResNet, in a small network."""


@pytest.mark.slow
def test_a_residual_network_that_weighs_its_channels_learns_to_read_digits() -> None:
    assert accuracy(compiled(SE_RESNET), size=8, epochs=3) > 0.93


@pytest.mark.slow
def test_its_gates_alone_learn_something_of_digits() -> None:
    # All else stays as it starts, the output too. If the gates did not scale what flows, or were cut off from what is
    # asked of them, this would be a guess among ten.
    model = compiled(SE_RESNET)
    for name, weight in model.named_parameters():
        weight.requires_grad_(".se." in name)
    assert accuracy(model, size=8, epochs=4) > 0.3
