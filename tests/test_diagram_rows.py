"""Figures that run to the right: what is wider than a page is in rows, and nothing is lost or torn by that."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from archspec.drawing import Direction, Drawing
from archspec_diagram.chart import Chart, Edge
from archspec_diagram.chart_rows import in_rows
from archspec_diagram.folding import view_of
from archspec_diagram.layout import layout
from archspec_diagram.picture import Rectangle
from tests.read_once import read_once

SPECS = Path(__file__).parent.parent / "specs"
FILES = tuple(str(path.relative_to(SPECS)) for path in sorted(SPECS.rglob("*")) if path.suffix in (".arch", ".yaml"))
CHAINS = (
    "alexnet.arch",
    "vision/vgg.arch",
    "vision/resnet.arch",
    "vision/googlenet.arch",
    "vision/nin.yaml",
    "vision/resnet_cifar.arch",
    "attention/bert.arch",
    "attention/gpt2.arch",
)
"""Those that are much wider than a page, and can be cut anywhere but in what stands side by side. Where a block begins
with a skip, two arrows of one value are cut as one."""


@cache
def in_a_row(name: str) -> Chart:
    drawing = Drawing(direction=Direction.RIGHT)
    return layout(view_of(read_once(SPECS / name).graph, drawing), drawing, 1.0)


@cache
def chart(name: str) -> Chart:
    return in_rows(in_a_row(name))


def pieces(edge: Edge) -> list[Rectangle]:
    """The parts of an arrow, which run along or across."""
    found = []
    for one, other in pairwise(edge.points):
        assert one.x == pytest.approx(other.x) or one.y == pytest.approx(other.y)
        left, top = min(one.x, other.x), min(one.y, other.y)
        found.append(Rectangle(left, top, abs(one.x - other.x), abs(one.y - other.y)))
    return found


@pytest.mark.parametrize("name", CHAINS)
def test_what_is_wider_than_a_page_is_in_rows(name: str) -> None:
    assert in_a_row(name).width > 2000
    assert chart(name).width <= 1200


def test_a_u_stands_upright_whichever_way_the_model_runs() -> None:
    drawing = Drawing(direction=Direction.DOWN)
    assert chart("vision/unet.arch") == layout(view_of(read_once(SPECS / "vision/unet.arch").graph, drawing), drawing)


def test_what_fits_is_left_as_it_is() -> None:
    assert chart("sequence/jordan.yaml") is in_a_row("sequence/jordan.yaml")


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_lost_and_all_is_on_the_sheet(name: str) -> None:
    before, found = in_a_row(name), chart(name)
    assert found.width <= before.width
    assert [(card.identity, card.rectangle.width) for card in found.cards] == [
        (card.identity, card.rectangle.width) for card in before.cards
    ]
    assert [(edge.source, edge.target) for edge in found.edges] == [(edge.source, edge.target) for edge in before.edges]
    assert [pill.line.text for pill in found.pills] == [pill.line.text for pill in before.pills]
    titles = [frame.title.text for frame in before.frames if frame.title.text]
    assert [frame.title.text for frame in found.frames if frame.title.text] == titles
    sheet = Rectangle(0, 0, found.width, found.height)
    assert all(sheet.contains(card.rectangle) for card in found.cards)
    assert all(sheet.contains(pill.rectangle) for pill in found.pills)
    assert all(sheet.contains(frame.rectangle) for frame in found.frames)
    assert all(sheet.contains(piece) for edge in found.edges for piece in pieces(edge))
    identities = [frame.identity for frame in found.frames]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("name", FILES)
def test_nothing_overlaps(name: str) -> None:
    found = chart(name)
    boxes = [card.rectangle for card in found.cards] + [pill.rectangle for pill in found.pills]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    frames = [frame.rectangle for frame in found.frames]
    for one, other in combinations(frames, 2):
        assert not one.overlaps(other) or one.contains(other) or other.contains(one)
    for frame in frames:
        assert all(frame.contains(box) or not frame.overlaps(box) for box in boxes)


@pytest.mark.parametrize("name", FILES)
def test_arrows_run_from_card_to_card_and_through_none(name: str) -> None:
    found = chart(name)
    item_of = {card.identity: card.item for card in found.cards}
    for edge in found.edges:
        ends = {"source": (edge.points[0], item_of[edge.source]), "target": (edge.points[-1], item_of[edge.target])}
        for word, (point, item) in ends.items():
            boxes = [card.rectangle for card in found.cards if card.item == item]
            spot = Rectangle(point.x - 0.1, point.y - 0.1, 0.2, 0.2)
            assert any(spot.overlaps(box) for box in boxes), f"the {word} of {edge.source} to {edge.target}"
        others = [card.rectangle for card in found.cards if card.item not in {item for _, item in ends.values()}]
        for piece in pieces(edge):
            # A line along an edge is beside a card, and not in it.
            inside = Rectangle(piece.x + 0.2, piece.y + 0.2, piece.width - 0.4, piece.height - 0.4)
            assert not any(inside.overlaps(box) for box in others), f"{edge.source} to {edge.target}"
