"""Diagrams: laws of every picture, over graphs built here through the public classes and over all specs.

Each is drawn as it is without being asked, with all groups closed and with all open, and running to the right.
"""

from __future__ import annotations

import builtins
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path as FilePath
from random import Random
from typing import Any, final
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

import archspec
from archspec.backend import MissingLibraryError
from archspec.drawing import Direction, Drawing
from archspec.graph import Graph, Group, Node, Output, Path, Value
from archspec.op import Example, Family, Op
from archspec.ops.adaptive_pool import AdaptiveAvgPool
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.dropout import Dropout
from archspec.ops.joining import Concat
from archspec.ops.layer_norm import LayerNorm
from archspec.ops.linear import Linear
from archspec.ops.max_pool import MaxPool
from archspec.ops.piecewise import Clamp
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Flatten, Reshape
from archspec.ops.softmax import Softmax
from archspec.ops.total import Sum
from archspec.shape import Shape
from archspec.size import Size, named
from archspec.source import Source
from archspec_diagram import BACKEND, folding, font, painting, views, wording
from archspec_diagram.chart import ROUNDING, STACKED, Chart, Form
from archspec_diagram.layout import layout
from archspec_diagram.palette import colour
from archspec_diagram.picture import Line, Mark, Part, Picture, Point, Rectangle, Text
from archspec_diagram.svg import svg
from archspec_diagram.view import View
from tests.read_once import variants_of

SPAN = Source("test", "").whole()
HOSTILE = "<script>alert(1)</script> ]]> \" ' & \\ %%{init}%% end\n`x` --> #quot; \x00\u202e {}|;"


@final
class Add(Op):
    """The sum of two values, or of one."""

    name = "add"
    family = Family.RESHAPING

    words: str = ""

    def infer(self, left: Shape, right: Shape) -> Shape:
        return left

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2], [2]),)


def built(
    name: str,
    inputs: dict[str, Sequence[Size]],
    layers: Sequence[tuple[str, Op, Sequence[str]]],
    outputs: Sequence[str],
    doc: str = "",
) -> Graph:
    """A graph of layers with paths such as `group/name` that take what these names give; `!` makes a name its own."""
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    groups: dict[Path, Group] = {}
    for each, sizes in inputs.items():
        values[each] = Value((each,), Shape(tuple(sizes)), SPAN)
    for text, op, sources in layers:
        path = tuple(text.rstrip("!").split("/"))
        groups |= {path[:depth]: Group(path[:depth], SPAN) for depth in range(1, len(path))}
        taken = tuple(values[source] for source in sources)
        output = Value(path, op.outputs(*(value.shape for value in taken))[0], SPAN)
        values[text.rstrip("!")] = output
        nodes.append(Node(path, op, taken, (output,), SPAN, is_named=text.endswith("!")))
    given = tuple(values[each] for each in inputs)
    results = tuple(Output(each, values[each]) for each in outputs)
    return Graph(name, doc, SPAN.source, SPAN, {}, given, results, groups, tuple(nodes))


def chained(name: str, sizes: Sequence[Size], layers: Sequence[tuple[str, Op]], doc: str = "") -> Graph:
    sources = ["image", *(path.rstrip("!") for path, _ in layers)]
    links = [(path, op, [source]) for (path, op), source in zip(layers, sources, strict=False)]
    return built(name, {"image": sizes}, links, sources[-1:], doc)


def loaded(path: FilePath, variant: str) -> Graph:
    return archspec.load(f"{path}:{variant}" if variant else path).graph


def deep() -> Graph:
    features: list[Op] = [
        Conv(channels=64, kernel=(11, 3), stride=4, padding=2, dilation=2, bias=False, padding_mode="reflect"),
        Relu(),
        MaxPool(kernel=3, stride=2),
    ]
    classifier: list[Op] = [Dropout(rate=0.25), Linear(features=4096), Relu(), Linear(features=1000)]
    layers = [(f"features/{number}", op) for number, op in enumerate(features)]
    layers += [("avgpool!", AdaptiveAvgPool(size=6)), ("flatten", Flatten())]
    layers += [(f"classifier/{number}", op) for number, op in enumerate(classifier)]
    return chained("Deep", [named("B"), 3, 224, 224], layers, "A chain with two groups.")


