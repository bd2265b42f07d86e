"""`archspec check --fix`: safe changes are made in the text, and nothing else in it is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from archspec.diagnostics import Diagnostic, Edit, Report

MOST_ROUNDS: Final = 10
"""What is fixed may bring something else to light, so often."""


def fixed(text: str, found_in: Callable[[str], Report]) -> tuple[str, int]:
    """A text with all safe changes made, and how many findings they cured.

    A change after which anything is wrong that was not before is taken back, with all that were made with it.

    Args:
        text: the text of a spec.
        found_in: finds what is wrong with such a text.
    """
    cured, report = 0, found_in(text)
    for _ in range(MOST_ROUNDS):
        edits, findings = _safe_edits(report)
        if not edits:
            break
        after = with_edits(text, edits)
        found = found_in(after)
        if len(found) > len(report) - findings:
            break
        text, report, cured = after, found, cured + findings
    return text, cured


def _safe_edits(report: Iterable[Diagnostic]) -> tuple[list[Edit], int]:
    """The edits of fixes that go together, in order; and of how many findings they are."""
    edits: list[Edit] = []
    findings = 0
    for finding in report:
        fix = next((each for each in finding.fixes() if each.is_safe), None)
        if fix is not None and not any(_overlap(one, other) for one in fix.edits for other in edits):
            edits += fix.edits
            findings += 1
    return edits, findings


def _overlap(one: Edit, other: Edit) -> bool:
    return one.span.start < other.span.end and other.span.start < one.span.end


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """A text in which edits that do not overlap are made."""
    for edit in sorted(edits, key=lambda each: each.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
