"""The functions of other frameworks, and the methods of their arrays."""

from __future__ import annotations

from typing import Final

from archspec.foreign.programs import SIZES
from archspec.foreign.settings import RUNNING
from archspec.foreign.word import Reading, Word

_NO_VALUES: Final = (
    "no line makes values of nothing: they come from an `input`, or are trained, as those of `tokens` and `shift` are"
)

CALLED_THE_SAME: Final = (
    ("mean sum prod any all argmax argmin std max min var logsumexp", "dim keepdim"),
    ("squeeze unsqueeze cumsum cumprod flip softmax log_softmax", "dim"),
    ("exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal square abs sign floor ceil round trunc", ""),
    ("sin cos tan asin acos atan sinh cosh tanh erf logit sigmoid relu logical_not", ""),
    ("pad roll tile repeat_interleave select gather take topk sort one_hot tril triu where masked_fill", None),
    ("einsum gumbel_softmax resize sub div", None),
    ("equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor", None),
)
"""Functions and methods that are called as our ops, with their settings behind the value."""

FUNCTIONS: Final[tuple[tuple[str, Word], ...]] = (
    ("max_pool#d", Word.of("maxpool", "kernel_size stride padding dilation ceil_mode return_indices")),
    ("avg_pool#d", Word.of("avgpool", "kernel_size stride padding ceil_mode count_include_pad")),
    (
        "interpolate",
        Word.of("upsample", "size scale_factor mode align_corners", own={"size": ""}, reads={"size": Reading.NOTHING}),
    ),
    ("clamp clip", Word.of("clamp", "min max")),
    ("normalize", Word.of("unitnorm", "p dim eps")),
    ("transpose swapaxes swapdims", Word.of("transpose", "dim0 dim1")),
    ("chunk", Word.of("split", "chunks dim")),
    ("repeat", Word.of("tile")),
    ("movedim moveaxis", Word.of("permute")),
    ("eq", Word.of("equal")),
    ("ne", Word.of("not_equal")),
    ("gt", Word.of("greater")),
    ("ge", Word.of("greater_equal")),
    ("lt", Word.of("less")),
    ("le", Word.of("less_equal")),
    ("neg negative", Word.of(cure="it is written with a minus: `-x`")),
    ("arange zeros ones full empty eye linspace rand randn randint tensor", Word.of(cure=_NO_VALUES)),
    ("zeros_like ones_like full_like rand_like randn_like", Word.of(cure=_NO_VALUES)),
    ("float half double bfloat16 long int bool type_as numpy item", Word.of(cure=f"leave it out: {RUNNING}")),
    ("stride dim ndim", Word.of(cure=SIZES)),
)
"""What other functions and methods are here, those of which the layers of the same name tell too little included."""
