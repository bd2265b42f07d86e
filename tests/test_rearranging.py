"""Values along other axes, in another order, repeated, shuffled and cut into patches, each by its definition."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from archspec.op import Op, ShapeError
from archspec.ops.axes import Squeeze, Transpose, Unsqueeze, Unstack
from archspec.ops.patches import Fold, Unfold
from archspec.ops.rearranging import Flip, Roll
from archspec.ops.repeating import RepeatInterleave, Tile
from archspec.ops.reshaping import Flatten, Reshape, Unflatten
from archspec.ops.shuffling import ChannelShuffle, PixelShuffle, PixelUnshuffle
from archspec.shape import Shape
from archspec.size import Size, evaluate, named
from archspec_torch.call import Variable
from archspec_torch.inline import Inline
from archspec_torch.lower import OpenSizeError, lower
from tests.laws import agrees_with_torch
from tests.lowered import random_uses, result, results, source_of

B, C, H, T = map(named, "BCHT")

small = st.integers(1, 4)
axes = st.integers(-4, 4)
inputs = st.lists(small, max_size=4).map(lambda sizes: Shape(tuple(sizes)))


def numbered(*sizes: int) -> Tensor:
    """A value whose elements are all different."""
    count = 1
    for size in sizes:
        count *= size
    return torch.arange(float(count)).reshape(sizes)


# ------------------------------------------------------------------------------------------------ refusals, as of torch


@random_uses
@given(axes, st.lists(st.sampled_from([-1, 1, 2, 3, 4]), max_size=4).map(tuple), st.integers(1, 24), inputs)
def test_unflatten_and_an_open_size_agree_with_torch(axis: int, sizes: tuple[int, ...], size: int, x: Shape) -> None:
    agrees_with_torch(Unflatten(axis=axis, sizes=sizes), x)
    agrees_with_torch(Unflatten(axis=axis, sizes=sizes), Shape.of(2, size, 3))
    agrees_with_torch(Reshape(sizes=sizes), x)
    agrees_with_torch(Reshape(sizes=sizes), Shape.of(size))


@random_uses
@given(axes, axes, st.integers(-5, 5), inputs)
def test_transpose_and_unsqueeze_agree_with_torch(first: int, second: int, place: int, x: Shape) -> None:
    agrees_with_torch(Transpose(first=first, second=second), x)
    agrees_with_torch(Unsqueeze(axis=place), x)


@random_uses
@given(axes | st.lists(axes, min_size=1, max_size=3).map(tuple), inputs)
def test_squeeze_agrees_with_torch_on_axes_of_one(gone: int | tuple[int, ...], x: Shape) -> None:
    ones = Shape((1,) * x.rank)
    agrees_with_torch(Squeeze(axes=gone), ones)
    named_axes = (gone,) if isinstance(gone, int) else gone
    if any(-x.rank <= axis < x.rank and x[axis] != 1 for axis in named_axes):
        # Torch leaves these axes where they are.
        with pytest.raises(ShapeError):
            Squeeze(axes=gone).infer(x)
    else:
        agrees_with_torch(Squeeze(axes=gone), x)


@random_uses
@given(axes, inputs, small)
def test_unstack_agrees_with_torch_on_as_many_parts_as_there_are(axis: int, x: Shape, parts: int) -> None:
    if not -x.rank <= axis < x.rank:
        agrees_with_torch(Unstack(parts=parts, axis=axis), x)
        return
    size = x[axis]
    assert isinstance(size, int)
    agrees_with_torch(Unstack(parts=size, axis=axis), x)
    if parts != size:
        with pytest.raises(ShapeError):
            Unstack(parts=parts, axis=axis).infer(x)


@random_uses
@given(
    axes | st.lists(axes, min_size=1, max_size=3).map(tuple),
    st.integers(-5, 5) | st.lists(st.integers(-5, 5), min_size=1, max_size=3).map(tuple),
    inputs,
)
def test_flip_and_roll_agree_with_torch(places: Any, shifts: Any, x: Shape) -> None:
    agrees_with_torch(Flip(axes=places), x)
    agrees_with_torch(Roll(shifts=shifts, axes=places), x)
    # Random lists seldom have one length.
    agrees_with_torch(Roll(shifts=(3,) * len(places) if isinstance(places, tuple) else -2, axes=places), x)


@random_uses
@given(st.lists(small, max_size=5).map(tuple), small, axes, inputs)
def test_repetitions_agree_with_torch(repeats: tuple[int, ...], times: int, axis: int, x: Shape) -> None:
    agrees_with_torch(Tile(repeats=repeats), x)
    agrees_with_torch(RepeatInterleave(repeats=times, axis=axis), x)


@random_uses
@given(
    st.integers(1, 3),
    st.sampled_from([1, 2, 3, 4, 6, 8, 9, 12]),
    st.lists(st.integers(1, 6), min_size=2, max_size=3),
    st.booleans(),
)
def test_shuffles_agree_with_torch(factor: int, channels: int, space: list[int], has_more_axes: bool) -> None:
    agrees_with_torch(ChannelShuffle(groups=factor), Shape.of(2, channels, *space))
    x = Shape.of(*[2] * (1 + has_more_axes), channels, *space[:2])
    for op in (PixelShuffle(factor=factor), PixelUnshuffle(factor=factor)):
        agrees_with_torch(op, x)
        # Torch takes an image without a batch, where we would not know it from a sequence.
        with pytest.raises(ShapeError, match="needs at least 4 axes"):
            op.infer(Shape.of(channels, *space[:2]))


def test_shuffles_refuse_fewer_axes_as_torch_does() -> None:
    for op in (ChannelShuffle(groups=2), PixelShuffle(factor=2), PixelUnshuffle(factor=2)):
        for axes_of_input in range(3):
            agrees_with_torch(op, Shape((4,) * axes_of_input))


@st.composite
def sliding(draw: st.DrawFn) -> dict[str, Any]:
    def both(values: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
        return values | st.tuples(values, values)

    return {
        "kernel": draw(both(st.integers(1, 3))),
        "stride": draw(st.just(1) | both(st.integers(1, 3))),
        "padding": draw(st.just(0) | both(st.integers(0, 2))),
        "dilation": draw(st.just(1) | both(st.integers(1, 2))),
    }


@random_uses
@given(sliding(), st.integers(1, 6), st.integers(1, 6), st.integers(1, 12), st.integers(1, 12))
def test_unfold_and_fold_agree_with_torch(settings: Any, height: int, width: int, rows: int, patches: int) -> None:
    image = Shape.of(2, 3, height, width)
    agrees_with_torch(Unfold(**settings), image)
    agrees_with_torch(Fold(size=(height, width), **settings), Shape.of(2, rows, patches))
    try:
        patched = Unfold(**settings).infer(image)
    except ShapeError:
        return
    assert Fold(size=(height, width), **settings).infer(patched) == image
    agrees_with_torch(Fold(size=(height, width), **settings), patched)


# ------------------------------------------------------------------------------------------- numbers, by the definition


def test_axes_are_those_that_the_manual_names() -> None:
    x = numbered(2, 3, 4)
    transposed = result(Transpose(first=1, second=-1), x)
    flipped = result(Flip(axes=(0, 2)), x)
    for i, j, k in product(range(2), range(3), range(4)):
        assert transposed[i, k, j] == x[i, j, k]
        assert flipped[i, j, k] == x[1 - i, j, 3 - k]
    assert result(Unflatten(axis=-1, sizes=(2, -1)), x)[1, 2].tolist() == [[20, 21], [22, 23]]
    assert result(Flatten(start=1), result(Unflatten(axis=1, sizes=(3, 4)), x.flatten(1))).equal(x.flatten(1))
    assert result(Reshape(sizes=(-1, 6)), x)[3].tolist() == [18, 19, 20, 21, 22, 23]
    assert result(Unsqueeze(axis=-2), x).shape == (2, 3, 1, 4)
    assert result(Squeeze(axes=(0, -2)), numbered(1, 3, 1, 4)).equal(numbered(3, 4))
    for place, part in enumerate(results(Unstack(parts=3), x)):
        assert part.tolist() == [x[0, place].tolist(), x[1, place].tolist()]


@pytest.mark.parametrize("shift", [-7, -1, 0, 2, 5, 11])
def test_what_is_rolled_out_at_one_end_comes_in_at_the_other(shift: int) -> None:
    x = numbered(2, 5)
    rolled = result(Roll(shifts=shift, axes=1), x)
    for row, column in product(range(2), range(5)):
        assert rolled[row, (column + shift) % 5] == x[row, column]
    both = result(Roll(shifts=(shift, 1), axes=(-1, 0)), x)
    assert both.equal(rolled.flip(0))


def test_repetitions_are_their_definition() -> None:
    x = numbered(3, 4)
    tiled, interleaved = result(Tile(repeats=(2, 2, 3)), x), result(RepeatInterleave(repeats=3, axis=-1), x)
    assert tiled.shape == (2, 6, 12)
    for copy, row, column in product(range(2), range(6), range(12)):
        assert tiled[copy, row, column] == x[row % 3, column % 4]
    for row, column in product(range(3), range(12)):
        assert interleaved[row, column] == x[row, column // 3]
    assert result(Tile(repeats=(2,)), x).equal(torch.cat((x, x), dim=1))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_channels_are_shuffled_into_turns(groups: int) -> None:
    x = numbered(2, 6, 2, 3)
    shuffled = result(ChannelShuffle(groups=groups), x)
    for group, place in product(range(groups), range(6 // groups)):
        assert shuffled[:, place * groups + group].equal(x[:, group * (6 // groups) + place])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_pixels_are_shuffled_as_the_manual_says(factor: int) -> None:
    square = factor**2
    x = numbered(2, 2 * square, 3, 2)
    image = result(PixelShuffle(factor=factor), x)
    assert image.shape == (2, 2, 3 * factor, 2 * factor)
    for c, h, w, i, j in product(range(2), range(3), range(2), range(factor), range(factor)):
        assert image[:, c, h * factor + i, w * factor + j].equal(x[:, c * square + i * factor + j, h, w])
    assert result(PixelUnshuffle(factor=factor), image).equal(x)


WINDOWS: list[dict[str, Any]] = [
    {"kernel": 2},
    {"kernel": (2, 3), "stride": (2, 1), "padding": (0, 1)},
    {"kernel": (3, 2), "stride": 2, "padding": 1, "dilation": (1, 2)},
]


def places(settings: dict[str, Any], sizes: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Where the window lies: the numbers of the patch, of the position in it, and of the row and column it sees."""

    def both(name: str, default: int) -> tuple[int, int]:
        value = settings.get(name, default)
        return value if isinstance(value, tuple) else (value, value)

    kernel, stride, padding, dilation = (
        both(name, default) for name, default in (("kernel", 0), ("stride", 1), ("padding", 0), ("dilation", 1))
    )
    starts = [
        range(-padding[axis], sizes[axis] + padding[axis] - dilation[axis] * (kernel[axis] - 1), stride[axis])
        for axis in range(2)
    ]
    return [
        (patch, i * kernel[1] + j, top + i * dilation[0], left + j * dilation[1])
        for patch, (top, left) in enumerate(product(*starts))
        for i, j in product(range(kernel[0]), range(kernel[1]))
    ]


