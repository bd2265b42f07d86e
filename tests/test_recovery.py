"""One run tells all that is wrong, each mistake once; and whatever is read, there is a report and no exception."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec import Op, Report, loads
from archspec.compiler import Outside, read_bytes
from archspec.ops import OPS
from archspec.render import json as json_form
from archspec.render.text import render

SPECS: Final = {path.name: path.read_text() for path in sorted((Path(__file__).parent.parent / "specs").glob("*.*"))}

HEADLINE: Final = """\
model: LeNet
inputs:
  image: [B, 1, 28, 28]
layers:
  - conv: {{channels: 6, kernel: {kernel}, padding: 2}}
  - sigmoid
  - avgpool: {{kernel: 2, {setting}: 2}}
  - {op}
  - flatten
  - linear: 10
expect:
  {expectation}
"""
"""A wrong kernel, a misspelt setting, a misspelt op and an expectation that no cure of them could meet."""


def lines(report: Report) -> list[int]:
    return [each.span.first().line for each in report]


@pytest.mark.parametrize(
    ("kernel", "setting", "op", "expectation"),
    [
        *product(
            ["0", "-3", "2.5", "big", '"5"', "true", "3x3", "(3", "50", "[3, 3, 3]", "[0, 3]", "1 // 0", ""],
            ["strid", "frobnicate"],
            ["sigmoyd", "zigzag", "zigzag: {width: 3}", "relu(", "rel u"],
            ["output: [B, 11]", "output: [B, 10, 1]", "params: 12", "image: [B, 3, 28, 28]"],
        )
    ],
)
def test_four_mistakes_give_four_findings(kernel: str, setting: str, op: str, expectation: str) -> None:
    text = HEADLINE.format(kernel=kernel, setting=setting, op=op, expectation=expectation)
    assert lines(loads(text, syntax="yaml").check()) == [5, 7, 8, 12]


@pytest.mark.parametrize("expectation", ["params: 61706", "macs: 61706", "output: [B, 10]", "output: [N, 10]"])
def test_an_expectation_that_may_be_met_is_left_alone(expectation: str) -> None:
    text = HEADLINE.format(kernel="0", setting="strid", op="zigzag", expectation=expectation)
    assert lines(loads(text, syntax="yaml").check()) == [5, 7, 8, *([12] if "N" in expectation else [])]


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
@pytest.mark.parametrize("axes", range(2, 6))
def test_what_follows_from_an_unknown_setting_is_never_a_mistake(op: type[Op], axes: int) -> None:
    shape = ", ".join("ABCDE"[:axes])
    for setting in (*op.settings(), "frobnicate"):
        given = {name: "1" for name, field in op.settings().items() if field.is_required()} | {setting: "1 1"}
        written = ", ".join(f"{name}: {value}" for name, value in given.items())
        layers = f"  - {op.name}: {{{written}}}\n  - flatten: {{start: 0}}\n  - cast: float\n  - softmax\n"
        report = loads(f"model: M\ninputs: {{x: [{shape}]}}\nlayers:\n{layers}", syntax="yaml").check()
        assert set(lines(report)) == {4}, render(report)


fuzzed = settings(max_examples=300, deadline=None, derandomize=True, database=None)
syntaxes = st.sampled_from(["arch", "yaml"])


def told(data: bytes, syntax: str | None) -> Report:
    """The report on some bytes, shown in both forms; a graph exists exactly where there are no errors."""
    model = read_bytes(data, "spec", syntax, Outside())
    report = model.check()
    assert render(report) or report.is_clean
    assert len(json.loads(json_form.render(report))) == len(report)
    if not report.has_errors:
        assert model.graph.outputs
    return report


@fuzzed
@given(st.text(max_size=100), syntaxes | st.none())
def test_any_text_gives_a_report(text: str, syntax: str | None) -> None:
    told(text.encode("utf-8", "surrogatepass"), syntax)


@fuzzed
@given(st.binary(max_size=100), syntaxes)
def test_any_bytes_give_a_report(data: bytes, syntax: str) -> None:
    told(data, syntax)


PIECES: Final = [
    *"{}[]():,=-#\"'\n\t&*!|>?@%1_界\u202e\x85",
    *("->", "==", "//", "**", "\n  - ", "\n\n", "&a ", "*a", "!!int ", "---\n", "<<: ", "null"),
    *("conv", "input ", "expect ", "not ", "layers", "name: ", "from: ", "0", "1e999", "999999999999999999999"),
]


@fuzzed
@given(st.lists(st.sampled_from(PIECES), max_size=40), syntaxes)
def test_any_words_of_the_language_give_a_report(pieces: list[str], syntax: str) -> None:
    told("".join(pieces).encode(), syntax)


@settings(fuzzed, max_examples=600)
@given(st.sampled_from(sorted(SPECS)), st.data())
def test_any_change_of_a_spec_gives_a_report(name: str, data: st.DataObject) -> None:
    text = SPECS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
        end = min(end, start + 20)
        piece = data.draw(st.sampled_from(["", text[start:end] * 2, *PIECES]))
        text = text[:start] + piece + text[end if piece == "" else start :]
    told(text.encode(), name.rpartition(".")[2])


@settings(fuzzed, max_examples=600)
@given(st.sampled_from(sorted(SPECS)), st.data())
def test_one_letter_is_told_once(name: str, data: st.DataObject) -> None:
    """A letter too many in a word makes one mistake, which is told, and what follows from it is not."""
    text = SPECS[name]
    letters = [place for place, each in enumerate(text) if each.isalpha() and text[place - 1].isalpha()]
    place = data.draw(st.sampled_from(letters))
    report = told((text[:place] + "z" + text[place:]).encode(), name.rpartition(".")[2])
    assert len(report) <= 1, render(report)
