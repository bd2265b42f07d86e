"""A line that is no YAML hides no mistake in another line, and makes none.

`make nightly` breaks each line of each spec in each way, and other runs a few of them: `ARCHSPEC_NIGHTLY` says which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.diagnostics import Report, Severity
from archspec.rewrite import converted
from archspec.source import Source
from archspec.syntax import yaml
from tests.lowered import random_uses

SPECS = [
    path
    for path in sorted((Path(__file__).parent.parent / "specs").rglob("*.*"))
    if path.suffix in (".arch", ".yaml") and 'use "' not in path.read_text()
]
IS_NIGHTLY = "ARCHSPEC_NIGHTLY" in os.environ
MOST = 10_000 if IS_NIGHTLY else 2
"""So many lines of a spec are broken: each, or a few that are far from each other."""

LAYER = re.compile(r"\s+- (?!(residual|repeat|for|if|layers|chain|name|branches)\b)[^#\"]*")


@pytest.fixture(params=[loader for loader in ("CSafeLoader", "SafeLoader") if hasattr(pyyaml, loader)])
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "LOADER", getattr(pyyaml, request.param))


pytestmark = pytest.mark.usefixtures("_each_loader")


def errors(text: str, name: str = "spec.yaml") -> list[tuple[str, int]]:
    """The code and the line of each error."""
    found = archspec.loads(text, name=name, syntax="yaml").check()
    return [(each.code, each.span.first().line) for each in found if each.severity is Severity.ERROR]


@cache
def lines_of(path: Path) -> list[str]:
    """A spec in YAML."""
    text = path.read_text()
    if path.suffix == ".arch":
        report = Report()
        written = converted(Source(str(path), text), "arch", "yaml", report)
        assert written is not None, list(report)
        text = written
    return text.split("\n")


def broken(line: str) -> Iterator[str]:
    """A line with a bracket too few, with one too many, a quote that is not closed, and what starts no value."""
    if line.rstrip().endswith(("}", "]")):
        yield line.rstrip()[:-1]
        yield f"{line}]}}"
    yield re.sub(r"- .*", '- "relu', line)
    yield re.sub(r"- .*", "- @relu", line)
    yield re.sub(r"- .*", "- linear: 3: 4", line)


def is_layer(lines: list[str], number: int) -> bool:
    """Whether a line holds a layer; below `from`, an item is a value."""
    indent = lines[number].index("-")
    above = next(line for line in reversed(lines[:number]) if len(line) - len(line.lstrip()) < indent)
    return LAYER.fullmatch(lines[number]) is not None and not above.strip().startswith("from:")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_line_that_is_no_yaml_is_the_only_error(path: Path) -> None:
    lines = lines_of(path)
    places = [number for number, line in enumerate(lines) if line.lstrip().startswith("-") and is_layer(lines, number)]
    for number in places[:: 1 + len(places) // MOST]:
        ways = list(broken(lines[number]))
        for changed in ways if IS_NIGHTLY else (ways[number % len(ways)],):
            found = errors("\n".join((*lines[:number], changed, *lines[number + 1 :])), str(path))
            assert [place for _, place in found] == [number + 1], (changed, found)


MISTAKES = {
    "- conv: {channels: 16, kernel: 3": "A010",
    "- conv: [16, 3": "A010",
    "- conv: {channels: 16]": "A010",
    '- conv: "16': "A010",
    "- conv: 16: 3": "A010",
    "- linear: 16}": "A020",
    "- @relu": "A010",
    "-relu": "A010",
    "relu": "A010",
    "- linear: *size": "A010",
    "- linear: !!int 3": "A013",
    "- maxpol: 2": "A104",
    "- conv: {channels: 16, kernel: 3, pading: 1}": "A105",
    "- conv: {channels: 16, kernel: 0}": "A107",
    "- relu": "",
    "- conv: {channels: 16, kernel: 3, padding: 1}": "",
}


@random_uses
@given(lines=st.lists(st.sampled_from(sorted(MISTAKES)), min_size=1, max_size=6))
def test_each_mistake_is_found_beside_all_others(lines: list[str]) -> None:
    head = ["model: M", "inputs: {x: [B, 3, 64, 64]}", "layers:", "  - sigmoid"]
    text = [*head, *("\n".join(f"  {line}" for line in lines).split("\n"))]
    written = ["", *(f"  {each}" for each in MISTAKES)]
    expected = [(MISTAKES[line.strip()], number) for number, line in enumerate(text, 1) if line in written]
    expected = [(code, number) for code, number in expected if code]
    assert errors("\n".join((*text, "  - tanh", ""))) == expected
