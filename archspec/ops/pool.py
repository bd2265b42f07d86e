"""Pooling: one number for each window of an input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.window import Window, output_sizes, per_axis, space
from archspec.setting import Flag, NonNegativePerAxis, OptionalPositivePerAxis, PositivePerAxis
from archspec.shape import Shape
from archspec.size import below


class SlidingPool(Op, ABC):
    """A pooling whose window slides along the axes of space of its input."""

    family = Family.POOLING

    kernel: PositivePerAxis = Field(description="size of the window along each axis of space, in positions")
    stride: OptionalPositivePerAxis = Field(
        None, description="positions that the window moves by; as many as the kernel has where it is left out"
    )
    padding: NonNegativePerAxis = Field(
        0, description="positions that are added at each end of each axis of space; at most half of the kernel"
    )

    @abstractmethod
    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the window moves along each axis of space."""

    def _windows(self, x: Shape, dilation: int | tuple[int, ...]) -> tuple[Window, ...]:
        axes = len(space(x))
        kernels = per_axis(self.kernel, axes, "kernel")
        strides = kernels if self.stride is None else per_axis(self.stride, axes, "stride")
        paddings = per_axis(self.padding, axes, "padding")
        dilations = per_axis(dilation, axes, "dilation")
        return tuple(
            Window(kernel, stride, dilation, padding, padding)
            for kernel, stride, dilation, padding in zip(kernels, strides, dilations, paddings, strict=True)
        )

    def _pooled(self, x: Shape, *, ceil_mode: bool) -> Shape:
        windows = self.windows(x)
        for window in windows:
            # Windows that lie in the padding alone would have nothing to pool.
            if below(window.kernel // 2, window.before):
                raise ShapeError(
                    f"has a padding of {window.before}, which is more than half of its kernel of {window.kernel}",
                    setting="padding",
                    help=f"use a `padding` of at most {window.kernel // 2}, or a larger `kernel`",
                )
        return x.with_sizes((*x[:2], *output_sizes(space(x), windows, ceil_mode=ceil_mode)))


@final
class MaxPool(SlidingPool):
    """The largest value of each window: `y[i] = max over j < kernel of x[i*stride + j*dilation - padding]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - dilation*(kernel - 1) - 1)/stride) + 1`.
    Source: Ranzato et al., "Unsupervised learning of invariant feature hierarchies", 2007; `torch.nn.MaxPool2d`.

    The padding counts as minus infinity, so it is never the largest, and is at most half of the kernel.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well, as long as it
    starts inside the input or the padding before it.
    """

    name = "maxpool"

    dilation: PositivePerAxis = Field(1, description="distance between neighbouring taps of the window; 1 is dense")
    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")

    def infer(self, x: Shape) -> Shape:
        return self._pooled(x, ceil_mode=self.ceil_mode)

    def windows(self, x: Shape) -> tuple[Window, ...]:
        return self._windows(x, self.dilation)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 28, 28]),
            Example.of(cls(kernel=3, stride=2, padding=1), [2, 3, 9]),
            Example.of(cls(kernel=3, stride=2, ceil_mode=True), [2, 3, 10, 12]),
            Example.of(cls(kernel=2, stride=3, padding=1, ceil_mode=True), [1, 2, 8]),
            Example.of(cls(kernel=(3, 2, 1), stride=(1, 2, 1), padding=(1, 0, 0), dilation=(2, 1, 1)), [1, 2, 7, 6, 5]),
        )


@final
class AvgPool(SlidingPool):
    """The mean of each window: `y[i] = sum over j < kernel of x[i*stride + j - padding] / kernel`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - kernel)/stride) + 1`.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; `torch.nn.AvgPool2d`.

    The padding counts as zeros, and is at most half of the kernel. With `count_include_pad: false` the sum is divided
    by the number of positions of the window that lie in the input instead.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well, as long as it
    starts inside the input or the padding before it.

    With three axes of space the kernel may not be larger than the input, even where there is padding: torch has no
    such mean.
    """

    name = "avgpool"

    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")
    count_include_pad: Flag = Field(True, description="whether the positions of the padding count in the mean")

    def infer(self, x: Shape) -> Shape:
        pooled = self._pooled(x, ceil_mode=self.ceil_mode)
        if x.rank == 5:
            self._check_volume(x)
        return pooled

    def windows(self, x: Shape) -> tuple[Window, ...]:
        return self._windows(x, 1)

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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 28, 28]),
            Example.of(cls(kernel=3, stride=2, padding=1, count_include_pad=False), [2, 3, 9]),
            Example.of(cls(kernel=(3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), [2, 3, 8, 7]),
            Example.of(cls(kernel=2, stride=3), [1, 2, 7, 6, 5]),
        )


class AdaptivePool(Op, ABC):
    """A pooling whose output has a given size."""

    family = Family.POOLING

    size: PositivePerAxis = Field(description="size of each axis of space of the output")

    def infer(self, x: Shape) -> Shape:
        axes = len(space(x))
        return x.with_sizes((*x[:2], *per_axis(self.size, axes, "size")))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=6), [2, 3, 13, 13]),
            Example.of(cls(size=4), [2, 3, 10]),
            Example.of(cls(size=(2, 1, 7)), [1, 2, 4, 5, 6]),
        )


@final
class AdaptiveAvgPool(AdaptivePool):
    """The means of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveAvgPool2d`.
    """

    name = "adaptive_avgpool"


@final
class AdaptiveMaxPool(AdaptivePool):
    """The largest values of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveMaxPool2d`.
    """

    name = "adaptive_maxpool"


class GlobalPool(Op, ABC):
    """A pooling with a single window for each channel: all of space."""

    family = Family.POOLING

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x[:2], *(1 for _ in space(x))))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 3, 7]),
            Example.of(cls(), [2, 3, 7, 5]),
            Example.of(cls(), [2, 3, 4, 5, 6]),
        )


@final
class GlobalAvgPool(GlobalPool):
    """The mean of each channel over all of space: `y[c] = mean of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Lin, Chen and Yan, "Network in network", 2013; `torch.nn.AdaptiveAvgPool2d(1)`.
    """

    name = "global_avgpool"


@final
class GlobalMaxPool(GlobalPool):
    """The largest value of each channel over all of space: `y[c] = max of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Oquab et al., "Is object localization for free?", 2015; `torch.nn.AdaptiveMaxPool2d(1)`.
    """

    name = "global_maxpool"
