"""`archspec summary`: tells what a model is made of and what it costs."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from archspec.commands.command import CLEAN, Command, UsageError
from archspec.commands.options import one_spec
from archspec.commands.reading import load
from archspec.commands.writing import encoding_of, write
from archspec.size import LARGEST

if TYPE_CHECKING:
    from archspec.model import Model
    from archspec.summary import Summary

FORMS: Final = ("text", "markdown", "latex", "html", "csv", "json")
"""What a summary can be written as; the modules of `archspec.summary` write them."""

ELEMENTS: Final = ("float32", "float64", "float16", "bfloat16")
"""Types of elements that memory is told for."""

WIDTH: Final = 100
"""How wide the table is where it is not shown on a terminal."""


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument(
        "--depth",
        type=_depth,
        metavar="N",
        help="how deep blocks are unfolded, or `all` (default: as deep as it fits on a page)",
    )
    parser.add_argument("--format", choices=FORMS, default="text", help="how it is written (default: text)")
    parser.add_argument(
        "--element", choices=ELEMENTS, default="float32", help="what memory is counted in (default: float32)"
    )
    parser.add_argument("--width", type=int, metavar="N", help="how wide the table may be (default: the terminal)")
    parser.add_argument(
        "--all-variants", action="store_true", help="as JSON, a list: the model as written, and each of its variants"
    )
    parser.add_argument(
        "--sweep",
        type=_sweep,
        metavar="NAME=FIRST..LAST",
        help="how costs grow with an open size, e.g. T=128..8192: a table, or a plot where the output is an .svg",
    )
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="where to (default: stdout)")


def run(options: argparse.Namespace) -> int:
    if options.width is not None and options.width < 40:
        raise UsageError(f"`--width` is {options.width}; a table takes at least 40")
    if options.sweep is not None:
        write(options, _growth(options).encode())
        return CLEAN
    if options.all_variants:
        write(options, _of_all(options).encode())
        return CLEAN
    summary = _summary(load(options.spec, options), options)
    if options.format == "text":
        text = summary.table(options.depth, _width(options), is_ascii=encoding_of(options, sys.stdout) == "ascii")
        write(options, f"{text}\n".encode())
    else:
        write(options, summary.written(options.format, options.depth).encode())
    return CLEAN


def _of_all(options: argparse.Namespace) -> str:
    """The summaries of the model as it is written, and of each of its variants."""
    import json

    from archspec.compiler import split_variant
    from archspec.summary.json import content

    if options.format not in ("text", "json"):
        raise UsageError(f"`--all-variants` gives JSON, and not `{options.format}`")
    if options.spec == "-" or split_variant(options.spec)[1] is not None:
        raise UsageError("`--all-variants` takes a file, whose variants it finds")
    model = load(options.spec, options)
    found: list[dict[str, Any]] = [{"variant": None, **content(_summary(model, options), options.depth)}]
    for variant in model.variants:
        each = load(f"{options.spec}:{variant}", options)
        found.append({"variant": variant, **content(_summary(each, options), options.depth)})
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _growth(options: argparse.Namespace) -> str:
    """How the costs of a model grow with one of its sizes."""
    from archspec.summary import sweep

    name, first, last = options.sweep
    summary = _summary(load(options.spec, options), options)
    try:
        found = sweep.growth(summary, name, sweep.doubled(first, last))
    except ValueError as error:
        raise UsageError(f"--sweep: {error}") from None
    # What a model allows of a size, its formulas do not tell.
    for size in {first, last}:
        given = argparse.Namespace(**{**vars(options), "size": [*options.size, f"{name}={size}"]})
        _ = load(options.spec, given).graph
    return sweep.svg(found) if options.output.endswith(".svg") else f"{sweep.table(found)}\n"


def _sweep(text: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"(\w+)=([\d_]+)\.\.([\d_]+)", text)
    if found is None or not 0 < int(found[2]) <= int(found[3]) <= LARGEST:
        raise argparse.ArgumentTypeError(f"`{text}` is not like `T=128..8192`, from a smaller number to a larger one")
    return found[1], int(found[2]), int(found[3])


def _summary(model: Model, options: argparse.Namespace) -> Summary:
    return replace(model.summary(), floats=options.element)


def _width(options: argparse.Namespace) -> int:
    """That of the terminal; where there is none, as wide as a page."""
    if options.width is not None:
        return int(options.width)
    if "COLUMNS" in os.environ or (options.output == "-" and sys.stdout.isatty()):
        import shutil  # Only terminals wait for it.

        return max(40, shutil.get_terminal_size((WIDTH, 0)).columns)
    return WIDTH


def _depth(text: str) -> int:
    if text == "all":
        return sys.maxsize
    try:
        depth = int(text)
    except ValueError:
        depth = 0
    if depth < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is neither a number from 1 on nor `all`")
    return depth


COMMAND: Final = Command(
    "summary",
    "tell layers, shapes, parameters, multiply-adds, memory and receptive fields",
    add_options,
    run,
    examples=(
        ("summary specs/alexnet.yaml", "layers, shapes, parameters, multiply-adds, memory"),
        ("summary specs/attention/gpt2.arch --size T=1024", "the same with a number for an open size"),
    ),
)
