"""Values in another order, or several times: turned around, pushed on, repeated, shuffled, and cut into patches."""

from __future__ import annotations

from math import prod
from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.expression import written
from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of, axis_of, counted
from archspec.ops.axes import AxisOrAxes
from archspec.ops.window import Window, output_sizes, per_axis, windows_of
from archspec.setting import (
    Count,
    CountPerAxis,
    Counts,
    NonNegativePerAxis,
    Place,
    Positive,
    PositivePerAxis,
    Says,
    Whole,
)
from archspec.shape import Element, Shape
from archspec.sight import MOST_PARTS, Sight, Sights, Sliding, Somewhere, along, everywhere
from archspec.size import Size, below, differs


@final
class Flip(Op):
    """The values in reverse order along an axis, or along several: `y[i] = x[n - 1 - i]`.

    Shapes: `[...] -> [...]`.
    Source: `torch.flip`.
    """

    name = "flip"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    axes: AxisOrAxes = Field(description="axis or axes, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axes_of(x, self.axes)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        turned = axes_of(x, self.axes)
        return (
            tuple(
                Sliding(axis, ((size - 1, size - 1),), -1) if axis in turned else along(axis)
                for axis, size in enumerate(x)
            ),
        )

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=1), [2, 5, 3]),
            Example.of(cls(axes=(-1, 1)), [2, 3, 4], element=Element.INT),
        )


_Shifts: TypeAlias = Annotated[
    Place | Annotated[tuple[Place, ...], Field(min_length=1)], Says("a whole number, or a list of them")
]


@final
class Roll(Op):
    """The values pushed on along an axis, or along several; what leaves one end comes in at the other.

    `y[(i + shift) mod n] = x[i]` on an axis of size `n`; a negative shift pushes the other way.

    Shapes: `[...] -> [...]`.
    Source: `torch.roll`; the shifted windows of Liu et al., "Swin Transformer: hierarchical vision transformer using
    shifted windows", 2021.
    """

    name = "roll"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    shifts: _Shifts = Field(description="positions that the values move by, for each of the axes")
    axes: AxisOrAxes = Field(description="axis or axes, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        shifts = self.shifts if isinstance(self.shifts, tuple) else (self.shifts,)
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes,)
        if len(shifts) != len(axes):
            raise ShapeError(
                f"has {len(shifts)} {'shift' if len(shifts) == 1 else 'shifts'} for {counted(len(axes))}",
                setting="shifts",
                help="give as many shifts as axes",
            )
        # Along the same axis it may move twice.
        for axis in axes:
            axis_of(x, axis, "axes")
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axes = self.axes if isinstance(self.axes, tuple) else (self.axes,)
        rolled = [axis_of(x, axis, "axes") for axis in axes] if x.rank else []
        return (tuple(Somewhere(axis, 1) if axis in rolled else along(axis) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(shifts=1, axes=1), [2, 5]),
            Example.of(cls(shifts=(-2, 3), axes=(1, -1)), [2, 5, 4, 3], element=Element.INT),
        )


@final
class Tile(Op):
    """The whole value several times over along each axis, one copy behind the other: `y[i] = x[i mod n]`.

    The numbers of repeats are laid over the axes from the last on. Where there are more of them than axes, the value
    gets new axes in front; axes for which there is none stay as they are.

    Shapes: `[a, b] -> [2*a, 3*b]` with `repeats: [2, 3]`.
    Source: `torch.tile`.
    """

    name = "tile"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    repeats: Counts = Field(description="how many copies there are along each axis; 1 leaves an axis as it is")

    def infer(self, x: Shape) -> Shape:
        rank = max(x.rank, len(self.repeats))
        sizes = (*[1] * (rank - x.rank), *x)
        repeats = (*[1] * (rank - len(self.repeats)), *self.repeats)
        return x.with_sizes(size * times for size, times in zip(sizes, repeats, strict=True))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        new = max(len(self.repeats) - x.rank, 0)
        repeats = (*[1] * (x.rank - len(self.repeats)), *self.repeats[new:])
        return (
            tuple(along(axis + new) if times == 1 else Somewhere(axis + new, 1) for axis, times in enumerate(repeats)),
        )

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(repeats=(1, 2, 3)), [2, 3, 4]),
            Example.of(cls(repeats=(2,)), [2, 3], element=Element.INT),
            Example.of(cls(repeats=(3, 1, 2)), [4]),
        )


