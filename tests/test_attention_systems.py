"""Specs of models with attention calculate what their papers say, written out here position by position."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs" / "attention"


def compiled(spec: str, **settings: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module of a spec, and its weights, which are all random, also those that start from zero."""
    torch.manual_seed(11)
    module = read_once(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    module = module.double().eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.7)
    return module, dict(module.named_parameters())


def affine(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    found = weights[f"{name}.weight"] @ x
    return found + weights[f"{name}.bias"] if f"{name}.bias" in weights else found


def assert_learns(module: nn.Module, found: Tensor) -> None:
    """Something flows back to every weight."""
    torch.autograd.backward(found.square().sum())
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


def of_torch(kind: Callable[..., nn.RNNBase], weights: dict[str, Tensor], layer: str, **settings: Any) -> nn.RNNBase:
    """The layer of torch with the weights of one of ours; another test compares it with its equations."""
    own = {key.removeprefix(f"{layer}."): each for key, each in weights.items() if key.startswith(f"{layer}.")}
    hidden = own["weight_hh_l0"].shape[1]
    reference = kind(own["weight_ih_l0"].shape[1], hidden, batch_first=True, dtype=torch.double, **settings)
    reference.load_state_dict(own)
    return reference


# ------------------------------------------------------------------------------------------- a text and a question

SCORES: Final = {
    "dot": "dot",
    "scaled_dot": "scaled dot",
    "bilinear": "bilinear",
    "additive": "additive",
    "key_value": "dot",
    "hard": "dot",
}
READER: Final = {"vocabulary": 9, "width": 4, "answers": 3}


def score(kind: str, weights: dict[str, Tensor], query: Tensor, key: Tensor) -> Tensor:
    layer = "soft_attention1"
    match kind:
        case "dot":
            return query @ key
        case "scaled dot":
            return query @ key / sqrt(len(key))
        case "bilinear":
            return affine(weights, f"{layer}.query", query) @ key
        case _:
            both = affine(weights, f"{layer}.query", query) + affine(weights, f"{layer}.key", key)
            return affine(weights, f"{layer}.score", both.tanh())[0]


def read(variant: str, weights: dict[str, Tensor], text: Tensor, asked: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """What one question finds in one text, of which a number of words is there; and where it looks."""
    scores = [score(SCORES[variant], weights, asked, text[place]) for place in range(length)]
    total = sum(each.exp() for each in scores)
    where = torch.zeros(len(text), dtype=torch.double)
    for place, each in enumerate(scores):
        where[place] = each.exp() / total
    if variant == "hard":
        where = (torch.arange(len(text)) == where.argmax()).double()
    values = text
    if variant == "key_value":
        values = torch.stack([affine(weights, "linear1", each) for each in text])
    return torch.stack([share * value for share, value in zip(where, values, strict=True)]).sum(dim=0), where


@pytest.mark.parametrize("variant", SCORES)
def test_a_reader_takes_what_fits_its_question(variant: str) -> None:
    module, weights = compiled(f"soft_attention.arch:{variant}", **READER)
    text, question = torch.randint(9, (2, 5)), torch.randint(9, (2, 3))
    lengths = [5, 3]
    seen = torch.arange(5) < torch.tensor(lengths)[:, None]
    states, _ = of_torch(nn.GRU, weights, "keys")(weights["embed.weight"][text])
    _, ends = of_torch(nn.GRU, weights, "gru1")(weights["embed.weight"][question])
    found = module(text, question, seen)
    last = "linear2" if variant == "key_value" else "linear1"
    for example in range(2):
        asked = ends[0, example]
        context, where = read(variant, weights, states[example], asked, lengths[example])
        torch.testing.assert_close(found.looked_at[example], where)
        torch.testing.assert_close(found.output[example], affine(weights, last, torch.cat((context, asked))))
    assert_learns(module, found.output)


def test_hard_attention_draws_in_training_and_takes_the_best_place_afterwards() -> None:
    module, weights = compiled("soft_attention.arch:hard", **READER)
    text, question = torch.randint(9, (1, 4)), torch.randint(9, (1, 3))
    states, _ = of_torch(nn.GRU, weights, "keys")(weights["embed.weight"][text])
    _, ends = of_torch(nn.GRU, weights, "gru1")(weights["embed.weight"][question])
    expected = (states[0] @ ends[0, 0]).softmax(dim=0)
    draws = 4000
    many = [each.expand(draws, -1) for each in (text, question)]
    with torch.no_grad():
        looked_at = module.train()(*many, torch.ones(draws, 4, dtype=torch.bool)).looked_at
        one = module.eval()(*many, torch.ones(draws, 4, dtype=torch.bool)).looked_at
    assert torch.equal(looked_at.sum(dim=1), torch.ones(draws, dtype=torch.double)), "one place is looked at"
    # Each share is within four standard deviations of what is drawn so often.
    assert (looked_at.mean(dim=0) - expected).abs().max() < 4 * sqrt(0.25 / draws)
    assert (one.argmax(dim=1) == expected.argmax()).all()


# ------------------------------------------------------------------------------------------------------------ heads


def attended(weights: dict[str, Tensor], layer: str, x: Tensor, memory: Tensor, heads: int, *, causal: bool) -> Tensor:
    """Multi-head attention by its formula, for one example: a head after the other, and a score after the other."""
    width = x.shape[1]
    size = width // heads
    matrices, biases = weights[f"{layer}.in_proj_weight"], weights[f"{layer}.in_proj_bias"]
    rows = []
    for t, asks in enumerate(x):
        found = []
        for head in range(heads):
            part = [slice(kind * width + head * size, kind * width + (head + 1) * size) for kind in range(3)]
            query = matrices[part[0]] @ asks + biases[part[0]]
            places = memory[: t + 1] if causal else memory
            keys = [matrices[part[1]] @ place + biases[part[1]] for place in places]
            values = [matrices[part[2]] @ place + biases[part[2]] for place in places]
            powers = [(query @ key / sqrt(size)).exp() for key in keys]
            total = torch.stack(powers).sum()
            found.append(torch.stack([p / total * value for p, value in zip(powers, values, strict=True)]).sum(dim=0))
        rows.append(affine(weights, f"{layer}.out_proj", torch.cat(found)))
    return torch.stack(rows)


def test_heads_attend_to_themselves_to_the_past_and_to_a_memory() -> None:
    module, weights = compiled("multi_head.yaml", width=6, heads=2)
    source, target = torch.randn(2, 5, 6, dtype=torch.double), torch.randn(2, 4, 6, dtype=torch.double)
    found = module(source, target)
    for example in range(2):
        encoded = attended(weights, "self", source[example], source[example], 2, causal=False)
        decoded = attended(weights, "causal", target[example], target[example], 2, causal=True)
        expected = attended(weights, "cross", decoded, encoded, 2, causal=False)
        torch.testing.assert_close(found[example], expected)
    assert_learns(module, found)


def test_eight_heads_are_those_of_torch() -> None:
    module, weights = compiled("multi_head.yaml")
    source, target = torch.randn(1, 5, 512, dtype=torch.double), torch.randn(1, 4, 512, dtype=torch.double)
    layers = {}
    for name in ("self", "causal", "cross"):
        layers[name] = nn.MultiheadAttention(512, 8, batch_first=True, dtype=torch.double)
        assert layers[name].head_dim == 64
        layers[name].load_state_dict({key: weights[f"{name}.{key}"] for key in layers[name].state_dict()})
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.double)
    encoded, _ = layers["self"](source, source, source)
    decoded, _ = layers["causal"](target, target, target, attn_mask=mask)
    expected, _ = layers["cross"](decoded, encoded, encoded)
    torch.testing.assert_close(module(source, target), expected)


# -------------------------------------------------------------------------------------------- words, then sentences


def pooled(weights: dict[str, Tensor], layer: str, states: Tensor) -> Tensor:
    """Equations 5 to 7 of the paper, for one sequence."""
    scores = []
    for h in states:
        u = affine(weights, f"{layer}.u.0", h).tanh()
        scores.append(affine(weights, f"{layer}.weight.0", u)[0].exp())
    total = torch.stack(scores).sum()
    return torch.stack([each / total * h for each, h in zip(scores, states, strict=True)]).sum(dim=0)


def test_words_make_sentences_and_sentences_a_document() -> None:
    module, weights = compiled("hierarchical_attention.arch", vocabulary=9, width=3, hidden=2, classes=4)
    documents = torch.randint(9, (2, 3, 5))
    reads_words = of_torch(nn.GRU, weights, "words.gru1", bidirectional=True)
    reads_sentences = of_torch(nn.GRU, weights, "sentences.gru1", bidirectional=True)
    found = module(documents)
    for example, document in enumerate(documents):
        sentences = []
        for sentence in document:
            states, _ = reads_words(weights["embedding1.weight"][sentence][None])
            sentences.append(pooled(weights, "words.pool", states[0]))
        states, _ = reads_sentences(torch.stack(sentences)[None])
        expected = affine(weights, "linear1", pooled(weights, "sentences.pool", states[0]))
        torch.testing.assert_close(found[example], expected)
    assert_learns(module, found)


def test_what_a_sentence_is_does_not_depend_on_the_others() -> None:
    module, _ = compiled("hierarchical_attention.arch", vocabulary=9, width=3, hidden=2)
    given: list[Tensor] = []
    module.get_submodule("sentences").register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    documents = torch.randint(9, (2, 3, 5))
    module(documents)
    module(documents.flip(1))
    torch.testing.assert_close(given[0], given[1].flip(1))


# ---------------------------------------------------------------------------------------------------------- pointing


def test_a_pointer_network_chooses_among_its_inputs() -> None:
    module, weights = compiled("pointer_network.arch", hidden=4)
    points = torch.rand(2, 5, 2, dtype=torch.double)
    chosen = torch.cat((torch.zeros(2, 1, 2, dtype=torch.double), points[:, :2]), dim=1)
    allowed = torch.tensor([[True] * 5, [False, True, True, True, True], [False, False, True, True, True]])
    found = module(points, chosen, allowed.expand(2, -1, -1))
    encoded, ends = of_torch(nn.LSTM, weights, "lstm1")(points)
    decoded, _ = of_torch(nn.LSTM, weights, "decoded")(chosen, ends)
    for example in range(2):
        for step in range(3):
            powers = []
            for place in range(5):
                both = affine(weights, "choice.query", decoded[example, step])
                both = both + affine(weights, "choice.key", encoded[example, place])
                u = affine(weights, "choice.score", both.tanh())[0]
                powers.append(u.exp() if allowed[step, place] else torch.zeros((), dtype=torch.double))
            expected = torch.stack(powers) / sum(powers)
            torch.testing.assert_close(found[example, step].exp(), expected)
    assert_learns(module, found.exp())
