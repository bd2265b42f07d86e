"""Pictures as PNG."""

from __future__ import annotations

from typing import Final

from archspec.backend import MissingLibraryError
from archspec.drawing import DrawingError
from archspec_diagram import font
from archspec_diagram.picture import Picture
from archspec_diagram.svg import svg

SCALE: Final = 2.0
"""Pixels for each of the SVG, where nothing else is asked for."""

_MOST: Final = 200_000_000
"""No picture has more pixels: there would not be the memory to draw it."""


def png(picture: Picture, scale: float | None = None) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise MissingLibraryError("PNG needs resvg-py; install it with `pip install 'archspec-nn[draw]'`") from error
    zoom = SCALE if scale is None else scale
    if picture.width * picture.height * zoom**2 > _MOST:
        size = f"{picture.width * zoom:,.0f} × {picture.height * zoom:,.0f}"
        raise DrawingError(f"a PNG of {size} pixels is too large; fold more, draw it smaller, or write SVG")
    # Without the fonts named here all text vanishes silently; with those of the system the bytes would depend on it.
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg(picture, plain=True),
        zoom=zoom,
        skip_system_fonts=True,
        font_files=list(font.files()),
        font_family="Bitstream Vera Sans",
        sans_serif_family="Bitstream Vera Sans",
    )
    return bytes(drawn)
