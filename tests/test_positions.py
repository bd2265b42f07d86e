"""Positions: of sequences, and in the scores of attention; and that attention does the same with them inside."""

from __future__ import annotations

from cmath import exp
from collections.abc import Iterator
from math import cos, sin
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.positions import AlibiPositions, LearnedPositions, RelativePositions, RotaryPositions
from archspec.shape import Shape
from archspec.size import Size, named
from archspec_torch.lower import OpenSizeError, lower
from tests.lowered import built, call_of, result, shape_of
from tests.test_emit import STRICTLY, said

B, D, H, S, T = map(named, "BDHST")


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(3)


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, dtype=torch.float64)


def module_for(op: Op, *inputs: Tensor) -> nn.Module:
    """What the op is lowered to, with random weights."""
    module = built(call_of(op, *map(shape_of, inputs))).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return module


# -------------------------------------------------------------------------------------------------------------- rotary


@pytest.mark.parametrize("sizes", [(2, 5, 8), (2, 3, 5, 6), (1, 7, 2)])
@pytest.mark.parametrize("base", [10_000.0, 7.0])
def test_rotary_positions_are_their_formula(sizes: tuple[int, ...], base: float) -> None:
    x = random(*sizes)
    found = result(RotaryPositions(base=base), x)
    length, features = sizes[-2:]
    for row, turned in zip(x.reshape(-1, length, features), found.reshape(-1, length, features), strict=True):
        for t in range(length):
            for i in range(features // 2):
                a = t / base ** (2 * i / features)
                first, second = row[t, 2 * i].item(), row[t, 2 * i + 1].item()
                assert turned[t, 2 * i].item() == pytest.approx(first * cos(a) - second * sin(a), abs=1e-12)
                assert turned[t, 2 * i + 1].item() == pytest.approx(first * sin(a) + second * cos(a), abs=1e-12)


def test_a_rotation_is_a_product_of_complex_numbers() -> None:
    x = random(1, 30, 2)
    found = result(RotaryPositions(), x)[0]
    for t, (pair, turned) in enumerate(zip(x[0].tolist(), found.tolist(), strict=True)):
        assert complex(*turned) == pytest.approx(complex(*pair) * exp(1j * t), abs=1e-12)


def test_the_product_of_turned_vectors_depends_on_their_distance_alone() -> None:
    query, key = random(8), random(8)
    x = torch.zeros(2, 40, 8, dtype=torch.float64)
    x[0], x[1] = query, key
    queries, keys = result(RotaryPositions(), x)
    scores = queries @ keys.T
    for distance in (-9, 0, 1, 25):
        along = scores.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=1e-10, atol=1e-10)
    assert not torch.allclose(scores[0, :5], scores[0, :1].expand(5))
    # The first position is not turned, and nothing gets longer.
    assert queries[0].equal(query)
    torch.testing.assert_close(queries.norm(dim=1), query.norm().expand(40))


def test_pairing_the_halves_is_the_same_in_another_order() -> None:
    x = random(1, 6, 8)
    cosines, sines = (
        torch.tensor([[f(t / 10_000.0 ** (2 * i / 8)) for i in range(4)] for t in range(6)], dtype=torch.float64)
        for f in (cos, sin)
    )
    low, high = x[..., :4], x[..., 4:]
    expected = torch.cat((low * cosines - high * sines, low * sines + high * cosines), dim=-1)
    neighbours = x[..., [0, 4, 1, 5, 2, 6, 3, 7]]
    found = result(RotaryPositions(), neighbours)[..., [0, 2, 4, 6, 1, 3, 5, 7]]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_rotary_positions_keep_the_precision_of_their_input_and_calculate_in_more() -> None:
    x = torch.zeros(1, 3000, 4, dtype=torch.bfloat16)
    x[..., ::2] = 1
    found = result(RotaryPositions(), x.float()).bfloat16()
    in_halves = built(call_of(RotaryPositions(), shape_of(x.float())))(x)
    assert in_halves.dtype == torch.bfloat16
    assert in_halves.equal(found)
    assert in_halves[0, 2999, 0].item() == pytest.approx(cos(2999), abs=4e-3)


# ---------------------------------------------------------------------------------------------------------- distances

