"""`archspec draw`: writes a diagram of a model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import one_spec, target
from archspec.commands.reading import load
from archspec.commands.writing import write
from archspec.targets import find_target

if TYPE_CHECKING:
    from archspec.drawing import Drawing
    from archspec.graph import Graph
    from archspec.model import Model

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
        if options.all_variants:
            drawing = replace(drawing, columns=_variants(model, options))
        write(options, model.drawn(*found, drawing, with_errors=options.with_errors))
    except DrawingError as error:
        raise UsageError(str(error)) from None
    _ = model.graph  # A spec with errors tells of these, though it was drawn.
    return CLEAN


def _variants(model: Model, options: argparse.Namespace) -> tuple[tuple[str, Graph], ...]:
    """The variants of the spec, by their names: the columns of a table."""
    from archspec.compiler import split_variant
    from archspec.drawing import TABLE

    if options.style != TABLE:
        raise UsageError("`--all-variants` gives the columns of a table; add `--style table`")
    if options.spec == "-" or split_variant(options.spec)[1] is not None:
        raise UsageError("`--all-variants` takes a file, whose variants it finds")
    _ = model.graph  # A spec with errors tells of these first.
    if not model.variants:
        raise UsageError(f"`{options.spec}` has no variants; leave out `--all-variants`")
    return tuple((each, load(f"{options.spec}:{each}", options).graph) for each in model.variants)


def _drawing(options: argparse.Namespace) -> Drawing:
    from archspec.drawing import Drawing

    return Drawing.of(
        style=options.style,
        depth=options.depth,
        direction=options.direction,
        layout=options.layout,
        label=options.label,
        theme=options.theme,
        scale=options.scale,
        **{name: getattr(options, name) for name in _SEVERAL},
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="such as net.svg, net.png, net.pdf, net.html, net.tex, net.mmd",
    )
    target(parser, "FORM")
    parser.add_argument(
        "--style",
        default="graph",
        metavar="STYLE",
        help="graph (default), volumes or table: as papers draw it, or tell it",
    )
    parser.add_argument(
        "--all-variants", action="store_true", help="with `--style table`: each variant of the spec is a column"
    )
    parser.add_argument(
        "--depth", type=int, metavar="N", help="show groups so many deep, and fold those below (default: what fits)"
    )
    for name, tells in _SEVERAL.items():
        parser.add_argument(f"--{name}", action="append", default=[], metavar="PATH", help=tells)
    parser.add_argument(
        "--direction", choices=("down", "right"), default="down", help="where it runs to (default: down)"
    )
    parser.add_argument(
        "--layout",
        choices=("own", "dot"),
        default="own",
        help="what says where everything stands: archspec (default: own), or `dot` of Graphviz, if it is installed",
    )
    parser.add_argument(
        "--with-errors", action="store_true", help="draw a spec with errors as far as it can be built, and these in red"
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
        ("draw specs/alexnet.yaml -o alexnet.svg", "a diagram; also .png, .pdf, .tex (TikZ), .mmd (Mermaid), .dot"),
        ("draw specs/alexnet.yaml -o alexnet.html", "a page to look around in, to fold and to search"),
    ),
)
