"""Pooling by a mean of each window, plain or of powers."""

from __future__ import annotations

from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError
from archspec.ops.sliding_pool import PaddedPool, SlidingPool, padded
from archspec.ops.window import (
    Window,
    output_sizes,
    seen_by_windows,
    space,
)
from archspec.setting import (
    Flag,
    PositiveNumber,
    Says,
)
from archspec.shape import Shape
from archspec.sight import Sights, along
from archspec.size import below

OptionalFlag: TypeAlias = Annotated[bool | None, Says("`true` or `false`")]
"""For a choice that follows another setting when it is left out."""


@final
class AvgPool(PaddedPool):
    """The mean of each window: `y[i] = sum over j < kernel of x[i*stride + j - padding] / kernel`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - kernel)/stride) + 1`, or `ceil(n/stride)` with `padding: same`.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; `torch.nn.AvgPool2d`.

    The padding counts as zeros. With `count_include_pad: false` the sum is divided by the number of positions of the
    window that lie in the input instead, which is what holds for `padding: same` where nothing is said.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well, as long as it
    starts inside the input or the padding before it. With `padding: same` there is no such window.

    With three axes of space the kernel may not be larger than the input, even where there is padding, unless that is
    `same`: torch has no such mean.
    """

    name = "avgpool"

    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")
    count_include_pad: OptionalFlag = Field(
        None,
        description="whether the positions of the padding count in the mean; where it is left out they do, but not "
        "those of `same`",
    )

    def infer(self, x: Shape) -> Shape:
        pooled = self._pooled(x, ceil_mode=self.ceil_mode)
        if x.rank == 5 and self.padding != "same":
            self._check_volume(x)
        return pooled

    def counts_padding(self) -> bool:
        """Whether the positions of the padding count in the mean."""
        return self.padding != "same" if self.count_include_pad is None else self.count_include_pad

    def _check_volume(self, x: Shape) -> None:
        # Torch asks this of the input without its padding, and of three axes of space only.
        for axis, (size, window) in enumerate(zip(space(x), self.windows(x), strict=True), start=2):
            if below(size, window.kernel):
                raise ShapeError(
                    f"has a kernel of {window.kernel}, but axis {axis} of the input has only {size} without its "
                    "padding, which does not count where there are three axes of space",
                    setting="kernel",
                    help=f"use a `kernel` of at most {size}",
                )

    def kept(self, x: Shape) -> Kept:
        windows = self.windows(x)
        if self.padding != "same" or all(window.before == window.after for window in windows):
            return Kept(inputs=(0,))
        counts = () if self.counts_padding() else (x.with_sizes(space(self.infer(x))),)
        return Kept(further=(padded(x, windows), *counts))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 28, 28]),
            Example.of(cls(kernel=3, stride=2, padding=1, count_include_pad=False), [2, 3, 9]),
            Example.of(cls(kernel=(3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), [2, 3, 8, 7]),
            Example.of(cls(kernel=2, stride=3), [1, 2, 7, 6, 5]),
            Example.of(cls(kernel=2, padding="same"), [1, 2, 2, 3]),
            Example.of(cls(kernel=3, stride=2, padding="same", count_include_pad=True), [1, 2, 4]),
        )


@final
class LpPool(SlidingPool):
    """The norm of each window: `y[i] = (sum over j < kernel of x[i*stride + j]^p)^(1/p)`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n - kernel)/stride) + 1`.
    Source: Sermanet, Chintala and LeCun, "Convolutional neural networks applied to house numbers digit
    classification", 2012; `torch.nn.LPPool2d`.

    A `p` of 1 gives the sum; the larger `p`, the closer the result comes to the largest value. As torch does it,
    values are raised to the power as they are, and not by their magnitudes: with negative values the result is no
    number where `p` is no whole number, nor where it is odd, other than 1, and the sum of the powers is negative.
    The gradient of a window whose sum is zero is taken to be zero.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well. Its sum is
    scaled to the size of a complete one: it is multiplied by `kernel`, and divided by the number of its positions. With
    three axes of space the kernel may not be larger than the input even then.
    """

    name = "lp_pool"

    p: PositiveNumber = Field(description="the power that values are raised to, and whose root is taken")
    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")

    def infer(self, x: Shape) -> Shape:
        # In three axes of space, torch has no incomplete window that is the only one of its axis.
        windows = self.windows(x)
        if x.rank == 5:
            output_sizes(space(x), windows)
        return x.with_sizes((*x[:2], *output_sizes(space(x), windows, ceil_mode=self.ceil_mode)))

    def windows(self, x: Shape) -> tuple[Window, ...]:
        return self._moving(x)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_windows(self.windows(x), channels=along(1)),)

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x, *4 * (self.infer(x),)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2, p=2), [2, 3, 8, 8]),
            Example.of(cls(kernel=3, p=1.5, stride=2), [2, 3, 9]),
            Example.of(cls(kernel=(2, 1, 3), p=3, stride=(1, 2, 2), ceil_mode=True), [1, 2, 4, 5, 6]),
        )
