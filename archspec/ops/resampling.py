"""Axes of space made longer or shorter: positions calculated anew from those around them."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Annotated, Final, Literal, TypeAlias, cast, final

from pydantic import Field

from archspec.expression import written
from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import counted
from archspec.ops.window import per_axis, seen_by_means, sizes_wanted, space
from archspec.setting import Flag, OptionalCountPerAxis, Says
from archspec.shape import Shape
from archspec.sight import EVERYTHING, MOST_PARTS, Sight, Sights, Sliding, along, pointwise
from archspec.size import LARGEST, Size, below

_SPACE_OF: Final = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""The ways to interpolate that are for one number of axes of space only. It is they that can align corners."""

_FINEST: Final = 2**16
"""The denominator of the finest fraction that an open size is scaled by."""

_Factor: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST)] | Annotated[float, Field(gt=0, allow_inf_nan=False)]

Mode: TypeAlias = Literal["nearest", "nearest_exact", "linear", "bilinear", "bicubic", "trilinear", "area"]


@final
class Upsample(Op):
    """Each axis of space made longer, or shorter, by a factor; what comes between the values is interpolated.

    The values stand for equal cells, and are thought of at their centres: position `i` of the output lies at
    `(i + 0.5)/scale - 0.5` of the input. `linear`, `bilinear` and `trilinear` interpolate linearly between the values
    around it, along one, two or three axes of space, and `bicubic` with cubic polynomials along two; beyond the ends
    the outermost value goes on. With `align_corners: true` the first and the last value stay where they are instead:
    position `i` of `m` lies at `i*(n - 1)/(m - 1)` on an axis of size `n`.

    `nearest` takes the value at `floor(i/scale)`, which repeats each value where the scale is whole; `nearest_exact`
    takes the one at `floor((i + 0.5)/scale)`, whose centre is the nearest. `area` is the mean of the values from
    `floor(i*n/m)` to just before `ceil((i + 1)*n/m)`.

    A scale may be a fraction, such as 1.5 or 0.25. On an axis whose size is open it must be an exact one, as these are
    and 0.1 is not, since its denominator is no power of two; `resize` makes any size.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor(scale*n)`.
    Source: `torch.nn.Upsample`; Keys, "Cubic convolution interpolation for digital image processing", 1981, for
    `bicubic`, with -0.75 as the free parameter.
    """

    name = "upsample"
    family = Family.RESHAPING

    scale: Annotated[
        _Factor | Annotated[tuple[_Factor, ...], Field(min_length=1)],
        Says("a number above 0, or a list of them with one for each axis"),
    ] = Field(description="factor of the size of each axis of space")
    mode: Mode = Field("nearest", description="how values are interpolated")
    align_corners: Flag = Field(False, description="whether the outermost values stay at the ends of each axis")

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        factors = per_axis(self.scale, len(sizes), "scale")
        _check_mode(self.mode, self.align_corners, len(sizes))
        return x.with_sizes((*x[:2], *(_scaled(*each) for each in zip(range(2, x.rank), sizes, factors, strict=True))))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        factors, sizes = per_axis(self.scale, x.rank - 2, "scale"), self.infer(x)[2:]
        axes = zip(range(2, x.rank), space(x), sizes, map(Fraction, factors), strict=True)
        return ((*pointwise(2), *(_interpolated(*each, self.mode, self.align_corners) for each in axes)),)

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,)) if self.mode == "area" else NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(scale=2), [2, 3, 4, 5]),
            Example.of(cls(scale=(2, 1, 3)), [2, 3, 4, 5, 2]),
            Example.of(cls(scale=3, mode="linear"), [2, 3, 4]),
            Example.of(cls(scale=(2, 3), mode="bilinear", align_corners=True), [2, 3, 4, 5]),
            Example.of(cls(scale=2, mode="bicubic"), [2, 3, 4, 5]),
            Example.of(cls(scale=2, mode="trilinear"), [2, 3, 2, 3, 2]),
            Example.of(cls(scale=(1.5, 0.5), mode="nearest_exact"), [2, 3, 4, 5]),
            Example.of(cls(scale=0.75, mode="area"), [2, 3, 4]),
        )


