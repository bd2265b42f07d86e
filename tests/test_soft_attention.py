"""Attention of a single head: its numbers are those of its formulas, written out here position by position."""

from __future__ import annotations

from math import exp, sqrt, tanh
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.soft_attention import HardAttention, Pointer, ScoredAttention, SoftAttention
from archspec.shape import Element, Shape
from archspec.size import Size, named
from tests.lowered import call_of, module_of, result, results
from tests.test_emit import STRICTLY, said

B, D, Q, T = map(named, "BDQT")
SCORES: Final[tuple[dict[str, Any], ...]] = (
    {"score": "scaled_dot"},
    {"score": "dot"},
    {"score": "additive", "hidden": 3},
    {"score": "bilinear"},
)
each_score: Final = pytest.mark.parametrize("setting", SCORES, ids=lambda setting: setting["score"])
each_kind: Final = pytest.mark.parametrize("kind", [SoftAttention, HardAttention])


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes)), dtype=torch.double)


def flags(rows: list[Any]) -> Tensor:
    return torch.tensor(rows, dtype=torch.bool)


def built(op: Op, *inputs: Tensor) -> nn.Module:
    """The module of an op, for numbers of many digits."""
    torch.manual_seed(3)
    return module_of(op, *inputs).double().eval()


def scored(setting: dict[str, Any], module: nn.Module, query: Tensor, key: Tensor) -> float:
    """How well one query fits one key, by the equations of the papers."""
    weights = dict(module.named_parameters())
    q, k = query.tolist(), key.tolist()
    if setting["score"] in ("dot", "scaled_dot"):
        product: float = sum(one * other for one, other in zip(q, k, strict=True))
        return product / sqrt(len(q)) if setting["score"] == "scaled_dot" else product
    if setting["score"] == "bilinear":
        matrix = weights["query.weight"].tolist()
        rows, columns = range(len(k)), range(len(q))
        return float(sum(k[row] * matrix[row][column] * q[column] for row in rows for column in columns))
    total = 0.0
    for unit, amount in enumerate(weights["score.weight"][0].tolist()):
        from_query = sum(one * other for one, other in zip(weights["query.weight"][unit].tolist(), q, strict=True))
        from_key = sum(one * other for one, other in zip(weights["key.weight"][unit].tolist(), k, strict=True))
        total += amount * tanh(from_query + from_key)
    return total


def attended(
    setting: dict[str, Any], module: nn.Module, query: Tensor, key: Tensor, value: Tensor, seen: list[bool]
) -> tuple[Tensor, Tensor]:
    """What one query finds, and its weights."""
    scores = [scored(setting, module, query, each) for each in key]
    powers = [exp(score) if is_seen else 0.0 for score, is_seen in zip(scores, seen, strict=True)]
    weights = torch.tensor([power / sum(powers) if sum(powers) else 0.0 for power in powers], dtype=torch.double)
    context = torch.zeros(value.shape[1], dtype=torch.double)
    for weight, each in zip(weights, value, strict=True):
        context = context + weight * each
    return context, weights


# ------------------------------------------------------------------------------------------------------- soft attention


def features_of_key(setting: dict[str, Any]) -> int:
    return 6 if "dot" in setting["score"] else 5


@each_score
def test_one_query_is_compared_with_each_key(setting: dict[str, Any]) -> None:
    query, key = random(2, 6), random(2, 4, features_of_key(setting))
    module = built(SoftAttention(**setting), query, key)
    found, weights = module(query, key)
    for example in range(2):
        seen = [True] * 4
        expected = attended(setting, module, query[example], key[example], key[example], seen)
        torch.testing.assert_close((found[example], weights[example]), expected)


@each_score
def test_each_of_many_queries_finds_values_of_their_own_width(setting: dict[str, Any]) -> None:
    query, key, value = random(2, 3, 6), random(2, 4, features_of_key(setting)), random(2, 4, 7)
    module = built(SoftAttention(**setting), query, key, value)
    found, weights = module(query, key, value)
    assert found.shape == (2, 3, 7)
    for example in range(2):
        for place in range(3):
            seen = [True] * 4
            expected = attended(setting, module, query[example, place], key[example], value[example], seen)
            torch.testing.assert_close((found[example, place], weights[example, place]), expected)
    torch.testing.assert_close(module(query[:, 1], key, value), (found[:, 1], weights[:, 1]))


