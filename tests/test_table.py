"""The table view: what it says of models whose papers have such a table, and the forms that it is written in."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path as FilePath

import pytest

from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph
from archspec.main import main
from archspec.ops.conv import Conv
from archspec_diagram import BACKEND
from archspec_diagram.stages import stages_of
from archspec_diagram.table import WRITERS, Table, table_of
from tests.diagrams import HOSTILE, chained
from tests.read_once import read_once

SPECS = FilePath(__file__).parent.parent / "specs"
RESNET = SPECS / "vision" / "resnet.arch"
ALL = tuple(str(path.relative_to(SPECS)) for path in sorted(SPECS.rglob("*")) if path.suffix in (".arch", ".yaml"))


@cache
def graph_of(name: str) -> Graph:
    return read_once(f"{SPECS / name}").graph


@cache
def table_for(file: str, *variants: str) -> Table:
    return table_of({variant: graph_of(f"{file}:{variant}") for variant in variants})


def cells(table: Table) -> list[list[str]]:
    """The rows as a spreadsheet has them."""
    return list(csv.reader(StringIO(WRITERS["csv"](table))))


def test_resnet_has_table_1_of_its_paper() -> None:
    table = table_for("vision/resnet.arch", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    rows = cells(table)
    assert rows[0] == ["stage", "output", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
    assert rows[1] == ["conv1", "112×112", *["7×7, 64, stride 2"] * 5]
    assert rows[2] == ["", "56×56", *["3×3 maxpool, stride 2"] * 5]
    widths = {"layer1": (64, "56×56"), "layer2": (128, "28×28"), "layer3": (256, "14×14"), "layer4": (512, "7×7")}
    times = {
        "layer1": (2, 3, 3, 3, 3),
        "layer2": (2, 4, 4, 4, 8),
        "layer3": (2, 6, 6, 23, 36),
        "layer4": (2, 3, 3, 3, 3),
    }
    for row, (name, (width, size)) in zip(rows[3:7], widths.items(), strict=True):
        basic = f"[3×3, {width}; 3×3, {width}]"
        bottleneck = f"[1×1, {width}; 3×3, {width}; 1×1, {4 * width}]"
        units = [basic, basic, bottleneck, bottleneck, bottleneck]
        assert row == [name, size, *(f"{unit} × {each}" for unit, each in zip(units, times[name], strict=True))]
    assert rows[7][:3] == ["", "1×1", "global avgpool"]
    assert rows[8][:3] == ["fc", "1000", "1000-d fc"]
    # The paper has 1.8, 3.6, 3.8, 7.6 and 11.3 thousand million, with the stride at the first 1x1 convolution.
    assert [f"{int(each) / 1e9:.1f}" for each in rows[10][2:]] == ["1.8", "3.7", "4.1", "7.8", "11.5"]


def test_strides_that_units_do_not_share_are_notes() -> None:
    notes = table_for("vision/resnet.arch", "resnet18", "resnet50").notes
    assert "resnet18: layer2, unit 1, differs by 3×3, 128, stride 2; 1×1, 128, stride 2" in notes
    assert "resnet50: layer1, unit 1, differs by 1×1, 256" in notes


def test_vgg_has_table_1_of_its_paper() -> None:
    rows = cells(table_for("vision/vgg.arch", "vgg11", "vgg13", "vgg16", "vgg19"))
    convolutions = [row[2:] for row in rows if "3×3" in row[2]]

    def line(width: int, *times: int) -> list[str]:
        return [f"3×3, {width}" if each == 1 else f"[3×3, {width}] × {each}" for each in times]

    assert convolutions == [
        line(64, 1, 2, 2, 2),
        line(128, 1, 2, 2, 2),
        line(256, 2, 2, 3, 4),
        line(512, 2, 2, 3, 4),
        line(512, 2, 2, 3, 4),
    ]
    # Table 2 of the paper has 133, 133, 138 and 144 million.
    parameters = next(row for row in rows if row[0] == "parameters")
    assert [round(int(each) / 1e6) for each in parameters[-4:]] == [133, 133, 138, 144]


def test_alexnet_is_told_layer_by_layer() -> None:
    told = [(stage.size, *stage.lines, stage.times) for stage in stages_of(graph_of("alexnet.arch"))]
    assert told == [
        ("55×55", "11×11, 64, stride 4", 1),
        ("27×27", "3×3 maxpool, stride 2", 1),
        ("27×27", "5×5, 192", 1),
        ("13×13", "3×3 maxpool, stride 2", 1),
        ("13×13", "3×3, 384", 1),
        ("13×13", "3×3, 256", 2),
        ("6×6", "3×3 maxpool, stride 2", 1),
        ("6×6", "adaptive avgpool, size 6", 1),
        ("4096", "4096-d fc", 2),
        ("1000", "1000-d fc", 1),
    ]


def test_branches_are_side_by_side() -> None:
    inception = next(stage for stage in stages_of(graph_of("vision/googlenet.arch")) if stage.name == "inception3a")
    assert inception.lines == (
        "‖ 1×1, 64",
        "‖ 1×1, 96 → 3×3, 128",
        "‖ 1×1, 16 → 3×3, 32",
        "‖ 3×3 maxpool → 1×1, 32",
    )
    fire = next(stage for stage in stages_of(graph_of("vision/squeezenet.arch")) if len(stage.lines) == 3)
    assert fire.lines == ("1×1, 16", "‖ 1×1, 64", "‖ 3×3, 64")


def test_what_is_there_in_training_alone_is_told_so() -> None:
    names = [stage.name for stage in stages_of(graph_of("vision/googlenet.arch"))]
    assert "aux1 (in training)" in names


def test_what_goes_down_and_up_is_told_by_its_parts() -> None:
    told = [" ".join(stage.lines) for stage in stages_of(graph_of("vision/unet.arch"))]
    assert told.count("2×2 maxpool, stride 2") == 4
    assert [each for each in told if "concat" in each] == [f"concat, {width}" for width in (1024, 512, 256, 128)]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("form", WRITERS)
def test_every_model_has_a_table(name: str, form: str) -> None:
    graph = graph_of(name)
    text = WRITERS[form](table_of({"model": graph}))
    assert text == WRITERS[form](table_of({"model": graph}))
    assert "×1]" not in text
    assert " object at 0x" not in text


@pytest.mark.parametrize("name", ALL)
def test_the_costs_are_those_of_the_summary(name: str) -> None:
    summary = read_once(SPECS / name).summary()
    costs = dict(table_of({"model": graph_of(name)}).costs)
    assert costs["parameters"] == (summary.parameters,)
    assert costs["MACs"] == (summary.of_one(summary.macs),)


def test_groups_of_one_name_are_told_apart() -> None:
    names = [row[0] for row in cells(table_of({"": graph_of("attention/transformer.arch")}))]
    assert [name for name in names if "layers" in name] == ["encoder.layers", "decoder.layers"]


def test_models_that_differ_are_put_in_the_same_rows() -> None:
    table = table_of({"alexnet": graph_of("alexnet.arch"), "lenet": graph_of("lenet.arch")})
    assert all(len(row.cells) == 2 for row in table.rows)
    for place, name in enumerate(("alexnet.arch", "lenet.arch")):
        assert [row.cells[place] for row in table.rows if row.cells[place]] == list(stages_of(graph_of(name)))


def test_markdown_has_as_many_cells_in_each_row() -> None:
    lines = WRITERS["markdown"](table_for("vision/resnet.arch", "resnet18", "resnet50")).splitlines()
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")}
    assert counts == {5}
    assert r"\[1×1, 64<br>3×3, 64<br>1×1, 256] × 3" in "".join(lines)


def test_latex_has_brackets_and_columns_that_span() -> None:
    text = WRITERS["latex"](table_for("vision/resnet.arch", "resnet18", "resnet50"))
    assert r"\begin{tabular}{lccc}" in text
    inside = r"1$\times$1, 64 \\ 3$\times$3, 64 \\ 1$\times$1, 256"
    assert rf"$\left[\begin{{tabular}}{{@{{}}c@{{}}}}{inside}\end{{tabular}}\right]\times 3$" in text
    assert r"conv1 & 112$\times$112 & \multicolumn{2}{c}{7$\times$7, 64, stride 2} \\" in text
    # What is no comment has only signs that every LaTeX knows.
    assert all(line.startswith("%") or line.isascii() for line in text.splitlines())
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}")
    assert text.count("$") % 2 == 0


def test_names_cannot_break_a_form() -> None:
    graph = chained(HOSTILE, [1, 3, 8, 8], [(f"{HOSTILE}!".replace("/", ""), Conv(channels=2, kernel=3))])
    table = table_of({HOSTILE: graph, f"{HOSTILE} again": graph})
    latex = WRITERS["latex"](table)
    for line in latex.splitlines():
        if not line.startswith("%"):
            assert not re.search(r"(?<!\\)[%#]|(?<!\\)_", line)
    page = WRITERS["html"](table)
    assert "<script>" not in page
    assert tags_of(page).count("table") == 2
    markdown = WRITERS["markdown"](table)
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines() if line.startswith("|")}
    assert len(counts) == 1
    assert "\n`x`" not in markdown


def tags_of(page: str) -> list[str]:
    """The tags of a page, each as often as it is opened or closed."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
            found.append(tag)

        def handle_endtag(self, tag: str) -> None:
            found.append(tag)

    Reader().feed(page)
    return found


