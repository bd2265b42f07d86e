"""The layout by the `dot` of Graphviz: what it is asked, how its answer is read, and what becomes of a diagram.

What needs the program itself is left out where there is none.
"""

from __future__ import annotations

import builtins
import re
import shutil
import subprocess
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import archspec
from archspec.backend import MissingLibraryError
from archspec.drawing import Direction, Drawing, DrawingError, Engine
from archspec.graph import Graph
from archspec.main import main
from archspec_diagram import BACKEND
from archspec_diagram.chart import Chart, Form
from archspec_diagram.content import contents_of
from archspec_diagram.dot_layout import Request, answered, read
from archspec_diagram.folding import view_of
from archspec_diagram.layout import layout
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.structure import Key, Kind

SPECS = Path(__file__).parent.parent / "specs"
BY_DOT = Drawing(layout=Engine.DOT)

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

BLOCK = """
model Net {
    input x: [B, 8]
    inside = concat {
        _
        linear(8) -> relu
    }
    other = linear(16)
    inside - other
    linear(4)
}
"""


def said(text: str) -> Graph:
    return archspec.loads(text, syntax="arch").graph


def request(graph: Graph, direction: Direction = Direction.DOWN, depth: int | None = 99) -> Request:
    view = view_of(graph, Drawing(depth=depth))
    labels = {key: 80.0 for key, item in view.items.items() if item.said}
    return Request(view.structure, contents_of(view, None), labels, direction, 1.0)


# ------------------------------------------------------------------------------------------------- what it is asked


def test_no_text_of_a_spec_reaches_the_program() -> None:
    def asked(*names: str) -> list[str]:
        layers = "\n".join(f"    {name} = linear(8)" for name in names)
        graph = said(f"model {names[0]} {{\n    input {names[1]}2: [B, 8]\n{layers}\n}}")
        # How large boxes are is all that follows from it.
        return [re.sub(r"\d+", "0", line) for line in request(graph).lines()]

    assert asked("graph", "strict", "digraph", "subgraph") == asked("first", "second", "other", "and_more")


@pytest.mark.parametrize("spec", ["lenet.arch", "vision/googlenet.arch", "attention/transformer.arch"])
def test_all_that_is_shown_is_asked_for(spec: str) -> None:
    asked = request(archspec.load(SPECS / spec).graph)
    text = "\n".join(asked.lines())
    assert len(re.findall(r"^n\d+ \[", text, re.MULTILINE)) == len(asked.structure.keys)
    assert text.count(" -> ") == len(asked.structure.links)
    assert text.count("subgraph cluster") == len(asked.structure.groups)
    assert text.count("{") == text.count("}")


def test_inputs_whose_order_counts_arrive_each_at_a_place_of_its_own() -> None:
    lines = [line for line in request(said(BLOCK)).lines() if "->" in line]
    ports = [line.split()[2] for line in lines]
    assert sum(":i0:" in port for port in ports) == sum(":i1:" in port for port in ports) == 2
    total = request(said("model Net {\n    input x: [B, 8]\n    a = linear(8)\n    x + a\n}"))
    assert not any(":i0" in line for line in total.lines())


# --------------------------------------------------------------------------------------------- how it is understood

ANSWER = """{
  "bb": "0,0,200,300",
  "objects": [
    {"name": "n0", "pos": "100,280"},
    {"name": "n1", "pos": "100,200"},
    {"name": "n2", "pos": "60,20"}
  ],
  "edges": [
    {"id": "e1", "pos": "100,170 100,120 60,90 60,32"},
    {"id": "e0", "pos": "100,258 100,240 100,230 100,220"}
  ]
}"""


def small() -> Request:
    return request(said("model Net {\n    input x: [B, 8]\n    linear(4)\n}"))


