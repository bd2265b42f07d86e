"""Multi-head attention in all its forms: the numbers of its formula, of torch, and of independent implementations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import prod, sqrt
from pathlib import Path
from typing import Any, Final, cast

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.attention import Attention
from archspec.shape import Element, Shape
from archspec.size import Size, evaluate, named
from archspec_torch.lower import OpenSizeError, lower
from tests.golden_rule import DIRECTORY, FIRST_INPUT, described, spread
from tests.lowered import built, call_of, shape_of
from tests.test_emit import STRICTLY, said

B, D, S, T = map(named, "BDST")

BATCH: Final = 2
QUERIES: Final = 5
KEYS: Final = 6
FEATURES: Final = 12


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Layers are small here, and threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    yield
    torch.set_num_threads(threads)


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, dtype=torch.float64)


def flags(*sizes: int, share: float = 0.6) -> Tensor:
    """A mask at random."""
    return torch.rand(*sizes) < share


def module_for(op: Op, *inputs: Tensor) -> nn.Module:
    """What the op is lowered to, with random weights, its biases included, which start at zero."""
    module = built(call_of(op, *map(shape_of, inputs))).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    return module


def applied(module: nn.Module, inputs: tuple[Tensor, ...], mask: Tensor | None) -> Tensor:
    output = module(*inputs) if mask is None else module(*inputs, mask=mask)
    assert isinstance(output, Tensor)
    return output


def compiled(model: archspec.Model) -> nn.Module:
    module = model.compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


# -------------------------------------------------------------------------------------------------------- the formula

SLOPES: Final = {1: [1 / 256], 2: [1 / 16, 1 / 256], 3: [1 / 16, 1 / 256, 1 / 4], 4: [1 / 4, 1 / 16, 1 / 64, 1 / 256]}
"""What the paper gives to each head, by how many heads there are."""


def turned(vectors: Tensor, base: float) -> Tensor:
    """Each vector of `[time, features]` with its pairs of features as complex numbers, which are turned."""
    features = vectors.shape[1]
    pairs = torch.view_as_complex(vectors.reshape(len(vectors), features // 2, 2).contiguous())
    angles = [[t / base ** (2 * i / features) for i in range(features // 2)] for t in range(len(vectors))]
    turns = torch.exp(1j * torch.tensor(angles, dtype=torch.float64))
    return torch.view_as_real(pairs * turns).reshape(vectors.shape)


def may_see(op: Attention, mask: Tensor | None, place: tuple[int, int, int, int]) -> bool:
    """Whether a query sees a key, the place being an example, a head, a query and a key."""
    example, _, t, s = place
    if mask is not None:
        by_rank = {2: (example, s), 3: (example, t, s), 4: place}[mask.ndim]
        # An axis of size 1 is repeated.
        if not mask[tuple(at % size for at, size in zip(by_rank, mask.shape, strict=True))]:
            return False
    is_near = op.window is None or abs(t - s) < op.window
    return is_near and not (op.causal and s > t)


def positional(op: Attention, weights: dict[str, Tensor], head: int, t: int, s: int) -> float:
    """What positions add to a score."""
    if op.positions == "alibi":
        return -SLOPES[op.heads][head] * abs(t - s)
    if op.positions == "relative":
        table = weights["distances.bias"][head]
        distance = max(-op.max_distance, min(op.max_distance, t - s))
        return table[distance if op.causal else distance + op.max_distance].item()
    return 0.0


def by_formula(op: Attention, weights: dict[str, Tensor], inputs: tuple[Tensor, ...], mask: Tensor | None) -> Tensor:
    """Attention by its formula, one score after the other."""
    query, key, value = (*inputs, *inputs[-1:] * 2)[:3]
    kv_heads = op.kv_heads or op.heads
    width = cast(int, op.head_features or query.shape[2] // op.heads)
    value_width = cast(int, op.head_value_features or width)
    widths = [op.heads * width, kv_heads * width, kv_heads * value_width]
    if "in_proj_weight" in weights:
        projections = torch.split(weights["in_proj_weight"], widths)
    else:
        projections = tuple(weights[f"{name}_proj_weight"] for name in "qkv")
    biases = torch.split(weights["in_proj_bias"], widths) if op.bias else (torch.zeros(1),) * 3
    q, k, v = (x @ weight.T + bias for x, weight, bias in zip((query, key, value), projections, biases, strict=True))
    found = torch.zeros(len(query), query.shape[1], op.heads * value_width, dtype=torch.float64)
    for example, head in product(range(len(query)), range(op.heads)):
        shared = head * kv_heads // op.heads
        own_q = q[example][:, head * width : (head + 1) * width]
        own_k = k[example][:, shared * width : (shared + 1) * width]
        own_v = v[example][:, shared * value_width : (shared + 1) * value_width]
        if op.positions == "rotary":
            own_q, own_k = turned(own_q, op.rotary_base), turned(own_k, op.rotary_base)
        for t in range(query.shape[1]):
            seen = [s for s in range(key.shape[1]) if may_see(op, mask, (example, head, t, s))]
            scores = {s: own_q[t] @ own_k[s] / sqrt(width) + positional(op, weights, head, t, s) for s in seen}
            total = sum(score.exp() for score in scores.values())
            for s, score in scores.items():
                found[example, t, head * value_width : (head + 1) * value_width] += score.exp() / total * own_v[s]
    output = found @ weights["out_proj.weight"].T
    return output + weights["out_proj.bias"] if op.bias else output


FORMS: Final[list[dict[str, Any]]] = [
    {"heads": 3},
    {"heads": 2, "causal": True, "bias": False},
    {"heads": 4, "kv_heads": 2},
    {"heads": 4, "kv_heads": 1, "bias": False, "causal": True},
    {"heads": 2, "window": 1},
    {"heads": 2, "window": 3, "causal": True},
    {"heads": 2, "positions": "rotary"},
    {"heads": 4, "positions": "rotary", "rotary_base": 7.0, "kv_heads": 2, "head_features": 6, "causal": True},
    {"heads": 4, "positions": "alibi", "causal": True},
    {"heads": 3, "positions": "alibi", "kv_heads": 1, "window": 4},
    {"heads": 2, "positions": "relative", "max_distance": 2},
    {"heads": 2, "positions": "relative", "max_distance": 3, "causal": True, "kv_heads": 1},
    {"heads": 3, "head_value_features": 5},
    {"heads": 4, "head_features": 5, "head_value_features": 2, "kv_heads": 2, "features": 7, "positions": "alibi"},
    {"heads": 2, "features": 9, "window": 2},
]

each_form: Final = pytest.mark.parametrize("form", FORMS, ids=lambda form: str(Attention(**form)))


def sources(kind: str) -> tuple[Tensor, ...]:
    """A sequence that is compared with itself, with a memory, or with keys for values."""
    x, memory = random(BATCH, QUERIES, FEATURES), random(BATCH, KEYS, 8)
    return {"self": (x,), "memory": (x, memory), "content": (x, memory, random(BATCH, KEYS, 10))}[kind]


def masks(kind: str, heads: int, keys: int) -> Tensor | None:
    match kind:
        case "padding":
            return flags(BATCH, keys)
        case "pairs":
            return flags(BATCH, QUERIES, keys)
        case "same pairs":
            return flags(1, QUERIES, keys)
        case "heads":
            return flags(BATCH, heads, QUERIES, keys)
        case _:
            return None


@each_form
@pytest.mark.parametrize("kind", ["self", "memory", "content"])
@pytest.mark.parametrize("mask_kind", ["none", "padding", "pairs", "same pairs", "heads"])
def test_attention_is_its_formula(form: dict[str, Any], kind: str, mask_kind: str) -> None:
    op, inputs = Attention(**form), sources(kind)
    mask = masks(mask_kind, op.heads, inputs[-1].shape[1])
    module = module_for(op, *inputs, *(() if mask is None else (mask,)))
    expected = by_formula(op, dict(module.named_parameters()), inputs, mask)
    torch.testing.assert_close(applied(module, inputs, mask), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "sizes", [(1, KEYS), (BATCH, 1), (1, 1, KEYS), (BATCH, QUERIES, 1), (1, 3, 1, KEYS), (1, 1, 1, 1)]
)
@pytest.mark.parametrize("causal", [True, False])
def test_an_axis_of_size_1_of_a_mask_is_repeated(sizes: tuple[int, ...], causal: bool) -> None:
    op, inputs, mask = Attention(heads=3, causal=causal), sources("memory"), flags(*sizes)
    module = module_for(op, *inputs, mask)
    expected = by_formula(op, dict(module.named_parameters()), inputs, mask)
    torch.testing.assert_close(applied(module, inputs, mask), expected, rtol=1e-10, atol=1e-10)


# -------------------------------------------------------------------------------------------------------- as torch does


@pytest.mark.parametrize("is_self", [True, False])
@pytest.mark.parametrize("mask_kind", ["padding", "pairs", "heads", "both"])
def test_masks_are_those_of_torch_the_other_way_round(mask_kind: str, is_self: bool) -> None:
    heads = 3
    x, key, value = random(BATCH, QUERIES, FEATURES), random(BATCH, KEYS, 8), random(BATCH, KEYS, 10)
    inputs = (x,) if is_self else (x, key, value)
    key, value = (x, x) if is_self else (key, value)
    theirs = nn.MultiheadAttention(
        FEATURES, heads, kdim=key.shape[2], vdim=value.shape[2], batch_first=True, dtype=torch.float64
    )
    padding, pairs = flags(BATCH, key.shape[1]), flags(BATCH, heads, QUERIES, key.shape[1])
    # Torch gives no numbers where nothing is seen.
    padding[:, 0] = pairs[..., 0] = True
    if mask_kind == "pairs":
        pairs = pairs[:, :1].expand_as(pairs)
    options = {
        "padding": {"key_padding_mask": ~padding},
        "pairs": {"attn_mask": ~pairs.flatten(0, 1)},
        "heads": {"attn_mask": ~pairs.flatten(0, 1)},
        "both": {"attn_mask": ~pairs.flatten(0, 1), "key_padding_mask": ~padding},
    }[mask_kind]
    mask = {
        "padding": padding,
        "pairs": pairs[:, 0],
        "heads": pairs,
        "both": pairs & padding[:, None, None],
    }[mask_kind]
    ours = module_for(Attention(heads=heads), *inputs, mask)
    theirs.load_state_dict(ours.state_dict())
    expected, _ = theirs(x, key, value, need_weights=False, **options)
    torch.testing.assert_close(applied(ours, inputs, mask), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["mha_self", "mha_cross_kvdim"])
def test_outputs_are_those_of_an_independent_implementation(name: str) -> None:
    golden = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    sizes = golden["input"]
    lines = [f"input {each}: [B, {time}, {size[2]}]" for each, time, size in zip("qkv", "TSS", sizes, strict=True)]
    model = archspec.loads(f"model M {{\n{chr(10).join(lines)}\n layer = (q, k, v) -> attention(8) }}")
    assert not list(model.check(ignore=["A4"]))
    assert model.graph.parameters == golden["parameters"]
    numbers = {"B": sizes[0][0], "T": sizes[0][1], "S": sizes[1][1]}
    assert evaluate(model.graph.macs, numbers) == golden["multiply_adds"]
    module = compiled(model)
    state = module.state_dict()
    assert [[key.removeprefix("layer."), list(each.shape)] for key, each in state.items()] == golden["state_dict"]
    for counter, (key, shape) in enumerate(golden["state_dict"], start=1):
        scale = sqrt(12 / prod(shape[1:])) if len(shape) > 1 else 0.2
        state[f"layer.{key}"].copy_(torch.from_numpy(spread(prod(shape), counter)).reshape(shape) * scale)
    values = [
        torch.from_numpy(spread(prod(size), FIRST_INPUT + place)).reshape(size) * 2 for place, size in enumerate(sizes)
    ]
    output = described(module(*values))
    for key, recorded in golden["output"][0].items():
        assert output[key] == pytest.approx(recorded, rel=1e-9, abs=1e-12)


# ------------------------------------------------------------------------------------------------------ what it means


@pytest.mark.parametrize("form", [{}, {"window": 2}, {"positions": "alibi"}, {"kv_heads": 1, "positions": "rotary"}])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_query_that_sees_nothing_finds_zeros(form: dict[str, Any], dropout: float) -> None:
    x, mask = random(BATCH, QUERIES, FEATURES).requires_grad_(), torch.ones(BATCH, QUERIES, QUERIES).bool()
    mask[0, 3] = mask[1] = False
    module = module_for(Attention(heads=2, dropout=dropout, **form), x, mask)
    output = module(x, mask=mask)
    nothing = module.get_parameter("out_proj.bias")
    assert output[0, 3].equal(nothing)
    assert output[1].equal(nothing.expand_as(output[1]))
    assert not output[0, 2].equal(nothing)
    output.square().sum().backward()
    assert x.grad is not None
    assert x.grad[1].count_nonzero() == 0
    for gradient in (x.grad, *(each.grad for each in module.parameters())):
        assert gradient is not None
        assert gradient.isfinite().all()


@pytest.mark.parametrize("form", [{}, {"causal": True}, {"window": 3}, {"positions": "relative"}, {"kv_heads": 1}])
def test_what_is_masked_does_not_matter(form: dict[str, Any]) -> None:
    x, mask = random(1, QUERIES, FEATURES), torch.tensor([[True, True, True, False, False]])
    module = module_for(Attention(heads=2, **form), x, mask)
    changed = x.clone()
    changed[:, 3:] = 9
    assert module(x, mask=mask)[:, :3].equal(module(changed, mask=mask)[:, :3])
    assert not module(x, mask=~mask)[:, 3:].equal(module(changed, mask=~mask)[:, 3:])


def test_a_causal_window_is_the_last_positions() -> None:
    x = random(1, 8, FEATURES)
    module = module_for(Attention(heads=2, causal=True, window=3), x)
    for changed, affected in ((0, {0, 1, 2}), (4, {4, 5, 6}), (7, {7})):
        other = x.clone()
        other[0, changed] += 1
        differs = (module(x) != module(other)).any(dim=2)[0]
        assert {position for position in range(8) if differs[position]} == affected


@pytest.mark.parametrize("positions", ["rotary", "alibi", "relative"])
def test_only_distances_matter(positions: Any) -> None:
    x, later = random(1, 4, FEATURES), random(1, 7, FEATURES)
    module = module_for(Attention(heads=2, positions=positions), x, torch.ones(1, 4).bool())
    later[:, 3:] = x
    mask = torch.tensor([[False] * 3 + [True] * 4])
    shifted = module(later, mask=mask)[:, 3:]
    torch.testing.assert_close(shifted, module(x), rtol=1e-10, atol=1e-10)
    assert not torch.allclose(module(x.roll(1, 1)), module(x).roll(1, 1))


@pytest.mark.parametrize("form", [{}, {"window": 3}, {"kv_heads": 1}, {"positions": "alibi"}])
def test_dropout_acts_in_training_only(form: dict[str, Any]) -> None:
    x, mask = random(BATCH, QUERIES, FEATURES), torch.ones(BATCH, QUERIES).bool()
    module = module_for(Attention(heads=2, dropout=0.5, **form), x, mask)
    assert not module(x, mask=mask).equal(module(x, mask=mask))
    module.eval()
    assert module(x, mask=mask).equal(module(x, mask=mask))


def test_weights_start_as_those_of_torch() -> None:
    x = torch.zeros(1, 2, 128)
    theirs = nn.MultiheadAttention(128, 4)
    for form in ({"positions": "rotary"}, {"window": 3}, {"positions": "relative"}):
        ours = built(call_of(Attention.model_validate({"heads": 4, **form}), shape_of(x)))
        for name, parameter in theirs.named_parameters():
            mine = ours.get_parameter(name)
            assert mine.shape == parameter.shape
            assert mine.std().item() == pytest.approx(parameter.std().item(), rel=0.05, abs=1e-9), name
    # That of Glorot and Bengio, for the features of a part.
    grouped = built(call_of(Attention(heads=4, kv_heads=1, positions="relative"), shape_of(x)))
    for name, sizes in (("q", 128 + 128), ("k", 128 + 32), ("v", 128 + 32)):
        weight = grouped.get_parameter(f"{name}_proj_weight")
        assert weight.std().item() == pytest.approx(sqrt(2 / sizes), rel=0.05)
    assert not grouped.get_parameter("distances.bias").any()
    assert not grouped.get_parameter("in_proj_bias").any()


def test_positions_keep_the_precision_of_their_input() -> None:
    x = torch.randn(1, 600, 16)
    for positions in ("rotary", "alibi", "relative"):
        op = Attention.model_validate({"heads": 2, "positions": positions, "causal": True, "window": 500})
        module = built(call_of(op, shape_of(x)))
        expected, found = module(x), module.bfloat16()(x.bfloat16())
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.02)


def test_as_many_heads_of_keys_as_of_queries_are_plain_attention() -> None:
    x = Shape.of(B, T, 8)
    assert lower(Attention(heads=4, kv_heads=4), x) == lower(Attention(heads=4), x)
    assert Attention(heads=4, kv_heads=4).weights(x) == Attention(heads=4).weights(x)


# ------------------------------------------------------------------------------------------------------------ the rules

X: Final = Shape.of(B, T, 8)
MEMORY: Final = Shape.of(B, S, 6)


def mask_of(*sizes: Size) -> Shape:
    return Shape.of(*sizes, element=Element.BOOL)


@pytest.mark.parametrize(
    ("op", "inputs", "source"),
    [
        (Attention(heads=2), (X,), "Attention(8, 2)"),
        (Attention(heads=2, causal=True), (X, MEMORY), "Attention(8, 2, key_features=6, causal=True)"),
        (Attention(heads=2), (X, mask_of(B, T)), "MaskedAttention(8, 2)"),
        (Attention(heads=2, features=8), (X,), "Attention(8, 2)"),
        (Attention(heads=2, features=4), (X,), "GeneralAttention(8, 2, output_features=4)"),
        (Attention(heads=2, kv_heads=1, causal=True), (X,), "GeneralAttention(8, 2, kv_heads=1, causal=True)"),
        (
            Attention(heads=2, positions="rotary", rotary_base=5e5),
            (X,),
            "GeneralAttention(8, 2, rotation=RotaryPositions(base=500000.0))",
        ),
        (Attention(heads=2, positions="alibi"), (X,), "GeneralAttention(8, 2, distances=AlibiPositions(2))"),
        (
            Attention(heads=2, positions="relative", causal=True, window=9),
            (X,),
            "GeneralAttention(8, 2, window=9, distances=RelativePositions(2, 128, causal=True), causal=True)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_has_the_class_that_does_what_it_needs(op: Op, inputs: tuple[Shape, ...], source: str) -> None:
    assert str(lower(op, *inputs)) == source


def test_the_last_input_is_a_mask_where_it_has_flags() -> None:
    op = Attention(heads=2)
    assert Attention.arity() == (1, 4)
    assert op.infer(X, mask_of(B, T)) == X
    assert op.infer(X, mask_of(B, T, T)) == X
    assert op.infer(X, MEMORY, mask_of(1, 1, T, S)) == X
    assert op.infer(X, MEMORY, Shape.of(B, S, 3), mask_of(B, 2, T, S)) == X
    assert op.weights(X, MEMORY, mask_of(B, S)) == op.weights(X, MEMORY)
    assert op.macs(X, mask_of(B, T)) == op.macs(X)


def test_the_output_may_have_features_of_its_own() -> None:
    op = Attention(heads=4, features=3, head_features=5, head_value_features=6, kv_heads=2)
    assert op.infer(X, MEMORY) == Shape.of(B, T, 3)
    assert op.weights(X, MEMORY) == {
        "q_proj_weight": Shape.of(20, 8),
        "k_proj_weight": Shape.of(10, 6),
        "v_proj_weight": Shape.of(12, 6),
        "out_proj.weight": Shape.of(3, 24),
        "in_proj_bias": Shape.of(42),
        "out_proj.bias": Shape.of(3),
    }


def test_the_cost_is_that_of_projections_and_full_products() -> None:
    x, memory = Shape.of(B, T, 512), Shape.of(B, S, 256)
    op = Attention(heads=8, kv_heads=2, head_value_features=32, features=100)
    projections = T * 512 * 512 + S * 256 * 128 + S * 256 * 64 + T * 256 * 100
    assert op.macs(x, memory, mask_of(B, S)) == B * (projections + 8 * T * S * 64 + 8 * T * S * 32)
    plain = Attention(heads=8).macs(x)
    assert plain == B * (4 * T * 512 * 512 + 2 * T * T * 512)
    for form in ({"causal": True}, {"window": 4}, {"positions": "rotary"}, {"positions": "relative"}):
        assert Attention.model_validate({"heads": 8, **form}).macs(x) == plain


def test_open_sizes_are_taken_to_agree() -> None:
    op = Attention(heads=8, kv_heads=2, positions="rotary")
    assert op.infer(Shape.of(B, T, D), Shape.of(4, S, 64), mask_of(4, S)) == Shape.of(4, T, D)
    assert op.infer(Shape.of(B, T, D), mask_of(named("M"), named("N"), 3)) == Shape.of(B, T, D)
    with pytest.raises(OpenSizeError, match="needs the features of its query as a number"):
        lower(op, Shape.of(B, T, D))


@pytest.mark.parametrize(
    ("op", "inputs", "message", "setting"),
    [
        (
            Attention(heads=4, kv_heads=3),
            (X,),
            "has 4 heads that share 3 heads of keys and values, but 3 does not divide 4",
            "kv_heads",
        ),
        (
            Attention(heads=2, kv_heads=4),
            (X,),
            "has 2 heads that share 4 heads of keys and values, but 4 does not divide 2",
            "kv_heads",
        ),
        (
            Attention(heads=8, positions="rotary"),
            (X,),
            "turns pairs of features by their positions, but each head has an odd number of them: 1",
            "heads",
        ),
        (
            Attention(heads=2, head_features=5, positions="rotary"),
            (X,),
            "turns pairs of features by their positions, but each head has an odd number of them: 5",
            "head_features",
        ),
        (
            Attention(heads=2, rotary_base=100.0),
            (X,),
            "has a `rotary_base`, which `rotary` positions alone have, but its positions are `none`",
            "rotary_base",
        ),
        (
            Attention(heads=2, positions="alibi", max_distance=3),
            (X,),
            "has a `max_distance`, which `relative` positions alone have, but its positions are `alibi`",
            "max_distance",
        ),
        (
            Attention(heads=2),
            (mask_of(B, T),),
            "has flags as input 1 of 1, but a mask is the last input, and never the only one",
            None,
        ),
        (
            Attention(heads=2),
            (X, mask_of(B, T), X),
            "has flags as input 2 of 3, but a mask is the last input, and never the only one",
            None,
        ),
        (
            Attention(heads=2),
            (X, mask_of(B, T), mask_of(B, T)),
            "has flags as input 2 of 3, but a mask is the last input, and never the only one",
            None,
        ),
        (Attention(heads=2), (X, X, X, X), "has numbers as its fourth input, which is for a mask of flags", None),
        (Attention(heads=2), (X, mask_of(T)), "needs a mask with 2 to 4 axes, but it has 1 axis", None),
        (
            Attention(heads=2),
            (Shape.of(2, 5, 8), mask_of(3, 5)),
            "needs a mask that has a flag for each example of the batch, of which there are 2, but its axis 0 has 3",
            None,
        ),
        (
            Attention(heads=2),
            (Shape.of(2, 5, 8), Shape.of(2, 7, 8), mask_of(2, 5)),
            "needs a mask that has a flag for each key, of which there are 7, but its axis 1 has 5",
            None,
        ),
        (
            Attention(heads=2),
            (Shape.of(2, 5, 8), Shape.of(2, 7, 8), mask_of(2, 7, 5)),
            "needs a mask that has a flag for each query, of which there are 5, but its axis 1 has 7",
            None,
        ),
        (
            Attention(heads=2),
            (X, mask_of(B, 3, T, T)),
            "needs a mask that has a flag for each head, of which there are 2, but its axis 1 has 3",
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_say_what_is_wrong(op: Op, inputs: tuple[Shape, ...], message: str, setting: str | None) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*inputs)
    assert refusal.value.message == message
    assert refusal.value.setting == setting
    assert refusal.value.help


# ------------------------------------------------------------------------------------------------------ written models

PAIRS: Final = {
    "masked": """self = (words, pairs) -> attention(4, causal=true)
        (self, memory, seen) -> attention(4)""",
    "grouped": """self = (words, pairs) -> attention(4, kv_heads=2, positions=rotary, causal=true, dropout=0.1)
        (self, memory, seen) -> attention(4, kv_heads=1, window=4, features=8)""",
    "distances": """self = (words, pairs) -> attention(4, positions=alibi, causal=true)
        (self, memory, memory, seen) -> attention(3, positions=relative, max_distance=4, head_value_features=5)""",
}
"""A sequence that attends to itself and to a memory."""


def reader(name: str) -> archspec.Model:
    inputs = (
        "input words: [B, T, 24]\n input memory: [B, S, 16]\n input seen: [B, S] bool\n input pairs: [B, T, T] bool"
    )
    return archspec.loads(f"model Reader {{ {inputs}\n {PAIRS[name]} }}", name=f"{name}.arch")


def inputs_of(batch: int, time: int, memory: int) -> tuple[Tensor, ...]:
    return torch.randn(batch, time, 24), torch.randn(batch, memory, 16), flags(batch, memory), flags(batch, time, time)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_training", [True, False])
def test_such_a_model_can_be_exported_with_any_batch_and_any_lengths(name: str, is_training: bool) -> None:
    model = reader(name)
    assert not list(model.check(ignore=["A4"]))
    module = model.compile()
    assert isinstance(module, nn.Module)
    module.train(is_training)
    batch, time, memory = (torch.export.Dim(each, min=2, max=64) for each in ("batch", "time", "memory"))
    exported = torch.export.export(
        module,
        inputs_of(3, 4, 5),
        dynamic_shapes=(
            {0: batch, 1: time},
            {0: batch, 1: memory},
            {0: batch, 1: memory},
            {0: batch, 1: time, 2: time},
        ),
    ).module()
    for sizes in ((2, 6, 3), (5, 2, 9)):
        given = inputs_of(*sizes)
        torch.manual_seed(0)
        expected = module(*given)
        torch.manual_seed(0)
        torch.testing.assert_close(exported(*given), expected)


@pytest.mark.parametrize("name", PAIRS)
def test_such_a_model_is_compiled_in_one_piece_and_runs_on_the_meta_device(name: str) -> None:
    module = reader(name).compile()
    assert isinstance(module, nn.Module)
    module.eval()
    given = inputs_of(2, 3, 4)
    expected = module(*given)
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(whole(*given), expected)
    with torch.device("meta"):
        empty: Any = reader(name).compile()
    assert empty(*(each.to("meta") for each in given)).shape == expected.shape


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    for name in PAIRS:
        (tmp_path / f"{name}.py").write_text(reader(name).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)


def test_a_model_carries_the_classes_that_it_uses() -> None:
    def classes(layer: str) -> set[str]:
        lines = archspec.loads(f"model M {{ input x: [B, T, 8]\n {layer} }}").source().splitlines()
        return {line.split()[1].split("(")[0] for line in lines if line.startswith("class ")} - {"M"}

    assert classes("attention(2)") == {"Attention"}
    assert classes("attention(2, kv_heads=1)") == {"GeneralAttention"}
    assert classes("attention(2, positions=rotary)") == {"GeneralAttention", "RotaryPositions"}
    assert classes("attention(2, positions=alibi)") == {"GeneralAttention", "AlibiPositions"}
    assert classes("attention(2, positions=relative)") == {"GeneralAttention", "RelativePositions"}


@pytest.mark.parametrize(
    ("layer", "finding"),
    [
        ("(x, x, x, mask, mask) -> attention(2)", "`attention` takes 1 to 4 values, and is given 5"),
        ("(x, words) -> attention(2)", "`attention` takes elements of type `bool` or `float`, not `int`"),
        ("(mask, x) -> attention(2)", "`attention` has flags as input 1 of 2, but a mask is the last input"),
    ],
)
def test_wrong_inputs_are_found(layer: str, finding: str) -> None:
    inputs = "input x: [B, T, 8]\n input mask: [B, T] bool\n input words: [B, T] int"
    report = archspec.loads(f"model M {{ {inputs}\n {layer} }}").check()
    assert any(each.message().startswith(finding) for each in report), list(report)
