"""Convolutions."""

from __future__ import annotations

from math import prod
from typing import Annotated, Any, Literal, TypeAlias, final

from msgspec.structs import replace
from pydantic import Field

from archspec.expression import written
from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.parametrisation import Parametrisation, computed, kept, starting, trained
from archspec.ops.window import (
    Window,
    check_margins,
    output_sizes,
    per_axis,
    seen_by_windows,
    space,
    windows_of,
)
from archspec.setting import Count, Flag, Margin, Margins, Positive, PositivePerAxis, Says
from archspec.shape import Shape
from archspec.sight import Sights
from archspec.size import Size, differs

Padding: TypeAlias = Annotated[
    Literal["same", "valid", "causal"] | Margin | Margins,
    Says(
        "`same`, `valid`, `causal`, a whole number of at least 0, or a list with one entry for each axis of space, "
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
    comes last. `padding: valid` is no padding. `padding: causal` is for sequences, which have one axis of space: all of
    the padding, `dilation*(kernel - 1)` positions, comes first, so that no position of the output sees a later one of
    the input (van den Oord et al., "WaveNet", 2016). Such padding is zeros or repeats the first position; the other
    modes would fill it with later positions.

    With `groups: g`, the channels of the input and of the output are cut into `g` groups, and each group of the output
    sees its own group of the input only; `g` must divide both. A depthwise convolution has as many groups as the input
    has channels.

    The weight has the shape `[channels, in/groups, kernel...]`; a position of the output costs as many multiply-adds
    as the weight has elements. `weight_norm` trains a length for each channel of the output. For `spectral_norm` the
    weight is a matrix with a row for each channel of the output; its largest singular value is followed by one step of
    the power iteration at each use in training.
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
    parametrisation: Parametrisation = "none"

    def infer(self, x: Shape) -> Shape:
        sizes = space(x)
        check_groups(self.groups, x[1], self.channels)
        windows = self.windows(x)
        self._check_padding(sizes, windows)
        return x.with_sizes((x[0], self.channels, *output_sizes(sizes, windows)))

    def calculation(self, axis: int, x: Shape) -> str:
        return self.windows(x)[axis - 2].calculation(x[axis]) if axis > 1 and self.padding != "same" else ""

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_windows(self.windows(x)),)

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the kernel moves along each axis of space."""
        axes = len(space(x))
        padding: Any = 0 if isinstance(self.padding, str) else self.padding
        windows = windows_of(axes, kernel=self.kernel, stride=self.stride, dilation=self.dilation, padding=padding)
        if self.padding not in ("same", "causal"):
            return windows
        # Padded by one position less than it covers, a window fits once at each position.
        befores = [(window.extent - 1) // (2 if self.padding == "same" else 1) for window in windows]
        return tuple(
            replace(window, before=before, after=window.extent - 1 - before)
            for window, before in zip(windows, befores, strict=True)
        )

    def weight_shape(self, x: Shape) -> Shape:
        """The shape of the kernels."""
        return Shape.of(self.channels, x[1] // self.groups, *per_axis(self.kernel, x.rank - 2, "kernel"))

    def weights(self, x: Shape) -> dict[str, Shape]:
        weights = trained(self.weight_shape(x), self.parametrisation)
        return weights | {"bias": Shape.of(self.channels)} if self.bias else weights

    def starts(self, x: Shape) -> dict[str, Shape]:
        return starting(self.weights(x))

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return kept(self.weight_shape(x), self.parametrisation)

    def macs(self, x: Shape) -> Size:
        positions = prod(self.infer(x)[2:])
        return x[0] * positions * self.weight_shape(x).elements

    def _check_padding(self, sizes: tuple[Size, ...], windows: tuple[Window, ...]) -> None:
        if self.padding == "causal":
            self._check_causal(windows)
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

    def _check_causal(self, windows: tuple[Window, ...]) -> None:
        if len(windows) != 1:
            raise ShapeError(
                "has `padding` `causal`, which needs a sequence, with one axis of space, but the input has "
                f"{len(windows)}",
                setting="padding",
                help="write the padding of each axis as a pair: `[before, after]`, with an `after` of 0",
            )
        if self.padding_mode in ("reflect", "circular"):
            raise ShapeError(
                f"has `padding` `causal`, but `{self.padding_mode}` fills the padding with later positions",
                setting="padding_mode",
                help="use `zeros` or `replicate`",
            )

    def kept(self, x: Shape) -> Kept:
        further = computed(self.weight_shape(x), self.parametrisation)
        windows = self.windows(x)
        margins = [(window.before, window.after) for window in windows]
        is_even = all(before == after for before, after in margins)
        if self.padding_mode == "zeros" and is_even:
            return Kept(inputs=(0,), further=further)
        if self.padding_mode == "zeros" and self.padding == "same":
            # Torch pads what one end has more than the other, and leaves the rest to the kernel.
            margins = [(0, after - before) for before, after in margins]
        ends = zip(space(x), margins, strict=True)
        padded = x.with_sizes((*x[:2], *(size + before + after for size, (before, after) in ends)))
        is_read = self.padding_mode in ("reflect", "replicate")
        return Kept(inputs=(0,) if is_read else (), further=(padded, *further))

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
            Example.of(cls(channels=4, kernel=2, padding="causal", dilation=4), [2, 3, 8]),
            Example.of(cls(channels=4, kernel=3, groups=2, parametrisation="weight_norm"), [2, 6, 5, 5]),
            Example.of(cls(channels=4, kernel=(3, 1), parametrisation="spectral_norm", bias=False), [2, 3, 5, 5]),
            Example.of(
                cls(channels=2, kernel=3, padding=(1, (1, 0), 0), dilation=(1, 2, 1), bias=False), [1, 2, 5, 6, 4]
            ),
        )


def check_groups(groups: int, inputs: Size, outputs: Size) -> None:
    for whose, count in (("input", inputs), ("output", outputs)):
        if differs(count % groups, 0):
            raise ShapeError(
                f"has {groups} groups, but {groups} does not divide the channels of the {whose}: {count}",
                setting="groups",
                help="use a number of groups that divides the channels of the input and of the output",
                axes=(1,) if whose == "input" else (),
            )
