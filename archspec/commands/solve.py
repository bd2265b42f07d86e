"""`archspec solve`: finds the setting of a model that meets a budget."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archspec.commands.command import CLEAN, FOUND, Command, UsageError
from archspec.commands.new import without_idle
from archspec.commands.options import one_spec
from archspec.commands.reading import load, outside_of, source
from archspec.commands.writing import write
from archspec.compiler import read_instead, rewritten, split_variant
from archspec.diagnostics import Report
from archspec.expression import written
from archspec.model import SpecError
from archspec.syntax.read import SUFFIXES, parse
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.solving import Setting, Solution


def run(options: argparse.Namespace) -> int:
    from archspec.solving import SolveError, UnmetError

    model = load(options.spec, options)
    try:
        found = model.solve(options.budget, *options.vary)
    except UnmetError as error:
        print(f"archspec: {error}", file=sys.stderr)
        return FOUND
    except SolveError as error:
        raise UsageError(str(error)) from None
    if options.output is not None:
        write(options, _spec(found, options).encode())
    if options.output != "-":
        print(_json(found, options) if options.format == "json" else _text(found, options))
    return CLEAN


def _text(found: Solution, options: argparse.Namespace) -> str:
    from archspec.solving import percent

    names = list(found.values)
    figure = " ".join(found.budget.figure.span.text.split())
    rows = [["", *names, figure, ""]]
    for title, each in (("smaller", found.smaller), ("chosen", found.chosen), ("larger", found.larger)):
        if each is None:
            rows.append([title, *("none" for _ in names), "", ""])
        else:
            rows.append([title, *map(written, each.values.values()), found.told(each), percent(each.miss)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place in (0, len(row) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines += ["", _exactly(found.chosen)]
    passed = f"; passed over {found.skipped}, with which the spec has errors, such as: {found.why_skipped}"
    lines.append(f"settings tried: {found.tried}{passed if found.skipped else ''}")
    if not found.is_steady:
        lines.append(f"`{figure}` both grows and shrinks along the way; a short range, such as 1..64, is tried whole")
    if options.output is not None:
        lines.append(f"{options.output}: the spec with {_values(found.chosen)} as defaults")
    return "\n".join([*lines, _command(found, options)])


def _values(setting: Setting) -> str:
    return ", ".join(f"{name}={written(value)}" for name, value in setting.values.items())


def _exactly(setting: Setting) -> str:
    """The exact figures of a setting."""
    counts = _counts(setting)
    said = ", ".join(
        f"{counts[word]:,} {word}" if isinstance(counts[word], int) else f"{counts[word]} {word}" for word in counts
    )
    return f"with {_values(setting)}: {said}"


def _counts(setting: Setting) -> dict[str, Any]:
    """Parameters, and multiply-adds for a batch of one; formulas as text where other sizes are open."""
    from archspec.solving import for_one

    graph = setting.graph
    found = {"params": graph.parameters, "macs": for_one(graph, graph.macs)}
    return {word: size if isinstance(size, int) else str(size) for word, size in found.items()}


def _command(found: Solution, options: argparse.Namespace) -> str:
    """The command that shows the model with what was found."""
    if options.output is not None:
        return f"archspec summary {shlex.quote(options.output)}"
    given = [each for each in options.set if each.partition("=")[0].strip() not in found.values]
    words = [word for each in given for word in ("--set", each)]
    words += [word for name, value in found.values.items() for word in ("--set", f"{name}={written(value)}")]
    words += [word for each in options.size for word in ("--size", each)]
    words += [word for each in options.plugin for word in ("--plugin", str(each))]
    return shlex.join(["archspec", "summary", options.spec, *words])


def _json(found: Solution, options: argparse.Namespace) -> str:
    def of(setting: Setting | None) -> dict[str, Any] | None:
        if setting is None:
            return None
        return {
            "settings": dict(setting.values),
            "figure": setting.figure,
            "target": setting.target,
            "miss": setting.miss,
            **_counts(setting),
        }

    content = {
        "budget": found.budget.text,
        "chosen": of(found.chosen),
        "smaller": of(found.smaller),
        "larger": of(found.larger),
        "tried": found.tried,
        "skipped": found.skipped,
        "why_skipped": found.why_skipped,
        "is_steady": found.is_steady,
        "command": _command(found, options),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _spec(found: Solution, options: argparse.Namespace) -> str:
    """The spec with what was found as its defaults."""
    from archspec.rewrite.beginning import Beginning

    _, variant = split_variant(options.spec)
    options = argparse.Namespace(**{**vars(options), "spec": split_variant(options.spec)[0]})
    report = Report()
    first, syntax = source(options, report)
    tree = None if first is None else parse(first, syntax, report)
    model = None if tree is None else tree.get("model")
    if first is None or not isinstance(model, Scalar):
        raise SpecError(report)
    to = SUFFIXES.get(Path(options.output).suffix.lower())
    if to is None and options.output != "-":
        raise UsageError(f"`{options.output}` ends neither in `.arch` nor in `.yaml`")
    defaults = {each.name.text: each.value.span.text for each in outside_of(options, report).settings.parameters}
    defaults |= {name: written(value) for name, value in found.values.items()}
    copy = Beginning(model.text, variant, defaults=defaults)
    text = rewritten(first, syntax, to, report, copy)
    if text is not None and options.output != "-":
        text = without_idle(first, Path(options.output), copy, text)
    if text is None:
        raise SpecError(report)
    if options.output != "-":
        again = read_instead(
            options.output, text, outside_of(argparse.Namespace(**{**vars(options), "set": []}), report)
        )
        errors = again.check()
        if errors.has_errors:
            raise SpecError(errors)
    return text


def add_options(parser: argparse.ArgumentParser) -> None:
    one_spec(parser)
    parser.add_argument(
        "budget", metavar="BUDGET", help="what is to hold, as in an `expect` line: 'params == 100M', 'macs <= 600M'"
    )
    parser.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="NAME[=FIRST..LAST[:STEP]]",
        help="a parameter that may be another number; several without a range keep their ratio",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is told (default: text)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the spec with what was found as its defaults")


COMMAND: Final = Command(
    "solve",
    "find the setting of a model that meets a budget",
    add_options,
    run,
    examples=(
        ("solve specs/attention/gpt2.arch 'params == 100M' --vary width", "how wide for 100 million parameters"),
        ("solve net.arch 'macs <= 600M' --vary width --vary depth=2..48", "the widest and deepest for so much work"),
    ),
    note="Figures are those of `expect` lines: params, buffers, macs, flops, memory(training, adam), features.params",
)
