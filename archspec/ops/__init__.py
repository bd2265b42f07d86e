"""The ops that are shipped.

Each module here has a few of them. A module is imported when one of its ops is first looked up: most specs use few, and
a check should not wait for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, final

from archspec.op import Op

MODULES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "conv": ("conv", "conv_transpose"),
        "linear": ("linear", "bilinear"),
        "pool": (
            "maxpool",
            "max_unpool",
            "avgpool",
            "lp_pool",
            "stochastic_pool",
            "mixed_pool",
            "adaptive_avgpool",
            "adaptive_maxpool",
            "global_avgpool",
            "global_maxpool",
        ),
        "norm": ("batchnorm", "layernorm", "rmsnorm", "groupnorm", "instancenorm", "local_response_norm", "unitnorm"),
        "activation": (
            "relu",
            "sigmoid",
            "tanh",
            "leaky_relu",
            "relu6",
            "elu",
            "gelu",
            "silu",
            "hardswish",
            "hardsigmoid",
            "softplus",
            "mish",
            "selu",
            "prelu",
            "celu",
            "glu",
            "hardshrink",
            "softshrink",
            "hardtanh",
            "log_sigmoid",
            "rrelu",
            "softsign",
            "tanhshrink",
            "threshold",
        ),
        "softmax": ("softmax", "log_softmax", "softmin", "gumbel_softmax"),
        "elementwise": (
            "exp",
            "expm1",
            "log",
            "log1p",
            "log2",
            "log10",
            "sqrt",
            "rsqrt",
            "reciprocal",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "erf",
            "logit",
            "abs",
            "floor",
            "ceil",
            "round",
            "trunc",
            "square",
            "sign",
            "clamp",
            "cast",
            "equal",
            "not_equal",
            "greater",
            "greater_equal",
            "less",
            "less_equal",
            "logical_and",
            "logical_or",
            "logical_xor",
            "logical_not",
        ),
        "trained": ("scale", "shift", "tokens"),
        "regularisation": (
            "dropout",
            "channel_dropout",
            "alpha_dropout",
            "feature_alpha_dropout",
            "stochastic_depth",
            "gaussian_noise",
            "gaussian_dropout",
        ),
        "reshaping": (
            "flatten",
            "unflatten",
            "reshape",
            "permute",
            "select",
            "slice",
            "split",
            "broadcast",
            "identity",
        ),
        "axes": ("squeeze", "unsqueeze", "transpose", "unstack"),
        "rearranging": (
            "flip",
            "roll",
            "tile",
            "repeat_interleave",
            "channel_shuffle",
            "pixel_shuffle",
            "pixel_unshuffle",
            "unfold",
            "fold",
        ),
        "resampling": ("pad", "crop", "upsample", "resize"),
        "merge": (
            "add",
            "mul",
            "sub",
            "div",
            "maximum",
            "minimum",
            "average",
            "where",
            "masked_fill",
        ),
        "joining": ("concat", "stack"),
        "product": ("matmul", "dot", "einsum"),
        "reduction": (
            "mean",
            "sum",
            "prod",
            "max",
            "min",
            "var",
            "std",
            "vector_norm",
            "logsumexp",
            "any",
            "all",
            "argmax",
            "argmin",
            "cumsum",
            "cumprod",
        ),
        "indexing": ("gather", "take", "topk", "sort", "one_hot", "tril", "triu", "positions"),
        "arithmetic": ("arithmetic",),
        "attention": ("attention",),
        "soft_attention": ("soft_attention", "hard_attention", "pointer"),
        "memory": ("address", "read", "write"),
        "embedding": ("embedding", "embedding_bag"),
        "positions": (
            "learned_positions",
            "sinusoidal_positions",
            "rotary_positions",
            "alibi_positions",
            "relative_positions",
        ),
        "recurrent": ("rnn", "lstm", "gru", "rnn_cell", "lstm_cell", "gru_cell"),
    }
)
"""What the ops of each module are called, in the order of the manual."""


@final
class _Shipped(Mapping[str, type[Op]]):
    """The ops by name."""

    def __init__(self) -> None:
        self._modules = {name: module for module, names in MODULES.items() for name in names}
        self._found: dict[str, type[Op]] = {}

    def __getitem__(self, name: str) -> type[Op]:
        if name not in self._found:
            module = import_module(f"archspec.ops.{self._modules[name]}")
            self._found |= {op.name: op for op in vars(module).values() if _is_op_of(op, module.__name__)}
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _is_op_of(thing: object, module: str) -> bool:
    """Whether something is an op that is written in a module, and no class that several of them have in common."""
    return isinstance(thing, type) and issubclass(thing, Op) and thing.__module__ == module and hasattr(thing, "name")


OPS: Final[Mapping[str, type[Op]]] = _Shipped()
"""Each by what a spec calls it, in the order of the manual."""
