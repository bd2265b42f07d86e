"""Pictures as PNG, at twice the size of the SVG."""

from __future__ import annotations

from typing import Final

from archspec.backend import MissingLibraryError
from archspec_diagram import font

_SCALE: Final = 2.0


def png(svg: str) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise MissingLibraryError("PNG needs resvg-py; install it with `pip install 'archspec-nn[draw]'`") from error
    # Without the fonts named here all text vanishes silently; with those of the system the bytes would depend on it.
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=_SCALE,
        skip_system_fonts=True,
        font_files=list(font.files()),
        font_family="Bitstream Vera Sans",
        sans_serif_family="Bitstream Vera Sans",
    )
    return bytes(drawn)
