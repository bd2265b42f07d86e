"""The layout of Graphviz: its program `dot` says where everything stands, and all of it is drawn by us.

The program is asked with the sizes of our boxes, each with the label of its shape below it, and with the groups as its
clusters, in names of our own, so that no text of a spec ever reaches it. Its curves are drawn as lines with many
corners, which are ways as any other engine gives them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import ceil, dist
from typing import Any, Final, final

from msgspec import Struct

from archspec.backend import MissingLibraryError
from archspec.drawing import Direction, DrawingError
from archspec.graph import Path
from archspec_diagram.content import Content
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.places import PILL, Border, Course, Places, on_outline
from archspec_diagram.structure import Key, Kind, Structure

_INCH: Final = 72.0
"""Graphviz counts sizes in inches and places in points, of which each is a pixel of ours."""

_AROUND: Final = 16
"""Between a group and its frame."""

_ABOVE: Final = 4.0
"""Between a box and the label of its shape."""

_BETWEEN: Final = 30.0
"""From row to row there is room for an arrow, and for the title of a group."""

_APART: Final = 24.0
_SIDE: Final = 0.8
"""How much of a side of a box arrows come in at."""

_PORT: Final = 8.0
"""Between two arrows that come in."""

_PARTS: Final = 12
"""How many straight lines stand for a curve."""

_STRAIGHT: Final = 8
"""How much more it matters that the way on is straight than that a skip is."""

_SHAFT: Final = 9.0
"""An arrowhead needs a straight line so long."""

_PATIENCE: Final = 100
"""In seconds: what takes longer is too large to be laid out well by `dot`."""


def dot_places(
    structure: Structure,
    contents: Mapping[Key, Content],
    labels: Mapping[Key, float],
    direction: Direction,
    spacing: float,
) -> Places:
    """The places that `dot` gives to boxes with these contents, and to labels of these widths.

    Raises:
        MissingLibraryError: Graphviz is not installed.
        DrawingError: it finds no places, or not in time.
    """
    asked = Request(structure, contents, labels, direction, spacing)
    return read(answered("\n".join(asked.lines())), asked)


def answered(request: str) -> str:
    """What Graphviz says to a request: by its program, or by that which comes with pygraphviz."""
    if shutil.which("dot") is not None:
        try:
            done = subprocess.run(
                ["dot", "-Tjson0"],  # noqa: S607  # No shell; where it is, is for those to say who installed it.
                input=request,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DrawingError(
                f"`dot` has not laid the diagram out in {_PATIENCE} s; fold more of it, or leave out `layout`"
            ) from None
        if done.returncode:
            raise DrawingError(f"`dot` cannot lay the diagram out: {done.stderr.strip() or 'it does not say why'}")
        return done.stdout
    try:
        from pygraphviz import AGraph
    except ImportError as error:
        raise MissingLibraryError(
            "the layout `dot` needs Graphviz, which is not installed; install it, or `pip install pygraphviz`, "
            "or leave out `layout`"
        ) from error
    answer: bytes = AGraph(request).draw(format="json0", prog="dot")
    return answer.decode()


@final
class Request(Struct, frozen=True, dict=True):
    """What `dot` is asked."""

    structure: Structure
    contents: Mapping[Key, Content]
    labels: Mapping[Key, float]
    direction: Direction
    spacing: float

    @cached_property
    def skips(self) -> tuple[bool, ...]:
        """Of each link, whether it passes others by that lead where it leads."""
        return tuple(_skips(self.structure))

    def ports(self, key: Key) -> int:
        """How many places there are to arrive at: one for each input, if their order is to be seen."""
        return 1 if self.contents[key].is_unordered else max(len(self.structure.incoming[key]), 1)

    def box(self, key: Key) -> tuple[float, float]:
        """How wide and how high a box is: large enough for all that comes in."""
        content, least = self.contents[key], ceil(_PORT * self.ports(key) / _SIDE)
        down = self.direction is Direction.DOWN
        return (max(content.width, least), content.height) if down else (content.width, max(content.height, least))

    def size(self, key: Key) -> tuple[float, float]:
        """Of a box with the label of its shape below it or, of what runs to the right, behind it."""
        (wide, high), label = self.box(key), self.labels.get(key)
        if label is None:
            return wide, high
        if self.direction is Direction.DOWN:
            return max(wide, label), high + _ABOVE + PILL
        return wide + _ABOVE + label, max(high, PILL)

    def lines(self) -> Iterator[str]:
        """The request, in the language of Graphviz: boxes, groups and links by their numbers."""
        yield "digraph {"
        down = self.direction is Direction.DOWN
        apart, between = (f"{each * self.spacing / _INCH:.4f}" for each in (_APART, _BETWEEN))
        yield f"rankdir={'TB' if down else 'LR'} nodesep={apart} ranksep={between}"
        yield "node [shape=plain] edge [arrowhead=none]"
        numbers = {key: number for number, key in enumerate(self.structure.keys)}
        yield from self._members((), numbers)
        out, into = ("s", "n") if down else ("e", "w")
        places = dict.fromkeys(self.structure.keys, 0)
        for number, (link, skips) in enumerate(zip(self.structure.links, self.skips, strict=True)):
            port = into
            if self.ports(link.target) > 1:
                port = f"i{places[link.target]}:{into}"
                places[link.target] += 1
            weight = 1 if skips else _STRAIGHT
            ends = f"n{numbers[link.source]}:{out} -> n{numbers[link.target]}:{port}"
            yield f"{ends} [id=e{number} weight={weight}]"
        yield "}"

    def _members(self, path: Path, numbers: Mapping[Key, int]) -> Iterator[str]:
        for key in self.structure.members[path]:
            if key.kind is Kind.GROUP:
                yield f"subgraph cluster{self._groups[key.path]} {{ margin={_AROUND}"
                yield from self._members(key.path, numbers)
                yield "}"
            else:
                yield f"n{numbers[key]} [label=<{self._table(key)}>]"

    @cached_property
    def _groups(self) -> Mapping[Path, int]:
        return {path: number for number, path in enumerate(self.structure.groups)}

    def _table(self, key: Key) -> str:
        """A box as a table, whose cells are where arrows come in."""
        (wide, high), box, count = self.size(key), self.box(key), self.ports(key)
        down = self.direction is Direction.DOWN
        whole, within = (wide, box[0] * _SIDE) if down else (high, box[1] * _SIDE)
        lengths = [(whole - within) / 2, *[within / count] * count, (whole - within) / 2]
        cells = []
        for place, length in enumerate(lengths):
            port = f' port="i{place - 1}"' if 0 < place <= count else ""
            sizes = f'width="{length:.0f}" height="{high:.0f}"' if down else f'width="{wide:.0f}" height="{length:.0f}"'
            cells.append(f'<td fixedsize="true" {sizes}{port}></td>')
        rows = f"<tr>{''.join(cells)}</tr>" if down else "".join(f"<tr>{cell}</tr>" for cell in cells)
        return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0">{rows}</table>'


def read(answer: str, asked: Request) -> Places:
    """The places in an answer of `dot`, which counts upwards from the lower left corner."""
    try:
        return _read(json.loads(answer), asked)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DrawingError(f"`dot` answers in a way that is not known here ({error!r}); leave out `layout`") from error


def _read(answer: dict[str, Any], asked: Request) -> Places:
    structure, down = asked.structure, asked.direction is Direction.DOWN
    _, _, width, height = _numbers(answer["bb"])
    boxes: dict[Key, Rectangle] = {}
    labels: dict[Key, Rectangle] = {}
    borders: dict[Path, Border] = {}
    for each in answer.get("objects", ()):
        name = each["name"]
        if name.startswith("cluster"):
            left, lower, right, upper = _numbers(each["bb"])
            place = Rectangle(left, height - upper, right - left, upper - lower)
            borders[structure.groups[int(name.removeprefix("cluster"))]] = Border(place, place.width / 2)
            continue
        key = structure.keys[int(name.removeprefix("n"))]
        x, y = _numbers(each["pos"])
        (across, along), label, (wide, high) = asked.box(key), asked.labels.get(key), asked.size(key)
        left, top = x - wide / 2, height - y - high / 2
        if down:
            boxes[key] = Rectangle(x - across / 2, top, across, along)
        else:
            boxes[key] = Rectangle(left, top + (high - along) / 2, across, along)
        if label is not None and down:
            labels[key] = Rectangle(x - label / 2, top + along + _ABOVE, label, PILL)
        elif label is not None:
            labels[key] = Rectangle(left + across + _ABOVE, top + (high - PILL) / 2, label, PILL)
    courses = []
    edges = {edge["id"]: edge["pos"] for edge in answer.get("edges", ())}
    taken = dict.fromkeys(structure.keys, 0)
    for number, (link, skips) in enumerate(zip(structure.links, asked.skips, strict=True)):
        curve = [Point(x, height - y) for x, y in map(_numbers, edges[f"e{number}"].split())]
        start, end = boxes[link.source], boxes[link.target]
        first = Point(start.centre.x, start.bottom) if down else Point(start.right, start.centre.y)
        last = Point(curve[-1].x, end.y) if down else Point(end.x, curve[-1].y)
        if asked.contents[link.target].is_round:
            last = on_outline(last, end, down=down)
        courses.append(Course(link.source, link.target, tuple(_line(first, curve, last)), skips, taken[link.target]))
        taken[link.target] += 1
    return Places(width, height, boxes, labels, borders, tuple(courses))


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


def _line(start: Point, curve: Sequence[Point], end: Point) -> list[Point]:
    """The corners of a curve, from the box itself to the other box, with a straight end for the arrowhead."""
    points = [start]
    for place in range(0, len(curve) - 1, 3):
        points += _flat(curve[place : place + 4])
    while len(points) > 1 and dist(points[-1], end) < _SHAFT:
        points.pop()
    bent = [two for one, two in pairwise(points) if dist(one, two) > 0.01]
    return [start, *bent, end]


def _flat(curve: Sequence[Point]) -> Iterator[Point]:
    """Points on a Bézier curve; of one that is straight, its ends."""
    yield curve[0]
    axes = list(zip(*curve, strict=True))
    is_straight = any(max(each) - min(each) < 0.1 for each in axes)
    for part in () if is_straight else range(1, _PARTS):
        after = part / _PARTS
        before = 1 - after
        weights = before**3, 3 * before**2 * after, 3 * before * after**2, after**3
        x, y = (sum(weight * place for weight, place in zip(weights, each, strict=True)) for each in axes)
        yield Point(x, y)
    yield curve[-1]


def _skips(structure: Structure) -> Iterator[bool]:
    """Of each link, whether it passes others by that lead where it leads."""
    rows: dict[Key, int] = {}
    for key in structure.keys:
        rows[key] = max((rows[link.source] + 1 for link in structure.incoming[key]), default=0)
    for link in structure.links:
        last = rows[link.target]
        others = [each.target for each in structure.outgoing[link.source] if each.target != link.target]
        reached: set[Key] = set()
        while others and last > rows[link.source] + 1:
            key = others.pop()
            if key not in reached and rows[key] <= last:
                reached.add(key)
                others += [each.target for each in structure.outgoing[key]]
        yield link.target in reached
