"""Channels in another order, or as positions of an image."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import (
    Positive,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, Sliding, Somewhere, along, everywhere
from archspec.size import Size, differs


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
