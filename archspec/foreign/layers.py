"""The layers of other frameworks: convolutions, linear maps, pooling, normalisation, activations, regularisation."""

from __future__ import annotations

from typing import Final

from archspec.foreign.word import Reading, Word

_CONV: Final = "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode"
_CONV_TRANSPOSE: Final = "in_channels out_channels kernel_size stride padding output_padding groups bias dilation"
_KERAS_CONV: Final = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
_BATCHNORM: Final = "num_features eps momentum affine track_running_stats"
_KERAS_POOL: Final = "pool_size strides padding data_format"

LAYERS: Final[tuple[tuple[str, Word], ...]] = (
    # Convolutions
    ("Conv#d LazyConv#d", Word.of("conv", _CONV)),
    ("Conv#D Convolution#D SpatialConvolution", Word.of("conv", _KERAS_CONV)),
    ("Convolution Convolutional Conv2DLayer Conv Convolve", Word.of("conv")),
    ("ConvTranspose#d LazyConvTranspose#d", Word.of("conv_transpose", _CONV_TRANSPOSE)),
    (
        "Conv#DTranspose Deconvolution#D Convolution#DTranspose",
        Word.of("conv_transpose", "filters kernel_size strides"),
    ),
    ("Deconvolution Deconv Deconv#d ConvTranspose UpConv TransposedConv", Word.of("conv_transpose")),
    (
        "DepthwiseConv#D",
        Word.of(
            "conv",
            cure="it has a group for each channel: `conv(C, kernel=3, groups=C)`, with `input x: [B, C, H, W]`",
        ),
    ),
    (
        "SeparableConv#D SeparableConvolution#D",
        Word.of(cure="the library has it: `use std.conv`, and `DepthwiseSeparable(64)`"),
    ),
    # Linear maps
    ("Linear LazyLinear", Word.of("linear", "in_features out_features bias")),
    ("Dense", Word.of("linear", "units activation use_bias")),
    ("InnerProduct FC FullyConnected Affine Gemm", Word.of("linear", "out_features bias")),
    ("EinsumDense", Word.of("einsum linear")),
    ("Bilinear", Word.of("bilinear", "in1_features in2_features out_features bias")),
    # Pooling
    ("MaxPool#d", Word.of("maxpool", "kernel_size stride padding dilation return_indices ceil_mode")),
    ("MaxPooling#D MaxPool#D", Word.of("maxpool", _KERAS_POOL)),
    ("AvgPool#d", Word.of("avgpool", "kernel_size stride padding ceil_mode count_include_pad")),
    ("AveragePooling#D AvgPool#D MeanPool#D", Word.of("avgpool", _KERAS_POOL)),
    ("MaxUnpool#d", Word.of("max_unpool", "kernel_size stride padding")),
    ("LPPool#d", Word.of("lp_pool", "norm_type kernel_size stride ceil_mode")),
    ("AdaptiveAvgPool#d AdaptiveAveragePooling#D", Word.of("adaptive_avgpool", "output_size")),
    ("AdaptiveMaxPool#d AdaptiveMaxPooling#D", Word.of("adaptive_maxpool", "output_size")),
    ("GlobalAveragePooling#D GlobalAvgPool#D", Word.of("global_avgpool", "", behind=" -> flatten")),
    ("GlobalMaxPooling#D GlobalMaxPool#D", Word.of("global_maxpool", "", behind=" -> flatten")),
    ("GlobalPooling GlobalPool GAP", Word.of("global_avgpool global_maxpool")),
    ("Pooling Pool Pool#d", Word.of("maxpool avgpool")),
    (
        "FractionalMaxPool#d",
        Word.of(
            cure="it draws its windows at random, and there is no such op; `maxpool` and `adaptive_maxpool` are near"
        ),
    ),
    # Normalisation
    ("BatchNorm#d LazyBatchNorm#d", Word.of("batchnorm", _BATCHNORM)),
    (
        "BatchNormalization BatchNormalisation",
        Word.of("batchnorm", "axis momentum epsilon", own={"axis": ""}, reads={"momentum": Reading.COMPLEMENT}),
    ),
    ("BatchNorm BN FrozenBatchNorm2d", Word.of("batchnorm")),
    ("SyncBatchNorm", Word.of("batchnorm", _BATCHNORM)),
    (
        "LayerNorm",
        Word.of(
            "layernorm",
            "normalized_shape eps elementwise_affine bias",
            own={"normalized_shape": "axes"},
            reads={"normalized_shape": Reading.LENGTH},
        ),
    ),
    ("LayerNormalization LayerNormalisation", Word.of("layernorm", "axis epsilon", own={"axis": ""})),
    ("LN", Word.of("layernorm")),
    (
        "RMSNorm",
        Word.of(
            "rmsnorm",
            "normalized_shape eps elementwise_affine",
            own={"normalized_shape": "axes"},
            reads={"normalized_shape": Reading.LENGTH},
        ),
    ),
    ("RMSNormalization", Word.of("rmsnorm", "axis epsilon", own={"axis": ""})),
    ("GroupNorm", Word.of("groupnorm", "num_groups num_channels eps affine")),
    ("GroupNormalization", Word.of("groupnorm", "groups axis epsilon", own={"axis": ""})),
    ("InstanceNorm#d LazyInstanceNorm#d", Word.of("instancenorm", _BATCHNORM)),
    ("InstanceNorm InstanceNormalization", Word.of("instancenorm")),
    ("LocalResponseNorm CrossMapLRN2d", Word.of("local_response_norm", "size alpha beta k")),
    ("LRN LocalResponseNormalization", Word.of("local_response_norm")),
    ("UnitNormalization L2Normalize normalize", Word.of("unitnorm")),
    ("Norm Normalization norm_layer", Word.of("batchnorm layernorm")),
    (
        "SpectralNormalization SpectralNorm",
        Word.of(cure="a setting of the layer says it: `conv(16, kernel=3, parametrisation=spectral_norm)`"),
    ),
    (
        "WeightNorm WeightNormalization",
        Word.of(cure="a setting of the layer says it: `linear(16, parametrisation=weight_norm)`"),
    ),
    # Activations
    ("ReLU", Word.of("relu", "inplace")),
    ("ReLu Relu relu_", Word.of("relu")),
    ("ReLU6", Word.of("relu6", "inplace")),
    ("LeakyReLU LeakyRelu lrelu", Word.of("leaky_relu", "negative_slope inplace")),
    ("PReLU", Word.of("prelu", "num_parameters init", own={"init": ""})),
    ("RReLU", Word.of("rrelu", "lower upper inplace")),
    ("ELU", Word.of("elu", "alpha inplace")),
    ("CELU", Word.of("celu", "alpha inplace")),
    ("SELU", Word.of("selu", "inplace")),
    ("GELU", Word.of("gelu", "approximate")),
    ("SiLU Swish", Word.of("silu", "inplace")),
    ("Hardswish HardSwish HSwish", Word.of("hardswish", "inplace")),
    ("Hardsigmoid HardSigmoid", Word.of("hardsigmoid", "inplace")),
    ("Mish", Word.of("mish", "inplace")),
    ("Sigmoid logistic expit", Word.of("sigmoid", "")),
    ("Tanh TanH", Word.of("tanh", "")),
    ("Softplus", Word.of("softplus", "beta threshold")),
    ("Softmax", Word.of("softmax", "dim")),
    ("Softmax2d", Word.of("softmax", "", adds={"axis": "1"})),
    ("LogSoftmax", Word.of("log_softmax", "dim")),
    ("Softmin", Word.of("softmin", "dim")),
    ("GLU", Word.of("glu", "dim")),
    ("LogSigmoid", Word.of("log_sigmoid", "")),
    ("Hardtanh", Word.of("hardtanh", "min_val max_val inplace")),
    ("Hardshrink", Word.of("hardshrink", "lambd")),
    ("Softshrink", Word.of("softshrink", "lambd")),
    ("Tanhshrink", Word.of("tanhshrink", "")),
    ("Softsign", Word.of("softsign", "")),
    ("Threshold ThresholdedReLU", Word.of("threshold", "threshold value inplace")),
    (
        "Activation act activation",
        Word.of(cure="an activation is a layer of its own, by its name: `relu`, `gelu`, `softmax`"),
    ),
    # Regularisation
    ("Dropout", Word.of("dropout", "p inplace")),
    ("Dropout#d SpatialDropout#D FeatureDropout", Word.of("channel_dropout", "p inplace")),
    ("AlphaDropout", Word.of("alpha_dropout", "p inplace")),
    ("FeatureAlphaDropout", Word.of("feature_alpha_dropout", "p inplace")),
    ("ActivityRegularization", Word.of(cure="leave it out: what is added to a loss is a matter of training")),
    ("GaussianNoise", Word.of("gaussian_noise", "stddev")),
    ("GaussianDropout", Word.of("gaussian_dropout", "rate")),
    ("DropPath DropConnect StochasticDepth", Word.of("stochastic_depth", "drop_prob")),
)
"""What each is here; `#` in a name stands for 1, 2 and 3."""
