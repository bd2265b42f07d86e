"""The command line.

What was asked for goes to standard output, and findings to standard error, save for `check`, whose findings are what
was asked for. The exit status is 0 when all is well, 1 when something was found, and 2 when the command was used
wrongly or archspec itself is at fault.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from archspec.clash import other_distribution
from archspec.commands import NAMES, command
from archspec.commands.command import CLEAN, FOUND, WRONG_USE, Command, UsageError
from archspec.version import VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a letter of a name shows its number, and no traceback.
            stream.reconfigure(errors="backslashreplace")
    warning = other_distribution()
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given[:1]).parse_args(given)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()  # Whoever read our output has seen enough.
        return CLEAN
    except OSError as error:  # Those of files are told where these are read and written.
        _close_output()
        print(f"archspec: the output cannot be written: {error.strerror or error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # What comes next does not stand behind the `^C` of the terminal.
        return 130
    except Exception as error:
        return _told(error, options)
    return status


def _told(error: Exception, options: argparse.Namespace) -> int:
    """Say why there is no result; returns the exit status. What is imported here, only an error waits for."""
    from archspec.backend import MissingLibraryError
    from archspec.commands.writing import show
    from archspec.model import SpecError, WeightsError
    from archspec.paths import NoSpecsError
    from archspec.plugins import PluginError
    from archspec.size import SizeError
    from archspec.targets import UnknownTargetError

    match error:
        case SpecError() | WeightsError():
            show(error.report, options, sys.stderr)
            return FOUND
        case UsageError() | NoSpecsError() | UnknownTargetError() | MissingLibraryError() | PluginError():
            print(f"archspec: {error}", file=sys.stderr)
        case SizeError():
            print(f"archspec: this needs {error}; fix some of the open sizes, such as `--size H=224`", file=sys.stderr)
        case _:
            import traceback

            traceback.print_exception(error)
            print("archspec: this is a fault of archspec itself, not of the spec; please report it", file=sys.stderr)
    return WRONG_USE


def _close_output() -> None:
    """What is still to be flushed has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(first: Sequence[str]) -> argparse.ArgumentParser:
    """What understands the arguments, of which the first tells which command is meant: only that need be known then."""
    known = [command(name) for name in (first if {*first} & {*NAMES} else NAMES)]
    parser = argparse.ArgumentParser(
        prog="archspec",
        description="Check, compile, draw and summarise architecture specs of neural networks.",
        epilog=_examples("examples:", known),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"archspec-nn {VERSION}")
    parser.set_defaults(color="auto", ascii=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for each in known:
        subparser = commands.add_parser(
            each.name,
            help=each.purpose,
            description=f"{each.purpose[0].upper()}{each.purpose[1:]}.",
            epilog="\n".join(filter(None, (_examples("example:", [each]), each.note))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        each.add_options(subparser)
        subparser.set_defaults(run=each.run)
    return parser


def _examples(title: str, commands: Iterable[Command]) -> str:
    lines = [(f"archspec {line}", gives) for each in commands for line, gives in each.examples]
    # A line that is much longer than the others does not move them all.
    width = max((len(line) for line, _ in lines if len(line) <= 50), default=0)
    return "\n".join([title, *(f"  {line:<{width}}  {gives}" for line, gives in lines)]) if lines else ""
