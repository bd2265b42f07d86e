"""`archspec check`: tells what is wrong with specs. Its findings are what was asked for, and go to standard output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from archspec.checking import FORMATS, Checked, checked, joined
from archspec.commands.command import CLEAN, FOUND, Command, UsageError
from archspec.commands.options import of_models
from archspec.commands.reading import load, outside_of
from archspec.commands.writing import put, screen
from archspec.compiler import differences, read_instead, split_variant
from archspec.diagnostics import Report
from archspec.model import Model
from archspec.opening import is_no_file
from archspec.paths import NoSpecsError, files_to_look_at, specs_meant
from archspec.syntax.read import read_file


def run(options: argparse.Namespace) -> int:
    if options.watch:
        return _watch(options)
    if options.fix or options.diff:
        changed = _fix(options)
        if options.diff:
            return FOUND if changed else CLEAN
    found = _checked(options)
    print(found.written(options.format, screen(options, sys.stdout)), end="")
    return CLEAN if found.report.is_clean else FOUND


def _checked(options: argparse.Namespace) -> Checked:
    """What is found in all that is asked for."""

    def found_in(name: str) -> tuple[Model, Report]:
        model = load(name, options)
        report = model.check(select=options.select, ignore=options.ignore)
        if options.weights is not None and model.collection is None and not report.has_errors:
            report = joined(report, model.check_weights(options.weights))
        return model, report

    meant = specs_meant(options.specs)
    is_as_written = not (options.set or options.size)
    return checked(meant.specs, found_in, others=meant.others, is_as_written=is_as_written)


def _fix(options: argparse.Namespace) -> int:
    """Make the changes in files that mean no other model, or show them; tells how many files they are in."""
    changed = 0
    from archspec.fixing import fixed

    outside = outside_of(options, Report())
    for name in specs_meant(options.specs).specs:
        is_left = name == "-" or split_variant(name)[1] or is_no_file(Path(name))
        source = None if is_left else read_file(Path(name), Report())
        if source is None:
            continue

        def found_in(text: str, name: str = name) -> Report:
            return read_instead(name, text, outside).check(select=options.select, ignore=options.ignore)

        text, cured = fixed(source.text, found_in)
        changed += cured > 0
        if cured and options.diff:
            sys.stdout.writelines(differences(source, text))
        elif cured:
            is_of_windows = b"\r\n" in Path(name).read_bytes()
            put(Path(name), (text.replace("\n", "\r\n") if is_of_windows else text).encode())
            # Findings for programs are all that stands in the output.
            print(f"{name}: {cured} {'findings' if cured > 1 else 'finding'} fixed", file=sys.stderr)
    return changed


def _watch(options: argparse.Namespace) -> int:
    """Check again whenever something changes."""
    from archspec import watching

    if "-" in options.specs:
        raise UsageError("standard input cannot be watched; name files or folders")
    if options.fix or options.diff:
        raise UsageError("what is watched is not changed; leave out `--fix` and `--diff`, or `--watch`")

    def again() -> set[str]:
        try:
            found = _checked(options)
        except NoSpecsError as error:  # There may be one later.
            print(f"archspec: {error}", file=sys.stderr)
            return set()
        print(found.written(options.format, screen(options, sys.stdout)), end="")
        return found.report.files

    def looked_at() -> set[str]:
        return {*files_to_look_at(options.specs), *map(str, filter(None, (options.weights,)))}

    watching.watch(again, looked_at, sys.stdout)


def add_options(parser: argparse.ArgumentParser) -> None:
    of_models(parser)
    parser.add_argument(
        "specs",
        nargs="+",
        metavar="SPEC",
        help="a .arch or .yaml file, FILE:VARIANT, a folder, a pattern like 'specs/**/*.arch'; `-` for standard input",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a safetensors file that must have their weights; also an index of several, or their folder",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how findings are written (default: text)")
    chosen = {"--select": "is given, e.g. A4: all (default: all but `performance`)", "--ignore": "is not, e.g. A403"}
    for option, which in chosen.items():
        parser.add_argument(
            option, action="extend", type=_advice, default=[], metavar="ADVICE", help=f"which advice {which}"
        )
    parser.add_argument(
        "--fix", action="store_true", help="first make the changes in files that keep the model as it is"
    )
    parser.add_argument("--diff", action="store_true", help="show what `--fix` would change, and do no more")
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes, until Ctrl-C")


def _advice(text: str) -> tuple[str, ...]:
    """The words by which an option calls advice."""
    from archspec.passes.advice.choice import UnknownAdviceError, codes_of

    words = tuple(word for each in text.split(",") if (word := each.strip()))
    try:
        for word in words:
            codes_of(word)
    except UnknownAdviceError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return words


COMMAND: Final = Command(
    "check",
    "find every mistake in specs, and explain it at its line",
    add_options,
    run,
    examples=(
        ("check specs/", "find every mistake in the specs of a folder"),
        ("check specs/vision/vgg.arch:vgg16", "the same of one variant of a spec"),
    ),
)
