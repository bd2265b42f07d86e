"""Pooling that torch does not have, or not with such padding."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class WindowPool(nn.Module):
    """A window that slides along the axes of space of `[batch, channels, space...]`.

    With `padding="same"` it fits as often as the size divided by the stride, rounded
    up, and the smaller half of what it needs beyond the input comes first.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
    ) -> None:
        super().__init__()
        self.kernel_size = in_list(kernel_size)
        self.stride = in_list(kernel_size if stride is None else stride)
        self.padding = None if isinstance(padding, str) else in_list(padding)
        self.dilation = in_list(dilation)

    def padded(self, x: Tensor, value: float = 0.0) -> Tensor:
        """The input with its padding, which is filled with a value."""
        reach = (self.kernel_size, self.stride, self.dilation)
        return padded_for_windows(x, value, self.padding, *reach)

    def largest(self, x: Tensor) -> Tensor:
        """The largest value of each window."""
        padded = self.padded(x, float("-inf"))
        return largest_of_windows(padded, self.kernel_size, self.stride, self.dilation)

    def mean(self, x: Tensor, count_include_pad: bool = False) -> Tensor:
        """The mean of each window."""
        found = mean_of_windows(self.padded(x), self.kernel_size, self.stride)
        if count_include_pad:
            return found
        inside = self.padded(torch.ones_like(x[:1, :1]))
        return found / mean_of_windows(inside, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        padding = "same" if self.padding is None else self.padding
        text = f"kernel_size={self.kernel_size}, stride={self.stride}"
        return f"{text}, padding={padding}, dilation={self.dilation}"


def in_list(setting: int | tuple[int, ...]) -> list[int]:
    """A number for each axis of space, or one for all."""
    return [setting] if isinstance(setting, int) else [*setting]


def for_axis(setting: list[int], axis: int) -> int:
    """The number for one axis of space."""
    return setting[0] if len(setting) == 1 else setting[axis]


def for_axes(setting: list[int], axes: int) -> list[int]:
    """The numbers for all axes."""
    return setting * axes if len(setting) == 1 else setting


@torch.fx.wrap
def padded_for_windows(
    x: Tensor,
    value: float,
    padding: list[int] | None,
    kernel_size: list[int],
    stride: list[int],
    dilation: list[int],
) -> Tensor:
    """What windows slide along. Without a padding, as much as they need is added."""
    margins: list[int] = []
    for place in range(x.dim() - 2):
        axis = x.dim() - 3 - place  # `F.pad` begins with the last axis.
        if padding is None:
            step = for_axis(stride, axis)
            reach = for_axis(dilation, axis) * (for_axis(kernel_size, axis) - 1)
            # What the last window covers behind the last position.
            over = reach - (x.shape[axis + 2] - 1) % step
            if reach + 1 < step:
                # Then it may end before that: the quotient is -1 there, else 0.
                over *= 1 + over // step
            margins += [over // 2, over - over // 2]
        else:
            margins += [for_axis(padding, axis), for_axis(padding, axis)]
    return F.pad(x, margins, value=value)


@torch.fx.wrap
def largest_of_windows(
    x: Tensor,
    kernel_size: list[int],
    stride: list[int],
    dilation: list[int],
) -> Tensor:
    """The largest value of each window."""
    axes = x.dim() - 2
    kernel_size, stride = for_axes(kernel_size, axes), for_axes(stride, axes)
    dilation = for_axes(dilation, axes)
    if x.dim() == 3:
        return torch.max_pool1d(x, kernel_size, stride, 0, dilation)
    if x.dim() == 4:
        return torch.max_pool2d(x, kernel_size, stride, 0, dilation)
    return torch.max_pool3d(x, kernel_size, stride, 0, dilation)


@torch.fx.wrap
def mean_of_windows(x: Tensor, kernel_size: list[int], stride: list[int]) -> Tensor:
    """The mean of each window."""
    axes = x.dim() - 2
    kernel_size, stride = for_axes(kernel_size, axes), for_axes(stride, axes)
    if x.dim() == 3:
        return F.avg_pool1d(x, kernel_size, stride)
    if x.dim() == 4:
        return F.avg_pool2d(x, kernel_size, stride)
    return F.avg_pool3d(x, kernel_size, stride)


@torch.fx.wrap
def values_of_windows(x: Tensor, kernel_size: list[int], stride: list[int]) -> Tensor:
    """The values of each window, along an axis of their own, which is the last."""
    windows = x
    for axis in range(x.dim() - 2):
        size, step = for_axis(kernel_size, axis), for_axis(stride, axis)
        windows = windows.unfold(axis + 2, size, step)
    return windows.flatten(x.dim())


class PaddedMaxPool(WindowPool):
    """The largest value of each window, where the padding never is the largest."""

    def forward(self, x: Tensor) -> Tensor:
        return self.largest(x)


class PaddedAvgPool(WindowPool):
    """The mean of each window, in which the padding counts only if it is asked to."""

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] | str = 0,
        count_include_pad: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        return self.mean(x, self.count_include_pad)

    def extra_repr(self) -> str:
        counted = f"count_include_pad={self.count_include_pad}"
        return f"{super().extra_repr()}, {counted}"


class StochasticPool(WindowPool):
    """One value of each window, drawn by its magnitude, and in evaluation their mean.

    The probability of a value is its magnitude divided by the sum of all magnitudes.
    """

    def forward(self, x: Tensor) -> Tensor:
        values = values_of_windows(self.padded(x), self.kernel_size, self.stride)
        weights = values.abs()
        if self.training:
            # The largest of `log(u) / w`, for numbers `u` from 0 to 1 that are drawn
            # alike, is that of `w` with a probability of its share in the sum.
            chances = torch.rand(values.shape, device=x.device)
            drawn = (chances.log() / weights).argmax(dim=-1, keepdim=True)
            return values.gather(-1, drawn).squeeze(-1)
        total = weights.sum(dim=-1, keepdim=True)
        # Where all values are zero, there is nothing to divide by.
        return (values * weights / (total + (total == 0))).sum(dim=-1)


class MixedPool(WindowPool):
    """A mixture of the largest value and the mean of each window.

    The share of the former is a number of the layer that is trained, if it is asked to.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] | str = 0,
        share: float = 0.5,
        trained: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.share = share
        self.weight = nn.Parameter(torch.empty(())) if trained else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            nn.init.constant_(self.weight, self.share)

    def forward(self, x: Tensor) -> Tensor:
        share = self.share if self.weight is None else self.weight
        return share * self.largest(x) + (1 - share) * self.mean(x)

    def extra_repr(self) -> str:
        share = f"share={self.share}, trained={self.weight is not None}"
        return f"{super().extra_repr()}, {share}"
