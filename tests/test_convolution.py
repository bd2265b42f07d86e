"""Convolutions and fully connected layers: each against its definition, and its cost by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import archspec
from archspec.op import Op, ShapeError, count
from archspec.ops.bilinear import Bilinear
from archspec.ops.conv import Conv
from archspec.ops.conv_transpose import ConvTranspose
from archspec.ops.linear import Linear
from archspec.shape import Shape
from archspec.size import named
from archspec_torch.lower import OpenSizeError, lower
from tests.laws import agrees_with_torch
from tests.lowered import module_of, quiet, random_uses


def margins_of(padding: Any, axes: int, extents: list[int]) -> list[tuple[int, int]]:
    """The positions before and after each axis, by what `padding` says."""
    match padding:
        case "valid":
            return [(0, 0)] * axes
        case "same":
            return [((extent - 1) // 2, extent - 1 - (extent - 1) // 2) for extent in extents]
        case "causal":
            return [(extent - 1, 0) for extent in extents]
        case int():
            return [(padding, padding)] * axes
        case _:
            return [each if isinstance(each, tuple) else (each, each) for each in padding]


def place(at: int, size: int, mode: str) -> int | None:
    """The position of the input that fills a position of the padded one; `None` is zero."""
    if 0 <= at < size:
        return at
    match mode:
        case "replicate":
            return min(max(at, 0), size - 1)
        case "circular":
            return at % size
        case "reflect":
            return -at if at < 0 else 2 * (size - 1) - at
        case _:
            return None


def convolved_by_hand(op: Conv, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The sum of each position, taken one product after another."""
    axes = x.dim() - 1

    def along(setting: Any) -> tuple[int, ...]:
        return setting if isinstance(setting, tuple) else (setting,) * axes

    kernel, stride, dilation = along(op.kernel), along(op.stride), along(op.dilation)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    margins = margins_of(op.padding, axes, extents)
    counts = [
        (size + sum(pair) - extent) // step + 1
        for size, pair, extent, step in zip(x.shape[1:], margins, extents, stride, strict=True)
    ]
    inputs, outputs = x.shape[0] // op.groups, weight.shape[0] // op.groups
    y = torch.zeros(weight.shape[0], *counts, dtype=x.dtype)
    for channel, *at in product(*map(range, y.shape)):
        total = torch.zeros((), dtype=x.dtype) if bias is None else bias[channel].clone()
        for tap in product(*map(range, kernel)):
            axis_settings = zip(at, tap, stride, dilation, margins, x.shape[1:], strict=True)
            places = [
                place(p * s + t * d - before, size, op.padding_mode) for p, t, s, d, (before, _), size in axis_settings
            ]
            if None in places:
                continue
            for number in range(inputs):
                total += weight[(channel, number, *tap)] * x[(channel // outputs * inputs + number, *places)]
        y[(channel, *at)] = total
    return y


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv, Shape]:
    axes = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([1, 1, 2, 3]))

    def per_axis(values: st.SearchStrategy[Any]) -> Any:
        return draw(values | st.tuples(*[values] * axes))

    margin = st.integers(0, 3)
    paddings: st.SearchStrategy[Any] = st.sampled_from(["same", "valid", "causal"][: 3 if axes == 1 else 2])
    paddings |= margin | st.tuples(*[margin | st.tuples(margin, margin)] * axes)
    padding = draw(paddings)
    op = Conv(
        channels=groups * draw(st.integers(1, 2)),
        kernel=per_axis(st.integers(1, 3)),
        stride=1 if padding == "same" else per_axis(st.integers(1, 3)),
        padding=padding,
        dilation=per_axis(st.integers(1, 2)),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"])),
    )
    sizes = draw(st.tuples(*[st.integers(1, (8, 5, 3)[axes - 1])] * axes))
    return op, Shape.of(1, groups * draw(st.integers(1, 2)), *sizes)


@settings(random_uses, max_examples=100)
@given(convolutions())
def test_a_convolution_is_its_definition(use: tuple[Conv, Shape]) -> None:
    op, shape = use
    try:
        (expected,) = op.outputs(shape)
    except ShapeError:
        return
    torch.manual_seed(0)
    x = torch.randn(tuple(map(int, shape.sizes)), dtype=torch.float64)  # type: ignore[arg-type]
    module = module_of(op, x).double()
    weights = module.state_dict()
    with quiet():
        found = module(x)
    assert tuple(found.shape) == expected.sizes
    torch.testing.assert_close(found[0], convolved_by_hand(op, x[0], weights["weight"], weights.get("bias")))


@settings(random_uses, max_examples=100)
@given(convolutions())
def test_every_padding_agrees_with_torch(use: tuple[Conv, Shape]) -> None:
    op, shape = use
    if op.padding == "causal" and op.padding_mode in ("reflect", "circular"):
        with pytest.raises(ShapeError):
            op.infer(shape)
    else:
        agrees_with_torch(op, shape)


