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
        "conv": ("conv",),
        "conv_transpose": ("conv_transpose",),
        "linear": ("linear",),
        "bilinear": ("bilinear",),
        "max_pool": ("maxpool", "max_unpool"),
        "mean_pool": ("avgpool", "lp_pool"),
        "mixed_pool": ("stochastic_pool", "mixed_pool"),
        "adaptive_pool": ("adaptive_avgpool", "adaptive_maxpool"),
        "global_pool": ("global_avgpool", "global_maxpool"),
        "batch_norm": ("batchnorm", "instancenorm"),
        "layer_norm": ("layernorm", "rmsnorm"),
        "group_norm": ("groupnorm",),
        "untrained_norm": ("local_response_norm", "unitnorm"),
        "rectifier": ("relu", "relu6", "threshold"),
        "leaky_rectifier": ("leaky_relu", "rrelu", "prelu"),
        "smooth_rectifier": ("elu", "selu", "celu", "softplus"),
        "gated": ("gelu", "silu", "hardswish", "mish", "glu"),
        "sigmoid": ("sigmoid", "tanh", "hardsigmoid", "hardtanh", "softsign", "log_sigmoid"),
        "shrinking": ("hardshrink", "softshrink", "tanhshrink"),
        "softmax": ("softmax", "log_softmax", "softmin", "gumbel_softmax"),
        "exponential": ("exp", "expm1", "log", "log1p", "log2", "log10", "logit", "erf", "sinh", "cosh"),
        "power": ("square", "sqrt", "rsqrt", "reciprocal"),
        "trigonometry": ("sin", "cos", "tan", "asin", "acos", "atan"),
        "piecewise": ("abs", "sign", "clamp", "floor", "ceil", "round", "trunc", "cast"),
        "comparison": ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"),
        "logic": ("logical_and", "logical_or", "logical_xor", "logical_not"),
        "trained": ("scale", "shift", "tokens"),
        "dropout": ("dropout", "channel_dropout", "stochastic_depth"),
        "alpha_dropout": ("alpha_dropout", "feature_alpha_dropout"),
        "noise": ("gaussian_noise", "gaussian_dropout"),
        "reshaping": ("flatten", "unflatten", "reshape"),
        "rearranging": ("permute", "flip", "roll", "identity"),
        "cutting": ("select", "slice", "split"),
        "axes": ("squeeze", "unsqueeze", "transpose", "unstack"),
        "repeating": ("broadcast", "tile", "repeat_interleave"),
        "shuffling": ("channel_shuffle", "pixel_shuffle", "pixel_unshuffle"),
        "patches": ("unfold", "fold"),
        "margins": ("pad", "crop"),
        "resampling": ("upsample", "resize"),
        "addition": ("add", "sub", "average"),
        "multiplication": ("mul", "div"),
        "maximum": ("maximum", "minimum"),
        "masking": ("where", "masked_fill"),
        "joining": ("concat", "stack"),
        "product": ("matmul", "dot", "einsum"),
        "total": ("mean", "sum", "prod", "logsumexp"),
        "extremum": ("max", "min", "any", "all", "argmax", "argmin"),
        "spread": ("var", "std", "vector_norm"),
        "running": ("cumsum", "cumprod"),
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
        "recurrent": ("rnn", "lstm", "gru"),
        "recurrent_cell": ("rnn_cell", "lstm_cell", "gru_cell"),
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
