"""How the window of a pooling slides, as torch is told of it."""

from __future__ import annotations

from typing import Any

from archspec.ops.sliding_pool import PaddedPool
from archspec.ops.window import Window
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower.arguments import alike, changed, kernel_of


def sliding(windows: tuple[Window, ...]) -> dict[str, tuple[Any, Any]]:
    """The stride and padding of a pooling; torch also takes the kernel as the stride where it is left out."""
    return {
        "stride": (alike(window.stride for window in windows), kernel_of(windows)),
        "padding": (alike(window.before for window in windows), 0),
    }


def are_even(windows: tuple[Window, ...]) -> bool:
    """Whether the padding is known, and is the same at both ends of each axis."""
    return all(isinstance(window.before, int) and window.before == window.after for window in windows)


def padded(function: str, op: PaddedPool, x: Shape, **options: tuple[Any, Any]) -> Call:
    """The call of a class of our own, which finds out the padding of `same` when it is run."""
    windows = op.windows(x)
    moving = sliding(windows)
    if op.padding == "same":
        moving["padding"] = ("same", 0)
    return Call(function, (), {"kernel_size": kernel_of(windows), **changed(**moving, **options)})
