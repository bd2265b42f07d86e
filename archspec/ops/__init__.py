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
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.attention import Attention
from archspec.ops.conv import Conv, ConvTranspose
from archspec.ops.embedding import Embedding, LearnedPositions, SinusoidalPositions
from archspec.ops.linear import Linear
from archspec.ops.merge import Add, Concat, Matmul, Mul, Stack
from archspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm, RmsNorm
from archspec.ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
)
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

OPS: Final[tuple[type[Op], ...]] = (
    Conv,
    ConvTranspose,
    Linear,
    MaxPool,
    AvgPool,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    GlobalAvgPool,
    GlobalMaxPool,
    BatchNorm,
    LayerNorm,
    RmsNorm,
    GroupNorm,
    InstanceNorm,
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
    Reshape,
    Permute,
    Select,
    Slice,
    Split,
    Pad,
    Upsample,
    Broadcast,
    Identity,
    Add,
    Mul,
    Concat,
    Stack,
    Matmul,
    Arithmetic,
    Attention,
    Embedding,
    LearnedPositions,
    SinusoidalPositions,
)
"""All of them, in the order of the manual."""

BY_NAME: Final[Mapping[str, type[Op]]] = MappingProxyType({op.name: op for op in OPS})
"""Each by what a spec calls it."""
