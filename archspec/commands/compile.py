"""`archspec compile`: writes a model as source, or as another form that can be run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, Command
from archspec.commands.options import one_spec, target
from archspec.commands.reading import load
from archspec.commands.writing import write
from archspec.plugins import targets
from archspec.targets import find_target


def run(options: argparse.Namespace) -> int:
    # Source may have any ending; that of another target asks for it.
    suffixes = {target.suffix: name for name, (_, target) in targets(Purpose.COMPILE).items()}
    name = suffixes.get(Path(options.output).suffix.lower(), "torch") if options.to is None else options.to
    found = find_target(Purpose.COMPILE, name)
    model = load(options.spec, options)
    weights = None if options.weights is None else model.find_weights(options.weights)
    write(options, model.written(*found, weights))
    return CLEAN


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="where to (default: stdout)")
    target(parser, "TARGET")
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a safetensors file, an index of several, or their folder: nothing is written unless their weights are "
        "those of the model; ONNX holds them then",
    )


COMMAND: Final = Command(
    "compile",
    "write a spec as PyTorch source, or as ONNX",
    add_options,
    run,
    examples=(
        ("compile specs/alexnet.yaml -o alexnet.py", "PyTorch source that depends on torch alone"),
        ("compile net.arch -o net.onnx --weights net.safetensors", "ONNX, with weights from a file"),
    ),
)
