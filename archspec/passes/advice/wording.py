"""Words that several rules of advice use."""

from __future__ import annotations

from archspec.diagnostics import Diagnostic, Related
from archspec.source import Span


def again(finding: Diagnostic, first: Span) -> str:
    """What is so at a layer that follows itself in a loop, or in uses of a block one after the other."""
    return "the two are this one, twice in a row" if first == finding.span else ""


def unless_again(finding: Diagnostic, first: Span, label: str) -> tuple[Related, ...]:
    """The first of two layers as a second place, unless it is the place of the finding itself."""
    return () if first == finding.span else (Related(first, label),)


def axes_of(axes: tuple[int, ...]) -> str:
    words = [str(axis) for axis in axes]
    return f"axis {words[0]}" if len(words) == 1 else f"axes {', '.join(words[:-1])} and {words[-1]}"
