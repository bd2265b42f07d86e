"""Pooling between the largest value of each window and the mean: by chance, or by shares."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example
from archspec.ops.sliding_pool import PaddedPool, padded
from archspec.ops.window import (
    space,
)
from archspec.setting import (
    Flag,
    Probability,
)
from archspec.shape import Element, Shape


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
        return Kept(further=(*2 * (padded(x, self.windows(x)),), counts, *shares, Shape(y.sizes, Element.INT)))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(kernel=2), [2, 3, 8, 8]),
            Example.of(cls(kernel=3, stride=2, padding=1, share=0.25, trained=True), [2, 3, 9]),
            Example.of(cls(kernel=(2, 1, 3), padding="same", trained=True), [1, 2, 4, 5, 4]),
        )
