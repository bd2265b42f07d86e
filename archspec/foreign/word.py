"""What a word of another framework is here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, final

from msgspec import Struct


@final
class Reading(Enum):
    """How a value of theirs becomes one of ours, where it does not stay as it is."""

    COMPLEMENT = auto()
    """What is lacking to 1: how much is kept of the old, where ours says how much is taken of the new."""

    LENGTH = auto()
    """How many there are in a list of sizes."""

    NUMBER = auto()
    """As it is, if it is one number; lists mean something else."""

    NOTHING = auto()
    """Only nothing has a meaning here."""


@final
class Word(Struct, frozen=True):
    """What a layer or function of theirs is here."""

    ops: tuple[str, ...] = ()
    """Our ops; the first is the one that is written where settings can be taken over."""

    order: tuple[str, ...] | None = None
    """What their settings are called, in their order; nobody knows it where frameworks differ in it."""

    own: Mapping[str, str] = {}
    """What settings are called here that are called otherwise in other layers; what is called nothing is left out."""

    reads: Mapping[str, Reading] = {}
    """How the values of settings are read, by what they are called there."""

    adds: Mapping[str, str] = {}
    """Settings of ours that the word itself says."""

    behind: str = ""
    """What follows the op."""

    cure: str = ""
    """What to write, where there is no op."""

    @classmethod
    def of(cls, ops: str = "", order: str | None = None, /, **more: Any) -> Word:
        """A word, with our ops, and their settings, written in a row each."""
        return cls(tuple(ops.split()), None if order is None else tuple(order.split()), **more)
