"""Reductions."""

from __future__ import annotations

from functools import reduce
from typing import Any

from archspec.ops.agreement import axes_of
from archspec.ops.reduction import (
    AllTrue,
    AnyTrue,
    Argmax,
    Argmin,
    Cumprod,
    Cumsum,
    Extremum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Norm,
    Prod,
    Reduction,
    Running,
    Spread,
    Std,
    Sum,
    Var,
)
from archspec.shape import Shape
from archspec_torch.call import Call, Given, Variable
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed

_METHODS = {
    Mean: "mean",
    Sum: "sum",
    Max: "amax",
    Min: "amin",
    AnyTrue: "any",
    AllTrue: "all",
    Var: "var",
    Std: "std",
    LogSumExp: "logsumexp",
    Argmax: "argmax",
    Argmin: "argmin",
    Cumsum: "cumsum",
    Cumprod: "cumprod",
}
"""What torch calls each of them."""


@lower.register
def _(op: Reduction, x: Shape) -> Inline:
    options, method = _options(op, x), _METHODS[type(op)]
    if not options:
        # Of all values together, torch has a `max` that gives nothing else, which more exporters know than `amax`.
        method = {"amax": "max", "amin": "min"}.get(method, method)
    return Inline(Method(Given(0), method, (), options))


@lower.register
def _(op: Spread, x: Shape) -> Inline:
    options = _options(op, x)
    keepdim = {name: options.pop(name) for name in ("keepdim",) if name in options}
    return Inline(
        Method(Given(0), _METHODS[type(op)], (), {**options, **changed(correction=(op.correction, 1)), **keepdim})
    )


@lower.register
def _(op: LogSumExp, x: Shape) -> Inline:
    return Inline(Method(Given(0), "logsumexp", (), {"dim": _dim(op, x), **changed(keepdim=(op.keep, False))}))


@lower.register
def _(op: Norm, x: Shape) -> Inline:
    order = Variable("torch.inf") if op.p == "inf" else op.p
    return Inline(Call("torch.linalg.vector_norm", (Given(0),), {**changed(ord=(order, 2)), **_options(op, x)}))


@lower.register
def _(op: Prod, x: Shape) -> Inline:
    if op.axes is None and not op.keep:
        return Inline(Method(Given(0), "prod"))
    # Torch takes one axis at a time. From the last one on, the numbers of those before it stay what they are.
    axes = axes_of(x, op.axes) or (0,)
    keepdim = changed(keepdim=(op.keep, False))
    if isinstance(op.axes, int):
        axes = (op.axes,)
    value: Any = Given(0)
    return Inline(reduce(lambda found, axis: Method(found, "prod", (), {"dim": axis, **keepdim}), axes[::-1], value))


@lower.register
def _(op: Extremum, x: Shape) -> Inline:
    return Inline(Method(Given(0), _METHODS[type(op)], (), changed(dim=(op.axis, None), keepdim=(op.keep, False))))


@lower.register
def _(op: Running, x: Shape) -> Inline:
    return Inline(Method(Given(0), _METHODS[type(op)], (), {"dim": op.axis}))


def _options(op: Reduction, x: Shape) -> dict[str, Any]:
    """The axes and whether they stay, as torch is told of them."""
    is_all = op.axes is None and not op.keep
    return {} if is_all else {"dim": _dim(op, x), **changed(keepdim=(op.keep, False))}


def _dim(op: Reduction, x: Shape) -> Any:
    """The axes, as one number where there is one; a single number has one, 0."""
    axes = tuple(range(max(x.rank, 1))) if op.axes is None else (op.axes,) if isinstance(op.axes, int) else op.axes
    return axes[0] if len(axes) == 1 else axes
