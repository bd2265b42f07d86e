"""Pooling: each op against its definition, window by window, and what its padding comes to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import ceil, isnan
from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.adaptive_pool import AdaptiveAvgPool, AdaptiveMaxPool
from archspec.ops.max_pool import MaxPool, MaxUnpool
from archspec.ops.mean_pool import AvgPool, LpPool
from archspec.ops.mixed_pool import MixedPool, StochasticPool
from archspec.shape import Element, Shape
from archspec.size import evaluate, named
from archspec_torch.lower import OpenSizeError, lower
from tests.laws import agrees_with_torch
from tests.lowered import built, call_of, module_of, random_uses, result, results, shape_of

PADDED: Final = (MaxPool, AvgPool, StochasticPool, MixedPool)

HEIGHT, WIDTH = named("H"), named("W")


@pytest.mark.parametrize("kind", PADDED)
def test_same_rounds_up_and_valid_rounds_down(kind: type[Op]) -> None:
    for sizes, padding, expected in (
        ((28, 28), "same", (14, 14)),
        ((28, 28), "valid", (14, 14)),
        ((2, 3), "same", (1, 2)),
        ((2, 3), "valid", (1, 1)),
    ):
        op = kind.model_validate({"kernel": 2, "stride": 2, "padding": padding})
        assert op.outputs(Shape.of(1, 1, *sizes)) == (Shape.of(1, 1, *expected),)
        x = torch.randn(1, 1, *sizes)
        assert module_of(op, x)(x).shape == (1, 1, *expected)


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (MaxPool(kernel=2, padding="same"), [[6, 4]]),
        (MaxPool(kernel=2, padding="valid"), [[6]]),
        (AvgPool(kernel=2, padding="same"), [[3, 1.5]]),
        (AvgPool(kernel=2, padding="same", count_include_pad=True), [[3, 0.75]]),
        (AvgPool(kernel=2, padding="valid"), [[3]]),
        (MixedPool(kernel=2, padding="same"), [[4.5, 2.75]]),
        (MixedPool(kernel=2, share=1), [[6]]),
        (LpPool(kernel=2, p=2), [[50**0.5]]),
        (LpPool(kernel=2, p=1), [[12]]),
        # The probabilities are 1, 2, 3 and 6 twelfths, and then 4 and 1 fifths.
        (StochasticPool(kernel=2, padding="same"), [[50 / 12, 15 / 5]]),
    ],
    ids=str,
)
def test_two_by_three_is_pooled_by_hand(op: Op, expected: list[list[float]]) -> None:
    x = torch.tensor([[[[1.0, 2, 4], [3, 6, -1]]]])
    torch.testing.assert_close(module_of(op, x).eval()(x), torch.tensor([[expected]]), check_dtype=False)


def margins(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """The padding of `same`, by its definition."""
    total = max((ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def test_the_padding_of_same_is_that_of_its_definition() -> None:
    for kernel, stride, dilation in product(range(1, 6), range(1, 7), range(1, 4)):
        op = MaxPool(kernel=kernel, stride=stride, padding="same", dilation=dilation)
        open_shape = Shape.of(1, 1, named("N"))
        (open_window,) = op.windows(open_shape)
        for size in range(1, 20):
            x, numbers = Shape.of(1, 1, size), {"N": size}
            (window,) = op.windows(x)
            expected = margins(size, kernel, stride, dilation)
            assert (window.before, window.after) == expected
            assert (evaluate(open_window.before, numbers), evaluate(open_window.after, numbers)) == expected
            assert op.outputs(x)[0][2] == window.positions(size) == ceil(size / stride)
            assert evaluate(op.outputs(open_shape)[0][2], numbers) == ceil(size / stride)


def test_open_sizes_under_same_agree_with_those_of_a_convolution_that_halves_them() -> None:
    halved = "add { conv(2, kernel=3, stride=2, padding=1)\n maxpool(2, padding=same) }"
    text = f"model M {{ input x: [B, 2, N]\n {halved} }}"
    assert not list(archspec.loads(text).check(ignore=["A4"]))


Reduce = Callable[[Tensor, int], Any]
"""What becomes of the values of a window that lie in the input, given the number of all its taps."""


def pooled_by_hand(x: Tensor, places: list[list[list[int]]], reduce: Reduce) -> Tensor:
    """The reduction of each window: for each axis, and each position of the output along it, where the taps are."""
    result = torch.empty([len(each) for each in places], dtype=x.dtype)
    for where in product(*(range(len(each)) for each in places)):
        taps = list(product(*(each[place] for each, place in zip(places, where, strict=True))))
        inside = [x[tap] for tap in taps if all(0 <= at < size for at, size in zip(tap, x.shape, strict=True))]
        result[where] = reduce(torch.stack(inside) if inside else x.new_empty(0), len(taps))
    return result


def taps(count: int, before: int, kernel: int, stride: int, dilation: int = 1) -> list[list[int]]:
    """Where the taps of so many windows are along an axis."""
    return [[window * stride - before + tap * dilation for tap in range(kernel)] for window in range(count)]


def taps_of_same(size: int, kernel: int, stride: int, dilation: int = 1) -> list[list[int]]:
    before, _ = margins(size, kernel, stride, dilation)
    return taps(ceil(size / stride), before, kernel, stride, dilation)


def largest(values: Tensor, _: int) -> Any:
    return values.max() if values.numel() else float("-inf")


def mean(values: Tensor, _: int) -> Any:
    return values.mean()


def mean_with_padding(values: Tensor, taps: int) -> Any:
    return values.sum() / taps


def mean_by_magnitude(values: Tensor, _: int) -> Any:
    return (values * values.abs()).sum() / values.abs().sum()


def mixture(values: Tensor, _: int) -> Any:
    return 0.25 * values.max() + 0.75 * values.mean()


LARGEST: Final[tuple[type[Op], dict[str, Any], Reduce]] = (MaxPool, {}, largest)
DENSE: Final[tuple[tuple[type[Op], dict[str, Any], Reduce], ...]] = (
    (AvgPool, {"count_include_pad": False}, mean),
    (AvgPool, {"count_include_pad": True}, mean_with_padding),
    (StochasticPool, {}, mean_by_magnitude),
    (MixedPool, {"share": 0.25}, mixture),
)


@st.composite
def sliding(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    """Sizes, and the settings of a window for each axis."""
    axes = draw(st.integers(1, 3))
    each = {"kernel": st.integers(1, 4), "stride": st.integers(1, 5), "dilation": st.integers(1, 3)}
    sizes = draw(st.tuples(*[st.integers(1, (9, 6, 4)[axes - 1])] * axes))
    return sizes, {name: draw(st.tuples(*[values] * axes)) for name, values in each.items()}


@settings(random_uses, max_examples=60)
@given(sliding())
def test_pooling_under_same_is_that_of_its_definition(use: tuple[tuple[int, ...], dict[str, tuple[int, ...]]]) -> None:
    sizes, window = use
    torch.manual_seed(0)
    image = torch.randn(sizes, dtype=torch.float64)
    x = image[None, None]
    # Where sizes are open, so is the padding, which is found when the model is run.
    shapes = (shape_of(x), Shape.of(1, 1, *(named(f"N{axis}") for axis in range(len(sizes)))))
    op: Op = MaxPool.model_validate({**window, "padding": "same"})
    places = [taps_of_same(*each) for each in zip(sizes, *window.values(), strict=True)]
    for shape in shapes:
        assert built(call_of(op, shape))(x)[0, 0].equal(pooled_by_hand(image, places, largest))
    dilation = window.pop("dilation")
    assert len(dilation) == len(sizes)
    places = [taps_of_same(*each) for each in zip(sizes, *window.values(), strict=True)]
    for (kind, more, reduce), shape in product(DENSE, shapes):
        op = kind.model_validate({**window, **more, "padding": "same"})
        torch.testing.assert_close(built(call_of(op, shape)).eval()(x)[0, 0], pooled_by_hand(image, places, reduce))


@pytest.mark.parametrize(("kernel", "stride", "padding"), [((2, 3), (2, 1), (1, 1)), ((3, 1), (2, 3), (0, 0))])
def test_padding_by_numbers_is_that_of_the_definition(
    kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    image = torch.randn(5, 7)
    counts = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip(image.shape, padding, kernel, stride, strict=True)]
    places = [taps(*each) for each in zip(counts, padding, kernel, stride, strict=True)]
    for kind, more, reduce in (LARGEST, *DENSE):
        op = kind.model_validate({"kernel": kernel, "stride": stride, "padding": padding, **more})
        found = module_of(op, image[None, None]).eval()(image[None, None])[0, 0]
        torch.testing.assert_close(found, pooled_by_hand(image, places, reduce))


@pytest.mark.parametrize(
    ("op", "sizes", "source"),
    [
        (MaxPool(kernel=2, padding="valid"), [28, 28], "nn.MaxPool2d(kernel_size=2)"),
        (MaxPool(kernel=2, padding="same"), [28, 28], "nn.MaxPool2d(kernel_size=2)"),
        (MaxPool(kernel=2, padding="same"), [28, 27], 'PaddedMaxPool(kernel_size=2, padding="same")'),
        (MaxPool(kernel=2, padding="same"), [HEIGHT, 28], 'PaddedMaxPool(kernel_size=2, padding="same")'),
        (MaxPool(kernel=2, padding="same"), [2 * HEIGHT, 4 * WIDTH], "nn.MaxPool2d(kernel_size=2)"),
        (
            MaxPool(kernel=3, stride=1, padding="same"),
            [HEIGHT, WIDTH],
            "nn.MaxPool2d(kernel_size=3, stride=1, padding=1)",
        ),
        # Torch pads by half of the kernel at most, whatever the taps of it cover.
        (
            MaxPool(kernel=3, stride=1, padding="same", dilation=2),
            [9],
            'PaddedMaxPool(kernel_size=3, stride=1, padding="same", dilation=2)',
        ),
        (
            AvgPool(kernel=3, stride=1, padding="same"),
            [HEIGHT, WIDTH],
            "nn.AvgPool2d(kernel_size=3, stride=1, padding=1, count_include_pad=False)",
        ),
        (AvgPool(kernel=2, padding="same"), [28, 28], "nn.AvgPool2d(kernel_size=2)"),
        (
            AvgPool(kernel=3, stride=1, padding="same", count_include_pad=True),
            [9],
            "nn.AvgPool1d(kernel_size=3, stride=1, padding=1)",
        ),
        # Of three axes of space, torch compares the kernel with the input before it is padded.
        (
            AvgPool(kernel=3, stride=1, padding="same"),
            [4, 4, 2],
            'PaddedAvgPool(kernel_size=3, stride=1, padding="same")',
        ),
        (
            AvgPool(kernel=3, stride=2, padding="same", count_include_pad=True),
            [4],
            'PaddedAvgPool(kernel_size=3, stride=2, padding="same", count_include_pad=True)',
        ),
        (StochasticPool(kernel=(3, 2), stride=2), [9, 9], "StochasticPool(kernel_size=(3, 2), stride=2)"),
        (
            MixedPool(kernel=2, padding="same", share=0.25, trained=True),
            [9, 9],
            'MixedPool(kernel_size=2, padding="same", share=0.25, trained=True)',
        ),
        (LpPool(kernel=3, p=2, stride=2), [9], "nn.LPPool1d(2.0, kernel_size=3, stride=2)"),
        (AdaptiveAvgPool(size=(HEIGHT, 1)), [HEIGHT, 40], "nn.AdaptiveAvgPool2d((None, 1))"),
        (AdaptiveMaxPool(size=(HEIGHT // 2, 1, 2)), [HEIGHT // 2, 9, 9], "nn.AdaptiveMaxPool3d((None, 1, 2))"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_torch_pools_where_it_can(op: Op, sizes: list[Any], source: str) -> None:
    assert str(lower(op, Shape.of(2, 3, *sizes))) == source


def test_an_open_size_of_an_adaptive_pooling_must_be_that_of_the_input() -> None:
    with pytest.raises(OpenSizeError, match="`adaptive_avgpool` needs its `size` as a number, but it is `H`"):
        lower(AdaptiveAvgPool(size=(HEIGHT, 1)), Shape.of(2, 3, WIDTH, 40))
    with pytest.raises(OpenSizeError):
        lower(AdaptiveAvgPool(size=(HEIGHT, WIDTH)), Shape.of(2, 3, HEIGHT, WIDTH))
    text = "model M { input x: [B, 2, time, frequency]\n adaptive_maxpool([time, 1]) }"
    x = torch.randn(2, 2, 5, 6)
    assert archspec.loads(text).compile()(x).equal(x.amax(dim=3, keepdim=True))


def test_a_drawn_value_is_drawn_by_its_magnitude() -> None:
    torch.manual_seed(0)
    values = torch.tensor([1.0, 0, -2, 3, 4])
    x = values.repeat(20_000, 1, 1)
    pool = module_of(StochasticPool(kernel=5), x)
    drawn = pool(x).flatten()
    for value in values.tolist():
        share = abs(value) / 10
        deviation = (share * (1 - share) / len(drawn)) ** 0.5
        assert (drawn == value).float().mean().item() == pytest.approx(share, abs=5 * deviation)
    assert not pool(x).equal(pool(x))


def test_each_window_and_channel_is_drawn_by_itself() -> None:
    torch.manual_seed(0)
    x = torch.ones(1, 1, 1, 2).cumsum(dim=3).repeat(100, 3, 1, 40)
    drawn = module_of(StochasticPool(kernel=(1, 2)), x)(x)
    assert drawn.shape == (100, 3, 1, 40)
    assert not (drawn == drawn[:1]).all()
    assert not (drawn == drawn[:, :1]).all()
    assert not (drawn == drawn[..., :1]).all()


def test_stochastic_pooling_draws_nothing_in_evaluation() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 8)
    pool = module_of(StochasticPool(kernel=2), x).eval()
    before = torch.get_rng_state()
    assert pool(x).equal(pool(x))
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("training", [True, False])
def test_a_window_of_zeros_gives_zero_and_numbers_for_gradients(training: bool) -> None:
    x = torch.tensor([[[0.0, 0, 0, 3]]], requires_grad=True)
    found = module_of(StochasticPool(kernel=2), x.detach()).train(training)(x)
    assert found.tolist() == [[[0, 3]]]
    found.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_the_gradient_flows_to_the_value_that_was_drawn_or_to_all() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 6, dtype=torch.float64, requires_grad=True)
    pool = module_of(StochasticPool(kernel=3, stride=3), torch.zeros(4, 3, 6))
    drawn = pool(x)
    (gradient,) = torch.autograd.grad(drawn.sum(), x)
    windows = gradient.reshape(4, 3, 2, 3)
    assert windows.sum(dim=3).eq(1).all()
    assert (x * gradient).reshape(4, 3, 2, 3).sum(dim=3).equal(drawn)
    assert torch.autograd.gradcheck(pool.eval(), (x,))


def test_a_trained_share_is_learned_from_where_it_starts() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8)
    pool = module_of(MixedPool(kernel=2, share=0.25, trained=True), x)
    share = pool.get_parameter("weight")
    assert (share.shape, share.item()) == ((), 0.25)
    torch.testing.assert_close(pool(x), module_of(MixedPool(kernel=2, share=0.25), x)(x))
    pool(x).sum().backward()
    windows = x.reshape(2, 3, 4, 2)
    torch.testing.assert_close(share.grad, (windows.amax(dim=3) - windows.mean(dim=3)).sum())
    assert not list(module_of(MixedPool(kernel=2), x).parameters())


@pytest.mark.parametrize("norm", [1, 1.5, 2, 3])
def test_a_pooled_norm_is_its_formula(norm: float) -> None:
    torch.manual_seed(0)
    image = torch.rand(5, 7, dtype=torch.float64)
    places = [taps(2, 0, 2, 2), taps(3, 0, 3, 2)]

    def root(values: Tensor, _: int) -> Any:
        return (values**norm).sum() ** (1 / norm)

    found = module_of(LpPool(kernel=(2, 3), stride=2, p=norm), image[None, None])(image[None, None])[0, 0]
    torch.testing.assert_close(found, pooled_by_hand(image, places, root))


def test_an_incomplete_window_of_a_norm_is_scaled_to_a_complete_one() -> None:
    x = torch.tensor([[[1.0, 2, 3, 4, 5]]])
    found = module_of(LpPool(kernel=2, p=2, ceil_mode=True), x)(x)
    torch.testing.assert_close(found, torch.tensor([[[5.0, 25, 2 * 25]]]).sqrt())


def test_a_norm_of_negative_values_is_as_torch_has_it() -> None:
    x = torch.tensor([[[-2.0, 1]]])
    assert module_of(LpPool(kernel=2, p=2), x)(x).item() == pytest.approx(5**0.5)
    assert module_of(LpPool(kernel=2, p=1), x)(x).item() == -1
    assert isnan(module_of(LpPool(kernel=2, p=3), x)(x).item())
    assert isnan(module_of(LpPool(kernel=2, p=1.5), x)(x).item())
    zeros = torch.zeros(1, 1, 2, requires_grad=True)
    module_of(LpPool(kernel=2, p=2), x)(zeros).sum().backward()
    assert zeros.grad is not None
    assert zeros.grad.tolist() == [[[0, 0]]]


@st.composite
def norms(draw: st.DrawFn) -> tuple[LpPool, Shape]:
    axes = draw(st.integers(1, 3))
    sizes = draw(st.tuples(*[st.integers(1, 9 if axes < 3 else 5)] * axes))
    numbers = st.integers(1, 5) | st.tuples(*[st.integers(1, 5)] * axes)
    op = LpPool(kernel=draw(numbers), p=2, stride=draw(st.none() | numbers), ceil_mode=draw(st.booleans()))
    return op, Shape.of(1, 2, *sizes)


@random_uses
@given(norms())
def test_lp_pool_agrees_with_torch(use: tuple[LpPool, Shape]) -> None:
    agrees_with_torch(*use)


@pytest.mark.parametrize(
    ("op", "sizes", "message"),
    [
        (MaxPool(kernel=2, padding="same"), [2, 3], "needs 3 to 5 axes, but the input has 2"),
        (
            AvgPool(kernel=2, stride=(1, 2), padding="same"),
            [2, 3, 8],
            "has a list of 2 for `stride`, but the input has 1 axis of space",
        ),
        (
            MaxPool(kernel=3, padding="same", dilation=(1, 2)),
            [2, 3, 8],
            "has a list of 2 for `dilation`, but the input has 1 axis of space",
        ),
        (MaxPool(kernel=3, padding="valid"), [2, 3, 2], "has a kernel of 3, but axis 2 of the input has only 2"),
        (MixedPool(kernel=2, padding=2), [2, 3, 8], "has a padding of 2, which is more than half of its kernel of 2"),
        (
            StochasticPool(kernel=(2, 4), padding=(1, 3)),
            [2, 3, 8, 8],
            "has a padding of 3, which is more than half of its kernel of 4",
        ),
        (StochasticPool(kernel=9), [2, 3, 8], "has a kernel of 9, but axis 2 of the input has only 8"),
        (LpPool(kernel=3, p=2), [2, 3, 8, 2], "has a kernel of 3, but axis 3 of the input has only 2"),
        (
            LpPool(kernel=3, p=2, ceil_mode=True),
            [2, 3, 8, 8, 2],
            "has a kernel of 3, but axis 4 of the input has only 2",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, sizes: list[int], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.outputs(Shape(tuple(sizes)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_a_window_under_same_may_be_larger_than_its_input() -> None:
    x = torch.tensor([[[1.0, 4, 2]]])
    assert module_of(MaxPool(kernel=9, padding="same"), x)(x).tolist() == [[[4]]]
    volume = torch.ones(1, 1, 2, 2, 2)
    assert module_of(AvgPool(kernel=5, stride=1, padding="same"), volume)(volume).equal(volume)


def test_pooling_in_a_spec_runs_at_every_size() -> None:
    text = (
        "model M { input x: [B, 2, H, W]\n maxpool(2, padding=same)\n avgpool(3, stride=2, padding=same)\n"
        " stochastic_pool(2, padding=same)\n mixed_pool(2, stride=1, padding=same, trained=true)\n lp_pool(1, p=2) }"
    )
    module = archspec.loads(text).compile()
    for height, width in ((1, 1), (7, 30), (16, 33)):
        found = module(torch.randn(2, 2, height, width))
        assert found.shape == (2, 2, ceil(height / 8), ceil(width / 8))
        found.sum().backward()
    assert {name for name, _ in module.named_parameters()} == {"mixed_pool1.weight"}


# ----------------------------------------------------------------------------------------------------------- unpooling


@pytest.mark.parametrize(
    ("kernel", "stride", "sizes"), [(2, 2, (6,)), (2, 2, (4, 6)), (3, 3, (6, 3)), (2, 2, (2, 4, 2))]
)
def test_unpooling_puts_the_largest_values_back(kernel: int, stride: int, sizes: tuple[int, ...]) -> None:
    x = torch.randn(2, 3, *sizes)
    pooled, places = results(MaxPool(kernel=kernel, stride=stride, indices=True), x)
    found = result(MaxUnpool(kernel=kernel, stride=stride), pooled, places)
    assert found.shape == x.shape
    for example, channel in product(range(2), range(3)):
        expected = torch.zeros(x[example, channel].numel())
        kept = places[example, channel].flatten()
        expected[kept] = x[example, channel].flatten()[kept]
        assert found[example, channel].flatten().equal(expected)
    assert found.amax(dim=tuple(range(2, x.dim()))).equal(x.amax(dim=tuple(range(2, x.dim()))))


def test_what_was_pooled_is_unpooled_in_a_whole_model() -> None:
    text = """
    model Segmenter {
        input image: [B, 3, 2 * H, 2 * W]

        conv(8, kernel=3, padding=1)
        pooled, places = maxpool(2, indices=true)
        inner = pooled -> conv(8, kernel=3, padding=1)
        (inner, places) -> max_unpool(2)
        conv(2, kernel=1)

        expect output == [B, 2, 2 * H, 2 * W]
    }
    """
    model = archspec.loads(text)
    assert not list(model.check(ignore=["A4"]))
    assert model.compile()(torch.randn(1, 3, 8, 6)).shape == (1, 2, 8, 6)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            (Shape.of(2, 3, 4), Shape.of(2, 3, 4)),
            "takes numbers and the places that `maxpool` gave for them, but is given [2, 3, 4] and [2, 3, 4]",
        ),
        (
            (Shape.of(2, 3, 4), Shape.of(2, 3, 5, element=Element.INT)),
            "needs a place for each value, but has [2, 3, 4] and [2, 3, 5] int",
        ),
        ((Shape.of(2, 3), Shape.of(2, 3, element=Element.INT)), "needs 3 to 5 axes, but the input has 2"),
    ],
)
def test_unpooling_needs_a_place_for_each_value(shapes: tuple[Shape, Shape], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        MaxUnpool(kernel=2).infer(*shapes)
    assert refusal.value.message == message
