"""Diagrams as pages: whole before any script runs, closed to whatever a spec says, and alive in a browser.

The script itself is run where there is a Chromium; everything that it takes from the page is tested without one.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, final

import pytest
from msgspec.structs import replace

import archspec
from archspec.drawing import Drawing
from archspec.graph import Graph, Group
from archspec.ops.linear import Linear
from archspec.source import Source
from archspec_diagram import BACKEND
from archspec_diagram.fold_states import FoldStates, fold_states
from archspec_diagram.svg import svg
from archspec_diagram.views import picture_of
from tests.chromium import Browser
from tests.graphs import graph_of

ROOT: Final = Path(__file__).parent.parent
SPECS: Final = {"lenet": "lenet.arch", "u-net": "vision/unet.arch", "decoder": "attention/gpt2.arch"}
EVIL: Final = "</script></pre></style><script>alert(1)</script><img src=x onerror=alert(2)> \" ' & <!-- ]]> \x00\u202e"

# By the standard, these have no end.
_VOID: Final = {"meta", "input", "img", "br", "link"}


@final
class Page(HTMLParser):
    """What a browser would see of a page: its elements and texts, each text with what it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.inside), data))

    def within(self, *tags: str) -> str:
        return "".join(text for inside, text in self.texts if set(tags) <= set(inside))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def graph(name: str) -> Graph:
    return archspec.load(ROOT / "specs" / SPECS[name]).graph


@cache
def states(name: str) -> FoldStates:
    return fold_states(graph(name), Drawing())


def drawn(graph: Graph, drawing: Drawing = Drawing()) -> str:  # noqa: B008 - it is frozen.
    return BACKEND.draw(graph, next(each for each in BACKEND.targets if each.name == "html"), drawing).decode()


@cache
def page(name: str) -> str:
    return drawn(graph(name))


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="pictures">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def evil() -> Graph:
    """A model in which every text that a spec can hold wants out of its place."""
    path = EVIL.replace("/", "|")
    made = graph_of(EVIL, {EVIL: [2, 3]}, [(f"{path}/{path}", Linear(features=3), [EVIL])], [f"{path}/{path}"])
    span = Source(f"folder/{path}.arch", f"{EVIL}\n{EVIL}").whole()
    nodes = tuple(replace(node, span=span, is_named=True, name_span=span) for node in made.nodes)
    groups: Mapping[tuple[str, ...], Group] = {
        where: dataclasses.replace(group, span=span, block=EVIL, doc=EVIL) for where, group in made.groups.items()
    }
    outputs = tuple(replace(each, name=EVIL) for each in made.outputs)
    return dataclasses.replace(
        made, doc=EVIL, source=span.source, span=span, groups=groups, nodes=nodes, outputs=outputs
    )


@pytest.mark.parametrize("name", SPECS)
def test_a_page_is_whole_before_any_script_runs(name: str) -> None:
    text, model = page(name), graph(name)
    assert svg(picture_of(model, Drawing())) in text
    found = Page(text)
    assert not found.inside, "every element is closed"
    assert found.within("pre").splitlines() == [
        line for source in sources(model) for line in source.text.rstrip("\n").split("\n")
    ]
    told = found.within("aside", "ul")
    ids = {attributes["id"] for _, attributes in found.elements if "id" in attributes}
    entries = {attributes["data-of"]: attributes["data-at"] for attributes in found.of("li")}
    for node in model.nodes:
        if f"layer.{node.name}" in ids:
            assert node.name in told
            at = entries[f"layer.{node.name}"]
            assert at is not None
            source, first, _ = map(int, at.split())
            assert (sources(model)[source], first) == (node.span.source, node.span.first().line)


def sources(model: Graph) -> list[Source]:
    spans = [model.span]
    for node in model.nodes:
        spans += [model.groups[node.path[:depth]].span for depth in range(1, len(node.path))] + [node.span]
    return list(dict.fromkeys(span.source for span in spans))


@pytest.mark.parametrize("make", [evil, lambda: graph("decoder")], ids=["evil", "decoder"])
def test_no_text_of_a_spec_leaves_its_place(make: Any) -> None:
    text = drawn(make())
    found = Page(text)
    assert not found.inside
    plain = Page(page("lenet"))
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in plain.elements} | {"ellipse", "polyline", "p"}
    for tag, attributes in found.elements:
        assert not any(name.startswith("on") or name in ("src", "href", "action") for name in attributes), tag
    # The data, and one script: that which the policy names.
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert (len(found.of("script")), len(script)) == (2, 1)
    digest = b64encode(sha256(script[0].encode()).digest()).decode()
    policy = next(each["content"] for each in found.of("meta") if "http-equiv" in each)
    assert policy is not None
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline';" in policy


