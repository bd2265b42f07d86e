"""The form of a finding.

A mistake in a spec is a value with a place, not an exception: each stage adds what it finds to one `Report`, and goes
on as well as it can, so that one run tells all. The kinds of findings are the classes of `archspec.catalog`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, dataclass_transform, final

from archspec.source import Span


class Severity(StrEnum):
    """How bad a finding is. Errors and warnings make `archspec` exit with status 1; advice does not."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@final
@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains a finding, such as where the other half of a contradiction was written."""

    span: Span
    label: str


@dataclass_transform(frozen_default=True, eq_default=False)
@dataclass(frozen=True, eq=False, repr=False)
class Diagnostic(ABC):
    """One finding. A subclass is one kind, and a frozen dataclass: its fields are the facts, its methods the words.

    `message` is the fault, short, in lower case, and stands alone. `label` says what is so at the place of the finding.
    `help` is the only place for the cure. What the user wrote stands in backticks, exactly as written.
    The docstring of a subclass is its manual, printed by `archspec explain`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR

    span: Span

    def __init_subclass__(cls) -> None:
        # There are many kinds, and a check that finds nothing waits for all of them; what nobody needs is not made.
        dataclass(frozen=True, eq=False, repr=False)(cls)

    @abstractmethod
    def message(self) -> str: ...

    def label(self) -> str:
        return ""

    def help(self) -> str:
        return ""

    def related(self) -> tuple[Related, ...]:
        return ()


@final
class Report:
    """Everything found in one run, each finding once, in the order of the text."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        self._found.setdefault((*_reading_order(diagnostic), diagnostic.message()), diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found.values(), key=_reading_order))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        """Whether the spec is too wrong to be compiled, drawn or counted."""
        return any(each.severity is Severity.ERROR for each in self._found.values())

    @property
    def is_clean(self) -> bool:
        """Whether `archspec check` passes: nothing was found but advice."""
        return all(each.severity is Severity.ADVICE for each in self._found.values())

    def __repr__(self) -> str:
        return f"<Report: {', '.join(f'{each.code} at {each.span!r}' for each in self) or 'clean'}>"


def _reading_order(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    return diagnostic.span.source.name, diagnostic.span.start, diagnostic.span.end, diagnostic.code
