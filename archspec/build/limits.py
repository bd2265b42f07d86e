"""How large a model may be, and how deep its parts may stand in one another: a hostile spec ends with a finding."""

from __future__ import annotations

from typing import Final

from archspec.catalog.graph import RecursiveBlock, TooManyLayers
from archspec.catalog.text import TooDeep
from archspec.diagnostics import Report
from archspec.source import Span

MOST_LAYERS: Final = 200_000
"""A model has no more layers than this."""

MOST_NESTED: Final = 30
"""Branches and blocks stand in one another no deeper than this, because building calls itself for each level."""

GROUP: Final = 4
BRANCH: Final = 6
BLOCK: Final = 6
HEAVIEST: Final = MOST_NESTED * (GROUP + BRANCH)
"""What a level comes to, and all of them together: groups alone can stand in one another deeper."""

FARTHEST: Final = 30
"""Parameters that stand for layers are handed on no further than this, for the same reason."""

MOST_FINDINGS: Final = 1_000
"""Of a model with more mistakes than this, the rest is not looked at."""

MOST_GUESSES: Final = 20_000
"""After so many trials of what an error may hide, nothing more is concluded from what is hidden."""


class TooManyError(Exception):
    """The model has more of something than can be built; a finding says so."""


class Limited:
    """Counts what is built, and ends it where it becomes too much."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.layers = 0
        self.nesting = 0
        self.weight = 0
        self.hops = 0
        self.guesses = 0

    def count(self, place: Span, layers: int = 1) -> None:
        """Take notice of more layers."""
        self.layers += layers
        if self.layers > MOST_LAYERS:
            self.refuse(place)
        if len(self.report) > MOST_FINDINGS:
            raise TooManyError

    def refuse(self, place: Span) -> None:
        self.report.add(TooManyLayers(place, MOST_LAYERS))
        raise TooManyError

    def enter(self, place: Span, weight: int) -> None:
        """Go one level deeper into what stands in one another."""
        self.nesting += 1
        self.weight += weight
        if self.weight > HEAVIEST:
            self.report.add(TooDeep(place, self.nesting - 1))
            raise TooManyError

    def leave(self, weight: int) -> None:
        """Come back from a level."""
        self.nesting -= 1
        self.weight -= weight

    def hop(self, place: Span, word: str) -> None:
        """Go on to what a parameter stands for; whoever does comes back by lowering `hops`."""
        self.hops += 1
        if self.hops > FARTHEST:
            # No chain of blocks is so long; a block hands itself on.
            self.report.add(RecursiveBlock(place, (word, word)))
            raise TooManyError

    def guess(self, cases: int) -> bool:
        """Whether so many more cases may be tried of what an error hides."""
        self.guesses += cases
        return self.guesses <= MOST_GUESSES
