"""What must hold for every op: its rules agree with what torch does when it runs what we lower the op to."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archspec.op import Example, Op, ShapeError, count
from archspec.ops import OPS
from archspec.ops.adaptive_pool import AdaptiveAvgPool
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.conv_transpose import ConvTranspose
from archspec.ops.dropout import Dropout
from archspec.ops.global_pool import GlobalAvgPool
from archspec.ops.leaky_rectifier import LeakyRelu, Prelu
from archspec.ops.linear import Linear
from archspec.ops.max_pool import MaxPool
from archspec.ops.mean_pool import AvgPool
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Flatten
from archspec.ops.softmax import Softmax
from archspec.ops.untrained_norm import LocalResponseNorm
from archspec.setting import accepted
from archspec.shape import Shape
from archspec.size import evaluate, named
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from tests.laws import (
    agrees_with_torch,
    check_backward,
    check_cost,
    check_formulas,
    check_weights,
    module_on_meta,
    obeys_all_laws,
)
from tests.left_out import is_left_out
from tests.lowered import random_uses, torch_shapes
from tests.random_uses import uses

EXAMPLES = [
    pytest.param(example, id=f"{example.op} on {', '.join(map(str, example.inputs))}")
    for op in OPS.values()
    for example in op.examples()
]
every_example = pytest.mark.parametrize("example", EXAMPLES)
every_op = pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)


@every_example
def test_an_example_has_as_many_inputs_as_its_op_takes(example: Example) -> None:
    least, most = example.op.arity()
    assert least <= len(example.inputs)
    assert most is None or len(example.inputs) <= most


@every_example
def test_shapes_are_those_of_torch(example: Example) -> None:
    assert example.op.outputs(*example.inputs) == torch_shapes(example.op, *example.inputs, device="meta")


@every_example
def test_weights_and_buffers_are_the_parameters_and_buffers_of_torch(example: Example) -> None:
    check_weights(example.op, *example.inputs)


@every_example
def test_cost_is_that_of_torch(example: Example) -> None:
    check_cost(example.op, *example.inputs)


@every_example
def test_gradients_flow_back(example: Example) -> None:
    check_backward(example.op, *example.inputs)


@every_example
def test_formulas_at_numbers_are_what_the_numbers_give(example: Example) -> None:
    check_formulas(example.op, *example.inputs)


@every_example
def test_the_count_of_weights_is_that_of_torch(example: Example) -> None:
    module = module_on_meta(example.op, *example.inputs)
    assert count(example.op.weights(*example.inputs)) == sum(each.numel() for each in module.parameters())


@every_example
def test_an_open_batch_does_not_change_the_module(example: Example) -> None:
    # With one axis, the first is that of the features.
    if example.inputs[0].rank > 1:
        shapes = tuple(shape.with_axis(0, named("B")) for shape in example.inputs)
        assert lower(example.op, *shapes) == lower(example.op, *example.inputs)


@every_op
def test_examples_cover_every_setting(op: type[Op]) -> None:
    used = {name for example in op.examples() for name in example.op.chosen()}
    assert used == set(op.settings())


@every_op
def test_every_setting_is_described(op: type[Op]) -> None:
    for name, field in op.settings().items():
        assert field.description, name
        assert accepted(field), name


@every_op
def test_the_manual_names_shapes_and_source(op: type[Op]) -> None:
    manual = op.__doc__ or ""
    assert "\n    Shapes: " in manual
    assert "\n    Source: " in manual


@every_op
def test_every_op_is_final_and_found_by_its_name(op: type[Op]) -> None:
    assert getattr(op, "__final__", False)
    assert OPS[op.name] is op


@pytest.mark.parametrize("kind", OPS.values(), ids=lambda kind: kind.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_an_op_on_anything_is_what_torch_has(kind: type[Op], data: st.DataObject) -> None:
    op, inputs = data.draw(uses(kind))
    assume(not is_left_out(op, inputs))
    obeys_all_laws(op, *inputs)


def per_axis(axes: int, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.tuples(*[values] * axes)


@st.composite
def inputs(draw: st.DrawFn, channels: tuple[int, int] = (1, 2)) -> Shape:
    axes = draw(st.integers(1, 3))
    sizes = draw(st.tuples(*[st.integers(1, 9 if axes < 3 else 5)] * axes))
    return Shape.of(draw(st.integers(1, 2)), draw(st.integers(*channels)), *sizes)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv, Shape]:
    x = draw(inputs(channels=(1, 6)))
    axes = x.rank - 2
    margin = st.integers(0, 4)
    padding: st.SearchStrategy[Any] = st.sampled_from(["same", "valid"])
    padding |= margin | st.tuples(*[margin | st.tuples(margin, margin)] * axes)
    op = Conv(
        channels=draw(st.integers(1, 6)),
        kernel=draw(per_axis(axes, st.integers(1, 4))),
        stride=draw(st.just(1) | per_axis(axes, st.integers(1, 4))),
        padding=draw(padding),
        dilation=draw(st.just(1) | per_axis(axes, st.integers(1, 3))),
        groups=draw(st.sampled_from([1, 1, 1, 2, 3])),
        bias=draw(st.booleans()),
        padding_mode=draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"])),
    )
    return op, x


@random_uses
@given(convolutions())
def test_conv_agrees_with_torch(use: tuple[Conv, Shape]) -> None:
    agrees_with_torch(*use)


@st.composite
def transposed_convolutions(draw: st.DrawFn) -> tuple[ConvTranspose, Shape]:
    x = draw(inputs(channels=(1, 6)))
    axes = x.rank - 2
    op = ConvTranspose(
        channels=draw(st.integers(1, 6)),
        kernel=draw(per_axis(axes, st.integers(1, 4))),
        stride=draw(st.just(1) | per_axis(axes, st.integers(1, 4))),
        padding=draw(st.just(0) | per_axis(axes, st.integers(0, 4))),
        output_padding=draw(st.just(0) | per_axis(axes, st.integers(0, 3))),
        dilation=draw(st.just(1) | per_axis(axes, st.integers(1, 3))),
        groups=draw(st.sampled_from([1, 1, 1, 2, 3])),
        bias=draw(st.booleans()),
    )
    # Torch refuses an output without any position where there is one group, and gives it where there are several.
    each = zip(x[2:], op.windows(x), op.output_paddings(x), strict=True)
    assume(all(window.covered(size) + more != 2 * window.before for size, window, more in each))
    return op, x


@random_uses
@given(transposed_convolutions())
def test_conv_transpose_agrees_with_torch(use: tuple[ConvTranspose, Shape]) -> None:
    agrees_with_torch(*use)


@st.composite
def max_pools(draw: st.DrawFn) -> tuple[MaxPool, Shape]:
    x = draw(inputs())
    axes = x.rank - 2
    op = MaxPool(
        kernel=draw(per_axis(axes, st.integers(1, 5))),
        stride=draw(st.none() | per_axis(axes, st.integers(1, 5))),
        padding=draw(st.just(0) | per_axis(axes, st.integers(0, 3))),
        dilation=draw(st.just(1) | per_axis(axes, st.integers(1, 3))),
        ceil_mode=draw(st.booleans()),
    )
    return op, x


@random_uses
@given(max_pools())
def test_maxpool_agrees_with_torch(use: tuple[MaxPool, Shape]) -> None:
    agrees_with_torch(*use)


@st.composite
def avg_pools(draw: st.DrawFn) -> tuple[AvgPool, Shape]:
    x = draw(inputs())
    axes = x.rank - 2
    op = AvgPool(
        kernel=draw(per_axis(axes, st.integers(1, 5))),
        stride=draw(st.none() | per_axis(axes, st.integers(1, 5))),
        padding=draw(st.just(0) | per_axis(axes, st.integers(0, 3))),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
    )
    return op, x


@random_uses
@given(avg_pools())
def test_avgpool_agrees_with_torch(use: tuple[AvgPool, Shape]) -> None:
    agrees_with_torch(*use)


@random_uses
@given(
    st.builds(Flatten, start=st.integers(-4, 4), end=st.integers(-4, 4)),
    st.lists(st.integers(1, 4), max_size=4).map(lambda sizes: Shape(tuple(sizes))),
)
def test_flatten_agrees_with_torch(op: Flatten, x: Shape) -> None:
    agrees_with_torch(op, x)


@random_uses
@given(
    st.sampled_from([OPS[name] for name in ("batchnorm", "local_response_norm", "prelu", "softmax", "linear")]),
    st.integers(1, 4),
    st.lists(st.integers(1, 3), max_size=6).map(lambda sizes: Shape(tuple(sizes))),
)
def test_other_ops_refuse_what_torch_refuses(kind: type[Op], number: int, x: Shape) -> None:
    assume(x.rank > 0)
    made: dict[str, dict[str, Any]] = {
        "local_response_norm": {"size": number},
        "prelu": {"parameters": number},
        "softmax": {"axis": number - 2},
        "linear": {"features": number},
    }
    # The rank decides the class that batch norm is lowered to, which must exist, and be used on more than one value.
    assume(kind.name != "batchnorm" or (2 <= x.rank <= 5 and prod(x.sizes) > x[1]))  # type: ignore[operator]
    agrees_with_torch(kind(**made.get(kind.name, {})), x)


@pytest.mark.parametrize(
    ("op", "sizes", "message"),
    [
        (Conv(channels=8, kernel=3), [2, 3], "needs 3 to 5 axes, but the input has 2"),
        (Conv(channels=8, kernel=7), [2, 3, 5, 9], "has a kernel of 7, but axis 2 of the input has only 5"),
        (
            Conv(channels=8, kernel=5, dilation=2, padding=1),
            [2, 3, 3],
            "has a kernel of 5 with dilation 2, which covers 2*(5 - 1) + 1 = 9 positions, but axis 2 of the input has "
            "only 3 + 1 + 1 = 5 with its padding",
        ),
        (
            Conv(channels=8, kernel=3, groups=3),
            [2, 6, 5],
            "has 3 groups, but 3 does not divide the channels of the output: 8",
        ),
        (
            Conv(channels=8, kernel=3, stride=2, padding="same"),
            [2, 6, 5],
            "has `padding` `same`, which needs a stride of 1, but its stride is 2",
        ),
        (
            Conv(channels=8, kernel=(3, 3, 3)),
            [2, 6, 5, 5],
            "has a list of 3 for `kernel`, but the input has 2 axes of space",
        ),
        (
            Conv(channels=8, kernel=3, padding=((1, 5),), padding_mode="reflect"),
            [2, 6, 5],
            "pads axis 2 by 5, but `reflect` can pad an axis of 5 by 4 at most",
        ),
        (ConvTranspose(channels=8, kernel=3), [2, 3], "needs 3 to 5 axes, but the input has 2"),
        (
            ConvTranspose(channels=8, kernel=3, groups=3),
            [2, 6, 5],
            "has 3 groups, but 3 does not divide the channels of the output: 8",
        ),
        (
            ConvTranspose(channels=8, kernel=3, stride=2, output_padding=(1, 2)),
            [2, 6, 5, 5],
            "has an output padding of 2, which is smaller neither than its stride of 2 nor than its dilation of 1",
        ),
        (
            ConvTranspose(channels=8, kernel=3, stride=2, output_padding=(1, 1)),
            [2, 6, 5],
            "has a list of 2 for `output_padding`, but the input has 1 axis of space",
        ),
        (
            ConvTranspose(channels=8, kernel=3, stride=3, padding=4, output_padding=1, dilation=2),
            [2, 3, 9, 1],
            "has a padding of 4, which takes 4 + 4 positions away from axis 3 of the output, but without it the axis "
            "has only (1 - 1)*3 + 2*(3 - 1) + 1 + 1 = 6",
        ),
        (MaxPool(kernel=2, padding=2), [2, 3, 8], "has a padding of 2, which is more than half of its kernel of 2"),
        (
            AvgPool(kernel=4, padding=2),
            [2, 3, 5, 5, 3],
            "has a kernel of 4, but axis 4 of the input has only 3 without its padding, which does not count where "
            "there are three axes of space",
        ),
        (BatchNorm(), [3], "needs 2 to 5 axes, but the input has 1"),
        (BatchNorm(), [2, 3, 4, 5, 6, 7], "needs 2 to 5 axes, but the input has 6"),
        (LocalResponseNorm(size=5), [2, 3], "needs at least 3 axes, but the input has 2"),
        (Prelu(parameters=4), [2, 3, 8], "has 4 parameters, but the input has 3 channels"),
        (Softmax(axis=2), [2, 3], "has no axis 2: the input has 2 axes"),
        (Flatten(start=3), [2, 3, 8], "has no axis 3 to start at: the input has 3 axes"),
        (Flatten(start=2, end=1), [2, 3, 8], "would start at axis 2, which comes after its end at axis 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, sizes: list[int], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(sizes)))
    assert refusal.value.message == message
    assert refusal.value.help


def test_open_sizes_are_refused_only_where_every_number_would_be() -> None:
    height, channels = named("H"), named("C")
    assert Conv(channels=4, kernel=7, groups=2).infer(Shape.of(1, channels, height))
    assert ConvTranspose(channels=4, kernel=1, padding=9, groups=2).infer(Shape.of(1, channels, height))
    assert MaxPool(kernel=5).infer(Shape.of(1, 3, height))
    with pytest.raises(ShapeError):
        Conv(channels=4, kernel=3, groups=2).infer(Shape.of(1, 2 * channels + 1, height))
    with pytest.raises(ShapeError):
        ConvTranspose(channels=4, kernel=1, padding=2).infer(Shape.of(1, 3, height - height + 4))
    with pytest.raises(ShapeError):
        MaxPool(kernel=5).infer(Shape.of(1, 3, height - height + 4))


def test_a_transposed_convolution_gives_the_sizes_that_its_convolution_was_given() -> None:
    size = named("N")
    for kernel, stride, dilation, padding in product(range(1, 5), range(1, 5), range(1, 4), range(3)):
        shared = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding}
        convolution = Conv.model_validate({"channels": 3, **shared})
        for output_padding in range(stride):
            op = ConvTranspose.model_validate({"channels": 2, "output_padding": output_padding, **shared})
            larger = op.infer(Shape.of(1, 3, size))
            constant = dilation * (kernel - 1) + output_padding - 2 * padding - stride + 1
            assert larger == Shape.of(1, 2, stride * size + constant)
            assert convolution.infer(larger) == Shape.of(1, 3, size)


def test_windows_in_ceil_mode_are_counted_as_torch_counts_them() -> None:
    # Torch rounds up, and takes the last window away if it starts behind the input and the padding before it.
    for kernel, stride, dilation, size in product(range(1, 6), range(1, 7), (1, 2, 3), range(1, 12)):
        for padding in range(kernel // 2 + 1):
            op = MaxPool(kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=True)
            (window,) = op.windows(Shape.of(1, 1, size))
            expected = -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1
            if (expected - 1) * stride >= size + padding:
                expected -= 1
            assert window.positions(size, ceil_mode=True) == expected
            open_count = window.positions(named("N"), ceil_mode=True)
            assert evaluate(open_count, {"N": size}) == expected


@pytest.mark.parametrize(
    ("op", "sizes", "source"),
    [
        (
            Conv(channels=64, kernel=11, stride=4, padding=2),
            [1, 3, 224, 224],
            "nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2)",
        ),
        (
            Conv(channels=64, kernel=(3, 3), padding=((1, 1),) * 2),
            [1, 3, 9, 9],
            "nn.Conv2d(3, 64, kernel_size=3, padding=1)",
        ),
        (
            Conv(channels=8, kernel=3, padding=((0, 1), 0), bias=False),
            [1, 3, 9, 9],
            "PaddedConv2d(3, 8, kernel_size=3, padding=((0, 1), (0, 0)), bias=False)",
        ),
        (
            ConvTranspose(channels=8, kernel=(4, 4), stride=2, padding=(1, 1), output_padding=(1, 0), bias=False),
            [1, 3, 9, 9],
            "nn.ConvTranspose2d(3, 8, kernel_size=4, stride=2, padding=1, output_padding=(1, 0), bias=False)",
        ),
        (MaxPool(kernel=3, stride=2), [1, 3, 9, 9], "nn.MaxPool2d(kernel_size=3, stride=2)"),
        (MaxPool(kernel=2, stride=2), [1, 3, 9, 9], "nn.MaxPool2d(kernel_size=2)"),
        (AvgPool(kernel=(1, 2)), [1, 3, 9, 9], "nn.AvgPool2d(kernel_size=(1, 2))"),
        (AdaptiveAvgPool(size=6), [1, 3, 9, 9], "nn.AdaptiveAvgPool2d(6)"),
        (GlobalAvgPool(), [1, 3, 9], "nn.AdaptiveAvgPool1d(1)"),
        (BatchNorm(), [1, 64, 9, 9], "nn.BatchNorm2d(64)"),
        (Dropout(), [1, 64], "nn.Dropout(0.5)"),
        (Relu(), [1, 64], "nn.ReLU()"),
        (LeakyRelu(slope=0.2), [1, 64], "nn.LeakyReLU(negative_slope=0.2)"),
        (Softmax(), [1, 64], "nn.Softmax(dim=-1)"),
        (Flatten(), [1, 3, 4], "nn.Flatten()"),
        (Linear(features=10, bias=False), [1, 64], "nn.Linear(64, 10, bias=False)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, sizes: list[int], source: str) -> None:
    assert str(lower(op, Shape(tuple(sizes)))) == source


def test_lowering_needs_the_sizes_of_weights_as_numbers() -> None:
    with pytest.raises(OpenSizeError, match="`linear` needs the last size of its input as a number, but it is `T`"):
        lower(Linear(features=10), Shape.of(2, named("T")))
    with pytest.raises(OpenSizeError, match="`conv` needs its channels"):
        lower(Conv(channels=named("C"), kernel=1), Shape.of(2, 3, 4))


def test_an_op_without_a_lowering_is_named() -> None:
    class Unknown(Op):
        name = "unknown"

        def infer(self, x: Shape) -> Shape:
            return x

        @classmethod
        def examples(cls) -> tuple[Example, ...]:
            return ()

    with pytest.raises(NoLoweringError, match="`unknown` cannot be written in PyTorch"):
        lower(Unknown(), Shape.of(1))
