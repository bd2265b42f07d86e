"""`archspec schema`: prints the JSON Schema of the YAML form."""

from __future__ import annotations

import argparse
from typing import Final

from archspec.commands.command import CLEAN, Command


def run(options: argparse.Namespace) -> int:
    from archspec import schema

    print(schema.text(), end="")
    return CLEAN


COMMAND: Final = Command(
    "schema",
    "print the JSON Schema of the YAML form",
    lambda parser: None,
    run,
    examples=(("schema > archspec.schema.json", "a JSON Schema of the YAML form, for editors"),),
    note="An editor uses it where a spec starts with: # yaml-language-server: $schema=archspec.schema.json",
)