@each_score
@pytest.mark.parametrize("has_value", [True, False])
def test_a_mask_says_what_may_be_seen(setting: dict[str, Any], has_value: bool) -> None:
    query, key = random(2, 3, 6), random(2, 4, features_of_key(setting))
    value = random(2, 4, 7) if has_value else key
    module = built(SoftAttention(**setting), query, key, value)
    by_example = flags([[1, 1, 0, 1], [0, 0, 1, 0]])
    by_query = flags([[[1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]], [[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]]])
    for mask in (by_example, by_query):
        given = (query, key, value) if has_value else (query, key)
        found, weights = module(*given, mask=mask)
        for example in range(2):
            for place in range(3):
                seen = (mask[example] if mask.dim() == 2 else mask[example, place]).tolist()
                expected = attended(setting, module, query[example, place], key[example], value[example], seen)
                torch.testing.assert_close((found[example, place], weights[example, place]), expected)
    torch.testing.assert_close(
        module(query[:, 0], key, value, by_example)[0], module(query, key, value, by_example)[0][:, 0]
    )


@each_kind
@each_score
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_a_query_that_may_see_nothing_finds_zeros(
    kind: type[ScoredAttention], setting: dict[str, Any], dtype: torch.dtype
) -> None:
    query, key = random(2, 6).requires_grad_(), random(2, 4, 6).requires_grad_()
    module = built(kind(**setting), query, key).to(dtype)
    mask = flags([[0, 0, 0, 0], [0, 1, 0, 0]])
    for is_training in (True, False):
        found, weights = module.train(is_training)(query.to(dtype), key.to(dtype), mask=mask)
        assert not found[0].any()
        assert not weights[0].any()
        assert weights[1].tolist() == [0, 1, 0, 0]
        assert found[1].equal(key[1, 1].to(dtype))
        torch.autograd.backward(found.sum() + weights.square().sum())
    for tensor in (query, key, *module.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
    assert key.grad is not None
    assert not key.grad[0].any()


def test_large_scores_do_no_harm() -> None:
    query, key = torch.full((1, 4), 1e4), torch.full((1, 3, 4), 1e4) * torch.tensor([1.0, -1.0, 0.5])[:, None]
    for op in (SoftAttention(score="dot"), HardAttention(score="dot")):
        _, weights = results(op, query, key)
        assert weights.tolist() == [[1, 0, 0]]


def test_weights_start_as_those_of_torch() -> None:
    torch.manual_seed(0)
    op, query, key = SoftAttention(score="additive", hidden=400), torch.zeros(1, 100), torch.zeros(1, 1, 25)
    module = module_of(op, query, key)
    for name, bound in {"query.weight": 0.1, "key.weight": 0.2, "score.weight": 0.05}.items():
        assert module.get_parameter(name).abs().max().item() == pytest.approx(bound, rel=0.02), name
    assert str(call_of(SoftAttention(), Shape.of(B, D), Shape.of(B, T, D))) == "DotAttention()"
    assert str(call_of(op, Shape.of(B, 8), Shape.of(B, T, 6))) == "AdditiveAttention(8, 6, 400)"


# ------------------------------------------------------------------------------------------------------- hard attention


@each_score
def test_in_evaluation_the_highest_score_is_chosen(setting: dict[str, Any]) -> None:
    query, key, value = random(5, 3, 6), random(5, 4, 6), random(5, 4, 2)
    hard, soft = (built(kind(**setting), query, key, value) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    found, weights = hard(query, key, value)
    for example in range(5):
        for place in range(3):
            scores = [scored(setting, hard, query[example, place], each) for each in key[example]]
            chosen = scores.index(max(scores))
            assert weights[example, place].tolist() == [float(position == chosen) for position in range(4)]
            assert found[example, place].equal(value[example, chosen])


@each_score
def test_in_training_positions_are_drawn_as_often_as_the_softmax_says(setting: dict[str, Any]) -> None:
    draws = 20_000
    query, key = random(1, 1, 6), random(1, 4, 6)
    hard, soft = (built(kind(**setting), query, key) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    probability = soft(query, key)[1][0, 0]
    torch.manual_seed(1)
    found, weights = hard.train()(query.expand(1, draws, 6), key)
    assert ((weights == 0) | (weights == 1)).all()
    assert (weights.sum(dim=-1) == 1).all()
    assert found[0].equal(key[0][weights[0].argmax(dim=-1)])
    # Four standard deviations.
    bound = 4 * (probability * (1 - probability) / draws).sqrt()
    assert ((weights[0].mean(dim=0) - probability).abs() < bound).all()


def test_what_is_drawn_may_be_seen() -> None:
    query, key = random(1, 500, 6), random(1, 4, 6)
    module = built(HardAttention(), query, key).train()
    _, weights = module(query, key, mask=flags([[0, 1, 0, 1]]))
    assert weights.sum(dim=1).tolist()[0][::2] == [0, 0]
    assert weights.sum().item() == 500


@each_score
@pytest.mark.parametrize("is_training", [True, False])
def test_the_gradient_of_a_choice_is_that_of_the_softmax(setting: dict[str, Any], is_training: bool) -> None:
    query, key, value = random(2, 3, 6), random(2, 4, 6), random(2, 4, 5)
    hard, soft = (built(kind(**setting), query, key, value) for kind in (HardAttention, SoftAttention))
    hard.load_state_dict(soft.state_dict())
    upstream, other = random(2, 3, 5), random(2, 3, 4)
    query.requires_grad_()
    context, weights = hard.train(is_training)(query, key, value)
    sources = [query, *hard.parameters()]
    found = torch.autograd.grad((context * upstream).sum() + (weights * other).sum(), sources)
    # The weights of the softmax, as if the values had been summed with these.
    context, weights = soft(query, key, value)
    sources = [query, *soft.parameters()]
    expected = torch.autograd.grad((context * upstream).sum() + (weights * other).sum(), sources)
    torch.testing.assert_close(found, expected)


def test_the_values_of_a_choice_learn_from_it_alone() -> None:
    query, key, value = random(1, 6), random(1, 4, 6), random(1, 4, 5).requires_grad_()
    context, weights = built(HardAttention(), query, key, value)(query, key, value)
    torch.autograd.backward(context.sum())
    assert value.grad is not None
    assert value.grad[0].equal(weights[0, :, None].expand(4, 5))


# -------------------------------------------------------------------------------------------------------------- pointer


def test_a_pointer_is_a_distribution_over_positions() -> None:
    query, key = random(2, 3, 6), random(2, 4, 5)
    module = built(Pointer(hidden=3), query, key)
    found = module(query, key)
    additive = {"score": "additive"}
    for example in range(2):
        for place in range(3):
            powers = [exp(scored(additive, module, query[example, place], each)) for each in key[example]]
            assert found[example, place].tolist() == pytest.approx([power / sum(powers) for power in powers])
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(2, 3, dtype=torch.double))
    torch.testing.assert_close(module(query[:, 2], key), found[:, 2])


@pytest.mark.parametrize("axes", [2, 3])
def test_a_pointer_gives_logarithms_that_are_trained_with(axes: int) -> None:
    query, key = random(2, 3, 6), random(2, 4, 5)
    mask = flags([[1, 1, 0, 1], [0, 0, 0, 0]])
    mask = mask if axes == 2 else mask[:, None].expand(2, 3, 4)
    plain, log = built(Pointer(hidden=3), query, key), built(Pointer(hidden=3, log=True), query, key)
    log.load_state_dict(plain.state_dict())
    probabilities, logarithms = plain(query, key, mask), log(query, key, mask)
    torch.testing.assert_close(probabilities, logarithms.exp())
    assert not probabilities[0, :, 2].any()
    assert not probabilities[1].any()
    assert (logarithms[1] == -torch.inf).all()
    # As logits they mean the same: the cross entropy is that of the probabilities.
    target = torch.tensor([0, 3, 1])
    loss = nn.functional.cross_entropy(logarithms[0], target)
    assert loss.item() == pytest.approx(-probabilities[0][range(3), target].log().mean().item())
    torch.autograd.backward(loss)
    assert all(each.grad is not None and each.grad.isfinite().all() for each in log.parameters())


def test_a_pointer_to_one_position_is_sure() -> None:
    assert result(Pointer(hidden=2), torch.randn(3, 4), torch.randn(3, 1, 5)).tolist() == [[1], [1], [1]]


# ------------------------------------------------------------------------------------------------------ shapes and cost


def mask_of(*sizes: Size) -> Shape:
    return Shape(sizes, Element.BOOL)


@each_kind
def test_shapes_are_those_of_the_manual(kind: type[ScoredAttention]) -> None:
    one, many, key, value = Shape.of(B, 8), Shape.of(B, Q, 8), Shape.of(B, T, 8), Shape.of(B, T, 3)
    op = kind()
    assert op.outputs(one, key) == (Shape.of(B, 8), Shape.of(B, T))
    assert op.outputs(one, key, value) == (Shape.of(B, 3), Shape.of(B, T))
    assert op.outputs(many, key, mask_of(B, T)) == (Shape.of(B, Q, 8), Shape.of(B, Q, T))
    assert op.outputs(many, key, value, mask_of(B, Q, T)) == (Shape.of(B, Q, 3), Shape.of(B, Q, T))
    assert op.arity() == (2, 4)
    assert Pointer(hidden=2).outputs(many, Shape.of(B, T, 5), mask_of(B, T)) == (Shape.of(B, Q, T),)


def test_open_sizes_are_taken_to_agree() -> None:
    found = SoftAttention().outputs(Shape.of(B, Q, D), Shape.of(B, T, 64), Shape.of(4, T, D), mask_of(B, 5, 9))
    assert found == (Shape.of(4, 5, D), Shape.of(4, 5, 9))
    assert Pointer(hidden=2).infer(Shape.of(B, Q, D), Shape.of(3, T, 64), mask_of(B, 5, 9)) == Shape.of(3, 5, 9)


@each_kind
def test_the_cost_is_that_of_projections_scores_and_sum(kind: type[ScoredAttention]) -> None:
    query, key, value = Shape.of(B, Q, 8), Shape.of(B, T, 8), Shape.of(B, T, 3)
    assert kind().macs(query, key) == B * Q * T * (8 + 8)
    assert kind(score="dot").macs(query, key, value, mask_of(B, T)) == B * Q * T * (8 + 3)
    assert kind(score="dot").macs(Shape.of(B, D), key) == B * T * (8 + 8)
    assert kind(score="bilinear").macs(query, Shape.of(B, T, 5), value) == B * (Q * 8 * 5 + Q * T * (5 + 3))
    additive = kind(score="additive", hidden=16)
    assert additive.macs(query, Shape.of(B, T, 5)) == B * (16 * (8 * Q + 5 * T + Q * T) + Q * T * 5)
    assert additive.macs(Shape.of(B, 8), Shape.of(B, T, 5)) == B * (16 * (8 + 5 * T + T) + T * 5)
    assert Pointer(hidden=16).macs(query, Shape.of(B, T, 5)) == B * 16 * (8 * Q + 5 * T + Q * T)


@pytest.mark.parametrize(
    ("op", "shapes", "message", "setting"),
    [
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 6)],
            "multiplies each query with each key, but a query has 8 features and a key 6",
            "score",
        ),
        (
            HardAttention(score="additive"),
            [Shape.of(2, 8), Shape.of(2, 7, 6)],
            "compares queries and keys in a layer whose width is not said",
            "hidden",
        ),
        (
            SoftAttention(score="dot", hidden=4),
            [Shape.of(2, 8), Shape.of(2, 7, 8)],
            "has a `hidden` width of 4, but its score is `dot`, which has no hidden layer",
            "hidden",
        ),
        (SoftAttention(), [Shape.of(8), Shape.of(2, 7, 8)], "needs 2 or 3 axes, but its query has 1", None),
        (SoftAttention(), [Shape.of(2, 8), Shape.of(2, 8)], "needs 3 axes, but its key has 2", None),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), Shape.of(2, 7)],
            "needs 3 axes, but its value has 2",
            None,
        ),
        (
            Pointer(hidden=4),
            [Shape.of(1, 8), Shape.of(2, 7, 8)],
            "needs equal batches, but its query has 1 and its key 2",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(B, 8), Shape.of(B, T, 8), Shape.of(B, T + 1, 8)],
            "needs a value for each key, but has T keys and T + 1 values",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), mask_of(2, 1)],
            "needs a flag for each key, but has 7 keys and 1 flags",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), mask_of(1, 7)],
            "needs equal batches, but its query has 2 and its mask 1",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), mask_of(2, 1, 7)],
            "needs 2 axes in its mask, but that has 3",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 5, 8), Shape.of(2, 7, 8), mask_of(7)],
            "needs 2 or 3 axes in its mask, but that has 1",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 5, 8), Shape.of(2, 7, 8), mask_of(2, 4, 7)],
            "needs a row of the mask for each query, but has 5 queries and 4 rows",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), Shape.of(2, 7, 8), Shape.of(2, 7)],
            "needs flags for its mask, but is given numbers of shape [2, 7]",
            None,
        ),
        (
            SoftAttention(),
            [Shape.of(2, 8), Shape.of(2, 7, 8), mask_of(2, 7), mask_of(2, 7)],
            "needs numbers for its value, but is given flags",
            None,
        ),
        (
            Pointer(hidden=4),
            [mask_of(2, 8), Shape.of(2, 7, 8)],
            "needs numbers for its query, but is given flags",
            None,
        ),
    ],
)
def test_refusals_say_what_is_wrong(op: Op, shapes: list[Shape], message: str, setting: str | None) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*shapes)
    assert (refusal.value.message, refusal.value.setting) == (message, setting)
    assert refusal.value.help or "equal" in message or "for each key" in message


