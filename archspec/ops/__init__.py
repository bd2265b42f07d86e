"""The ops that are shipped."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from archspec.op import Op
from archspec.ops.activation import (
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
from archspec.ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
)
from archspec.ops.regularisation import Dropout
from archspec.ops.reshaping import Flatten

OPS: Final[tuple[type[Op], ...]] = (
    Conv,
    Linear,
    MaxPool,
    AvgPool,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    GlobalAvgPool,
    GlobalMaxPool,
    BatchNorm,
    LocalResponseNorm,
    Relu,
    Sigmoid,
    Tanh,
    LeakyRelu,
    Relu6,
    Elu,
    Gelu,
    Silu,
    Hardswish,
    Hardsigmoid,
    Softplus,
    Mish,
    Selu,
    Prelu,
    Softmax,
    LogSoftmax,
    Dropout,
    Flatten,
)
"""All of them, in the order of the manual."""

BY_NAME: Final[Mapping[str, type[Op]]] = MappingProxyType({op.name: op for op in OPS})
"""Each by what a spec calls it."""
