"""`archspec convert`: writes a spec in the other syntax."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import of_text
from archspec.commands.reading import source
from archspec.commands.writing import write
from archspec.compiler import rewritten
from archspec.diagnostics import Report
from archspec.model import SpecError
from archspec.syntax.read import SUFFIXES


def run(options: argparse.Namespace) -> int:
    to = options.to or SUFFIXES.get(Path(options.output).suffix.lower())
    if to is None:
        raise UsageError(f"`{options.output}` ends neither in `.arch` nor in `.yaml`; say which with `--to`")
    report = Report()
    read, syntax = source(options, report)
    text = None if read is None else rewritten(read, syntax, to, report)
    if text is None:
        raise SpecError(report)
    write(options, text.encode())
    return CLEAN


def add_options(parser: argparse.ArgumentParser) -> None:
    of_text(parser)
    parser.add_argument("spec", metavar="SPEC", help="a .arch or .yaml file; `-` for standard input")
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="where to, such as net.arch")
    parser.add_argument("--to", choices=("arch", "yaml"), help="the syntax, where the file name does not tell")


COMMAND: Final = Command(
    "convert",
    "write a spec in the other syntax, with its comments",
    add_options,
    run,
    examples=(("convert specs/lenet.yaml -o lenet.arch", "the same spec in the other syntax"),),
)
