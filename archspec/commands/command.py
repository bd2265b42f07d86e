"""What a command of the command line is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final, final

from msgspec import Struct

CLEAN: Final = 0
FOUND: Final = 1
WRONG_USE: Final = 2


class UsageError(Exception):
    """The command was used wrongly; its text says how."""


@final
class Command(Struct, frozen=True):
    """One word behind `archspec`. What only its run needs is imported when it runs: `check` waits for nothing else."""

    name: str

    purpose: str
    """What it does, in a few words that begin small and end without a full stop."""

    add_options: Callable[[argparse.ArgumentParser], None]

    run: Callable[[argparse.Namespace], int]
    """What it does; gives the exit status."""

    examples: tuple[tuple[str, str], ...] = ()
    """Lines that a user could type, and what each gives."""

    note: str = ""
    """What its help ends with, besides examples."""
