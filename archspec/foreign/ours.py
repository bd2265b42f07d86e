"""The settings of our ops, as far as those of other frameworks become them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archspec.foreign.functions import CALLED_THE_SAME

OURS: Final[Mapping[str, tuple[str, ...]]] = {
    op: tuple(settings.split())
    for op, settings in {
        "conv": "channels kernel stride padding dilation groups bias padding_mode",
        "conv_transpose": "channels kernel stride padding output_padding groups bias dilation",
        "linear": "features bias",
        "bilinear": "features bias",
        "maxpool": "kernel stride padding dilation indices ceil_mode",
        "avgpool": "kernel stride padding ceil_mode count_include_pad",
        "max_unpool": "kernel stride padding",
        "lp_pool": "kernel p stride ceil_mode",
        "adaptive_avgpool": "size",
        "adaptive_maxpool": "size",
        "global_avgpool": "",
        "global_maxpool": "",
        "batchnorm": "eps momentum affine track_running_stats",
        "layernorm": "eps affine bias axes",
        "rmsnorm": "eps affine axes",
        "groupnorm": "groups eps affine",
        "instancenorm": "eps momentum affine track_running_stats",
        "local_response_norm": "size alpha beta k",
        **{name: order for names, order in CALLED_THE_SAME if order == "" for name in names.split()},
        **dict.fromkeys(("relu6", "selu", "silu", "hardswish", "hardsigmoid", "mish"), ""),
        **dict.fromkeys(("log_sigmoid", "tanhshrink", "softsign", "identity"), ""),
        **dict.fromkeys(("add", "mul", "sub", "div", "average", "maximum", "minimum"), ""),
        **dict.fromkeys(("softmax", "log_softmax", "softmin", "glu", "concat", "dot"), "axis"),
        **dict.fromkeys(("dropout", "channel_dropout", "alpha_dropout", "feature_alpha_dropout"), "rate"),
        **dict.fromkeys(("elu", "celu"), "alpha"),
        **dict.fromkeys(("hardtanh", "rrelu"), "low high"),
        **dict.fromkeys(("hardshrink", "softshrink"), "threshold"),
        **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), "factor"),
        "leaky_relu": "slope",
        "prelu": "parameters",
        "gelu": "approximate",
        "softplus": "beta threshold",
        "threshold": "threshold value",
        "gaussian_noise": "std",
        "gaussian_dropout": "rate",
        "stochastic_depth": "rate mode",
        "flatten": "start end",
        "unflatten": "axis sizes",
        "channel_shuffle": "groups",
        "unfold": "kernel stride padding dilation",
        "fold": "size kernel stride padding dilation",
        "pad": "margins mode value",
        "upsample": "scale mode align_corners",
        "lstm": "hidden layers direction dropout bias projection",
        "gru": "hidden layers direction dropout bias",
        "rnn": "hidden layers direction dropout bias activation",
        "lstm_cell": "hidden bias",
        "gru_cell": "hidden bias",
        "rnn_cell": "hidden bias activation",
        "attention": "heads causal bias dropout head_features head_value_features",
        "soft_attention": "score hidden",
        **dict.fromkeys(("mean", "sum", "prod", "max", "min", "any", "all", "var", "std", "logsumexp"), "axes keep"),
        **dict.fromkeys(("argmax", "argmin"), "axis keep"),
        **dict.fromkeys(("unsqueeze", "cumsum", "cumprod"), "axis"),
        **dict.fromkeys(("squeeze", "flip", "permute"), "axes"),
        "transpose": "first second",
        "split": "parts axis",
        "clamp": "low high",
        "unitnorm": "p axis eps",
        "embedding": "entries features padding_index",
        "embedding_bag": "entries features mode padding_index",
    }.items()
}
"""The settings of our ops that those of theirs become. The first goes without its name."""
