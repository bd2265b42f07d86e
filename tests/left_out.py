"""Uses of ops in which torch does something that no architecture means, and which are not compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from archspec.ops.conv import ConvTranspose
from archspec.shape import Shape
from archspec.size import below


def _leaves_nothing(op: ConvTranspose, x: Shape) -> bool:
    """Torch refuses an output without any position where there is one group, and gives it where there are several."""
    try:
        each = zip(x[2:], op.windows(x), op.output_paddings(x), strict=True)
        return any(below(window.covered(size) + more, 2 * window.before + 1) for size, window, more in each)
    except Exception:
        return False


LEFT_OUT: Final[Mapping[str, Callable[..., bool]]] = {
    "conv_transpose": _leaves_nothing,
    # The axes decide the class that it is lowered to, and torch needs more than one value for each channel in training.
    "batchnorm": lambda op, x: not 2 <= x.rank <= 5 or x.elements <= x[1],
}
"""By the name of the op: whether a use of it is left out."""


def is_left_out(op: Any, inputs: tuple[Shape, ...]) -> bool:
    """Whether a use of an op is not compared with torch."""
    return op.name in LEFT_OUT and LEFT_OUT[op.name](op, *inputs)
