"""What other frameworks do to arrays: their axes changed, several of them joined, and one reduced."""

from __future__ import annotations

from typing import Final

from archspec.foreign.word import Reading, Word

ARRAYS: Final[tuple[tuple[str, Word], ...]] = (
    # Axes
    ("Flatten ravel", Word.of("flatten", "start_dim end_dim")),
    ("Unflatten", Word.of("unflatten", "dim unflattened_size")),
    (
        "Reshape view View",
        Word.of(
            "reshape",
            cure="`flatten` joins all axes but the batch; `reshape([B, C, H * W])` names all, the batch included",
        ),
    ),
    (
        "Permute Rearrange rearrange",
        Word.of("permute", cure="`permute([0, 2, 1])` gives all axes in their new order, the batch included"),
    ),
    ("swapaxes swapdims SwapAxes", Word.of("transpose")),
    ("expand expand_dims ExpandDims", Word.of("unsqueeze broadcast")),
    ("expand_as broadcast_to BroadcastTo", Word.of("broadcast")),
    ("RepeatVector", Word.of("unsqueeze tile", cure="`unsqueeze(1) -> tile([1, 3, 1])` repeats a vector 3 times")),
    ("chunk tensor_split Split split_with_sizes", Word.of("split")),
    ("unbind Unstack", Word.of("unstack")),
    ("narrow Slice Crop strided_slice", Word.of("slice crop")),
    ("Cropping#D CenterCrop", Word.of("crop")),
    ("index_select", Word.of("take")),
    ("Identity NoOp Passthrough", Word.of("identity", "")),
    ("shuffle ChannelShuffle", Word.of("channel_shuffle", "groups")),
    ("PixelShuffle DepthToSpace depth_to_space", Word.of("pixel_shuffle", "upscale_factor")),
    ("PixelUnshuffle SpaceToDepth space_to_depth Reorg", Word.of("pixel_unshuffle", "downscale_factor")),
    ("Unfold im2col", Word.of("unfold", "kernel_size dilation padding stride")),
    ("Fold col2im", Word.of("fold", "output_size kernel_size dilation padding stride")),
    (
        "ZeroPad#d ZeroPadding#D",
        Word.of("pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}),
    ),
    ("ConstantPad#d", Word.of("pad", "padding value", own={"padding": "margins"}, reads={"padding": Reading.NUMBER})),
    (
        "ReflectionPad#d",
        Word.of(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "reflect"}
        ),
    ),
    (
        "ReplicationPad#d",
        Word.of(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "replicate"}
        ),
    ),
    (
        "CircularPad#d",
        Word.of(
            "pad", "padding", own={"padding": "margins"}, reads={"padding": Reading.NUMBER}, adds={"mode": "circular"}
        ),
    ),
    ("Padding", Word.of("pad")),
    (
        "Upsample",
        Word.of(
            "upsample", "size scale_factor mode align_corners", own={"size": "size"}, reads={"size": Reading.NOTHING}
        ),
    ),
    ("UpSampling#D", Word.of("upsample", "size data_format interpolation", own={"size": "scale"})),
    (
        "UpsamplingNearest2d",
        Word.of(
            "upsample",
            "size scale_factor",
            own={"size": "size"},
            reads={"size": Reading.NOTHING},
            adds={"mode": "nearest"},
        ),
    ),
    (
        "UpsamplingBilinear2d",
        Word.of(
            "upsample",
            "size scale_factor",
            own={"size": "size"},
            reads={"size": Reading.NOTHING},
            adds={"mode": "bilinear", "align_corners": "true"},
        ),
    ),
    ("interpolate Resizing Interp", Word.of("resize upsample")),
    # Values joined
    (
        "Concatenate cat concatenate Concat Merge hstack ConcatTable JoinTable Route",
        Word.of(
            "concat",
            "axis",
            cure="`(a, b) -> concat` joins the values `a` and `b`; `concat { ... }` joins what its lines give",
        ),
    ),
    (
        "Add Shortcut",
        Word.of(
            "add",
            "",
            cure="`a + b` adds two values, and `add { ... }` what its lines give; a shortcut is `residual { ... }`",
        ),
    ),
    ("Eltwise ElementWise", Word.of("add mul maximum")),
    (
        "Multiply Mul multiply",
        Word.of("mul", "", cure="`a * b` multiplies two values, and `mul { ... }` what its lines give"),
    ),
    ("Subtract subtract", Word.of("sub", "", cure="`a - b` is their difference")),
    ("divide Divide truediv", Word.of("div", "", cure="`a / b` divides values")),
    ("power Power pow", Word.of(cure="a power is written `x ** 2`")),
    ("Average", Word.of("average", "")),
    ("Maximum", Word.of("maximum", "")),
    ("Minimum", Word.of("minimum", "")),
    ("vstack dstack Stack", Word.of("stack concat")),
    (
        "Dot dot_product CosineSimilarity cosine_similarity",
        Word.of("dot", cure="`(a, b) -> dot` is the product of vectors; behind `unitnorm` it is their cosine"),
    ),
    (
        "PairwiseDistance",
        Word.of("vector_norm", cure="the norm of a difference: `a - b` in a line, then `vector_norm(axes=[-1])`"),
    ),
    ("bmm mm MatMul BatchMatMul", Word.of("matmul")),
    ("Clip ClipByValue", Word.of("clamp", "min max")),
    ("baddbmm addmm", Word.of("matmul")),
    # Reductions
    ("reduce_mean ReduceMean", Word.of("mean")),
    ("reduce_sum ReduceSum", Word.of("sum")),
    ("reduce_max ReduceMax amax", Word.of("max")),
    ("reduce_min ReduceMin amin", Word.of("min")),
    ("reduce_prod", Word.of("prod")),
    ("reduce_logsumexp", Word.of("logsumexp")),
)
"""What each is here; `#` in a name stands for 1, 2 and 3."""
