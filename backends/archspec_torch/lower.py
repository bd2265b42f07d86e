"""What each op is in PyTorch: a call that builds its module, or, if it needs none, an expression over its inputs.

The parameters and buffers of that module have the names that the op gives them. Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce, singledispatch
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
from archspec.ops.arithmetic import Arithmetic, Calculation, Operand, Term
from archspec.ops.attention import Attention
from archspec.ops.conv import Conv, ConvTranspose
from archspec.ops.embedding import Embedding, LearnedPositions, SinusoidalPositions
from archspec.ops.linear import Linear
from archspec.ops.merge import Add, Concat, Matmul, Mul, Stack
from archspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, RmsNorm
from archspec.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from archspec.ops.regularisation import Dropout
from archspec.ops.reshaping import (
    Broadcast,
    Flatten,
    Identity,
    Pad,
    Permute,
    Reshape,
    Select,
    Slice,
    Split,
    Upsample,
)
from archspec.ops.window import Window, per_axis
from archspec.shape import Shape
from archspec.size import Size
from archspec_torch.call import Call, Item, Operation, Range
from archspec_torch.inline import Given, Inline, Method


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
def lower(op: Op, *inputs: Shape) -> Call | Inline:
    """The call that builds the module of an op for inputs of these shapes. Arguments at torch's defaults are left out.

    An op that needs no module, as it has no weights and is shorter to write out, is an `Inline` instead: an expression
    over its inputs. A module is called with all inputs of the op, in order.

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
def _(op: ConvTranspose, x: Shape) -> Call:
    windows = op.windows(x)
    options = _changed(
        stride=(_alike(window.stride for window in windows), 1),
        padding=(_alike(window.before for window in windows), 0),
        output_padding=(_alike(op.output_paddings(x)), 0),
        dilation=(_alike(window.dilation for window in windows), 1),
        groups=(op.groups, 1),
        bias=(op.bias, True),
    )
    return Call(
        f"nn.ConvTranspose{len(windows)}d",
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


@lower.register
def _(op: LayerNorm, x: Shape) -> Call:
    options = _changed(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True), bias=(op.bias, True))
    return Call("nn.LayerNorm", (_last_sizes(op, x, op.axes),), options)


@lower.register
def _(op: RmsNorm, x: Shape) -> Call:
    # Torch adds another number by default for each number of bits, so that ours is always written.
    options = {"eps": op.eps, **_changed(elementwise_affine=(op.affine, True))}
    return Call("nn.RMSNorm", (_last_sizes(op, x, op.axes),), options)


@lower.register
def _(op: GroupNorm, x: Shape) -> Call:
    options = _changed(eps=(op.eps, 1e-5), affine=(op.affine, True))
    return Call("nn.GroupNorm", (op.groups, _number(op, "the channels of its input", x[1])), options)


@lower.register
def _(op: InstanceNorm, x: Shape) -> Call:
    options = _changed(eps=(op.eps, 1e-5), affine=(op.affine, False))
    return Call(f"nn.InstanceNorm{x.rank - 2}d", (_number(op, "the channels of its input", x[1]),), options)


@lower.register
def _(op: Embedding, x: Shape) -> Call:
    return Call.of("nn.Embedding", _number(op, "its entries", op.entries), _number(op, "its features", op.features))


@lower.register
def _(op: LearnedPositions, x: Shape) -> Call:
    features = _number(op, "the features of its input", x[2])
    return Call.of("LearnedPositions", _number(op, "its length", op.length), features)


@lower.register
def _(op: SinusoidalPositions, x: Shape) -> Call:
    return Call("SinusoidalPositions", (), _changed(base=(op.base, 10_000.0)))


@lower.register
def _(op: Attention, query: Shape, key: Shape | None = None, value: Shape | None = None) -> Call:
    features = _number(op, "the features of its query", query[2])
    key_features = features if key is None else _number(op, "the features of its key", key[2])
    value_features = key_features if value is None else _number(op, "the features of its value", value[2])
    head_features = None if op.head_features is None else _number(op, "its head_features", op.head_features)
    options = _changed(
        key_features=(key_features, features),
        value_features=(value_features, key_features),
        head_features=(head_features, None),
        causal=(op.causal, False),
        bias=(op.bias, True),
        dropout=(op.dropout, 0.0),
    )
    return Call("Attention", (features, op.heads), options)


