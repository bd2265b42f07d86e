"""Systems with attention of a single head: readers that are asked, and the pointer network."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from tests.single_head import attended, flags, random, scored

SPECS: Final = Path(__file__).parent.parent / "specs" / "attention"


def compiled(name: str, **settings: Any) -> nn.Module:
    """The module of a spec, for numbers of many digits."""
    torch.manual_seed(5)
    module = archspec.load(SPECS / name, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double()


def part(module: nn.Module, name: str) -> Any:
    return module.get_submodule(name)


def learns(module: nn.Module, *inputs: Tensor) -> None:
    """Gradients flow back to every weight."""
    found = module(*inputs)
    found = found if isinstance(found, Tensor) else found[-1]
    torch.autograd.backward(found.masked_fill(found.isinf(), 0).square().sum())
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


@pytest.mark.parametrize(
    ("variant", "setting"),
    [
        ("additive", {"score": "additive"}),
        ("dot", {"score": "dot"}),
        ("scaled_dot", {"score": "scaled_dot"}),
        ("bilinear", {"score": "bilinear"}),
        ("key_value", {"score": "dot"}),
        ("hard", {"score": "dot"}),
    ],
)
def test_a_reader_finds_what_its_question_asks_for(variant: str, setting: dict[str, Any]) -> None:
    module = compiled(f"soft_attention.arch:{variant}", vocabulary=9, width=6, answers=4).eval()
    text, question = torch.randint(9, (2, 5)), torch.randint(9, (2, 3))
    seen = flags([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    embed = module.get_parameter("embed.weight")
    keys, _ = part(module, "keys")(embed[text])
    _, state = part(module, "gru1")(embed[question])
    values = part(module, "linear1")(keys) if variant == "key_value" else keys
    attend = part(module, "hard_attention1" if variant == "hard" else "soft_attention1")
    answer = part(module, "linear2" if variant == "key_value" else "linear1")
    looked_at, output = module(text, question, seen)
    for example in range(2):
        asked = state[0, example]
        found, weights = attended(setting, attend, asked, keys[example], values[example], seen[example].tolist())
        if variant == "hard":
            weights = nn.functional.one_hot(weights.argmax(), 5).double()
            found = values[example, weights.argmax()]
        torch.testing.assert_close(looked_at[example], weights)
        torch.testing.assert_close(output[example], answer(torch.cat((found, asked))))
    learns(module, text, question, seen)


def test_a_pointer_network_chooses_among_its_inputs() -> None:
    module = compiled("pointer_network.arch", hidden=5)
    points, chosen = random(2, 4, 2), random(2, 3, 2)
    allowed = torch.ones(2, 3, 4).bool()
    allowed[:, 1:, 0] = False
    allowed[1, 2, 3] = False
    encoder, decoder, pointer = (part(module, name) for name in ("lstm1", "decoded", "choice"))
    encoded, last = encoder(points)
    decoded, _ = decoder(chosen, last)
    found = module(points, chosen, allowed)
    additive = {"score": "additive"}
    for example in range(2):
        for step in range(3):
            scores = [scored(additive, pointer, decoded[example, step], each) for each in encoded[example]]
            powers = [exp(score) * is_allowed for score, is_allowed in zip(scores, allowed[example, step], strict=True)]
            probabilities = found[example, step].exp()
            assert probabilities.tolist() == pytest.approx([float(power / sum(powers)) for power in powers])
    learns(module, points, chosen, allowed)


@pytest.mark.slow
def test_a_pointer_network_learns_to_sort() -> None:
    module = compiled("pointer_network.arch", hidden=16, coordinates=1).float()
    optimiser = torch.optim.Adam(module.parameters(), lr=2e-2)
    generator = torch.Generator().manual_seed(0)
    loss = torch.tensor(0.0)
    for _ in range(120):
        points = torch.rand(32, 4, 1, generator=generator)
        order = points.argsort(dim=1)
        chosen = torch.cat((torch.zeros(32, 1, 1), points.gather(1, order)[:, :-1]), dim=1)
        logits = module(points, chosen, torch.ones(32, 4, 4).bool())
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), order.flatten())
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    assert loss.item() < 0.7
