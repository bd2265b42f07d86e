"""Transposed convolutions."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.conv import check_groups
from archspec.ops.parametrisation import Parametrisation, computed, kept, starting, trained
from archspec.ops.window import (
    Window,
    per_axis,
    seen_by_transposed,
    space,
    transposed_sizes,
    windows_of,
)
from archspec.setting import Count, Flag, NonNegativePerAxis, Positive, PositivePerAxis
from archspec.shape import Shape
from archspec.sight import Sights
from archspec.size import Size


@final
class ConvTranspose(Op):
    """A transposed convolution, also called a deconvolution, over one, two or three axes of space.

    Each position of the input adds the kernel, times its value, to the output, `stride` positions further on than the
    position before it:

        y[o, p] = b[o] + sum of w[c, o, j] * x[c, i] over all c, i and j with i*stride + j*dilation - padding = p

    But for the bias it is, as a linear map, the transpose of `conv` with the same weight and settings, in which input
    and output have changed places; it does not bring back the values that `conv` was given. How many axes of space
    there are is taken from the input.

    Shapes: `[batch, in, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `(n - 1)*stride - 2*padding + dilation*(kernel - 1) + output_padding + 1`.
    Source: Zeiler et al., "Deconvolutional networks", 2010; the arithmetic is that of Dumoulin and Visin, "A guide to
    convolution arithmetic for deep learning", 2016, arXiv:1603.07285; `torch.nn.ConvTranspose2d`.

    `kernel`, `stride`, `padding`, `output_padding` and `dilation` are one number for all axes of space, or a list with
    one for each. The padding is that of the convolution of which this is the transpose, so here it takes positions away
    from both ends of the output.

    A convolution with a stride above 1 gives several sizes of its input the same output. `output_padding` says which:
    each axis of the output goes on for so many positions at its end, which are computed like all others. It must be
    smaller than the stride or the dilation.

    With `groups: g`, the channels of the input and of the output are cut into `g` groups, and each group of the output
    sees its own group of the input only; `g` must divide both.

    The weight has the shape `[in, channels/groups, kernel...]`; every position of the input costs as many multiply-adds
    as the weight has elements, even where the padding takes away what it adds to. `weight_norm` trains a length for
    each channel of the input, as torch does. For `spectral_norm` the weight is a matrix with a row for each channel of
    the output of a group; its largest singular value is followed by one step of the power iteration at each use in
    training.
    """

    name = "conv_transpose"
    family = Family.CONVOLUTION

    channels: Count = Field(description="channels of the output")
    kernel: PositivePerAxis = Field(description="size of the kernel along each axis of space, in positions")
    stride: PositivePerAxis = Field(1, description="positions of the output that the kernel moves by")
    padding: NonNegativePerAxis = Field(
        0, description="positions that are taken away at each end of each axis of space of the output"
    )
    output_padding: NonNegativePerAxis = Field(
        0, description="positions by which each axis of space of the output is longer at its end"
    )
    dilation: PositivePerAxis = Field(1, description="distance between neighbouring taps of the kernel; 1 is dense")
    groups: Positive = Field(1, description="groups of channels that do not see each other")
    bias: Flag = Field(True, description="whether a trained number is added to each channel")
    parametrisation: Parametrisation = "none"

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        check_groups(self.groups, x[1], self.channels)
        windows = self.windows(x)
        extra = self.output_paddings(x)
        self._check_output_paddings(extra)
        return x.with_sizes((x[0], self.channels, *transposed_sizes(sizes, windows, extra)))

    def calculation(self, axis: int, x: Shape) -> str:
        if axis < 2:
            return ""
        extra = self.output_paddings(x)[axis - 2]
        return self.windows(x)[axis - 2].transposed_calculation(x[axis]) + (f" + {extra}" if extra else "")

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_transposed(self.windows(x)),)

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the kernel moves along each axis of space of the output."""
        return windows_of(
            len(space(x)), kernel=self.kernel, stride=self.stride, dilation=self.dilation, padding=self.padding
        )

    def output_paddings(self, x: Shape) -> tuple[int, ...]:
        """The positions by which each axis of space of the output is longer at its end."""
        return per_axis(self.output_padding, len(space(x)), "output_padding")

    def weight_shape(self, x: Shape) -> Shape:
        """The shape of the kernels."""
        return Shape.of(x[1], self.channels // self.groups, *per_axis(self.kernel, x.rank - 2, "kernel"))

    def weights(self, x: Shape) -> dict[str, Shape]:
        weights = trained(self.weight_shape(x), self.parametrisation)
        return weights | {"bias": Shape.of(self.channels)} if self.bias else weights

    def starts(self, x: Shape) -> dict[str, Shape]:
        return starting(self.weights(x))

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return kept(self.weight_shape(x), self.parametrisation, rows=1)

    def macs(self, x: Shape) -> Size:
        return x[0] * prod(space(x)) * self.weight_shape(x).elements

    def _check_output_paddings(self, extra: tuple[int, ...]) -> None:
        axes = len(extra)
        strides = per_axis(self.stride, axes, "stride")
        dilations = per_axis(self.dilation, axes, "dilation")
        for more, stride, dilation in zip(extra, strides, dilations, strict=True):
            most = max(stride, dilation) - 1
            if more > most:
                raise ShapeError(
                    f"has an output padding of {more}, which is smaller neither than its stride of {stride} nor than "
                    f"its dilation of {dilation}",
                    setting="output_padding",
                    help=f"use an `output_padding` of at most {most}, or a larger `stride`",
                )

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=computed(self.weight_shape(x), self.parametrisation, rows=1))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(channels=3, kernel=4, stride=2, padding=1, bias=False), [2, 8, 16, 16]),
            Example.of(cls(channels=6, kernel=3, stride=2, padding=1, output_padding=1), [2, 4, 9]),
            Example.of(cls(channels=6, kernel=2, stride=3), [1, 4, 1]),
            Example.of(cls(channels=8, kernel=(3, 1), stride=(2, 1), padding=(1, 0), groups=4), [2, 4, 8, 7]),
            Example.of(cls(channels=4, kernel=3, dilation=2, output_padding=(0, 1), groups=2), [2, 6, 5, 8]),
            Example.of(cls(channels=4, kernel=2, parametrisation="weight_norm"), [2, 3, 5]),
            Example.of(cls(channels=6, kernel=3, groups=2, parametrisation="spectral_norm"), [2, 4, 5, 5]),
            Example.of(
                cls(
                    channels=2,
                    kernel=(3, 2, 1),
                    stride=(1, 2, 3),
                    padding=(2, 0, 1),
                    output_padding=(1, 0, 2),
                    dilation=(2, 3, 1),
                ),
                [1, 2, 3, 4, 5],
            ),
        )
