"""Attention, embeddings and the norms of sequences: the numbers of torch, and those of their formulas."""

from __future__ import annotations

from math import cos, sin, sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from archspec.op import Op, ShapeError
from archspec.ops.attention import Attention
from archspec.ops.batch_norm import InstanceNorm
from archspec.ops.embedding import Embedding
from archspec.ops.group_norm import GroupNorm
from archspec.ops.layer_norm import LayerNorm, RmsNorm
from archspec.ops.positions import LearnedPositions, SinusoidalPositions
from archspec.shape import Element, Shape
from archspec.size import Size, named
from tests.laws import agrees_with_torch
from tests.lowered import call_of, module_of, random_uses, result

B, D, S, T = map(named, "BDST")


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)))


def weighted(module: nn.Module) -> nn.Module:
    """The module with random weights, its biases included, which start at zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
    return module


def loaded(op: Op, theirs: nn.Module, *inputs: Tensor) -> nn.Module:
    """What the op is lowered to, with the weights of torch's own module."""
    module = module_of(op, *inputs)
    module.load_state_dict(theirs.state_dict())
    return module


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_self_attention_is_that_of_torch(causal: bool, bias: bool) -> None:
    x = random(2, 5, 12)
    theirs = weighted(nn.MultiheadAttention(12, 3, bias=bias, batch_first=True))
    ours = loaded(Attention(heads=3, causal=causal, bias=bias), theirs, x)
    mask = nn.Transformer.generate_square_subsequent_mask(5) if causal else None
    expected, _ = theirs(x, x, x, attn_mask=mask, need_weights=False)
    torch.testing.assert_close(ours(x), expected)


@pytest.mark.parametrize(("key_features", "value_features"), [(12, 12), (10, 10), (10, 7), (12, 7)])
def test_cross_attention_is_that_of_torch(key_features: int, value_features: int) -> None:
    x, key, value = random(2, 5, 12), random(2, 7, key_features), random(2, 7, value_features)
    theirs = weighted(nn.MultiheadAttention(12, 3, kdim=key_features, vdim=value_features, batch_first=True))
    inputs = (x, key) if key_features == value_features else (x, key, value)
    value = key if key_features == value_features else value
    ours = loaded(Attention(heads=3), theirs, *inputs)
    torch.testing.assert_close(ours(*inputs), theirs(x, key, value, need_weights=False)[0])


def test_attention_starts_with_the_distribution_of_torch() -> None:
    theirs, ours = nn.MultiheadAttention(64, 4), module_of(Attention(heads=4), random(1, 2, 64))
    for name, parameter in theirs.named_parameters():
        mine = ours.get_parameter(name)
        assert mine.shape == parameter.shape
        assert mine.std().item() == pytest.approx(parameter.std().item(), rel=0.1, abs=1e-9), name


def test_attention_is_its_formula() -> None:
    x = random(1, 4, 6)
    module = weighted(module_of(Attention(heads=2, head_features=5, causal=True), x))
    weights = module.state_dict()
    q, k, v = (x[0] @ weights["in_proj_weight"].T + weights["in_proj_bias"]).split(10, dim=1)
    heads = []
    for columns in (slice(0, 5), slice(5, 10)):
        scores = q[:, columns] @ k[:, columns].T / sqrt(5)
        # A position that comes later is not seen.
        scores = scores.masked_fill(torch.ones(4, 4).triu(1).bool(), float("-inf"))
        heads.append(scores.softmax(dim=1) @ v[:, columns])
    expected = torch.cat(heads, dim=1) @ weights["out_proj.weight"].T + weights["out_proj.bias"]
    torch.testing.assert_close(module(x)[0], expected)


def test_dropout_of_attention_acts_in_training_only() -> None:
    x = random(2, 5, 8)
    module = module_of(Attention(heads=2, dropout=0.5), x)
    torch.manual_seed(0)
    assert not module(x).equal(module(x))
    module.eval()
    assert module(x).equal(module(x))