@pytest.mark.parametrize("settings", WINDOWS, ids=str)
def test_patches_are_what_the_window_sees_and_are_added_where_they_overlap(settings: dict[str, Any]) -> None:
    x = numbered(2, 2, 5, 6) + 1
    patches = result(Unfold(**settings), x)
    found = places(settings, (5, 6))
    assert patches.shape[2] == max(patch for patch, *_ in found) + 1
    area = patches.shape[1] // 2
    folded = torch.zeros_like(x)
    for patch, position, row, column in found:
        is_inside = 0 <= row < 5 and 0 <= column < 6
        for channel in range(2):
            seen = patches[:, channel * area + position, patch]
            assert seen.equal(x[:, channel, row, column] if is_inside else torch.zeros(2))
            if is_inside:
                folded[:, channel, row, column] += seen
    assert result(Fold(size=(5, 6), **settings), patches).equal(folded)


def test_a_convolution_is_a_product_with_the_patches() -> None:
    x, weight = numbered(1, 2, 4, 5) / 10, numbered(3, 2, 2, 3) / 7
    patches = result(Unfold(kernel=(2, 3)), x)
    product_ = (weight.flatten(1) @ patches).reshape(1, 3, 3, 3)
    torch.testing.assert_close(product_, torch.nn.functional.conv2d(x, weight))


