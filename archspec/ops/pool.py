"""Pooling: one number for each window of an input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.window import (
    Window,
    fitting,
    output_sizes,
    per_axis,
    seen_by_means,
    seen_by_transposed,
    seen_by_windows,
    space,
    transposed_sizes,
    windows_of,
)
from archspec.setting import (
    CountPerAxis,
    Flag,
    Margin,
    NonNegativePerAxis,
    OptionalPositivePerAxis,
    PositiveNumber,
    PositivePerAxis,
    Probability,
    Says,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, along, everywhere
from archspec.size import Size, below, differs

Padding: TypeAlias = Annotated[
    Literal["same", "valid"] | Margin | Annotated[tuple[Margin, ...], Field(min_length=1)],
    Says("`same`, `valid`, a whole number of at least 0, or a list of them with one for each axis"),
]

OptionalFlag: TypeAlias = Annotated[bool | None, Says("`true` or `false`")]
"""For a choice that follows another setting when it is left out."""


class SlidingPool(Op, ABC):
    """A pooling whose window slides along the axes of space of its input."""

    family = Family.POOLING

    kernel: PositivePerAxis = Field(description="size of the window along each axis of space, in positions")
    stride: OptionalPositivePerAxis = Field(
        None, description="positions that the window moves by; as many as the kernel has where it is left out"
    )

    @abstractmethod
    def windows(self, x: Shape) -> tuple[Window, ...]:
        """How the window moves along each axis of space."""

    def _moving(self, x: Shape, padding: int | tuple[int, ...] = 0) -> tuple[Window, ...]:
        """How the window moves, where nothing else is said of it than this."""
        stride = self.kernel if self.stride is None else self.stride
        return windows_of(len(space(x)), kernel=self.kernel, stride=stride, dilation=1, padding=padding)


class PaddedPool(SlidingPool, ABC):
    """A pooling whose input may be padded."""

    padding: Padding = Field(
        0,
        description="positions that are added at each end of each axis of space, at most half of the kernel; `same` "
        "adds what it takes for `size/stride` positions of the output, rounded up, the smaller half first; `valid` "
        "adds none",
    )

    @final
    def windows(self, x: Shape) -> tuple[Window, ...]:
        windows = self._unfitted(x)
        if self.padding != "same":
            return windows
        return tuple(window.fitted(size) for window, size in zip(windows, space(x), strict=True))

    def _unfitted(self, x: Shape) -> tuple[Window, ...]:
        """How the window moves, but for the padding of `same`."""
        return self._moving(x, 0 if isinstance(self.padding, str) else self.padding)

    def calculation(self, axis: int, x: Shape) -> str:
        is_plain = axis > 1 and self.padding != "same" and not getattr(self, "ceil_mode", False)
        return self.windows(x)[axis - 2].calculation(x[axis]) if is_plain else ""

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_windows(self.windows(x), channels=along(1)),)

    def _pooled(self, x: Shape, *, ceil_mode: bool = False) -> Shape:
        windows = self._unfitted(x)
        if self.padding == "same":
            strides = (window.stride for window in windows)
            return x.with_sizes((*x[:2], *map(fitting, space(x), strides)))
        for window in windows:
            # Windows that lie in the padding alone would have nothing to pool.
            if below(window.kernel // 2, window.before):
                raise ShapeError(
                    f"has a padding of {window.before}, which is more than half of its kernel of {window.kernel}",
                    setting="padding",
                    help=f"use a `padding` of at most {window.kernel // 2}, or a larger `kernel`",
                )
        return x.with_sizes((*x[:2], *output_sizes(space(x), windows, ceil_mode=ceil_mode)))


@final
class MaxPool(PaddedPool):
    """The largest value of each window: `y[i] = max over j < kernel of x[i*stride + j*dilation - padding]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - dilation*(kernel - 1) - 1)/stride) + 1`, or `ceil(n/stride)` with `padding: same`.
    Source: Ranzato et al., "Unsupervised learning of invariant feature hierarchies", 2007; `torch.nn.MaxPool2d`.

    The padding counts as minus infinity, so it is never the largest. Where the taps are further apart than an axis is
    long, a window may see nothing else, and gives that.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well, as long as it
    starts inside the input or the padding before it. With `padding: same` there is no such window.

    With `indices: true` it also gives where each value was, for `max_unpool`: the number of its position among all of
    space, row after row. `y, where = maxpool(2, indices=true)` gives names to both.
    """

    name = "maxpool"
    leaves_outputs = True

    dilation: PositivePerAxis = Field(1, description="distance between neighbouring taps of the window; 1 is dense")
    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")
    indices: Flag = Field(False, description="whether the places of the values are given too")

    def infer(self, x: Shape) -> Shape | tuple[Shape, ...]:
        pooled = self._pooled(x, ceil_mode=self.ceil_mode)
        if not self.indices:
            return pooled
        if self.padding == "same":
            raise ShapeError(
                "has `padding` `same`, of which torch tells no places",
                setting="indices",
                help="write the padding as numbers",
            )
        return pooled, Shape(pooled.sizes, Element.INT)

    def _unfitted(self, x: Shape) -> tuple[Window, ...]:
        dilations = per_axis(self.dilation, len(space(x)), "dilation")
        windows = zip(super()._unfitted(x), dilations, strict=True)
        return tuple(replace(window, dilation=dilation) for window, dilation in windows)

    def kept(self, x: Shape) -> Kept:
        if self.indices:
            return Kept(inputs=(0,), outputs=(1,))
        windows = self.windows(x)
        places = Shape(self.outputs(x)[0].sizes, Element.INT)
        fits = all(window.before == window.after and not below(window.kernel // 2, window.before) for window in windows)
        return Kept(inputs=(0,), further=(places,)) if fits else Kept(further=(_padded(x, windows), places))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 28, 28]),
            Example.of(cls(kernel=3, stride=2, padding=1), [2, 3, 9]),
            Example.of(cls(kernel=3, stride=2, ceil_mode=True), [2, 3, 10, 12]),
            Example.of(cls(kernel=2, stride=3, padding=1, ceil_mode=True), [1, 2, 8]),
            Example.of(cls(kernel=(3, 2, 1), stride=(1, 2, 1), padding=(1, 0, 0), dilation=(2, 1, 1)), [1, 2, 7, 6, 5]),
            Example.of(cls(kernel=2, padding="same"), [1, 2, 2, 3]),
            Example.of(cls(kernel=2, padding="valid"), [1, 2, 2, 3]),
            Example.of(cls(kernel=2, stride=3, padding="same", dilation=3), [1, 2, 7]),
            Example.of(cls(kernel=3, stride=2, indices=True), [2, 3, 9, 7]),
        )


@final
class MaxUnpool(SlidingPool):
    """Puts values back to where a `maxpool` found them, with zeros at all other places.

    It is given what flows out of the layers between, and the places that `maxpool` gave with `indices: true`:
    `(y, where) -> max_unpool(2)`. `kernel`, `stride` and `padding` are those of that `maxpool`. Where two values go to
    the same place, one of them stays.

    Shapes: `[batch, channels, space...], [batch, channels, space...] int -> [batch, channels, space'...]`, where each
    axis of space of size `n` becomes `(n - 1)*stride - 2*padding + kernel`.
    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1;
    Badrinarayanan, Kendall and Cipolla, "SegNet", 2017; `torch.nn.MaxUnpool2d`.

    A `maxpool` gives several sizes of its input the same output; this gives the smallest of them.
    """

    name = "max_unpool"
    accepts = frozenset({Element.FLOAT, Element.INT})

    padding: NonNegativePerAxis = Field(0, description="positions that the pooling added at the ends of each axis")

    def windows(self, x: Shape) -> tuple[Window, ...]:
        return self._moving(x, self.padding)

    def infer(self, x: Shape, indices: Shape) -> Shape:
        if x.element is not Element.FLOAT or indices.element is not Element.INT:
            raise ShapeError(
                f"takes numbers and the places that `maxpool` gave for them, but is given {x} and {indices}",
                help="the places come second: `(y, where) -> max_unpool(2)`",
            )
        sizes = space(x)
        if x.rank != indices.rank or any(map(differs, x, indices)):
            raise ShapeError(f"needs a place for each value, but has {x} and {indices}")
        windows = self.windows(x)
        kept = transposed_sizes(sizes, windows, [0] * len(windows))
        return x.with_sizes((*x[:2], *kept))

    def sees(self, x: Shape, indices: Shape) -> tuple[Sights, ...]:
        # The places are taken to be those that a pooling with the same windows has found.
        return (seen_by_transposed(self.windows(x), channels=along(1)),) * 2

    def kept(self, x: Shape, indices: Shape) -> Kept:
        return Kept(inputs=(1,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(kernel=2), _values_with_places(2, 3, 4, 5)),
            Example(cls(kernel=3, stride=2, padding=1), _values_with_places(2, 3, 4)),
            Example(cls(kernel=(1, 2, 3), stride=(1, 2, 2), padding=(0, 0, 1)), _values_with_places(1, 2, 2, 3, 4)),
        )


def _values_with_places(*sizes: Size) -> tuple[Shape, Shape]:
    return Shape.of(*sizes), Shape.of(*sizes, element=Element.INT)


@final
class AvgPool(PaddedPool):
    """The mean of each window: `y[i] = sum over j < kernel of x[i*stride + j - padding] / kernel`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - kernel)/stride) + 1`, or `ceil(n/stride)` with `padding: same`.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998; `torch.nn.AvgPool2d`.

    The padding counts as zeros. With `count_include_pad: false` the sum is divided by the number of positions of the
    window that lie in the input instead, which is what holds for `padding: same` where nothing is said.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well, as long as it
    starts inside the input or the padding before it. With `padding: same` there is no such window.

    With three axes of space the kernel may not be larger than the input, even where there is padding, unless that is
    `same`: torch has no such mean.
    """

    name = "avgpool"

    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")
    count_include_pad: OptionalFlag = Field(
        None,
        description="whether the positions of the padding count in the mean; where it is left out they do, but not "
        "those of `same`",
    )

    def infer(self, x: Shape) -> Shape:
        pooled = self._pooled(x, ceil_mode=self.ceil_mode)
        if x.rank == 5 and self.padding != "same":
            self._check_volume(x)
        return pooled

    def counts_padding(self) -> bool:
        """Whether the positions of the padding count in the mean."""
        return self.padding != "same" if self.count_include_pad is None else self.count_include_pad

    def _check_volume(self, x: Shape) -> None:
        # Torch asks this of the input without its padding, and of three axes of space only.
        for axis, (size, window) in enumerate(zip(space(x), self.windows(x), strict=True), start=2):
            if below(size, window.kernel):
                raise ShapeError(
                    f"has a kernel of {window.kernel}, but axis {axis} of the input has only {size} without its "
                    "padding, which does not count where there are three axes of space",
                    setting="kernel",
                    help=f"use a `kernel` of at most {size}",
                )

    def kept(self, x: Shape) -> Kept:
        windows = self.windows(x)
        if self.padding != "same" or all(window.before == window.after for window in windows):
            return Kept(inputs=(0,))
        counts = () if self.counts_padding() else (x.with_sizes(space(self.infer(x))),)
        return Kept(further=(_padded(x, windows), *counts))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 28, 28]),
            Example.of(cls(kernel=3, stride=2, padding=1, count_include_pad=False), [2, 3, 9]),
            Example.of(cls(kernel=(3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), [2, 3, 8, 7]),
            Example.of(cls(kernel=2, stride=3), [1, 2, 7, 6, 5]),
            Example.of(cls(kernel=2, padding="same"), [1, 2, 2, 3]),
            Example.of(cls(kernel=3, stride=2, padding="same", count_include_pad=True), [1, 2, 4]),
        )


@final
class LpPool(SlidingPool):
    """The norm of each window: `y[i] = (sum over j < kernel of x[i*stride + j]^p)^(1/p)`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n - kernel)/stride) + 1`.
    Source: Sermanet, Chintala and LeCun, "Convolutional neural networks applied to house numbers digit
    classification", 2012; `torch.nn.LPPool2d`.

    A `p` of 1 gives the sum; the larger `p`, the closer the result comes to the largest value. As torch does it,
    values are raised to the power as they are, and not by their magnitudes: with negative values the result is no
    number where `p` is no whole number, nor where it is odd, other than 1, and the sum of the powers is negative.
    The gradient of a window whose sum is zero is taken to be zero.

    With `ceil_mode: true` the quotient is rounded up, so that a last, incomplete window counts as well. Its sum is
    scaled to the size of a complete one: it is multiplied by `kernel`, and divided by the number of its positions. With
    three axes of space the kernel may not be larger than the input even then.
    """

    name = "lp_pool"

    p: PositiveNumber = Field(description="the power that values are raised to, and whose root is taken")
    ceil_mode: Flag = Field(False, description="whether a last, incomplete window counts")

    def infer(self, x: Shape) -> Shape:
        # In three axes of space, torch has no incomplete window that is the only one of its axis.
        windows = self.windows(x)
        if x.rank == 5:
            output_sizes(space(x), windows)
        return x.with_sizes((*x[:2], *output_sizes(space(x), windows, ceil_mode=self.ceil_mode)))

    def windows(self, x: Shape) -> tuple[Window, ...]:
        return self._moving(x)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen_by_windows(self.windows(x), channels=along(1)),)

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x, *4 * (self.infer(x),)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2, p=2), [2, 3, 8, 8]),
            Example.of(cls(kernel=3, p=1.5, stride=2), [2, 3, 9]),
            Example.of(cls(kernel=(2, 1, 3), p=3, stride=(1, 2, 2), ceil_mode=True), [1, 2, 4, 5, 6]),
        )


@final
class StochasticPool(PaddedPool):
    """One value of each window, drawn by magnitude in training: `y = x[j] with probability |x[j]|/(sum of |x|)`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - kernel)/stride) + 1`, or `ceil(n/stride)` with `padding: same`.
    Source: Zeiler and Fergus, "Stochastic pooling for regularization of deep convolutional neural networks", 2013.

    In evaluation nothing is drawn: the result is the mean with these probabilities, `(sum of |x|*x)/(sum of |x|)`. The
    gradient flows to the value that was drawn or, in evaluation, to all of them.

    The paper has it behind a rectifier, where all values are positive or zero. Here a negative value has the
    probability of its magnitude and keeps its sign. A window of zeros gives zero. The padding counts as zeros, which
    are never drawn.
    """

    name = "stochastic_pool"

    def infer(self, x: Shape) -> Shape:
        return self._pooled(x)

    def kept(self, x: Shape) -> Kept:
        y = self.infer(x)
        windows = y.with_sizes((*y, *(window.kernel for window in self.windows(x))))
        return Kept(further=(*3 * (windows,), Shape(y.sizes, Element.INT)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=3, stride=2), [2, 3, 9, 8]),
            Example.of(cls(kernel=2, padding=1), [2, 3, 8]),
            Example.of(cls(kernel=(2, 1, 3), padding="same"), [1, 2, 4, 5, 4]),
        )


@final
class MixedPool(PaddedPool):
    """A mixture of maximum and mean: `y = share * max of the window + (1 - share) * mean of the window`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space'...]`, where each axis of space of size `n` becomes
    `floor((n + 2*padding - kernel)/stride) + 1`, or `ceil(n/stride)` with `padding: same`.
    Source: Lee, Gallagher and Tu, "Generalizing pooling functions in convolutional neural networks: mixed, gated, and
    tree", 2016. Yu et al., "Mixed pooling for convolutional neural networks", 2014, draw a share of 0 or 1 in training.

    With `trained: true` the share is one number of the layer that is learned, from where it is set; nothing keeps it
    between 0 and 1.

    The padding counts neither for the maximum nor for the mean, which is divided by the number of positions of the
    window that lie in the input.
    """

    name = "mixed_pool"

    share: Probability = Field(0.5, description="share of the maximum; that of the mean is the rest")
    trained: Flag = Field(False, description="whether the share is learned")

    def infer(self, x: Shape) -> Shape:
        return self._pooled(x)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of()} if self.trained else {}

    def kept(self, x: Shape) -> Kept:
        y = self.infer(x)
        counts = y.with_sizes(space(y))
        shares = (y.with_sizes(()), y, y) if self.trained else ()
        return Kept(further=(*2 * (_padded(x, self.windows(x)),), counts, *shares, Shape(y.sizes, Element.INT)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 8, 8]),
            Example.of(cls(kernel=3, stride=2, padding=1, share=0.25, trained=True), [2, 3, 9]),
            Example.of(cls(kernel=(2, 1, 3), padding="same", trained=True), [1, 2, 4, 5, 4]),
        )


def _padded(x: Shape, windows: Sequence[Window]) -> Shape:
    """The input with its padding, of which a pooling of torch's own makes no copy."""
    return x.with_sizes((*x[:2], *(window.padded(size) for window, size in zip(windows, space(x), strict=True))))


