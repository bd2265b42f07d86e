"""`archspec diff`: tells what differs between two specs, or two versions of one."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, FOUND, Command, UsageError
from archspec.commands.options import of_models
from archspec.commands.reading import load, outside_of
from archspec.commands.writing import put, screen
from archspec.compiler import split_variant
from archspec.diagnostics import Report
from archspec.targets import find_target

if TYPE_CHECKING:
    from archspec.difference import Difference
    from archspec.model import Model

FORMS: Final = ("text", "markdown", "json")
"""What a difference can be written as; the modules of `archspec.difference` write them."""

PICTURES: Final = (".svg", ".png", ".pdf")
"""The endings of files that a difference is drawn in."""

WIDTH: Final = 100
"""How wide a difference is where it is not shown on a terminal."""


def run(options: argparse.Namespace) -> int:
    from archspec.comparing import compared
    from archspec.revision import RevisionError

    if options.old == "-" == options.new:
        raise UsageError("standard input can be one of the two, and not both")
    try:
        models = (_model(options.old, options), _model(options.new, options))
    except RevisionError as error:
        raise UsageError(str(error)) from None
    difference = compared(models, (options.old, options.new))
    if options.output is None:
        print(_written(difference, options), end="")
    else:
        _draw(difference, Path(options.output), options)
    return FOUND if difference else CLEAN


def _model(name: str, options: argparse.Namespace) -> Model:
    from archspec.comparing import read_version

    if name == "-":
        return load(name, options)
    report = Report()
    return read_version(name, outside_of(options, report), report, options.syntax)


def _written(difference: Difference, options: argparse.Namespace) -> str:
    if options.format != "text":
        return difference.written(options.format)
    from archspec.difference.text import shown

    return shown(difference, screen(options, sys.stdout), _width(), is_whole=options.all)


def _draw(difference: Difference, path: Path, options: argparse.Namespace) -> None:
    """Draw both models in one, where a file of text is not wanted."""
    if path.suffix.lower() not in PICTURES:
        text = {".md": "markdown", ".json": "json", ".txt": "text"}.get(path.suffix.lower())
        cure = f"; `--format {text}` writes it to standard output" if text else ""
        raise UsageError(f"a difference is drawn as {', '.join(PICTURES)}, and `{path}` is none of them{cure}")
    files = [Path(split_variant(each)[0]) for each in (options.old, options.new)]
    if path.exists() and any(each.exists() and path.samefile(each) for each in files):
        raise UsageError(f"`{path}` is one of the specs, and would be lost; choose another output")
    from archspec.difference.merged import merged

    backend, target = find_target(Purpose.DRAW, None, path.suffix)
    graph, drawing = merged(difference)
    put(path, backend.draw(graph, target, drawing))


def _width() -> int:
    """That of the terminal, up to what reads well; where there is none, as wide as a page."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return max(60, min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDTH + 20))
    return WIDTH


def add_options(parser: argparse.ArgumentParser) -> None:
    of_models(parser)
    version = "a .arch or .yaml file, FILE:VARIANT, or git:REVISION:FILE; `-` for standard input"
    parser.add_argument("old", metavar="OLD", help=version)
    parser.add_argument("new", metavar="NEW", help="the same, of what it is compared with")
    parser.add_argument("--format", choices=FORMS, default="text", help="how it is written (default: text)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="draw the difference instead, such as diff.svg, diff.png, diff.pdf"
    )
    parser.add_argument("--all", action="store_true", help="show all layers whose shapes or costs follow, too")


COMMAND: Final = Command(
    "diff",
    "tell what differs between two specs, or two versions of one",
    add_options,
    run,
    examples=(
        ("diff git:HEAD~1:net.arch net.arch", "layers, settings, shapes and costs that differ from the last commit"),
    ),
    note="exit status: 0 where nothing differs, 1 where something does or a spec has errors, 2 for wrong use",
)