@final
class RepeatInterleave(Op):
    """Each position along an axis several times in a row: `y[i] = x[floor(i/repeats)]`.

    Shapes: `[batch, n, ...] -> [batch, repeats*n, ...]` by default.
    Source: `torch.repeat_interleave`; it gives each group of the queries its own copy of keys and values in Ainslie et
    al., "GQA: training generalized multi-query transformer models from multi-head checkpoints", 2023.
    """

    name = "repeat_interleave"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    repeats: Count = Field(description="how often each position is there")
    axis: Whole = Field(1, description="axis that becomes longer, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axis = axis_of(x, self.axis)
        return x.with_axis(axis, x[axis] * self.repeats)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        axis, repeats = axis_of(x, self.axis), self.repeats
        repeated: Sight = Somewhere(axis, 1)
        if isinstance(repeats, int) and repeats <= MOST_PARTS:
            repeated = Sliding(axis, ((0, 0),) * repeats, 1)
        return (tuple(repeated if each == axis else along(each) for each in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(repeats=3), [2, 4, 5]),
            Example.of(cls(repeats=2, axis=-1), [2, 3], element=Element.BOOL),
        )


@final
class ChannelShuffle(Op):
    """Channels put in turns, one of each group: `y[j*groups + g] = x[g*(channels/groups) + j]`.

    So a convolution in groups that follows sees channels of all groups of the one before.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`, with one or more axes of space.
    Source: Zhang et al., "ShuffleNet: an extremely efficient convolutional neural network for mobile devices", 2018;
    `torch.nn.ChannelShuffle`.
    """

    name = "channel_shuffle"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    groups: Positive = Field(description="groups that the channels are taken from in turns; must divide the channels")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 3:
            raise ShapeError(
                f"needs at least 3 axes, but the input has {x.rank}",
                help="the axes are `[batch, channels, space...]`, with one axis of space or more",
            )
        if differs(x[1] % self.groups, 0):
            raise ShapeError(
                f"has {self.groups} groups, but {self.groups} does not divide the channels of the input: {x[1]}",
                setting="groups",
                help="use a number that divides them",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (tuple(Somewhere(axis, 1) if axis == 1 else along(axis) for axis in range(x.rank)),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(groups=3), [2, 12, 4, 4]),
            Example.of(cls(groups=2), [2, 4, 5], element=Element.INT),
        )


@final
class PixelShuffle(Op):
    """Channels become space: each position becomes a square of `factor` by `factor` positions.

    `y[c, h*factor + i, w*factor + j] = x[c*factor**2 + i*factor + j, h, w]` for `i` and `j` below the factor.

    Shapes: `[batch, factor**2 * channels, height, width] -> [batch, channels, factor*height, factor*width]`. There may
    be more axes in front, which are batches too.
    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", 2016; `torch.nn.PixelShuffle`.
    """

    name = "pixel_shuffle"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    factor: Positive = Field(description="by how much the height and the width grow; its square divides the channels")

    def infer(self, x: Shape) -> Shape:
        *batch, channels, height, width = _image(x)
        square = self.factor**2
        if differs(channels % square, 0):
            raise ShapeError(
                f"makes squares of {self.factor}*{self.factor} positions out of channels, but {square} does not divide "
                f"the channels of the input: {channels}",
                setting="factor",
                help=f"use a number whose square divides {channels}",
            )
        return x.with_sizes((*batch, channels // square, height * self.factor, width * self.factor))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        *batch, height, width = range(x.rank)
        grown = (Sliding(axis, ((0, 0),) * self.factor, 1) for axis in (height, width))
        return ((*everywhere(len(batch), batch[-1]), *grown),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(factor=2), [2, 12, 3, 5]),
            Example.of(cls(factor=3), [2, 2, 9, 2, 1], element=Element.INT),
        )


@final
class PixelUnshuffle(Op):
    """Space becomes channels: each square of `factor` by `factor` positions becomes one; undoes `pixel_shuffle`.

    `y[c*factor**2 + i*factor + j, h, w] = x[c, h*factor + i, w*factor + j]` for `i` and `j` below the factor. It is
    also called space to depth.

    Shapes: `[batch, channels, factor*height, factor*width] -> [batch, factor**2 * channels, height, width]`. There may
    be more axes in front, which are batches too.
    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", 2016; `torch.nn.PixelUnshuffle`.
    """

    name = "pixel_unshuffle"
    family = Family.RESHAPING
    accepts = frozenset(Element)

    factor: Positive = Field(description="by how much the height and the width shrink; it divides both")

    def infer(self, x: Shape) -> Shape:
        *batch, channels, height, width = _image(x)
        for axis, size in ((x.rank - 2, height), (x.rank - 1, width)):
            if differs(size % self.factor, 0):
                raise ShapeError(
                    f"takes squares of {self.factor}*{self.factor} positions, but {self.factor} does not divide axis "
                    f"{axis} of the input: {size}",
                    setting="factor",
                    help="use a number that divides it, or `pad` or `crop` the input before",
                    axes=(axis,),
                )
        sizes = (channels * self.factor**2, height // self.factor, width // self.factor)
        return x.with_sizes((*batch, *sizes))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        # Each of the channels sees one position of the square.
        *batch, height, width = range(x.rank)
        shrunk = (Sliding(axis, ((0, self.factor - 1),), self.factor) for axis in (height, width))
        return ((*everywhere(len(batch), batch[-1]), *shrunk),)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(factor=2), [2, 3, 6, 4]),
            Example.of(cls(factor=3), [2, 2, 1, 6, 3], element=Element.BOOL),
        )


def _image(x: Shape) -> tuple[Size, ...]:
    """The sizes of an input that has a height and a width behind its channels."""
    if x.rank < 4:
        raise ShapeError(
            f"needs at least 4 axes, but the input has {x.rank}",
            help="the axes are `[batch, channels, height, width]`",
        )
    return x.sizes


@final
class Unfold(Op):
    """The patches that a window sees as it slides over an image, each as one column.

    Patch `l` is at the window's `l`-th place, of which those of one row come one after the other:
    `y[c*kh*kw + i*kw + j, l] = x[c, top(l) + i*dilation, left(l) + j*dilation]` for a kernel of `kh` by `kw`. The same
    places and settings are those of `conv`: a convolution is a matrix product with the patches.

    Shapes: `[batch, channels, height, width] -> [batch, channels*kernel*kernel, patches]`, where an axis of size `n`
    has `floor((n + 2*padding - dilation*(kernel - 1) - 1)/stride) + 1` places for a patch.
    Source: `torch.nn.Unfold`, also called im2col.
    """

    name = "unfold"
    family = Family.RESHAPING

    kernel: PositivePerAxis = Field(description="size of a patch along both axes of space, in positions")
    stride: PositivePerAxis = Field(1, description="positions that the window moves by")
    padding: NonNegativePerAxis = Field(0, description="zeros that are added at each end of both axes of space")
    dilation: PositivePerAxis = Field(1, description="distance between neighbouring positions of a patch; 1 is dense")

    def infer(self, x: Shape) -> Shape:
        if x.rank != 4:
            raise ShapeError(
                f"needs 4 axes, but the input has {x.rank}", help="the axes are `[batch, channels, height, width]`"
            )
        windows = self.windows()
        positions = output_sizes(x[2:], windows)
        return x.with_sizes((x[0], x[1] * prod(window.kernel for window in windows), prod(positions)))

    def windows(self) -> tuple[Window, ...]:
        """How the window moves along each of the two axes of space."""
        return windows_of(2, kernel=self.kernel, stride=self.stride, dilation=self.dilation, padding=self.padding)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=3), [2, 3, 5, 6]),
            Example.of(cls(kernel=(2, 3), stride=(1, 2), padding=(1, 0), dilation=(1, 2)), [2, 2, 4, 9]),
        )


