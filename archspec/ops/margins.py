"""Positions added at the ends of axes, or cut off there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of, axis_of, counted
from archspec.ops.window import ends, sizes_wanted, space
from archspec.setting import Axes, Margin, Margins, Number, OptionalCountPerAxis, Says
from archspec.shape import Element, Shape
from archspec.sight import Sights, along, pointwise
from archspec.size import Size, below

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
            wanted = sizes_wanted(
                self.size, x, like, "is given no `size`, no `margins` and no second input to be cut to"
            )
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