class AdaptivePool(Op, ABC):
    """A pooling whose output has a given size."""

    family = Family.POOLING

    size: CountPerAxis = Field(
        description="size of each axis of space of the output; a size that is open must be that of the input"
    )

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x[:2], *per_axis(self.size, len(space(x)), "size")))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        sizes = per_axis(self.size, len(space(x)), "size")
        pairs = zip(space(x), sizes, strict=True)
        return ((along(0), along(1), *(seen_by_means(axis, *pair) for axis, pair in enumerate(pairs, start=2))),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=6), [2, 3, 13, 13]),
            Example.of(cls(size=4), [2, 3, 10]),
            Example.of(cls(size=(2, 1, 7)), [1, 2, 4, 5, 6]),
        )


@final
class AdaptiveAvgPool(AdaptivePool):
    """The means of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveAvgPool2d`.
    """

    name = "adaptive_avgpool"

    def kept(self, x: Shape) -> Kept:
        # A single window is a mean, which needs no values for its gradient.
        return NOTHING if all(size == 1 for size in space(self.infer(x))) else Kept(inputs=(0,))


@final
class AdaptiveMaxPool(AdaptivePool):
    """The largest values of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveMaxPool2d`.
    """

    name = "adaptive_maxpool"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(Shape(self.infer(x).sizes, Element.INT),))


class GlobalPool(Op, ABC):
    """A pooling with a single window for each channel: all of space."""

    family = Family.POOLING

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x[:2], *(1 for _ in space(x))))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *range(2, x.rank)),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 3, 7]),
            Example.of(cls(), [2, 3, 7, 5]),
            Example.of(cls(), [2, 3, 4, 5, 6]),
        )


@final
class GlobalAvgPool(GlobalPool):
    """The mean of each channel over all of space: `y[c] = mean of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Lin, Chen and Yan, "Network in network", 2013; `torch.nn.AdaptiveAvgPool2d(1)`.
    """

    name = "global_avgpool"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class GlobalMaxPool(GlobalPool):
    """The largest value of each channel over all of space: `y[c] = max of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Oquab et al., "Is object localization for free?", 2015; `torch.nn.AdaptiveMaxPool2d(1)`.
    """

    name = "global_maxpool"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(Shape(self.infer(x).sizes, Element.INT),))
