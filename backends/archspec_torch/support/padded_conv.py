"""Convolutions that pad each end of each axis by its own amount."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812  # Its usual name, which users of the generated source know.
from torch import Tensor, nn


class PaddedConv1d(nn.Conv1d):
    """A 1-d convolution that pads the two ends of the axis by their own amounts.

    `padding` is `((before, after),)`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        padding: tuple[tuple[int, int]],
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.margins = [*padding[0]]
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return F.conv1d(
            F.pad(x, self.margins, mode=self.margin_mode),
            self.weight,
            self.bias,
            self.stride,
            0,
            self.dilation,
            self.groups,
        )

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, "
        text += f"kernel_size={self.kernel_size}, stride={self.stride}, "
        text += f"margins={self.margins}, margin_mode={self.margin_mode}, "
        text += f"dilation={self.dilation}, groups={self.groups}, "
        return text + f"bias={self.bias is not None}"


class PaddedConv2d(nn.Conv2d):
    """A 2-d convolution that pads each end of each axis by its own amount.

    `padding` is `((top, bottom), (left, right))`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        padding: tuple[tuple[int, int], tuple[int, int]],
        stride: int | tuple[int, int] = 1,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        vertical, horizontal = padding
        self.margins = [*horizontal, *vertical]  # `F.pad` begins with the last axis.
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(
            F.pad(x, self.margins, mode=self.margin_mode),
            self.weight,
            self.bias,
            self.stride,
            0,
            self.dilation,
            self.groups,
        )

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, "
        text += f"kernel_size={self.kernel_size}, stride={self.stride}, "
        text += f"margins={self.margins}, margin_mode={self.margin_mode}, "
        text += f"dilation={self.dilation}, groups={self.groups}, "
        return text + f"bias={self.bias is not None}"


class PaddedConv3d(nn.Conv3d):
    """A 3-d convolution that pads each end of each axis by its own amount.

    `padding` has a pair `(before, after)` for each axis: depth, height and width.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        padding: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
        stride: int | tuple[int, int, int] = 1,
        dilation: int | tuple[int, int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        depth, height, width = padding
        self.margins = [*width, *height, *depth]  # `F.pad` begins with the last axis.
        self.margin_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return F.conv3d(
            F.pad(x, self.margins, mode=self.margin_mode),
            self.weight,
            self.bias,
            self.stride,
            0,
            self.dilation,
            self.groups,
        )

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, "
        text += f"kernel_size={self.kernel_size}, stride={self.stride}, "
        text += f"margins={self.margins}, margin_mode={self.margin_mode}, "
        text += f"dilation={self.dilation}, groups={self.groups}, "
        return text + f"bias={self.bias is not None}"
