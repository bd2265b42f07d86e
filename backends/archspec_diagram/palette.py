"""The colours of diagrams: one for each family of ops, the same in every format.

The fills are pale, so that text on them reads well in print and in grey, and the strokes carry the hue. Families are
looked up by their word, so that a family which is added later is drawn in grey rather than not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from archspec.op import Family


@final
@dataclass(frozen=True, slots=True)
class Colour:
    fill: str
    stroke: str
    text: str


INK: Final = "#1f2933"
QUIET: Final = "#5c6773"
LINE: Final = "#59636e"
SKIP: Final = "#b5541c"
FRAME: Final = "#aab2bc"
PILL: Final = "#c8ced6"
PAPER: Final = "#ffffff"

TERMINAL: Final = Colour(PAPER, "#3d4752", INK)

_OTHER: Final = Colour("#f0f1f3", "#6d747d", "#2b3036")

_COLOURS: Final[Mapping[str, Colour]] = {
    "convolution": Colour("#dde9f6", "#3f6fa6", "#17324f"),
    "pooling": Colour("#f9e0dc", "#b5503f", "#541d14"),
    "normalisation": Colour("#dcefe2", "#418259", "#173b26"),
    "activation": Colour("#fcf0cd", "#b0862a", "#4a370a"),
    "elementwise": Colour("#f6f1e1", "#93825a", "#3b3218"),
    "linear": Colour("#e7e2f4", "#6c55a5", "#2c1f50"),
    "regularisation": Colour("#f4e3ec", "#a0628a", "#451f37"),
    "reshaping": Colour("#e9ebee", "#727a84", "#2a2f36"),
    "reduction": Colour("#f3ded2", "#96604a", "#40231a"),
    "attention": Colour("#fbe4d0", "#b9662a", "#4d270a"),
    "memory": Colour("#dcdff5", "#4d5aa8", "#1b2250"),
    "recurrent": Colour("#d7eef0", "#2c828b", "#0d3b40"),
    "embedding": Colour("#ebefd5", "#76852f", "#333b0f"),
    "merge": Colour("#ffffff", "#3d4752", "#1f2933"),
}


def colour(family: Family | None) -> Colour:
    """The colour of a family; that of inputs and outputs where there is none."""
    return TERMINAL if family is None else _COLOURS.get(family.value, _OTHER)