def flat() -> Graph:
    layers: list[tuple[str, Op]] = [("0", Linear(features=120)), ("1", Relu()), ("2", Linear(features=10, bias=False))]
    return chained("Flat", [named("B"), 400], layers)


def residual() -> Graph:
    layers: list[tuple[str, Op, Sequence[str]]] = [
        ("stem", Conv(channels=8, kernel=3, padding=1), ["x"]),
        ("stage/first/a", Conv(channels=8, kernel=3, padding=1), ["stem"]),
        ("stage/first/norm", BatchNorm(), ["stage/first/a"]),
        ("stage/first/add", Add(), ["stage/first/norm", "stem"]),
        ("stage/second/a", Conv(channels=8, kernel=3, padding=1), ["stage/first/add"]),
        ("stage/second/relu", Relu(), ["stage/second/a"]),
        ("stage/second/side/b", Conv(channels=8, kernel=1), ["stage/first/add"]),
        ("stage/second/b", Conv(channels=8, kernel=3, padding=1), ["stage/second/relu"]),
        ("stage/second/inner", Add(), ["stage/second/b", "stage/second/a"]),
        ("stage/second/add", Add(), ["stage/second/inner", "stage/second/side/b"]),
        ("late", Add(), ["stage/second/add", "y"]),
        ("long", Add(), ["late", "stem"]),
    ]
    sizes: list[Size] = [named("B"), 8, 32, 32]
    return built("Residual", {"x": sizes, "y": sizes}, layers, ["long", "stage/first/add"])


def tangled() -> Graph:
    """Groups that are no contiguous chains, links that cross, and a value that is taken twice by one layer."""
    layers: list[tuple[str, Op, Sequence[str]]] = [
        ("g/a", Linear(features=8), ["x"]),
        ("h/b", Linear(features=8), ["g/a"]),
        ("g/c", Linear(features=8), ["h/b"]),
        ("h/d", Linear(features=8), ["g/c"]),
        ("swap/p", Add(), ["h/d", "g/a"]),
        ("swap/q", Add(), ["g/c", "h/d"]),
        ("e1", Add(), ["swap/p", "swap/q"]),
        ("e2", Add(), ["swap/q", "swap/p"]),
        ("twice", Add(), ["e1", "e1"]),
        ("z", Add(), ["twice", "e2"]),
        ("unused", Relu(), ["z"]),
    ]
    return built("Tangled", {"x": [4, 8], "idle": [1]}, layers, ["z", "e2", "x"])


def hostile() -> Graph:
    group = HOSTILE.replace("/", "")
    layers: list[tuple[str, Op]] = [
        (f"{group}/{group}!", Linear(features=3)),
        (f"{group}/1", Dropout(rate=0.125)),
        ("名前!", Linear(features=4)),
        (f"{'w' * 300}/{'n' * 300}!", Relu()),
    ]
    graph = chained(HOSTILE, [named("B"), 2], layers, HOSTILE)
    said = built(HOSTILE, {group: [2]}, [("said", Add(words=HOSTILE), [group, group])], ["said"])
    return built(
        HOSTILE,
        {group: [named("B"), 2]},
        [
            *(("/".join(node.path) + "!" * node.is_named, node.op, [group]) for node in graph.nodes),
            *(("/".join(node.path), node.op, [group, group]) for node in said.nodes),
        ],
        ["名前", "said"],
        HOSTILE,
    )


