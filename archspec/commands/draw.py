"""`archspec draw`: writes a diagram of a model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, Command
from archspec.commands.options import one_spec, target
from archspec.commands.reading import load
from archspec.commands.writing import write
from archspec.compiler import find_target


def run(options: argparse.Namespace) -> int:
    found = find_target(Purpose.DRAW, options.to, Path(options.output).suffix)
    model = load(options.spec, options)
    write(options, model.written(*found))
    return CLEAN


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="such as net.svg, net.png, net.mmd, net.dot"
    )
    target(parser, "FORM")


COMMAND: Final = Command(
    "draw",
    "draw a spec as a diagram",
    add_options,
    run,
    examples=(("draw specs/alexnet.yaml -o alexnet.svg", "a diagram; also .png, .mmd (Mermaid), .dot (Graphviz)"),),
)