@final
class Resize(Op):
    """Each axis of space brought to a size, or to that of a second input, by interpolation.

    On an axis of size `n` that becomes `m`, position `i` of the output lies at `(i + 0.5)*n/m - 0.5` of the input;
    `nearest` takes the value at `floor(i*n/m)`, and `nearest_exact` the one at `floor((i + 0.5)*n/m)`. The other modes
    are those of `upsample`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`; with a second input,
    `[batch, channels, space...], [batch, channels, size...] -> [batch, channels, size...]`.
    Source: `torch.nn.Upsample` with a size, and `torch.nn.functional.interpolate`.
    """

    name = "resize"
    family = Family.RESHAPING

    size: OptionalCountPerAxis = Field(
        None, description="size of each axis of space of the output; that of the second input where left out"
    )
    mode: Mode = Field("nearest", description="how values are interpolated")
    align_corners: Flag = Field(False, description="whether the outermost values stay at the ends of each axis")

    def infer(self, x: Shape, like: Shape | None = None) -> Shape:
        sizes = sizes_wanted(self.size, x, like, "is given no `size`, and no second input to be brought to the size of")
        _check_mode(self.mode, self.align_corners, len(sizes))
        return x.with_sizes((*x[:2], *sizes))

    def sees(self, x: Shape, like: Shape | None = None) -> tuple[Sights, ...]:
        axes = zip(range(2, x.rank), space(x), self.infer(x, like)[2:], strict=True)
        seen = (*pointwise(2), *(_resized(*each, self.mode, self.align_corners) for each in axes))
        return (seen,) if like is None else (seen, None)

    def kept(self, x: Shape, like: Shape | None = None) -> Kept:
        return Kept(inputs=(0,)) if self.mode == "area" else NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=7), [2, 3, 4, 5]),
            Example.of(cls(size=(3, 8), mode="bilinear"), [2, 3, 4, 5]),
            Example.of(cls(size=2, mode="area"), [2, 3, 4, 5, 3]),
            Example.of(cls(mode="bicubic", align_corners=True), [2, 3, 4, 5], [2, 1, 9, 8]),
            Example.of(cls(), [2, 3, 4], [2, 5, 9]),
        )


def _resized(axis: int, size: Size, wanted: Size, mode: Mode, align_corners: bool) -> Sight:
    """What a position sees of an axis that is brought to a size."""
    if size == wanted:
        return along(axis)
    if not isinstance(size, int) or not isinstance(wanted, int):
        return EVERYTHING
    return _interpolated(axis, size, wanted, Fraction(wanted, size), mode, align_corners)


def _interpolated(axis: int, size: Size, wanted: Size, scale: Fraction, mode: Mode, align_corners: bool) -> Sight:
    """What a position sees of an axis that is interpolated; the values that have a share in it."""
    if mode == "area":
        return seen_by_means(axis, size, wanted)
    if align_corners:
        if not isinstance(size, int) or not isinstance(wanted, int):
            return EVERYTHING
        step = Fraction(size - 1, max(wanted - 1, 1))
        parts, stride = wanted, size
    else:
        step = 1 / scale
        parts, stride = scale.numerator, scale.denominator
        if isinstance(wanted, int) and wanted < parts:
            parts, stride = wanted, cast("int", size)
    if parts > MOST_PARTS:
        return EVERYTHING
    return Sliding(axis, tuple(_span(place * step, step, mode, align_corners) for place in range(parts)), stride)


def _span(start: Fraction, step: Fraction, mode: Mode, align_corners: bool) -> tuple[int, int]:
    """The first and the last position that are interpolated where a cell of the output starts, and is so wide."""
    if mode in ("nearest", "nearest_exact"):
        nearest = floor(start if mode == "nearest" else start + step / 2)
        return nearest, nearest
    place = start if align_corners else start + step / 2 - Fraction(1, 2)
    reach = 1 if mode == "bicubic" else 0
    return (floor(place) - reach, floor(place) + 1 + reach) if place.denominator > 1 else (int(place), int(place))


def _check_mode(mode: Mode, align_corners: bool, axes: int) -> None:
    if mode in _SPACE_OF and _SPACE_OF[mode] != axes:
        fitting = [other for other, others in _SPACE_OF.items() if others == axes]
        raise ShapeError(
            f"interpolates `{mode}`, which needs {counted(_SPACE_OF[mode])} of space, but the input has {axes}",
            setting="mode",
            help=f"use `{fitting[0]}`, or `nearest`",
        )
    if mode not in _SPACE_OF and align_corners:
        raise ShapeError(
            f"aligns corners, which `{mode}` cannot do",
            setting="align_corners",
            help="leave out `align_corners`, or use another `mode`",
        )


def _scaled(axis: int, size: Size, factor: int | float) -> Size:
    """The size of an axis after it has been scaled."""
    factor = int(factor) if isinstance(factor, float) and factor.is_integer() else factor
    if isinstance(factor, int):
        return size * factor
    if isinstance(size, int):
        # Torch calculates with numbers of so many digits as well.
        scaled: Size = floor(size * factor)
    else:
        numerator, denominator = factor.as_integer_ratio()
        if denominator > _FINEST:
            raise ShapeError(
                f"has a scale of {written(factor)}, which is no exact fraction, and axis {axis} of the input has an "
                f"open size, {size}, so that nobody can say what it is rounded to",
                setting="scale",
                help="use a scale such as 0.5 or 1.25, or `resize`",
            )
        scaled = size * numerator // denominator
    if below(scaled, 1):
        raise ShapeError(
            f"leaves nothing of axis {axis}: floor({written(factor)}*{size}) = 0",
            setting="scale",
            help="use a larger `scale`",
        )
    return scaled