def scattered(seed: int) -> Graph:
    """Any graph at all: layers take any earlier values and stand in any groups."""
    random = Random(seed)  # noqa: S311 - a test wants numbers that it can repeat, not secrets.
    names = ["x", "y"]
    layers: list[tuple[str, Op, Sequence[str]]] = []
    for number in range(random.randint(3, 24)):
        group = random.choice(["", "", "a/", "b/", "a/c/", "a/c/d/", "b/e/"])
        sources = [random.choice(names[-random.choice([1, 2, 9]) :]) for _ in range(2)]
        op, taken = random.choice([(Add(), sources), (Relu(), sources[:1]), (Linear(features=8), sources[:1])])
        layers.append((f"{group}n{number}", op, taken))
        names.append(layers[-1][0])
    return built(f"Scattered {seed}", {"x": [8], "y": [8]}, layers, [names[-1], random.choice(names)])


ROOT = FilePath(__file__).parent.parent / "specs"
SPECS = {
    f"{path.relative_to(ROOT)}{f':{variant}' if variant else ''}": (path, variant)
    for path in sorted([*ROOT.rglob("*.arch"), *ROOT.rglob("*.yaml")])
    for variant in (variants_of(path)[:1] or ("",))
}

GRAPHS: dict[str, Callable[[], Graph]] = {
    "deep": deep,
    "flat": flat,
    "residual": residual,
    "tangled": tangled,
    "hostile": hostile,
    **{f"scattered {seed}": partial(scattered, seed) for seed in range(40)},
    **{name: partial(loaded, path, variant) for name, (path, variant) in SPECS.items()},
}

DRAWINGS = {
    "as it is": Drawing(),
    "closed": Drawing(depth=0),
    "open": Drawing(depth=99),
    "to the right": Drawing(direction=Direction.RIGHT),
}


@cache
def graph_of(name: str) -> Graph:
    return GRAPHS[name]()


@cache
def view_of(name: str, how: str = "open") -> View:
    return folding.view_of(graph_of(name), DRAWINGS[how])


@cache
def chart_of(name: str, how: str = "open") -> Chart:
    return layout(view_of(name, how), DRAWINGS[how])


every_graph = pytest.mark.parametrize("name", GRAPHS)
every_chart = pytest.mark.parametrize(("name", "how"), [(name, how) for name in GRAPHS for how in DRAWINGS])


def items_of(chart: Chart) -> dict[str, Rectangle]:
    """What arrows meet as one: cards that touch each other, by the first of them."""
    found: dict[str, Rectangle] = {}
    for card in chart.cards:
        place = card.rectangle
        if before := found.get(card.item):
            place = Rectangle(before.x, before.y, before.width, place.bottom - before.y)
        found[card.item] = place
    return found


def written(graph: Graph, target: str) -> str:
    return BACKEND.write(graph, next(each for each in BACKEND.targets if each.name == target)).decode()


def extent(line: Line) -> Rectangle:
    """Where a line of text is, by the metrics of its font; the parts of a pixel that rounding takes do not count."""
    wide = font.width_of(line.runs, line.size)
    left = line.at.x if line.starts else line.at.x - wide / 2
    return Rectangle(left, line.at.y - font.ASCENT * line.size, wide, (font.ASCENT + font.DESCENT) * line.size)


def segments(chart: Chart) -> list[tuple[str, str, Rectangle]]:
    return [
        (
            edge.source,
            edge.target,
            Rectangle(min(a.x, b.x), min(a.y, b.y), abs(a.x - b.x), abs(a.y - b.y)),
        )
        for edge in chart.edges
        for a, b in pairwise(edge.points)
    ]


