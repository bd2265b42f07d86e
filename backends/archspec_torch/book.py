"""The classes of a source so far, each under the text by which it is known again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from msgspec import Struct

from archspec_torch.naming import Names


@final
class Entry(Struct):
    """A class that all groups share that read the same, or all cells."""

    name: str
    write: Callable[[Entry], str]
    places: list[str] = []
    """What it is the class of, in words."""

    is_reversible: bool = False
    """Whether a sequence is gone through from its end by some of the cells."""

    def manual(self) -> str:
        """What it is the class of, in a sentence."""
        first, *others = dict.fromkeys(self.places)
        return f"{first}{f', and {len(others)} more like it' if others else ''}."


@final
class Book:
    """The classes of a source so far, in an order in which each stands after those that it needs."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.entries: dict[str, Entry] = {}
        self.words: dict[str, Sequence[str]] = {}
        """What the arguments of classes are called that have no defaults."""

        self.blocks: set[str] = set()
        """The classes that are those of blocks."""

    def entry(self, text: str, wish: str, places: Sequence[str], write: Callable[[Entry], str]) -> Entry:
        """The class that reads like a text, in which it has no name, or a new one."""
        if text not in self.entries:
            self.entries[text] = Entry(self.names.fresh(wish), write)
        self.entries[text].places += places
        return self.entries[text]

    def texts(self) -> list[str]:
        return [entry.write(entry) for entry in self.entries.values()]
