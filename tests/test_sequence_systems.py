"""Specs of sequence models calculate what their papers say, as written out here by hand or in torch's own modules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs"


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(7)


def compiled(spec: str, **settings: Any) -> nn.Module:
    module = read_once(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


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


def test_an_elman_network_keeps_what_its_hidden_layer_gives() -> None:
    module = compiled("sequence/elman.arch", bits=4, hidden=5)
    weights = dict(module.named_parameters())
    letters = torch.rand(2, 6, 4, dtype=torch.double)
    context = torch.zeros(2, 5, dtype=torch.double)
    expected = []
    for x in letters.unbind(1):
        given = torch.cat((x, context), dim=1)
        context = (given @ weights["scan1.linear1.weight"].T + weights["scan1.linear1.bias"]).sigmoid()
        expected.append((context @ weights["linear1.weight"].T + weights["linear1.bias"]).sigmoid())
    torch.testing.assert_close(module(letters), torch.stack(expected, dim=1))


Weights = Mapping[str, Tensor]


def affine(weights: Weights, name: str, x: Tensor) -> Tensor:
    """A layer with a matrix and perhaps a bias."""
    found = x @ weights[f"{name}.weight"].T
    return found + weights[f"{name}.bias"] if f"{name}.bias" in weights else found


def given(weights: Weights, layer: str, x: Tensor, h: Tensor, gate: int, level: str = "l0") -> tuple[Tensor, Tensor]:
    """What a gate of a standard unit is given: by the input, and by the state."""
    hidden = h.shape[1]
    rows = slice(gate * hidden, (gate + 1) * hidden)
    parts = [
        value @ weights[f"{layer}.weight_{side}_{level}"][rows].T + weights[f"{layer}.bias_{side}_{level}"][rows]
        for side, value in (("ih", x), ("hh", h))
    ]
    return parts[0], parts[1]


def lstm_step(weights: Weights, layer: str, x: Tensor, h: Tensor, c: Tensor, level: str = "l0") -> list[Tensor]:
    """Hochreiter and Schmidhuber, with the gate of Gers et al. that forgets."""
    enter, forget, candidate, tell = (sum(given(weights, layer, x, h, gate, level)) for gate in range(4))
    assert all(isinstance(each, Tensor) for each in (enter, forget, candidate, tell))
    c = torch.sigmoid(forget) * c + torch.sigmoid(enter) * torch.tanh(candidate)  # type: ignore[arg-type]
    return [torch.sigmoid(tell) * torch.tanh(c), c]  # type: ignore[arg-type]


def gru_step(weights: Weights, layer: str, x: Tensor, h: Tensor, level: str = "l0") -> list[Tensor]:
    """Cho et al., with the gate that resets behind the matrix, as in all libraries."""
    (xr, hr), (xz, hz), (xn, hn) = (given(weights, layer, x, h, gate, level) for gate in range(3))
    z = torch.sigmoid(xz + hz)
    return [z * h + (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn)]


def simple_step(weights: Weights, layer: str, x: Tensor, h: Tensor) -> list[Tensor]:
    from_input, from_state = given(weights, layer, x, h, 0)
    return [torch.tanh(from_input + from_state)]


@pytest.mark.parametrize(
    ("variant", "layer", "hidden", "step", "states", "of_torch"),
    [
        ("lstm", "lstm1", 36, lstm_step, 2, nn.LSTM),
        ("gru", "gru1", 46, gru_step, 1, nn.GRU),
        ("simple", "rnn1", 100, simple_step, 1, nn.RNN),
    ],
)
def test_standard_units_are_their_equations_and_those_of_torch(
    variant: str, layer: str, hidden: int, step: Any, states: int, of_torch: Any
) -> None:
    module = compiled(f"sequence/gated_units.yaml:{variant}", keys=6)
    weights = dict(module.named_parameters())
    notes = torch.rand(3, 7, 6, dtype=torch.double)
    state = [torch.zeros(3, hidden, dtype=torch.double)] * states
    expected = []
    for x in notes.unbind(1):
        state = step(weights, layer, x, *state)
        expected.append(affine(weights, "linear1", state[0]))
    found = module(notes)
    torch.testing.assert_close(found, torch.stack(expected, dim=1))
    reference = of_torch(6, hidden, batch_first=True, dtype=torch.double)
    own = {key.removeprefix(f"{layer}."): value for key, value in weights.items() if key.startswith(layer)}
    reference.load_state_dict(own)
    torch.testing.assert_close(found, affine(weights, "linear1", reference(notes)[0]))


def lstm_over(sequence: Tensor, weights: Weights, layer: str, level: str) -> tuple[Tensor, Tensor]:
    """The states of an LSTM at all positions, and the cell state at the end."""
    h = c = sequence.new_zeros(len(sequence), weights[f"{layer}.weight_hh_{level}"].shape[1])
    found = []
    for x in sequence.unbind(1):
        h, c = lstm_step(weights, layer, x, h, c, level)
        found.append(h)
    return torch.stack(found, dim=1), c


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("spec", ["word_segmentation.arch", "stacked_bilstm.arch"])
def test_a_layer_of_two_directions_hears_all_that_the_one_below_it_gives(spec: str, layers: int) -> None:
    if spec == "word_segmentation.arch":
        module = compiled(f"sequence/{spec}", characters=9, width=4, hidden=3, layers=layers)
        text = torch.randint(9, (2, 5))
        sequence = module.get_submodule("embedding1")(text)
    else:
        module = compiled(f"sequence/{spec}", hidden=3, phonemes=5, layers=layers)
        text = sequence = torch.randn(2, 5, 123, dtype=torch.double)
    weights = dict(module.named_parameters())
    for level in range(layers):
        forwards, _ = lstm_over(sequence, weights, "lstm1", f"l{level}")
        backwards, _ = lstm_over(sequence.flip(1), weights, "lstm1", f"l{level}_reverse")
        sequence = torch.cat((forwards, backwards.flip(1)), dim=2)
    torch.testing.assert_close(module(text), affine(weights, "linear1", sequence))


def test_what_is_remembered_behind_the_last_word_decides_on_a_text() -> None:
    module = compiled("sequence/lstm_classifier.arch", vocabulary=9, width=4, hidden=3)
    weights, words = dict(module.named_parameters()), torch.randint(9, (2, 5))
    states, _ = lstm_over(weights["embedding1.weight"][words], weights, "lstm1", "l0")
    torch.testing.assert_close(module(words), affine(weights, "linear1", states[:, -1]))


# ------------------------------------------------------------------------------------------------------- translation


def masked_softmax(scores: Tensor, seen: Tensor) -> Tensor:
    powers = torch.where(seen, scores.exp(), torch.zeros(()))
    return powers / powers.sum(dim=-1, keepdim=True)


def random_weights(module: nn.Module) -> dict[str, Tensor]:
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.5)
    return dict(module.named_parameters())


SEEN: Final = torch.tensor([[True] * 5, [True, True, True, False, False]])


def assert_learns(module: nn.Module, found: Tensor) -> None:
    """Something flows back to every weight."""
    torch.autograd.backward(found.square().sum())
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


def test_rnnsearch_is_the_appendix_of_its_paper() -> None:
    hidden = 4
    module = compiled("sequence/rnnsearch.arch", vocabulary=9, width=3, hidden=hidden)
    weights = random_weights(module)
    source, written = torch.randint(9, (2, 5)), torch.randint(9, (2, 6))
    x = weights["embedding1.weight"][source]
    ways = []
    for level, sequence in (("l0", x), ("l0_reverse", x.flip(1))):
        h, states = torch.zeros(2, hidden, dtype=torch.double), []
        for word in sequence.unbind(1):
            (h,) = gru_step(weights, "gru1", word, h, level)
            states.append(h)
        ways.append(torch.stack(states, dim=1))
    annotations = torch.cat((ways[0], ways[1].flip(1)), dim=2)
    s = affine(weights, "start.1", ways[1][:, -1]).tanh()
    expected = []
    for word in written.unbind(1):
        y = weights["words.weight"][word]
        scores = [
            affine(weights, "decoder.context.query", s) + affine(weights, "decoder.context.key", annotation)
            for annotation in annotations.unbind(1)
        ]
        alignment = torch.cat([affine(weights, "decoder.context.score", each.tanh()) for each in scores], dim=1)
        alpha = masked_softmax(alignment, SEEN)
        context = sum(alpha[:, [place]] * annotations[:, place] for place in range(5))
        assert isinstance(context, Tensor)
        told = affine(weights, "decoder.linear1", torch.cat((s, y, context), dim=1))
        maxout = torch.stack([told[:, 2 * j : 2 * j + 2].amax(dim=1) for j in range(hidden // 2)], dim=1)
        expected.append(affine(weights, "linear1", maxout))
        z, r = affine(weights, "decoder.linear2", torch.cat((y, s, context), dim=1)).sigmoid().chunk(2, dim=1)
        candidate = affine(weights, "decoder.candidate.2", torch.cat((y, r * s, context), dim=1)).tanh()
        s = (1 - z) * s + z * candidate
    found = module(source, SEEN, written)
    torch.testing.assert_close(found, torch.stack(expected, dim=1))
    assert_learns(module, found)


def luong_score(variant: str, weights: Weights, query: Tensor, key: Tensor) -> Tensor:
    """Equation 8 of the paper, for a query and a key of each example."""
    if variant == "general":
        query = affine(weights, "context.query", query)
    if variant != "additive":
        return (query * key).sum(dim=1)
    both = affine(weights, "context.query", query) + affine(weights, "context.key", key)
    return affine(weights, "context.score", both.tanh())[:, 0]


@pytest.mark.parametrize("variant", ["dot", "general", "additive"])
def test_luongs_translator_looks_at_all_of_the_source_from_each_state(variant: str) -> None:
    module = compiled(f"sequence/luong.arch:{variant}", vocabulary=9, width=3, hidden=4, layers=2)
    weights = random_weights(module)
    source, written = torch.randint(9, (2, 5)), torch.randint(9, (2, 6))
    encoder, decoder = (nn.LSTM(3, 4, 2, batch_first=True, dtype=torch.double) for _ in range(2))
    for reference, layer in ((encoder, "lstm1"), (decoder, "decoded")):
        reference.load_state_dict({key: weights[f"{layer}.{key}"] for key in reference.state_dict()})
    tables = [key for key in weights if key in ("embedding1.weight", "target.weight")]
    encoded, ends = encoder(weights[tables[0]][source])
    decoded, _ = decoder(weights[tables[1]][written], ends)
    expected = []
    for state in decoded.unbind(1):
        scores = torch.stack([luong_score(variant, weights, state, key) for key in encoded.unbind(1)], dim=1)
        alpha = masked_softmax(scores, SEEN)
        context = (alpha[:, :, None] * encoded).sum(dim=1)
        attentional = affine(weights, "attentional.1", torch.cat((context, state), dim=1)).tanh()
        expected.append(affine(weights, "linear1", attentional))
    found = module(source, SEEN, written)
    torch.testing.assert_close(found, torch.stack(expected, dim=1))
    assert_learns(module, found)


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
    graph = read_once(SPECS / "attention" / "transformer.arch").graph
    with torch.device("meta"):
        reference = nn.Transformer(512, 8, 6, 6, 2048, batch_first=True)
    assert graph.parameters == sum(weight.numel() for weight in reference.parameters()) + 37_000 * 512
    module = read_once(SPECS / "attention" / "transformer.arch", vocabulary=30, depth=1).compile()
    assert module.get_parameter("logits.weight") is module.get_parameter("embed.weight")


def test_the_weights_of_the_transformer_start_as_the_spec_says() -> None:
    module = read_once(SPECS / "attention" / "transformer.arch", vocabulary=500, depth=1).compile()
    assert module.get_parameter("embed.weight").std().item() == pytest.approx(512**-0.5, rel=0.02)
    inner = module.get_parameter("encoder.layers.0.linear1.weight")
    assert inner.abs().max().item() == pytest.approx(math.sqrt(6 / (512 + 2048)), rel=0.01)
    assert not module.get_parameter("decoder.layers.0.linear2.bias").any()
