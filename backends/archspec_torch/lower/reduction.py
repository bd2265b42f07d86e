"""How torch is told what to reduce."""

from __future__ import annotations

from typing import Any

from archspec.ops.reduction import Reduction
from archspec.shape import Shape
from archspec_torch.lower.arguments import changed


def options_of(op: Reduction, x: Shape) -> dict[str, Any]:
    """The axes and whether they stay, as torch is told of them."""
    is_all = op.axes is None and not op.keep
    return {} if is_all else {"dim": dim_of(op, x), **changed(keepdim=(op.keep, False))}


def dim_of(op: Reduction, x: Shape) -> Any:
    """The axes, as one number where there is one; a single number has one, 0."""
    axes = tuple(range(max(x.rank, 1))) if op.axes is None else (op.axes,) if isinstance(op.axes, int) else op.axes
    return axes[0] if len(axes) == 1 else axes
