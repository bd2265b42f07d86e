"""Specs of sequence models calculate what their papers say, as written out here by hand or in torch's own modules."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec

SPECS: Final = Path(__file__).parent.parent / "specs"
FILES: Final = sorted((*(SPECS / "sequence").iterdir(), *(SPECS / "attention").iterdir()))


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(7)


def compiled(spec: str, **settings: Any) -> nn.Module:
    module = archspec.load(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_spec_is_right_and_can_be_drawn(path: Path, tmp_path: Path) -> None:
    model = archspec.load(path)
    assert not list(model.check())
    model.draw(tmp_path / "model.svg")
    assert model.graph.name in (tmp_path / "model.svg").read_text()


# ---------------------------------------------------------------------------------------------------- recurrences


def test_a_jordan_network_is_told_its_last_output() -> None:
    module = compiled("sequence/jordan.yaml", hidden=5, actions=3)
    weights = dict(module.named_parameters())
    plan = torch.randn(2, 6, 8, dtype=torch.double)
    action = torch.zeros(2, 3, dtype=torch.double)
    expected = []
    for x in plan.unbind(1):
        given = torch.cat((x, action), dim=1)
        hidden = (given @ weights["scan1.linear1.weight"].T + weights["scan1.linear1.bias"]).sigmoid()
        action = (hidden @ weights["scan1.linear2.weight"].T + weights["scan1.linear2.bias"]).sigmoid()
        expected.append(action)
    torch.testing.assert_close(module(plan), torch.stack(expected, dim=1))


def weights_by_way(module: nn.Module) -> dict[str, dict[str, Tensor]]:
    """The weights of the two cells of a scan."""
    parts: dict[str, dict[str, Tensor]] = {"forwards": {}, "backwards": {}}
    for name, weight in module.named_parameters():
        if name.startswith("scan1."):
            _, way, rest = name.split(".", 2)
            parts[way][rest] = weight
    return parts


def peephole(sequence: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """The states of an LSTM whose gates look at the cell state, by its equations."""
    h = c = sequence.new_zeros(sequence.shape[0], len(weights["scale1.weight"]))
    states = []
    for x in sequence.unbind(1):
        given = torch.cat((x, h), dim=1) @ weights["linear1.weight"].T + weights["linear1.bias"]
        i, f, g, o = given.chunk(4, dim=1)
        forget = (f + weights["scale1.weight"] * c).sigmoid()
        enter = (i + weights["scale2.weight"] * c).sigmoid()
        c = forget * c + enter * g.tanh()
        h = (o + weights["scale3.weight"] * c).sigmoid() * c.tanh()
        states.append(h)
    return torch.stack(states, dim=1)


def fully_connected(sequence: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """The states of an LSTM whose gates see the input, the output before and the cell state, by its equations."""
    size = weights["candidate.1.bias"].shape[0]
    h = c = sequence.new_zeros(sequence.shape[0], size)
    states = []
    for x in sequence.unbind(1):
        gates = torch.cat((x, h, c), dim=1) @ weights["linear1.weight"].T + weights["linear1.bias"]
        i, f, o = gates.sigmoid().chunk(3, dim=1)
        candidate = torch.cat((x, h), dim=1) @ weights["candidate.1.weight"].T + weights["candidate.1.bias"]
        c = f * c + i * candidate.tanh()
        h = o * c.tanh()
        states.append(h)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize(
    ("spec", "equations"), [("peephole.arch", peephole), ("fully_connected_lstm.arch", fully_connected)]
)
def test_the_gates_see_the_cell_state(spec: str, equations: Callable[[Tensor, dict[str, Tensor]], Tensor]) -> None:
    module = compiled(f"sequence/{spec}", characters=20, width=6, hidden=5)
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.5)
    text = torch.randint(20, (3, 7))
    parts = weights_by_way(module)
    words = module.get_submodule("embedding1")(text)
    forwards = equations(words, parts["forwards"])
    backwards = equations(words.flip(1), parts["backwards"]).flip(1)
    expected = module.get_submodule("linear1")(torch.cat((forwards, backwards), dim=2))
    found = module(text)
    torch.testing.assert_close(found, expected)
    wanted = torch.autograd.grad(expected.square().sum(), [*parts["backwards"].values()], retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad(found.square().sum(), [*parts["backwards"].values()]), wanted)


# ------------------------------------------------------------------------------------------------ the Transformer


def positions(length: int, width: int) -> Tensor:
    """Section 3.5 of the paper, written out."""
    return torch.tensor(
        [
            [
                (math.sin if column % 2 == 0 else math.cos)(row / 10_000 ** ((column - column % 2) / width))
                for column in range(width)
            ]
            for row in range(length)
        ],
        dtype=torch.double,
    )


def test_the_transformer_is_that_of_torch_between_tied_embeddings() -> None:
    width, vocabulary = 16, 11
    module = compiled("attention/transformer.arch", vocabulary=vocabulary, width=width, heads=4, inner=24, depth=2)
    reference = nn.Transformer(width, 4, 2, 2, 24, batch_first=True, dtype=torch.double).eval()
    own = {key: value for key, value in module.state_dict().items() if key.startswith(("encoder.", "decoder."))}
    reference.load_state_dict(own)
    source, target = torch.randint(vocabulary, (3, 7)), torch.randint(vocabulary, (3, 5))
    embedding = module.state_dict()["embed.weight"]

    def embedded(words: Tensor) -> Any:
        return embedding[words] * math.sqrt(width) + positions(words.shape[1], width)

    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.double)
    decoded = reference(embedded(source), embedded(target), tgt_mask=mask)
    torch.testing.assert_close(module(source, target), decoded @ embedding.T)


def test_the_transformer_has_the_parameters_of_torch_and_one_embedding() -> None:
    graph = archspec.load(SPECS / "attention" / "transformer.arch").graph
    with torch.device("meta"):
        reference = nn.Transformer(512, 8, 6, 6, 2048, batch_first=True)
    assert graph.parameters == sum(weight.numel() for weight in reference.parameters()) + 37_000 * 512
    module = archspec.load(SPECS / "attention" / "transformer.arch", vocabulary=30, depth=1).compile()
    assert module.get_parameter("logits.weight") is module.get_parameter("embed.weight")


def test_the_weights_of_the_transformer_start_as_the_spec_says() -> None:
    module = archspec.load(SPECS / "attention" / "transformer.arch", vocabulary=500, depth=1).compile()
    assert module.get_parameter("embed.weight").std().item() == pytest.approx(512**-0.5, rel=0.02)
    inner = module.get_parameter("encoder.layers.0.linear1.weight")
    assert inner.abs().max().item() == pytest.approx(math.sqrt(6 / (512 + 2048)), rel=0.01)
    assert not module.get_parameter("decoder.layers.0.linear2.bias").any()