def test_an_answer_is_turned_upside_down() -> None:
    asked = small()
    places = read(ANSWER, asked)
    first, layer, last = (places.boxes[key] for key in asked.structure.keys)
    assert (places.width, places.height) == (200, 300)
    assert first.bottom < layer.y < layer.bottom < last.y
    assert last.centre == Point(60, 280)
    label = places.labels[asked.structure.keys[0]]
    assert label.y == first.bottom + 4
    straight, curved = (course.points for course in places.courses)
    assert straight == (Point(100, first.bottom), *straight[1:-1], Point(100, layer.y))
    assert {point.x for point in straight} == {100}
    assert curved[0] == Point(100, layer.bottom)
    assert curved[-1] == Point(60, last.y)
    assert all(above.y <= below.y for above, below in pairwise(curved))


def test_a_group_is_where_its_cluster_is() -> None:
    asked = small()
    group, key = ("g",), Key(Kind.GROUP, ("g",))
    structure = replace(asked.structure, members={**asked.structure.members, (): (key,), group: ()})
    cluster = ANSWER.replace('"objects": [', '"objects": [{"name": "cluster0", "bb": "40,150,160,250"},')
    border = read(cluster, replace(asked, structure=structure)).borders[group]
    assert border.rectangle == Rectangle(40, 50, 120, 100)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        '{"bb": "0,0,1"}',
        ANSWER.replace("n2", "n7"),
        ANSWER.replace("n2", "n1"),
        ANSWER.replace("e1", "e7"),
        ANSWER.replace("100,170 ", ""),
        ANSWER.replace("60,20", "60,north"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_told(answer: str) -> None:
    with pytest.raises(DrawingError, match="`dot` answers in a way that is not known here"):
        read(answer, small())


# ---------------------------------------------------------------------------------------------------- what may fail


def without(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def import_(name: str, *others: Any, **more: Any) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return real(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", import_)


def test_without_graphviz_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    without("pygraphviz", monkeypatch)
    with pytest.raises(
        MissingLibraryError, match="needs Graphviz, which is not installed; install it, or `pip install"
    ):
        answered("digraph {}")
    out = tmp_path / "net.svg"
    assert main(["draw", str(SPECS / "lenet.arch"), "-o", str(out), "--layout", "dot"]) == 2
    assert "Graphviz" in capsys.readouterr().err
    assert not out.exists()
    assert main(["draw", str(SPECS / "lenet.arch"), "-o", str(out), "--layout", "own"]) == 0


def test_what_the_program_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DrawingError, match="`dot` cannot lay the diagram out: no memory"):
        answered("digraph {}")


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, timeout: float, **__: Any) -> None:
        raise subprocess.TimeoutExpired("dot", timeout)

    monkeypatch.setattr(shutil, "which", lambda _: "dot")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DrawingError, match="in 100 s; fold more of it, or leave out `layout`"):
        answered("digraph {}")


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        ("svg", {"layout": "neato"}, "is `own` or by `dot`, not `neato`"),
        ("svg", {"layout": "dot", "style": "volumes"}, "the style `volumes` has no use for `layout`"),
        ("csv", {"layout": "dot"}, "the style `table` has no use for `layout`"),
        ("mermaid", {"layout": "dot"}, "`layout` is for pictures"),
    ],
)
def test_a_layout_that_nothing_comes_of_is_told(target: str, options: dict[str, Any], told: str) -> None:
    wanted = next(each for each in BACKEND.targets if each.name == target)
    with pytest.raises(DrawingError, match=told):
        BACKEND.draw(archspec.load(SPECS / "lenet.arch").graph, wanted, Drawing.of(**options))


# ------------------------------------------------------------------------------------------------- what is made of it

DRAWN = ["lenet.arch", "vision/unet.arch", "vision/googlenet.arch", "attention/transformer.arch", "block"]


def chart(spec: str, **options: Any) -> Chart:
    graph = said(BLOCK) if spec == "block" else archspec.load(SPECS / spec).graph
    drawing = replace(BY_DOT, **options)
    return layout(view_of(graph, drawing), drawing)


every_chart = pytest.mark.parametrize(
    ("spec", "options"),
    [(spec, options) for spec in DRAWN for options in ({}, {"direction": Direction.RIGHT}, {"depth": 1})],
)


