"""Diagrams: laws of every picture, over graphs of all kinds and over all specs."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import hypot

import pytest

from archspec.drawing import Direction
from archspec_diagram import painting
from archspec_diagram.chart import ROUNDING, STACKED, Form
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.view import View
from tests.diagrams import (
    DRAWINGS,
    GRAPHS,
    SPECS,
    chart_of,
    every_chart,
    every_graph,
    extent,
    graph_of,
    items_of,
    segments,
    view_of,
)


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
