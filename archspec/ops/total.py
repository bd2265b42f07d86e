"""Sums, products and means of all values along some axes."""

from __future__ import annotations

from typing import final

from archspec.kept import NOTHING, Kept
from archspec.ops.agreement import axes_of
from archspec.ops.reduction import Reduction, ReductionOfAll, summed
from archspec.shape import Element, Shape


@final
class Mean(Reduction):
    """The mean along some axes: `y = (sum of x)/n` over the `n` values there.

    With `axes: [2, 3]` it is the global average pooling of an image, with `axes: 1` the mean of a sequence.

    Shapes: `[batch, channels, height, width] -> [batch, channels]` with `axes: [2, 3]`.
    Source: the arithmetic mean; `torch.mean`.
    """

    name = "mean"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Sum(ReductionOfAll):
    """The sum along some axes: `y = sum of x`.

    The sum of flags is how many of them are true.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the sum; `torch.sum`.

    In a formula, `sum(x)` is this op where `x` is a value that flows, and arithmetic where it is a list of numbers.
    """

    name = "sum"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return summed(element)

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Prod(ReductionOfAll):
    """The product along some axes: `y = product of x`.

    Flags count as 0 and 1.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the product; `torch.prod`.
    """

    name = "prod"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return summed(element)

    def kept(self, x: Shape) -> Kept:
        axes = axes_of(x, self.axes)
        # It is multiplied along one axis after the other, from the last on.
        between = () if self.axes is None else range(1, len(axes))
        further = (x.with_sizes(size for axis, size in enumerate(x) if axis not in axes[place:]) for place in between)
        return Kept(inputs=(0,), outputs=(0,), further=tuple(further))


@final
class LogSumExp(Reduction):
    """A smooth maximum along some axes: `y = log(sum of exp(x))`.

    It is computed so that nothing overflows.

    Shapes: `[batch, classes] -> [batch]` with `axes: -1`.
    Source: the logarithm of the denominator of a softmax; `torch.logsumexp`.
    """

    name = "logsumexp"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))
