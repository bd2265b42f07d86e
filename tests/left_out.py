"""Uses of ops in which torch does something that no architecture means, and which are not compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Final

from archspec.ops.conv_transpose import ConvTranspose
from archspec.shape import Element, Shape
from archspec.size import Size, below, differs


def _leaves_nothing(op: ConvTranspose, x: Shape) -> bool:
    """Torch refuses an output without any position where there is one group, and gives it where there are several."""
    try:
        each = zip(x[2:], op.windows(x), op.output_paddings(x), strict=True)
        return any(below(window.covered(size) + more, 2 * window.before + 1) for size, window, more in each)
    except Exception:
        return False


def _is_scored_otherwise(op: Any, query: Shape, key: Shape, *others: Shape) -> bool:
    """A `hidden` width without an additive score never reaches torch, and the axes decide what it is told to do.

    Torch repeats what has a size of 1: the query, the key, the mask, or what is masked.
    """
    has_other_axes = query.rank not in (2, 3) or key.rank != 3 or any(each.rank not in (2, 3) for each in others)
    is_idle = op.name != "pointer" and op.hidden is not None and op.score != "additive"
    return has_other_axes or is_idle or _is_repeated((query, key, *others))


def _is_repeated(inputs: tuple[Shape, ...]) -> bool:
    """Whether some axis of an input has a size of 1, so that torch may repeat it, and that of another has not."""
    sizes = [size for x in inputs for size in x]
    return 1 in sizes and set(sizes) != {1}


def _reduced(axes: int | tuple[int, ...] | None, x: Shape) -> Size:
    """How many values are reduced to one; of axes that are not there, more than any correction."""
    places = range(x.rank) if axes is None else [axes] if isinstance(axes, int) else axes
    return prod(x[axis] for axis in places) if all(-x.rank <= axis < x.rank for axis in places) else 1_000


def _sees_padding_alone(op: Any, x: Shape) -> bool:
    """Whether some window of ours may lie in the padding, which torch refuses of its own, and so do we."""
    paddings, kernels = (each if isinstance(each, tuple) else (each,) for each in (op.padding, op.kernel))
    return not isinstance(op.padding, str) and max(paddings) > min(kernels) // 2


def _attends_otherwise(op: Any, *inputs: Shape) -> bool:
    """Settings of other positions never reach torch, which takes more values than keys, repeats the only example of one
    input for each of another, and takes other axes than three by chance."""
    sources = [x for x in inputs if x.element is not Element.BOOL]
    is_idle = (op.positions != "rotary" and op.rotary_base != 10_000.0) or (
        op.positions != "relative" and op.max_distance != 128
    )
    if is_idle or any(x.rank != 3 for x in sources) or any(not 2 <= x.rank <= 4 for x in inputs):
        return True
    return len({x[0] for x in sources}) > 1 or len({x[1] for x in sources[1:]}) > 1


def _is_cut_short(op: Any, x: Shape) -> bool:
    """Whether a slice reaches beyond its axis, or is empty."""
    if not -x.rank <= op.axis < x.rank:
        return False
    size: Any = x[op.axis]
    end = size if op.end is None else op.end
    return not (-size <= op.start <= size and -size <= end <= size and range(size)[op.start : end])


def _axes_but(size: Size, axes: int | tuple[int, ...], x: Shape) -> bool:
    """Whether one of some axes is there and has another size."""
    named = (axes,) if isinstance(axes, int) else axes
    return any(-x.rank <= axis < x.rank and x[axis] != size for axis in named)


def _is_padded_otherwise(op: Any, x: Shape) -> bool:
    """Whether the value is of no use, or is no element of the input, or flags are to be filled up with flags."""
    if op.mode != "constant":
        return op.value != 0 or x.element is Element.BOOL
    return op.value not in {Element.FLOAT: (op.value,), Element.INT: range(-9, 9), Element.BOOL: (0, 1)}[x.element]


def _is_cropped_otherwise(op: Any, x: Shape, *like: Shape) -> bool:
    """Whether torch looks at the last axes that two inputs have in common alone."""
    return any(each.rank != x.rank for each in like)


def _along(axis: int, x: Shape, other: Shape) -> Size:
    """The size of a value along an axis of it and another one, when they are laid over each other."""
    place = axis if axis < 0 else axis - max(x.rank, other.rank)
    return x[place] if -x.rank <= place < 0 else 1


def _calculates_with_flags(op: Any, *inputs: Shape) -> bool:
    """Flags are 0 and 1 to torch in sums and powers, or not allowed: ours are for products and quotients alone."""
    return any(each.element is Element.BOOL for each in inputs) and set(op.formula) & set("+-*") != {"*"}


LEFT_OUT: Final[Mapping[str, Callable[..., bool]]] = {
    "attention": _attends_otherwise,
    # Torch takes other axes than those of sequences and scores, and repeats what has a size of 1 or lacks some.
    "learned_positions": lambda op, x: x.rank != 3,
    "rotary_positions": lambda op, x: x.rank not in (3, 4),
    **dict.fromkeys(("alibi_positions", "relative_positions"), lambda op, x: x.rank != 4),
    # Torch has other rules for vectors, which are `dot` and `einsum` here.
    "matmul": lambda op, a, b: a.rank < 2 or b.rank < 2,
    # Torch repeats one value along an axis and sums over that, unless both are vectors, of which it sums any axis.
    "dot": lambda op, a, b: (
        _along(op.axis, a, b) != _along(op.axis, b, a) or (a.rank == b.rank == 1 and op.axis not in (0, -1))
    ),
    # Torch puts something else than the value where it cannot stand among whole numbers or flags.
    "masked_fill": lambda op, x, mask: (
        op.value not in {Element.FLOAT: (op.value,), Element.INT: range(-9, 9), Element.BOOL: (0, 1)}[x.element]
    ),
    # Torch counts a single number as one axis, of indices or of values.
    "gather": lambda op, x, indices: x.rank != indices.rank,
    # Torch takes flags for a choice of positions, whose number depends on the values, and reads single indices out.
    "take": lambda op, x, indices: indices.element is not Element.INT or indices.rank == 0,
    # Torch warns that it divides by nothing, and gives no number.
    **dict.fromkeys(("var", "std"), lambda op, x: _reduced(op.axes, x) <= op.correction),
    # Torch knows no causal padding: it is written out, of any number of axes and with anything in it.
    "conv": lambda op, x: op.padding == "causal" and (x.rank != 3 or op.padding_mode in ("reflect", "circular")),
    "conv_transpose": _leaves_nothing,
    # What is padded at run time gives no places, which the lowering relies on.
    "maxpool": lambda op, *_: op.indices and op.padding == "same",
    "arithmetic": _calculates_with_flags,
    **dict.fromkeys(("stochastic_pool", "mixed_pool"), _sees_padding_alone),
    # The axes decide the class that it is lowered to, and torch needs more than one value for each channel in training.
    "batchnorm": lambda op, x: not 2 <= x.rank <= 5 or x.elements <= x[1],
    # Torch gives the upper bound everywhere where the lower one is above it.
    "clamp": lambda op, x: None not in (op.low, op.high) and op.low > op.high,
    # Torch warns that dropout between layers does nothing where there is only one, which we refuse.
    **dict.fromkeys(("rnn", "lstm", "gru"), lambda op, *inputs: op.dropout > 0 and op.layers == 1),
    "soft_attention": _is_scored_otherwise,
    "hard_attention": _is_scored_otherwise,
    "pointer": _is_scored_otherwise,
    # Torch repeats the strengths of a single example or head, and takes any axes that fit in number.
    "address": lambda op, *inputs: len(inputs) == 3 and (inputs[2].rank != 2 or _is_repeated(inputs)),
    # Torch repeats what is erased, what is added, and a memory that lacks the axis of the examples.
    "write": lambda op, *inputs: inputs[0].rank != 3 or _is_repeated(inputs),
    # Torch cuts short what does not lie on the axis, and makes the last part smaller, or fewer parts.
    "slice": _is_cut_short,
    "split": lambda op, x: (
        isinstance(op.parts, int) and -x.rank <= op.axis < x.rank and differs(x[op.axis] % op.parts, 0)
    ),
    # Torch leaves axes of another size where they are, and gives as many values as there are.
    "squeeze": lambda op, x: _axes_but(1, op.axes, x),
    "unstack": lambda op, x: _axes_but(op.parts, op.axis, x),
    # Torch takes an image without the axis of the batch.
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), lambda op, x: x.rank == 3),
    "unfold": lambda op, x: x.rank == 3,
    "fold": lambda op, x: x.rank == 2,
    # What torch fills whole numbers and flags up with may be something else, and of some modes it has no flags.
    "pad": _is_padded_otherwise,
    "crop": _is_cropped_otherwise,
    # Torch gives an output without any position, of this mode alone.
    "upsample": lambda op, x: op.mode == "area" and 1 in x[2:],
}
"""By the name of the op: whether a use of it is left out."""


def is_left_out(op: Any, inputs: tuple[Shape, ...]) -> bool:
    """Whether a use of an op is not compared with torch."""
    return op.name in LEFT_OUT and LEFT_OUT[op.name](op, *inputs)
