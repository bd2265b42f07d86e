"""What each op is in PyTorch: a call that builds its module.

The parameters and buffers of that module have the names that the op gives them. Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from types import MappingProxyType
from typing import Any, Final

from archspec.op import Op
from archspec.ops.activation import (
    Activation,
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Tanh,
)
from archspec.ops.conv import Conv
from archspec.ops.linear import Linear
from archspec.ops.norm import BatchNorm, LocalResponseNorm
from archspec.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from archspec.ops.regularisation import Dropout
from archspec.ops.reshaping import Flatten
from archspec.ops.window import Window, per_axis
from archspec.shape import Shape
from archspec.size import Size
from archspec_torch.call import Call


class NoLoweringError(LookupError):
    """No one has said what an op is in PyTorch."""

    def __init__(self, op: Op) -> None:
        super().__init__(f"`{op.name}` cannot be written in PyTorch: no lowering is registered for it")
        self.op = op


class OpenSizeError(ValueError):
    """A module must be built with a size that is still open."""

    def __init__(self, op: Op, what: str, size: Size) -> None:
        super().__init__(f"`{op.name}` needs {what} as a number, but it is `{size}`")
        self.op = op
        self.size = size


@singledispatch
def lower(op: Op, x: Shape) -> Call:
    """The call that builds the module of an op for an input of this shape. Arguments at torch's defaults are left out.

    Another package adds the lowering of its own op with `lower.register`.
    """
    raise NoLoweringError(op)


@lower.register
def _(op: Conv, x: Shape) -> Call:
    windows = op.windows(x)
    margins = tuple((window.before, window.after) for window in windows)
    padding: Any
    if op.padding == "same":
        function, padding = "nn.Conv", "same"
    elif all(before == after for before, after in margins):
        function, padding = "nn.Conv", _alike(before for before, _ in margins)
    else:
        function, padding = "PaddedConv", margins
    options = _changed(
        stride=(_alike(window.stride for window in windows), 1),
        padding=(padding, 0),
        dilation=(_alike(window.dilation for window in windows), 1),
        groups=(op.groups, 1),
        bias=(op.bias, True),
        padding_mode=(op.padding_mode, "zeros"),
    )
    return Call(
        f"{function}{len(windows)}d",
        (_number(op, "the channels of its input", x[1]), _number(op, "its channels", op.channels)),
        {"kernel_size": _kernel(windows), **options},
    )


@lower.register
def _(op: Linear, x: Shape) -> Call:
    return Call(
        "nn.Linear",
        (_number(op, "the last size of its input", x[-1]), _number(op, "its features", op.features)),
        _changed(bias=(op.bias, True)),
    )


@lower.register
def _(op: MaxPool, x: Shape) -> Call:
    windows = op.windows(x)
    dilation = _alike(window.dilation for window in windows)
    options = _changed(**_sliding(windows), dilation=(dilation, 1), ceil_mode=(op.ceil_mode, False))
    return Call(f"nn.MaxPool{len(windows)}d", (), {"kernel_size": _kernel(windows), **options})


@lower.register
def _(op: AvgPool, x: Shape) -> Call:
    windows = op.windows(x)
    options = _changed(
        **_sliding(windows),
        ceil_mode=(op.ceil_mode, False),
        count_include_pad=(op.count_include_pad, True),
    )
    return Call(f"nn.AvgPool{len(windows)}d", (), {"kernel_size": _kernel(windows), **options})


@lower.register
def _(op: AdaptiveAvgPool, x: Shape) -> Call:
    axes = x.rank - 2
    return Call.of(f"nn.AdaptiveAvgPool{axes}d", _alike(per_axis(op.size, axes, "size")))


@lower.register
def _(op: AdaptiveMaxPool, x: Shape) -> Call:
    axes = x.rank - 2
    return Call.of(f"nn.AdaptiveMaxPool{axes}d", _alike(per_axis(op.size, axes, "size")))


@lower.register
def _(op: GlobalAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", 1)


@lower.register
def _(op: GlobalMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", 1)


@lower.register
def _(op: BatchNorm, x: Shape) -> Call:
    # A batch of plain features is a signal of length one to torch.
    axes = max(x.rank - 2, 1)
    options = _changed(
        eps=(op.eps, 1e-5),
        momentum=(op.momentum, 0.1),
        affine=(op.affine, True),
        track_running_stats=(op.track_running_stats, True),
    )
    return Call(f"nn.BatchNorm{axes}d", (_number(op, "the channels of its input", x[1]),), options)


@lower.register
def _(op: LocalResponseNorm, x: Shape) -> Call:
    options = _changed(alpha=(op.alpha, 1e-4), beta=(op.beta, 0.75), k=(op.k, 1.0))
    return Call("nn.LocalResponseNorm", (), {"size": op.size, **options})


PLAIN: Final[Mapping[type[Op], str]] = MappingProxyType(
    {
        Relu: "nn.ReLU",
        Sigmoid: "nn.Sigmoid",
        Tanh: "nn.Tanh",
        Relu6: "nn.ReLU6",
        Silu: "nn.SiLU",
        Hardswish: "nn.Hardswish",
        Hardsigmoid: "nn.Hardsigmoid",
        Softplus: "nn.Softplus",
        Mish: "nn.Mish",
        Selu: "nn.SELU",
    }
)
"""The activations that have no settings."""


@lower.register
def _(op: Activation, x: Shape) -> Call:
    if type(op) not in PLAIN:
        raise NoLoweringError(op)
    return Call.of(PLAIN[type(op)])


@lower.register
def _(op: LeakyRelu, x: Shape) -> Call:
    return Call("nn.LeakyReLU", (), _changed(negative_slope=(op.slope, 0.01)))


@lower.register
def _(op: Elu, x: Shape) -> Call:
    return Call("nn.ELU", (), _changed(alpha=(op.alpha, 1.0)))


@lower.register
def _(op: Gelu, x: Shape) -> Call:
    return Call("nn.GELU", (), _changed(approximate=(op.approximate, "none")))


@lower.register
def _(op: Prelu, x: Shape) -> Call:
    return Call("nn.PReLU", (), _changed(num_parameters=(_number(op, "its parameters", op.parameters), 1)))


@lower.register
def _(op: Softmax, x: Shape) -> Call:
    return Call.of("nn.Softmax", dim=op.axis)


@lower.register
def _(op: LogSoftmax, x: Shape) -> Call:
    return Call.of("nn.LogSoftmax", dim=op.axis)


@lower.register
def _(op: Dropout, x: Shape) -> Call:
    # The rate is always written: a reader should not have to know torch's default.
    return Call.of("nn.Dropout", op.rate)


@lower.register
def _(op: Flatten, x: Shape) -> Call:
    return Call("nn.Flatten", (), _changed(start_dim=(op.start, 1), end_dim=(op.end, -1)))


def _changed(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """The arguments, each given with torch's default, that are not at that default."""
    return {name: value for name, (value, default) in arguments.items() if value != default}


def _alike(values: Iterable[Any]) -> Any:
    """One value where all axes have the same, and a tuple elsewhere."""
    each = tuple(values)
    return each[0] if len(set(each)) == 1 else each


def _kernel(windows: Iterable[Window]) -> Any:
    return _alike(window.kernel for window in windows)


def _sliding(windows: tuple[Window, ...]) -> dict[str, tuple[Any, Any]]:
    """The stride and padding of a pooling; torch also takes the kernel as the stride where it is left out."""
    return {
        "stride": (_alike(window.stride for window in windows), _kernel(windows)),
        "padding": (_alike(window.before for window in windows), 0),
    }


def _number(op: Op, what: str, size: Size) -> int:
    if not isinstance(size, int):
        raise OpenSizeError(op, what, size)
    return size
