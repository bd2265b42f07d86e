"""How commands read the specs that they were given."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from archspec.build import Settings
from archspec.commands.command import UsageError
from archspec.compiler import Outside, plugin_ops, read_bytes, read_path
from archspec.diagnostics import Report
from archspec.model import Model
from archspec.overriding import text_override
from archspec.source import Source
from archspec.spec import Override
from archspec.syntax.fault import Fault
from archspec.syntax.read import MOST_BYTES, decode, read_file


def load(name: str, options: argparse.Namespace) -> Model:
    """The model of a file, or of standard input, with the settings of the command line."""
    report = Report()
    outside = outside_of(options, report)
    if name == "-":
        return read_bytes(sys.stdin.buffer.read(MOST_BYTES + 1), "<stdin>", options.syntax, outside, report)
    return read_path(name, outside, report, options.syntax)


def outside_of(options: argparse.Namespace, report: Report) -> Outside:
    """What a spec is given on the command line."""
    given: dict[str, list[Override]] = {"--set": [], "--size": []}
    for option, texts in (("--set", options.set), ("--size", options.size)):
        for each in texts:
            try:
                given[option].append(text_override(each, option))
            except Fault as fault:
                report.add(fault.finding)
            except ValueError as error:
                raise UsageError(f"{option}: {error}") from None
    settings = Settings(tuple(given["--set"]), tuple(given["--size"]))
    return Outside(settings, options.root, plugin_ops(options.plugin))


def source(options: argparse.Namespace, report: Report) -> tuple[Source | None, str | None]:
    """What a command that takes one spec is to write anew, and its syntax where that was said."""
    if options.spec == "-":
        return decode(sys.stdin.buffer.read(MOST_BYTES + 1), "<stdin>", report), options.syntax
    return read_file(Path(options.spec), report), options.syntax
