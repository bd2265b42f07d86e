"""What poolings over a window that slides have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.op import Family, Op, ShapeError
from archspec.ops.window import (
    Window,
    fitting,
    output_sizes,
    seen_by_windows,
    space,
    windows_of,
)
from archspec.setting import (
    Margin,
    OptionalPositivePerAxis,
    PositivePerAxis,
    Says,
)
from archspec.shape import Shape
from archspec.sight import Sights, along
from archspec.size import below

Padding: TypeAlias = Annotated[
    Literal["same", "valid"] | Margin | Annotated[tuple[Margin, ...], Field(min_length=1)],
    Says("`same`, `valid`, a whole number of at least 0, or a list of them with one for each axis"),
]


class SlidingPool(Op, ABC):
    """A pooling whose window slides along the axes of space of its input."""

    family = Family.POOLING

    kernel: PositivePerAxis = Field(description="size of the window along each axis of space, in positions")
    stride: OptionalPositivePerAxis = Field(
        None, description="positions that the window moves by; as many as the kernel has where it is left out"
    )

    @abstractmethod
    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the window moves along each axis of space."""

    def _moving(self, x: Shape, padding: int | tuple[int, ...] = 0) -> tuple[Window, ...]:
        """How the window moves, where nothing else is said of it than this."""
        stride = self.kernel if self.stride is None else self.stride
        return windows_of(len(space(x)), kernel=self.kernel, stride=stride, dilation=1, padding=padding)


class PaddedPool(SlidingPool, ABC):
    """A pooling whose input may be padded."""

    padding: Padding = Field(
        0,
        description="positions that are added at each end of each axis of space, at most half of the kernel; `same` "
        "adds what it takes for `size/stride` positions of the output, rounded up, the smaller half first; `valid` "
        "adds none",
    )

    @final
    def windows(self, x: Shape) -> tuple[Window, ...]:
        windows = self._unfitted(x)
        if self.padding != "same":
            return windows
        return tuple(window.fitted(size) for window, size in zip(windows, space(x), strict=True))

    def _unfitted(self, x: Shape) -> tuple[Window, ...]:
        """How the window moves, but for the padding of `same`."""
        return self._moving(x, 0 if isinstance(self.padding, str) else self.padding)

    def calculation(self, axis: int, x: Shape) -> str:
        is_plain = axis > 1 and self.padding != "same" and not getattr(self, "ceil_mode", False)
        return self.windows(x)[axis - 2].calculation(x[axis]) if is_plain else ""

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_windows(self.windows(x), channels=along(1)),)

    def _pooled(self, x: Shape, *, ceil_mode: bool = False) -> Shape:
        windows = self._unfitted(x)
        if self.padding == "same":
            strides = (window.stride for window in windows)
            return x.with_sizes((*x[:2], *map(fitting, space(x), strides)))
        for window in windows:
            # Windows that lie in the padding alone would have nothing to pool.
            if below(window.kernel // 2, window.before):
                raise ShapeError(
                    f"has a padding of {window.before}, which is more than half of its kernel of {window.kernel}",
                    setting="padding",
                    help=f"use a `padding` of at most {window.kernel // 2}, or a larger `kernel`",
                )
        return x.with_sizes((*x[:2], *output_sizes(space(x), windows, ceil_mode=ceil_mode)))


def padded(x: Shape, windows: Sequence[Window]) -> Shape:
    """The input with its padding, of which a pooling of torch's own makes no copy."""
    return x.with_sizes((*x[:2], *(window.padded(size) for window, size in zip(windows, space(x), strict=True))))
