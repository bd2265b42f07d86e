"""The form of a finding.

A mistake in a spec is a value with a place, not an exception: each stage adds what it finds to one `Report`, and goes
on as well as it can, so that one run tells all. The kinds of findings are the classes of `archspec.catalog`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import ClassVar, Final, dataclass_transform, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.source import Span
from archspec.spelling import did_you_mean


class Severity(StrEnum):
    """How bad a finding is. Errors and warnings make `archspec` exit with status 1; advice does not."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Absence(StrEnum):
    """What is missing for a finding."""

    NAME = "name"
    """Something of the name that stands at its place."""

    ANYTHING = "anything"
    """Any layer of the model."""


@final
class Related(Struct, frozen=True):
    """A second place that explains a finding, such as where the other half of a contradiction was written."""

    span: Span
    label: str


@final
class Edit(Struct, frozen=True):
    """A stretch of a text, and what is to stand there instead."""

    span: Span
    text: str


@final
class Fix(Struct, frozen=True):
    """A change of the text that cures a finding."""

    title: str
    edits: tuple[Edit, ...]

    is_safe: bool
    """Whether the spec means the same after it; otherwise it is a guess, which a person has to agree to."""


class Suggesting:
    """A finding that may know which words are meant by the one at its place: each kind has them as a field."""

    suggestion: str | tuple[str, ...] | None


class _Led(Struct, frozen=True, eq=False, kw_only=True):
    """What can be led to."""

    way: tuple[Related, ...] = ()
    """The uses of blocks and the passes of loops that led there, from the outermost in."""


@dataclass_transform(frozen_default=True, eq_default=False)
class Diagnostic(_Led, frozen=True, eq=False):
    """One finding. A subclass is one kind: its fields are the facts, its methods the words.

    `message` is the fault, short, in lower case, and stands alone. `label` says what is so at the place of the finding.
    `help` is the only place for the cure. What the user wrote stands in backticks, exactly as written.
    The docstring of a subclass is its manual, printed by `archspec explain`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR

    depends_on_use: ClassVar[bool] = False
    """Whether it may hold in one use of a block, or pass of a loop, and not in another, so that the way counts."""

    follows_from: ClassVar[Absence | None] = None
    """What makes it doubtful, where it is not known what stands in some lines."""

    span: Span

    @abstractmethod
    def message(self) -> str: ...

    def label(self) -> str:
        return ""

    def help(self) -> str:
        return ""

    def notes(self) -> tuple[str, ...]:
        """What else there is to know; a note may have several lines, in which columns line up."""
        return ()

    def related(self) -> tuple[Related, ...]:
        return ()

    def fixes(self) -> tuple[Fix, ...]:
        """Changes that cure it: a word that was meant is written in the place of the one that stands there."""
        suggestion = self.suggestion if isinstance(self, Suggesting) else None
        words = (suggestion,) if isinstance(suggestion, str) else suggestion or ()
        # What needs more than another word is not done by writing the word alone.
        if self.help() != did_you_mean(suggestion) or not all(map(_NAME.fullmatch, (self.span.text, *words))):
            return ()
        return tuple(Fix(f"write `{word}`", (Edit(self.span, word),), is_safe=False) for word in words)

    @final
    def places(self) -> tuple[Related, ...]:
        """All further places that explain it, each once: those that belong to it, and the way there."""
        related = self.related()
        return tuple(dict.fromkeys((*related, *self.way))) if len(related) + len(self.way) > 1 else related or self.way


@final
class Report:
    """Everything found in one run, each finding once, in the order of the text."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self.files: set[str] = set()
        """The files that were to be read, missing ones included: what is found depends on them."""
        self._way: list[Related] = []
        self._hidden: list[Span] = []
        self._hidden_words: set[str] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        self._add((*_reading_order(diagnostic), diagnostic.message()), diagnostic)

    def add_all(self, other: Report) -> None:
        """Everything that another report has found."""
        for key, diagnostic in other._found.items():
            self._add(key, diagnostic)

    def _add(self, key: tuple[object, ...], diagnostic: Diagnostic) -> None:
        if key in self._found or self._is_hidden(diagnostic):
            return
        if self._way and diagnostic.depends_on_use and not diagnostic.way:
            way = tuple(each for each in self._way if not each.span.covers(diagnostic.span))
            diagnostic = replace(diagnostic, way=way)
        self._found[key] = diagnostic

    def hide(self, place: Span) -> None:
        """Let nothing more be told of a place than is told already, nor what may follow from what stands there."""
        self._hidden.append(place)
        first, last = place.first().line, place.last().line
        for line in range(first, min(last, place.source.line_count) + 1):
            self._hidden_words.update(_WORDS.findall(place.source.line(line)))

    @property
    def hidden(self) -> tuple[Span, ...]:
        """The places of which nothing more is told."""
        return tuple(self._hidden)

    def _is_hidden(self, diagnostic: Diagnostic) -> bool:
        if not self._hidden:
            return False
        match diagnostic.follows_from:
            case Absence.ANYTHING:
                return True
            case Absence.NAME if not self._hidden_words.isdisjoint(_WORDS.findall(diagnostic.span.text)):
                return True
        return self.hides(diagnostic.span)

    def hides(self, place: Span) -> bool:
        return any(each.covers(place) for each in self._hidden)

    @property
    def is_partial(self) -> bool:
        """Whether there are places of which nothing is told, so that what seems to be missing may stand there."""
        return bool(self._hidden)

    def beside(self) -> Report:
        """An empty report, with the same hidden places."""
        other = Report()
        other._hidden, other._hidden_words = self._hidden, self._hidden_words
        return other

    def amend(self, diagnostic: Diagnostic, better: Diagnostic) -> None:
        """Put a finding that tells more in the place of one that is there, whose place and message it has."""
        key = next(key for key, each in self._found.items() if each is diagnostic)
        self._found[key] = better

    @contextmanager
    def within(self, span: Span, label: str) -> Iterator[None]:
        """Let what is added meanwhile tell that it was found on the way through this place."""
        self._way.append(Related(span, label))
        try:
            yield
        finally:
            self._way.pop()

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

    def _repr_html_(self) -> str:
        """What a notebook shows: a line for each, since the model itself shows them with the lines they are about."""
        import html  # Only notebooks wait for it.

        lines = []
        for each in self:
            said = "; ".join(filter(None, (each.message(), each.help())))
            lines.append(f"{each.severity}[{each.code}] {each.span!r}: {said}")
        return f"<pre>{html.escape(chr(10).join(lines) or 'Nothing was found.')}</pre>"

    def __repr__(self) -> str:
        return f"<Report: {', '.join(f'{each.code} at {each.span!r}' for each in self) or 'clean'}>"


_WORDS: Final = re.compile(r"\w+")
_NAME: Final = re.compile(r"\w+(\.\w+)*")


def _reading_order(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    return diagnostic.span.source.name, diagnostic.span.start, diagnostic.span.end, diagnostic.code
