"""A409: a stride beyond the kernel, where nothing else reads what lies between two windows.

All layers that take the value are looked at: what a shortcut with a 1x1 kernel skips, the body reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod

from archspec.diagnostics import Diagnostic
from archspec.passes.advice.reading import readings, skipped
from archspec.passes.advice.view import View


def find(view: View) -> Iterator[Diagnostic]:
    for value, takers, axes in readings(view):
        shares = {axis: skipped(readers, value.shape[axis]) for axis, readers in axes.items()}
        found = {axis: share for axis, share in shares.items() if share is not None}
        if found:
            from archspec.catalog.advice import SkippedPositions

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