def test_a_page_fetches_nothing() -> None:
    styles = "".join(re.findall(r"<style>(.*?)</style>", page("decoder"), re.DOTALL))
    assert not re.search(r"url\(|@import|@font-face", styles)
    script = re.findall(r"<script>(.*?)</script>", page("decoder"), re.DOTALL)[0]
    assert not re.search(
        r"fetch|XMLHttp|import|WebSocket|eval|Function|setTimeout", script.replace("nothing is fetched", "")
    )
    # Two names of namespaces, which nobody looks up.
    assert set(re.findall(r"https?://[^\s\"'<]*", page("lenet"))) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", SPECS)
def test_packed_pictures_are_those_that_would_be_drawn(name: str) -> None:
    data = data_of(page(name))
    packed_text = page(name).partition('id="pictures">')[2].partition("</script>")[0]
    assert "<" not in packed_text, "no text in it can be taken for a tag"
    for state, packed in list(zip(states(name).states, data["states"], strict=True))[1:]:
        lines, place = [], 0
        while place < len(packed):
            pieces = data["lines"][packed[place]]
            filled = packed[place + 1 : place + len(pieces)]
            lines.append("".join(f"{piece}{number}" for piece, number in zip(pieces, [*filled, ""], strict=True)))
            place += len(pieces)
        assert "\n".join(lines) + "\n" == svg(state.picture)
    assert set(data["open"][0]) <= {each["id"] for each in Page(page(name)).of("g") if "id" in each}


@pytest.mark.parametrize("name", SPECS)
def test_a_click_turns_its_group(name: str) -> None:
    found = states(name)
    reached = {0, found.closed, found.opened}
    for number, (state, turns) in enumerate(zip(found.states, found.turns, strict=True)):
        # In a small model, there is no group that cannot be clicked.
        assert set(turns) == state.frames | state.boxes
        for group, following in turns.items():
            assert following != number
            assert is_turned(found, group, number, following)
            reached.add(following)
    assert reached - {None} == {*range(len(found.states))}
    assert not found.states[found.closed].opened
    assert found.opened is None or not found.states[found.opened].boxes


def is_turned(found: FoldStates, group: tuple[str, ...], number: int, following: int) -> bool:
    before, after = found.states[number], found.states[following]
    return group in (after.boxes if group in before.frames else after.opened)


@pytest.mark.parametrize("most", [3, 4, 6])
def test_where_there_is_no_room_a_click_leads_to_the_nearest_picture(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archspec_diagram.fold_states._MOST", most)
    found = fold_states(archspec.load(ROOT / "specs/vision/resnet_cifar.arch").graph, Drawing())
    assert len(found.states) == most
    for number, (state, turns) in enumerate(zip(found.states, found.turns, strict=True)):
        assert turns
        assert set(turns) <= state.frames | state.boxes
        assert all(is_turned(found, group, number, following) for group, following in turns.items())


@pytest.mark.parametrize("spec", ["vision/googlenet.arch", "vision/resnet.arch:resnet50"])
def test_pages_of_large_models_are_not_large(spec: str) -> None:
    text = drawn(archspec.load(str(ROOT / "specs" / spec)).graph)
    assert len(text.encode()) < 500_000
    assert len(data_of(text)["states"]) > 20


def test_the_same_model_gives_the_same_page(tmp_path: Path) -> None:
    # With other hashes, sets are in another order.
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "archspec", "draw", "specs/attention/gpt2.arch", "-o", tmp_path / f"{seed}.html"],
            env={"PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
        )
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_in_a_browser_the_page_moves_folds_tells_and_finds(browser: Browser, tmp_path: Path) -> None:
    model = archspec.loads(
        """
        block Twice(width) {
            first  = linear(width) -> relu
            second = linear(width) -> relu
            third  = linear(width)
        }
        model Small {
            input x: [B, 4]
            one = Twice(8)
            two = Twice(16)
        }
        """
    ).graph
    file = tmp_path / "page.html"
    file.write_text(drawn(model, Drawing(depth=0)), encoding="utf-8")
    with browser.page(file, 1000, 700) as page:

        def of(id: str, what: str) -> Any:
            return page.run(f"document.getElementById({id!r})?.{what}")

        def looks() -> Iterator[str]:
            for key in ("ArrowDown", "ArrowRight", "+", "-", "0"):
                page.press(key)
                yield page.run("document.querySelector('#view > svg').getAttribute('viewBox')")

        page.run("document.getElementById('view').focus()")
        assert "Point at a box" in of("facts", "textContent")
        down, right, near, far, whole = looks()
        assert len({down, right, near, whole}) == 4
        assert far == right

        while page.run("document.activeElement.id") != "group.two":
            page.press("Tab")
        # Where the reader is can be seen.
        assert of("group.two", "matches(':focus-visible')")
        assert page.run("getComputedStyle(document.activeElement.querySelector('.shade')).stroke") != "none"
        page.press("Enter")
        assert of("group.two", "ariaExpanded") == "true"
        assert page.run("document.activeElement.id") == "group.two"

        page.point(*page.middle('[id="layer.two.second.0"]'))
        told = of("facts", "textContent")
        assert all(each in told for each in ("linear(16)", "[B, 16] → [B, 16]", "272 parameters", "line 4")), told
        here = "[...document.querySelectorAll('pre .here')].map((line) => line.textContent.trim())"
        assert page.run(here) == ["second = linear(width) -> relu"]

        page.point(*page.middle('[id="group.two"]'), click=True)
        assert of("group.two", "ariaExpanded") == "false"

        # What is found is moved to the middle, and may come to lie below a pointer that rests in the picture.
        page.point(1, 1)
        page.press("/")
        assert page.run("document.activeElement.id") == "search"
        page.write("two.second.0")
        assert of("found", "textContent") == "1 found"
        page.press("Enter")
        assert of("layer.two.second.0", "classList.contains('current')")
        page.press("Escape")
        assert of("search", "value") == ""
        assert "Point at a box" in of("facts", "textContent")
        assert page.run("document.activeElement.id") == "view"

        assert page.run("[...document.querySelectorAll('#view g[tabindex]')].every((each) => each.ariaLabel)")
        assert not page.complaints


