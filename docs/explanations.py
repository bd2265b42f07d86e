"""Writes the manual of the findings in `docs/findings`: a page for each code, and the index.

python -m docs.explanations            says whether the pages are up to date
python -m docs.explanations --write    brings them up to date

What a page says comes from the docstring of the class, and what is printed of its wrong example is printed anew each
time. Where the docstring has no spec, one is taken from the documents in `tests/checks`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import archspec
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.explanation import CODE, explanation
from archspec.manual import findings
from archspec.plugins import backends
from archspec.render.text import render
from docs.pages import Pages, text_of
from tests.test_checks import CHECKS, Check, options_of, said
from tests.test_checks import CODE as SAID

FOLDER: Final = Path(__file__).with_name("findings")
INDEX: Final = "README.md"
NOTE: Final = "<!-- Written by `python -m docs.explanations --write` from the classes of the findings. -->"

HUNDREDS: Final[Mapping[str, tuple[str, str]]] = {
    "A0": ("The text of a file", "What is wrong before a spec means anything, and with files that use one another."),
    "A1": ("Keys, ops and names", "What is written in the wrong place, in the wrong form, or under no known name."),
    "A2": ("The graph", "Where values come from, where they go, and what is built of them."),
    "A3": ("Shapes", "What the arithmetic of sizes tells."),
    "A4": ("Advice", "What is no mistake, and may not be what was meant."),
    "A5": ("Files of weights", "What keeps the weights of a file from being those of a model."),
    "O0": ("ONNX", "What keeps a model from being written as ONNX; `archspec compile` tells."),
    "T0": ("PyTorch", "What keeps a model from being written as PyTorch source; `archspec compile` tells."),
}
"""What findings whose codes start alike have in common."""

SEVERITIES: Final = {Severity.ERROR: "an error", Severity.WARNING: "a warning", Severity.ADVICE: "advice"}

INTRODUCTION: Final = """\
There are {number} kinds of findings. Each has a code that is never used for another kind, and a page with a wrong and a
right example. On a terminal, `archspec explain A104` prints what the page says.

An **error** keeps a spec from being compiled, drawn or counted; a **warning** does not, and makes `archspec check` end
with status 1 as well; **advice** changes no status.
[Ten mistakes](../errors.md) shows some of them beside what other tools say.
"""

UNSHOWN: Final = ("escaped", "times=", "copies=", "root=", "read=")
"""What an example of the documents has that cannot be shown as it is."""


def documents() -> Mapping[str, str]:
    """All that is written, by the names of the files."""
    kinds = findings()
    return {INDEX: _text(index(kinds)), **{f"{kind.code}.md": _text(page(kind)) for kind in kinds}}


def _text(lines: Iterator[str]) -> str:
    """A page, without what fences say to our tests."""
    return re.sub(r"^(```\w+) .*$", r"\1", text_of(lines), flags=re.MULTILINE)


def index(kinds: Sequence[type[Diagnostic]]) -> Iterator[str]:
    yield NOTE
    yield "# Findings"
    yield ""
    yield INTRODUCTION.format(number=len(kinds))
    for start, (title, about) in HUNDREDS.items():
        members = [kind for kind in kinds if kind.code.startswith(start)]
        if not members:
            continue
        yield f"## {start}xx: {title}"
        yield ""
        yield about
        yield ""
        yield "| Code | Name | Is | What it says |"
        yield "| --- | --- | --- | --- |"
        for kind in members:
            says = explanation(kind).summary.replace("|", r"\|")
            yield f"| [{kind.code}]({kind.code}.md) | `{kind.name}` | {kind.severity} | {says} |"
        yield ""


def page(kind: type[Diagnostic]) -> Iterator[str]:
    told = explanation(kind)
    yield NOTE
    yield f"# {kind.code}: {kind.name}"
    yield ""
    yield told.summary
    yield ""
    yield told.text
    yield ""
    yield f"This is {SEVERITIES[kind.severity]}."
    yield ""
    yield "## Wrong"
    yield ""
    yield from _wrong(kind, _sentence(told.wrong))
    yield ""
    yield "## Right"
    yield ""
    yield _sentence(told.right)
    yield ""
    yield f"[All findings]({INDEX})"


def _wrong(kind: type[Diagnostic], text: str) -> Iterator[str]:
    """The wrong examples of a finding, each with what is printed of it."""
    end = 0
    for block in CODE.finditer(text):
        yield text[end : block.end()].strip()
        end = block.end()
        yield from _console(*printed_of(kind, block["info"], block["body"]))
        yield ""
    yield text[end:].strip()
    check = None if end else shown_in_documents(kind)
    if check is not None:
        yield ""
        yield "For example:"
        yield from _example(check)


def _sentence(text: str) -> str:
    """A text that stood behind a colon, on its own."""
    return text if text.startswith("`") else text[:1].upper() + text[1:]


def _console(command: str, printed: str) -> Iterator[str]:
    yield ""
    yield "```console"
    yield f"$ {command}"
    yield printed.rstrip("\n")
    yield "```"


def _example(check: Check) -> Iterator[str]:
    """An example of the documents, with the files beside it."""
    name = named(check.info)
    for file, body in (*check.files.items(), (name, check.body)):
        yield ""
        yield f"`{file}`:"
        yield ""
        yield f"```{Path(file).suffix.removeprefix('.') if file == name else ''}"
        yield body.rstrip("\n")
        yield "```"
    yield from _console(command(check.info), check.expected)


def named(info: str) -> str:
    """What the file of an example is called."""
    return options_of(info).get("name", f"spec.{info.split()[0]}")


def command(info: str) -> str:
    """The command that checks an example."""
    options = options_of(info)
    given = "".join(f" --{key} {value}" for key, value in options.items() if key != "name")
    return f"archspec check {named(info)}{given}"


def shown_in_documents(kind: type[Diagnostic]) -> Check | None:
    """The first example of a finding alone that can be shown as it is, if there is one."""
    for check in CHECKS:
        texts = (check.info, *check.files)
        if set(SAID.findall(check.expected)) == {kind.code} and not any(
            each in text for each in UNSHOWN for text in texts
        ):
            return check
    return None


def printed_of(kind: type[Diagnostic], info: str, text: str) -> tuple[str, str]:
    """The command that finds it in a spec, and what it prints."""
    for backend in backends():
        if kind in backend.catalog():
            graph = archspec.loads(text, syntax=info.split()[0], name=named(info)).graph
            for target in backend.targets:
                report = Report()
                backend.check(graph, target, report)
                if kind in map(type, report):
                    return f"archspec {target.purpose} {named(info)} --to {target.name}", render(report)
    with TemporaryDirectory() as folder:
        return command(info), said(info, text, Path(folder))


PAGES: Final = Pages(FOLDER, "docs.explanations", documents)


if __name__ == "__main__":
    PAGES.main(sys.argv[1:])
