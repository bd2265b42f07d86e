"""`archspec summary`: prints the layers of a model with what they cost."""

from __future__ import annotations

import argparse
from typing import Final

from archspec.commands.command import CLEAN, Command
from archspec.commands.options import one_spec
from archspec.commands.reading import load


def run(options: argparse.Namespace) -> int:
    print(load(options.spec, options).summary())
    return CLEAN


COMMAND: Final = Command(
    "summary",
    "print layers, shapes, parameters, multiply-adds and receptive fields",
    one_spec,
    run,
    examples=(("summary specs/alexnet.yaml", "layers, shapes, parameters, multiply-adds"),),
)
