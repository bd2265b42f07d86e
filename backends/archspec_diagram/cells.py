"""The view that looks into layers: what recurrent cells and attention do, drawn from their equations.

Each kind of cell or attention that a model has is drawn once, as a small graph of its own, with the layers that it is
the inside of. A cell that a spec writes out is drawn from that; what ops of the language do is in `equations`. Layers
inside others count too, such as an attention in a cell.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph, Node
from archspec.op import Family, count
from archspec.scan import Scan
from archspec.size import Size
from archspec_diagram import font, graph_view, wording
from archspec_diagram.equations import inner_graph
from archspec_diagram.furniture import title_of
from archspec_diagram.picture import Line, Mark, Picture, Point, Run, Text, moved
from archspec_diagram.theme import theme_of

_NAME: Final = 18.0
_WHERE: Final = 9.5
_TOP: Final = 44.0
_GAP: Final = 16.0
_WIDEST: Final = 1400.0
"""So many pixels stand side by side; what is more begins a new row."""

_LOOKED_INTO: Final = (Family.RECURRENT, Family.ATTENTION)

_NAMED: Final = 3
"""So many layers are named; the others are counted."""


@final
class _Inside(Struct):
    """What some layers do, and which ones."""

    graph: Graph
    parameters: Size
    """Those of the layer, as summaries count them: PyTorch may have two biases where one is drawn, or further layers
    that are alike."""

    names: list[str]


def inner_graphs(graph: Graph, drawing: Drawing) -> Mapping[str, Graph]:
    """What is drawn, by what the names of its parts begin with in the picture."""
    return {_prefix(number): inside.graph for number, (inside, _) in enumerate(_drawn(_insides(graph)[0], drawing))}


def _prefix(number: int) -> str:
    return f"cell{number}."


def _drawn(found: Sequence[_Inside], drawing: Drawing) -> Sequence[tuple[_Inside, Picture]]:
    """The picture of each, and those once that look alike."""
    drawn: dict[tuple[Mark, ...], tuple[_Inside, Picture]] = {}
    for each in found:
        made = graph_view.picture(each.graph, replace(drawing, variant=""))
        # Where a sequence attends to itself, and where to another, the same is done.
        drawn.setdefault(made.marks, (replace(each, names=[]), made))[0].names.extend(each.names)
    return tuple(drawn.values())


def picture(graph: Graph, drawing: Drawing) -> Picture:
    found, unknown = _insides(graph)
    if not found:
        why = f"; of `{'`, `'.join(unknown)}` there are no equations" if unknown else ""
        raise DrawingError(
            f"`{wording.clean(graph.name)}` has no cell and no attention to look into{why}; leave `--style` out to see "
            "its layers"
        )
    theme = theme_of(drawing)
    drawn = _drawn(found, drawing)
    found = [inside for inside, _ in drawn]
    pictures = [_captioned(inside, made) for inside, made in drawn]
    title = title_of(graph, drawing.variant, _NAME, _WIDEST / 2)
    marks: list[Mark] = [Text(Line(title, _NAME, Point(24, 32), starts=True), theme.ink)]
    x, y, below, width = 0.0, _TOP, _TOP, 24 + font.width_of(title, _NAME)
    for number, shown in enumerate(pictures):
        if x and x + shown.width > _WIDEST:
            x, y = 0.0, below
        marks += (moved(mark, x, y, _prefix(number)) for mark in shown.marks)
        x += shown.width + _GAP
        below, width = max(below, y + shown.height), max(width, x - _GAP)
    if unknown:
        said = f"not drawn, since there are no equations of them: {', '.join(unknown)}"
        line = Line(
            (Run(font.shortened(said, _WHERE, max(width, 480) - 48), quiet=True),), _WHERE, Point(24, below + 8)
        )
        line = replace(line, starts=True)
        marks.append(Text(line, theme.ink))
        below, width = below + 24, max(width, 24 + font.width_of(line.runs, _WHERE))
    return Picture(
        width=max(width, 240),
        height=below,
        name=wording.clean(graph.name),
        description=f"What is inside: {'; '.join(_told(each) for each in found)}.",
        paper=theme.paper,
        quiet=theme.quiet,
        font=theme.font,
        marks=tuple(marks),
    )


def _insides(graph: Graph) -> tuple[list[_Inside], list[str]]:
    """What the layers of a model do inside, each kind once, and the ops of which that is not known."""
    found: dict[str, _Inside | None] = {}
    unknown: dict[str, None] = {}
    for prefix, node in _nodes(graph, ""):
        if node.op.family not in _LOOKED_INTO:
            continue
        kind = _kind(node)
        if kind not in found:
            inner = inner_graph(node)
            name = inner.name if isinstance(node.op, Scan) and inner else str(node.op)
            found[kind] = (
                None if inner is None else _Inside(dataclasses.replace(inner, name=name), count(node.weights), [])
            )
        inside = found[kind]
        if inside is None:
            unknown[wording.clean(str(node.op))] = None
        else:
            inside.names.append(wording.clean(prefix + node.name))
    return [each for each in found.values() if each is not None], list(unknown)


def _nodes(graph: Graph, prefix: str) -> Iterator[tuple[str, Node]]:
    for node in graph.nodes:
        yield prefix, node
        if isinstance(node.op, Scan):
            yield from _nodes(node.op.cell, f"{prefix}{node.name}.")


def _kind(node: Node) -> str:
    """The same for layers that would be drawn alike."""
    inside = ""
    if isinstance(node.op, Scan):
        inner = node.op.cell
        inside = f" {inner.name} {dict(inner.settings)} {[str(each.op) for each in inner.nodes]}"
    return f"{node.op}{inside} {', '.join(str(value.shape) for value in node.inputs)}"


def _where(names: Sequence[str]) -> str:
    if len(names) <= _NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _told(inside: _Inside) -> str:
    doc = f", {wording.clean(inside.graph.doc)}" if inside.graph.doc else ""
    return f"{wording.clean(inside.graph.name)} in {_where(inside.names)}{doc}".rstrip(".")


def _captioned(inside: _Inside, picture: Picture) -> Picture:
    """The picture with the layers above it that it is the inside of, and with their parameters."""
    said = font.shortened(_where(inside.names), _WHERE, max(picture.width, 320) - 48)
    line = Line((Run(said, quiet=True),), _WHERE, Point(24, 16), starts=True)
    wide = max(picture.width, 48 + font.width(said, _WHERE))
    drawn, counted = (wording.parameters(each) for each in (inside.graph.parameters, inside.parameters))
    marks = tuple(
        replace(mark, line=replace(mark.line, runs=(Run(counted, quiet=True),)))
        if isinstance(mark, Text) and mark.line.text == drawn and mark.line.starts
        else mark
        for mark in picture.marks
    )
    return replace(picture, width=wide, marks=(*marks, Text(line, picture.quiet)))