# -------------------------------------------------------------------------------------------------- messages and source


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (
            Unflatten(axis=1, sizes=(2, 3)),
            [2, 8],
            "makes [2, 3] of axis 1, which is 6 positions, but it has 8",
        ),
        (Unflatten(axis=1, sizes=()), [2, 8], "makes no axes of axis 1, which has 8"),
        (
            Unflatten(axis=1, sizes=(3, -1)),
            [2, 8],
            "leaves a size open, but the others, 3 together, do not divide the 8 that are to be shared out",
        ),
        (Reshape(sizes=(-1, B, -1)), [B, 8], "has 2 sizes of -1, but only one can follow from the others"),
        (Squeeze(axes=1), [2, 3], "takes away axis 1, which must have a size of 1, but it has 3"),
        (Squeeze(axes=(0, -2)), [1, 3], "has axis 0 twice"),
        (Unsqueeze(axis=3), [2, 3], "has no axis 3: the result has 3 axes"),
        (Transpose(first=1, second=2), [2, 3], "has no axis 2: the input has 2 axes"),
        (Unstack(parts=2), [2, 3], "gives 2 values, but axis 1 of the input has 3"),
        (Flip(axes=(1, -1)), [2, 3], "has axis 1 twice"),
        (Roll(shifts=1, axes=(0, 1)), [2, 3], "has 1 shift for 2 axes"),
        (Roll(shifts=(1, 2), axes=0), [2, 3], "has 2 shifts for 1 axis"),
        (ChannelShuffle(groups=3), [2, 8, 4], "has 3 groups, but 3 does not divide the channels of the input: 8"),
        (
            PixelShuffle(factor=3),
            [2, 8, 4, 4],
            "makes squares of 3*3 positions out of channels, but 9 does not divide the channels of the input: 8",
        ),
        (
            PixelUnshuffle(factor=2),
            [B, 3, 4, 2 * H + 1],
            "takes squares of 2*2 positions, but 2 does not divide axis 3 of the input: 2*H + 1",
        ),
        (
            Unfold(kernel=4),
            [2, 3, 5, 3],
            "has a kernel of 4, but axis 3 of the input has only 3",
        ),
        (
            Unfold(kernel=(2, 2, 2)),
            [2, 3, 5, 3],
            "has a list of 3 for `kernel`, but the input has 2 axes of space",
        ),
        (
            Fold(size=4, kernel=(2, 3)),
            [2, 8, 6],
            "has patches of 2*3 = 6 positions, but 6 does not divide axis 1 of the input: 8",
        ),
        (
            Fold(size=(4, 1), kernel=2),
            [2, 8, 6],
            "has a kernel that covers 2 positions, but the width of the output is only 1 with its padding",
        ),
        (
            Fold(size=(4, 5), kernel=2),
            [2, 8, 11],
            "needs as many patches as there are places on [4, 5], which are 3 * 4 = 12, but axis 2 of the input has 11",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, shape: list[Size], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(shape)))
    assert refusal.value.message == message
    assert refusal.value.help
    assert refusal.value.setting in op.settings()


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (ChannelShuffle(groups=2), [2, 8], "needs at least 3 axes, but the input has 2"),
        (PixelShuffle(factor=2), [4, 8, 8], "needs at least 4 axes, but the input has 3"),
        (Unfold(kernel=2), [2, 3, 8], "needs 4 axes, but the input has 3"),
        (Fold(size=4, kernel=2), [2, 4, 3, 3], "needs 3 axes, but the input has 4"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_too_few_axes_are_refused_with_those_that_there_should_be(op: Op, shape: list[Size], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(shape)))
    assert refusal.value.message == message
    assert "the axes are" in refusal.value.help


