"""Systems with recurrent layers: a classifier, a segmenter, and layers on layers."""

from __future__ import annotations

from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from archspec.size import evaluate, named
from tests.golden_rule import DIRECTORY
from tests.read_once import read_once
from tests.recurrent_layers import random

pytestmark = pytest.mark.usefixtures("steady")

T = named("T")

SPECS: Final = DIRECTORY.parent.parent / "specs" / "sequence"


def system(spec: str, **settings: Any) -> nn.Module:
    module = read_once(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


def with_weights_of(module: nn.Module, layer: nn.Module) -> nn.Module:
    """A layer of torch with the weights of the recurrent one of a system."""
    layer.double().load_state_dict(module.get_submodule("lstm1").state_dict())
    return layer


def scored(module: nn.Module, x: Tensor) -> Tensor:
    """What the last layer of a system gives."""
    return x @ module.get_parameter("linear1.weight").T + module.get_parameter("linear1.bias")


def test_a_classifier_looks_at_the_state_behind_the_last_word() -> None:
    module = system("lstm_classifier.arch", vocabulary=30, width=6, hidden=5, classes=3)
    words = torch.randint(30, (4, 7))
    lstm = with_weights_of(module, nn.LSTM(6, 5, batch_first=True))
    _, (h, _) = lstm(module.get_parameter("embedding1.weight")[words])
    torch.testing.assert_close(module(words), scored(module, h[0]))
    # In training, some of the state is left out.
    assert not module.train()(words).equal(scored(module, h[0]))
    graph = read_once(SPECS / "lstm_classifier.arch").graph
    assert graph.parameters == 20_000 * 100 + 4 * 128 * (100 + 128 + 2) + 2 * 129 == 2_118_018
    assert evaluate(graph.macs, {"B": 1, "T": 10}) == 10 * 4 * 128 * (100 + 128) + 2 * 128


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_segmenter_gives_each_character_a_tag(layers: int) -> None:
    module = system("word_segmentation.arch", characters=30, width=6, hidden=5, layers=layers)
    text = torch.randint(30, (4, 7))
    lstm = with_weights_of(module, nn.LSTM(6, 5, num_layers=layers, batch_first=True, bidirectional=True))
    seen, _ = lstm(module.get_parameter("embedding1.weight")[text])
    assert module(text).shape == (4, 7, 4)
    torch.testing.assert_close(module(text), scored(module, seen))


@pytest.mark.parametrize(("variant", "layers", "millions"), [("two_layers", 2, 2.3), ("three_layers", 3, 3.8)])
def test_stacked_layers_have_as_many_weights_as_in_the_paper(variant: str, layers: int, millions: float) -> None:
    graph = read_once(SPECS / f"stacked_bilstm.arch:{variant}").graph
    assert isinstance(graph.parameters, int)
    assert round(graph.parameters / 1e6, 1) == millions
    module = system("stacked_bilstm.arch", layers=layers, hidden=5)
    sound = random(2, 4, 123)
    # Both ways of a layer, and then both ways of the next over what they give together.
    x = sound
    for number in range(layers):
        layer = nn.LSTM(123 if number == 0 else 10, 5, batch_first=True, bidirectional=True).double()
        own = module.get_submodule("lstm1").state_dict()
        layer.load_state_dict({name: own[name.replace("l0", f"l{number}")] for name in layer.state_dict()})
        x, _ = layer(x)
    torch.testing.assert_close(module(sound), scored(module, x))
