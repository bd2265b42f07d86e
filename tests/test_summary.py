"""The summary tells of a model what is so, in every form, and on a page."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

import archspec
from archspec.main import main
from archspec.size import evaluate, named
from archspec.summary import FORMS, Summary
from archspec.summary.tree import PAGE
from archspec.summary.wording import factored, of_bytes, short
from tests.read_once import read_once

ROOT: Final = Path(__file__).parents[1]
SPECS: Final = ROOT / "specs"
FILES: Final = [
    SPECS / each
    for each in (
        "alexnet.arch",
        "vision/resnet.arch",
        "vision/googlenet.arch",
        "vision/unet.arch",
        "attention/gpt2.arch",
        "attention/transformer.arch",
        "sequence/lstm_classifier.arch",
        "memory/neural_turing_machine.arch",
    )
]
"""Models with blocks in blocks, with several inputs, with open sizes, and with recurrences."""

each_file: Final = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

REPEATED: Final = """
block Unit(width) { linear(width) -> relu }
model M { input x: [B, 8]
    linear(16)
    stack = repeat 4 { Unit(16) }
    linear(3)
}"""


@cache
def summary_of(path: Path) -> Summary:
    return read_once(path).summary()


def told(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["summary", *arguments.split()]) == 0
    return capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------------ the tree


def test_layers_that_are_alike_are_shown_once() -> None:
    names = [(line.name, line.what) for line in archspec.loads(REPEATED).summary().lines()]
    assert names == [
        ("linear1", "linear(16)"),
        ("stack", ""),
        ("0", "Unit"),
        ("linear1", "linear(16)"),
        ("relu1", "relu"),
        ("1 - 3", "3 x Unit"),
        ("linear2", "linear(3)"),
    ]


@each_file
@pytest.mark.parametrize("depth", [None, 1, 2, 9])
@pytest.mark.parametrize("is_folded", [True, False])
def test_the_lines_of_a_block_add_up_to_it(path: Path, depth: int | None, is_folded: bool) -> None:
    summary = summary_of(path)
    lines = summary.lines(depth, is_folded=is_folded)
    whole = sum(line.cost.parameters for line in lines if line.depth == 1)
    assert whole == summary.parameters
    for place, line in enumerate(lines):
        if line.is_open:
            inside = []
            for other in lines[place + 1 :]:
                if other.depth <= line.depth:
                    break
                inside += [other] if other.depth == line.depth + 1 else []
            assert sum(each.cost.macs for each in inside) == line.cost.macs
            assert sum(each.cost.kept.floats for each in inside) == line.cost.kept.floats


@each_file
def test_a_summary_fits_on_a_page(path: Path) -> None:
    summary = summary_of(path)
    lines = summary.lines()
    assert len(lines) <= PAGE or {line.depth for line in lines} == {1}
    shown = str(summary).splitlines()
    # Formulas of sizes that are open may make a line longer; all that is known fits.
    if all(isinstance(size, int) for row in summary.rows for size in row.shape.sizes[1:]):
        assert max(map(len, shown)) <= 100


def test_a_narrow_terminal_has_what_it_has_room_for(capsys: pytest.CaptureFixture[str]) -> None:
    wide = told(f"{SPECS}/alexnet.arch --width 200", capsys).splitlines()
    narrow = told(f"{SPECS}/alexnet.arch --width 70", capsys).splitlines()
    assert "conv(64, kernel=11, stride=4, padding=2)" in "\n".join(wide)
    assert "@-66" in "\n".join(wide)
    assert max(map(len, narrow[:30])) <= 70
    assert "MACs" in narrow[3]


def test_depth_says_how_far_blocks_are_unfolded(capsys: pytest.CaptureFixture[str]) -> None:
    shallow = told(f"{SPECS}/attention/gpt2.arch --depth 1", capsys)
    assert "c_fc" not in shallow
    assert "c_fc" in told(f"{SPECS}/attention/gpt2.arch --depth all", capsys)


def test_a_terminal_without_unicode_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(f"{SPECS}/vision/resnet.arch --ascii", capsys).isascii()
    assert not told(f"{SPECS}/vision/resnet.arch", capsys).isascii()


# -------------------------------------------------------------------------------------------------------------- forms


@each_file
@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_totals(path: Path, form: str) -> None:
    summary = summary_of(path)
    text = summary.written(form)
    if form == "csv":
        rows = [row for row in csv.DictReader(StringIO(text)) if row["kind"] == "layer"]
        assert sum(int(row["parameters"]) for row in rows) == summary.parameters
        assert [row["layer"] for row in rows] == [row.layer for row in summary.rows]
    elif form == "json":
        assert json.loads(text)["totals"]["parameters"] == summary.parameters
    else:
        assert f"{summary.parameters:,}" in text


def test_json_gives_numbers_and_says_what_the_batch_counts_as(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(f"{SPECS}/alexnet.arch --format json", capsys))
    totals = found["totals"]
    assert (found["model"], found["assumed"], found["formulas"]["macs"]) == ("AlexNet", {"B": 1}, "714188480*B")
    assert (totals["parameters"], totals["macs"], totals["flops"]) == (61_100_840, 714_188_480, 1_428_376_960)
    assert totals["memory_bytes"]["training"]["adam"] > totals["memory_bytes"]["training"]["sgd"]
    first = found["layers"][0]
    assert first["op"] == "conv(64, kernel=11, stride=4, padding=2)"
    assert first["receptive_field"][0] == {"input": "image", "axis": 2, "size": 11, "stride": 4, "offset": -2}


def test_json_gives_formulas_where_sizes_are_open_and_numbers_once_they_are_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    open_ = json.loads(told(f"{SPECS}/attention/gpt2.arch --format json", capsys))
    closed = json.loads(told(f"{SPECS}/attention/gpt2.arch --format json --size T=1000", capsys))
    assert open_["totals"]["macs"] == "T*(18432*T + 123532032)"
    assert closed["totals"]["macs"] == 1000 * (18432 * 1000 + 123532032)


def test_all_variants_are_a_list_with_the_model_as_written_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(f"{SPECS}/vision/resnet.arch --all-variants", capsys))
    by_name = {each["variant"]: each["totals"]["macs"] for each in found}
    assert list(by_name) == [None, "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
    assert by_name[None] == by_name["resnet50"] == 4_089_184_256


def test_a_file_without_variants_is_a_list_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    (only,) = json.loads(told(f"{SPECS}/lenet.arch --all-variants", capsys))
    assert only["model"] == "LeNet"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("lenet.arch --all-variants --format csv", "gives JSON, and not `csv`"),
        ("vision/resnet.arch:resnet18 --all-variants", "takes a file, whose variants it finds"),
        ("lenet.arch --width 3", "a table takes at least 40"),
    ],
)
def test_wrong_use_is_told(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", *f"{SPECS}/{arguments}".split()]) == 2
    assert message in capsys.readouterr().err


def test_the_latex_is_balanced_and_prints_formulas_as_such() -> None:
    text = archspec.load(SPECS / "attention" / "gpt2.arch").summary().written("latex", 1)
    assert text.count("{") == text.count("}")
    assert re.search(r"lm\\_head & .* & \$38597376 T\$ &", text)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len({row.count(" & ") for row in rows}) == 1


class Tags(HTMLParser):
    """Whether what is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.blocks = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.blocks += tag == "details"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@each_file
