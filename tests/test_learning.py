"""A compiled network learns: shapes may fit where the wiring is wrong, but then nothing is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import archspec

SPEC: Final = Path(__file__).parent.parent / "specs" / "lenet.arch"


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images of 28 x 28 pixels to learn from and to be tested on, and what they show."""
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float()[:, None]
    larger = nn.functional.interpolate(images, size=(24, 24), mode="bilinear", align_corners=False)
    images = nn.functional.pad(larger, (2, 2, 2, 2))
    labels = torch.from_numpy(bunch.target)
    seen, held_out = train_test_split(np.arange(len(labels)), test_size=0.25, random_state=0, stratify=bunch.target)
    mean, deviation = images[seen].mean(), images[seen].std()
    images = (images - mean) / deviation
    return images[seen], labels[seen], images[held_out], labels[held_out]


def accuracy(model: nn.Module) -> float:
    """The share of held-out digits that a model reads rightly, once those of its weights that may have been trained."""
    images, labels, held_out_images, held_out_labels = digits()
    epochs, size, rate = 30, 32, 1e-2
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(weights, lr=rate)
    # Sigmoids learn slowly: the rate is high for most of the time, and low at the end.
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * -(-len(labels) // size))
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(labels)), size):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        return float((model(held_out_images).argmax(1) == held_out_labels).float().mean())


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The network is so small that threads cost more than they bring, most of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
