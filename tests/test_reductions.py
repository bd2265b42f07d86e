"""Reductions: what they come to along some axes, what they refuse, and where a name means arithmetic on numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import exp, log, sqrt
from math import prod as product_of
from statistics import mean

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from archspec import loads
from archspec.op import Op, ShapeError
from archspec.ops import OPS
from archspec.ops.extremum import AllTrue, AnyTrue, Argmax, Argmin, Max, Min
from archspec.ops.running import Cumprod, Cumsum
from archspec.ops.spread import Norm, Std, Var
from archspec.ops.total import LogSumExp, Mean, Prod, Sum
from archspec.shape import Element, Shape
from archspec.size import Size, named
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import random_uses, result, source_of

B, C, H, T, W = map(named, "BCHTW")

OVER_AXES = ("mean", "sum", "prod", "max", "min", "var", "std", "vector_norm", "logsumexp", "any", "all")
OVER_ONE = ("argmax", "argmin")
RUNNING = ("cumsum", "cumprod")

sizes = st.lists(st.integers(1, 3), max_size=4).map(tuple)
axes = st.none() | st.integers(-5, 4) | st.lists(st.integers(-4, 3), min_size=1, max_size=3).map(tuple)


def random(*sizes: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(sum(sizes)))


# -------------------------------------------------------------------------------------------------- shapes and refusals


@random_uses
@given(st.sampled_from(OVER_AXES), axes, st.booleans(), sizes, st.data())
def test_reductions_have_the_shapes_of_torch(
    name: str, axes: int | tuple[int, ...] | None, keep: bool, sizes: tuple[int, ...], data: st.DataObject
) -> None:
    kind = OPS[name]
    more = {"correction": st.integers(0, 2), "p": st.sampled_from(["inf", 0.5, 1.0, 2.0, 3.0])}
    chosen = {name: data.draw(values) for name, values in more.items() if name in kind.settings()}
    op = kind.model_validate({"axes": axes, "keep": keep, **chosen})
    inputs = (Shape(sizes, data.draw(st.sampled_from(sorted(kind.accepts)))),)
    assume(not is_left_out(op, inputs))
    agrees_with_torch(op, *inputs)


@random_uses
@given(st.sampled_from(OVER_ONE), st.none() | st.integers(-4, 3), st.booleans(), sizes, st.data())
def test_places_have_the_shapes_of_torch(
    name: str, axis: int | None, keep: bool, sizes: tuple[int, ...], data: st.DataObject
) -> None:
    element = data.draw(st.sampled_from(sorted(OPS[name].accepts)))
    agrees_with_torch(OPS[name].model_validate({"axis": axis, "keep": keep}), Shape(sizes, element))


@random_uses
@given(st.sampled_from(RUNNING), st.integers(-4, 3), sizes, st.sampled_from(list(Element)))
def test_running_sums_have_the_shapes_of_torch(name: str, axis: int, sizes: tuple[int, ...], element: Element) -> None:
    agrees_with_torch(OPS[name].model_validate({"axis": axis}), Shape(sizes, element))


@pytest.mark.parametrize("name", [*OVER_AXES, *OVER_ONE, *RUNNING])
def test_elements_that_are_refused_are_those_that_torch_refuses(name: str) -> None:
    kind = OPS[name]
    op = kind.model_validate({"axis": 0} if name in RUNNING else {})
    method = {"max": "amax", "min": "amin", "vector_norm": "norm"}.get(name, name)
    arguments = (0,) if name in (*RUNNING, "logsumexp") else ()
    for element, values in ((Element.INT, torch.tensor([1, 2])), (Element.BOOL, torch.tensor([True, False]))):
        if element in kind.accepts:
            assert result(op, values).numel() in (1, 2)
        elif name != "logsumexp":  # Torch makes fractions of them, which `cast` does here.
            with pytest.raises(RuntimeError):
                getattr(values, method)(*arguments)


def test_too_few_values_for_a_correction_have_no_variance() -> None:
    assert Var(axes=1, correction=0).infer(Shape.of(B, 1)) == Shape.of(B)
    assert Var(axes=(0, 1)).infer(Shape.of(2, 1)) == Shape.of()
    assert Var(axes=1).infer(Shape.of(B, T)) == Shape.of(B)
    with pytest.raises(ShapeError, match="divides by the number of values less 1, but there is only 1"):
        Std(axes=1).infer(Shape.of(B, 1, 4))
    with pytest.raises(ShapeError, match="divides by the number of values less 3, but there are only 2") as refusal:
        Std(axes=(0, 2), correction=3).infer(Shape.of(1, 8, 2))
    assert refusal.value.help == "use a `correction` below 2"


@pytest.mark.parametrize(
    ("op", "shape", "message", "setting"),
    [
        (Mean(axes=3), [B, T, 8], "has no axis 3: the input has 3 axes", "axes"),
        (Sum(axes=(1, -1)), [B, T], "has axis 1 twice", "axes"),
        (Max(axes=(0, 2)), [B, T], "has no axis 2: the input has 2 axes", "axes"),
        (Mean(axes=1), [], "has no axis 1: the input has 0 axes", "axes"),
        (Argmax(axis=-3), [B, T], "has no axis -3: the input has 2 axes", "axis"),
        (Cumsum(axis=2), [B, T], "has no axis 2: the input has 2 axes", "axis"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_name_the_axis(op: Op, shape: list[Size], message: str, setting: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(shape)))
    assert refusal.value.message == message
    assert refusal.value.setting == setting


def test_open_sizes_stay_open() -> None:
    assert Mean(axes=(2, 3)).infer(Shape.of(B, C, H, W)) == Shape.of(B, C)
    assert Mean(axes=(-1, -2), keep=True).infer(Shape.of(B, C, H, W)) == Shape.of(B, C, 1, 1)
    assert Sum(axes=1).infer(Shape.of(B, T, element=Element.BOOL)) == Shape.of(B, element=Element.INT)
    assert AnyTrue(axes=1).infer(Shape.of(B, T)) == Shape.of(B, element=Element.BOOL)
    assert Argmax(axis=-1).infer(Shape.of(B, T, C)) == Shape.of(B, T, element=Element.INT)
    assert Argmax(keep=True).infer(Shape.of(B, T)) == Shape.of(1, 1, element=Element.INT)
    assert Sum().infer(Shape.of(B, T)) == Shape.of()
    assert Cumsum(axis=1).infer(Shape.of(B, T)) == Shape.of(B, T)


@pytest.mark.parametrize("setting", [{"axes": ()}, {"axes": 1.0}, {"axes": True}, {"keep": 1}, {"dim": 1}])
def test_what_is_no_axis_is_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Mean.model_validate(setting)


@pytest.mark.parametrize("p", [0, -1.0, "-inf", "fro", float("inf"), float("nan")])
def test_what_is_no_norm_is_refused(p: object) -> None:
    with pytest.raises(ValidationError):
        Norm.model_validate({"p": p})


# ------------------------------------------------------------------------------------------------------------- numbers


def lines(x: Tensor, axes: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], list[float]]]:
    """Each place of the result, and the values that come to it, one by one."""
    kept = [axis for axis in range(x.dim()) if axis not in axes]
    for place in product(*(range(x.shape[axis]) for axis in kept)):
        at = dict(zip(kept, place, strict=True))
        every = product(*([at[axis]] if axis in at else range(x.shape[axis]) for axis in range(x.dim())))
        yield place, [x[each].item() for each in every]


def variance(values: list[float], correction: int) -> float:
    return sum((value - mean(values)) ** 2 for value in values) / (len(values) - correction)


DEFINITIONS: list[tuple[Callable[..., Op], Callable[[list[float]], float]]] = [
    (Mean, mean),
    (Sum, sum),
    (Prod, product_of),
    (Max, max),
    (Min, min),
    (Var, lambda values: variance(values, 1)),
    (Std, lambda values: sqrt(variance(values, 1))),
    (lambda **given: Var(correction=0, **given), lambda values: variance(values, 0)),
    (lambda **given: Std(correction=2, **given), lambda values: sqrt(variance(values, 2))),
    (Norm, lambda values: sqrt(sum(value * value for value in values))),
    (lambda **given: Norm(p=1.0, **given), lambda values: sum(map(abs, values))),
    (lambda **given: Norm(p=3.0, **given), lambda values: sum(abs(value) ** 3 for value in values) ** (1 / 3)),
    (lambda **given: Norm(p="inf", **given), lambda values: max(map(abs, values))),
    (LogSumExp, lambda values: log(sum(map(exp, values)))),
    (AnyTrue, lambda values: any(value != 0 for value in values)),
    (AllTrue, lambda values: all(value != 0 for value in values)),
]


@pytest.mark.parametrize("axes", [1, -1, (0, 2), (-1, 1), (2, 0, 1), None])
@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda pair: str(pair[0]()))
def test_a_reduction_is_its_definition(
    definition: tuple[Callable[..., Op], Callable[[list[float]], float]], axes: int | tuple[int, ...] | None
) -> None:
    x = random(2, 3, 4).double()
    x[0, 1, 2] = x[1, 0, 0] = 0
    made, rule = definition
    every = tuple(range(3)) if axes is None else (axes,) if isinstance(axes, int) else axes
    found = result(made(axes=axes), x)
    expected = dict(lines(x, tuple(axis % 3 for axis in every)))
    assert found.numel() == len(expected)
    for place, values in expected.items():
        assert found[place].item() == pytest.approx(rule(values))
    kept = result(made(axes=axes, keep=True), x)
    assert kept.shape == tuple(1 if axis in [each % 3 for each in every] else size for axis, size in enumerate(x.shape))
    assert kept.flatten().equal(found.flatten())


def test_the_logarithm_of_a_sum_does_not_overflow() -> None:
    assert result(LogSumExp(axes=0), torch.tensor([1000.0, 1000.0])).item() == pytest.approx(1000 + log(2))


def test_places_are_counted_from_0() -> None:
    x = torch.tensor([[3.0, 9.0, 1.0], [7.0, 2.0, 8.0]])
    assert result(Argmax(axis=1), x).tolist() == [1, 2]
    assert result(Argmin(axis=0, keep=True), x).tolist() == [[0, 1, 0]]
    assert result(Argmax(), x).item() == 1
    assert result(Argmin(), x).item() == 2


def test_running_sums_and_products() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert result(Cumsum(axis=1), x).tolist() == [[1, 3, 6], [4, 9, 15]]
    assert result(Cumsum(axis=0), x).tolist() == [[1, 2, 3], [5, 7, 9]]
    assert result(Cumprod(axis=-1), x).tolist() == [[1, 2, 6], [4, 20, 120]]
    assert result(Cumsum(axis=0), torch.tensor([True, False, True])).tolist() == [1, 1, 2]


def test_the_sum_of_flags_counts_them() -> None:
    flags = torch.tensor([[True, False, True], [False, False, False]])
    assert result(Sum(axes=1), flags).tolist() == [2, 0]
    assert result(Prod(axes=1), flags).tolist() == [0, 0]
    assert result(AnyTrue(axes=1), flags).tolist() == [True, False]
    assert result(AllTrue(axes=0), flags).tolist() == [False, False, False]
    assert result(Max(axes=1), flags).tolist() == [True, False]


def test_several_largest_values_share_the_gradient() -> None:
    x = torch.tensor([2.0, 5.0, 5.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(result(Max(), x), x)
    assert gradient.tolist() == [0, 0.5, 0.5]


# -------------------------------------------------------------------------------------------------------------- source


@pytest.mark.parametrize(
    ("op", "source"),
    [
        (Mean(axes=(2, 3), keep=True), "x0.mean(dim=(2, 3), keepdim=True)"),
        (Mean(axes=1), "x0.mean(dim=1)"),
        (Mean(axes=(-1,)), "x0.mean(dim=-1)"),
        (Mean(), "x0.mean()"),
        (Mean(keep=True), "x0.mean(dim=(0, 1, 2, 3), keepdim=True)"),
        (Sum(axes=1), "x0.sum(dim=1)"),
        (Max(axes=1, keep=True), "x0.amax(dim=1, keepdim=True)"),
        (Min(), "x0.min()"),
        (Prod(), "x0.prod()"),
        (Prod(axes=-1), "x0.prod(dim=-1)"),
        (Prod(axes=(1, 2), keep=True), "x0.prod(dim=2, keepdim=True).prod(dim=1, keepdim=True)"),
        (Std(axes=1), "x0.std(dim=1)"),
        (Var(axes=1, correction=0, keep=True), "x0.var(dim=1, correction=0, keepdim=True)"),
        (Var(correction=0), "x0.var(correction=0)"),
        (Norm(axes=-1), "torch.linalg.vector_norm(x0, dim=-1)"),
        (Norm(axes=-1, p="inf"), "torch.linalg.vector_norm(x0, ord=torch.inf, dim=-1)"),
        (LogSumExp(axes=-1), "x0.logsumexp(dim=-1)"),
        (LogSumExp(), "x0.logsumexp(dim=(0, 1, 2, 3))"),
        (AnyTrue(axes=(1, 2)), "x0.any(dim=(1, 2))"),
        (AllTrue(), "x0.all()"),
        (Argmax(axis=1), "x0.argmax(dim=1)"),
        (Argmin(keep=True), "x0.argmin(keepdim=True)"),
        (Cumsum(axis=1), "x0.cumsum(dim=1)"),
        (Cumprod(axis=-1), "x0.cumprod(dim=-1)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, source: str) -> None:
    inline = lower(op, Shape.of(B, 3, H, W))
    assert isinstance(inline, Inline)
    assert source_of(inline, 1) == source


# --------------------------------------------------------------------------- names that are functions of arithmetic too


def test_a_name_means_the_op_on_values_and_arithmetic_on_numbers() -> None:
    spec = """