@lower.register
def _(op: Pad, x: Shape) -> Call:
    # Torch begins with the last axis, and takes one number where all margins are alike.
    margins = _alike(margin for pair in reversed(op.ends(x)) for margin in pair)
    if op.mode == "constant" and op.value != 0:
        return Call.of(f"nn.ConstantPad{x.rank - 2}d", margins, op.value)
    kind = {"constant": "Zero", "reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}[op.mode]
    return Call.of(f"nn.{kind}Pad{x.rank - 2}d", margins)


@lower.register
def _(op: Upsample, x: Shape) -> Call:
    scale = _alike(per_axis(op.scale, x.rank - 2, "scale"))
    # Torch asks for a word on corners wherever there is something between them.
    corners = {} if op.mode == "nearest" else {"align_corners": op.align_corners}
    return Call("nn.Upsample", (), {"scale_factor": scale, **_changed(mode=(op.mode, "nearest")), **corners})


@lower.register
def _(op: Identity, x: Shape) -> Call:
    return Call.of("nn.Identity")


@lower.register
def _(op: Add, *xs: Shape) -> Inline:
    return Inline(_folded("+", len(xs)))


@lower.register
def _(op: Mul, *xs: Shape) -> Inline:
    return Inline(_folded("*", len(xs)))


@lower.register
def _(op: Arithmetic, *xs: Shape) -> Inline:
    return Inline(_operation(op.term))


@lower.register
def _(op: Concat, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.cat", _all_given(len(xs)), dim=op.axis))


@lower.register
def _(op: Stack, *xs: Shape) -> Inline:
    return Inline(Call.of("torch.stack", _all_given(len(xs)), dim=op.axis))


@lower.register
def _(op: Matmul, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("@", _all_given(2)))


@lower.register
def _(op: Reshape, x: Shape) -> Inline:
    # Without any size, which makes a single number, torch needs the empty tuple.
    return Inline(Method(Given(0), "reshape", op.sizes or ((),)))


@lower.register
def _(op: Broadcast, x: Shape) -> Inline:
    return Inline(Method(Given(0), "expand", op.sizes or ((),)))


@lower.register
def _(op: Permute, x: Shape) -> Inline:
    return Inline(Method(Given(0), "permute", op.axes or ((),)))


@lower.register
def _(op: Select, x: Shape) -> Inline:
    return Inline(Item(Given(0), _along(op.axis, op.index)))


@lower.register
def _(op: Slice, x: Shape) -> Inline:
    start = None if op.start == 0 else op.start
    return Inline(Item(Given(0), _along(op.axis, Range(start, op.end, op.step))))


@lower.register
def _(op: Split, x: Shape) -> Inline:
    # Torch also has `split`, of which type checkers know nothing.
    method = "chunk" if isinstance(op.parts, int) else "split_with_sizes"
    return Inline(Method(Given(0), method, (op.parts,), {"dim": op.axis}))


def _all_given(inputs: int) -> tuple[Given, ...]:
    return tuple(map(Given, range(inputs)))


def _folded(symbol: str, inputs: int) -> Any:
    """The inputs with an operator between them."""
    values: tuple[Any, ...] = _all_given(inputs)
    return reduce(lambda left, right: Operation(symbol, (left, right)), values)


def _operation(term: Term) -> Any:
    """A term of a formula in Python."""
    match term:
        case Operand(position):
            return Given(position)
        case Calculation(symbol, terms):
            return Operation(symbol, tuple(map(_operation, terms)))
        case _:
            return term


def _along(axis: int, place: Any) -> tuple[Any, ...]:
    """What is written in brackets to take a place along one axis."""
    return (..., place, *[Range()] * (-1 - axis)) if axis < 0 else (*[Range()] * axis, place)


def _last_sizes(op: Op, x: Shape, axes: int) -> Any:
    sizes = tuple(_number(op, "the last size of its input", size) for size in x[-axes:])
    return sizes[0] if len(sizes) == 1 else sizes


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
