"""How much was found, in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archspec.diagnostics import Diagnostic, Report, Severity


def counted(findings: Iterable[Diagnostic]) -> str:
    """How many findings of each severity there are: `2 errors, 1 advice`."""
    found = Counter(each.severity for each in findings)
    counts = []
    for severity in Severity:
        if number := found[severity]:
            plural = "s" if number > 1 and severity is not Severity.ADVICE else ""
            counts.append(f"{number} {severity}{plural}")
    return ", ".join(counts)


def total(report: Report, files: int) -> str:
    """The same of a check of several files: `3 files checked, 2 errors in 1 file`."""
    found = len({each.span.source.name for each in report})
    where = f"{counted(report)} in {found} file{'s' if found > 1 else ''}" if found else "nothing is wrong"
    return f"{files} file{'s' if files > 1 else ''} checked, {where}"