model Net(width = 16, depths: list = [2, 3]) {
    input x: [B, 6]
    linear(max(width // 4, 8))
    a = linear(min(width, 5))
    b = a / max(a, axes=1, keep=true) + sum(a, axes=[1], keep=true)
    c = b * max(width // 4, 3) - min(b)
    c -> sum(axes=1, keep=true) -> broadcast([B, sum(depths)]) -> max(1)
}
"""
    model = loads(spec)
    found = [str(node.op) for node in model.graph.nodes]
    assert "linear(8)" in found
    assert "linear(5)" in found
    assert "max(axes=1, keep=true)" in found
    assert "broadcast([B, 5])" in found
    module = model.compile()
    x = random(4, 6)
    a = module.a(module.linear1(x))
    b = a / a.max(dim=1, keepdim=True).values + a.sum(dim=1, keepdim=True)
    c = b * 4 - b.min()
    torch.testing.assert_close(module(x), c.sum(dim=1))


def test_it_is_the_same_in_yaml() -> None:
    spec = """
archspec: 1
model: Net
params: {width: 16}
inputs: {x: [B, 6]}
layers:
  - linear: max(width // 4, 8)
  - max: {axes: 1, keep: true}
    name: top
  - top / sum(top, axes=0)
  - vector_norm: {axes: 1, p: inf}
"""
    model = loads(spec, syntax="yaml")
    found = [str(node.op) for node in model.graph.nodes]
    ops = ["linear(8)", "max(axes=1, keep=true)", "sum(axes=0)", 'arithmetic("a / b")', "vector_norm(axes=1, p=inf)"]
    assert found == ops
    module = model.compile()
    x = random(4, 6)
    top = module.linear1(x).max(dim=1, keepdim=True).values
    torch.testing.assert_close(module(x), (top / top.sum(dim=0)).abs().amax(dim=1))
