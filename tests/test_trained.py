"""Trained numbers that stand alone."""

from __future__ import annotations

import pytest
import torch

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.trained import Scale, Shift, Tokens
from archspec.shape import Shape
from archspec.size import named
from tests.lowered import call_of, module_of


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_each_feature_has_a_number_of_its_own(axis: int) -> None:
    x = torch.randn(2, 3, 4)
    scale, shift = module_of(Scale(axis=axis), x), module_of(Shift(axis=axis), x)
    for module in (scale, shift):
        weight = module.get_parameter("weight")
        with torch.no_grad():
            weight.copy_(torch.arange(1.0, len(weight) + 1))
    scaled, shifted = scale(x), shift(x)
    for place in range(x.shape[axis]):
        torch.testing.assert_close(scaled.select(axis, place), (place + 1) * x.select(axis, place))
        torch.testing.assert_close(shifted.select(axis, place), (place + 1) + x.select(axis, place))


def test_they_start_as_they_are_told() -> None:
    x = torch.randn(2, 3)
    assert module_of(Scale(), x)(x).equal(x)
    assert module_of(Scale(start=1e-5), x)(x).equal(1e-5 * x)
    assert module_of(Shift(), x)(x).equal(x)
    assert module_of(Shift(start=2.0), x)(x).equal(x + 2)
    assert str(call_of(Scale(axis=1, start=1e-5), Shape.of(named("B"), 8, 4, 4))) == (
        "Scale(8, start=1e-05, axes_after=2)"
    )


def test_a_scale_is_a_diagonal_matrix() -> None:
    x = torch.randn(5, 4, dtype=torch.double)
    module = module_of(Scale(), x).double()
    with torch.no_grad():
        module.get_parameter("weight").normal_()
    torch.testing.assert_close(module(x), x @ torch.diag(module.get_parameter("weight")))


@pytest.mark.parametrize("at", ["start", "end"])
def test_tokens_stand_beside_a_sequence(at: str) -> None:
    x = torch.randn(3, 5, 8)
    module = module_of(Tokens(count=2, at=at), x)  # type: ignore[arg-type]
    found, weight = module(x), module.get_parameter("weight")
    tokens, rest = (found[:, :2], found[:, 2:]) if at == "start" else (found[:, 5:], found[:, :5])
    assert rest.equal(x)
    assert all(each.equal(weight) for each in tokens)
    found.sum().backward()
    assert weight.grad is not None
    assert weight.grad.equal(torch.full((2, 8), 3.0))


def test_tokens_are_drawn_with_a_small_deviation() -> None:
    weight = module_of(Tokens(count=50), torch.zeros(1, 1, 200)).get_parameter("weight")
    assert weight.std().item() == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize(
    ("op", "sizes", "message"),
    [
        (Scale(axis=2), [2, 3], "has no axis 2: the input has 2 axes"),
        (Shift(axis=-3), [2, 3], "has no axis -3: the input has 2 axes"),
        (Tokens(), [2, 3], "needs 3 axes, but the input has 2"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_a_cure(op: Op, sizes: list[int], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_a_class_token_goes_through_a_whole_model() -> None:
    text = """
    model Tiny(width = 8) {
        input image: [B, 3, 32, 32]

        conv(width, kernel=16, stride=16)
        flatten(start=2)
        permute([0, 2, 1])
        tokens
        learned_positions(5)
        residual { layernorm -> attention(heads=2) -> scale(start=1e-5) }
        select(axis=1, index=0)
        linear(10)
    }
    """
    module = archspec.loads(text).compile()
    assert module(torch.randn(2, 3, 32, 32)).shape == (2, 10)
