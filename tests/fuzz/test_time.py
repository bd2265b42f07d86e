"""How long 100 kB take, whatever is in them: only in `make nightly`, since it is timed."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import cache
from time import process_time
from typing import Final

import pytest

from archspec import loads
from archspec.render.text import render
from tests.fuzz.hostile import ARCH, YAML

SIZE: Final = 100_000

pytestmark = pytest.mark.skipif("ARCHSPEC_NIGHTLY" not in os.environ, reason="it is timed: `make nightly` runs it")

TEXTS: Final[list[tuple[str, str, Callable[[int], str]]]] = [
    *(("arch", name, text) for name, text in ARCH.items()),
    *(("yaml", name, text) for name, text in YAML.items()),
]


def seconds(text: str, syntax: str) -> float:
    """How long the command line computes, which runs without the collector of garbage."""
    gc.collect()
    gc.disable()
    try:
        start = process_time()
        render(loads(text, syntax=syntax).check())
        return process_time() - start
    finally:
        gc.enable()


def work(rounds: int) -> None:
    """Work as a check has it, with words, tuples and dictionaries, that no change of ours makes faster or slower."""
    found: dict[tuple[str, int, tuple[int, str]], int] = {}
    for number in range(rounds):
        word = f"value{number % 1_000}"
        found[word, number % 7, (number, word)] = found.get((word, number % 5, (number, word)), 0) + number
        if len(found) > 1_000:
            found = dict(sorted(found.items())[:500])


def worked(rounds: int) -> float:
    gc.collect()
    gc.disable()
    try:
        start = process_time()
        work(rounds)
        return process_time() - start
    finally:
        gc.enable()


@cache
def allowed() -> float:
    """A second on a fast machine with nothing else to do, where such work takes a thirtieth of it."""
    return 30 * min(worked(85_000) for _ in range(9))


@pytest.mark.parametrize(("syntax", "name", "text"), TEXTS, ids=lambda each: each if isinstance(each, str) else "")
def test_no_text_takes_long(syntax: str, name: str, text: Callable[[int], str]) -> None:
    seconds(text(1_000), syntax)  # What is loaded or made once is no matter of the text.
    taken = seconds(text(SIZE), syntax)
    assert taken <= allowed(), f"{name}: {taken:.2f} s, where {allowed():.2f} s are allowed"
