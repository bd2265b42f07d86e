"""The colours of diagrams: one for each family of ops, the same in every format.

The fills are pale, so that text on them reads well in print and in grey, and the strokes carry the hue. Families are
looked up by their word, so that a family which is added later is drawn in grey rather than not at all. On dark paper a
fill is the hue with little light, and the text on it is pale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from msgspec import Struct

from archspec.op import Family
from archspec_diagram.picture import Ink

_NIGHT: Final = "#0d1117"
_WHITE: Final = "#ffffff"


@final
class Colour(Struct, frozen=True):
    fill: Ink
    stroke: Ink
    text: Ink


def colour_of(name: str, fill: str, stroke: str, text: str) -> Colour:
    """A colour from its three parts on light paper; those on dark paper follow from them."""
    return Colour(
        Ink(name, fill, mixed(stroke, _NIGHT, 0.32)),
        Ink(f"{name}-line", stroke, mixed(stroke, _WHITE, 0.72)),
        Ink(f"{name}-text", text, mixed(stroke, _WHITE, 0.18)),
    )


def mixed(colour: str, other: str, part: float) -> str:
    """A colour of which so much is the first one, and the rest the other."""
    pairs = (
        (int(colour[place : place + 2], 16), int(other[place : place + 2], 16)) for place in range(1, len(colour), 2)
    )
    return "#" + "".join(f"{round(one * part + two * (1 - part)):02x}" for one, two in pairs)


INK: Final = Ink("ink", "#1f2933", "#e6edf3")
QUIET: Final = Ink("quiet", "#5c6773", "#9aa5b1")
LINE: Final = Ink("line", "#59636e", "#8b98a5")
SKIP: Final = Ink("skip", "#b5541c", "#e8935f")
FRAME: Final = Ink("frame", "#aab2bc", "#4a545f")
PILL: Final = Ink("pill", "#c8ced6", "#3d4752")
PAPER: Final = Ink("paper", _WHITE, _NIGHT)
HIGHLIGHT: Final = Ink("highlight", "#d1242f", "#ff7b72")

TERMINAL: Final = Colour(
    Ink("terminal", _WHITE, "#161b22"), Ink("terminal-line", "#3d4752", "#9aa5b1"), Ink("terminal-text", *INK[1:])
)

FOLDED: Final = colour_of("folded", "#f3f5f8", "#66707c", "#1f2933")
"""Of what stands for several layers."""

_OTHER: Final = colour_of("other", "#f0f1f3", "#6d747d", "#2b3036")

COLOURS: Final[Mapping[str, Colour]] = {
    name: colour_of(name, *parts)
    for name, parts in {
        "convolution": ("#dde9f6", "#3f6fa6", "#17324f"),
        "pooling": ("#f9e0dc", "#b5503f", "#541d14"),
        "normalisation": ("#dcefe2", "#418259", "#173b26"),
        "activation": ("#fcf0cd", "#b0862a", "#4a370a"),
        "elementwise": ("#f6f1e1", "#93825a", "#3b3218"),
        "linear": ("#e7e2f4", "#6c55a5", "#2c1f50"),
        "regularisation": ("#f4e3ec", "#a0628a", "#451f37"),
        "reshaping": ("#e9ebee", "#727a84", "#2a2f36"),
        "reduction": ("#f3ded2", "#96604a", "#40231a"),
        "attention": ("#fbe4d0", "#b9662a", "#4d270a"),
        "memory": ("#dcdff5", "#4d5aa8", "#1b2250"),
        "recurrent": ("#d7eef0", "#2c828b", "#0d3b40"),
        "embedding": ("#ebefd5", "#76852f", "#333b0f"),
        "merge": ("#ffffff", "#3d4752", "#1f2933"),
    }.items()
}


def colour(family: Family | None) -> Colour:
    """The colour of a family; that of inputs and outputs where there is none."""
    return TERMINAL if family is None else COLOURS.get(family.value, _OTHER)
