"""The widths of texts, from the metrics of the font that they are drawn in.

The fonts are the Bitstream Vera that reportlab ships, so that no font need be part of this project and a picture does
not depend on the fonts of the system it is made on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from archspec.backend import MissingLibraryError
from archspec_diagram.picture import Run

FAMILIES: Final = "Bitstream Vera Sans, DejaVu Sans, Verdana, sans-serif"

ASCENT: Final = 0.76
DESCENT: Final = 0.24
"""How far letters reach above and below the baseline, as parts of the size of the font."""

_UNKNOWN: Final = 1000.0
"""The width of a character that the font lacks: no character of another font is likely to be wider than its height."""


def files() -> tuple[str, str]:
    """The font files, regular and bold."""
    try:
        import reportlab
    except ImportError as error:
        raise MissingLibraryError(
            "drawing needs reportlab, for its fonts; install it with `pip install 'archspec-nn[draw]'`"
        ) from error
    folder = Path(reportlab.__file__).parent / "fonts"
    return str(folder / "Vera.ttf"), str(folder / "VeraBd.ttf")


@cache
def _widths(bold: bool) -> Mapping[int, float]:
    file = files()[bold]
    from reportlab.pdfbase.ttfonts import TTFontFile

    widths: Mapping[int, float] = TTFontFile(file).charWidths
    return widths


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is in pixels."""
    widths = _widths(bold)
    return sum(widths.get(ord(character), _UNKNOWN) for character in text) * size / 1000


def width_of(runs: Iterable[Run], size: float) -> float:
    """How wide a line of these runs is."""
    return sum(width(run.text, size, bold=run.bold) for run in runs)


def shortened(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, or as much of its start as there is room for, with an ellipsis."""
    if width(text, size, bold=bold) <= room:
        return text
    kept = ""
    used = width("…", size, bold=bold)
    for character in text:
        used += width(character, size, bold=bold)
        if used > room:
            break
        kept += character
    return kept.rstrip() + "…"