def test_the_cost_of_attention_is_that_of_its_projections_and_products() -> None:
    x, memory = Shape.of(B, T, 512), Shape.of(B, S, 512)
    assert Attention(heads=8).macs(x) == B * (4 * T * 512 * 512 + 2 * T * T * 512)
    assert Attention(heads=8).macs(x, memory) == B * (2 * (T + S) * 512 * 512 + 2 * T * S * 512)
    assert Attention.arity() == (1, 4)


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (Attention(heads=3), [[2, 5, 8]], "has 3 heads, but 3 does not divide the features of the input: 8"),
        (Attention(heads=3), [[2, 8]], "needs 3 axes, but its query has 2"),
        (Attention(heads=2), [[2, 5, 8], [3, 5, 8]], "needs equal batches, but its query has 2 and its key 3"),
        (
            Attention(heads=2),
            [[2, 5, 8], [2, 5, 8], [2, 6, 8]],
            "needs a value for each key, but has 5 keys and 6 values",
        ),
        (LearnedPositions(length=4), [[2, 5, 8]], "has vectors for 4 positions, but the input has 5"),
        (LearnedPositions(length=4), [[2, 5]], "needs 3 axes, but the input has 2"),
        (
            SinusoidalPositions(),
            [[2, 5, 2 * D + 1]],
            "needs an even number of features, one for each sine and cosine, but the input has 2*D + 1",
        ),
        (LayerNorm(axes=3), [[2, 5]], "normalises the last 3 axes, but the input has 2"),
        (GroupNorm(groups=3), [[2, 8]], "has 3 groups, but 3 does not divide the channels of the input: 8"),
        (InstanceNorm(), [[2, 8, 1, 1]], "needs more than one position in space, but the input has one"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic(op: Op, shapes: list[list[Size]], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*(Shape(tuple(sizes)) for sizes in shapes))
    assert refusal.value.message == message


def test_open_sizes_are_taken_to_agree() -> None:
    assert Attention(heads=8).infer(Shape.of(B, T, D), Shape.of(4, S, 64)) == Shape.of(4, T, D)
    assert LearnedPositions(length=4).infer(Shape.of(B, T, 8)) == Shape.of(B, T, 8)
    assert GroupNorm(groups=8).infer(Shape.of(B, D)) == Shape.of(B, D)


def test_an_embedding_is_a_row_of_its_table() -> None:
    words = torch.tensor([[3, 0, 3], [1, 2, 4]])
    module = module_of(Embedding(entries=5, features=4), words)
    table = module.get_parameter("weight")
    expected = torch.stack([torch.stack([table[word] for word in line]) for line in words])
    assert module(words).equal(expected)


def test_learned_positions_are_added_to_each_example() -> None:
    x = random(2, 5, 8)
    module = weighted(module_of(LearnedPositions(length=9), x))
    weight = module.get_parameter("weight")
    for example in range(2):
        for position in range(5):
            assert module(x)[example, position].equal(x[example, position] + weight[position])
    fresh = module_of(LearnedPositions(length=500), torch.zeros(1, 1, 100)).get_parameter("weight")
    assert fresh.std().item() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("base", [10_000.0, 50.0])
def test_sinusoidal_positions_are_their_formula(base: float) -> None:
    length, features = 40, 6
    added = result(SinusoidalPositions(base=base), torch.zeros(1, length, features, dtype=torch.float64))[0]
    for position in range(length):
        for pair in range(features // 2):
            angle = position / base ** (2 * pair / features)
            assert added[position, 2 * pair].item() == pytest.approx(sin(angle), abs=1e-12)
            assert added[position, 2 * pair + 1].item() == pytest.approx(cos(angle), abs=1e-12)


def test_sinusoidal_positions_keep_the_precision_of_their_input_and_calculate_in_more() -> None:
    x = torch.zeros(1, 3000, 4, dtype=torch.bfloat16)
    added = module_of(SinusoidalPositions(), x.float())(x)
    assert added.dtype == torch.bfloat16
    assert added[0, 2999, 0].item() == pytest.approx(sin(2999), abs=4e-3)


def normal(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(dim=axes, keepdim=True)
    return centred / (centred.square().mean(dim=axes, keepdim=True) + eps).sqrt()


@pytest.mark.parametrize("axes", [1, 2])
def test_layer_norm_is_its_formula(axes: int) -> None:
    x = 3 * random(2, 4, 6) + 1
    module = weighted(module_of(LayerNorm(eps=1e-3, axes=axes), x))
    weights = module.state_dict()
    expected = normal(x, tuple(range(-axes, 0)), 1e-3) * weights["weight"] + weights["bias"]
    torch.testing.assert_close(module(x), expected)
    assert str(call_of(LayerNorm(), Shape.of(B, T, 6))) == "nn.LayerNorm(6)"
    assert str(call_of(LayerNorm(axes=2, bias=False), Shape.of(B, 4, 6))) == "nn.LayerNorm((4, 6), bias=False)"


def test_rms_norm_is_its_formula() -> None:
    x = 3 * random(2, 4, 6) + 1
    module = weighted(module_of(RmsNorm(eps=1e-3), x))
    expected = x / (x.square().mean(dim=-1, keepdim=True) + 1e-3).sqrt() * module.get_parameter("weight")
    torch.testing.assert_close(module(x), expected)
    assert str(call_of(RmsNorm(), Shape.of(B, T, 6))) == "nn.RMSNorm(6, eps=1e-06)"


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_is_its_formula(groups: int) -> None:
    x = 3 * random(2, 6, 4, 5) + 1
    module = weighted(module_of(GroupNorm(groups=groups, eps=1e-3), x))
    weights = {name: value.reshape(6, 1, 1) for name, value in module.state_dict().items()}
    normalised = normal(x.reshape(2, groups, -1), (2,), 1e-3).reshape(x.shape)
    torch.testing.assert_close(module(x), normalised * weights["weight"] + weights["bias"])


def test_instance_norm_is_a_group_norm_of_each_channel() -> None:
    x = 3 * random(2, 6, 4, 5) + 1
    module = module_of(InstanceNorm(eps=1e-3), x)
    torch.testing.assert_close(module(x), normal(x, (2, 3), 1e-3))
    torch.testing.assert_close(module.eval()(x), normal(x, (2, 3), 1e-3))


def uses(number: int) -> list[tuple[Op, int, int]]:
    """Ops with a number in their settings, and the least and the most axes that they are for."""
    return [
        (LayerNorm(axes=number), number, 5),
        (RmsNorm(axes=number), number, 5),
        (GroupNorm(groups=number), 2, 5),
        (InstanceNorm(), 3, 5),
        (LearnedPositions(length=number), 3, 3),
        (SinusoidalPositions(), 3, 3),
        (Attention(heads=number), 3, 3),
    ]


@random_uses
@given(
    st.integers(1, 4).flatmap(lambda number: st.sampled_from(uses(number))),
    st.lists(st.integers(1, 4), max_size=5).map(lambda sizes: Shape(tuple(sizes))),
)
def test_refusals_are_those_of_torch(use: tuple[Op, int, int], x: Shape) -> None:
    op, least, most = use
    if least <= x.rank <= most:
        agrees_with_torch(op, x)
    else:
        # The axes decide what an op is lowered to.
        with pytest.raises(ShapeError, match=r"ax[ie]s"):
            op.infer(x)


def test_only_whole_numbers_are_looked_up() -> None:
    assert Embedding.accepts == {Element.INT}
