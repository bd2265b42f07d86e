"""`archspec ops`: lists the ops."""

from __future__ import annotations

import argparse
from typing import Final

from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import plugin
from archspec.commands.writing import width
from archspec.compiler import further_ops


def run(options: argparse.Namespace) -> int:
    from archspec.manual import UnknownTopicError, json, shipped, terminal

    known = {**shipped(), **further_ops(options.plugin)}
    try:
        if options.format == "json":
            print(json.listing(known, options.family))
        else:
            print(terminal.listing(known, options.family, width()))
    except UnknownTopicError as error:
        raise UsageError(str(error)) from None
    return CLEAN


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", nargs="?", metavar="FAMILY", help="a family such as pooling (default: all)")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="`json` has all settings, for programs"
    )
    plugin(parser)


COMMAND: Final = Command(
    "ops",
    "list the ops, by family",
    add_options,
    run,
    examples=(("ops normalisation", "the ops of a family, or of all, in short"),),
)
