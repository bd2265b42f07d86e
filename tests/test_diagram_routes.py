"""The ways of arrows: ports in the order of the inputs, and nothing that crosses without need."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from random import Random

import pytest

import archspec
from archspec.drawing import Direction, Drawing, Engine
from archspec_diagram import font
from archspec_diagram.chart import Chart, Edge
from archspec_diagram.folding import view_of
from archspec_diagram.layout import layout
from archspec_diagram.painting import letter_of
from archspec_diagram.picture import Line, Rectangle
from archspec_diagram.structure import Key, Kind
from archspec_diagram.track import Across, Turn, tracks_of

SPECS = Path(__file__).parent.parent / "specs"

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` is not here")

every_direction = pytest.mark.parametrize("direction", Direction)


def chain(last: str) -> str:
    """Four layers one after the other, and what is made of them."""
    return f"""
    model M {{
        input x: [B, 8]
        a = linear(8)
        b = linear(8)
        c = linear(8)
        d = linear(8)
        {last}
    }}
    """


def drawn(text: str, direction: Direction = Direction.DOWN) -> Chart:
    drawing = Drawing(direction=direction, depth=99)
    return layout(view_of(archspec.loads(text, syntax="arch").graph, drawing), drawing)


def extent(line: Line) -> Rectangle:
    """Where a letter is that has neither accent nor tail."""
    return Rectangle(line.at.x, line.at.y - 0.73 * line.size, font.width_of(line.runs, line.size), 0.73 * line.size)


def crossings(chart: Chart) -> int:
    """How often the lines of two values cross."""
    item = {card.identity: card.item for card in chart.cards}
    lines = {(item[edge.source], *ends) for edge in chart.edges for ends in pairwise(edge.points)}
    level = [(source, min(a, b), max(a, b)) for source, a, b in lines if a.y == b.y]
    upright = [(source, min(a, b), max(a, b)) for source, a, b in lines if a.x == b.x]
    return sum(
        one != other and left.x < top.x < right.x and top.y < left.y < bottom.y
        for one, left, right in level
        for other, top, bottom in upright
    )


def round_from_the_left(edge: Edge, target: Rectangle, direction: Direction) -> tuple[int, float]:
    """Where an arrow ends at a box: up its left side, along its upper edge, and down its right side; of a model that
    runs to the right, the upper edge is the left one."""
    end, centre = edge.points[-1], target.centre
    across, down = end.x - centre.x, end.y - centre.y
    if direction is Direction.RIGHT:
        across, down = down, across
    width = target.width if direction is Direction.DOWN else target.height
    side = round(2 * across / width) if abs(across) > width / 2 - 0.02 else 0
    return side, down * side or across


def mountains() -> Iterator[str]:
    """The earlier layers on both sides of the last one, the first of them outside."""
    for chosen in product("<>-", repeat=3):
        sides = list(zip("abc", chosen, strict=True))
        before = [name for name, side in sides if side == "<"]
        after = [name for name, side in reversed(sides) if side == ">"]
        if before or after:
            yield ", ".join([*before, "d", *after])


@every_direction
@pytest.mark.parametrize("order", list(mountains()))
def test_skips_into_a_concatenation_keep_its_order_and_cross_nothing(order: str, direction: Direction) -> None:
    chart = drawn(chain(f"joined = ({order}) -> concat"), direction)
    target = next(card.rectangle for card in chart.cards if card.identity == "layer.joined")
    arrows = [edge for edge in chart.edges if edge.target == "layer.joined"]
    arrows.sort(key=lambda edge: round_from_the_left(edge, target, direction))
    assert [edge.source for edge in arrows] == [f"layer.{name}" for name in order.split(", ")]
    assert crossings(chart) == 0


@pytest.mark.parametrize(
    "layers",
    [
        "repeat 3 { residual { linear(8) -> relu -> linear(8) } }",
        "repeat 3 { concat {\n _\n linear(8) -> relu\n } -> linear(8) }",
        "repeat 3 { concat {\n linear(8) -> relu\n _\n } -> linear(8) }",
        "concat {\n linear(8)\n linear(8) -> relu\n linear(8) -> relu -> linear(8)\n _\n }",
        "concat {\n _\n linear(8)\n linear(8) -> relu\n linear(8) -> relu -> linear(8)\n }",
    ],
    ids=["sums", "skips on the left", "skips on the right", "branches and a skip", "a skip and branches"],
)
@every_direction
def test_skips_and_branches_cross_nothing(layers: str, direction: Direction) -> None:
    assert crossings(drawn(chain(layers), direction)) == 0


@pytest.mark.parametrize(
    "spec", ["googlenet.arch", "resnet.arch:resnet50", "inception_resnet.arch:inception_resnet_v2", "unet.arch"]
)
def test_models_of_blocks_are_drawn_without_a_crossing(spec: str) -> None:
    drawing = Drawing(depth=99)
    graph = archspec.load(f"{SPECS}/vision/{spec}").graph
    assert crossings(layout(view_of(graph, drawing), drawing)) == 0


def test_a_sum_has_its_skips_on_the_right_whichever_comes_first() -> None:
    for order in ("a + d", "d + a"):
        chart = drawn(chain(f"total = {order}"))
        centre = next(card.rectangle.centre for card in chart.cards if card.identity == "layer.total")
        (skip,) = [edge for edge in chart.edges if edge.skips and edge.target == "layer.total"]
        assert max(point.x for point in skip.points) > centre.x + 24


def test_a_skip_to_a_sum_is_on_the_left_where_only_that_side_is_free() -> None:
    """A lane on the right would lead around the frames that stand beside, through which it would have to come back."""
    chart = layout(view_of(archspec.load(SPECS / "memory/end_to_end.arch").graph, Drawing()), Drawing())
    places = {card.identity: card.rectangle for card in chart.cards}
    skips = [edge for edge in chart.edges if edge.skips and edge.target.startswith(("layer.hop1.", "layer.last."))]
    assert any(edge.points[-1].x == pytest.approx(places[edge.target].x) for edge in skips)
    for edge in chart.edges:
        for frame in (each.rectangle for each in chart.frames):
            if not frame.contains(places[edge.source]) and not frame.contains(places[edge.target]):
                assert not any(frame.overlaps(each) for each in pieces(edge)), edge


def pieces(edge: Edge) -> Iterator[Rectangle]:
    for one, other in pairwise(edge.points):
        left, top = min(one.x, other.x), min(one.y, other.y)
        yield Rectangle(left, top, abs(one.x - other.x) or 0.01, abs(one.y - other.y) or 0.01)


# --------------------------------------------------------------------------------------------------------- letters

FORMULAS = """
    model M {
        input x: [B, 16]
        input y: [B, 16]
        z = x -> linear(16)
        g = y -> linear(16) -> sigmoid
        h = g * z + (1 - g) * x
        d = h - z
        e = x / d
        k = e - x * h
        all = d * g * e + k
        left = (all, k) -> sub
        left * all
    }