@pytest.mark.parametrize(
    "spec", ["sequence/peephole.arch", "attention/soft_attention.arch", "attention/transformer.arch"]
)
def test_on_a_page_of_cells_each_part_has_its_line(spec: str) -> None:
    model = archspec.load(ROOT / "specs" / spec).graph
    text = drawn(model, Drawing(style="cells"))
    found = Page(text)
    assert not found.inside
    shown = [attributes["id"] for attributes in found.of("g") if attributes.get("id")]
    entries = {attributes["data-of"]: attributes.get("data-at") for attributes in found.of("li")}
    assert shown
    assert all(entries[name] for name in shown)
    # A text that says what several of the cells are is there once.
    texts = ["".join(each) for each in text.split("<pre")[1:]]
    assert len(set(texts)) == len(texts)
    assert model.source.text.splitlines()[0] in found.within("pre")


def test_in_a_browser_cells_are_searched_and_told_of(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    model = archspec.load(ROOT / "specs" / "attention/soft_attention.arch").graph
    file.write_text(drawn(model, Drawing(style="cells")), encoding="utf-8")
    with browser.page(file, 1000, 700) as page:

        def of(id: str, what: str) -> Any:
            return page.run(f"document.getElementById({id!r}).{what}")

        page.point(*page.middle('[id="cell0.layer.reset_gate.0"]'))
        assert "gru.arch, line 10" in of("facts", "textContent")
        assert "reset_gate" in page.run("document.querySelector('pre .here').textContent")
        page.press("/")
        page.write("update_gate")
        assert "found" in of("found", "textContent")
        page.press("Enter")
        page.press("Enter")
        assert of("cell0.layer.update_gate.0", "classList.contains('current')")
        assert not page.complaints


def test_in_a_browser_no_text_of_a_spec_runs(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    # Even without the policy.
    text = re.sub(r"<meta http-equiv[^>]*>", "", drawn(evil())).replace("alert(", "document.write(")
    file.write_text(text, encoding="utf-8")
    with browser.page(file, 1000, 700) as page:
        assert page.run("document.documentElement.className") == "live"
        assert page.run("document.scripts.length") == 2


@pytest.mark.parametrize("width", [375, 1280])
def test_in_a_browser_a_page_fits_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    file = tmp_path / "page.html"
    file.write_text(page("decoder"), encoding="utf-8")
    with browser.page(file, width, 700) as opened:
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert opened.run(size) == [width, 700]
        around, picture = (
            opened.run(f"(({{x, y, right, bottom}}) => [x, y, right, bottom])({part}.getBoundingClientRect())")
            for part in ("document.getElementById('view')", "document.querySelector('#view g[id]')")
        )
        assert around[2] - around[0] > width / 2
        assert around[3] - around[1] > 250
        assert around[0] < picture[0] < picture[2] < around[2], "what stands first is in sight"
        # What is pointed at is told in sight, and its line is.
        opened.point(*opened.middle('[id="layer.transformer.wte"]'))
        across, _ = opened.middle("#facts")
        for part in ("#facts b", "pre .here"):
            _, down = opened.middle(part)
            assert opened.run(f"document.elementFromPoint({across}, {down}).matches({part!r})"), part
