"""The command line: one function per command.

What was asked for goes to standard output, and findings to standard error, save for `check`, whose findings are what
was asked for. The exit status is 0 when all is well, 1 when something was found, and 2 when the command was used
wrongly or archspec itself is at fault.
"""

from __future__ import annotations

import argparse
import codecs
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO

from archspec.backend import MissingLibraryError, Purpose
from archspec.build import Settings
from archspec.checking import FORMATS, Checked, checked, joined
from archspec.clash import other_distribution
from archspec.compiler import (
    Model,
    Outside,
    SpecError,
    UnknownTargetError,
    WeightsError,
    differences,
    find_target,
    further_ops,
    plugin_ops,
    read_bytes,
    read_instead,
    read_path,
    rewritten,
    split_variant,
    text_override,
)
from archspec.diagnostics import Report
from archspec.files import write_atomically
from archspec.paths import NoSpecsError, files_to_look_at, specs_meant
from archspec.plugins import PluginError, targets
from archspec.render import text
from archspec.render.characters import UNICODE
from archspec.source import Source
from archspec.spec import Override
from archspec.syntax.fault import Fault
from archspec.syntax.read import MOST_BYTES, SUFFIXES, decode, read_file
from archspec.version import VERSION

CLEAN: Final = 0
FOUND: Final = 1
WRONG_USE: Final = 2

EXAMPLES: Final = """\
examples:
  archspec check specs/                             find every mistake in the specs of a folder
  archspec summary specs/alexnet.yaml               layers, shapes, parameters, multiply-adds
  archspec check specs/vision/vgg.arch:vgg16        the same of one variant of a spec
  archspec compile specs/alexnet.yaml -o alexnet.py PyTorch source that depends on torch alone
  archspec compile net.arch -o net.onnx --weights net.safetensors   ONNX, with weights from a file
  archspec draw specs/alexnet.yaml -o alexnet.svg   a diagram; also .png, .mmd (Mermaid), .dot (Graphviz)
  archspec fmt --check specs                        whether specs are in their one canonical form
  archspec convert specs/lenet.yaml -o lenet.arch   the same spec in the other syntax
  archspec schema > archspec.schema.json            a JSON Schema of the YAML form, for editors
  archspec ops normalisation                        the ops of a family, or of all, in short
  archspec explain conv                             the page of an op; also `explain A104` for a finding
"""

SCHEMA_USE: Final = "An editor uses it where a spec starts with: # yaml-language-server: $schema=archspec.schema.json"


