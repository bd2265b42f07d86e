"""Doing something again whenever a file changes that it depends on.

Files are looked at a few times a second. That needs no library, works on every system and on shared folders, and costs
next to nothing for as many files as people write specs in.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn, TextIO, TypeAlias

EVERY: Final = 0.25
"""Seconds from one look to the next."""

LEISURE: Final = 10
"""So many times as long as a look takes passes before the next: large folders are looked at less often."""

SETTLING: Final = 0.05
"""Seconds in which nothing may change before files count as written."""

MOST_LOOKS: Final = 20
"""So often it is looked whether files are still being written; a log that always grows is not waited for."""

CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
"""Empties a terminal, and what can be scrolled back to."""

State: TypeAlias = Mapping[str, tuple[int, int, int] | None]
"""What tells that files are the same as before; `None` for one that is not there."""


def watch(run: Callable[[], Iterable[str]], looked_at: Callable[[], Iterable[str]], screen: TextIO) -> NoReturn:
    """Run, and again after each change, until the user has seen enough.

    Args:
        run: does what there is to do, and gives the files that it read.
        looked_at: the files that it would read now, as far as that is known before it runs.
        screen: what it writes to, which is emptied before each run if it is a terminal.

    Raises:
        KeyboardInterrupt: the user has seen enough.
    """
    gc.enable()  # Our command line runs without it, since it ends before there is garbage; this does not.
    read = set[str]()
    while True:
        before = state({*looked_at(), *read})
        if screen.isatty():
            screen.write(CLEAR)
        start = time.perf_counter()
        read = set(run())
        took = time.perf_counter() - start
        # What was not known before is as it was read; of all else, what changed meanwhile is a change.
        before = {**state({*looked_at(), *read}), **before}
        screen.flush()
        told = f"{time.strftime('%H:%M:%S')}: took {took:.2f} s; waiting for changes (Ctrl-C ends)"
        print(told, file=sys.stderr, flush=True)
        while True:
            start = time.perf_counter()
            if state({*looked_at(), *before}) != before:
                break
            time.sleep(max(EVERY, LEISURE * (time.perf_counter() - start)))
        _settle(before, looked_at)


def state(files: Iterable[str]) -> State:
    """How files are now."""
    return {name: _stamp(name) for name in files}


def _stamp(name: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(name)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _settle(files: Iterable[str], looked_at: Callable[[], Iterable[str]]) -> None:
    """Wait until whoever changes files is done with it."""
    before: State = {}
    for _ in range(MOST_LOOKS):
        now = state({*looked_at(), *files})
        if now == before:
            return
        before = now
        time.sleep(SETTLING)