SLOPES: Final = {
    1: [2**-8],
    2: [2**-4, 2**-8],
    3: [2**-4, 2**-8, 2**-2],
    6: [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3],
    8: [2**-1, 2**-2, 2**-3, 2**-4, 2**-5, 2**-6, 2**-7, 2**-8],
    16: [2 ** (-0.5 * (head + 1)) for head in range(16)],
    12: [2**-1, 2**-2, 2**-3, 2**-4, 2**-5, 2**-6, 2**-7, 2**-8, 2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5],
}
"""As in the paper, and, where the heads are no power of two, as in what its authors published."""


@pytest.mark.parametrize("heads", SLOPES)
@pytest.mark.parametrize(("queries", "keys"), [(5, 5), (3, 6), (4, 1)])
def test_alibi_positions_are_their_formula(heads: int, queries: int, keys: int) -> None:
    x = random(2, heads, queries, keys)
    found = result(AlibiPositions(), x)
    for h, slope in enumerate(SLOPES[heads]):
        for t in range(queries):
            for s in range(keys):
                expected = x[:, h, t, s] - slope * abs(t - s)
                torch.testing.assert_close(found[:, h, t, s], expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("max_distance", [1, 3, 50])
@pytest.mark.parametrize(("queries", "keys"), [(5, 5), (3, 6), (4, 1)])
def test_relative_positions_are_their_formula(causal: bool, max_distance: int, queries: int, keys: int) -> None:
    x = random(2, 3, queries, keys)
    module = module_for(RelativePositions(max_distance=max_distance, causal=causal), x)
    table, found = module.get_parameter("bias"), module(x)
    for h in range(3):
        for t in range(queries):
            for s in range(keys):
                if causal:
                    place = min(max(t - s, 0), max_distance)
                else:
                    place = max(-max_distance, min(t - s, max_distance)) + max_distance
                assert found[:, h, t, s].equal(x[:, h, t, s] + table[h, place])


def test_relative_positions_start_at_zero_and_each_number_is_trained() -> None:
    x = torch.zeros(1, 2, 4, 4)
    module = built(call_of(RelativePositions(max_distance=3), shape_of(x)))
    assert not module.get_parameter("bias").any()
    module(x).sum().backward()
    gradient = module.get_parameter("bias").grad
    assert gradient is not None
    # As many pairs of four positions are so far apart.
    assert gradient.tolist() == [[1, 2, 3, 4, 3, 2, 1]] * 2


def test_alibi_positions_keep_the_precision_of_their_input() -> None:
    x = torch.zeros(1, 3, 700, 700)
    module = built(call_of(AlibiPositions(), shape_of(x)))
    assert module(x.bfloat16()).dtype == torch.bfloat16
    assert module(x.bfloat16()).equal(module(x).bfloat16())


BY_HAND: Final = """
model M {{
    input x: [B, T, 12]
    inside = linear(36)
    parts = inside -> reshape([B, T, 3, 3, 4]) -> permute([2, 0, 3, 1, 4])
    q = parts -> select(axis=0, index=0){turned}
    k = parts -> select(axis=0, index=1){turned} -> permute([0, 1, 3, 2])
    v = parts -> select(axis=0, index=2)
    scores = (q, k) -> matmul
    scaled = scores / 2
    distances = scaled -> {added}
    weights = distances -> softmax
    found = (weights, v) -> matmul -> permute([0, 2, 1, 3]) -> reshape([B, T, 12])
    outside = found -> linear(12)
}}
"""
"""Attention in three heads of four features, written out in the language."""


@pytest.mark.parametrize(
    ("settings", "turned", "added"),
    [
        ("", "", "identity"),
        (", positions=rotary, rotary_base=50.0", " -> rotary_positions(base=50.0)", "identity"),
        (", positions=alibi", "", "alibi_positions"),
        (", positions=relative, max_distance=2", "", "relative_positions(max_distance=2)"),
    ],
    ids=["none", "rotary", "alibi", "relative"],
)
def test_attention_has_the_same_positions_inside(settings: str, turned: str, added: str) -> None:
    by_hand = archspec.loads(BY_HAND.format(turned=turned, added=added))
    assert not list(by_hand.check(ignore=["A4"])), by_hand.check()
    in_one = archspec.loads(f"model M {{ input x: [B, T, 12]\n layer = attention(3{settings}) }}")
    assert in_one.graph.macs == by_hand.graph.macs
    theirs, ours = compiled(by_hand), compiled(in_one)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.copy_(torch.randn_like(parameter))
    for key, value in ours.state_dict().items():
        name = key.removeprefix("layer.").replace("in_proj_", "inside.").replace("out_proj", "outside")
        theirs.get_parameter(name).data.copy_(value)
    x = random(2, 5, 12)
    torch.testing.assert_close(theirs(x), ours(x), rtol=1e-10, atol=1e-10)


def compiled(model: archspec.Model) -> nn.Module:
    module = model.compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


# ----------------------------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("op", "sizes", "message"),
    [
        (RotaryPositions(), [5, 8], "needs 3 or 4 axes, but the input has 2"),
        (RotaryPositions(), [2, 2, 2, 5, 8], "needs 3 or 4 axes, but the input has 5"),
        (RotaryPositions(), [2, 5, 7], "needs an even number of features, two for each pair, but the input has 7"),
        (
            RotaryPositions(),
            [2, 5, 2 * D + 1],
            "needs an even number of features, two for each pair, but the input has 2*D + 1",
        ),
        (AlibiPositions(), [2, 5, 5], "needs 4 axes, but the input has 3"),
        (RelativePositions(), [2, 5, 5], "needs 4 axes, but the input has 3"),
        (LearnedPositions(length=4), [2, 5, 8, 1], "needs 3 axes, but the input has 4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_say_what_is_wrong(op: Op, sizes: list[Size], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_open_sizes_stay_open() -> None:
    assert RotaryPositions().infer(Shape.of(B, H, T, D)) == Shape.of(B, H, T, D)
    assert AlibiPositions().infer(Shape.of(B, H, T, S)) == Shape.of(B, H, T, S)
    assert RelativePositions(max_distance=3).weights(Shape.of(B, H, T, S)) == {"bias": Shape.of(H, 7)}
    with pytest.raises(OpenSizeError, match="needs the heads of its input as a number"):
        lower(AlibiPositions(), Shape.of(B, H, T, S))


@pytest.mark.parametrize(
    ("op", "sizes", "source"),
    [
        (RotaryPositions(), [2, 5, 8], "RotaryPositions()"),
        (RotaryPositions(base=5e5), [2, 5, 8], "RotaryPositions(base=500000.0)"),
        (AlibiPositions(), [2, 4, 5, 5], "AlibiPositions(4)"),
        (RelativePositions(), [2, 4, 5, 5], "RelativePositions(4, 128)"),
        (RelativePositions(max_distance=8, causal=True), [2, 4, 5, 5], "RelativePositions(4, 8, causal=True)"),
    ],
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, sizes: list[int], source: str) -> None:
    assert str(lower(op, Shape(tuple(sizes)))) == source


# ------------------------------------------------------------------------------------------------------ written models

SPEC: Final = """
model Scores {
    input x: [B, T, 8]
    input memory: [B, S, 8]

    q = x -> rotary_positions
    k = memory -> rotary_positions(base=100.0) -> permute([0, 2, 1])
    (q, k) -> matmul -> reshape([B, 1, T, S]) -> alibi_positions -> relative_positions(max_distance=3)
}
"""


def lengths() -> Iterator[tuple[int, int, int]]:
    yield 3, 4, 5
    yield 2, 7, 2


def test_such_a_model_can_be_exported_with_any_batch_and_any_lengths() -> None:
    model = archspec.loads(SPEC)
    assert not list(model.check(ignore=["A4"]))
    module = compiled(model)
    batch, time, memory = (torch.export.Dim(each, min=2, max=64) for each in ("batch", "time", "memory"))
    exported = torch.export.export(
        module,
        (random(2, 3, 8), random(2, 4, 8)),
        dynamic_shapes=({0: batch, 1: time}, {0: batch, 1: memory}),
    ).module()
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    for sizes in lengths():
        given = random(sizes[0], sizes[1], 8), random(sizes[0], sizes[2], 8)
        expected = module(*given)
        torch.testing.assert_close(exported(*given), expected)
        torch.testing.assert_close(whole(*given), expected)
        with torch.device("meta"):
            empty: Any = model.compile()
        assert empty(*(each.float().to("meta") for each in given)).shape == expected.shape


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "scores.py").write_text(archspec.loads(SPEC).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)
