"""Multi-head attention: shapes, costs and refusals."""

from __future__ import annotations

from typing import Final

import pytest

from archspec.op import Op, ShapeError
from archspec.ops.attention import Attention
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.lower import OpenSizeError, lower
from tests.multi_head import mask_of

pytestmark = pytest.mark.usefixtures("steady")

B, D, S, T = map(named, "BDST")

X: Final = Shape.of(B, T, 8)

MEMORY: Final = Shape.of(B, S, 6)


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