few: Final = st.integers(1, 3)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(few, few, few, few, few, few, few, few, st.sampled_from(SCORES), st.sampled_from([None, 2, 3]))
def test_nothing_is_repeated_that_torch_would_repeat(
    batch: int,
    key_batch: int,
    mask_batch: int,
    positions: int,
    mask_positions: int,
    queries: int,
    features: int,
    key_features: int,
    setting: dict[str, Any],
    mask_axes: int | None,
) -> None:
    inputs = [Shape.of(batch, queries, features), Shape.of(key_batch, positions, key_features)]
    is_right = batch == key_batch and (features == key_features or "dot" not in setting["score"])
    if mask_axes is not None:
        inputs.append(mask_of(mask_batch, mask_positions) if mask_axes == 2 else mask_of(mask_batch, 2, mask_positions))
        is_right = is_right and mask_batch == batch and mask_positions == positions and (mask_axes == 2 or queries == 2)
    for op in (SoftAttention(**setting), HardAttention(**setting)):
        try:
            op.infer(*inputs)
        except ShapeError:
            assert not is_right
        else:
            assert is_right


# ----------------------------------------------------------------------------------------------------- what is written

SPEC: Final = """
model Looks(hidden = 6) {
    input query: [B, Q, 8]
    input key: [B, T, 8]
    input value: [B, T, 5]
    input seen: [B, T] bool
    input allowed: [B, Q, T] bool

    first  = (query, key, value) -> soft_attention(SCORE)
    second = (query, key, seen) -> soft_attention(SCORE)
    third, weights = (query, key, value, allowed) -> hard_attention(SCORE)
    fourth = (query, key, seen) -> pointer(hidden, log=true)
    one    = query -> select(axis=1, index=0)
    fifth  = (one, key, value, seen) -> soft_attention(SCORE)
    last   = (one, key) -> pointer(hidden)

    output a = first
    output b = second
    output c = third
    output d = weights
    output e = fourth
    output f = fifth
    output g = last
}
"""
WRITTEN: Final = {
    "dot": "dot",
    "scaled": "scaled_dot",
    "additive": "additive, hidden=hidden",
    "bilinear": "bilinear",
}


