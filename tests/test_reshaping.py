"""Changes of shape: what they give, what they refuse, and how they are written."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name.
from hypothesis import assume, given
from hypothesis import strategies as st

from archspec.op import Op, ShapeError
from archspec.ops.cutting import Select, Slice, Split
from archspec.ops.margins import Pad
from archspec.ops.rearranging import Permute
from archspec.ops.repeating import Broadcast
from archspec.ops.resampling import Upsample
from archspec.ops.reshaping import Reshape
from archspec.shape import Shape
from archspec.size import Size, evaluate, named
from archspec_torch.call import Variable, printed
from archspec_torch.inline import Inline, size_expression, sizes_of
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.lowered import random_uses, result, results, source_of

B, C, H, T = map(named, "BCHT")

sizes = st.lists(st.integers(1, 4), max_size=4).map(tuple)
inputs = sizes.map(Shape)


@random_uses
@given(sizes, st.permutations([1, 2, 2, 3]), inputs)
def test_reshape_agrees_with_torch(wanted: tuple[int, ...], factors: list[int], x: Shape) -> None:
    agrees_with_torch(Reshape(sizes=wanted), x)
    # Two random shapes seldom have as many elements as each other.
    agrees_with_torch(Reshape(sizes=tuple(factors)), Shape.of(3, 4))
    agrees_with_torch(Reshape(sizes=(prod(factors[:2]), prod(factors[2:]))), Shape.of(2, 2, 3))


@random_uses
@given(sizes, inputs, st.data())
def test_broadcast_agrees_with_torch(wanted: tuple[int, ...], x: Shape, data: st.DataObject) -> None:
    agrees_with_torch(Broadcast(sizes=wanted), x)
    fitting = tuple(data.draw(st.sampled_from([1, size])) for size in wanted[data.draw(st.integers(0, 2)) :])
    agrees_with_torch(Broadcast(sizes=wanted), Shape(fitting))


@random_uses
@given(st.lists(st.integers(-4, 4), max_size=4).map(tuple), inputs, st.data())
def test_permute_agrees_with_torch(axes: tuple[int, ...], x: Shape, data: st.DataObject) -> None:
    agrees_with_torch(Permute(axes=axes), x)
    order = data.draw(st.permutations(range(x.rank)))
    agrees_with_torch(Permute(axes=tuple(axis - data.draw(st.sampled_from([0, x.rank])) for axis in order)), x)


@random_uses
@given(st.integers(-4, 4), st.integers(-5, 5), inputs)
def test_select_agrees_with_torch(axis: int, index: int, x: Shape) -> None:
    agrees_with_torch(Select(axis=axis, index=index), x)


@random_uses
@given(
    st.integers(-3, 3),
    st.integers(-6, 6),
    st.none() | st.integers(-6, 6),
    st.integers(1, 3),
    st.lists(st.integers(1, 5), max_size=3).map(lambda found: Shape(tuple(found))),
)
def test_slice_agrees_with_torch(axis: int, start: int, end: int | None, step: int, x: Shape) -> None:
    if -x.rank <= axis < x.rank:
        size = x[axis]
        assert isinstance(size, int)
        ends = (start, size if end is None else end)
        is_whole = all(-size <= place <= size for place in ends) and range(size)[start:end]
        if not is_whole:
            # Torch cuts short what does not lie on the axis, and what is empty is no value for it to refuse.
            with pytest.raises(ShapeError):
                Slice(axis=axis, start=start, end=end, step=step).infer(x)
            return
    agrees_with_torch(Slice(axis=axis, start=start, end=end, step=step), x)


@random_uses
@given(st.integers(1, 9), st.integers(1, 5), st.none() | st.integers(1, 9), st.integers(1, 3))
def test_a_slice_of_an_open_axis_has_the_length_it_has_of_the_number(
    size: int, start: int, end: int | None, step: int
) -> None:
    assume(start < (size if end is None else end) <= size)
    op = Slice(axis=0, start=start, end=end, step=step)
    (length,) = op.infer(Shape.of(T))
    assert evaluate(length, {"T": size}) == op.infer(Shape.of(size))[0]


@random_uses
@given(st.integers(1, 4) | st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), st.integers(-3, 3), inputs)
def test_split_agrees_with_torch(parts: int | tuple[int, ...], axis: int, x: Shape) -> None:
    op = Split(parts=parts, axis=axis)
    size = x[axis] if -x.rank <= axis < x.rank else 0
    assert isinstance(size, int)
    if isinstance(parts, int) and size % parts:
        # Torch makes the last part smaller, or fewer parts.
        with pytest.raises(ShapeError, match="does not divide"):
            op.infer(x)
        return
    agrees_with_torch(op, x)


margins = st.integers(0, 3)


@st.composite
def pads(draw: st.DrawFn) -> tuple[Pad, Shape]:
    axes = draw(st.integers(1, 3))
    x = Shape((1, 2, *draw(st.tuples(*[st.integers(1, 4)] * axes))))
    mode: Any = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    entries: Any = draw(margins | st.tuples(*[margins | st.tuples(margins, margins)] * axes))
    return Pad(margins=entries, mode=mode, value=draw(st.sampled_from([0.0, 2.5])) if mode == "constant" else 0.0), x


@random_uses
@given(pads())
def test_pad_agrees_with_torch(use: tuple[Pad, Shape]) -> None:
    agrees_with_torch(*use)


@random_uses
@given(
    st.sampled_from(["nearest", "linear", "bilinear", "bicubic", "trilinear"]),
    st.integers(1, 3),
    st.booleans(),
    st.integers(1, 3),
    st.booleans(),
)
def test_upsample_agrees_with_torch(mode: Any, scale: int, is_alike: bool, axes: int, align_corners: bool) -> None:
    factors = scale if is_alike else tuple(scale + axis for axis in range(axes))
    op = Upsample(scale=factors, mode=mode, align_corners=align_corners)
    if mode == "nearest" and align_corners:
        with pytest.raises(ShapeError, match="aligns corners"):
            op.infer(Shape.of(1, 2, *range(2, 2 + axes)))
    else:
        agrees_with_torch(op, Shape.of(1, 2, *range(2, 2 + axes)))


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (
            Reshape(sizes=(B, 3, 4)),
            [B, 10],
            "needs as many elements as the input has, but [B, 3, 4] has 12*B and [B, 10] has 10*B",
        ),
        (Permute(axes=(0, 2)), [2, 3, 4], "puts 2 axes in order, but the input has 3 axes"),
        (Permute(axes=(0, 2, -1)), [2, 3, 4], "has axis 2 twice"),
        (Select(axis=1, index=3), [2, 3, 4], "takes position 3, but axis 1 of the input has only 3"),
        (Slice(axis=1, end=5), [2, 3], "has its end at 5, but axis 1 of the input has only 3"),
        (Slice(axis=0, start=-3), [2], "has its start at -3, but axis 0 of the input has only 2"),
        (
            Slice(axis=1, start=2, end=-1),
            [2, 3],
            "takes nothing: it starts at position 2 and ends before position 2 of axis 1",
        ),
        (Split(parts=3), [2, 8], "cuts into 3 equal parts, but 3 does not divide axis 1 of the input: 8"),
        (Split(parts=(2, C)), [2, C], "has parts of [2, C], which add up to C + 2, but axis 1 of the input has C"),
        (
            Pad(margins=4, mode="reflect"),
            [1, 1, 4],
            "pads axis 2 by 4, but `reflect` can pad an axis of 4 by 3 at most",
        ),
        (
            Pad(margins=1, mode="circular", value=1.0),
            [1, 1, 4],
            "has a value of 1.0, which the mode `circular` does not use",
        ),
        (
            Upsample(scale=2, mode="bilinear"),
            [1, 1, 4],
            "interpolates `bilinear`, which needs 2 axes of space, but the input has 1",
        ),
        (
            Broadcast(sizes=(2, 4)),
            [2, 3],
            "repeats axis 1 of the input, which has 3, to 4, but only an axis of 1 can be repeated",
        ),
        (Broadcast(sizes=(4,)), [2, 4], "has sizes for 1 axis, but the input has 2 axes"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_arithmetic_and_a_cure(op: Op, shape: list[Size], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(Shape(tuple(shape)))
    assert refusal.value.message == message
    assert refusal.value.help
    assert refusal.value.setting in op.settings()


def test_open_sizes_are_refused_only_where_every_number_would_be() -> None:
    assert Reshape(sizes=(B, 2, 32)).infer(Shape.of(B, C, H)) == Shape.of(B, 2, 32)
    assert Split(parts=3).infer(Shape.of(B, C)) == (Shape.of(B, C // 3),) * 3
    assert Split(parts=(C, 2 * C)).infer(Shape.of(B, 3 * C)) == (Shape.of(B, C), Shape.of(B, 2 * C))
    assert Select(axis=1, index=7).infer(Shape.of(B, T)) == Shape.of(B)
    assert Select(axis=1, index=T - 1).infer(Shape.of(B, T)) == Shape.of(B)
    assert Slice(axis=1, start=1).infer(Shape.of(B, T)) == Shape.of(B, T - 1)
    assert Slice(axis=1, end=-2, step=2).infer(Shape.of(B, T)) == Shape.of(B, (T - 1) // 2)
    assert Slice(axis=1, start=T // 2).infer(Shape.of(B, T)) == Shape.of(B, T - T // 2)
    with pytest.raises(ShapeError):
        Slice(axis=1, end=T + 1).infer(Shape.of(B, T))
    with pytest.raises(ShapeError):
        Split(parts=2).infer(Shape.of(B, 2 * C + 1))


@pytest.mark.parametrize(
    ("op", "shape", "source"),
    [
        (Reshape(sizes=(2, 8)), [2, 2, 4], "x0.reshape(2, 8)"),
        (Reshape(sizes=(B, T // 2, 2 * C)), [B, T, C], "x0.reshape(B, T // 2, 2 * C)"),
        (Reshape(sizes=(B * T, C)), [B, T, C], "x0.reshape(B * T, C)"),
        (Reshape(sizes=()), [1], "x0.reshape(())"),
        (Broadcast(sizes=(B, 8)), [1, 8], "x0.expand(B, 8)"),
        (Permute(axes=(0, 2, 1)), [2, 3, 4], "x0.permute(0, 2, 1)"),
        (Select(axis=0, index=2), [5], "x0[2]"),
        (Select(axis=1, index=-1), [2, 3, 4], "x0[:, -1]"),
        (Select(axis=-1, index=0), [2, 3, 4], "x0[..., 0]"),
        (Select(axis=-2, index=0), [2, 3, 4], "x0[..., 0, :]"),
        (Slice(axis=1, start=1), [2, 3], "x0[:, 1:]"),
        (Slice(axis=1, end=-1), [2, 3], "x0[:, :-1]"),
        (Slice(axis=0, start=1, end=7, step=2), [8], "x0[1:7:2]"),
        (Slice(axis=-1, step=2), [2, 8], "x0[..., ::2]"),
        (Slice(axis=1, end=T - 1), [B, T], "x0[:, : T - 1]"),
        (Slice(axis=1, start=T // 2), [B, T], "x0[:, T // 2 :]"),
        (Slice(axis=0, start=T // 2, step=2), [T], "x0[T // 2 :: 2]"),
        (Slice(axis=0, start=1, end=T - 1, step=3), [T], "x0[1 : T - 1 : 3]"),
        (Slice(axis=0, end=T), [T], "x0[:T]"),
        (Split(parts=3), [2, 6], "x0.chunk(3, dim=1)"),
        (Split(parts=(1, C), axis=-1), [2, C + 1], "x0.split_with_sizes((1, C), dim=-1)"),
        (Pad(margins=1), [1, 1, 4, 4], "nn.ZeroPad2d(1)"),
        (Pad(margins=((1, 2), (3, 4)), value=-1.0), [1, 1, 4, 4], "nn.ConstantPad2d((3, 4, 1, 2), -1.0)"),
        (Pad(margins=(1, 2), mode="reflect"), [1, 1, 4, 4], "nn.ReflectionPad2d((2, 2, 1, 1))"),
        (Upsample(scale=2), [1, 1, 4, 4], "nn.Upsample(scale_factor=2)"),
        (
            Upsample(scale=(2, 3), mode="bilinear"),
            [1, 1, 4, 4],
            "nn.Upsample(scale_factor=(2, 3), mode='bilinear', align_corners=False)".replace("'", '"'),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, shape: list[Size], source: str) -> None:
    found = lower(op, Shape(tuple(shape)))
    variables = {name: Variable(name) for name in "BCHT"}
    assert (source_of(found, 1, variables) if isinstance(found, Inline) else str(found)) == source


def test_open_sizes_are_printed_as_what_they_are_when_the_model_runs() -> None:
    x = Shape.of(B, T, 3 * H)
    found = lower(Reshape(sizes=(B * T, 3, H)), x)
    assert isinstance(found, Inline)
    assert found.open_names == ("B", "T", "H")
    known = sizes_of([x], ["x"])
    assert {name: printed(value) for name, value in known.items()} == {"B": "x.shape[0]", "T": "x.shape[1]"}
    with pytest.raises(KeyError):
        found.over([Variable("x")], known)
    value = found.over([Variable("x")], known | {"H": Variable("height")})
    assert printed(value) == "x.reshape(x.shape[0] * x.shape[1], 3, height)"


@random_uses
@given(st.lists(st.tuples(st.sampled_from("+-*/%"), st.integers(-4, 9)), max_size=6), st.data())
def test_a_size_is_printed_as_source_that_calculates_it(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    size: Size = B
    for symbol, number in steps:
        other = data.draw(st.sampled_from([number, T, C + number, T // 2]))
        if symbol == "+":
            size = size + other
        elif symbol == "-":
            size = size - other
        elif symbol == "*":
            size = size * other
        elif symbol == "/" and number > 0:
            size = size // number
        elif number > 0:
            size = size % number
    numbers = {"B": 5, "C": 7, "T": 4}
    source = printed(size_expression(size, {name: Variable(name) for name in numbers}))
    assert eval(source, dict(numbers)) == evaluate(size, numbers)  # noqa: S307  # Printed by us.


def test_positions_are_those_that_the_manual_names() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    assert result(Select(axis=1, index=-1), x).equal(torch.stack((x[0, 2], x[1, 2])))
    assert result(Slice(axis=2, start=1, end=-1), x)[0, 0].tolist() == [1, 2]
    assert result(Slice(axis=2, start=1, step=2), x)[1, 2].tolist() == [21, 23]
    assert [part.tolist() for part in results(Split(parts=(1, 3), axis=2), x[:1, :1])] == [[[[0]]], [[[1, 2, 3]]]]
    assert result(Permute(axes=(2, 0, 1)), x)[3, 1, 2] == x[1, 2, 3]
    assert result(Reshape(sizes=(6, 4)), x)[5].tolist() == [20, 21, 22, 23]
    assert result(Broadcast(sizes=(2, 2, 3, 4)), x)[1].equal(x)


def test_padding_is_what_its_manual_says() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0]]])
    expected = {
        "constant": [9, 9, 1, 2, 3, 9],
        "reflect": [3, 2, 1, 2, 3, 2],
        "replicate": [1, 1, 1, 2, 3, 3],
        "circular": [2, 3, 1, 2, 3, 1],
    }
    for mode, padded in expected.items():
        op = Pad(margins=((2, 1),), mode=mode, value=9.0 if mode == "constant" else 0.0)  # type: ignore[arg-type]
        assert result(op, x)[0, 0].tolist() == padded, mode
    image = torch.randn(1, 2, 3, 4)
    assert result(Pad(margins=((1, 2), (3, 4))), image).equal(F.pad(image, (3, 4, 1, 2)))


def test_upsampling_is_what_its_manual_says() -> None:
    x = torch.tensor([[[0.0, 3.0]]])
    assert result(Upsample(scale=2), x)[0, 0].tolist() == [0, 0, 3, 3]
    assert result(Upsample(scale=2, mode="linear", align_corners=True), x)[0, 0].tolist() == pytest.approx([0, 1, 2, 3])
    # Four cells where there were two: their centres are at -1/4, 1/4, 3/4 and 5/4 of the way.
    assert result(Upsample(scale=2, mode="linear"), x)[0, 0].tolist() == pytest.approx([0, 0.75, 2.25, 3])