@needs_dot
@every_chart
def test_the_layout_of_dot_shows_what_ours_shows(spec: str, options: dict[str, Any]) -> None:
    by_dot, ours = chart(spec, **options), chart(spec, layout=Engine.OWN, **options)
    assert [card.identity for card in by_dot.cards] == [card.identity for card in ours.cards]
    assert [[line.text for line in card.lines] for card in by_dot.cards] == [
        [line.text for line in card.lines] for card in ours.cards
    ]
    assert [pill.line.text for pill in by_dot.pills] == [pill.line.text for pill in ours.pills]
    assert sorted((edge.source, edge.target) for edge in by_dot.edges) == sorted(
        (edge.source, edge.target) for edge in ours.edges
    )


@needs_dot
@every_chart
def test_boxes_frames_and_labels_of_dot_keep_clear_of_each_other(spec: str, options: dict[str, Any]) -> None:
    drawn = chart(spec, **options)
    places = [card.rectangle for card in drawn.cards] + [pill.rectangle for pill in drawn.pills]
    sheet = Rectangle(0, 0, drawn.width, drawn.height)
    assert all(sheet.contains(place) for place in places)
    for one, other in combinations(places, 2):
        assert not one.overlaps(other)
    for frame in drawn.frames:
        for place in places:
            assert frame.rectangle.contains(place) or not frame.rectangle.overlaps(place), frame.identity


@needs_dot
@every_chart
def test_arrows_of_dot_run_from_box_to_box_and_through_none(spec: str, options: dict[str, Any]) -> None:
    drawn = chart(spec, **options)
    items: dict[str, Rectangle] = {}
    for card in drawn.cards:
        before = items.get(card.item, card.rectangle)
        items[card.item] = Rectangle(before.x, before.y, before.width, card.rectangle.bottom - before.y)
    cards = {card.identity: card for card in drawn.cards}
    for edge in drawn.edges:
        source, target = items[cards[edge.source].item], items[cards[edge.target].item]
        if options.get("direction") is Direction.RIGHT:
            assert edge.points[0].x == pytest.approx(source.right, abs=0.02)
        else:
            assert edge.points[0].y == pytest.approx(source.bottom, abs=0.02)
        assert near(edge.points[-1], target)
        assert cards[edge.target].form in (Form.SIGN, Form.MERGE) or on_edge(edge.points[-1], target)
        for name, place in items.items():
            inside = Rectangle(place.x + 2, place.y + 2, place.width - 4, place.height - 4)
            for point in edge.points[1:-1]:
                assert not inside.overlaps(Rectangle(point.x, point.y, 0.01, 0.01)), (edge.source, edge.target, name)


def near(point: Point, place: Rectangle) -> bool:
    wider = Rectangle(place.x - 0.02, place.y - 0.02, place.width + 0.04, place.height + 0.04)
    return wider.contains(Rectangle(*point, 0, 0))


def on_edge(point: Point, place: Rectangle) -> bool:
    return min(abs(point.x - place.x), abs(point.y - place.y)) < 0.02


@needs_dot
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("order", ["a, b, c", "c, b, a", "b, c, a"])
def test_dot_keeps_the_order_of_a_concatenation(order: str, direction: Direction) -> None:
    layers = "a = linear(8)\n    b = linear(8)\n    c = linear(8)"
    graph = said(f"model Net {{\n    input x: [B, 8]\n    {layers}\n    joined = ({order}) -> concat\n}}")
    drawing = replace(BY_DOT, direction=direction)
    drawn = layout(view_of(graph, drawing), drawing)
    ends = {edge.source: edge.points[-1] for edge in drawn.edges if edge.target == "layer.joined"}
    across = {source: end.x if direction is Direction.DOWN else end.y for source, end in ends.items()}
    assert sorted(across, key=lambda source: across[source]) == [f"layer.{name}" for name in order.split(", ")]


def test_pygraphviz_serves_where_the_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygraphviz")
    asked = small()
    by_program = read(answered("\n".join(asked.lines())), asked) if shutil.which("dot") else None
    monkeypatch.setattr(shutil, "which", lambda _: None)
    by_library = read(answered("\n".join(asked.lines())), asked)
    assert by_library.boxes.keys() == asked.contents.keys()
    assert by_program is None or by_program.boxes.keys() == by_library.boxes.keys()
