"""Mutants: correct specs in which a thing or two are changed, as a mistake would change them.

What is changed is the Tree, and what is written of it is a text; so nearly every mutant can be read, and what is wrong
with it is wrong with the network. The blocks of the library are in the specs, so that these are changed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import final

from archspec.rewrite import written
from archspec.syntax.fault import Fault
from tests.mutations import KINDS
from tests.plain_specs import fields_of
from tests.right_specs import Base, bases


@final
@dataclass(frozen=True)
class Mutant:
    """A spec that differs from a right one."""

    number: int
    base: str
    changes: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"mutant {self.number} of {self.base}: {', '.join(self.changes)}\n\n{self.text}"


def mutants(first: int, count: int) -> Iterator[Mutant]:
    """The mutants of these numbers, each of which is always the same one."""
    known = bases()
    for number in range(first, first + count):
        draw = Random(number)  # noqa: S311  # Nothing is secret here.
        while True:
            base = known[draw.randrange(len(known))]
            found = _mutant(number, base, draw)
            if found is not None:
                yield found
                break


def _mutant(number: int, base: Base, draw: Random) -> Mutant | None:
    plain = deepcopy(base.plain)
    changes = []
    for _ in range(draw.choice((1, 1, 1, 2))):
        kind = draw.choice(KINDS)
        change = draw.choice(kind)
        told = change(plain, draw)
        if told is None:
            return None
        changes.append(f"{change.__name__} ({told})")
    try:
        text = written(fields_of(plain), "arch")
    except Fault:
        return None  # Not all trees can be written in lines.
    return None if text == base.text else Mutant(number, base.name, tuple(changes), text)
