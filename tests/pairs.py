"""Pairs of models to be compared: neighbours among the specs, and a net in which one thing or another differs."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import archspec
from archspec import Difference, Model
from tests.right_specs import bases

ROOT: Final = Path(__file__).parent.parent
SPECS: Final = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").rglob("*.*"))


def read(text: str) -> Model:
    return archspec.loads(text, syntax="arch")


@cache
def small() -> dict[str, Model]:
    """Every spec and variant, with an eighth of its width and few repeats."""
    models = {base.name: read(base.text) for base in bases()[::3] if "/" in base.name}
    # Not every one is right with other widths.
    return {name: model for name, model in models.items() if not model.check().has_errors}


@cache
def neighbours() -> list[tuple[Model, Model, Difference]]:
    """Specs beside each other, many of which are variants of one, and what differs between them."""
    return [(old, new, archspec.diff(old, new)) for old, new in pairwise(small().values())]


BLOCKS: Final = """
block Unit(width) {{
    input x: [B, C, H, W]
    conv(width, kernel={kernel}, padding={padding}) -> batchnorm -> {act}
}}
model Net {{
    input x: [B, 3, 32, 32]
    stem = conv(8, kernel=3, padding=1)
    body = repeat {times} {{ Unit(8) }}
    tail = Unit(16)
    global_avgpool -> flatten
    {head} = linear({classes})
}}
"""
NET: Final = {"kernel": 3, "padding": 1, "act": "relu", "times": 4, "head": "fc", "classes": 10}


def net(**given: object) -> Model:
    return read(BLOCKS.format(**{**NET, **given}))


def changed(**given: object) -> Difference:
    """What differs between the net and one with other words in it."""
    return archspec.diff(net(), net(**given))
