"""Axes of space made longer or shorter: positions added, cut off, or calculated anew from those around them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Annotated, Any, Final, Literal, TypeAlias, cast, final

from pydantic import Field

from archspec.expression import written
from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of, axis_of, counted
from archspec.ops.window import ends, per_axis, seen_by_means, space
from archspec.setting import Axes, Flag, Margin, Margins, Number, OptionalCountPerAxis, Says
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, MOST_PARTS, Sight, Sights, Sliding, along, pointwise
from archspec.size import LARGEST, Size, below

Ends: TypeAlias = tuple[tuple[Size, Size], ...]
"""For each of some axes, how many positions there are to be more or fewer before and after."""

_MARGINS: Final = Says(
    "a whole number of at least 0, or a list with one entry for each axis of space, "
    "a number or a pair `[before, after]`"
)
_Margins: TypeAlias = Annotated[Margin | Margins, _MARGINS]
_OptionalMargins: TypeAlias = Annotated[Margin | Margins | None, _MARGINS]
_OptionalAxes: TypeAlias = Annotated[Annotated[Axes, Field(min_length=1)] | None, Says("a list of whole numbers")]


@final
class Pad(Op):
    """Positions added at the ends of each axis of space.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `before + n + after`.
    Source: `torch.nn.functional.pad`.

    `margins` is one number for both ends of all axes of space, or a list with one entry for each; in that list, a pair
    `[before, after]` pads the two ends of an axis differently. They are filled with `value`; with the mirror image of
    the input (`reflect`, which leaves out the outermost position, so that each margin must be below the size); with the
    outermost value (`replicate`); or with what stands at the other end (`circular`).

    With `axes`, it is these that are padded, and the margins are for them, in their order: `pad([[1, 0]], axes=[1])`
    puts one position before each sequence of `[batch, time, ...]`. Any axes can be padded with a `value`. In the other
    modes the first of them must be axis 1 or 2, with at most two axes behind it.
    """

    name = "pad"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    margins: _Margins = Field(description="positions that are added at the ends of each axis of space")
    mode: Literal["constant", "reflect", "replicate", "circular"] = Field(
        "constant", description="what the margins are filled with"
    )
    value: Number = Field(0.0, description="what they are filled with where the mode is `constant`")
    axes: _OptionalAxes = Field(
        None, description="axes that are padded, from 0, negative ones from the last; those of space where left out"
    )

    def infer(self, x: Shape) -> Shape:
        padded = self.padded(x)
        self._check_value(x)
        if self.mode != "constant":
            self._check_places(x, tuple(padded))
        sizes = list(x.sizes)
        for axis, margins in padded.items():
            if self.mode in ("reflect", "circular"):
                self._check_length(axis, x[axis], margins)
            sizes[axis] = margins[0] + x[axis] + margins[1]
        return x.with_sizes(sizes)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        padded = self.padded(x)
        # A mirror image, or what comes round from the other end, is taken to be where it is put, like any padding.
        return (tuple(along(axis, -padded[axis][0]) if axis in padded else along(axis) for axis in range(x.rank)),)

    def padded(self, x: Shape) -> dict[int, tuple[Size, Size]]:
        """What is added before and after each axis, by its number."""
        if self.axes is None:
            return dict(enumerate(ends(self.margins, len(space(x)), "margins"), start=2))
        axes = tuple(axis_of(x, axis, "axes") for axis in self.axes)
        axes_of(x, axes)  # It refuses those that are there twice.
        if isinstance(self.margins, tuple) and len(self.margins) != len(axes):
            raise ShapeError(
                f"has a list of {len(self.margins)} for `margins`, but pads {counted(len(axes))}",
                setting="margins",
                help=f"write one number, or a list of {len(axes)}",
            )
        return dict(zip(axes, ends(self.margins, len(axes), "margins"), strict=True))

    def _check_value(self, x: Shape) -> None:
        if self.mode != "constant" and self.value != 0:
            raise ShapeError(
                f"has a value of {self.value}, which the mode `{self.mode}` does not use",
                setting="value",
                help="leave out the `value`, or use the mode `constant`",
            )
        if x.element is Element.INT and not self.value.is_integer():
            raise ShapeError(
                f"fills whole numbers up with {self.value}", setting="value", help="use a whole number as `value`"
            )
        if x.element is Element.BOOL and self.value not in (0, 1):
            raise ShapeError(
                f"fills flags up with {self.value}", setting="value", help="use a `value` of 0 or 1, which is true"
            )

    def _check_places(self, x: Shape, axes: Sequence[int]) -> None:
        """Refuse axes that torch fills with a number alone: what the input has goes on along its last three at most."""
        if x.element is Element.BOOL:
            raise ShapeError(
                f"fills flags up in the mode `{self.mode}`, which is for numbers",
                setting="mode",
                help="use the mode `constant`",
            )
        first = min(axes)
        if first == 0 or first > 2 or x.rank - first > 3:
            raise ShapeError(
                f"pads axis {first} of {counted(x.rank)} in the mode `{self.mode}`, which works on at most three axes, "
                "the last ones, from axis 1 or 2 on",
                setting="mode",
                help="use the mode `constant`",
            )

    def _check_length(self, axis: int, size: Size, margins: tuple[Size, Size]) -> None:
        # A mirror image leaves out the outermost position, and a turn around the axis goes round at most once.
        most = size - 1 if self.mode == "reflect" else size
        for margin in margins:
            if below(most, margin):
                raise ShapeError(
                    f"pads axis {axis} by {margin}, but `{self.mode}` can pad an axis of {size} by {most} at most",
                    setting="mode",
                    help="use smaller `margins`, or another `mode`, such as `replicate`",
                )

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,)) if self.mode in ("reflect", "replicate") else NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(margins=1), [2, 3, 5, 5]),
            Example.of(cls(margins=(2, (0, 1)), value=-1.0), [2, 3, 5, 4]),
            Example.of(cls(margins=((2, 0),), mode="reflect"), [2, 3, 5]),
            Example.of(cls(margins=(1, 0, (1, 2)), mode="replicate"), [2, 3, 3, 4, 5]),
            Example.of(cls(margins=2, mode="circular"), [2, 3, 5, 4]),
            Example.of(cls(margins=((1, 0),), value=7, axes=(1,)), [2, 5], element=Element.INT),
            Example.of(cls(margins=(1, (0, 2)), mode="circular", axes=(-1, 1)), [2, 5, 3]),
        )


@final
class Crop(Op):
    """Positions cut off at the ends of each axis of space: down to a size, by margins, or to the size of another value.

    With `size`, or with a second input whose axes of space have the size that is wanted, what lies in the middle is
    kept; where that cannot be exactly the middle, one position more is cut off at the end. With `margins`, so many
    positions are cut off at each end: one number for both ends of all axes of space, or a list with one entry for each,
    a number or a pair `[before, after]`. Exactly one of the three is given.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]` with `size`; with a second input,
    `[batch, channels, space...], [batch, channels, size...] -> [batch, channels, size...]`; with `margins`, each axis
    of space of size `n` becomes `n - before - after`.
    Source: the crops of Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", 2015;
    `torch.narrow`.
    """

    name = "crop"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    size: OptionalCountPerAxis = Field(None, description="size of each axis of space of the output")
    margins: _OptionalMargins = Field(None, description="positions that are cut off at the ends of each axis of space")

    def infer(self, x: Shape, like: Shape | None = None) -> Shape:
        kept = (size - before - after for size, (before, after) in zip(space(x), self.cut(x, like), strict=True))
        return x.with_sizes((*x[:2], *kept))

    def sees(self, x: Shape, like: Shape | None = None) -> tuple[Sights, ...]:
        cut = enumerate(self.cut(x, like), start=2)
        seen = (*pointwise(2), *(along(axis, before) for axis, (before, _) in cut))
        return (seen,) if like is None else (seen, None)

    def cut(self, x: Shape, like: Shape | None = None) -> Ends:
        """What is cut off before and after each axis of space."""
        sizes = space(x)
        if self.margins is None:
            wanted = _wanted(self.size, x, like, "is given no `size`, no `margins` and no second input to be cut to")
            for axis, (size, kept) in enumerate(zip(sizes, wanted, strict=True), start=2):
                if below(size, kept):
                    raise ShapeError(
                        f"keeps {kept} positions of axis {axis}, but the input has only {size}",
                        setting=None if self.size is None else "size",
                        help="`pad` adds positions, and `resize` interpolates",
                    )
            spare = [size - kept for size, kept in zip(sizes, wanted, strict=True)]
            return tuple((each // 2, each - each // 2) for each in spare)
        if self.size is not None or like is not None:
            raise ShapeError(
                f"has `margins` and also {'a `size`' if self.size is not None else 'a second input'}",
                setting="margins",
                help="keep one of them",
            )
        cut = ends(self.margins, len(sizes), "margins")
        for axis, (size, (before, after)) in enumerate(zip(sizes, cut, strict=True), start=2):
            if below(size, before + after + 1):
                raise ShapeError(
                    f"cuts {before} + {after} positions off axis {axis}, but the input has only {size}",
                    setting="margins",
                    help="use smaller `margins`",
                )
        return cut

    def kept(self, x: Shape, like: Shape | None = None) -> Kept:
        return view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=3), [2, 4, 6, 5]),
            Example.of(cls(size=(2, 5, 1)), [2, 4, 6, 5, 3]),
            Example.of(cls(margins=1), [2, 4, 6, 5], element=Element.INT),
            Example.of(cls(margins=((2, 0), 1)), [2, 4, 6, 5]),
            Example.of(cls(), [2, 4, 9, 8], [2, 3, 4, 5]),
        )


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
        sizes = _wanted(self.size, x, like, "is given no `size`, and no second input to be brought to the size of")
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


def _wanted(size: Any, x: Shape, like: Shape | None, nothing: str) -> tuple[Size, ...]:
    """The size of each axis of space that a setting, or a second input, asks for."""
    sizes = space(x)
    if like is None:
        if size is None:
            raise ShapeError(nothing, setting="size", help="give it a `size`, or a second input: `(x, y) -> ...`")
        return per_axis(size, len(sizes), "size")
    if size is not None:
        raise ShapeError("has a `size` and also a second input", setting="size", help="keep one of them")
    if like.rank != x.rank:
        raise ShapeError(
            f"needs equally many axes in each input, but one has {counted(x.rank)} and one {counted(like.rank)}"
        )
    return like[2:]


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
