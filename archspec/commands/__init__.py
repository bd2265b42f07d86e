"""The commands of the command line, one module each. Only that of the command that is run is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from archspec.commands.command import Command

NAMES: Final = (
    "new",
    "check",
    "compile",
    "draw",
    "summary",
    "solve",
    "diff",
    "convert",
    "fmt",
    "targets",
    "schema",
    "ops",
    "explain",
)
"""What the commands and their modules are called, in the order in which the help lists them."""


def command(name: str) -> Command:
    """The command of a name."""
    found: Command = import_module(f"archspec.commands.{name}").COMMAND
    return found
