"""What diagrams are written as: SVG, Mermaid, DOT, PNG and PDF, and the words in them."""

from __future__ import annotations

import builtins
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from archspec.backend import MissingLibraryError
from archspec.drawing import Drawing
from archspec.op import Family
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.dropout import Dropout
from archspec.ops.joining import Concat
from archspec.ops.layer_norm import LayerNorm
from archspec.ops.linear import Linear
from archspec.ops.piecewise import Clamp
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Reshape
from archspec.ops.softmax import Softmax
from archspec.ops.total import Sum
from archspec.size import named
from archspec_diagram import BACKEND, folding, font, views, wording
from archspec_diagram.palette import colour
from archspec_diagram.picture import Mark, Part, Picture, Text
from archspec_diagram.svg import svg
from tests.diagrams import (
    GRAPHS,
    chained,
    chart_of,
    every_graph,
    graph_of,
    written,
)


@every_graph
def test_svg_is_plain(name: str) -> None:
    text = written(graph_of(name), "svg")
    root = ElementTree.fromstring(text)  # noqa: S314 - our own text.
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "g", "rect", "polyline", "polygon", "ellipse", "text", "tspan"}
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not attributes & {"style", "transform", "filter", "marker-end", "href"}
    identities = Counter(element.get("id") for element in root.iter() if element.get("id"))
    assert set(identities.values()) == {1}
    assert {card.identity for card in chart_of(name, "as it is").cards} <= set(identities)


@every_graph
def test_classes_and_styles_only_say_what_is_so_on_dark_paper(name: str) -> None:
    picture = views.picture_of(graph_of(name), Drawing())
    styled = svg(picture)
    bare = re.sub(r"<style>.*?</style>\n", "", styled, flags=re.DOTALL)
    assert re.sub(r' class="[^"]*"', "", bare) == svg(picture, plain=True)
    for words in re.findall(r'class="([^"]*(?:fill|stroke)-[^"]*)"', styled):
        for word in words.split():
            assert f".{word} {{" in styled


@every_graph
@pytest.mark.parametrize("target", ["svg", "mermaid", "dot"])
def test_the_same_graph_gives_the_same_bytes(name: str, target: str) -> None:
    assert written(GRAPHS[name](), target) == written(graph_of(name), target)


def test_hostile_names_are_harmless() -> None:
    graph = graph_of("hostile")
    drawn = written(graph, "svg")
    assert "<script" not in drawn
    assert "]]>" not in drawn
    assert not re.search("[\x00-\x08\u202e]", drawn)

    flowchart = written(graph, "mermaid")
    for line in flowchart.splitlines():
        labels = re.findall(r'"[^"]*"', line)
        assert line.count('"') == 2 * len(labels)
        for label in labels:
            assert not set(label.replace("<br/>", "")[1:-1]) & set("<>`%{}\\&'|"), label
    assert all(line.count("subgraph") <= 1 for line in flowchart.splitlines())

    graphviz = written(graph, "dot")
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', graphviz)
    assert '"' not in bare.replace('""', "")
    assert "script" not in bare
    assert bare.count("{") == bare.count("}") == 1 + len(folding.view_of(graph, Drawing()).containers)
    assert len(graphviz.splitlines()) == len(bare.splitlines())


def test_shapes_are_said_once_where_they_change() -> None:
    said = [pill.line.text for pill in chart_of("deep").pills]
    assert said == [
        "[B, 3, 224, 224]",
        "[B, 64, 52, 56]",
        "[B, 64, 25, 27]",
        "[B, 64, 6, 6]",
        "[B, 2304]",
        "[B, 4096]",
        "[B, 1000]",
    ]


def test_settings_read_as_in_a_paper() -> None:
    op = Conv(channels=64, kernel=(3, 5), stride=2, groups=2, bias=False)
    assert wording.phrases(op) == ("64 channels", "kernel 3×5", "stride 2", "2 groups", "no bias")
    assert wording.phrases(Dropout(rate=0.25)) == ("0.25",)
    assert wording.phrases(Relu()) == ()
    assert wording.phrases(Linear(features=named("D") * 4)) == ("4D features",)
    # One of several is one; and an axis is not how many there are, save where a layer counts them.
    assert wording.phrases(Linear(features=1)) == ("1 feature",)
    assert wording.phrases(Sum(axes=2)) == ("axis 2",)
    assert wording.phrases(Sum(axes=(1, 2))) == ("axes 1, 2",)
    assert wording.phrases(LayerNorm(axes=2)) == ("2 axes",)
    assert wording.phrases(Softmax(axis=2)) == wording.phrases(Concat(axis=2)) == ("axis 2",)
    # Only what everybody knows goes without its name, and numbers are as a spec has them.
    assert wording.phrases(BatchNorm(eps=1e-3)) == ("eps 0.001",)
    assert wording.phrases(LayerNorm(eps=1e-12)) == ("eps 1e-12",)
    assert wording.phrases(Clamp(low=1e-7, high=8.0)) == ("low 1e-7", "high 8")
    graph = chained("Formula", [2], [("scaled", Arithmetic(formula="a * 2.50 - 1e-05"))])
    assert (wording.called(graph.nodes[0]), wording.details(graph.nodes[0])) == ("a × 2.5 − 1e-5", ())
    assert wording.phrases(Reshape(sizes=(named("B") * named("S"), 4))) == ("sizes B*S, 4",)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (61_706, "61.7K"), (61_100_840, "61.1M"), (999_950, "1.00M"), (1_340_000_000, "1.34B")],
)
def test_counts_are_rounded(number: int, text: str) -> None:
    assert wording.amount(number) == text


