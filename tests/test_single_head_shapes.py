"""Attention of a single head: shapes, costs and refusals."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.op import Op, ShapeError
from archspec.ops.soft_attention import HardAttention, Pointer, ScoredAttention, SoftAttention
from archspec.shape import Shape
from archspec.size import named
from tests.single_head import SCORES, each_kind, mask_of

B, D, Q, T = map(named, "BDQT")


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
