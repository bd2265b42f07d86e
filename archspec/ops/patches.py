"""Patches of an image, and an image of patches."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archspec.expression import written
from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.window import Window, output_sizes, per_axis, windows_of
from archspec.setting import (
    CountPerAxis,
    NonNegativePerAxis,
    PositivePerAxis,
)
from archspec.shape import Shape
from archspec.size import below, differs


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
