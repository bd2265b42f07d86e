"""A409: a stride beyond the kernel, where nothing else reads what lies between two windows.

All layers that take the value are looked at: what a shortcut with a 1x1 kernel skips, the body reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Related, Severity
from archspec.passes.advice.reading import readings, skipped
from archspec.passes.advice.view import View
from archspec.passes.advice.wording import axes_of
from archspec.source import Span


@final
class SkippedPositions(Diagnostic):
    """A stride beyond the kernel: between two windows there are positions that nothing ever reads.

    All that was calculated of them is thrown away. A 1x1 convolution with a stride of 2 reads one pixel in four. In the
    shortcut of a residual block that does no harm where the body reads the rest, and nothing is said of it.

    Source: He et al., "Bag of tricks for image classification with convolutional neural networks", 2018
    (arXiv:1812.01187), section 4.2, on the downsampling of ResNet.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=1) -> relu -> conv(32, kernel=1, stride=2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=1) -> relu -> conv(32, kernel=2, stride=2)
    }
    ```
    """

    code = "A409"
    name = "skipped-positions"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    read: int
    of: int
    axes: tuple[int, ...]
    steps: tuple[tuple[str, str], ...]
    """What the windows cover and what they move by, along each of these axes."""

    others: tuple[Span, ...]

    def message(self) -> str:
        return f"of every {self.of} positions of its input, `{self.op}` reads {self.read}"

    def label(self) -> str:
        told = sorted(set(self.steps))
        if len(told) == 1:
            return f"windows of {told[0][0]}, {told[0][1]} apart along {axes_of(self.axes)}"
        pairs = zip(self.axes, self.steps, strict=True)
        return "windows of " + " and ".join(
            f"{covers}, {step} apart along axis {axis}" for axis, (covers, step) in pairs
        )

    def help(self) -> str:
        return "use a kernel of at least the stride, or give the stride to a pooling before it"

    def related(self) -> tuple[Related, ...]:
        return tuple(Related(other, "this reads none of the others either") for other in self.others)


def find(view: View) -> Iterator[Diagnostic]:
    for value, takers, axes in readings(view):
        shares = {axis: skipped(readers, value.shape[axis]) for axis, readers in axes.items()}
        found = {axis: share for axis, share in shares.items() if share is not None}
        if found:
            first, *others = takers
            read, of = (prod(numbers) for numbers in zip(*found.values(), strict=True))
            common = gcd(read, of)
            steps = tuple((str(axes[axis][0].extent), str(axes[axis][0].stride)) for axis in found)
            yield SkippedPositions(
                first.span,
                first.op.name,
                read // common,
                of // common,
                tuple(found),
                steps,
                tuple(other.span for other in others),
            )