@every_chart
def test_everything_is_drawn_once(name: str, how: str) -> None:
    graph, view, chart = graph_of(name), view_of(name, how), chart_of(name, how)
    shown = [node.path for item in view.items.values() for node in item.nodes]
    assert len(set(shown)) == len(shown)
    # What is not shown is a later pass of a repeat, of which the first is.
    repeated = {each for repeat in graph.repeats for members in repeat.passes[1:] for each in members}
    for node in graph.nodes:
        inside = {node.path[: depth + 1] for depth in range(len(node.path))}
        assert node.path in set(shown) or inside & repeated, node.name
    ends = len(graph.inputs) + len(graph.outputs)
    assert len(chart.cards) == ends + sum(
        1 if item.group else len(item.nodes) for item in view.items.values() if item.nodes
    )
    assert len(chart.edges) == len(view.structure.links)
    identities = [*(card.identity for card in chart.cards), *(frame.identity for frame in chart.frames)]
    assert len(set(identities)) == len(identities)
    assert {entry.family for entry in chart.legend} == {card.family for card in chart.cards} - {None}


@every_graph
def test_what_is_open_hides_no_layer_but_those_of_later_passes(name: str) -> None:
    view = view_of(name)
    assert not any(item.group for item in view.items.values())


@every_chart
def test_cards_and_frames_do_not_overlap(name: str, how: str) -> None:
    chart = chart_of(name, how)
    sheet = Rectangle(0, 0, chart.width, chart.height)
    for card in chart.cards:
        assert sheet.contains(card.rectangle)
    for left, right in combinations(chart.cards, 2):
        assert not left.rectangle.overlaps(right.rectangle), (left.identity, right.identity)
    around = groups_around(view_of(name, how))
    for one, other in combinations(chart.frames, 2):
        a, b = one.rectangle, other.rectangle
        related = one.identity in around[other.identity] or other.identity in around[one.identity]
        assert (a.contains(b) or b.contains(a)) if related else not a.overlaps(b), (one.identity, other.identity)


@pytest.mark.parametrize("how", DRAWINGS)
@pytest.mark.parametrize("name", SPECS)
def test_no_line_of_a_value_is_drawn_twice(name: str, how: str) -> None:
    chart = chart_of(name, how)
    drawn: dict[str, list[tuple[Point, Point]]] = {}
    for edge, points in painting.ways(chart):
        assert points[-1] == edge.points[-1]
        before = drawn.setdefault(edge.source, [])
        for start, end in pairwise(points):
            for first, last in before:
                on_one = start.x == end.x == first.x == last.x or start.y == end.y == first.y == last.y
                assert not on_one or shared((start, end), (first, last)) < 0.1, edge
        before += pairwise(points)


def shared(one: tuple[Point, Point], other: tuple[Point, Point]) -> float:
    """How far two stretches of one line run together."""
    (first, last), (begin, end) = (sorted((a.x + a.y, b.x + b.y)) for a, b in (one, other))
    return min(last, end) - max(first, begin)


@pytest.mark.parametrize("name", [name for name in SPECS if name.startswith("attention/bert")])
def test_what_two_inputs_join_to_stands_in_the_middle(name: str) -> None:
    chart = chart_of(name, "as it is")
    places = {card.identity: card.rectangle for card in chart.cards}
    words, segments = (places[f"input.{each}"].centre.x for each in ("words", "segments"))
    joint = min((card for card in chart.cards if card.form is Form.SIGN), key=lambda card: card.rectangle.y)
    middle = joint.rectangle.centre.x
    assert middle == pytest.approx((words + segments) / 2)
    assert {edge.points[-1].x - middle for edge in chart.edges if edge.target == joint.identity} == {-12, 12}
    # So does what follows, until it parts again.
    following = [place for place in places.values() if place.y >= joint.rectangle.y]
    apart = min((place.y for place in following if abs(place.centre.x - middle) > 0.01), default=chart.height)
    assert sum(place.y < apart for place in following) > 8
    assert (apart < chart.height) == (len([card for card in chart.cards if card.identity.startswith("output.")]) > 1)


