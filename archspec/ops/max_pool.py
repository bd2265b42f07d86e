"""Pooling by the largest value of each window, and the way back."""

from __future__ import annotations

from typing import final

from msgspec.structs import replace
from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError
from archspec.ops.sliding_pool import PaddedPool, SlidingPool, padded
from archspec.ops.window import (
    Window,
    per_axis,
    seen_by_transposed,
    space,
    transposed_sizes,
)
from archspec.setting import (
    Flag,
    NonNegativePerAxis,
    PositivePerAxis,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, along
from archspec.size import Size, below, differs


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
        return Kept(inputs=(0,), further=(places,)) if fits else Kept(further=(padded(x, windows), places))

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
