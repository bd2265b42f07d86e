"""Diagrams in a browser: it shows what our PNGs show, and a page goes through the pictures that the command draws.

Pictures of pixels are compared by their worst places, in one font: see `tests/pixels.py`. Where there is no Chromium,
nothing of this can be known.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

import archspec
from archspec.drawing import Drawing
from archspec.graph import Graph
from archspec_diagram import BACKEND, font
from archspec_diagram.picture import Box, Ink, Mark, Part, Polygon, Polyline, Text, moved
from archspec_diagram.png import png
from archspec_diagram.svg import svg
from archspec_diagram.views import picture_of
from tests.chromium import Browser, Page
from tests.pixels import difference

SPECS: Final = Path(__file__).parent.parent / "specs"

SMALL: Final = """
block Twice(width) {
    first  = linear(width) -> relu
    second = linear(width)
}

block Pair(width) {
    left  = Twice(width)
    right = Twice(width)
}

model Small {
    input x: [B, 4]

    one = Pair(8)
    two = Pair(16)
    residual { linear(16) }
}
"""


@pytest.fixture(scope="module")
def paper(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """An empty page on which pictures are drawn, in the font of our PNGs, and compared."""
    faces = [
        f'@font-face {{ font-family: "Bitstream Vera Sans"; font-weight: {weight}; src: url({Path(file).as_uri()}); }}'
        for file, weight in zip(font.files(), ("normal", "bold"), strict=True)
    ]
    style = " ".join((*faces, "body { margin: 0 }", "svg { display: block }"))
    file = tmp_path_factory.mktemp("paper") / "paper.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8"><title>paper</title><style>{style}</style><body></body>')
    with browser.page(file, 100, 100) as page:
        yield page


def shown(paper: Page, text: str, size: tuple[float, float], *, scale: int = 2, dark: bool = False) -> bytes:
    """What a browser makes of a text of SVG, in a window of a size."""
    width, height = map(math.ceil, size)
    paper.resize(width, height, scale)
    paper.turn(dark=dark)
    # Fonts are loaded once there is a text in them, and read when the style is known.
    paper.run(f"document.body.innerHTML = {json.dumps(text)}; document.body.getClientRects(); document.fonts.ready")
    return paper.screenshot()


def darkened(value: Any) -> Any:
    """A picture, or a part of it, whose light colours are its dark ones: in PNG there are no others."""
    if isinstance(value, Ink):
        return Ink(value.name, value.dark, value.dark)
    if type(value) is tuple:
        return tuple(map(darkened, value))
    if isinstance(value, Struct):
        return replace(value, **{name: darkened(part) for name, part in asdict(value).items()})
    return value


# ---------------------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("spec", "style"),
    [("attention/gpt2.arch", "graph"), ("lenet.arch", "volumes"), ("sequence/peephole.arch", "cells")],
    ids=["graph", "volumes", "cells"],
)
def test_a_browser_shows_what_a_png_has(paper: Page, spec: str, style: str, dark: bool) -> None:
    picture = picture_of(archspec.load(SPECS / spec).graph, Drawing(style=style))
    ours = png(darkened(picture) if dark else picture)
    seen = shown(paper, svg(picture), (picture.width, picture.height), dark=dark)
    assert paper.run("[...document.fonts].every((each) => each.status === 'loaded')")
    found = difference(paper, ours, seen)
    assert not found.is_seen, found


class Place(NamedTuple):
    """A mark of a picture, with where it stands: its number, in the part with the number before that, and so on."""

    numbers: tuple[int, ...]
    mark: Mark


def places(marks: tuple[Mark, ...], numbers: tuple[int, ...] = ()) -> Iterator[Place]:
    for number, mark in enumerate(marks):
        if isinstance(mark, Part):
            yield from places(mark.marks, (*numbers, number))
        else:
            yield Place((*numbers, number), mark)


def changed(marks: tuple[Mark, ...], numbers: tuple[int, ...], mark: Mark | None) -> tuple[Mark, ...]:
    """The marks with another at a place, or with none there."""
    number, *rest = numbers
    new: tuple[Mark, ...] = () if mark is None else (mark,)
    if rest:
        part = marks[number]
        assert isinstance(part, Part)
        new = (replace(part, marks=changed(part.marks, tuple(rest), mark)),)
    return (*marks[:number], *new, *marks[number + 1 :])


def kind(mark: Mark) -> tuple[object, ...]:
    """What is drawn alike has one: the sort of a mark, and its colours."""
    if isinstance(mark, Part):
        return (Part,)
    if isinstance(mark, Text):
        return (Text, mark.ink.name)
    return (type(mark), *(ink.name for ink in (mark.paint.fill, mark.paint.stroke) if ink))


def test_a_picture_without_one_of_its_marks_is_another(paper: Page) -> None:
    small = archspec.loads("model M {\n input x: [B, 4]\n sum = { residual { linear(4) } }\n}")
    picture = picture_of(small.graph, Drawing(depth=1))
    seen = shown(paper, svg(picture), (picture.width, picture.height))
    assert not difference(paper, png(picture), seen).is_seen
    # One of each kind, but for paper behind titles and shapes: moved a little, it hides what it hid.
    hiding = {(Box, picture.paper.name), (Box, picture.paper.name, "pill")}
    tried = {kind(place.mark): place for place in places(picture.marks) if kind(place.mark) not in hiding}
    assert {each for each, *_ in tried} == {Box, Text, Polygon, Polyline}
    for place in tried.values():
        for instead in (None, moved(place.mark, 3, 0)):
            broken = replace(picture, marks=changed(picture.marks, place.numbers, instead))
            found = difference(paper, png(broken), seen)
            assert found.is_seen, (place, instead, found)


# -------------------------------------------------------------------------------------------------------------- pages


BARE: Final = """
document.head.append(Object.assign(document.createElement("style"), {textContent: `
  body > * { visibility: hidden; }
  #view > svg, #view > svg * { visibility: visible; }
  #view .shade, #view .turns, #view .turns * { visibility: hidden; }
`}))
"""
"""What leaves of a page the diagram alone, without what is added to it for its reader."""

LOOK: Final = """
(() => {
  const {x, y, width, height} = document.getElementById("view").getBoundingClientRect();
  return {x, y, width, height, look: document.querySelector("#view > svg").getAttribute("viewBox")};
})()
"""
"""Where the diagram is in the window, and what of it is there."""

WINDOW: Final = (900, 700)


def page_of(browser: Browser, folder: Path, graph: Graph, drawing: Drawing) -> AbstractContextManager[Page]:
    file = folder / "page.html"
    target = next(each for each in BACKEND.targets if each.name == "html")
    file.write_bytes(BACKEND.draw(graph, target, drawing))
    return browser.page(file, *WINDOW)


def bare(page: Page) -> bytes:
    """What is seen of the diagram of a page."""
    page.run(BARE)
    seen = page.screenshot()
    page.run("document.head.lastElementChild.remove()")
    return seen


def still(beside: Page, page: Page, text: str) -> bytes:
    """The part of a drawing that a page shows, where it shows it."""
    seen = page.run(LOOK)
    place = f'width="{seen["width"]}" height="{seen["height"]}" viewBox="{seen["look"]}"'
    style = f'style="position: absolute; left: {seen["x"]}px; top: {seen["y"]}px"'
    text = re.sub('width="[^"]*" height="[^"]*" viewBox="[^"]*"', f"{place} {style}", text, count=1)
    return shown(beside, text, WINDOW, scale=1)


def test_a_page_goes_through_the_pictures_that_the_command_draws(browser: Browser, paper: Page, tmp_path: Path) -> None:
    graph = archspec.loads(SMALL).graph
    blank = tmp_path / "blank.html"
    blank.write_text('<!DOCTYPE html><meta charset="utf-8"><style>body { margin: 0 }</style><body></body>')
    # In the fonts of the page, which are those of the system.
    with page_of(browser, tmp_path, graph, Drawing(depth=1)) as page, browser.page(blank, *WINDOW) as beside:

        def enter(id: str) -> None:
            while page.run("document.activeElement.id") != id:
                page.press("Tab")
            page.press("Enter")

        def click(id: str, part: str = "") -> None:
            page.point(*page.middle(f'[id="{id}"]{part}'), click=True)

        def search(words: str) -> None:
            page.press("/")
            page.write(words)
            page.press("Enter")

        def press(key: str) -> None:
            page.press(key)

        # What a reader does, and what has to be asked for to have the same drawn.
        steps: Sequence[tuple[Callable[[], None], Mapping[str, Any]]] = (
            (lambda: None, {}),
            (lambda: enter("group.one.left"), {"expand": "one.left"}),
            (lambda: press("-"), {"expand": "one.left"}),
            (lambda: click("group.one", " .turns"), {"fold": "one"}),
            (lambda: click("group.one"), {}),
            (lambda: search("two.right.second"), {"expand": "two.right"}),
            (lambda: click("closed"), {"depth": 0}),
            (lambda: press("0"), {"depth": 0}),
            (lambda: click("opened"), {"depth": 9}),
            (lambda: click("again"), {}),
        )
        before, drawn_before = b"", ""
        for number, (act, asked) in enumerate(steps):
            act()
            seen, drawn = bare(page), svg(picture_of(graph, Drawing.of(**{"depth": 1, **asked})))
            apart = difference(paper, seen, still(beside, page, drawn))
            assert not apart.is_seen, (number, asked, apart)
            # The comparison would see it, had nothing happened.
            if before and drawn != drawn_before:
                assert difference(paper, seen, before).is_seen, (number, asked)
            before, drawn_before = seen, drawn
        assert not page.complaints
        assert page.requests == [(tmp_path / "page.html").as_uri()], "nothing is fetched"