@every_chart
def test_a_frame_ends_a_padding_behind_what_is_in_it(name: str, how: str) -> None:
    """That is 8 pixels where the model leads out of it, and 16 beside, but 24 where a title is there. Lanes within a
    frame are beside what is in it too."""
    chart = chart_of(name, how)
    right = DRAWINGS[how].direction is Direction.RIGHT

    def turned(place: Rectangle, further: float = 0) -> Rectangle:
        """As if the model ran down."""
        if not right:
            return place
        return Rectangle(place.y, place.x, place.height, place.width + further)

    places = [turned(card.rectangle, STACKED * card.stacks) for card in chart.cards]
    places += [turned(pill.rectangle) for pill in chart.pills]
    frames = [turned(frame.rectangle) for frame in chart.frames]
    lines = [turned(line) for _, _, line in segments(chart)]
    for frame in frames:
        inside = [each for each in (*places, *frames) if each != frame and frame.contains(each)]
        assert frame.bottom - max(each.bottom for each in inside) == pytest.approx(8, abs=0.02)
        first, last = min(each.x for each in inside), max(each.right for each in inside)
        upright = [line.x for line in lines if line.height > 0 and frame.y < line.y and line.bottom < frame.bottom]
        if not any(frame.x < line < first for line in upright):
            assert first - frame.x == pytest.approx(24 if right else 16, abs=0.02)
        if not any(last < line < frame.right for line in upright):
            assert frame.right - last == pytest.approx(16, abs=0.02)


def groups_around(view: View) -> dict[str, set[str]]:
    """The identities of the frames around each card and frame."""
    found: dict[str, set[str]] = {}
    for path, container in view.containers.items():
        outer = (path[:depth] for depth in range(1, len(path)))
        found[container.identity] = {view.containers[each].identity for each in outer}
    for key, item in view.items.items():
        groups = (key.group[:depth] for depth in range(1, len(key.group) + 1))
        found[item.identity] = {view.containers[each].identity for each in groups}
    return found


@every_chart
def test_frames_hold_their_members_and_nothing_else(name: str, how: str) -> None:
    chart, around = chart_of(name, how), groups_around(view_of(name, how))
    for frame in chart.frames:
        for card in chart.cards:
            if frame.identity in around[card.item]:
                assert frame.rectangle.contains(card.rectangle), (frame.identity, card.identity)
            else:
                assert not frame.rectangle.overlaps(card.rectangle), (frame.identity, card.identity)


@every_chart
def test_text_is_inside_its_card(name: str, how: str) -> None:
    chart = chart_of(name, how)
    sheet = Rectangle(0, 0, chart.width, chart.height)
    for card in chart.cards:
        for line in card.lines:
            assert card.rectangle.contains(extent(line)), line.text
    for pill in chart.pills:
        assert pill.rectangle.contains(extent(pill.line)), pill.line.text
    for frame in chart.frames:
        assert frame.rectangle.x < frame.halo.x
        assert frame.halo.right <= frame.rectangle.right, frame.title.text
        if frame.badge is not None and frame.badge_box is not None:
            assert frame.badge_box.contains(extent(frame.badge))
            assert not frame.badge_box.overlaps(frame.halo)
    for line in (*chart.headings, *(entry.line for entry in chart.legend)):
        assert sheet.contains(extent(line)), line.text


@every_chart
def test_edges_run_from_card_to_card(name: str, how: str) -> None:
    chart = chart_of(name, how)
    items = items_of(chart)
    item_of = {card.identity: card.item for card in chart.cards}
    forms = {card.identity: card.form for card in chart.cards}
    for edge in chart.edges:
        source, target = items[item_of[edge.source]], items[item_of[edge.target]]
        start, end = edge.points[0], edge.points[-1]
        assert is_on_edge(start, source), edge
        if forms[edge.target] in ROUND:
            assert abs(depth(end, target)) < 0.02, edge
        else:
            assert is_on_edge(end, target), edge
        assert all(a.x == b.x or a.y == b.y for a, b in pairwise(edge.points))
        before = edge.points[-2]
        assert abs(end.y - before.y) + abs(end.x - before.x) >= 7.9, "an arrowhead needs a shaft"


ROUND = (Form.SIGN, Form.MERGE)


