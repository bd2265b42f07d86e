"""`archspec explain`: prints the manual of a finding or an op."""

from __future__ import annotations

import argparse
from typing import Final

from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import plugin
from archspec.commands.writing import width
from archspec.compiler import further_ops


def run(options: argparse.Namespace) -> int:
    from archspec.manual import UnknownTopicError, shipped
    from archspec.manual.terminal import contents, explained

    known = {**shipped(), **further_ops(options.plugin)}
    try:
        page = contents(known, width()) if options.topic is None else explained(options.topic, known, width())
    except UnknownTopicError as error:
        raise UsageError(str(error)) from None
    print(page)
    return CLEAN


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="a code such as A104, or an op such as conv")
    plugin(parser)


COMMAND: Final = Command(
    "explain",
    "explain a finding or an op",
    add_options,
    run,
    examples=(("explain conv", "the page of an op; also `explain A104` for a finding"),),
)
