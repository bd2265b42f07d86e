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
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation

    def along(self, axis: int, setting: int | tuple[int, ...]) -> int:
        """A setting for one axis of space."""
        return setting[axis] if isinstance(setting, tuple) else setting

    def padded(self, x: Tensor, value: float = 0.0) -> Tensor:
        """The input with its padding, which is filled with a value."""
        margins: list[int] = []
        for axis in reversed(range(x.dim() - 2)):  # `F.pad` begins with the last axis.
            if isinstance(self.padding, str):
                kernel = self.along(axis, self.kernel_size)
                stride = self.along(axis, self.stride)
                reach = self.along(axis, self.dilation) * (kernel - 1)
                # What the last window covers behind the last position.
                over = reach - (x.shape[axis + 2] - 1) % stride
                if reach + 1 < stride:
                    # Then it may end before that: the quotient is -1 there, else 0.
                    over *= 1 + over // stride
                margins += [over // 2, over - over // 2]
            else:
                margins += [self.along(axis, self.padding)] * 2
        return F.pad(x, margins, value=value)

    def largest(self, x: Tensor) -> Tensor:
        """The largest value of each window."""
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]
        padded = self.padded(x, float("-inf"))
        found: Tensor = pool(padded, self.kernel_size, self.stride, 0, self.dilation)
        return found

    def mean(self, x: Tensor, count_include_pad: bool = False) -> Tensor:
        """The mean of each window."""
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
        found: Tensor = pool(self.padded(x), self.kernel_size, self.stride)
        if count_include_pad:
            return found
        inside = self.padded(x.new_ones(1, 1, *x.shape[2:]))
        return found / pool(inside, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}"
        return f"{text}, padding={self.padding}, dilation={self.dilation}"


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
        windows = self.padded(x)
        for axis in range(x.dim() - 2):
            kernel = self.along(axis, self.kernel_size)
            windows = windows.unfold(axis + 2, kernel, self.along(axis, self.stride))
        values = windows.flatten(x.dim())
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