def test_the_page_is_well_formed_and_its_blocks_fold(path: Path) -> None:
    summary = summary_of(path)
    tags = Tags()
    tags.feed(summary.written("html"))
    assert not tags.open
    assert tags.blocks == sum(line.is_open for line in summary.lines(99))


def test_names_cannot_break_a_page() -> None:
    text = archspec.loads("model M { input x: [B, 8]\n linear(3) }").summary().written("html")
    assert "<script" not in text


# ----------------------------------------------------------------------------------------------------------- documents


def test_the_document_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```console\n\$ archspec summary ([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    for arguments, printed in shown:
        assert told(arguments, capsys) == printed


# ------------------------------------------------------------------------------------------------------------- growth

FREE: Final = """model M { input x: [B, T, 16]
    attention(2) -> linear(3)
}"""


def test_a_sweep_gives_what_the_model_costs_at_each_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.arch").write_text(FREE)
    rows = told(f"{tmp_path}/m.arch --sweep T=100..900", capsys).splitlines()[4:]
    assert [row.split()[0] for row in rows] == ["100", "200", "400", "800", "900"]
    for row in rows:
        size = int(row.split()[0])
        macs = archspec.loads(FREE, sizes={"B": 1, "T": size}).summary().macs
        assert " ".join(row.split()[1:3]) == short(macs)


def test_a_sweep_to_an_svg_is_a_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.arch").write_text(FREE)
    told(f"{tmp_path}/m.arch --sweep T=16..64 -o {tmp_path}/growth.svg", capsys)
    plot = ElementTree.parse(tmp_path / "growth.svg").getroot()  # noqa: S314  # We wrote it.
    lines = plot.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 3, 3]
    for line in lines:
        heights = [float(point.partition(",")[2]) for point in line.attrib["points"].split()]
        assert heights == sorted(heights, reverse=True), "all costs grow"


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("U=1..9", "`U` is no open size of M; it has `B`, `T`"),
        ("T=9..1", "is not like `T=128..8192`"),
        ("T=1", "is not like `T=128..8192`"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(
    sweep: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.arch").write_text(FREE)
    try:
        status = main(["summary", f"{tmp_path}/m.arch", "--sweep", sweep])
    except SystemExit as end:
        status = int(str(end.code))
    assert status == 2
    assert message in capsys.readouterr().err


def test_a_sweep_stops_at_what_the_model_allows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", f"{SPECS}/attention/gpt2.arch", "--sweep", "T=128..8192"]) == 1
    assert "has vectors for 1024 positions" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0"), (999, "999"), (1000, "1.00 K"), (118_013_952, "118.0 M"), (999_960, "1.00 M"), (10**12, "1.00 T")],
)
def test_numbers_are_written_short(number: int, expected: str) -> None:
    assert short(number) == expected


@pytest.mark.parametrize(("number", "expected"), [(1023, "1023 B"), (1024, "1.00 KiB"), (3_211_264, "3.06 MiB")])
def test_bytes_are_written_with_units(number: int, expected: str) -> None:
    assert of_bytes(number) == expected


def test_what_the_terms_of_a_formula_have_in_common_stands_in_front() -> None:
    batch, time, width = named("B"), named("T"), named("D")
    formula = batch * (4 * time * width**2 + 2 * time**2 * width)
    assert factored(formula) == "B*D*T*(2*T + 4*D)"  # type: ignore[arg-type]
    assert factored(batch + time) == "B + T"  # type: ignore[arg-type]
    sizes = {"B": 2, "T": 3, "D": 5}
    assert evaluate(formula, sizes) == 2 * 5 * 3 * (4 * 5 + 2 * 3)
