"""The view of what differs between two models: the layers of both, with colours for what became of them alone.

It is the graph view of the new model, in which what was removed stands where it was. What was added is green, what was
removed is red with broken lines, and what was changed is amber and says how; all else is pale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from archspec.drawing import Drawing, Mark, Marked
from archspec.graph import Graph, Path
from archspec_diagram import font
from archspec_diagram.chart import Chart
from archspec_diagram.folding import view_of
from archspec_diagram.graph_view import charted
from archspec_diagram.painting import painted
from archspec_diagram.palette import FOLDED, TERMINAL, Colour, colour_of
from archspec_diagram.picture import Box, Line, Paint, Part, Picture, Point, Polyline, Rectangle, Run, Text
from archspec_diagram.picture import Mark as Shape
from archspec_diagram.structure import Key, Kind, Link, Structure
from archspec_diagram.theme import theme_of
from archspec_diagram.view import Container, Item, View

COLOURS: Final[Mapping[Mark, Colour]] = {
    Mark.ADDED: colour_of("added", "#dafbe1", "#1a7f37", "#0b3d1a"),
    Mark.REMOVED: colour_of("removed", "#ffebe9", "#cf222e", "#6e1119"),
    Mark.CHANGED: colour_of("changed", "#fff1c2", "#b07d00", "#453000"),
}

_SWATCH: Final = 10.0
_LEGEND: Final = 9.0
_DASH: Final = (4.0, 3.0)
_WIDTH: Final = 1.6
"""Of the outlines of what differs."""


def picture(graph: Graph, drawing: Drawing) -> Picture:
    view = view_of(graph, drawing)
    marks = _settled(view, _marks_of(view, drawing.marks))
    view = _with_notes(view, marks)
    view = _with_ends(view, marks)
    theme = theme_of(drawing)
    chart = _headed(charted(view, drawing, theme), drawing)
    found = _by_identity(view, marks)
    plain = painted(_quiet(chart, found), theme)
    return replace(plain, marks=(*(_coloured(each, found) for each in plain.marks), *_legend(chart)))


# ----------------------------------------------------------------------------------------------------- what is marked


def _marks_of(view: View, marked: tuple[Marked, ...]) -> dict[Path, Marked]:
    """The marks of what is shown: of layers that others stand for, those that say how something was changed."""
    shown = {node.path for item in view.items.values() for node in item.nodes}
    alike = _alike(view.graph)

    def is_shown(path: Path) -> bool:
        return any(_is_within(layer, path) for layer in shown)

    found: dict[Path, Marked] = {}
    for each in marked:
        path = each.path
        if not path:
            continue  # It is said of all.
        if each.mark is Mark.CHANGED and not is_shown(path):
            path = next(filter(is_shown, _others(path, alike)), path)
        found.setdefault(path, replace(each, path=path))
    return found


def _settled(view: View, marks: Mapping[Path, Marked]) -> dict[Path, Marked]:
    """The marks, those of groups that have no frame of their own with the first box in them."""
    framed = {container.identity for container in view.containers.values()}
    framed |= {item.identity for item in view.items.values() if item.group is not None}
    settled: dict[Path, Marked] = {}
    for path, each in marks.items():
        place = path
        if each.notes and path in view.graph.groups and Key(Kind.GROUP, path).identity not in framed:
            boxes = (_path_of(item) for item in view.items.values() if item.nodes)
            place = next((box for box in boxes if _is_within(box, path)), path)
        before = settled.get(place)
        notes = (*(() if before is None else before.notes), *each.notes)
        settled[place] = Marked(place, each.mark if before is None else before.mark, notes)
    return settled


def _path_of(item: Item) -> Path:
    """The closed group, or the first layer, that a box is drawn for."""
    return item.nodes[0].path if item.group is None else item.group.path


def _alike(graph: Graph) -> Mapping[Path, Sequence[Path]]:
    """Of each member of a pass: those that stand in its place in all passes of the repeat."""
    found: dict[Path, list[Path]] = {}
    for repetition in graph.repeats:
        for members in zip(*repetition.passes, strict=False):
            for member in members:
                found.setdefault(member, []).extend(members)
    return found


def _others(path: Path, alike: Mapping[Path, Sequence[Path]]) -> Iterator[Path]:
    """The layers in other passes by which one may be shown."""
    for depth in range(1, len(path) + 1):
        for member in alike.get(path[:depth], ()):
            yield (*member, *path[depth:])


def _mark_of(path: Path, marks: Mapping[Path, Marked]) -> Marked | None:
    """The mark of a layer or group, or of the whole group around it that was added or removed."""
    if path in marks:
        return marks[path]
    for depth in range(len(path) - 1, 0, -1):
        found = marks.get(path[:depth])
        if found is not None and found.mark is not Mark.CHANGED:
            return found
    return None


def _is_within(path: Path, outer: Path) -> bool:
    return path[: len(outer)] == outer


def _mark_of_item(item: Item, marks: Mapping[Path, Marked]) -> Marked | None:
    """Of a group that is closed: its own, or that there is something in it."""
    if item.group is None:
        return None
    own = _mark_of(item.group.path, marks)
    inside = [each for path, each in marks.items() if _is_within(path, item.group.path) and path != item.group.path]
    if own is not None or not inside:
        return own
    number = len(inside)
    return Marked(item.group.path, Mark.CHANGED, (f"{number} difference{'' if number == 1 else 's'} inside",))


def _by_identity(view: View, marks: Mapping[Path, Marked]) -> dict[str, Mark]:
    """The marks of cards, by what these are called."""
    found: dict[str, Mark] = {}
    for item in view.items.values():
        if item.group is not None:
            of_item = _mark_of_item(item, marks)
            if of_item is not None:
                found[item.identity] = of_item.mark
            continue
        for node in item.nodes:
            mark = _mark_of(node.path, marks)
            if mark is not None:
                found[Key(Kind.LAYER, node.path).identity] = mark.mark
    return found


def _with_notes(view: View, marks: Mapping[Path, Marked]) -> View:
    """The same, in which boxes and frames say what was changed."""
    items = {}
    for key, item in view.items.items():
        of_item = _mark_of_item(item, marks)
        notes = {} if of_item is None or item.group is None else {item.group.path: of_item.notes}
        if item.group is None:
            notes = {node.path: marks[node.path].notes for node in item.nodes if node.path in marks}
        items[key] = replace(item, notes=notes) if any(notes.values()) else item
    containers = {path: _with_note(each, marks) for path, each in view.containers.items()}
    return replace(view, items=items, containers=containers)


def _with_note(container: Container, marks: Mapping[Path, Marked]) -> Container:
    for path, marked in marks.items():
        if marked.notes and Key(Kind.GROUP, path).identity == container.identity:
            # A note that ends with the block says it already.
            is_said = any(note.endswith(f" {container.block}") for note in marked.notes)
            return replace(
                container, block=", ".join(filter(None, ("" if is_said else container.block, *marked.notes)))
            )
    return container


def _with_ends(view: View, marks: Mapping[Path, Marked]) -> View:
    """The same with arrows from what was removed, and leads nowhere, to what comes next in its group."""
    structure = view.structure
    has_end = {link.source for link in structure.links}
    links = list(structure.links)
    for key, item in view.items.items():
        if not item.nodes or key in has_end:
            continue
        marked = _mark_of(item.group.path if item.group is not None else item.nodes[-1].path, marks)
        if marked is None or marked.mark is not Mark.REMOVED:
            continue
        behind = _behind(structure, key)
        if behind is not None:
            links.append(Link(key, behind))
    return replace(view, structure=replace(structure, links=tuple(links)))


def _behind(structure: Structure, key: Key) -> Key | None:
    """What now takes from where something that was removed took."""
    places = {each: number for number, each in enumerate(structure.keys)}
    seen = {key}
    while True:
        sources = {link.source for each in seen for link in structure.incoming[each]} - seen
        targets = {link.target for source in sources for link in structure.outgoing[source]} - seen
        behind = [each for each in targets if places[each] > places[key]]
        if behind or not sources:
            return min(behind, key=lambda each: places[each], default=None)
        seen |= sources


# ------------------------------------------------------------------------------------------------------------ colours


def _headed(chart: Chart, drawing: Drawing) -> Chart:
    """The same with what is said of the models as a whole below the name."""
    said = [note for each in drawing.marks if not each.path for note in each.notes]
    if not said:
        return chart
    name, line, *rest = chart.headings
    return replace(chart, headings=(name, replace(line, runs=(Run(", ".join(said), quiet=True),)), *rest))


def _quiet(chart: Chart, marks: Mapping[str, Mark]) -> Chart:
    """The same without the legend of families, and with broken lines around and from what was removed."""

    def is_gone(identity: str) -> bool:
        return marks.get(identity) is Mark.REMOVED

    gone = {card.item for card in chart.cards if is_gone(card.identity)}
    cards = tuple(replace(card, in_training_only=True) if is_gone(card.identity) else card for card in chart.cards)
    edges = tuple(
        replace(edge, in_training_only=True) if {edge.source, edge.target} & gone else edge for edge in chart.edges
    )
    return replace(chart, cards=cards, edges=edges, legend=())


def _coloured(shape: Shape, marks: Mapping[str, Mark]) -> Shape:
    """A card in the colours of what became of it; what is behind cards is pale."""
    if isinstance(shape, Part) and shape.kind not in ("group", "terminal"):
        mark = marks.get(shape.identity)
        colour = FOLDED if mark is None else COLOURS[mark]
        return replace(shape, marks=tuple(_painted(each, colour, is_marked=mark is not None) for each in shape.marks))
    if isinstance(shape, Box) and shape.paint.fill is not None and shape.paint.stroke is not None:
        names = (shape.paint.fill.name, shape.paint.stroke.name)
        if names[1] == f"{names[0]}-line":
            return _painted(shape, FOLDED, is_marked=False)
    return shape


def _painted(shape: Shape, colour: Colour, *, is_marked: bool) -> Shape:
    if isinstance(shape, Text):
        return replace(shape, ink=colour.text)
    if isinstance(shape, Box | Polyline):
        width = _WIDTH if is_marked and isinstance(shape, Box) else shape.paint.width
        fill = None if shape.paint.fill is None else colour.fill
        return replace(shape, paint=replace(shape.paint, fill=fill, stroke=colour.stroke, width=width))
    return shape


def _legend(chart: Chart) -> Iterator[Shape]:
    """What the colours stand for, where the families stand in other views."""
    top = chart.legend[0].swatch.y if chart.legend else chart.height - 24 - _SWATCH
    x = chart.legend[0].swatch.x if chart.legend else 24.0
    for mark, colour in COLOURS.items():
        dash = _DASH if mark is Mark.REMOVED else ()
        yield Box(Rectangle(x, top, _SWATCH, _SWATCH), Paint(colour.fill, colour.stroke, dash=dash), 2)
        run = Run(mark.value)
        at = Point(x + _SWATCH + 6, round(top + _SWATCH / 2 + _LEGEND * 0.36, 2))
        yield Text(Line((run,), _LEGEND, at, starts=True), TERMINAL.text)
        x = round(x + _SWATCH + 6 + font.width_of((run,), _LEGEND) + 16)