def test_html_spans_what_all_columns_share() -> None:
    page = WRITERS["html"](table_for("vision/resnet.arch", "resnet18", "resnet50"))
    assert '<td>112×112</td><td colspan="2">7×7, 64, stride 2</td>' in page
    assert '<span class="unit">1×1, 64<br>3×3, 64<br>1×1, 256</span> × 3' in page
    assert all(tags_of(page).count(tag) % 2 == 0 for tag in ("table", "tbody", "thead", "tr", "td", "th", "ul", "li"))


def test_a_table_is_no_picture() -> None:
    for target in BACKEND.targets:
        if target.name in ("svg", "png", "pdf", "mermaid", "dot"):
            with pytest.raises(DrawingError, match="a table is no picture"):
                BACKEND.draw(graph_of("lenet.arch"), target, Drawing(style="table"))


@pytest.mark.parametrize("suffix", ["md", "tex", "html", "csv"])
def test_the_command_writes_all_variants_side_by_side(suffix: str, tmp_path: FilePath) -> None:
    path = tmp_path / f"resnet.{suffix}"
    assert main(["draw", str(RESNET), "--style", "table", "--all-variants", "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert all(variant in text for variant in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([f"{RESNET}:resnet18", "--style", "table", "--all-variants"], "takes a file, whose variants it finds"),
        ([str(SPECS / "lenet.arch"), "--style", "table", "--all-variants"], "has no variants"),
        ([str(RESNET), "--all-variants"], "add `--style table`"),
    ],
)
def test_all_variants_are_columns_of_a_table_alone(
    words: list[str], says: str, tmp_path: FilePath, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", *words, "-o", str(tmp_path / "x.md")]) == 2
    assert says in capsys.readouterr().err