@pytest.mark.parametrize("kind", [Flip, Squeeze])
def test_a_list_of_no_axes_is_no_setting(kind: type[Flip | Squeeze]) -> None:
    with pytest.raises(ValidationError):
        kind(axes=())


def test_open_sizes_are_refused_only_where_every_number_would_be() -> None:
    assert Reshape(sizes=(B, -1)).infer(Shape.of(B, 4, H, H)) == Shape.of(B, 4 * H * H)
    assert Reshape(sizes=(-1, 32)).infer(Shape.of(B, 64)) == Shape.of(2 * B, 32)
    assert Reshape(sizes=(-1, 32)).infer(Shape.of(B, T)) == Shape.of(B * T // 32, 32)
    assert Unflatten(axis=1, sizes=(-1, 2)).infer(Shape.of(B, 2 * T)) == Shape.of(B, T, 2)
    assert Unflatten(axis=1, sizes=(8, 2)).infer(Shape.of(B, T)) == Shape.of(B, 8, 2)
    assert Squeeze(axes=1).infer(Shape.of(B, T)) == Shape.of(B)
    assert Unstack(parts=3).infer(Shape.of(B, T, 4)) == (Shape.of(B, 4),) * 3
    assert Tile(repeats=(1, T)).infer(Shape.of(B, 3)) == Shape.of(B, 3 * T)
    assert RepeatInterleave(repeats=T).infer(Shape.of(B, H)) == Shape.of(B, H * T)
    assert PixelShuffle(factor=2).infer(Shape.of(B, C, H, 3)) == Shape.of(B, C // 4, 2 * H, 6)
    assert PixelUnshuffle(factor=2).infer(Shape.of(B, 3, H, 6)) == Shape.of(B, 12, H // 2, 3)
    assert ChannelShuffle(groups=4).infer(Shape.of(B, C, T)) == Shape.of(B, C, T)
    patches = Unfold(kernel=2, stride=2).infer(Shape.of(B, 3, H, 6))
    assert patches == Shape.of(B, 12, 3 * (H // 2))
    assert Fold(size=(H, 6), kernel=2, stride=2).infer(patches) == Shape.of(B, 3, H, 6)
    assert Fold(size=(H, 6), kernel=2, stride=2).infer(Shape.of(B, 12, T)) == Shape.of(B, 3, H, 6)
    with pytest.raises(ShapeError):
        Squeeze(axes=1).infer(Shape.of(B, T + 1))
    with pytest.raises(ShapeError):
        Unstack(parts=3).infer(Shape.of(B, T + 3))
    with pytest.raises(ShapeError):
        Reshape(sizes=(-1, 2)).infer(Shape.of(2 * T + 1))


@random_uses
@given(st.integers(1, 30), st.sampled_from([(-1, 2), (3, -1), (-1,), (2, -1, 3)]))
def test_a_size_that_follows_is_that_of_the_number(size: int, sizes: tuple[int, ...]) -> None:
    op = Unflatten(axis=0, sizes=sizes)
    try:
        found = op.infer(Shape.of(size))
    except ShapeError:
        return
    assert tuple(evaluate(each, {"T": size}) for each in op.infer(Shape.of(T))) == found.sizes


@pytest.mark.parametrize(
    ("op", "shape", "source"),
    [
        (Unflatten(axis=1, sizes=(2, -1)), [2, 8], "torch.unflatten(x0, 1, (2, -1))"),
        (Unflatten(axis=-1, sizes=(T, C)), [2, T * C], "torch.unflatten(x0, -1, (T, C))"),
        (Reshape(sizes=(B, -1)), [B, T, C], "x0.reshape(B, -1)"),
        (Squeeze(axes=1), [2, 1], "x0.squeeze(1)"),
        (Squeeze(axes=(2, -1)), [2, 3, 1, 1], "x0.squeeze((2, -1))"),
        (Unsqueeze(axis=1), [2, 3], "x0.unsqueeze(1)"),
        (Transpose(first=1, second=2), [2, 3, 4], "x0.transpose(1, 2)"),
        (Unstack(parts=3), [2, 3], "x0.unbind(1)"),
        (Flip(axes=1), [2, 3], "x0.flip(1)"),
        (Flip(axes=(1, 2)), [2, 3, 4], "x0.flip(1, 2)"),
        (Roll(shifts=-1, axes=1), [2, 3], "x0.roll(-1, 1)"),
        (Roll(shifts=(1, T // 2), axes=(0, 1)), [2, T], "x0.roll((1, T // 2), (0, 1))"),
        (Tile(repeats=(1, T)), [2, 3], "x0.tile(1, T)"),
        (Tile(repeats=()), [2, 3], "x0.tile(())"),
        (RepeatInterleave(repeats=2), [2, 3], "x0.repeat_interleave(2, dim=1)"),
        (ChannelShuffle(groups=2), [2, 4, 3], "nn.ChannelShuffle(2)"),
        (PixelShuffle(factor=2), [2, 4, 3, 3], "nn.PixelShuffle(2)"),
        (PixelUnshuffle(factor=2), [2, 4, 4, 4], "nn.PixelUnshuffle(2)"),
        (Unfold(kernel=3), [2, 4, 4, 4], "nn.Unfold(kernel_size=3)"),
        (
            Unfold(kernel=(2, 3), stride=2, padding=1, dilation=(1, 2)),
            [2, 4, 9, 9],
            "nn.Unfold(kernel_size=(2, 3), dilation=(1, 2), padding=1, stride=2)",
        ),
        (Fold(size=4, kernel=2), [2, 4, 9], "nn.Fold(4, kernel_size=2)"),
        (Fold(size=(4, 6), kernel=2, stride=2), [2, 4, 6], "nn.Fold((4, 6), kernel_size=2, stride=2)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, shape: list[Size], source: str) -> None:
    found = lower(op, Shape(tuple(shape)))
    variables = {name: Variable(name) for name in "BCHT"}
    assert (source_of(found, 1, variables) if isinstance(found, Inline) else str(found)) == source


def test_patches_are_put_back_on_an_image_of_known_size() -> None:
    with pytest.raises(OpenSizeError, match="`fold` needs its size as a number, but it is `H`"):
        lower(Fold(size=H, kernel=2), Shape.of(B, 4, T))
