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


@cache
def allowed() -> float:
    """A second on a fast machine, which reads so much of right layers with settings in a third of that."""
    text = ARCH["lines with settings"]
    seconds(text(1_000), "arch")
    return 3 * min(seconds(text(SIZE), "arch") for _ in range(3))


@pytest.mark.parametrize(("syntax", "name", "text"), TEXTS, ids=lambda each: each if isinstance(each, str) else "")
def test_no_text_takes_long(syntax: str, name: str, text: Callable[[int], str]) -> None:
    taken = seconds(text(SIZE), syntax)
    assert taken <= allowed(), f"{name}: {taken:.2f} s, where {allowed():.2f} s are allowed"
