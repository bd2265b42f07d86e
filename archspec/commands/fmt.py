"""`archspec fmt`: writes specs in their canonical form."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from archspec.commands.command import CLEAN, FOUND, Command
from archspec.commands.options import of_text
from archspec.commands.writing import put, show
from archspec.compiler import differences, rewritten
from archspec.diagnostics import Report
from archspec.paths import specs_meant
from archspec.syntax.read import read_file


def run(options: argparse.Namespace) -> int:
    report = Report()
    changed = 0
    for path in map(Path, specs_meant(map(str, options.paths)).specs):
        source = read_file(path, report)
        text = None if source is None else rewritten(source, options.syntax, None, report)
        if source is None or text is None or text == source.text:
            continue
        changed += 1
        if options.diff:
            sys.stdout.writelines(differences(source, text))
        elif options.check:
            print(f"{path}: would be written anew")
        else:
            put(path, text.encode())
            print(f"{path}: written anew")
    show(report, options, sys.stderr)
    return CLEAN if report.is_clean and not (changed and (options.check or options.diff)) else FOUND


def add_options(parser: argparse.ArgumentParser) -> None:
    of_text(parser)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="specs, or folders of them")
    looking = parser.add_mutually_exclusive_group()
    looking.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    looking.add_argument("--diff", action="store_true", help="write nothing; show what would change")


COMMAND: Final = Command(
    "fmt",
    "write specs in their one canonical form, with their comments",
    add_options,
    run,
    examples=(("fmt --check specs", "whether specs are in their one canonical form"),),
)
