"""How commands write what was asked for, and show what was found."""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from archspec.commands.command import UsageError
from archspec.compiler import split_variant
from archspec.diagnostics import Report
from archspec.files import write_atomically
from archspec.render.characters import UNICODE

if TYPE_CHECKING:
    from archspec.render import text  # Only findings wait for it.


def write(options: argparse.Namespace, data: bytes) -> None:
    """Write what was made of a spec to where the output was said to go."""
    if options.output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(options.output)
    if options.spec != "-" and path.exists() and path.samefile(split_variant(options.spec)[0]):
        raise UsageError(f"`{path}` is the spec itself, and would be lost; choose another output")
    put(path, data)


def put(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {error.strerror or error}") from None


def show(report: Report, options: argparse.Namespace, stream: TextIO) -> None:
    from archspec.render import text

    print(text.render(report, screen(options, stream)), end="", file=stream)


def encoding_of(options: argparse.Namespace, stream: TextIO) -> str:
    """Which characters a stream can show."""
    return "ascii" if options.ascii else codecs.lookup(stream.encoding or UNICODE).name


def screen(options: argparse.Namespace, stream: TextIO) -> text.Screen:
    """What a stream is shown on."""
    from archspec.render import text

    style = text.COLOURED if _in_colour(options.color, stream) else text.PLAIN
    encoding = encoding_of(options, stream)
    if not stream.isatty():
        return text.Screen(style, encoding)
    import shutil  # Only terminals wait for it.

    return text.Screen(style, encoding, shutil.get_terminal_size().columns)


def width() -> int:
    """How wide the lines of a manual are, on the terminal that shows them."""
    import shutil

    from archspec.manual.terminal import WIDEST, WIDTH

    return max(40, min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDEST))


def _in_colour(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