class _UsageError(Exception):
    """The command was used wrongly; its text says how."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a letter of a name shows its number, and no traceback.
            stream.reconfigure(errors="backslashreplace")
    warning = other_distribution()
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except (SpecError, WeightsError) as error:
        _show(error.report, options, sys.stderr)
        return FOUND
    except (_UsageError, NoSpecsError, UnknownTargetError, MissingLibraryError, PluginError) as error:
        print(f"archspec: {error}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        # Whoever read our output has seen enough. What is still to be flushed has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # What comes next does not stand behind the `^C` of the terminal.
        return 130
    except Exception:
        traceback.print_exc()
        print("archspec: this is a fault of archspec itself, not of the spec; please report it", file=sys.stderr)
        return WRONG_USE
    return status


# --------------------------------------------------------------------------------------------------------- commands


def check(options: argparse.Namespace) -> int:
    """Tell what is wrong with specs."""
    if options.watch:
        return _watch(options)
    if options.fix or options.diff:
        changed = _fix(options)
        if options.diff:
            return FOUND if changed else CLEAN
    found = _checked(options)
    print(found.written(options.format, _screen(options, sys.stdout)), end="")
    return CLEAN if found.report.is_clean else FOUND


def _checked(options: argparse.Namespace) -> Checked:
    """What is found in all that is asked for."""

    def found_in(name: str) -> tuple[Model, Report]:
        model = _load(name, options)
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

    outside = _outside(options, Report())
    for name in specs_meant(options.specs).specs:
        source = None if name == "-" or split_variant(name)[1] else read_file(Path(name), Report())
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
            _put(Path(name), (text.replace("\n", "\r\n") if is_of_windows else text).encode())
            # Findings for programs are all that stands in the output.
            print(f"{name}: {cured} {'findings' if cured > 1 else 'finding'} fixed", file=sys.stderr)
    return changed


def _watch(options: argparse.Namespace) -> int:
    """Check again whenever something changes."""
    from archspec import watching

    if "-" in options.specs:
        raise _UsageError("standard input cannot be watched; name files or folders")
    if options.fix or options.diff:
        raise _UsageError("what is watched is not changed; leave out `--fix` and `--diff`, or `--watch`")

    def run() -> set[str]:
        try:
            found = _checked(options)
        except NoSpecsError as error:  # There may be one later.
            print(f"archspec: {error}", file=sys.stderr)
            return set()
        print(found.written(options.format, _screen(options, sys.stdout)), end="")
        return found.report.files

    def looked_at() -> set[str]:
        return {*files_to_look_at(options.specs), *map(str, filter(None, (options.weights,)))}

    watching.watch(run, looked_at, sys.stdout)


def compile_(options: argparse.Namespace) -> int:
    """Write a model as source."""
    # Source may have any ending; that of another target asks for it.
    suffixes = {target.suffix: name for name, (_, target) in targets(Purpose.COMPILE).items()}
    name = suffixes.get(Path(options.output).suffix.lower(), "torch") if options.to is None else options.to
    target = find_target(Purpose.COMPILE, name)
    model = _load(options.spec, options)
    weights = None if options.weights is None else model.find_weights(options.weights)
    _write(options, model.written(*target, weights))
    return CLEAN


def targets_(options: argparse.Namespace) -> int:
    """List what specs can be written as."""
    known = {purpose: targets(purpose) for purpose in Purpose}
    names = max((len(name) for each in known.values() for name in each), default=0)
    endings = max((len(f"*{target.suffix}") for each in known.values() for _, target in each.values()), default=0)
    for purpose, found in known.items():
        print(f"archspec {purpose} --to")
        for name, (_, target) in sorted(found.items()):
            print(f"  {name:<{names}}  {f'*{target.suffix}':<{endings}}  {target.description}")
    return CLEAN


def draw(options: argparse.Namespace) -> int:
    """Write a diagram of a model."""
    suffix = Path(options.output).suffix
    target = find_target(Purpose.DRAW, options.to, suffix)
    model = _load(options.spec, options)
    _write(options, model.written(*target))
    return CLEAN


def summary(options: argparse.Namespace) -> int:
    """Print the layers of a model."""
    print(_load(options.spec, options).summary())
    return CLEAN


def convert(options: argparse.Namespace) -> int:
    """Write a spec in the other syntax."""
    to = options.to or SUFFIXES.get(Path(options.output).suffix.lower())
    if to is None:
        raise _UsageError(f"`{options.output}` ends neither in `.arch` nor in `.yaml`; say which with `--to`")
    report = Report()
    source, syntax = _source(options, report)
    text = None if source is None else rewritten(source, syntax, to, report)
    if text is None:
        raise SpecError(report)
    _write(options, text.encode())
    return CLEAN


def fmt(options: argparse.Namespace) -> int:
    """Write specs in their canonical form."""
    report = Report()
    changed = 0
    for path in map(Path, specs_meant(map(str, options.paths)).specs):
        source = read_file(path, report)
        text = None if source is None else rewritten(source, options.syntax, None, report)
        if source is None or text is None or text == source.text:
            continue
        changed += 1
        if options.diff:
            sys.stdout.writelines(differences(source, text))
        elif options.check:
            print(f"{path}: would be written anew")
        else:
            _put(path, text.encode())
            print(f"{path}: written anew")
    _show(report, options, sys.stderr)
    return CLEAN if report.is_clean and not (changed and (options.check or options.diff)) else FOUND


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of the YAML form."""
    from archspec import schema as json_schema

    print(json_schema.text(), end="")
    return CLEAN


def ops(options: argparse.Namespace) -> int:
    """List the ops."""
    from archspec import manual

    known = {**manual.shipped(), **further_ops(options.plugin)}
    try:
        if options.format == "json":
            print(manual.listing_for_programs(known, options.family))
        else:
            print(manual.listing(known, options.family, _width()))
    except manual.UnknownTopicError as error:
        raise _UsageError(str(error)) from None
    return CLEAN


