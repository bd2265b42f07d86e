"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

SPEC: Final = "a .arch or .yaml file, or FILE:VARIANT; `-` for standard input"


def of_models(parser: argparse.ArgumentParser) -> None:
    """What is said of the models that a command reads."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="set a parameter of the model, e.g. classes=10"
    )
    parser.add_argument(
        "--size", action="append", default=[], metavar="NAME=NUMBER", help="fix a size that the inputs leave open"
    )
    parser.add_argument(
        "--root", type=Path, metavar="FOLDER", help="the folder whose files a spec may `use` (default: this one)"
    )
    plugin(parser)
    of_text(parser)


def of_text(parser: argparse.ArgumentParser) -> None:
    """What is said of the texts that a command reads, and of what is found in them."""
    parser.add_argument("--syntax", choices=("arch", "yaml"), help="the syntax, where no file name tells")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in findings")
    parser.add_argument("--ascii", action="store_true", help="write findings in ASCII; other characters by number")


def plugin(parser: argparse.ArgumentParser) -> None:
    """The option for ops of the user's own, which may stand beside specs that use them."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a file of Python with further ops, which is executed",
    )


def one_spec(parser: argparse.ArgumentParser) -> None:
    of_models(parser)
    parser.add_argument("spec", metavar="SPEC", help=SPEC)


def target(parser: argparse.ArgumentParser, name: str) -> None:
    # Without a name, it is found to be none of those that there are, and these are told.
    tells = "what to write, where the file name does not tell; `archspec targets` lists what can be written"
    parser.add_argument("--to", nargs="?", const="", metavar=name, help=tells)