@pytest.mark.parametrize("mode", ["zeros", "replicate"])
@pytest.mark.parametrize(("kernel", "dilation", "stride"), [(2, 1, 1), (3, 4, 1), (5, 2, 1), (3, 2, 2), (1, 1, 1)])
def test_causal_padding_lets_no_position_see_a_later_one(kernel: int, dilation: int, stride: int, mode: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, 12, requires_grad=True)
    op = Conv.model_validate(
        {
            "channels": 3,
            "kernel": kernel,
            "stride": stride,
            "dilation": dilation,
            "padding": "causal",
            "padding_mode": mode,
        }
    )
    y = module_of(op, x)(x)
    assert y.shape == (1, 3, -(-12 // stride))
    for position in range(y.shape[2]):
        (gradient,) = torch.autograd.grad(y[..., position].sum(), x, retain_graph=True)
        assert not gradient[..., position * stride + 1 :].any()
        assert gradient[..., position * stride].all()


def test_causal_padding_is_written_as_a_pair_where_there_is_any() -> None:
    x = Shape.of(2, 3, named("T"))
    causal = Conv(channels=4, kernel=2, padding="causal", dilation=8)
    assert causal.infer(x) == Shape.of(2, 4, named("T"))
    assert str(lower(causal, x)) == "PaddedConv1d(3, 4, kernel_size=2, padding=((8, 0),), dilation=8)"
    assert str(lower(Conv(channels=4, kernel=1, padding="causal"), x)) == "nn.Conv1d(3, 4, kernel_size=1)"
    text = "model M { input x: [B, 3, T]\n repeat 3 { conv(3, kernel=2, padding=causal) -> relu }\n }"
    assert archspec.loads(text).compile()(torch.randn(2, 3, 9)).shape == (2, 3, 9)


@pytest.mark.parametrize(
    ("op", "sizes", "message", "setting"),
    [
        (
            Conv(channels=4, kernel=3, padding="causal"),
            [2, 3, 8, 8],
            "has `padding` `causal`, which needs a sequence, with one axis of space, but the input has 2",
            "padding",
        ),
        (
            Conv(channels=4, kernel=3, padding="causal", padding_mode="circular"),
            [2, 3, 8],
            "has `padding` `causal`, but `circular` fills the padding with later positions",
            "padding_mode",
        ),
    ],
    ids=str,
)
def test_refusals_say_what_causal_padding_needs(op: Conv, sizes: list[int], message: str, setting: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert (refusal.value.message, refusal.value.setting) == (message, setting)
    assert refusal.value.help


@pytest.mark.parametrize(
    ("op", "sizes", "parameters", "macs"),
    [
        # 28*28 positions, each of 32 channels that see 192 of 5x5; and the same through 16 channels of 1x1.
        (Conv(channels=32, kernel=5, padding=2, bias=False), [192, 28, 28], 32 * 192 * 25, 120_422_400),
        (Conv(channels=16, kernel=1, bias=False), [192, 28, 28], 16 * 192, 2_408_448),
        (Conv(channels=32, kernel=5, padding=2, bias=False), [16, 28, 28], 32 * 16 * 25, 12_443_648 - 2_408_448),
        # Depthwise: each of 32 channels sees itself alone.
        (Conv(channels=32, kernel=3, padding=1, groups=32), [32, 14, 14], 32 * 9 + 32, 14 * 14 * 32 * 9),
        (Conv(channels=64, kernel=3, padding=1, groups=32), [32, 14, 14], 64 * 9 + 64, 14 * 14 * 64 * 9),
        # Grouped: the second layer of AlexNet, whose two streams see half of the channels each.
        (Conv(channels=256, kernel=5, padding=2, groups=2), [96, 27, 27], 307_456, 27 * 27 * 256 * 48 * 25),
        # Dilated: as many taps over a wider field.
        (Conv(channels=8, kernel=3, dilation=4, padding="same"), [4, 10, 10], 8 * 4 * 9 + 8, 10 * 10 * 8 * 4 * 9),
        (Conv(channels=8, kernel=3, dilation=4), [4, 10, 10], 8 * 4 * 9 + 8, 2 * 2 * 8 * 4 * 9),
        # Strided, causal, and of volumes.
        (Conv(channels=64, kernel=7, stride=2, padding=3, bias=False), [3, 224, 224], 9_408, 112 * 112 * 9_408),
        (Conv(channels=5, kernel=2, padding="causal"), [3, 100], 5 * 3 * 2 + 5, 100 * 5 * 3 * 2),
        (Conv(channels=2, kernel=(1, 2, 3)), [4, 3, 4, 5], 2 * 4 * 6 + 2, 3 * 3 * 3 * 2 * 4 * 6),
        # Transposed: every position of the input is multiplied with all of the weight.
        (ConvTranspose(channels=3, kernel=4, stride=2, padding=1), [8, 16, 16], 8 * 3 * 16 + 3, 16 * 16 * 8 * 3 * 16),
        (ConvTranspose(channels=8, kernel=2, stride=2, groups=4), [4, 5, 5], 4 * 2 * 4 + 8, 5 * 5 * 4 * 2 * 4),
    ],
    ids=str,
)
def test_cost_is_that_worked_by_hand(op: Op, sizes: list[int], parameters: int, macs: int) -> None:
    for batch in (1, 2):
        x = Shape.of(batch, *sizes)
        assert count(op.weights(x)) == parameters
        assert op.macs(x) == batch * macs


def test_one_by_one_convolution_is_a_linear_layer_at_each_position() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 5, 4, 3)
    convolution = module_of(Conv(channels=7, kernel=1), x)
    weights = convolution.state_dict()
    positions = x.movedim(1, -1)
    linear = module_of(Linear(features=7), positions)
    linear.load_state_dict({"weight": weights["weight"].flatten(1), "bias": weights["bias"]})
    torch.testing.assert_close(convolution(x).movedim(1, -1), linear(positions))


def test_a_separable_convolution_is_one_of_each_channel_and_one_across_them() -> None:
    text = "use std.conv\nmodel M { input x: [B, 32, 14, 14]\n DepthwiseSeparable(64) }"
    model = archspec.loads(text)
    module = model.compile()
    assert sum(each.numel() for each in module.parameters()) == 32 * 9 + 2 * 32 + 32 * 64 + 2 * 64
    assert module(torch.randn(2, 32, 14, 14)).shape == (2, 64, 14, 14)


@pytest.mark.parametrize("sizes", [(), (4,), (2, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_bilinear_layer_is_its_definition(sizes: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    left, right = torch.randn(*sizes, 3), torch.randn(*sizes, 5)
    shapes = Shape(tuple(left.shape)), Shape(tuple(right.shape))
    op = Bilinear(features=2, bias=bias)
    module = module_of(op, left, right)
    weight = module.get_parameter("weight")
    found = module(left, right)
    assert op.infer(*shapes) == Shape(tuple(found.shape))
    for where in product(*map(range, sizes)):
        for feature in range(2):
            total = module.get_parameter("bias")[feature] if bias else torch.zeros(())
            for i, j in product(range(3), range(5)):
                total = total + left[(*where, i)] * weight[feature, i, j] * right[(*where, j)]
            torch.testing.assert_close(found[(*where, feature)], total)
    positions = found.numel() // 2
    assert op.macs(*shapes) == positions * 2 * 3 * 5
    assert count(op.weights(*shapes)) == 2 * 3 * 5 + 2 * bias


@settings(random_uses, max_examples=400)
@given(
    st.lists(st.integers(1, 3), max_size=3),
    st.lists(st.integers(1, 3), max_size=3),
    st.booleans(),
)
def test_bilinear_agrees_with_torch(left: list[int], right: list[int], alike: bool) -> None:
    if alike and left and right:
        right = [*left[:-1], right[-1]]
    agrees_with_torch(Bilinear(features=2), Shape(tuple(left)), Shape(tuple(right)))


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (
            [2, 3],
            [3],
            "needs inputs with the same number of axes, but the first has 2 and the second 1",
        ),
        ([], [], "needs at least one axis"),
        (
            [2, 4, 3],
            [2, 1, 3],
            "needs inputs that differ in their last axis alone, but axis 1 has 4 in the first and 1 in the second",
        ),
    ],
)
def test_refusals_say_what_a_bilinear_layer_needs(left: list[int], right: list[int], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        Bilinear(features=2).infer(Shape(tuple(left)), Shape(tuple(right)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_open_sizes_of_a_bilinear_layer_are_taken_to_agree() -> None:
    batch, time = named("B"), named("T")
    op = Bilinear(features=2)
    assert op.infer(Shape.of(batch, 7, 3), Shape.of(4, time, 5)) == Shape.of(4, 7, 2)
    assert str(lower(op, Shape.of(batch, 3), Shape.of(batch, 5))) == "nn.Bilinear(3, 5, 2)"
    with pytest.raises(OpenSizeError, match="needs the last size of its second input as a number, but it is `T`"):
        lower(op, Shape.of(batch, 3), Shape.of(batch, time))
    text = "model M { input a: [B, 3]\n input b: [B, 5]\n (a, b) -> bilinear(2, bias=false) }"
    assert archspec.loads(text).compile()(torch.randn(4, 3), torch.randn(4, 5)).shape == (4, 2)
