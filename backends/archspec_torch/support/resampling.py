"""What makes axes of space longer or shorter, and is no module of torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class CentredCrop(nn.Module):
    """Keeps the middle of each axis of space of `[batch, channels, space...]`."""

    def __init__(self, size: int | tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = [size] if isinstance(size, int) else [*size]

    def forward(self, x: Tensor) -> Tensor:
        return middle_of_space(x, self.sizes)

    def extra_repr(self) -> str:
        return f"sizes={self.sizes}"


class CropLike(nn.Module):
    """Keeps the middle of each axis of space of one input, in the size of the other."""

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        return middle_of_other(x, like)


@torch.fx.wrap
def middle_of_space(x: Tensor, sizes: list[int]) -> Tensor:
    """The middle of each axis of space, in sizes of their own or in the same."""
    for axis in range(2, x.dim()):
        size = sizes[0] if len(sizes) == 1 else sizes[axis - 2]
        # What cannot be in the middle is one position closer to the start.
        x = x.narrow(axis, (x.shape[axis] - size) // 2, size)
    return x


@torch.fx.wrap
def middle_of_other(x: Tensor, like: Tensor) -> Tensor:
    """The middle of each axis of space, in the size that it has in another value."""
    return middle_of_space(x, list(like.shape[2:]))


class ResizeLike(nn.Module):
    """Interpolates each axis of space of one input to the size of the other."""

    def __init__(
        self,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        size = like.shape[2:]
        return F.interpolate(x, size, None, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        return f"mode={self.mode}, align_corners={self.align_corners}"
