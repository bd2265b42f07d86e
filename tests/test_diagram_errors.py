"""Pictures of specs with errors: what could be built is drawn, and what is wrong is told where it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

import archspec
from archspec.backend import Purpose
from archspec.diagnostics import Severity
from archspec.drawing import Drawing, DrawingError
from archspec.main import main
from archspec.model import Model
from archspec.targets import find_target
from archspec_diagram.broken_view import WRONG

CHECKS: Final = Path(__file__).parent / "checks"
SVG: Final = "{http://www.w3.org/2000/svg}"
RED: Final = WRONG.stroke.light

CLASH: Final = """\
model Net {
    input x: [B, 3, 8, 8]

    a = conv(16, kernel=3)
    b = x -> conv(8, kernel=5) -> relu
    sum = a + b
    relu -> flatten -> linear(10)
}
"""
BLOCKS: Final = """\
block Unit(width) {
    conv(width, kernel=3) -> batchnorm
    conv(width, kernel=5)
}

model Net {
    input x: [B, 3, 12, 12]

    body = { repeat 3 { Unit(8) } }
    flatten -> linear(10)
}
"""


def drawn(model: Model, **options: Any) -> ElementTree.Element:
    found = find_target(Purpose.DRAW, "svg")
    return ElementTree.fromstring(model.drawn(*found, Drawing(**options), with_errors=True))  # noqa: S314


def parts(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {each.attrib["id"]: each for each in svg.iter(f"{SVG}g") if "id" in each.attrib}


def red(svg: ElementTree.Element) -> set[str]:
    """The boxes that are red."""
    found = ((name, part.find(f"{SVG}rect")) for name, part in parts(svg).items())
    return {name for name, box in found if box is not None and box.get("stroke") == RED}


def broken(svg: ElementTree.Element) -> set[str]:
    """The boxes with broken lines around them."""
    found = ((name, part.find(f"{SVG}rect")) for name, part in parts(svg).items())
    return {name for name, box in found if box is not None and box.get("stroke-dasharray") is not None}


def wrong_specs() -> list[tuple[str, str]]:
    """The specs of the checks, with their syntax."""
    texts = (path.read_text() for path in sorted(CHECKS.glob("*.md")))
    return [
        each for text in texts for each in re.findall(r"^```(arch|yaml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def test_every_spec_with_errors_is_drawn_and_every_error_is_in_the_picture() -> None:
    number = 0
    for syntax, text in wrong_specs():
        model = archspec.loads(text, syntax=syntax)
        report = model.check()
        if not report.has_errors:
            continue
        try:
            svg = drawn(model)
        except archspec.SpecError:
            continue  # So little could be read that nothing was built.
        number += 1
        said = "".join(svg.itertext())
        codes = {each.code for each in report if each.severity is Severity.ERROR}
        assert not {code for code in codes if code not in said}, text
    assert number > 300


def test_what_clashes_is_red_and_what_depends_on_it_is_unknown() -> None:
    svg = drawn(archspec.loads(CLASH))
    assert red(svg) == {"layer.sum"}
    assert broken(svg) == {"layer.relu1", "layer.flatten1", "layer.linear1"}
    shapes = [each.text for each in svg.iter(f"{SVG}text") if each.get("fill") == RED]
    assert sorted(map(str, shapes)) == ["[B, 16, 6, 6]", "[B, 8, 4, 4]"]
    assert sum(each.get("stroke") == RED for each in svg.iter(f"{SVG}polyline")) == 2
    said = " ".join("".join(each.itertext()) for each in parts(svg)["layer.sum"].iter(f"{SVG}text"))
    assert "a + b" in said
    assert "A301: a + b needs equal shapes, but axis 3 differs: 6 and 4" in said
    assert "[?]" not in "".join(svg.itertext())


def test_several_errors_are_all_red_and_what_is_right_is_as_ever() -> None:
    text = CLASH.replace("kernel=5) -> relu", "kernel=11) -> relu").replace("linear(10)", "linear(10, bais=false)")
    svg = drawn(archspec.loads(text))
    assert red(svg) == {"layer.b.0", "layer.sum", "layer.linear1"}
    assert broken(svg) == {"layer.b.1", "layer.relu1", "layer.flatten1"}
    assert "3 errors" in "".join(svg.itertext())


def test_a_misspelt_op_stands_where_it_is_and_hides_nothing_before_it() -> None:
    svg = drawn(archspec.loads(CLASH.replace("flatten", "scramble")))
    assert "layer.scramble1" in red(svg)
    assert "layer.a" in parts(svg)


def test_a_fault_in_a_block_is_seen_in_the_pass_in_which_it_is() -> None:
    svg = drawn(archspec.loads(BLOCKS))
    assert red(svg) == {"layer.body.1.conv2"}
    hidden = {"layer.body.2.conv1", "layer.body.2.batchnorm1", "layer.body.2.conv2", "layer.flatten1", "layer.linear1"}
    assert broken(svg) == hidden


def test_a_group_with_a_fault_in_it_is_not_folded() -> None:
    svg = drawn(archspec.loads(BLOCKS), depth=0)
    assert red(svg) == {"layer.body.1.conv2"}


def test_a_shape_that_nobody_knows_does_not_clash() -> None:
    svg = drawn(archspec.loads(CLASH.replace("sum = a + b", "a -> conv(8, kernel=11) -> conv(4, kernel=3, stide=2)")))
    assert {"layer.conv1", "layer.conv2"} <= red(svg)
    assert "?" in [each.text for each in svg.iter(f"{SVG}text")]
    assert "?" not in [each.text for each in svg.iter(f"{SVG}text") if each.get("fill") == RED]


def test_an_error_in_no_layer_is_told_below_the_name() -> None:
    text = (
        CLASH.replace("kernel=5", "kernel=3")
        .replace("conv(16", "conv(8")
        .replace("(10)", "(10)\n    expect params == 1")
    )
    svg = drawn(archspec.loads(text))
    assert red(svg) == broken(svg) == set()
    assert "1 error; in no layer: A303: params == 1 does not" in "".join(svg.itertext())


def test_a_right_spec_is_drawn_as_it_is_without_the_option() -> None:
    model = archspec.loads(CLASH.replace("kernel=5", "kernel=3").replace("conv(16", "conv(8"))
    found = find_target(Purpose.DRAW, "svg")
    assert model.drawn(*found, Drawing(), with_errors=True) == model.drawn(*found, Drawing())


def test_there_is_no_graph_of_a_wrong_spec_though_it_is_drawn(tmp_path: Path) -> None:
    model = archspec.loads(CLASH)
    model.draw(tmp_path / "net.pdf", with_errors=True)
    assert (tmp_path / "net.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(archspec.SpecError):
        model.draw(tmp_path / "net.svg")
    with pytest.raises(archspec.SpecError):
        _ = model.graph
    with pytest.raises(DrawingError, match="svg, png, pdf or tikz"):
        model.draw(tmp_path / "net.mmd", with_errors=True)


def test_the_command_draws_tells_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, picture = tmp_path / "net.arch", tmp_path / "net.svg"
    spec.write_text(CLASH)
    assert main(["draw", str(spec), "-o", str(picture)]) == 1
    assert not picture.exists()
    assert main(["draw", str(spec), "-o", str(picture), "--with-errors"]) == 1
    assert "A301" in picture.read_text()
    assert "error[A301]" in capsys.readouterr().err
    picture.unlink()
    spec.write_text("no spec at all")
    assert main(["draw", str(spec), "-o", str(picture), "--with-errors"]) == 1
    assert not picture.exists()
