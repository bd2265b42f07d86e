"""GPT-2 and BERT calculate what Hugging Face's do, and what they are when written by hand in PyTorch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from math import prod, sqrt
from pathlib import Path
from typing import Any, Final

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name.
from torch import Tensor, nn

import archspec
from archspec.size import evaluate
from tests.golden_rule import DIRECTORY, FIRST_INPUT, Golden, described, spread
from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs" / "attention"
SMALL: Final = {"vocabulary": 13, "context": 9, "width": 12, "heads": 3, "depth": 2}

Weights = dict[str, Tensor]

each_model: Final = pytest.mark.parametrize("name", ["gpt2", "bert", "bert_masked"])


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(7)


@cache
def spec(name: str) -> archspec.Model:
    return read_once(SPECS / f"{name}.arch")


def compiled(name: str, **settings: Any) -> nn.Module:
    module = read_once(SPECS / f"{name}.arch", **settings).compile()
    assert isinstance(module, nn.Module)
    return module


def small(name: str, **settings: Any) -> nn.Module:
    """A small model whose weights are all random, also those that start from zero."""
    module = compiled(name, **SMALL, **settings).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.5)
    return module


# ------------------------------------------------------------------------------------------------ as Hugging Face's


def of_gpt2(theirs: Weights) -> Weights:
    """Weights of `GPT2LMHeadModel`, whose linear layers are transposed, under our names."""
    ours = {}
    for name, weight in theirs.items():
        renamed = name.replace("c_attn.", "in_proj_").replace("attn.c_proj", "attn.out_proj")
        ours[renamed] = weight.T if re.search(r"\.c_\w+\.weight", name) else weight
    return ours | {"lm_head.weight": ours["transformer.wte.weight"]}


BERT_NAMES: Final = {
    "attention.self.query": "self_attn.in_proj",
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}
"""What the parts of a layer are called here, by what they are called in `BertModel`."""


def of_bert(theirs: Weights) -> Weights:
    """Weights of `BertModel` under our names."""
    ours = {}
    for name, weight in theirs.items():
        above, layer, part = name.rpartition("encoder.layer.")
        number, _, part = part.partition(".")
        part, _, kind = part.rpartition(".")
        if not layer:
            ours[name] = weight
        elif part.endswith("query"):
            others = [theirs[name.replace("query", other)] for other in ("key", "value")]
            ours[f"{above}encoder.{number}.self_attn.in_proj_{kind}"] = torch.cat([weight, *others])
        elif part in BERT_NAMES:
            ours[f"{above}encoder.{number}.{BERT_NAMES[part]}.{kind}"] = weight
    return ours


def of_bert_masked(theirs: Weights) -> Weights:
    """Weights of `BertForMaskedLM`: the weight and the bias of the last layer have two names each."""
    tied = {"cls.predictions.decoder.weight": theirs["bert.embeddings.word_embeddings.weight"]}
    return of_bert({name: weight for name, weight in theirs.items() if name != "cls.predictions.bias"}) | tied


OURS: Final[Mapping[str, Callable[[Weights], Weights]]] = {
    "gpt2": of_gpt2,
    "bert": of_bert,
    "bert_masked": of_bert_masked,
}


def filled(name: str) -> Weights:
    """The weights of the reference by the rule, in the order in which its modules run."""
    weights = list(Golden.of(name).state_dict)
    if name != "gpt2":
        weights[1:3] = weights[2], weights[1]  # BERT looks up the kinds of its tokens before their positions.
    tied = ("cls.predictions.bias", "cls.predictions.decoder.weight")
    weights = [(key, shape) for key, shape in weights if key not in tied]
    found = {}
    for counter, (key, shape) in enumerate(weights, start=1):
        numbers = torch.from_numpy(spread(prod(shape), counter)).reshape(shape)
        if len(shape) > 1:
            is_table = re.search(r"embeddings\.weight|wte|wpe", key)
            numbers.mul_(2 if is_table else sqrt(12 / shape[1]))
        elif re.search(r"(LayerNorm|ln_\w)\.weight", key):
            numbers.mul_(0.5).add_(1)
        else:
            numbers.mul_(0.2)
        found[key] = numbers
    return found


@each_model
def test_counts_are_those_of_the_reference(name: str) -> None:
    golden, graph = Golden.of(name), spec(name).graph
    batch, time = golden.input
    assert graph.parameters == golden.parameters
    assert evaluate(graph.macs, {"B": batch, "T": time}) == golden.multiply_adds


def test_gpt2_without_its_last_layer_has_the_counts_of_the_reference() -> None:
    golden, graph = Golden.of("gpt2_body"), spec("gpt2").graph
    (batch, time), (vocabulary, width) = golden.input, golden.state_dict[0][1]
    assert graph.parameters == golden.parameters, "the weight of the last layer is that of the first"
    last = batch * time * vocabulary * width
    assert evaluate(graph.macs, {"B": batch, "T": time}) == golden.multiply_adds + last


SHAPES: Final[Mapping[str, str]] = {"gpt2": "gpt2_body", "bert_masked": "bert_masked"}
"""What layers give, in the order in which they run."""


@pytest.mark.parametrize("name", SHAPES)
def test_layers_give_the_shapes_of_the_reference_in_its_order(name: str) -> None:
    golden = json.loads((DIRECTORY / f"{SHAPES[name]}.json").read_text(encoding="utf-8"))
    # Theirs projects queries, keys and values in layers of their own, and ours within attention.
    within = re.compile(r"self\.(query|key|value)|c_attn$")
    expected = [shape for layer, shape in golden["layers"] if not within.search(layer)]
    sizes = dict(zip("BT", golden["input"], strict=True))
    found = [
        [evaluate(size, sizes) for size in node.output.shape]
        for node in spec(name).graph.nodes
        if node.weights and node.name != "lm_head"
    ]
    assert found == expected


def test_nothing_is_kept_that_is_not_trained() -> None:
    # The buffers of Hugging Face's BERT are the numbers of positions and zeros for one segment: no more than defaults.
    assert not any(node.buffers for name in ("gpt2", "bert", "bert_masked") for node in spec(name).graph.nodes)


@each_model
def test_the_weights_are_those_of_the_reference_under_other_names(name: str) -> None:
    with torch.device("meta"):
        theirs = {key: torch.empty(shape) for key, shape in Golden.of(name).state_dict}
        found = {key: each.shape for key, each in compiled(name).state_dict().items()}
        expected = {key: each.shape for key, each in OURS[name](theirs).items()}
    assert found == expected


@pytest.mark.slow
@each_model
def test_outputs_are_those_of_the_reference(name: str) -> None:
    golden = Golden.of(name)
    with torch.device("meta"):
        module = compiled(name)
    module.load_state_dict(OURS[name](filled(name)), assign=True)
    numbers = torch.from_numpy(spread(prod(golden.input), FIRST_INPUT)).reshape(golden.input)
    assert golden.entries is not None
    words = ((numbers + 0.5) * golden.entries).long()
    outputs: dict[str, Tensor] = {}
    if name == "gpt2":
        # What the last layer is given is recorded on its own.
        module.get_submodule("lm_head").register_forward_pre_hook(lambda _, given: outputs.update(hidden=given[0]))
    with torch.no_grad():
        output = module.eval()(words) if name == "gpt2" else module.eval()(words, torch.zeros_like(words))
    outputs |= {"logits": output} if isinstance(output, Tensor) else output._asdict()
    expected_outputs = golden.output | ({"hidden": Golden.of("gpt2_body").output} if name == "gpt2" else {})
    assert outputs.keys() == expected_outputs.keys()
    for key, recorded in expected_outputs.items():
        found = described(outputs[key])
        assert found.keys() == recorded.keys()
        for each, expected in recorded.items():
            assert found[each] == pytest.approx(expected, rel=1e-9), (key, each)


# -------------------------------------------------------------------------------------------------- written by hand


class GPT(nn.Module):
    """GPT-2 as it is usually written, with the scores of attention in full."""

    def __init__(self, vocabulary: int, context: int, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.heads = heads
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm1": nn.LayerNorm(width),
                    "attention": nn.Linear(width, 3 * width),
                    "mix": nn.Linear(width, width),
                    "norm2": nn.LayerNorm(width),
                    "widen": nn.Linear(width, 4 * width),
                    "narrow": nn.Linear(4 * width, width),
                }
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        x: Tensor = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        seen = torch.ones(tokens.shape[1], tokens.shape[1]).tril() > 0
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleDict)
            joint = layer["attention"](layer["norm1"](x)).unflatten(2, (3, self.heads, -1))
            q, k, v = joint.permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(2, 3) / sqrt(q.shape[-1])
            found = scores.masked_fill(~seen, -torch.inf).softmax(-1) @ v
            x = x + layer["mix"](found.transpose(1, 2).flatten(2))
            x = x + layer["narrow"](F.gelu(layer["widen"](layer["norm2"](x)), approximate="tanh"))
        return self.norm(x) @ self.tokens.weight.T  # type: ignore[no-any-return]


def agree(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_gpt2_is_what_it_is_when_written_by_hand() -> None:
    module, reference = small("gpt2", dropout=0), GPT(**SMALL).double()
    with torch.no_grad():
        for theirs, ours in zip(reference.parameters(), module.parameters(), strict=True):
            theirs.copy_(ours)
    tokens = torch.randint(SMALL["vocabulary"], (4, 7))
    found, expected = module(tokens), reference(tokens)
    agree(found, expected)
    found.square().mean().backward()
    expected.square().mean().backward()
    for theirs, ours in zip(reference.parameters(), module.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        agree(ours.grad, theirs.grad)


def test_a_later_token_changes_nothing_before_it() -> None:
    module = small("gpt2").eval()
    tokens = torch.randint(SMALL["vocabulary"], (4, 7))
    others = tokens.clone()
    others[:, 5] = (tokens[:, 5] + 1) % SMALL["vocabulary"]
    before, after = module(tokens), module(others)
    agree(before[:, :5], after[:, :5])
    assert (before[:, 5] != after[:, 5]).all()


def test_bert_is_the_encoder_of_torch_between_embeddings_and_a_pooler() -> None:
    module = small("bert", dropout=0)
    width, heads, depth = (SMALL[each] for each in ("width", "heads", "depth"))
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", 1e-12, batch_first=True)
    encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False).double()
    encoder.layers.load_state_dict(module.get_submodule("encoder").state_dict())
    weights = module.state_dict()
    words, segments = torch.randint(SMALL["vocabulary"], (4, 7)), torch.randint(2, (4, 7))
    x = weights["embeddings.word_embeddings.weight"][words]
    x = x + weights["embeddings.token_type_embeddings.weight"][segments]
    x = x + weights["embeddings.position_embeddings.weight"][:7]
    norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
    sequence = encoder(F.layer_norm(x, (width,), *norm, eps=1e-12))
    pooled = torch.tanh(sequence[:, 0] @ weights["pooler.dense.weight"].T + weights["pooler.dense.bias"])
    found = module(words, segments)
    agree(found.sequence, sequence)
    agree(found.pooled, pooled)
    found.pooled.square().sum().backward()
    pooled.square().sum().backward()  # type: ignore[no-untyped-call]
    slopes = dict(module.named_parameters())
    for name, theirs in encoder.layers.named_parameters():
        ours = slopes[f"encoder.{name}"].grad
        assert ours is not None
        assert theirs.grad is not None
        agree(ours, theirs.grad)


# ------------------------------------------------------------------------------------------------- how weights start


def test_gpt2_guesses_with_the_embedding_of_its_tokens() -> None:
    module = compiled("gpt2", **SMALL)
    assert module.get_parameter("lm_head.weight") is module.get_parameter("transformer.wte.weight")


def test_what_gpt2_adds_starts_the_smaller_the_more_there_is_to_add() -> None:
    for depth in (1, 3):
        module = compiled("gpt2", depth=depth, vocabulary=500, context=200, width=192)
        for name, weight in module.named_parameters():
            if weight.dim() > 1:
                is_last = name.endswith(("out_proj.weight", "c_proj.weight"))
                std = 0.02 / sqrt(2 * depth) if is_last else 0.02
                assert weight.std().item() == pytest.approx(std, rel=0.02), name
            else:
                assert set(weight.tolist()) == {0.0 if name.endswith("bias") else 1.0}, name


def test_bert_starts_with_nothing_far_from_zero() -> None:
    module = compiled("bert", depth=1, vocabulary=500, width=192)
    for name, weight in module.named_parameters():
        if weight.dim() > 1:
            assert 0.035 < weight.abs().max().item() <= 0.04 or weight.numel() < 1000, name
        else:
            assert set(weight.tolist()) == {0.0 if name.endswith("bias") else 1.0}, name