def explain(options: argparse.Namespace) -> int:
    """Print the manual of a finding or an op."""
    from archspec import manual

    known = {**manual.shipped(), **further_ops(options.plugin)}
    try:
        print(
            manual.contents(known, _width()) if options.topic is None else manual.manual(options.topic, known, _width())
        )
    except manual.UnknownTopicError as error:
        raise _UsageError(str(error)) from None
    return CLEAN


def _width() -> int:
    """How wide the lines are that the terminal shows."""
    from archspec.manual import WIDEST, WIDTH

    return max(40, min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDEST))


# ----------------------------------------------------------------------------------------------------- what they share


def _load(name: str, options: argparse.Namespace) -> Model:
    report = Report()
    outside = _outside(options, report)
    if name == "-":
        return read_bytes(sys.stdin.buffer.read(MOST_BYTES + 1), "<stdin>", options.syntax, outside, report)
    return read_path(name, outside, report, options.syntax)


def _outside(options: argparse.Namespace, report: Report) -> Outside:
    """What a spec is given on the command line."""
    given: dict[str, list[Override]] = {"--set": [], "--size": []}
    for option, texts in (("--set", options.set), ("--size", options.size)):
        for each in texts:
            try:
                given[option].append(text_override(each, option))
            except Fault as fault:
                report.add(fault.finding)
            except ValueError as error:
                raise _UsageError(f"{option}: {error}") from None
    settings = Settings(tuple(given["--set"]), tuple(given["--size"]))
    return Outside(settings, options.root, plugin_ops(options.plugin))


def _write(options: argparse.Namespace, data: bytes) -> None:
    if options.output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(options.output)
    if options.spec != "-" and path.exists() and path.samefile(split_variant(options.spec)[0]):
        raise _UsageError(f"`{path}` is the spec itself, and would be lost; choose another output")
    _put(path, data)


