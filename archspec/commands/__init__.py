"""The commands of the command line, one module each, in the order in which the help lists them."""

from __future__ import annotations

from typing import Final

from archspec.commands import check, convert, diff, draw, explain, fmt, new, ops, schema, solve, summary, targets
from archspec.commands import compile as compile_
from archspec.commands.command import Command

COMMANDS: Final[tuple[Command, ...]] = (
    new.COMMAND,
    check.COMMAND,
    compile_.COMMAND,
    draw.COMMAND,
    summary.COMMAND,
    solve.COMMAND,
    diff.COMMAND,
    convert.COMMAND,
    fmt.COMMAND,
    targets.COMMAND,
    schema.COMMAND,
    ops.COMMAND,
    explain.COMMAND,
)
