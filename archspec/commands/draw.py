"""`archspec draw`: writes a diagram of a model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import one_spec, target
from archspec.commands.reading import load
from archspec.commands.writing import write
from archspec.compiler import find_target

if TYPE_CHECKING:
    from archspec.drawing import Drawing

_SEVERAL: Final = {
    "expand": "show a group whole, by its path with dots, such as encoder.layers.0, or all uses of a block by its name",
    "fold": "show a group as one box, or all uses of a block",
    "highlight": "let a layer or group stand out, or all uses of a block",
}


def run(options: argparse.Namespace) -> int:
    from archspec.drawing import DrawingError  # No other command waits for it.

    found = find_target(Purpose.DRAW, options.to, Path(options.output).suffix)
    try:
        drawing = _drawing(options)
        model = load(options.spec, options)
        write(options, model.drawn(*found, drawing))
    except DrawingError as error:
        raise UsageError(str(error)) from None
    return CLEAN


def _drawing(options: argparse.Namespace) -> Drawing:
    from archspec.drawing import Drawing

    return Drawing.of(
        style=options.style,
        depth=options.depth,
        direction=options.direction,
        label=options.label,
        theme=options.theme,
        scale=options.scale,
        **{name: getattr(options, name) for name in _SEVERAL},
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="such as net.svg, net.png, net.pdf, net.mmd, net.dot"
    )
    target(parser, "FORM")
    parser.add_argument("--style", default="graph", metavar="STYLE", help="the view of the model (default: graph)")
    parser.add_argument(
        "--depth", type=int, metavar="N", help="show groups so many deep, and fold those below (default: what fits)"
    )
    for name, tells in _SEVERAL.items():
        parser.add_argument(f"--{name}", action="append", default=[], metavar="PATH", help=tells)
    parser.add_argument(
        "--direction", choices=("down", "right"), default="down", help="where it runs to (default: down)"
    )
    parser.add_argument("--label", metavar="TEMPLATE", help="what a box says, such as '{op} {kernel} /{stride}'")
    parser.add_argument("--theme", type=Path, metavar="FILE", help="a YAML file with colours, a font and spacing")
    parser.add_argument(
        "--scale", type=float, metavar="NUMBER", help="how large PNG (default: 2) and PDF (default: 0.75) are"
    )


COMMAND: Final = Command(
    "draw",
    "draw a spec as a diagram",
    add_options,
    run,
    examples=(
        ("draw specs/alexnet.yaml -o alexnet.svg", "a diagram; also .png, .pdf, .mmd (Mermaid), .dot (Graphviz)"),
    ),
)