def spec(score: str) -> archspec.Model:
    return archspec.loads(SPEC.replace("SCORE", WRITTEN[score]), name=f"{score}.arch")


@pytest.mark.parametrize("score", WRITTEN)
@pytest.mark.parametrize("is_training", [True, False])
def test_such_a_model_can_be_exported_with_any_batch_and_any_positions(score: str, is_training: bool) -> None:
    model = spec(score)
    assert not list(model.check(ignore=["A4"]))
    module = model.compile()
    assert isinstance(module, nn.Module)
    module.train(is_training)

    def inputs(batch: int, queries: int, positions: int) -> tuple[Tensor, ...]:
        seen, allowed = torch.rand(batch, positions) < 0.5, torch.rand(batch, queries, positions) < 0.5
        return (
            torch.randn(batch, queries, 8),
            torch.randn(batch, positions, 8),
            torch.randn(batch, positions, 5),
            seen,
            allowed,
        )

    batch, queries, positions = (torch.export.Dim(name, min=2, max=64) for name in ("batch", "queries", "positions"))
    exported = torch.export.export(
        module,
        inputs(3, 4, 5),
        dynamic_shapes=(
            {0: batch, 1: queries},
            {0: batch, 1: positions},
            {0: batch, 1: positions},
            {0: batch, 1: positions},
            {0: batch, 1: queries, 2: positions},
        ),
    ).module()
    for sizes in ((2, 6, 3), (5, 2, 9)):
        given = inputs(*sizes)
        torch.manual_seed(0)
        expected = module(*given)
        torch.manual_seed(0)
        torch.testing.assert_close(tuple(exported(*given)), tuple(expected), equal_nan=False)
        on_meta = module.to("meta")(*(each.to("meta") for each in given))
        assert [each.shape for each in on_meta] == [each.shape for each in expected]
        module = model.compile().train(is_training)
        module.load_state_dict(exported.state_dict())


@pytest.mark.parametrize("score", ["scaled", "additive"])
def test_such_a_model_is_compiled_in_one_piece(score: str) -> None:
    module = spec(score).compile().eval()
    numbers = torch.randn(2, 3, 8), torch.randn(2, 4, 8), torch.randn(2, 4, 5)
    given = (*numbers, torch.ones(2, 4).bool(), torch.ones(2, 3, 4).bool())
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(tuple(whole(*given)), tuple(module(*given)))


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    for score in WRITTEN:
        (tmp_path / f"{score}.py").write_text(spec(score).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)


# ---------------------------------------------------------------------------------------------------------------- specs

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