def _put(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise _UsageError(f"cannot write `{path}`: {error.strerror or error}") from None


def _show(report: Report, options: argparse.Namespace, stream: TextIO) -> None:
    print(text.render(report, _screen(options, stream)), end="", file=stream)


def _screen(options: argparse.Namespace, stream: TextIO) -> text.Screen:
    """What a stream is shown on."""
    style = text.COLOURED if _in_colour(options.color, stream) else text.PLAIN
    encoding = "ascii" if options.ascii else codecs.lookup(stream.encoding or UNICODE).name
    if not stream.isatty():
        return text.Screen(style, encoding)
    return text.Screen(style, encoding, shutil.get_terminal_size().columns)


def _in_colour(choice: str, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="archspec",
        description="Check, compile, draw and summarise architecture specs of neural networks.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"archspec-nn {VERSION}")
    parser.set_defaults(color="auto", ascii=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check_ = _command(commands, "check", check, "find every mistake in specs, and explain it at its line")
    check_.add_argument(
        "specs",
        nargs="+",
        metavar="SPEC",
        help="a .arch or .yaml file, FILE:VARIANT, a folder, a pattern like 'specs/**/*.arch'; `-` for standard input",
    )
    check_.add_argument("--weights", type=Path, metavar="FILE", help="a safetensors file that must have their weights")
    check_.add_argument("--format", choices=FORMATS, default="text", help="how findings are written (default: text)")
    chosen = {"--select": "is given, e.g. A4: all (default: all but `performance`)", "--ignore": "is not, e.g. A403"}
    for option, which in chosen.items():
        check_.add_argument(
            option, action="extend", type=_advice, default=[], metavar="ADVICE", help=f"which advice {which}"
        )
    check_.add_argument(
        "--fix", action="store_true", help="first make the changes in files that keep the model as it is"
    )
    check_.add_argument("--diff", action="store_true", help="show what `--fix` would change, and do no more")
    check_.add_argument("--watch", action="store_true", help="check again whenever a file changes, until Ctrl-C")

    compile_command = _command(commands, "compile", compile_, "write a spec as PyTorch source, or as ONNX")
    _one_spec(compile_command)
    compile_command.add_argument("-o", "--output", default="-", metavar="FILE", help="where to (default: stdout)")
    _target(compile_command, "TARGET")
    compile_command.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a safetensors file: nothing is written unless its weights are those of the model; ONNX holds them then",
    )

    draw_ = _command(commands, "draw", draw, "draw a spec as a diagram")
    _one_spec(draw_)
    draw_.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="such as net.svg, net.png, net.mmd, net.dot"
    )
    _target(draw_, "FORM")

    _one_spec(
        _command(commands, "summary", summary, "print layers, shapes, parameters, multiply-adds and receptive fields")
    )

    convert_ = _rewriting(commands, "convert", convert, "write a spec in the other syntax, with its comments")
    convert_.add_argument("spec", metavar="SPEC", help="a .arch or .yaml file; `-` for standard input")
    convert_.add_argument("-o", "--output", default="-", metavar="FILE", help="where to, such as net.arch")
    convert_.add_argument("--to", choices=("arch", "yaml"), help="the syntax, where the file name does not tell")

    fmt_ = _rewriting(commands, "fmt", fmt, "write specs in their one canonical form, with their comments")
    fmt_.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="specs, or folders of them")
    looking = fmt_.add_mutually_exclusive_group()
    looking.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    looking.add_argument("--diff", action="store_true", help="write nothing; show what would change")

    listed = "list what specs can be written as"
    commands.add_parser("targets", help=listed, description=targets_.__doc__).set_defaults(command=targets_)

    schema_ = commands.add_parser(
        "schema", help="print the JSON Schema of the YAML form", description=schema.__doc__, epilog=SCHEMA_USE
    )
    schema_.set_defaults(command=schema)

    ops_ = commands.add_parser("ops", help="list the ops, by family", description="List the ops, by family.")
    ops_.add_argument("family", nargs="?", metavar="FAMILY", help="a family such as pooling (default: all)")
    ops_.add_argument(
        "--format", choices=("text", "json"), default="text", help="`json` has all settings, for programs"
    )
    _plugin(ops_)
    ops_.set_defaults(command=ops)

    explain_ = commands.add_parser("explain", help="explain a finding or an op", description=explain.__doc__)
    explain_.add_argument("topic", nargs="?", metavar="TOPIC", help="a code such as A104, or an op such as conv")
    _plugin(explain_)
    explain_.set_defaults(command=explain)
    return parser


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


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> argparse.ArgumentParser:
    """A command that reads specs."""
    lines = [line for line in EXAMPLES.splitlines() if line.strip().startswith(f"archspec {name} ")]
    parser = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        epilog="\n".join(["example:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="set a parameter of the model, e.g. classes=10"
    )
    parser.add_argument(
        "--size", action="append", default=[], metavar="NAME=NUMBER", help="fix a size that the inputs leave open"
    )
    parser.add_argument(
        "--root", type=Path, metavar="FOLDER", help="the folder whose files a spec may `use` (default: this one)"
    )
    _plugin(parser)
    parser.add_argument("--syntax", choices=("arch", "yaml"), help="the syntax, where no file name tells")
    _appearance(parser)
    parser.set_defaults(command=run)
    return parser


def _appearance(parser: argparse.ArgumentParser) -> None:
    """What findings look like."""
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in findings")
    parser.add_argument("--ascii", action="store_true", help="write findings in ASCII; other characters by number")


def _plugin(parser: argparse.ArgumentParser) -> None:
    """The option for ops of the user's own, which may stand beside specs that use them."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a file of Python with further ops, which is executed",
    )


def _rewriting(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> argparse.ArgumentParser:
    """A command that writes specs anew."""
    parser = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    parser.add_argument("--syntax", choices=("arch", "yaml"), help="the syntax, where no file name tells")
    _appearance(parser)
    parser.set_defaults(command=run)
    return parser


def _source(options: argparse.Namespace, report: Report) -> tuple[Source | None, str | None]:
    """What a command that takes one spec is to write anew, and its syntax where that was said."""
    if options.spec == "-":
        return decode(sys.stdin.buffer.read(MOST_BYTES + 1), "<stdin>", report), options.syntax
    return read_file(Path(options.spec), report), options.syntax


def _target(parser: argparse.ArgumentParser, name: str) -> None:
    # Without a name, it is found to be none of those that there are, and these are told.
    tells = "what to write, where the file name does not tell; `archspec targets` lists what can be written"
    parser.add_argument("--to", nargs="?", const="", metavar=name, help=tells)


def _one_spec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a .arch or .yaml file, or FILE:VARIANT; `-` for standard input")
