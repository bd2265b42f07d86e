"""Numbers that anyone can redo, run through what the ops are lowered to."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, erf, exp, log, pi, sqrt, tanh
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # The name that everyone gives it.
from torch import Tensor

import archspec
from archspec.op import Op
from archspec.ops.adaptive_pool import AdaptiveAvgPool, AdaptiveMaxPool
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.conv_transpose import ConvTranspose
from archspec.ops.dropout import Dropout
from archspec.ops.gated import Gelu, Hardswish, Mish, Silu
from archspec.ops.global_pool import GlobalAvgPool, GlobalMaxPool
from archspec.ops.leaky_rectifier import LeakyRelu, Prelu
from archspec.ops.linear import Linear
from archspec.ops.max_pool import MaxPool
from archspec.ops.mean_pool import AvgPool
from archspec.ops.rectifier import Relu, Relu6
from archspec.ops.sigmoid import Hardsigmoid, Sigmoid, Tanh
from archspec.ops.smooth_rectifier import Elu, Selu, Softplus
from archspec.ops.softmax import LogSoftmax, Softmax
from archspec.ops.untrained_norm import LocalResponseNorm
from archspec.shape import Shape
from tests.lowered import module_of

IMAGE = torch.tensor(
    [[1, 2, 0, 3, 1], [0, 1, 2, 3, 1], [1, 2, 1, 0, 0], [5, 2, 3, 1, 1], [2, 1, 0, 1, 1]], dtype=torch.float32
)
KERNEL = torch.tensor([[1, 2, 1], [0, 1, 0], [2, 1, 0]], dtype=torch.float32)
DENSE = [[10, 12, 12], [18, 16, 16], [13, 9, 3]]


def convolved(op: Conv) -> list[list[float]]:
    x = IMAGE[None, None]
    module = module_of(op, x)
    with torch.no_grad():
        module.load_state_dict({"weight": KERNEL[None, None]})
        result: list[list[float]] = module(x)[0, 0].tolist()
    return result


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Conv(channels=1, kernel=3, bias=False), DENSE),
        (Conv(channels=1, kernel=3, stride=2, bias=False), [[10, 12], [13, 3]]),
        (Conv(channels=1, kernel=3, dilation=2, bias=False), [[7]]),
    ],
    ids=str,
)
def test_convolution_gives_the_numbers_worked_by_hand(op: Conv, expected: list[list[float]]) -> None:
    assert convolved(op) == expected


@pytest.mark.parametrize("padding", [1, "same"])
def test_the_centre_of_a_padded_convolution_is_the_one_without_padding(padding: int | str) -> None:
    result = torch.tensor(
        convolved(Conv.model_validate({"channels": 1, "kernel": 3, "padding": padding, "bias": False}))
    )
    assert result.shape == (5, 5)
    assert result[1:-1, 1:-1].tolist() == DENSE
    # At the first corner, the last two rows and columns of the kernel lie on the image: 1*1 + 0*2 + 1*0 + 0*1.
    assert result[0, 0] == 1


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_pair_of_paddings_pads_each_end_by_its_own_amount(mode: str, axes: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, *(5, 6, 7)[:axes])
    pairs = ((0, 2), (3, 1), (1, 0))[:axes]
    op = Conv.model_validate({"channels": 4, "kernel": 3, "padding": pairs, "padding_mode": mode})
    module = module_of(op, x)
    # Padding by the larger of the two ends, and then cutting off what is too much, is another way to the same numbers.
    wide = Conv.model_validate(
        {"channels": 4, "kernel": 3, "padding": tuple(max(pair) for pair in pairs), "padding_mode": mode}
    )
    reference = module_of(wide, x)
    reference.load_state_dict(module.state_dict())
    kept = tuple(
        slice(max(before, after) - before, size + max(before, after) + after - 2)
        for (before, after), size in zip(pairs, x.shape[2:], strict=True)
    )
    expected = reference(x)[(..., *kept)]
    torch.testing.assert_close(module(x), expected)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(
    ("kernel", "dilation", "pair"), [(2, 1, (0, 1)), (4, 1, (1, 2)), (4, 3, (4, 5)), (3, 2, (2, 2))]
)
def test_same_padding_puts_the_larger_half_last(kernel: int, dilation: int, pair: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 11)
    same = Conv(channels=4, kernel=kernel, dilation=dilation, padding="same")
    (window,) = same.windows(Shape(tuple(x.shape)))
    assert (window.before, window.after) == pair
    module, explicit = module_of(same, x), module_of(same.model_copy(update={"padding": (pair,)}), x)
    explicit.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), explicit(x))


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (ConvTranspose(channels=1, kernel=2, bias=False), [[0, 0, 1], [0, 4, 6], [4, 12, 9]]),
        (
            ConvTranspose(channels=1, kernel=2, stride=2, bias=False),
            [[0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]],
        ),
        (ConvTranspose(channels=1, kernel=2, padding=1, bias=False), [[4]]),
        (
            ConvTranspose(channels=1, kernel=2, stride=2, padding=1, output_padding=1, bias=False),
            [[0, 2, 3], [2, 0, 3], [6, 6, 9]],
        ),
        # Where no tap of the kernel comes to lie there is nothing.
        (
            ConvTranspose(channels=1, kernel=2, stride=3, padding=1, output_padding=2, bias=False),
            [[0, 0, 2, 3, 0], [0, 0, 0, 0, 0], [2, 0, 0, 3, 0], [6, 0, 6, 9, 0], [0, 0, 0, 0, 0]],
        ),
        (
            ConvTranspose(channels=1, kernel=2, dilation=2, bias=False),
            [[0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]],
        ),
    ],
    ids=str,
)
def test_transposed_convolution_gives_the_numbers_worked_by_hand(
    op: ConvTranspose, expected: list[list[float]]
) -> None:
    x = torch.tensor([[[[0, 1], [2, 3]]]], dtype=torch.float32)
    module = module_of(op, x)
    with torch.no_grad():
        module.load_state_dict({"weight": x})
        assert module(x)[0, 0].tolist() == expected


every_transposed = pytest.mark.parametrize(
    ("sizes", "settings"),
    [
        ((9,), {"kernel": 4, "stride": 2, "padding": 1}),
        ((5,), {"kernel": 3, "stride": 3, "output_padding": 2, "groups": 2, "bias": False}),
        ((4, 6), {"kernel": (3, 2), "stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)}),
        ((5, 5), {"kernel": 3, "dilation": (1, 3), "padding": 2, "output_padding": (0, 2), "groups": 2}),
        ((2, 3, 4), {"kernel": (1, 2, 3), "stride": 2, "padding": (0, 1, 2), "dilation": (1, 1, 2), "groups": 2}),
    ],
    ids=str,
)


@every_transposed
def test_a_compiled_transposed_convolution_is_that_of_torch(sizes: tuple[int, ...], settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, *sizes)
    op = ConvTranspose(channels=6, **settings)
    space = ", ".join("DHW"[-len(sizes) :])
    module = archspec.loads(f"model Decoder {{ input x: [B, 4, {space}]\n up = {op}\n relu }}").compile()
    weights = module.state_dict()
    options = {name: value for name, value in settings.items() if name not in ("kernel", "bias")}
    function = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[len(sizes)]
    expected = function(x, weights["up.weight"], weights.get("up.bias"), **options).relu()
    assert op.infer(Shape(tuple(x.shape))) == Shape(tuple(expected.shape))
    torch.testing.assert_close(module(x), expected)


@every_transposed
def test_a_transposed_convolution_is_the_gradient_of_its_convolution(
    sizes: tuple[int, ...], settings: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, *sizes)
    transposed = module_of(ConvTranspose(channels=6, **{**settings, "bias": False}), x)
    larger = transposed(x)
    shared = {name: value for name, value in settings.items() if name != "output_padding"}
    z = torch.randn_like(larger, requires_grad=True)
    convolution = module_of(Conv(channels=4, **{**shared, "bias": False}), z)
    convolution.load_state_dict(transposed.state_dict())
    # With an output padding above the stride there are further positions, to which nothing here belongs.
    convolution(z)[(..., *map(slice, sizes))].backward(x)
    torch.testing.assert_close(larger, z.grad)


def pooled_by_hand(
    x: Tensor, kernel: int, stride: int, padding: int, reduce: Callable[[Tensor], Tensor], fill: float
) -> Tensor:
    """The reduction of each window of the last two axes, one after the other."""
    height, width = (size + 2 * padding for size in x.shape)
    padded = torch.full((height, width), fill)
    padded[padding : height - padding, padding : width - padding] = x
    rows, columns = ((size - kernel) // stride + 1 for size in (height, width))
    result = torch.empty(rows, columns)
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            result[row, column] = reduce(padded[top : top + kernel, left : left + kernel])
    return result


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, None, 0), (3, 2, 1), (3, 1, 0)])
def test_pooling_is_the_mean_and_the_maximum_of_each_window(kernel: int, stride: int | None, padding: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(7, 9)
    largest = module_of(MaxPool(kernel=kernel, stride=stride, padding=padding), x[None, None])(x[None, None])[0, 0]
    assert largest.equal(pooled_by_hand(x, kernel, stride or kernel, padding, torch.max, float("-inf")))
    mean = module_of(AvgPool(kernel=kernel, stride=stride, padding=padding), x[None, None])(x[None, None])[0, 0]
    torch.testing.assert_close(mean, pooled_by_hand(x, kernel, stride or kernel, padding, torch.mean, 0.0))


def test_a_mean_without_its_padding_is_taken_over_the_input_alone() -> None:
    x = torch.ones(1, 1, 4, 4)
    assert module_of(AvgPool(kernel=3, padding=1), x)(x)[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert module_of(AvgPool(kernel=3, padding=1, count_include_pad=False), x)(x)[0, 0, 0, 0] == 1


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (5, 7), (1, 1), (9, 4)])
def test_adaptive_pooling_takes_the_windows_that_its_manual_gives(rows: int, columns: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 7)
    mean, largest = torch.empty(rows, columns), torch.empty(rows, columns)
    for row in range(rows):
        for column in range(columns):
            vertical = slice(row * 5 // rows, ceil((row + 1) * 5 / rows))
            horizontal = slice(column * 7 // columns, ceil((column + 1) * 7 / columns))
            mean[row, column] = x[vertical, horizontal].mean()
            largest[row, column] = x[vertical, horizontal].max()
    image = x[None, None]
    torch.testing.assert_close(module_of(AdaptiveAvgPool(size=(rows, columns)), image)(image)[0, 0], mean)
    assert module_of(AdaptiveMaxPool(size=(rows, columns)), image)(image)[0, 0].equal(largest)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_global_pooling_covers_all_of_space(axes: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, *(5, 6, 7)[:axes])
    one = (2, 3, *[1] * axes)
    torch.testing.assert_close(module_of(GlobalAvgPool(), x)(x), x.flatten(2).mean(dim=2).reshape(one))
    assert module_of(GlobalMaxPool(), x)(x).equal(x.flatten(2).amax(dim=2).reshape(one))


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


@pytest.mark.parametrize(
    ("op", "formula"),
    [
        (Relu(), lambda x: max(0, x)),
        (Sigmoid(), sigmoid),
        (Tanh(), lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x))),
        (LeakyRelu(), lambda x: x if x >= 0 else 0.01 * x),
        (LeakyRelu(slope=0.2), lambda x: x if x >= 0 else 0.2 * x),
        (Relu6(), lambda x: min(max(0, x), 6)),
        (Elu(), lambda x: x if x > 0 else exp(x) - 1),
        (Elu(alpha=0.5), lambda x: x if x > 0 else 0.5 * (exp(x) - 1)),
        (Gelu(), lambda x: x * (1 + erf(x / sqrt(2))) / 2),
        (Gelu(approximate="tanh"), lambda x: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))),
        (Silu(), lambda x: x * sigmoid(x)),
        (Hardswish(), lambda x: x * min(max(0, x + 3), 6) / 6),
        (Hardsigmoid(), lambda x: min(max(0, x + 3), 6) / 6),
        (Softplus(), lambda x: log(1 + exp(x))),
        (Mish(), lambda x: x * tanh(log(1 + exp(x)))),
        (Selu(), lambda x: 1.0507 * x if x > 0 else 1.7581 * (exp(x) - 1)),
        (Prelu(), lambda x: x if x >= 0 else 0.25 * x),  # Its slope starts at a quarter.
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_an_activation_is_its_formula(op: Op, formula: Callable[[float], float]) -> None:
    x = torch.linspace(-8, 8, 65, dtype=torch.float64)
    module = module_of(op, x).double()
    expected = torch.tensor([formula(value) for value in x.tolist()], dtype=torch.float64)
    # The manual rounds the factors of `selu` to five figures.
    torch.testing.assert_close(module(x), expected, rtol=5e-5 if op.name == "selu" else 1e-9, atol=1e-9)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_positive_and_adds_up_to_one_along_its_axis(axis: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 4)
    expected = x.exp() / x.exp().sum(dim=axis, keepdim=True)
    torch.testing.assert_close(module_of(Softmax(axis=axis), x)(x), expected)
    torch.testing.assert_close(module_of(LogSoftmax(axis=axis), x)(x), expected.log())


def test_pooling_of_two_by_three_has_one_column_and_two_when_rounded_up() -> None:
    x = Shape.of(1, 1, 2, 3)
    assert MaxPool(kernel=2, stride=2).infer(x)[2:] == (1, 1)
    assert MaxPool(kernel=2, stride=2, ceil_mode=True).infer(x)[2:] == (1, 2)
    assert MaxPool(kernel=2, stride=2).infer(Shape.of(1, 1, 28, 28))[2:] == (14, 14)


def test_a_linear_layer_over_an_image_is_a_convolution_as_large_as_the_image() -> None:
    torch.manual_seed(0)
    image = torch.randn(2, 5, 4, 3)
    flat = image.flatten(1)
    convolution = module_of(Conv(channels=7, kernel=(4, 3)), image)
    linear = module_of(Linear(features=7), flat)
    weights = convolution.state_dict()
    linear.load_state_dict({"weight": weights["weight"].flatten(1), "bias": weights["bias"]})
    torch.testing.assert_close(convolution(image).flatten(1), linear(flat))


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_dropout_scales_what_it_keeps_in_training_and_is_the_identity_in_evaluation(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(10_000)
    module = module_of(Dropout(rate=rate), x)
    noisy = module(x)
    torch.testing.assert_close(noisy.unique(), torch.tensor([0.0, 1 / (1 - rate)]))
    # Five standard deviations of the share that is dropped.
    assert (noisy == 0).float().mean().item() == pytest.approx(rate, abs=5 * (rate * (1 - rate) / x.numel()) ** 0.5)
    assert module.eval()(x).equal(x)


@pytest.mark.parametrize("sizes", [(6, 4), (3, 4, 5), (3, 4, 5, 2), (3, 4, 2, 2, 3)])
def test_batch_norm_is_its_formula(sizes: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = 3 * torch.randn(sizes) + 1
    module = module_of(BatchNorm(eps=1e-3, momentum=0.2), x)
    weight, bias = torch.randn(4), torch.randn(4)
    module.load_state_dict({"weight": weight, "bias": bias}, strict=False)

    def along_channels(values: Tensor) -> Tensor:
        return values.reshape(1, 4, *[1] * (len(sizes) - 2))

    def by_formula(mean: Tensor, variance: Tensor) -> Tensor:
        normal = (x - along_channels(mean)) / (along_channels(variance) + 1e-3).sqrt()
        return normal * along_channels(weight) + along_channels(bias)

    # The statistics cover the batch and all of space, for each channel.
    values = x.movedim(1, 0).reshape(4, -1)
    mean, squares = values.mean(dim=1), (values - values.mean(dim=1, keepdim=True)).square().sum(dim=1)
    number = values.shape[1]
    torch.testing.assert_close(module(x), by_formula(mean, squares / number))
    running_mean, running_variance = 0.2 * mean, 0.8 + 0.2 * squares / (number - 1)
    torch.testing.assert_close(module.eval()(x), by_formula(running_mean, running_variance))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm_is_its_formula(size: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 6, 3, 4)
    module = module_of(LocalResponseNorm(size=size, alpha=0.3, beta=0.6, k=2.0), x)
    expected = torch.empty_like(x)
    for channel in range(6):
        first = channel - size // 2
        neighbours = x[:, max(first, 0) : first + size]
        expected[:, channel] = x[:, channel] / (2 + 0.3 / size * neighbours.square().sum(dim=1)) ** 0.6
    torch.testing.assert_close(module(x), expected)