@final
class Fold(Op):
    """Patches put back to where `unfold` with the same settings takes them from; where they overlap, they are added.

    Shapes: `[batch, channels*kernel*kernel, patches] -> [batch, channels, height, width]` with
    `size: [height, width]`, on which a window has to have as many places as there are patches.
    Source: `torch.nn.Fold`, also called col2im.
    """

    name = "fold"
    family = Family.RESHAPING

    size: CountPerAxis = Field(description="height and width of the output")
    kernel: PositivePerAxis = Field(description="size of a patch along both axes of space, in positions")
    stride: PositivePerAxis = Field(1, description="positions that the window moves by")
    padding: NonNegativePerAxis = Field(0, description="positions at each end of both axes of space that are left out")
    dilation: PositivePerAxis = Field(1, description="distance between neighbouring positions of a patch; 1 is dense")

    def infer(self, x: Shape) -> Shape:
        if x.rank != 3:
            raise ShapeError(
                f"needs 3 axes, but the input has {x.rank}",
                help="the axes are `[batch, channels*kernel*kernel, patches]`",
            )
        sizes, windows = per_axis(self.size, 2, "size"), self.windows()
        patch = prod(window.kernel for window in windows)
        if differs(x[1] % patch, 0):
            raise ShapeError(
                f"has patches of {'*'.join(str(window.kernel) for window in windows)} = {patch} positions, but {patch} "
                f"does not divide axis 1 of the input: {x[1]}",
                setting="kernel",
                help="use the `kernel` that the patches were made with",
            )
        for name, size, window in zip(("height", "width"), sizes, windows, strict=True):
            if below(window.room(size), 0):
                raise ShapeError(
                    f"has a kernel that covers {window.extent} positions, but the {name} of the output is only "
                    f"{window.padded(size)} with its padding",
                    setting="kernel",
                    help="use a smaller `kernel`, or a larger `size`",
                )
        places = [window.positions(size) for size, window in zip(sizes, windows, strict=True)]
        if differs(x[2], prod(places)):
            raise ShapeError(
                f"needs as many patches as there are places on {written(sizes)}, which are "
                f"{' * '.join(map(str, places))} = {prod(places)}, but axis 2 of the input has {x[2]}",
                setting="size",
                help="use the `size` and the other settings that the patches were made with",
            )
        return x.with_sizes((x[0], x[1] // patch, *sizes))

    def windows(self) -> tuple[Window, ...]:
        """How the window moves along each of the two axes of space."""
        return windows_of(2, kernel=self.kernel, stride=self.stride, dilation=self.dilation, padding=self.padding)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=4, kernel=2), [2, 12, 9]),
            Example.of(cls(size=(4, 9), kernel=(2, 3), stride=(1, 2), padding=(1, 0), dilation=(1, 2)), [2, 6, 15]),
        )
