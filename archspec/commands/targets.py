"""`archspec targets`: lists what specs can be written as."""

from __future__ import annotations

import argparse
from typing import Final

from archspec.backend import Purpose
from archspec.commands.command import CLEAN, Command
from archspec.plugins import targets


def run(options: argparse.Namespace) -> int:
    known = {purpose: targets(purpose) for purpose in Purpose}
    names = max((len(name) for each in known.values() for name in each), default=0)
    endings = max((len(f"*{target.suffix}") for each in known.values() for _, target in each.values()), default=0)
    for purpose, found in known.items():
        print(f"archspec {purpose} --to")
        for name, (_, target) in sorted(found.items()):
            print(f"  {name:<{names}}  {f'*{target.suffix}':<{endings}}  {target.description}")
    return CLEAN


COMMAND: Final = Command("targets", "list what specs can be written as", lambda parser: None, run)
