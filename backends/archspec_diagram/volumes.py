"""The view in which papers draw convolutional networks: feature maps as boxes in perspective, vectors as bars.

A box says below it how many channels it has, with the window that made it, and at its slanted edge how large it is.
The window is drawn on the box that it slides over. Groups are open as far as a figure can show what is in them; those
that hold nothing but units of one size, such as the stages of a ResNet, are one box.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph, Group, Value
from archspec.op import Family
from archspec_diagram import font, wording
from archspec_diagram.arrangement import LEADING, SIZE, SLOPE, Arrangement, Arrow, Placed, arranged
from archspec_diagram.arrow import WIDTH, arrow, behind
from archspec_diagram.chart import Entry
from archspec_diagram.folding import view_of
from archspec_diagram.furniture import headings_of, legend_of
from archspec_diagram.label import check_template
from archspec_diagram.palette import Colour, mixed
from archspec_diagram.picture import (
    Box,
    Ellipse,
    Ink,
    Line,
    Mark,
    Paint,
    Part,
    Picture,
    Point,
    Polygon,
    Polyline,
    Rectangle,
    Run,
    Text,
    moved,
)
from archspec_diagram.solid import Form, Slice
from archspec_diagram.solids import Row, feature_maps, row_of
from archspec_diagram.theme import Theme, theme_of
from archspec_diagram.view import Container, View

MOST: Final = 28.0
"""So many solids a figure across a page shows; one that touches the one before it counts for half."""

UNROLLED: Final = 4
"""Passes of a repeat are drawn one by one if they are no more than this."""

_NEAR: Final = 1.5
"""So near to a size no line of a window runs."""

_MARGIN: Final = 24.0
_DASH: Final = (3.0, 2.5)


def picture(graph: Graph, drawing: Drawing) -> Picture:
    maps = feature_maps(graph)
    if not maps:
        raise DrawingError(
            f"`{wording.clean(graph.name)}` has no feature maps, and nothing to show as volumes: none of its layers is "
            "a convolution or a pooling; use `--style graph`"
        )
    if drawing.label is not None:
        check_template(drawing.label, graph)
    theme = theme_of(drawing)
    view, row = shown(graph, drawing, maps)
    brackets = [
        {key for key in view.structure.keys if key.path[: len(path)] == path}
        for path, container in view.containers.items()
        if _has_bracket(container)
    ]
    return _Painter(view, row, arranged(row, theme.spacing, brackets), theme, drawing.variant).picture()


def shown(graph: Graph, drawing: Drawing, maps: frozenset[Value]) -> tuple[View, Row]:
    """The model with as much of it open as was asked for, or as fits."""
    unrolled = dataclasses.replace(graph, repeats=tuple(each for each in graph.repeats if len(each.passes) > UNROLLED))
    deepest = max((len(path) for path in graph.groups), default=0)
    if drawing.depth is None:
        alike = [path for path in _stages(graph) if not _is_asked(path, drawing)]
        drawing = replace(drawing, fold=(*drawing.fold, *(".".join(path) for path in alike)))
    for depth in range(deepest, -1, -1) if drawing.depth is None else (drawing.depth,):
        for each in (unrolled, graph):
            view = view_of(each, replace(drawing, depth=depth))
            row = row_of(view, maps, drawing.label)
            arrangement = arranged(row, 1.0)
            touching = len(row.links) - len(arrangement.arrows)
            if len(row.solids) - touching / 2 <= MOST and arrangement.fits:
                return view, row
    return view, row


def _stages(graph: Graph) -> list[tuple[str, ...]]:
    """The groups that hold uses of one block which all give the same shape."""
    last = {node.path[:depth]: node for node in graph.nodes for depth in range(1, len(node.path))}
    found = []
    for path in graph.groups:
        members = graph.members(path)
        blocks = {member.block if isinstance(member, Group) else None for member in members}
        if len(members) > 1 and len(blocks) == 1 and None not in blocks:
            shapes = {last[member.path].output.shape for member in members}
            found += [path] if len(shapes) == 1 else []
    return found


def _has_bracket(container: Container) -> bool:
    return container.badge is not None or container.is_highlighted


def _is_asked(path: tuple[str, ...], drawing: Drawing) -> bool:
    return any(tuple(name.split("."))[: len(path)] == path for name in drawing.expand)


@final
class _Shades(Struct, frozen=True):
    """The colours of the sides of a box in one colour."""

    front: Ink
    top: Ink
    side: Ink
    line: Ink
    band: Ink
    band_top: Ink


def _shades(colour: Colour) -> _Shades:
    fill, stroke = colour.fill, colour.stroke

    def between(word: str, light: float, dark: float) -> Ink:
        return Ink(f"{fill.name}-{word}", mixed(stroke.light, fill.light, light), mixed(stroke.dark, fill.dark, dark))

    return _Shades(
        front=between("front", 0.12, 0.1),
        top=Ink(f"{fill.name}-top", mixed(fill.light, "#ffffff", 0.7), mixed(stroke.dark, fill.dark, 0.24)),
        side=between("side", 0.3, 0.02),
        line=stroke,
        band=between("band", 0.55, 0.45),
        band_top=between("band-top", 0.4, 0.6),
    )


@final
class _Painter:
    def __init__(self, view: View, row: Row, arrangement: Arrangement, theme: Theme, variant: str) -> None:
        self.view, self.row, self.arrangement, self.theme, self.variant = view, row, arrangement, theme, variant

    def picture(self) -> Picture:
        graph, theme, found = self.view.graph, self.theme, self.arrangement
        width = max(found.right - found.left, 0.0)
        headings, top = headings_of(graph, self.variant, _MARGIN, width)
        families = [solid.family for solid in self.row.solids]
        shown = tuple(each for each in Family if each in families and each is not Family.MERGE)
        across, down = _MARGIN - found.left, top + 6 - found.top
        lowest = found.bottom + down
        room = max(width, 320.0)
        legend, bottom = legend_of(shown, _MARGIN, lowest + 22, room)
        bottom = max(bottom, lowest)
        marks: list[Mark] = []
        marks += (moved(mark, across, down) for mark in (*self._scene(), *self._brackets()))
        marks += [Text(line, theme.ink) for line in headings]
        extent = max([width + _MARGIN, *(_end(line) for line in headings), *(_end(entry.line) for entry in legend)])
        for entry in legend:
            marks += self._entry(entry)
        if any(solid.bends for solid in self.row.solids):
            note, end = self._band_note(legend)
            marks += note
            extent = max(extent, end)
        return Picture(
            width=round(extent + _MARGIN),
            height=round(bottom + _MARGIN),
            name=wording.clean(graph.name),
            description=wording.description(graph),
            paper=theme.paper,
            quiet=theme.quiet,
            font=theme.font,
            marks=tuple(marks),
        )

    # ------------------------------------------------------------------------------------------------------- scene

    def _scene(self) -> Iterator[Mark]:
        placed = self.arrangement.placed
        for each in placed:
            yield self._solid(each)
        drawn: list[tuple[Point, ...]] = []
        for link in self.arrangement.arrows:
            if link.marks_kernel:
                yield from self._kernel(placed[link.source], placed[link.target])
            else:
                yield from self._arrow(link, drawn)
                drawn.append(link.points)

    def _solid(self, placed: Placed) -> Part:
        solid = placed.solid
        marks: list[Mark] = []
        if solid.form is Form.BALL:
            marks += self._ball(placed)
        elif solid.form is Form.END:
            at = Point(placed.left + 3 + solid.thickness / 2, placed.middle + 3)
            marks.append(Text(replace(solid.lines[0], at=at), self.theme.ink))
        else:
            marks += self._box(placed)
            for number, line in enumerate(solid.lines):
                at = Point(placed.label_middle, placed.bottom + 3 + LEADING * (number + 0.85))
                marks.append(Text(replace(line, at=at), self.theme.ink))
            if placed.shows_size:
                marks.append(self._size(placed))
        return Part(solid.item.identity, solid.form.value, solid.tip, tuple(marks))

    def _size(self, placed: Placed) -> Text:
        """The size along the slanted edge below the side that is seen."""
        solid = placed.solid
        corner = Point(placed.left + solid.thickness, placed.bottom)
        wide = font.width(solid.size, SIZE)
        # Where the edge is longer than the text, the text is in its middle.
        along = max((solid.depth / SLOPE - wide) / 2, 1.0) * SLOPE
        at = Point(corner.x + along + 7.5, corner.y - along + 5)
        return Text(Line((Run(solid.size),), SIZE, at, starts=True), self.theme.quiet, -45.0)

    def _box(self, placed: Placed) -> Iterator[Mark]:
        solid = placed.solid
        left, depth = placed.left, solid.depth
        lit = bool(solid.item.highlighted)
        slices = solid.slices or (Slice(1.0, solid.family),)
        x = left
        for number, each in enumerate(slices):
            shades = _shades(self.theme.colour(each.family))
            last = number == len(slices) - 1
            wide = solid.thickness * each.part
            band = min(max(0.28 * wide, 2.5), 9.0) if last and solid.bends else 0.0
            dash = _DASH if solid.item.in_training_only else ()
            edge = Paint(stroke=self.theme.highlight if lit else shades.line, width=1.6 if lit else 0.8, dash=dash)
            y = placed.bottom - solid.height
            face = shades.top if each.is_pale else shades.front
            yield from _slab(Rectangle(x, y, wide - band, solid.height), depth, face, shades.top, edge)
            if band:
                place = Rectangle(x + wide - band, y, band, solid.height)
                yield from _slab(place, depth, shades.band, shades.band_top, edge)
            x += wide
            if last:
                corner = Point(x, y)
                yield Polygon(
                    (
                        corner,
                        Point(x + depth, y - depth),
                        Point(x + depth, placed.bottom - depth),
                        Point(x, placed.bottom),
                    ),
                    replace(edge, fill=shades.band if band else shades.side),
                )

    def _ball(self, placed: Placed) -> Iterator[Mark]:
        solid = placed.solid
        shades = self.theme.colour(solid.family)
        lit = bool(solid.item.highlighted)
        radius = solid.height / 2
        centre = Point(placed.left + radius, placed.middle)
        if solid.bends:
            band = _shades(shades).band
            yield Ellipse(centre, radius + 2.5, radius + 2.5, Paint(band, shades.stroke, 0.8))
        stroke = self.theme.highlight if lit else shades.stroke
        yield Ellipse(centre, radius, radius, Paint(shades.fill, stroke, 1.6 if lit else 1.0))
        line = solid.lines[0]
        yield Text(replace(line, at=Point(centre.x, centre.y + line.size * 0.36)), shades.text)

    # ------------------------------------------------------------------------------------------------------- links

    def _arrow(self, link: Arrow, drawn: Sequence[tuple[Point, ...]]) -> Iterator[Mark]:
        """The arrow, as far as it is not drawn yet: many part, and many meet."""
        is_training = self.row.solids[link.target].item.in_training_only
        ink, dash = self.theme.skip if link.skips else self.theme.line, _DASH if is_training else ()
        points = behind(link.points, drawn)
        rest = behind(points[::-1], [other[::-1] for other in drawn])[::-1]
        if rest[-1] == points[-1]:
            yield from arrow(points, ink, dash)
        else:
            yield Polyline(rest, Paint(stroke=ink, width=WIDTH, dash=dash))

    def _kernel(self, source: Placed, target: Placed) -> Iterator[Mark]:
        """The window of the target on the side of the source, and lines from its corners to where it leads."""
        window = target.solid.kernel
        if window is None:
            return
        high = min(window[0], source.solid.height)
        deep = min(window[1], source.solid.depth)
        middle = Point(source.left + source.solid.thickness + source.solid.depth / 2, source.middle)
        near, far = middle.x - deep / 2, middle.x + deep / 2
        patch = (
            Point(near, middle.y + deep / 2 - high / 2),
            Point(far, middle.y - deep / 2 - high / 2),
            Point(far, middle.y - deep / 2 + high / 2),
            Point(near, middle.y + deep / 2 + high / 2),
        )
        shades = _shades(self.theme.colour(target.solid.family))
        end = Point(target.left, target.middle)
        thin = Paint(stroke=shades.line, width=0.7, dash=(2.0, 1.6))
        yield Polygon(patch, Paint(shades.front, shades.line, 0.9))
        size = self._size(source) if source.shows_size else None
        for corner in patch:
            if size is None or not _crosses(corner, end, size):
                yield Polyline((corner, end), thin)

    def _brackets(self) -> Iterator[Mark]:
        """Lines above what runs several times, or stands out."""
        placed = {each.solid.key: each for each in self.arrangement.placed}
        for path, container in self.view.containers.items():
            if not _has_bracket(container):
                continue
            found = [each for key, each in placed.items() if key.path[: len(path)] == path]
            for row in sorted({each.row for each in found}):
                yield from self._bracket(container, [each for each in found if each.row == row])

    def _bracket(self, container: Container, inside: Sequence[Placed]) -> Iterator[Mark]:
        # It runs along the edges at the back, which are the upper ones.
        left, right = min(each.left + each.solid.depth for each in inside), max(each.right for each in inside)
        places = {number for number, each in enumerate(self.arrangement.placed) if each in inside}
        skips = [link for link in self.arrangement.arrows if link.skips]
        ways = [link.points for link in skips if places & {link.source, link.target}]
        top = min([each.top for each in inside] + [point.y for way in ways for point in way]) - 8
        ink = self.theme.highlight if container.is_highlighted else self.theme.line
        points = (Point(left, top + 4), Point(left, top), Point(right, top), Point(right, top + 4))
        yield Polyline(points, Paint(stroke=ink, width=1.0))
        text = " ".join(each for each in (container.name or container.block, container.badge_text) if each)
        line = Line((Run(text, bold=True),), 10.0, Point((left + right) / 2, top - 5))
        yield Part(container.identity, "group", container.tip, (Text(line, self.theme.ink),))

    # ------------------------------------------------------------------------------------------------------ legend

    def _entry(self, entry: Entry) -> Iterator[Mark]:
        shades = _shades(self.theme.colour(entry.family))
        yield Box(entry.swatch, Paint(shades.front, shades.line), 2)
        yield Text(entry.line, self.theme.quiet)

    def _band_note(self, legend: tuple[Entry, ...]) -> tuple[list[Mark], float]:
        """What the darker bands are, behind the families."""
        last = legend[-1]
        left, y = round(_end(last.line) + 16), last.swatch.y
        bent = next(solid for solid in self.row.solids if solid.bends)
        shades = _shades(self.theme.colour(bent.family))
        line = replace(last.line, runs=(Run("band at the end: activation"),), at=Point(left + 16, last.line.at.y))
        marks: list[Mark] = [
            Box(Rectangle(left, y, 6, 10), Paint(shades.front, shades.line)),
            Box(Rectangle(left + 6, y, 4, 10), Paint(shades.band, shades.line)),
            Text(line, self.theme.quiet),
        ]
        return marks, _end(line)


def _slab(front: Rectangle, depth: float, face: Ink, top: Ink, edge: Paint) -> Iterator[Mark]:
    yield Box(front, replace(edge, fill=face))
    yield Polygon(
        (
            Point(front.x, front.y),
            Point(front.x + depth, front.y - depth),
            Point(front.right + depth, front.y - depth),
            Point(front.right, front.y),
        ),
        replace(edge, fill=top),
    )


def _end(line: Line) -> float:
    return line.at.x + font.width_of(line.runs, line.size)


def _crosses(start: Point, end: Point, text: Text) -> bool:
    """Whether a line runs through a text along a slanted edge, or so near that the two are taken for one."""
    line = text.line
    low, high = 0.0, 1.0
    wide, up = font.width_of(line.runs, line.size), line.size * font.ASCENT
    room = ((1.0, -1.0, wide + _NEAR, -_NEAR), (-1.0, -1.0, up + _NEAR, -_NEAR))
    for across, down, most, least in room:
        # How far along the text, and above its baseline, the line begins and ends.
        one, other = (((point.x - line.at.x) * across + (point.y - line.at.y) * down) * SLOPE for point in (start, end))
        if one == other:
            if not least <= one <= most:
                return False
            continue
        first, last = sorted(((least - one) / (other - one), (most - one) / (other - one)))
        low, high = max(low, first), min(high, last)
    return low < high
