"""Axes of space made longer or shorter: interpolation by its formulas, crops and margins."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import floor, prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from archspec.op import Op, ShapeError
from archspec.ops.margins import Crop, Pad
from archspec.ops.resampling import Mode, Resize, Upsample
from archspec.shape import Element, Shape
from archspec.size import Size, evaluate, named
from archspec_torch.call import Variable
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.lowered import module_of, random_uses, result, source_of

B, C, H, T, W = map(named, "BCHTW")

MODES: list[Mode] = ["nearest", "nearest_exact", "linear", "bilinear", "bicubic", "trilinear", "area"]
modes = st.sampled_from(MODES)


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(sizes)))


def numbered(*sizes: int) -> Tensor:
    """A value whose elements are all different."""
    return torch.arange(float(prod(sizes))).reshape(sizes)


def open_space(x: Shape) -> Shape:
    """The shape with a name for each axis of space."""
    return x.with_sizes((*x[:2], *(named(f"S{axis}") for axis in range(2, x.rank))))


def agrees_where_open(op: Op, x: Shape, *others: Shape) -> None:
    """What `infer` says of open sizes is, at the numbers, what it says of these; nothing that can be is refused."""
    numbers = {f"S{axis}": size for axis, size in enumerate(x)}
    try:
        expected = op.outputs(x, *others)
    except ShapeError:
        return
    (found,) = op.outputs(open_space(x), *others)
    assert tuple(evaluate(size, numbers) for size in found) == expected[0].sizes


# ------------------------------------------------------------------------------------------------ refusals, as of torch


images = st.integers(1, 3).flatmap(lambda axes: st.tuples(*[st.integers(1, 6)] * axes)).map(lambda s: Shape((2, 3, *s)))


@random_uses
@given(images, modes, st.booleans(), st.data())
def test_interpolation_agrees_with_torch(x: Shape, mode: Mode, align_corners: bool, data: st.DataObject) -> None:
    axes = x.rank - 2
    factor: st.SearchStrategy[Any] = st.sampled_from([1, 2, 3, 0.5, 1.5, 0.25, 2.0, 0.75])
    scale = data.draw(factor | st.tuples(*[factor] * data.draw(st.sampled_from([axes, axes, axes, 2]))))
    op = Upsample(scale=scale, mode=mode, align_corners=align_corners)
    factors = scale if isinstance(scale, tuple) else (scale,) * axes
    is_empty = any(size * each < 1 for size, each in zip(x[2:], factors, strict=False))
    if mode == "area" and is_empty:
        # Torch gives an output without any position, of this mode alone.
        with pytest.raises(ShapeError):
            op.infer(x)
    else:
        agrees_with_torch(op, x)
    agrees_where_open(op, x)
    sizes = data.draw(st.integers(1, 7) | st.tuples(*[st.integers(1, 7)] * axes))
    agrees_with_torch(Resize(size=sizes, mode=mode, align_corners=align_corners), x)
    like = data.draw(images)
    agrees_with_torch(Resize(mode=mode, align_corners=align_corners), x, like)
    agrees_with_torch(Resize(), x, like)


@random_uses
@given(st.integers(1, 400), st.floats(0.01, 3))
def test_any_scale_is_rounded_as_torch_rounds_it(size: int, scale: float) -> None:
    assume(size * scale < 1000)
    agrees_with_torch(Upsample(scale=scale), Shape.of(1, 1, size))


@random_uses
@given(images, st.data())
def test_crops_agree_with_torch(x: Shape, data: st.DataObject) -> None:
    axes = x.rank - 2
    op = Crop(size=data.draw(st.integers(1, 7) | st.tuples(*[st.integers(1, 7)] * axes)))
    agrees_with_torch(op, x)
    agrees_where_open(op, x)
    like = Shape((1, 1, *data.draw(st.tuples(*[st.integers(1, 7)] * axes))))
    agrees_with_torch(Crop(), x, like)
    agrees_where_open(Crop(), x, like)
    margin = st.integers(0, 3)
    margins = data.draw(margin | st.tuples(*[margin | st.tuples(margin, margin)] * axes))
    op = Crop(margins=margins)
    agrees_with_torch(op, x)
    agrees_where_open(op, x)


@st.composite
def pads(draw: st.DrawFn) -> tuple[Pad, Shape]:
    sizes = draw(st.lists(st.integers(1, 4), max_size=6))
    axes = draw(st.lists(st.integers(-5, 5), min_size=1, max_size=3))
    margin = st.integers(0, 3)
    length = draw(st.sampled_from([len(axes), len(axes), len(axes), 2]))
    margins = margin | st.tuples(*[margin | st.tuples(margin, margin)] * length)
    mode: Any = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    value = draw(st.sampled_from([0, 2])) if mode == "constant" else 0
    element = draw(st.sampled_from([Element.FLOAT, Element.INT]))
    return Pad(margins=draw(margins), mode=mode, value=value, axes=tuple(axes)), Shape(tuple(sizes), element)


@random_uses
@given(pads())
def test_margins_of_any_axes_agree_with_torch(use: tuple[Pad, Shape]) -> None:
    agrees_with_torch(*use)


# ------------------------------------------------------------------------------------------- numbers, by the definition


def cubic(distance: float) -> float:
    """The weight of a value so far away, by Keys, with -0.75 as the free parameter."""
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0


def interpolated(line: list[float], length: int, mode: str, step: float, *, align_corners: bool) -> list[float]:
    """A line of numbers brought to another length; `step` is how far its positions are apart on the old one."""

    def at(place: int) -> float:
        return line[min(max(place, 0), len(line) - 1)]

    found = []
    for number in range(length):
        if mode == "nearest":
            found.append(at(floor(number * step)))
            continue
        if mode == "nearest_exact":
            found.append(at(floor((number + 0.5) * step)))
            continue
        if mode == "area":
            start, end = number * len(line) // length, -(-(number + 1) * len(line) // length)
            found.append(sum(line[start:end]) / (end - start))
            continue
        place = (number + 0.5) * step - 0.5
        if align_corners:
            place = number * (len(line) - 1) / (length - 1) if length > 1 else 0
        if mode == "cubic":
            around = range(floor(place) - 1, floor(place) + 3)
            found.append(sum(at(each) * cubic(place - each) for each in around))
        else:
            place = max(place, 0)
            share = place - floor(place)
            found.append((1 - share) * at(floor(place)) + share * at(floor(place) + 1))
    return found


def along(x: Tensor, axis: int, change: Callable[[list[float]], list[float]]) -> Tensor:
    """A value whose lines along one axis are changed."""
    lines = x.movedim(axis, -1)
    changed = torch.tensor([change(line.tolist()) for line in lines.reshape(-1, lines.shape[-1])], dtype=x.dtype)
    return changed.reshape(*lines.shape[:-1], -1).movedim(-1, axis)


KINDS = [("nearest", False), ("nearest_exact", False), ("area", False)] + [
    (mode, corners) for mode in ("linear", "cubic") for corners in (False, True)
]


@pytest.mark.parametrize(("mode", "align_corners"), KINDS)
@pytest.mark.parametrize(("sizes", "wanted"), [((4, 5), (9, 3)), ((3, 7), (1, 10)), ((5, 2), (5, 7)), ((1, 4), (3, 4))])
def test_resizing_is_its_formula_along_each_axis(
    mode: str, align_corners: bool, sizes: tuple[int, int], wanted: tuple[int, int]
) -> None:
    word: Any = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    x = random(2, 2, *sizes)
    expected = x
    for axis, (size, length) in enumerate(zip(sizes, wanted, strict=True), start=2):

        def change(line: list[float], size: int = size, length: int = length) -> list[float]:
            return interpolated(line, length, mode, size / length, align_corners=align_corners)

        expected = along(expected, axis, change)
    op = Resize(size=wanted, mode=word, align_corners=align_corners)
    torch.testing.assert_close(result(op, x), expected)
    like = Resize(mode=word, align_corners=align_corners)
    torch.testing.assert_close(result(like, x, random(1, 4, *wanted)), expected)


@pytest.mark.parametrize(("mode", "align_corners"), KINDS)
@pytest.mark.parametrize("scale", [2, 3, 1.5, 0.5, 0.75, 1.7])
def test_a_scale_decides_where_the_positions_of_the_output_lie(mode: str, align_corners: bool, scale: float) -> None:
    word: Any = "bicubic" if mode == "cubic" else mode
    x = random(1, 2, 5, 5) if mode == "cubic" else random(1, 2, 5)
    expected = x
    for axis in range(2, x.dim()):

        def change(line: list[float]) -> list[float]:
            return interpolated(line, floor(5 * scale), mode, 1 / scale, align_corners=align_corners)

        expected = along(expected, axis, change)
    torch.testing.assert_close(result(Upsample(scale=scale, mode=word, align_corners=align_corners), x), expected)


def test_three_axes_are_interpolated_one_after_the_other() -> None:
    x = random(1, 1, 2, 3, 2)
    expected = x
    for axis, size in enumerate((2, 3, 2), start=2):

        def change(line: list[float], size: int = size) -> list[float]:
            return interpolated(line, 2 * size, "linear", 0.5, align_corners=False)

        expected = along(expected, axis, change)
    torch.testing.assert_close(result(Upsample(scale=2, mode="trilinear"), x), expected)


def test_a_crop_keeps_the_middle() -> None:
    x = numbered(1, 1, 5, 6)
    assert result(Crop(size=2), x)[0, 0].tolist() == [[8, 9], [14, 15]]
    assert result(Crop(size=(5, 3)), x)[0, 0, 0].tolist() == [1, 2, 3]
    assert result(Crop(), x, torch.zeros(7, 3, 2, 2)).equal(result(Crop(size=2), x))
    assert result(Crop(margins=((1, 2), (4, 0))), x)[0, 0].tolist() == [[10, 11], [16, 17]]
    assert result(Crop(margins=1), numbered(1, 1, 3))[0, 0].tolist() == [1]


@pytest.mark.parametrize("wanted", range(1, 8))
def test_a_crop_by_a_size_is_that_by_half_the_difference_as_margins(wanted: int) -> None:
    x = numbered(2, 3, 7)
    before = (7 - wanted) // 2
    by_margins = result(Crop(margins=((before, 7 - wanted - before),)), x)
    assert result(Crop(size=wanted), x).equal(by_margins)


def test_modules_of_a_crop_and_of_a_size_take_inputs_of_other_sizes() -> None:
    crop, larger = module_of(Crop(size=3), numbered(1, 1, 5)), numbered(1, 1, 9)
    assert crop(larger)[0, 0].tolist() == [3, 4, 5]
    with pytest.raises(RuntimeError):
        crop(numbered(1, 1, 2))
    like = module_of(Crop(), numbered(1, 1, 5), numbered(1, 1, 3))
    assert like(larger, numbered(1, 1, 1))[0, 0].tolist() == [4]
    with pytest.raises(RuntimeError):
        like(numbered(1, 1, 3), larger)
    resize = module_of(Resize(), numbered(1, 1, 5), numbered(1, 1, 3))
    assert resize(numbered(1, 1, 2), numbered(1, 1, 4))[0, 0].tolist() == [0, 0, 1, 1]


def test_a_position_is_put_before_each_sequence() -> None:
    tokens = torch.tensor([[3, 4], [5, 6]])
    op = Pad(margins=((1, 0),), axes=(1,), value=9)
    assert result(op, tokens).tolist() == [[9, 3, 4], [9, 5, 6]]
    mask = torch.tensor([[True, False]])
    assert result(Pad(margins=((0, 1),), axes=(-1,), value=1), mask).tolist() == [[True, False, True]]
    x = numbered(1, 2, 3)
    padded = result(Pad(margins=(1, (0, 2)), axes=(2, 1), value=-1.0), x)
    expected = torch.full((1, 4, 5), -1.0)
    expected[:, :2, 1:4] = x
    assert padded.equal(expected)
    assert result(Pad(margins=((1, 0),), axes=(1,), mode="replicate"), x)[0].tolist() == [[0, 1, 2], *x[0].tolist()]
    assert result(Pad(margins=((1, 0),), axes=(1,), mode="reflect"), x)[0].tolist() == [[3, 4, 5], *x[0].tolist()]
    assert result(Pad(margins=((0, 1),), axes=(0,)), x)[1].equal(torch.zeros(2, 3))


# -------------------------------------------------------------------------------------------------- messages and source


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (Crop(), [[2, 3, 8]], "is given no `size`, no `margins` and no second input to be cut to"),
        (Crop(size=4), [[2, 3, 8], [2, 3, 4]], "has a `size` and also a second input"),
        (Crop(size=4, margins=1), [[2, 3, 8]], "has `margins` and also a `size`"),
        (Crop(margins=1), [[2, 3, 8], [2, 3, 4]], "has `margins` and also a second input"),
        (Crop(size=(8, 9)), [[2, 3, 8, 8]], "keeps 9 positions of axis 3, but the input has only 8"),
        (Crop(size=H + 1), [[2, 3, H, 8]], "keeps H + 1 positions of axis 2, but the input has only H"),
        (Crop(margins=(1, (4, 5))), [[2, 3, 8, 9]], "cuts 4 + 5 positions off axis 3, but the input has only 9"),
        (Resize(), [[2, 3, 8]], "is given no `size`, and no second input to be brought to the size of"),
        (Resize(size=4), [[2, 3, 8], [2, 3, 4]], "has a `size` and also a second input"),
        (
            Resize(size=4, mode="linear"),
            [[2, 3, 8, 8]],
            "interpolates `linear`, which needs 1 axis of space, but the input has 2",
        ),
        (
            Resize(size=4, mode="nearest_exact", align_corners=True),
            [[2, 3, 8, 8]],
            "aligns corners, which `nearest_exact` cannot do",
        ),
        (Upsample(scale=(1, 0.25)), [[2, 3, 8, 3]], "leaves nothing of axis 3: floor(0.25*3) = 0"),
        (
            Upsample(scale=1.1),
            [[2, 3, H]],
            "has a scale of 1.1, which is no exact fraction, and axis 2 of the input has an open size, H, so that "
            "nobody can say what it is rounded to",
        ),
        (Pad(margins=1, axes=(1, -1)), [[2, 3]], "has axis 1 twice"),
        (Pad(margins=1, axes=(2,)), [[2, 3]], "has no axis 2: the input has 2 axes"),
        (Pad(margins=(1, 1), axes=(1,)), [[2, 3]], "has a list of 2 for `margins`, but pads 1 axis"),
        (
            Pad(margins=1, axes=(0, 2), mode="replicate"),
            [[2, 3, 4]],
            "pads axis 0 of 3 axes in the mode `replicate`, which works on at most three axes, the last ones, from "
            "axis 1 or 2 on",
        ),
        (
            Pad(margins=((0, 3),), axes=(1,), mode="reflect"),
            [[2, 3, 4]],
            "pads axis 1 by 3, but `reflect` can pad an axis of 3 by 2 at most",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, shapes: list[list[Size]], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*(Shape(tuple(sizes)) for sizes in shapes))
    assert refusal.value.message == message
    assert refusal.value.help
    assert refusal.value.setting in op.settings()


def test_what_a_second_input_asks_for_is_refused_by_the_inputs() -> None:
    for op in (Crop(), Resize()):
        with pytest.raises(ShapeError, match="needs equally many axes in each input, but one has 3 axes and one 4"):
            op.infer(Shape.of(2, 3, 8), Shape.of(2, 3, 4, 4))
    with pytest.raises(ShapeError, match="keeps 9 positions of axis 2, but the input has only 8") as refusal:
        Crop().infer(Shape.of(2, 3, 8), Shape.of(2, 3, 9))
    assert refusal.value.setting is None


@pytest.mark.parametrize(
    ("element", "op", "message"),
    [
        (Element.INT, Pad(margins=1, value=0.5), "fills whole numbers up with 0.5"),
        (Element.BOOL, Pad(margins=1, value=2), "fills flags up with 2.0"),
        (Element.BOOL, Pad(margins=1, mode="circular"), "fills flags up in the mode `circular`, which is for numbers"),
    ],
)
def test_margins_are_made_of_what_the_input_is_made_of(element: Element, op: Pad, message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape.of(2, 3, 4, element=element))
    assert refusal.value.message == message


@pytest.mark.parametrize("scale", [0, -1.5, float("inf"), float("nan"), (), (1, 0)])
def test_a_scale_is_above_zero(scale: Any) -> None:
    with pytest.raises(ValidationError):
        Upsample(scale=scale)


def test_open_sizes_stay_open() -> None:
    x = Shape.of(B, C, H, W)
    assert Upsample(scale=(1.5, 0.5)).infer(x) == Shape.of(B, C, 3 * H // 2, W // 2)
    assert Upsample(scale=(2.0, 3)).infer(x) == Shape.of(B, C, 2 * H, 3 * W)
    assert Resize(size=(2 * H, 7)).infer(x) == Shape.of(B, C, 2 * H, 7)
    assert Resize().infer(x, Shape.of(2, 3, T, 9)) == Shape.of(B, C, T, 9)
    assert Crop(size=7).infer(x) == Shape.of(B, C, 7, 7)
    assert Crop().infer(x, Shape.of(2, 3, T, 9)) == Shape.of(B, C, T, 9)
    assert Crop(margins=(1, (2, 3))).infer(x) == Shape.of(B, C, H - 2, W - 5)
    assert Pad(margins=((1, 0),), axes=(1,)).infer(Shape.of(B, T)) == Shape.of(B, T + 1)
    assert Pad(margins=3, mode="reflect").infer(Shape.of(B, C, T)) == Shape.of(B, C, T + 6)


@pytest.mark.parametrize(
    ("op", "shapes", "source"),
    [
        (Upsample(scale=(1.5, 2), mode="nearest_exact"), [[2, 3, 4, 4]], "scale_factor=(1.5, 2), mode='nearest-exact'"),
        (Upsample(scale=2, mode="area"), [[2, 3, 4]], "scale_factor=2, mode='area'"),
        (Resize(size=7), [[2, 3, 4, 4]], "size=7"),
        (Resize(size=(7, 8), mode="bicubic"), [[2, 3, 4, 4]], "size=(7, 8), mode='bicubic', align_corners=False"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_interpolation_is_the_module_of_torch(op: Op, shapes: list[list[Size]], source: str) -> None:
    found = lower(op, *(Shape(tuple(sizes)) for sizes in shapes))
    assert str(found) == f"nn.Upsample({source})".replace("'", '"')


@pytest.mark.parametrize(
    ("op", "shapes", "source"),
    [
        (Resize(), [[2, 3, 4], [2, 3, 8]], "ResizeLike()"),
        (
            Resize(mode="linear", align_corners=True),
            [[2, 3, 4], [2, 3, 8]],
            'ResizeLike(mode="linear", align_corners=True)',
        ),
        (Resize(size=(H, 9)), [[2, 3, 4, 4]], "F.interpolate(x0, size=(H, 9))"),
        (Crop(size=3), [[2, 3, 4, 4]], "CentredCrop(3)"),
        (Crop(size=(3, 4)), [[2, 3, H, 4]], "CentredCrop((3, 4))"),
        (Crop(size=H), [[2, 3, 3 * H]], "torch.narrow(x0, 2, H, H)"),
        (Crop(), [[2, 3, 4], [2, 3, 2]], "CropLike()"),
        (Crop(margins=1), [[2, 3, 4, 4]], "x0[:, :, 1:-1, 1:-1]"),
        (Crop(margins=((0, 2), 0)), [[2, 3, 4, 4]], "x0[:, :, :-2]"),
        (Crop(margins=(0, (1, 0))), [[2, 3, 4, 4]], "x0[:, :, :, 1:]"),
        (Pad(margins=((1, 0),), axes=(1,)), [[2, 3]], "F.pad(x0, (1, 0))"),
        (Pad(margins=((1, 0),), axes=(1,), value=-1.5), [[2, 3, 4]], "F.pad(x0, (0, 0, 1, 0), value=-1.5)"),
        (
            Pad(margins=(1, 2), axes=(2, 1), mode="circular"),
            [[2, 3, 4]],
            'F.pad(x0, (1, 1, 2, 2), mode="circular")',
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, shapes: list[list[Size]], source: str) -> None:
    found = lower(op, *(Shape(tuple(sizes)) for sizes in shapes))
    variables = {name: Variable(name) for name in "BCHTW"}
    assert (source_of(found, len(shapes), variables) if isinstance(found, Inline) else str(found)) == source


def test_whole_numbers_and_flags_are_padded_with_their_like() -> None:
    for element, value in ((Element.INT, "7"), (Element.BOOL, "True"), (Element.FLOAT, "7.0")):
        op = Pad(margins=1, value=1 if element is Element.BOOL else 7)
        assert str(lower(op, Shape.of(2, 3, 4, element=element))) == f"nn.ConstantPad1d(1, {value})"


@pytest.mark.parametrize("sizes", list(product((4, 5), (2, 3))))
def test_what_is_scaled_down_and_up_again_has_its_size_where_it_divides(sizes: tuple[int, int]) -> None:
    height, width = sizes
    x = Shape.of(1, 1, 4 * height, 4 * width)
    assert Upsample(scale=4).infer(Upsample(scale=0.25).infer(x)) == x
