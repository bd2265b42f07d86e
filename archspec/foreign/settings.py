"""The settings of other frameworks, and those of our ops that they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("out_channels", "filters", "nb_filter", "num_filters", "out_ch", "cout"), ("channels",)),
    **dict.fromkeys(("num_output", "nOut", "n_out", "out_size"), ("features", "channels", "hidden")),
    **dict.fromkeys(("out_features", "out_dim", "num_outputs"), ("features", "channels", "hidden")),
    **dict.fromkeys(("units", "neurons", "nodes"), ("features", "hidden")),
    **dict.fromkeys(("kernel_size", "ksize", "filter_size", "pool_size", "window_shape", "kernel_shape"), ("kernel",)),
    **dict.fromkeys(("k_size", "k", "filter"), ("kernel",)),
    **dict.fromkeys(("strides", "subsample", "s"), ("stride",)),
    **dict.fromkeys(("pad", "pads", "border_mode"), ("padding",)),
    **dict.fromkeys(("dilation_rate", "dilations", "kernel_dilation", "rhs_dilation"), ("dilation",)),
    **dict.fromkeys(("feature_group_count", "group", "num_groups"), ("groups",)),
    **dict.fromkeys(("use_bias", "bias_term", "with_bias", "has_bias", "bias_attr", "qkv_bias"), ("bias",)),
    **dict.fromkeys(("p", "drop_prob", "drop_rate", "dropout_ratio", "dropout_prob", "prob"), ("rate", "dropout")),
    **dict.fromkeys(("drop", "dropout_rate", "attn_drop", "attention_dropout", "dropout_p"), ("dropout", "rate")),
    **dict.fromkeys(("stddev", "sigma"), ("std",)),
    **dict.fromkeys(("hidden_size", "hidden_dim", "num_units", "hidden_units", "num_hiddens"), ("hidden", "features")),
    **dict.fromkeys(("num_layers", "n_layers", "nlayers"), ("layers",)),
    **dict.fromkeys(("num_heads", "n_heads", "nhead", "n_head", "num_attention_heads", "head_count"), ("heads",)),
    **dict.fromkeys(("num_kv_heads", "n_kv_heads", "num_key_value_heads"), ("kv_heads",)),
    **dict.fromkeys(("key_dim", "head_dim", "head_size", "qkv_features"), ("head_features",)),
    **dict.fromkeys(("value_dim",), ("head_value_features",)),
    **dict.fromkeys(("is_causal", "use_causal_mask", "causal_mask"), ("causal",)),
    **dict.fromkeys(("dim", "axis", "dims", "axes", "cdim", "concat_axis"), ("axis", "axes")),
    **dict.fromkeys(("dim0", "axis1"), ("first",)),
    **dict.fromkeys(("dim1", "axis2"), ("second",)),
    **dict.fromkeys(("perm", "permutation", "order"), ("axes",)),
    **dict.fromkeys(("keepdim", "keepdims", "keep_dims"), ("keep",)),
    **dict.fromkeys(("num_embeddings", "vocab_size", "input_dim", "n_vocab", "num_tokens"), ("entries",)),
    **dict.fromkeys(("embedding_dim", "output_dim", "embed_size", "emb_dim"), ("features",)),
    **dict.fromkeys(("padding_idx", "mask_idx"), ("padding_index",)),
    **dict.fromkeys(("epsilon", "variance_epsilon", "layer_norm_eps"), ("eps",)),
    **dict.fromkeys(("elementwise_affine", "scale", "center"), ("affine",)),
    **dict.fromkeys(("negative_slope", "alpha", "leak", "leakiness"), ("slope",)),
    **dict.fromkeys(("lambd", "theta"), ("threshold",)),
    **dict.fromkeys(("min_val", "lower", "min", "minval", "min_value"), ("low",)),
    **dict.fromkeys(("max_val", "upper", "max", "maxval", "max_value"), ("high",)),
    **dict.fromkeys(("num_parameters",), ("parameters",)),
    **dict.fromkeys(("start_dim",), ("start",)),
    **dict.fromkeys(("end_dim",), ("end",)),
    **dict.fromkeys(("output_size", "target_size"), ("size",)),
    **dict.fromkeys(("scale_factor", "upscale_factor", "downscale_factor", "block_size"), ("scale", "factor")),
    **dict.fromkeys(("interpolation",), ("mode",)),
    **dict.fromkeys(("target_shape", "shape", "new_shape", "unflattened_size", "newshape"), ("sizes",)),
    **dict.fromkeys(("norm_type", "ord"), ("p",)),
    **dict.fromkeys(("return_indices",), ("indices",)),
    **dict.fromkeys(("proj_size",), ("projection",)),
    **dict.fromkeys(("nonlinearity", "activation"), ("activation",)),
    **dict.fromkeys(("split_size_or_sections", "chunks", "num_or_size_splits", "indices_or_sections"), ("parts",)),
    **dict.fromkeys(("num_classes", "depth"), ("classes",)),
    **dict.fromkeys(("depth_radius", "local_size"), ("size",)),
    **dict.fromkeys(("tau",), ("temperature",)),
    **dict.fromkeys(("n", "reps", "repeats", "multiples"), ("repeats",)),
}
"""What settings of theirs are called here, in ops that have one of these."""

_FOLLOWS: Final = "it follows from what flows in"
_ORDER: Final = "values are `[B, C, H, W]` here, with the channels behind the batch"
_BATCH: Final = "sequences are `[B, T, features]` here, with the batch first"
_STARTS: Final = "how weights start, an `init` says, such as `init=kaiming`"
TRAINING: Final = "it is a matter of training, which no spec describes"
RUNNING: Final = "it is chosen when the model runs"
_STEPS: Final = "all steps are given, and the last state beside them: `y, h = gru(64)`, `y, h, c = lstm(64)`"

ABSENT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("in_channels", "in_features", "num_features", "input_size", "num_channels", "in1_features"), _FOLLOWS
    ),
    **dict.fromkeys(("in2_features", "embed_dim", "d_model", "kdim", "vdim", "in_dim", "nIn", "in_planes"), _FOLLOWS),
    **dict.fromkeys(("normalized_shape", "input_length", "input_dim", "inplanes", "cin", "channel"), _FOLLOWS),
    **dict.fromkeys(("input_shape", "batch_input_shape"), "`input x: [B, 3, 32, 32]` says it, in a line of its own"),
    "data_format": _ORDER,
    **dict.fromkeys(("batch_first", "time_major"), _BATCH),
    **dict.fromkeys(("return_sequences", "return_state"), _STEPS),
    **dict.fromkeys(("inplace", "device", "dtype", "trainable", "implementation", "unroll", "stateful"), RUNNING),
    **dict.fromkeys(
        (
            "kernel_initializer",
            "bias_initializer",
            "embeddings_initializer",
            "recurrent_initializer",
            "beta_initializer",
            "gamma_initializer",
            "weight_filler",
            "bias_filler",
            "kernel_init",
            "bias_init",
            "weight_init",
        ),
        _STARTS,
    ),
    **dict.fromkeys(
        (
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "kernel_constraint",
            "bias_constraint",
            "weight_decay",
            "lr",
            "lr_mult",
            "seed",
        ),
        TRAINING,
    ),
}
"""Why settings of theirs are not written here, in ops that have none of that meaning."""