def depth(point: Point, place: Rectangle) -> float:
    """How far inside the round outline of a merge a point is."""
    across, down = place.width / 2, place.height / 2
    rounding = min(across, down, ROUNDING)
    beside = max(abs(point.x - place.centre.x) - (across - rounding), 0)
    above = max(abs(point.y - place.centre.y) - (down - rounding), 0)
    return rounding - hypot(beside, above)


def is_on_edge(point: Point, place: Rectangle) -> bool:
    """Whether a point is on the outline of a card, and not at a corner; the parts of a pixel do not count."""
    across = place.x < point.x < place.right
    down = place.y < point.y < place.bottom
    level = min(abs(point.y - place.y), abs(point.y - place.bottom)) < 0.02
    upright = min(abs(point.x - place.x), abs(point.x - place.right)) < 0.02
    return (across and level) or (down and upright)


@every_chart
def test_edges_keep_out_of_cards(name: str, how: str) -> None:
    chart = chart_of(name, how)
    cards = {card.identity: card for card in chart.cards}
    for source, target, segment in segments(chart):
        assert segment.x >= 0
        assert segment.right <= chart.width
        for card in cards.values():
            if cards[target].form in ROUND and card.identity == target:
                continue  # Its corners are round: an arrow may end inside the rectangle around it.
            assert not segment.overlaps(card.rectangle), (source, target, card.identity)


@every_chart
def test_edges_of_different_values_do_not_run_on_top_of_each_other(name: str, how: str) -> None:
    lines = segments(chart_of(name, how))
    for (source, _, a), (other, _, b) in combinations(lines, 2):
        if source == other:
            continue
        upright = a.width == b.width == 0 and a.x == b.x and a.y < b.bottom and b.y < a.bottom
        level = a.height == b.height == 0 and a.y == b.y and a.x < b.right and b.x < a.right
        assert not upright, (source, other, a, b)
        assert not level, (source, other, a, b)


@pytest.mark.parametrize(("name", "how"), [(name, how) for name in GRAPHS for how in ("as it is", "closed", "open")])
def test_upright_lines_keep_their_distance(name: str, how: str) -> None:
    chart, around = chart_of(name, how), groups_around(view_of(name, how))
    item_of = {card.identity: card.item for card in chart.cards}
    for source, target, line in segments(chart):
        if line.height == 0:
            continue
        near = Rectangle(line.x - 4, line.y, 8, line.height)
        ends = (item_of[source], item_of[target])
        for card in chart.cards:
            assert card.item in ends or not near.overlaps(card.rectangle), (source, target, card.identity)
        for frame in chart.frames:
            for border in (frame.rectangle.x, frame.rectangle.right):
                drawn = Rectangle(border, frame.rectangle.y, 0, frame.rectangle.height)
                assert not near.overlaps(drawn), (source, target, frame.identity)
            ends_inside = any(frame.identity in around[end] for end in ends)
            assert ends_inside or not line.overlaps(frame.rectangle), (source, target, frame.identity)


@every_chart
def test_labels_overlap_nothing(name: str, how: str) -> None:
    chart = chart_of(name, how)
    item_of = {card.identity: card.item for card in chart.cards}
    labels = [(pill.source, pill.rectangle) for pill in chart.pills]
    labels += [(frame.identity, frame.halo) for frame in chart.frames]
    labels += [(frame.identity, frame.badge_box) for frame in chart.frames if frame.badge_box is not None]
    labels += [(line.text, extent(line)) for line in chart.headings]
    labels += [(entry.line.text, extent(entry.line)) for entry in chart.legend]
    for (left, a), (right, b) in combinations(labels, 2):
        assert not a.overlaps(b), (left, right)
    for label, rectangle in labels:
        for card in chart.cards:
            assert not rectangle.overlaps(card.rectangle), (label, card.identity)
    for pill in chart.pills:
        for source, _, segment in segments(chart):
            assert item_of[source] == pill.source or not segment.overlaps(pill.rectangle), (source, pill.source)


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
