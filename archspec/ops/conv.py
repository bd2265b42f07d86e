"""Convolutions."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.expression import written
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.window import Window, check_margins, ends, output_sizes, per_axis, space
from archspec.setting import Count, Flag, Margin, Margins, Positive, PositivePerAxis, Says
from archspec.shape import Shape
from archspec.size import Size, differs

Padding: TypeAlias = Annotated[
    Literal["same", "valid"] | Margin | Margins,
    Says(
        "`same`, `valid`, a whole number of at least 0, or a list with one entry for each axis of space, "
        "a number or a pair `[before, after]`"
    ),
]


@final
class Conv(Op):
    """A convolution over one, two or three axes of space: `y[o] = b[o] + sum over c of w[o, c] * x[c]`.

    Here `*` is cross-correlation, as in every deep-learning library: the kernel is not turned around. How many axes of
    space there are is taken from the input.

    Shapes: `[batch, in, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + before + after - dilation*(kernel - 1) - 1)/stride) + 1`.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; `torch.nn.Conv2d`.

    `kernel`, `stride`, `padding` and `dilation` are one number for all axes of space, or a list with one for each. In
    the list of `padding`, a pair `[before, after]` pads the two ends of an axis differently.

    `padding: same` keeps the size of the input and needs a stride of 1. Where the padding is odd, the larger half
    comes last. `padding: valid` is no padding.

    With `groups: g`, the channels of the input and of the output are cut into `g` groups, and each group of the output
    sees its own group of the input only; `g` must divide both. A depthwise convolution has as many groups as the input
    has channels.

    The weight has the shape `[channels, in/groups, kernel...]`; a position of the output costs as many multiply-adds
    as the weight has elements.
    """

    name = "conv"
    family = Family.CONVOLUTION

    channels: Count = Field(description="channels of the output")
    kernel: PositivePerAxis = Field(description="size of the kernel along each axis of space, in positions")
    stride: PositivePerAxis = Field(1, description="positions that the kernel moves by")
    padding: Padding = Field(0, description="positions that are added at the ends of each axis of space")
    dilation: PositivePerAxis = Field(1, description="distance between neighbouring taps of the kernel; 1 is dense")
    groups: Positive = Field(1, description="groups of channels that do not see each other")
    bias: Flag = Field(True, description="whether a trained number is added to each channel")
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field(
        "zeros", description="what the padding is filled with"
    )

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        self._check_groups(x[1])
        windows = self.windows(x)
        self._check_padding(sizes, windows)
        return x.with_sizes((x[0], self.channels, *output_sizes(sizes, windows)))

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the kernel moves along each axis of space."""
        axes = len(space(x))
        kernels = per_axis(self.kernel, axes, "kernel")
        strides = per_axis(self.stride, axes, "stride")
        dilations = per_axis(self.dilation, axes, "dilation")
        if self.padding == "same":
            surplus = [dilation * (kernel - 1) for kernel, dilation in zip(kernels, dilations, strict=True)]
            margins = [(each // 2, each - each // 2) for each in surplus]
        else:
            margins = list(ends(0 if self.padding == "valid" else self.padding, axes, "padding"))
        return tuple(
            Window(kernel, stride, dilation, before, after)
            for kernel, stride, dilation, (before, after) in zip(kernels, strides, dilations, margins, strict=True)
        )

    def weights(self, x: Shape) -> dict[str, Shape]:
        kernel = per_axis(self.kernel, x.rank - 2, "kernel")
        weight = {"weight": Shape.of(self.channels, x[1] // self.groups, *kernel)}
        return weight | {"bias": Shape.of(self.channels)} if self.bias else weight

    def macs(self, x: Shape) -> Size:
        positions = prod(self.infer(x)[2:])
        return x[0] * positions * self.weights(x)["weight"].elements

    def _check_groups(self, channels: Size) -> None:
        for whose, count in (("input", channels), ("output", self.channels)):
            if differs(count % self.groups, 0):
                raise ShapeError(
                    f"has {self.groups} groups, but {self.groups} does not divide the channels of the {whose}: {count}",
                    setting="groups",
                    help="use a number of groups that divides the channels of the input and of the output",
                )

    def _check_padding(self, sizes: tuple[Size, ...], windows: tuple[Window, ...]) -> None:
        if self.padding == "same" and any(differs(window.stride, 1) for window in windows):
            margins = tuple(
                window.before if window.before == window.after else (window.before, window.after) for window in windows
            )
            alike = margins[0] if len(set(margins)) == 1 and not isinstance(margins[0], tuple) else margins
            raise ShapeError(
                f"has `padding` `same`, which needs a stride of 1, but its stride is {written(self.stride)}",
                setting="padding",
                help=f"write the padding as numbers: `{written(alike)}` divides each size by the stride, rounded up",
            )
        ends_of_axes = [(window.before, window.after) for window in windows]
        check_margins(sizes, ends_of_axes, self.padding_mode, "padding_mode", "use less `padding`")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(channels=64, kernel=11, stride=4, padding=2), [1, 3, 224, 224]),
            Example.of(cls(channels=6, kernel=3, padding="same", dilation=2), [2, 4, 9]),
            Example.of(cls(channels=6, kernel=(2, 3), padding="same", padding_mode="replicate"), [2, 4, 5, 6]),
            Example.of(cls(channels=8, kernel=(3, 1), stride=(2, 1), padding=(1, 0), groups=4), [2, 4, 8, 7]),
            Example.of(cls(channels=4, kernel=3, padding="valid", groups=4, bias=False), [2, 4, 8, 8]),
            Example.of(cls(channels=4, kernel=3, stride=2, padding=((0, 1), (2, 1))), [2, 3, 8, 8]),
            Example.of(cls(channels=4, kernel=3, padding=((2, 0),), padding_mode="reflect"), [2, 3, 8]),
            Example.of(cls(channels=4, kernel=3, padding=1, padding_mode="circular"), [2, 3, 8]),
            Example.of(
                cls(channels=2, kernel=3, padding=(1, (1, 0), 0), dilation=(1, 2, 1), bias=False), [1, 2, 5, 6, 4]
            ),
        )
