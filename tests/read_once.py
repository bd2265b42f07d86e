"""Specs for many tests: a process reads each once, and so writes its source once, which takes most of the time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import archspec
from archspec.shipped import Shipped

_READ: Final[dict[str, archspec.Model]] = {}


def read_once(path: Path | str, **settings: Any) -> archspec.Model:
    """The model that `archspec.load` gives, which nothing changes; each module that it is compiled to is a new one."""
    key = f"{path} {sorted(settings.items())}"
    if key not in _READ:
        _READ[key] = archspec.load(path, **settings)
    return _READ[key]


@cache
def variants_of(path: Path) -> tuple[str, ...]:
    """The names of the variants of a spec, for which no model is built."""
    return Shipped(path).variants
