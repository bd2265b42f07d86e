"""The words of other frameworks, and what they are here: of PyTorch, Keras, TensorFlow, Flax, Caffe and YOLO.

This is a table. It says which op of ours a word of theirs stands for, in which order its settings come there and what
they are called here, and what there is not and why. `archspec.translation` writes their layers in our words. Both are
imported only where something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any, Final, final


@final
class Reading(Enum):
    """How a value of theirs becomes one of ours, where it does not stay as it is."""

    COMPLEMENT = auto()
    """What is lacking to 1: how much is kept of the old, where ours says how much is taken of the new."""

    LENGTH = auto()
    """How many there are in a list of sizes."""

    NUMBER = auto()
    """As it is, if it is one number; lists mean something else."""

    NOTHING = auto()
    """Only nothing has a meaning here."""


@final
@dataclass(frozen=True)
class Word:
    """What a layer or function of theirs is here."""

    ops: tuple[str, ...] = ()
    """Our ops; the first is the one that is written where settings can be taken over."""

    order: tuple[str, ...] | None = None
    """What their settings are called, in their order; nobody knows it where frameworks differ in it."""

    own: Mapping[str, str] = field(default_factory=dict)
    """What settings are called here that are called otherwise in other layers; what is called nothing is left out."""

    reads: Mapping[str, Reading] = field(default_factory=dict)
    """How the values of settings are read, by what they are called there."""

    adds: Mapping[str, str] = field(default_factory=dict)
    """Settings of ours that the word itself says."""

    behind: str = ""
    """What follows the op."""

    cure: str = ""
    """What to write, where there is no op."""


def foreign_op(word: str) -> Word | None:
    """What a word is that is none of ours: `Conv2d`, `nn.Conv2d`, `tf.keras.layers.Conv2D`, `conv2d`."""
    if word in OUR_OPS:
        return None
    owner, _, last = word.rpartition(".")
    number_of_axes = _AXES.sub("#", last)
    if owner and (function := foreign_functions().get(number_of_axes)) is not None:
        return function
    found = _exact().get(last) or _exact().get(number_of_axes) or _folded().get(_fold(last))
    if found is None and _LOSS.search(last) and len(last) > len("loss"):
        return LOSS
    return found


def foreign_setting(word: str, op: str, known: tuple[str, ...]) -> str | None:
    """The setting that a word of theirs stands for, of those that an op of ours has."""
    for each in words_of(op):
        if (found := each.own.get(word)) is not None and found in known:
            return found
    return next((each for each in SETTINGS.get(word, ()) if each in known), None)


def why_absent(setting: str) -> str:
    """Why a setting of theirs is not written here; empty where it is none that we know."""
    return ABSENT.get(setting, "")


FRAMEWORKS: Final = frozenset(
    {"nn", "torch", "torchvision", "F", "tf", "keras", "layers", "jnp", "jax", "np", "numpy", "nnx", "linen", "hk"}
)
"""What stands before the dot in the words of frameworks."""

_AXES: Final = re.compile(r"(?<=[a-z])[123](?=[dD](?![a-z]))")
"""Where a name says of how many axes it is."""

_LOSS: Final = re.compile(r"(Loss(\dd)?|_loss|[cC]rossentropy|cross_entropy)$")


def _fold(word: str) -> str:
    return re.sub(r"[123][dD]$|#[dD]$", "", word).casefold().replace("_", "")


# ------------------------------------------------------------------------------------------------------- settings

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
        **dict.fromkeys(("relu", "relu6", "selu", "silu", "hardswish", "hardsigmoid", "mish", "sigmoid", "tanh"), ""),
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
        **dict.fromkeys(
            [
                "exp",
                "expm1",
                "log",
                "log1p",
                "log2",
                "log10",
                "sqrt",
                "rsqrt",
                "reciprocal",
                "square",
                "abs",
                "sign",
                "floor",
            ],
            "",
        ),
        **dict.fromkeys(
            [
                "ceil",
                "round",
                "trunc",
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
                "logical_not",
            ],
            "",
        ),
        "transpose": "first second",
        "split": "parts axis",
        "clamp": "low high",
        "unitnorm": "p axis eps",
        "embedding": "entries features padding_index",
        "embedding_bag": "entries features mode padding_index",
    }.items()
}
"""The settings of our ops that those of theirs become. The first goes without its name."""

_FOLLOWS: Final = "it follows from what flows in"
_ORDER: Final = "values are `[B, C, H, W]` here, with the channels behind the batch"
_BATCH: Final = "sequences are `[B, T, features]` here, with the batch first"
_STARTS: Final = "how weights start, an `init` says, such as `init=kaiming`"
_TRAINING: Final = "it is a matter of training, which no spec describes"
_RUNNING: Final = "it is chosen when the model runs"
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
    **dict.fromkeys(("inplace", "device", "dtype", "trainable", "implementation", "unroll", "stateful"), _RUNNING),
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
        _TRAINING,
    ),
}
"""Why settings of theirs are not written here, in ops that have none of that meaning."""


# ----------------------------------------------------------------------------------------------------------- keys


def foreign_key(key: str, known: tuple[str, ...], value: str | None) -> tuple[str | None, str]:
    """The key of a file that a word of theirs stands for, if its value can stay as it is; else what to write.

    `value` is what stands under it, unless that is a mapping.
    """
    ours, cure = KEYS.get(key, ("", ""))
    if ours and ours not in known:
        return None, ""
    if ours in _EXAMPLES and value is not None:
        return None, f"write {_EXAMPLES[ours].replace(_SHAPE, _with_batch(value))}"
    return ours or None, cure


_EXAMPLES: Final = {
    "inputs": "`inputs: {x: [B, 3, 32, 32]}`, with a name for the value, and names for sizes that are open",
    "params": "`params: {width: 64}`, with a default for each",
    "blocks": "`blocks: {Unit: {layers: [relu]}}`",
}
"""What the values of keys look like that are mappings here."""

_SHAPE: Final = "[B, 3, 32, 32]"


def _with_batch(value: str) -> str:
    """A shape as it is given to a model: elsewhere that is often said without the batch."""
    match = re.fullmatch(r"[\[(]\s*([\w, ]+?)\s*,?\s*[\])]", value)
    if match is None:
        return _SHAPE
    return f"[B, {match[1]}]" if match[1][0].isdecimal() else f"[{match[1].replace('None', 'B')}]"


_LAYERS: Final = (
    "all layers stand under `layers`; a part of them may have a name: `{name: head, chain: [flatten, linear: 10]}`"
)

KEYS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("name", "title", "model_name"), ("model", "")),
    **dict.fromkeys(("input", "input_shape", "input_size", "input_dim", "in_shape"), ("inputs", "")),
    **dict.fromkeys(
        ("parameters", "hyperparameters", "args", "arguments", "config", "constants", "vars"), ("params", "")
    ),
    **dict.fromkeys(("variables", "settings", "hparams", "defaults"), ("params", "")),
    **dict.fromkeys(("modules", "definitions", "components", "submodules"), ("blocks", "")),
    **dict.fromkeys(("import", "imports", "include", "includes", "uses", "extends"), ("use", "")),
    **dict.fromkeys(("description", "comment", "docs", "about", "help"), ("doc", "")),
    **dict.fromkeys(("version", "schema"), ("archspec", "")),
    **dict.fromkeys(("asserts", "assertions", "checks", "tests"), ("expect", "")),
    **dict.fromkeys(("initializer", "initialiser", "initialization", "weight_init"), ("init", "")),
    **dict.fromkeys(("network", "architecture", "sequential", "structure", "nodes", "graph", "steps"), ("layers", "")),
    **dict.fromkeys(("backbone", "head", "neck", "encoder", "decoder", "body", "stem", "classifier"), ("", _LAYERS)),
    "nc": ("", "a number of classes is a parameter of the model: `params: {classes: 80}`"),
    **dict.fromkeys(
        ("depth_multiple", "width_multiple", "scales"),
        (
            "",
            "what scales a model is a parameter of it: `params: {width: 64, depth: 3}`, and settings calculate with it",
        ),
    ),
    **dict.fromkeys(
        ("output", "outputs", "output_layers"),
        ("", "the last layer is the output; another one is marked where it stands: `{linear: 10, output: logits}`"),
    ),
    **dict.fromkeys(
        (
            "optimizer",
            "optimiser",
            "lr",
            "learning_rate",
            "loss",
            "epochs",
            "batch_size",
            "dataset",
            "training",
            "train",
        ),
        ("", _KEY_OF_TRAINING := "leave it out: it is a matter of training, which no spec describes"),
    ),
    **dict.fromkeys(
        ("scheduler", "metrics", "seed", "device", "weights", "anchors", "num_epochs"), ("", _KEY_OF_TRAINING)
    ),
}
"""What keys of a file are called here, by what they are called elsewhere; and what to write where there is none."""


# ------------------------------------------------------------------------------------------------------- elements


def foreign_element(word: str) -> str | None:
    """What the type of elements is called here."""
    return ELEMENTS.get(re.sub(r"^(torch|tf|np|jnp)\.|\d+(_t)?$", "", word.casefold()))


ELEMENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("f", "fp", "bf", "bfloat", "half", "double", "real", "float", "number"), "float"),
    **dict.fromkeys(
        ("i", "u", "uint", "long", "short", "byte", "integer", "int", "index", "token", "tokens", "ids"), "int"
    ),
    **dict.fromkeys(("boolean", "bool", "flag", "mask", "bit"), "bool"),
}
"""What types of elements are called here, by what they are called elsewhere but for their bits."""


# ------------------------------------------------------------------------------------------------------------ ops

LOSS: Final = Word(cure="a loss is no part of a spec: the model ends where the loss begins, and gives what it compares")

_CONV: Final = "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode"
_CONV_TRANSPOSE: Final = "in_channels out_channels kernel_size stride padding output_padding groups bias dilation"
_KERAS_CONV: Final = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
_BATCHNORM: Final = "num_features eps momentum affine track_running_stats"
_RECURRENT: Final = "input_size hidden_size num_layers bias batch_first dropout bidirectional"
_KERAS_POOL: Final = "pool_size strides padding data_format"
_MODULES: Final = (
    "a group of layers has a name: `stem = { conv(16, kernel=3) -> relu }`; what repeats is `repeat 3 { ... }`"
)
_STD: Final = "the library has it: `use std.transformer`, and `EncoderLayer(heads=8, inner=2048)`"
_DECODER: Final = "the library has it: `use std.transformer`, and `(x, memory) -> DecoderLayer(heads=8, inner=2048)`"
_NOWHERE: Final = "where a model runs, no spec says; write what it is made of"
_ARROW: Final = "layers in a row are joined by arrows: `conv(16, kernel=3) -> relu -> maxpool(2)`"
_INPUT: Final = "a line of its own says what a model is given: `input x: [B, 3, 32, 32]`"
_LAMBDA: Final = "no spec holds code; a formula of values can stand in a line: `y = gate * x + 1`"
_FORMULA: Final = "arithmetic on values is written as a formula: `y = a * x + b`"
_SIZES: Final = "the axes of an input have names, which can be calculated with: `input x: [B, C, H, W]`"


def _word(ops: str = "", order: str | None = None, /, **more: Any) -> Word:
    taken = None if order is None else tuple(order.split())
    return Word(tuple(ops.split()), taken, **more)


_TABLE: Final[tuple[tuple[str, Word], ...]] = (
    # Convolutions
    ("Conv#d LazyConv#d", _word("conv", _CONV)),
    ("Conv#D Convolution#D SpatialConvolution", _word("conv", _KERAS_CONV)),
    ("Convolution Convolutional Conv2DLayer Conv Convolve", _word("conv")),
    ("ConvTranspose#d LazyConvTranspose#d", _word("conv_transpose", _CONV_TRANSPOSE)),
    ("Conv#DTranspose Deconvolution#D Convolution#DTranspose", _word("conv_transpose", "filters kernel_size strides")),
    ("Deconvolution Deconv Deconv#d ConvTranspose UpConv TransposedConv", _word("conv_transpose")),
    (
        "DepthwiseConv#D",
        _word(
            "conv",
            cure="it has a group for each channel: `conv(C, kernel=3, groups=C)`, with `input x: [B, C, H, W]`",
        ),
    ),
    (
        "SeparableConv#D SeparableConvolution#D",
        _word(cure="the library has it: `use std.conv`, and `DepthwiseSeparable(64)`"),
    ),
    # Linear maps
    ("Linear LazyLinear", _word("linear", "in_features out_features bias")),
    ("Dense", _word("linear", "units activation use_bias")),
    ("InnerProduct FC FullyConnected Affine Gemm", _word("linear", "out_features bias")),
    ("EinsumDense", _word("einsum linear")),
    ("Bilinear", _word("bilinear", "in1_features in2_features out_features bias")),
    # Pooling
    ("MaxPool#d", _word("maxpool", "kernel_size stride padding dilation return_indices ceil_mode")),
    ("MaxPooling#D MaxPool#D", _word("maxpool", _KERAS_POOL)),
    ("AvgPool#d", _word("avgpool", "kernel_size stride padding ceil_mode count_include_pad")),
    ("AveragePooling#D AvgPool#D MeanPool#D", _word("avgpool", _KERAS_POOL)),
    ("MaxUnpool#d", _word("max_unpool", "kernel_size stride padding")),
    ("LPPool#d", _word("lp_pool", "norm_type kernel_size stride ceil_mode")),
    ("AdaptiveAvgPool#d AdaptiveAveragePooling#D", _word("adaptive_avgpool", "output_size")),
    ("AdaptiveMaxPool#d AdaptiveMaxPooling#D", _word("adaptive_maxpool", "output_size")),
    ("GlobalAveragePooling#D GlobalAvgPool#D", _word("global_avgpool", "", behind=" -> flatten")),
    ("GlobalMaxPooling#D GlobalMaxPool#D", _word("global_maxpool", "", behind=" -> flatten")),
    ("GlobalPooling GlobalPool GAP", _word("global_avgpool global_maxpool")),
    ("Pooling Pool Pool#d", _word("maxpool avgpool")),
    (
        "FractionalMaxPool#d",
        _word(
            cure="it draws its windows at random, and there is no such op; `maxpool` and `adaptive_maxpool` are near"
        ),
    ),
    # Normalisation
    ("BatchNorm#d LazyBatchNorm#d", _word("batchnorm", _BATCHNORM)),
    (
        "BatchNormalization BatchNormalisation",
        _word("batchnorm", "axis momentum epsilon", own={"axis": ""}, reads={"momentum": Reading.COMPLEMENT}),
    ),
    ("BatchNorm BN FrozenBatchNorm2d", _word("batchnorm")),
    ("SyncBatchNorm", _word("batchnorm", _BATCHNORM)),
    (
        "LayerNorm",
        _word(
            "layernorm",
            "normalized_shape eps elementwise_affine bias",
            own={"normalized_shape": "axes"},
            reads={"normalized_shape": Reading.LENGTH},
        ),
    ),
    ("LayerNormalization LayerNormalisation", _word("layernorm", "axis epsilon", own={"axis": ""})),
    ("LN", _word("layernorm")),
    (
        "RMSNorm",
        _word(
            "rmsnorm",
            "normalized_shape eps elementwise_affine",
            own={"normalized_shape": "axes"},
            reads={"normalized_shape": Reading.LENGTH},
        ),
    ),
    ("RMSNormalization", _word("rmsnorm", "axis epsilon", own={"axis": ""})),
    ("GroupNorm", _word("groupnorm", "num_groups num_channels eps affine")),
    ("GroupNormalization", _word("groupnorm", "groups axis epsilon", own={"axis": ""})),
    ("InstanceNorm#d LazyInstanceNorm#d", _word("instancenorm", _BATCHNORM)),
    ("InstanceNorm InstanceNormalization", _word("instancenorm")),
    ("LocalResponseNorm CrossMapLRN2d", _word("local_response_norm", "size alpha beta k")),
    ("LRN LocalResponseNormalization", _word("local_response_norm")),
    ("UnitNormalization L2Normalize normalize", _word("unitnorm")),
    ("Norm Normalization norm_layer", _word("batchnorm layernorm")),
    (
        "SpectralNormalization SpectralNorm",
        _word(cure="a setting of the layer says it: `conv(16, kernel=3, parametrisation=spectral_norm)`"),
    ),
    (
        "WeightNorm WeightNormalization",
        _word(cure="a setting of the layer says it: `linear(16, parametrisation=weight_norm)`"),
    ),
    # Activations
    ("ReLU", _word("relu", "inplace")),
    ("ReLu Relu relu_", _word("relu")),
    ("ReLU6", _word("relu6", "inplace")),
    ("LeakyReLU LeakyRelu lrelu", _word("leaky_relu", "negative_slope inplace")),
    ("PReLU", _word("prelu", "num_parameters init", own={"init": ""})),
    ("RReLU", _word("rrelu", "lower upper inplace")),
    ("ELU", _word("elu", "alpha inplace")),
    ("CELU", _word("celu", "alpha inplace")),
    ("SELU", _word("selu", "inplace")),
    ("GELU", _word("gelu", "approximate")),
    ("SiLU Swish", _word("silu", "inplace")),
    ("Hardswish HardSwish HSwish", _word("hardswish", "inplace")),
    ("Hardsigmoid HardSigmoid", _word("hardsigmoid", "inplace")),
    ("Mish", _word("mish", "inplace")),
    ("Sigmoid logistic expit", _word("sigmoid", "")),
    ("Tanh TanH", _word("tanh", "")),
    ("Softplus", _word("softplus", "beta threshold")),
    ("Softmax", _word("softmax", "dim")),
    ("Softmax2d", _word("softmax", "", adds={"axis": "1"})),
    ("LogSoftmax", _word("log_softmax", "dim")),
    ("Softmin", _word("softmin", "dim")),
    ("GLU", _word("glu", "dim")),
    ("LogSigmoid", _word("log_sigmoid", "")),
    ("Hardtanh", _word("hardtanh", "min_val max_val inplace")),
    ("Hardshrink", _word("hardshrink", "lambd")),
    ("Softshrink", _word("softshrink", "lambd")),
    ("Tanhshrink", _word("tanhshrink", "")),
    ("Softsign", _word("softsign", "")),
    ("Threshold ThresholdedReLU", _word("threshold", "threshold value inplace")),
    (
        "Activation act activation",
        _word(cure="an activation is a layer of its own, by its name: `relu`, `gelu`, `softmax`"),
    ),
    # Regularisation
    ("Dropout", _word("dropout", "p inplace")),
    ("Dropout#d SpatialDropout#D FeatureDropout", _word("channel_dropout", "p inplace")),
    ("AlphaDropout", _word("alpha_dropout", "p inplace")),
    ("FeatureAlphaDropout", _word("feature_alpha_dropout", "p inplace")),
    ("ActivityRegularization", _word(cure="leave it out: what is added to a loss is a matter of training")),
    ("GaussianNoise", _word("gaussian_noise", "stddev")),
    ("GaussianDropout", _word("gaussian_dropout", "rate")),
    ("DropPath DropConnect StochasticDepth", _word("stochastic_depth", "drop_prob")),
    # Axes
    ("Flatten ravel", _word("flatten", "start_dim end_dim")),
    ("Unflatten", _word("unflatten", "dim unflattened_size")),
    (
        "Reshape view View",
        _word(
            "reshape",
            cure="`flatten` joins all axes but the batch; `reshape([B, C, H * W])` names all, the batch included",
        ),
    ),
    (
        "Permute Rearrange rearrange",
        _word("permute", cure="`permute([0, 2, 1])` gives all axes in their new order, the batch included"),
    ),
    ("swapaxes swapdims SwapAxes", _word("transpose")),
    ("expand expand_dims ExpandDims", _word("unsqueeze broadcast")),
    ("expand_as broadcast_to BroadcastTo", _word("broadcast")),
    ("RepeatVector", _word("unsqueeze tile", cure="`unsqueeze(1) -> tile([1, 3, 1])` repeats a vector 3 times")),
    ("chunk tensor_split Split split_with_sizes", _word("split")),
    ("unbind Unstack", _word("unstack")),
    ("narrow Slice Crop strided_slice", _word("slice crop")),
    ("Cropping#D CenterCrop", _word("crop")),
    ("index_select", _word("take")),
    ("Identity NoOp Passthrough", _word("identity", "")),
    ("shuffle ChannelShuffle", _word("channel_shuffle", "groups")),
    ("PixelShuffle DepthToSpace depth_to_space", _word("pixel_shuffle", "upscale_factor")),
    ("PixelUnshuffle SpaceToDepth space_to_depth Reorg", _word("pixel_unshuffle", "downscale_factor")),
    ("Unfold im2col", _word("unfold", "kernel_size dilation padding stride")),
    ("Fold col2im", _word("fold", "output_size kernel_size dilation padding stride")),
    ("ZeroPad#d ZeroPadding#D", _word("pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER})),
    ("ConstantPad#d", _word("pad", "padding value", own={"padding": "margins"}, reads={"padding": Reading.NUMBER})),
    (
        "ReflectionPad#d",
        _word(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "reflect"}
        ),
    ),
    (
        "ReplicationPad#d",
        _word(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "replicate"}
        ),
    ),
    (
        "CircularPad#d",
        _word(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "circular"}
        ),
    ),
    ("Padding", _word("pad")),
    (
        "Upsample",
        _word(
            "upsample", "size scale_factor mode align_corners", own={"size": "size"}, reads={"size": Reading.NOTHING}
        ),
    ),
    ("UpSampling#D", _word("upsample", "size data_format interpolation", own={"size": "scale"})),
    (
        "UpsamplingNearest2d",
        _word(
            "upsample",
            "size scale_factor",
            own={"size": "size"},
            reads={"size": Reading.NOTHING},
            adds={"mode": "nearest"},
        ),
    ),
    (
        "UpsamplingBilinear2d",
        _word(
            "upsample",
            "size scale_factor",
            own={"size": "size"},
            reads={"size": Reading.NOTHING},
            adds={"mode": "bilinear", "align_corners": "true"},
        ),
    ),
    ("interpolate Resizing Interp", _word("resize upsample")),
    # Values joined
    (
        "Concatenate cat concatenate Concat Merge hstack ConcatTable JoinTable Route",
        _word(
            "concat",
            "axis",
            cure="`(a, b) -> concat` joins the values `a` and `b`; `concat { ... }` joins what its lines give",
        ),
    ),
    (
        "Add Shortcut",
        _word(
            "add",
            "",
            cure="`a + b` adds two values, and `add { ... }` what its lines give; a shortcut is `residual { ... }`",
        ),
    ),
    ("Eltwise ElementWise", _word("add mul maximum")),
    (
        "Multiply Mul multiply",
        _word("mul", "", cure="`a * b` multiplies two values, and `mul { ... }` what its lines give"),
    ),
    ("Subtract subtract", _word("sub", "", cure="`a - b` is their difference")),
    ("divide Divide truediv", _word("div", "", cure="`a / b` divides values")),
    ("power Power pow", _word(cure="a power is written `x ** 2`")),
    ("Average", _word("average", "")),
    ("Maximum", _word("maximum", "")),
    ("Minimum", _word("minimum", "")),
    ("vstack dstack Stack", _word("stack concat")),
    (
        "Dot dot_product CosineSimilarity cosine_similarity",
        _word("dot", cure="`(a, b) -> dot` is the product of vectors; behind `unitnorm` it is their cosine"),
    ),
    (
        "PairwiseDistance",
        _word("vector_norm", cure="the norm of a difference: `a - b` in a line, then `vector_norm(axes=[-1])`"),
    ),
    ("bmm mm MatMul BatchMatMul", _word("matmul")),
    ("Clip ClipByValue", _word("clamp", "min max")),
    ("baddbmm addmm", _word("matmul")),
    # Reductions
    ("reduce_mean ReduceMean", _word("mean")),
    ("reduce_sum ReduceSum", _word("sum")),
    ("reduce_max ReduceMax amax", _word("max")),
    ("reduce_min ReduceMin amin", _word("min")),
    ("reduce_prod", _word("prod")),
    ("reduce_logsumexp", _word("logsumexp")),
    # Sequences
    ("LSTM", _word("lstm", f"{_RECURRENT} proj_size")),
    ("GRU", _word("gru", _RECURRENT)),
    (
        "RNN Elman",
        _word("rnn", "input_size hidden_size num_layers nonlinearity bias batch_first dropout bidirectional"),
    ),
    ("CuDNNLSTM KerasLSTM", _word("lstm", "units")),
    ("CuDNNGRU", _word("gru", "units")),
    ("SimpleRNN", _word("rnn", "units activation use_bias")),
    ("LSTMCell", _word("lstm_cell", "input_size hidden_size bias")),
    ("GRUCell", _word("gru_cell", "input_size hidden_size bias")),
    ("RNNCell SimpleRNNCell", _word("rnn_cell", "input_size hidden_size bias nonlinearity")),
    (
        "StackedRNNCells",
        _word(cure="`lstm(64, layers=2)` has two layers; own cells run one behind the other with `scan`"),
    ),
    ("RNNBase RNNCellBase", _word("rnn lstm gru")),
    (
        "ConvLSTM#D ConvLSTMCell",
        _word(cure="there is no such op; a `cell` of your own with convolutions is run over time by `scan`"),
    ),
    ("Bidirectional BiLSTM BiGRU", _word(cure="a setting says it: `lstm(64, direction=both)`")),
    ("TimeDistributed", _word(cure="leave it out: `linear` works on the last axis, whatever stands before it")),
    ("Masking", _word(cure="there is no such op; an input of flags can be given to `attention` and `masked_fill`")),
    (
        "MultiheadAttention",
        _word("attention", "embed_dim num_heads dropout bias add_bias_kv add_zero_attn kdim vdim batch_first"),
    ),
    (
        "MultiHeadAttention MultiHeadDotProductAttention",
        _word("attention", "num_heads key_dim value_dim dropout use_bias"),
    ),
    (
        "SelfAttention MHA MHSA scaled_dot_product_attention GroupQueryAttention GroupedQueryAttention",
        _word("attention"),
    ),
    ("Attention", _word("attention soft_attention")),
    ("AdditiveAttention BahdanauAttention", _word("soft_attention", "", adds={"score": "additive"})),
    ("LuongAttention", _word("soft_attention")),
    ("Embedding", _word("embedding", "num_embeddings embedding_dim padding_idx")),
    ("Embed LookupTable", _word("embedding")),
    ("EmbeddingBag", _word("embedding_bag", "num_embeddings embedding_dim")),
    ("PositionalEncoding PositionalEmbedding PositionEmbedding", _word("sinusoidal_positions learned_positions")),
    ("RotaryEmbedding RoPE apply_rotary_pos_emb", _word("rotary_positions")),
    ("TransformerEncoderLayer TransformerEncoder TransformerBlock", _word(cure=_STD)),
    ("TransformerDecoderLayer TransformerDecoder", _word(cure=_DECODER)),
    (
        "Transformer",
        _word(cure="the library has its parts: `use std.transformer` gives `EncoderLayer` and `DecoderLayer`"),
    ),
    (
        "SELayer SqueezeExcite SqueezeExcitation SEBlock SEModule",
        _word(cure="the library has it: `use std.se`, and `SE(16)`"),
    ),
    (
        "ConvBNReLU ConvBnAct Conv2dNormActivation ConvBN CBS",
        _word(cure="the library has it: `use std.conv`, and `ConvNormAct(64)`"),
    ),
    # What is no layer here
    ("Sequential", _word(cure=_ARROW)),
    ("ModuleList ModuleDict Container LayerList", _word(cure=_MODULES)),
    (
        "ParameterList ParameterDict",
        _word(cure="weights are those of ops; `scale`, `shift` and `tokens` are trained values of their own"),
    ),
    ("Parameter Variable add_weight", _word("scale shift tokens")),
    (
        "Module Model Functional Network Net",
        _word(cure="`model Name { ... }` is a model, and `block Name { ... }` a part of one"),
    ),
    ("Input InputLayer InputSpec Data Placeholder placeholder", _word(cure=_INPUT)),
    (
        "expect input inputs state params variants blocks cells use doc rename block cell variant",
        _word(cure="it is no layer; in YAML it stands at the top, beside `layers`"),
    ),
    ("type op class_name layer_type", _word(cure="the op of a layer is its key: `conv: {channels: 16, kernel: 3}`")),
    ("Lambda", _word(cure=_LAMBDA)),
    ("DataParallel DistributedDataParallel", _word(cure=_NOWHERE)),
    (
        "Output",
        _word(
            cure="`output y = linear(10)` gives a value a name outside; without such a line the last one is the output"
        ),
    ),
    (
        "Detect Segment Yolo",
        _word(cure="there is no such op; each scale can be an output of its own: `output small = conv(255, kernel=1)`"),
    ),
    ("size shape numel", _word(cure=_SIZES)),
    ("contiguous detach clone to cuda cpu", _word(cure=f"leave it out: {_RUNNING}")),
    (
        "print assert_",
        _word(cure="`archspec summary` shows the shape of each value; `expect output == [B, 10]` checks one"),
    ),
    (
        "Residual ResidualBlock SkipConnection skip skip_connection identity_shortcut",
        _word(cure="`residual { ... }` adds what flows in to what its lines give"),
    ),
)


_NO_VALUES: Final = (
    "no line makes values of nothing: they come from an `input`, or are trained, as those of `tokens` and `shift` are"
)
_CALLED_THE_SAME: Final = (
    ("mean sum prod any all argmax argmin std max min var logsumexp", "dim keepdim"),
    ("squeeze unsqueeze cumsum cumprod flip softmax log_softmax", "dim"),
    ("exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal square abs sign floor ceil round trunc", ""),
    ("sin cos tan asin acos atan sinh cosh tanh erf logit sigmoid relu logical_not", ""),
    ("pad roll tile repeat_interleave select gather take topk sort one_hot tril triu where masked_fill", None),
    ("einsum gumbel_softmax resize sub div", None),
    ("equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor", None),
)
"""Functions and methods that are called as our ops, with their settings behind the value."""

_FUNCTION_TABLE: Final[tuple[tuple[str, Word], ...]] = (
    ("max_pool#d", _word("maxpool", "kernel_size stride padding dilation ceil_mode return_indices")),
    ("avg_pool#d", _word("avgpool", "kernel_size stride padding ceil_mode count_include_pad")),
    (
        "interpolate",
        _word("upsample", "size scale_factor mode align_corners", own={"size": ""}, reads={"size": Reading.NOTHING}),
    ),
    ("clamp clip", _word("clamp", "min max")),
    ("normalize", _word("unitnorm", "p dim eps")),
    ("transpose swapaxes swapdims", _word("transpose", "dim0 dim1")),
    ("chunk", _word("split", "chunks dim")),
    ("repeat", _word("tile")),
    ("movedim moveaxis", _word("permute")),
    ("eq", _word("equal")),
    ("ne", _word("not_equal")),
    ("gt", _word("greater")),
    ("ge", _word("greater_equal")),
    ("lt", _word("less")),
    ("le", _word("less_equal")),
    ("neg negative", _word(cure="it is written with a minus: `-x`")),
    ("arange zeros ones full empty eye linspace rand randn randint tensor", _word(cure=_NO_VALUES)),
    ("zeros_like ones_like full_like rand_like randn_like", _word(cure=_NO_VALUES)),
    ("float half double bfloat16 long int bool type_as numpy item", _word(cure=f"leave it out: {_RUNNING}")),
    ("stride dim ndim", _word(cure=_SIZES)),
)
"""What other functions and methods are here, those of which the layers of the same name tell too little included."""


@cache
def foreign_functions() -> Mapping[str, Word]:
    """All functions and methods of theirs; `#` in a name stands for 1, 2 and 3."""
    same = {name: _word(name, order) for names, order in _CALLED_THE_SAME for name in names.split()}
    return {**same, **{name: word for names, word in _FUNCTION_TABLE for name in names.split()}}


OUR_OPS: Final = frozenset(op for _, word in _TABLE for op in word.ops)
"""The ops of ours that words of theirs stand for."""


@cache
def _exact() -> Mapping[str, Word]:
    return {name: word for names, word in _TABLE for name in names.split()}


@cache
def _folded() -> Mapping[str, Word]:
    """The words in small letters. Where frameworks differ in what is behind a word, only the op is known."""
    found: dict[str, Word] = {}
    for name, word in _exact().items():
        first = found.setdefault(_fold(name), word)
        if first is not word and first.order != word.order:
            found[_fold(name)] = Word(first.ops, cure=first.cure)
    return found


@cache
def words_of(op: str) -> tuple[Word, ...]:
    """What stands for an op of ours first of all."""
    return tuple(word for _, word in _TABLE if op in word.ops[:1])


def foreign_ops() -> Mapping[str, Word]:
    """All words of layers and functions; `#` in one stands for 1, 2 and 3."""
    return _exact()