"""
LETTERS = {
    "layer.h": {"layer.g.1": "a", "layer.z": "b", "input.x": "c"},
    "layer.d": {"layer.h": "a", "layer.z": "b"},
    "layer.e": {"input.x": "a", "layer.d": "b"},
    "layer.k": {"layer.e": "a", "input.x": "b", "layer.h": "c"},
    "layer.all": {"layer.d": "a", "layer.g.1": "b", "layer.e": "c", "layer.k": "d"},
    "layer.left": {"layer.all": "a", "layer.k": "b"},
}


@every_direction
@pytest.mark.parametrize("engine", [Engine.OWN, pytest.param(Engine.DOT, marks=needs_dot)])
def test_arrows_to_a_formula_say_which_of_its_letters_they_are(direction: Direction, engine: Engine) -> None:
    drawing = Drawing(direction=direction, layout=engine)
    chart = layout(view_of(archspec.loads(FORMULAS, syntax="arch").graph, drawing), drawing)
    found: dict[str, dict[str, str]] = {}
    for edge in chart.edges:
        if edge.letter:
            found.setdefault(edge.target, {})[edge.source] = edge.letter
    assert found == LETTERS


@every_direction
def test_the_letter_of_an_arrow_lies_on_nothing(direction: Direction) -> None:
    chart = drawn(FORMULAS, direction)
    texts = [extent(letter_of(edge)) for edge in chart.edges if edge.letter]
    assert texts
    others = [card.rectangle for card in chart.cards] + [pill.rectangle for pill in chart.pills]
    others += [piece for edge in chart.edges for piece in pieces(edge)]
    for number, text in enumerate(texts):
        assert not any(text.overlaps(each) for each in (*others, *texts[:number]))


# ---------------------------------------------------------------------------------------------------------- tracks


def key(name: str) -> Key:
    return Key(Kind.LAYER, (name,))


def at(place: float) -> Across:
    return (place, 0, 0)


def test_the_line_that_must_go_down_first_is_the_lower_one() -> None:
    for turns in ([("a", 0, 8), ("b", 4, 12)], [("b", 4, 12), ("a", 0, 8)]):
        tracks, counts = tracks_of(Turn(3, key(name), (at(start),), (at(end),)) for name, start, end in turns)
        assert tracks == {(3, key("a")): 1, (3, key("b")): 0}
        assert counts == {3: 2}


def test_lines_on_one_track_do_not_meet() -> None:
    for seed in range(200):
        random = Random(seed)  # noqa: S311 - a test wants numbers that it can repeat, not secrets.
        spans = {f"n{number}": (random.randint(0, 30), random.randint(0, 30)) for number in range(random.randint(1, 9))}
        turns = [Turn(0, key(name), (at(start),), (at(end),)) for name, (start, end) in spans.items()]
        tracks, counts = tracks_of(turns)
        assert counts[0] == len(set(tracks.values()))
        for one, (a, b) in spans.items():
            for other, (c, d) in spans.items():
                if one < other and tracks[0, key(one)] == tracks[0, key(other)]:
                    assert max(a, b) < min(c, d) or max(c, d) < min(a, b)
