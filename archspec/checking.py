"""What `archspec check` finds in some specs, and the forms in which it says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct

from archspec.compiler import split_variant
from archspec.diagnostics import Diagnostic, Report
from archspec.render import text
from archspec.size import SizeError

if TYPE_CHECKING:
    from archspec.model import Model

FORMATS: Final = ("text", "concise", "json", "sarif", "github")


@final
class Checked(Struct, frozen=True):
    """What was found in some specs."""

    report: Report
    correct: tuple[str, ...]
    """A line on each spec in which nothing was found."""

    files: int
    """In how many files they stand."""

    others: int = 0
    """How many YAML files among them were left out, since they are no specs."""

    def written(self, form: str, screen: text.Screen) -> str:
        """All of it in one of the forms, each of which is imported when it is asked for."""
        match form:
            case "concise":
                from archspec.render import concise

                return concise.render(self.report, screen.encoding, self.files)
            case "json":
                from archspec.render import json

                return json.render(self.report, screen.encoding)
            case "sarif":
                from archspec.render import sarif

                return sarif.render(self.report)
            case "github":
                from archspec.render import github

                return github.render(self.report, Path(os.environ.get("GITHUB_WORKSPACE") or "."))
            case _:
                correct = "".join(f"{screen.shown(line)}\n" for line in self.correct)
                return correct + text.render(self.report, screen, self.files) + _left_out(self.others)


def checked(
    specs: Iterable[str], found_in: Callable[[str], tuple[Model, Report]], *, others: int, is_as_written: bool
) -> Checked:
    """Check specs; of each, `found_in` gives the model, and all that is wrong with it."""
    findings: list[Diagnostic] = []
    correct: list[str] = []
    everything = Report()
    files = dict.fromkeys(split_variant(name)[0] for name in specs)
    for name in specs:
        model, report = found_in(name)
        findings += report
        everything.files |= report.files
        if report.is_clean:
            correct.append(in_short(model, is_as_written=is_as_written))
    # What two specs use is read under two names, perhaps. It is told once, under the name that was asked for.
    findings.sort(key=lambda finding: finding.span.source.name not in files)
    seen = set[tuple[object, ...]]()
    for finding in findings:
        place = os.path.realpath(finding.span.source.name), finding.span.start, finding.span.end
        told = (*place, finding.code, finding.message())
        if told not in seen:
            seen.add(told)
            everything.add(finding)
    return Checked(everything, tuple(correct), len(files), others)


def joined(*reports: Report) -> Report:
    """What several reports have found."""
    together = Report()
    for each in reports:
        together.files |= each.files
        for finding in each:
            together.add(finding)
    return together


def in_short(model: Model, *, is_as_written: bool) -> str:
    """A line on a model in which nothing is wrong."""
    if model.collection is not None:
        names = [each.name.text for each in (*model.collection.blocks, *model.collection.cells)]
        listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
        return f"{model.collection.span.source.name}: nothing is wrong with {listed}"
    graph = model.graph
    layers = len(graph.nodes)
    counted = f"{layers} layer{'s' if layers != 1 else ''}"
    try:
        parameters = f"{graph.parameters:,}" if isinstance(graph.parameters, int) else str(graph.parameters)
        counted = f"{counted}, {parameters} parameters"
    except SizeError:
        pass  # There are more open sizes than a formula may speak of.
    short = f"{graph.source.name}: {graph.name} is correct: {counted}"
    if not (model.variants and is_as_written):
        return short
    so = "so is its variant" if len(model.variants) == 1 else "so are its variants"
    return f"{short}; {so} {', '.join(model.variants)}"


def _left_out(others: int) -> str:
    files = f"{others} YAML files that have" if others > 1 else "1 YAML file that has"
    return f"left out: {files} not the keys of a spec\n" if others else ""