def test_the_model_is_described_to_those_who_cannot_see_it() -> None:
    drawn = written(graph_of("flat"), "svg")
    assert '<title id="title">Flat</title>' in drawn
    assert "3 layers, 49,320 parameters; from image [B, 400] to [B, 10]." in drawn
    assert 'role="img"' in drawn


@pytest.mark.parametrize("family", Family)
def test_each_family_has_a_colour_of_its_own(family: Family) -> None:
    others = {colour(each) for each in Family if each is not family}
    assert colour(family) not in others


def test_mermaid() -> None:
    text = written(graph_of("deep"), "mermaid")
    assert 'flowchart TD\n  n0(["image"]):::terminal\n  subgraph g0["features"]\n' in text
    assert '-->|"[B, 3, 224, 224]"| n1' in text
    assert "classDef convolution fill:#" in text
    assert text.count("subgraph") == 2


def test_dot() -> None:
    text = written(graph_of("deep"), "dot")
    assert 'subgraph "cluster group.features" {' in text
    assert '"input.image" -> "layer.features.0" [label="[B, 3, 224, 224]"]' in text


@pytest.mark.parametrize("name", ["deep", "residual", "tangled", "hostile"])
@pytest.mark.skipif(shutil.which("dot") is None, reason="there is no Graphviz here to read it")
def test_graphviz_reads_all_that_is_written_for_it(name: str) -> None:
    text, shown = written(graph_of(name), "dot"), folding.view_of(graph_of(name), Drawing())
    plain = subprocess.run(["dot", "-Tplain"], input=text.encode(), capture_output=True, check=True)
    assert not plain.stderr
    kinds = Counter(line.partition(b" ")[0] for line in plain.stdout.splitlines())
    assert kinds[b"node"] == len(shown.items)
    assert kinds[b"edge"] == len(shown.structure.links)


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """The width, the height and the raw bytes of an image of four bytes a pixel, with the filters of its rows."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 6)
    at, packed = 8, b""
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    return width, height, zlib.decompress(packed)


def test_png_shows_text() -> None:
    from archspec_diagram.png import png

    picture = views.picture_of(graph_of("flat"), Drawing())
    width, height, raw = pixels(png(picture))
    assert (width, height) == (2 * picture.width, 2 * picture.height)
    _, _, mute = pixels(png(without_text(picture)))
    assert len(raw) == len(mute)
    # Without its fonts the renderer leaves all text out, silently.
    assert sum(a != b for a, b in zip(raw, mute, strict=True)) > 2000
    assert png(picture) == png(picture)
    assert pixels(png(picture, 1.5))[:2] == (picture.width * 1.5, picture.height * 1.5)


def without_text(picture: Picture) -> Picture:
    def mute(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        return tuple(
            replace(mark, marks=mute(mark.marks)) if isinstance(mark, Part) else mark
            for mark in marks
            if not isinstance(mark, Text)
        )

    return replace(picture, marks=mute(picture.marks))


def test_pdf_has_a_page_of_its_size_and_is_the_same_each_time() -> None:
    from archspec_diagram.pdf import pdf

    picture = views.picture_of(graph_of("flat"), Drawing())
    drawn = pdf(picture)
    assert drawn.startswith(b"%PDF-")
    assert drawn == pdf(picture)
    assert page_of(drawn) == (picture.width * 0.75, picture.height * 0.75)
    assert page_of(pdf(picture, 2)) == (picture.width * 2, picture.height * 2)
    assert len(pdf(without_text(picture))) < len(drawn)


def page_of(drawn: bytes) -> tuple[float, float]:
    found = re.search(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", drawn)
    assert found
    return float(found[1]), float(found[2])


@pytest.mark.parametrize(("library", "target"), [("reportlab", "svg"), ("reportlab", "pdf"), ("resvg_py", "png")])
def test_a_missing_library_is_named(library: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *others: Any, **more: Any) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return real(name, *others, **more)

    font._widths.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingLibraryError, match=re.escape("pip install 'archspec-nn[draw]'")):
        BACKEND.write(graph_of("flat"), next(each for each in BACKEND.targets if each.name == target))
    assert written(graph_of("flat"), "mermaid")
    assert written(graph_of("flat"), "dot")


def test_looking_for_the_backend_imports_no_library() -> None:
    code = "import sys, archspec_diagram; print({'reportlab', 'resvg_py'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
