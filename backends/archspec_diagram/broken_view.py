"""The view of a model with errors: what could be built, the layers that are wrong in red, and what they hide in grey.

It is the graph view of a stand-in, in which there is a box for each layer that is left out. Nothing is folded that has
something wrong in it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from archspec.diagnostics import Diagnostic, Severity
from archspec.drawing import Drawing
from archspec.graph import Graph, Node, Output, Path, Value
from archspec.op import Example, Family, Op
from archspec.partial import Layer, LeftOut, PartialGraph, Taken
from archspec.shape import Shape
from archspec.size import named
from archspec_diagram import font
from archspec_diagram.chart import Card, Chart, Pill
from archspec_diagram.folding import view_of
from archspec_diagram.graph_view import charted
from archspec_diagram.painting import painted
from archspec_diagram.palette import FOLDED, Colour, colour_of
from archspec_diagram.picture import Box, Line, Mark, Part, Picture, Run, Text
from archspec_diagram.structure import Key, Kind
from archspec_diagram.theme import theme_of
from archspec_diagram.view import View

WRONG: Final = colour_of("wrong", "#ffebe9", "#cf222e", "#6e1119")

UNKNOWN: Final = Shape((named("?"),))
"""Stands for a shape that an error hides."""

LONGEST: Final = 40
"""Of what the spec says of a layer, a box shows so many characters."""


WIDEST: Final = 36
"""So many characters of a finding stand in one line of a box."""


class _Unbuilt(Op):
    """Stands for a layer that is left out."""

    family = Family.RESHAPING

    def infer(self, *inputs: Shape) -> Shape:
        return UNKNOWN

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


def picture(partial: PartialGraph, findings: Sequence[Diagnostic], drawing: Drawing) -> Picture:
    faults = partial.faults(findings)
    graph = _stand_in(partial)
    opened = {path[:depth] for path in faults for depth in range(1, len(path))} & set(graph.groups)
    expand = tuple(sorted(".".join(path) for path in opened))
    view = view_of(graph, replace(drawing, expand=(*drawing.expand, *expand)))
    view = _with_notes(view, faults)
    theme = theme_of(drawing)
    chart = charted(view, drawing, theme)

    wrong = {Key(Kind.LAYER, path).identity: found for path, found in faults.items()}
    hidden = {Key(Kind.LAYER, each.path).identity for each in partial.layers if isinstance(each, LeftOut)} - set(wrong)
    chart = replace(
        chart,
        cards=tuple(
            _told(card, wrong.get(card.identity, ()), is_hidden=card.identity in hidden) for card in chart.cards
        ),
        pills=tuple(map(_shown, chart.pills)),
        headings=_headings(chart, findings, faults),
        legend=(),
    )
    plain = painted(chart, theme)
    colours = {**dict.fromkeys(hidden, FOLDED), **dict.fromkeys(wrong, WRONG)}
    marks = [
        _coloured(mark, colours[mark.identity]) if isinstance(mark, Part) and mark.identity in colours else mark
        for mark in plain.marks
    ]
    # What leads to a wrong layer is drawn once more, in red.
    edges = tuple(edge for edge in chart.edges if edge.target in wrong)
    item_of = {card.identity: card.item for card in chart.cards}
    sources = {item_of.get(edge.source) for edge in edges}
    pills = tuple(pill for pill in chart.pills if pill.source in sources and pill.line.text != "?")
    ink = WRONG.stroke
    over = painted(
        replace(chart, cards=(), frames=(), headings=(), edges=edges, pills=pills),
        replace(theme, line=ink, skip=ink, pill=ink, quiet=ink),
    )
    return replace(plain, marks=(*marks, *over.marks), description=_described(findings))


def _with_notes(view: View, faults: Mapping[Path, Sequence[Diagnostic]]) -> View:
    """The same, in which wrong layers say what is wrong, and what flows into them has its shape beside it."""
    items = {}
    for key, item in view.items.items():
        notes = {
            node.path: [line for each in faults.get(node.path, ()) for line in _lines(each)] for node in item.nodes
        }
        items[key] = replace(item, notes={path: found for path, found in notes.items() if found})
    home = {node.path: key for key, item in view.items.items() for node in item.nodes}
    for path in faults:
        for value in view.graph.node(path).inputs:
            source = home.get(value.producer)
            if source is not None and source != home.get(path):
                said = items[source].said
                if value.shape not in {each.shape for each in said}:
                    items[source] = replace(items[source], said=(*said, value))
    return replace(view, items=items)


def _said(finding: Diagnostic) -> str:
    return f"{finding.code}: {finding.message()}".replace("`", "")


def _lines(finding: Diagnostic) -> list[str]:
    """What a box has room for."""
    return textwrap.wrap(_said(finding), WIDEST, max_lines=3, placeholder="...")


def _told(card: Card, faults: Sequence[Diagnostic], *, is_hidden: bool) -> Card:
    """A card that tells all that is wrong with it; with a broken outline, if an error hides what it gives."""
    tip = "; ".join((card.tip, *map(_said, faults)))
    return replace(card, tip=tip.replace(str(UNKNOWN), "?"), in_training_only=is_hidden or card.in_training_only)


def _shown(pill: Pill) -> Pill:
    """The same, which says of a shape that nobody knows no more than that."""
    return replace(pill, line=replace(pill.line, runs=(Run("?"),))) if pill.line.text == str(UNKNOWN) else pill


def _headings(
    chart: Chart, findings: Sequence[Diagnostic], faults: Mapping[Path, Sequence[Diagnostic]]
) -> tuple[Line, ...]:
    """The name, and below it how many errors there are, and which of them are in no layer."""
    drawn = {id(each) for found in faults.values() for each in found}
    elsewhere = dict.fromkeys(_said(each) for each in _errors(findings) if id(each) not in drawn)
    said = _counted(findings) + (f"; in no layer: {'; '.join(elsewhere)}" if elsewhere else "")
    name, line, *_ = chart.headings
    return name, replace(line, runs=(Run(font.shortened(said, line.size, chart.width - 2 * line.at.x)),))


def _described(findings: Sequence[Diagnostic]) -> str:
    return f"{_counted(findings)}. " + "; ".join(map(_said, _errors(findings)))


def _counted(findings: Sequence[Diagnostic]) -> str:
    number = len(_errors(findings))
    return f"{number} error{'' if number == 1 else 's'}"


def _errors(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [each for each in findings if each.severity is Severity.ERROR]


def _coloured(part: Part, colour: Colour) -> Part:
    return replace(part, marks=tuple(_painted(each, colour) for each in part.marks))


def _painted(mark: Mark, colour: Colour) -> Mark:
    if isinstance(mark, Text):
        return replace(mark, ink=colour.text)
    if isinstance(mark, Box):
        return replace(mark, paint=replace(mark.paint, fill=colour.fill, stroke=colour.stroke))
    return mark


# --------------------------------------------------------------------------------------------------- the stand-in


def _stand_in(partial: PartialGraph) -> Graph:
    inputs = [each.producer for each in partial.inputs]
    nodes: dict[Path, Node] = {}
    for layer in partial.layers:
        if layer.path in nodes or layer.path in inputs:
            continue  # Two that are called alike are told of as that.
        node = _box(layer) if isinstance(layer, LeftOut) else layer
        known = tuple(each for each in node.inputs if each.producer in nodes or each.producer in inputs)
        nodes[layer.path] = node if known == node.inputs else replace(_box(layer), inputs=known)
    outputs = tuple(
        Output(name, Value(taken.producer, _shape(taken), partial.span, taken.port))
        for name, taken in partial.outputs
        if taken.producer in nodes or taken.producer in inputs
    )
    groups = {path: group for path, group in partial.groups.items() if path not in nodes}
    source = partial.span.source
    layers = tuple(nodes.values())
    return Graph(partial.name, partial.doc, source, partial.span, {}, partial.inputs, outputs, groups, layers)


def _shape(taken: Taken) -> Shape:
    return UNKNOWN if taken.shape is None else taken.shape


def _box(layer: Layer) -> Node:
    """A layer of which only what the spec says of it is known."""
    text = " ".join(layer.span.text.split())
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    kind: Any = type("Unbuilt", (_Unbuilt,), {"name": text, "__module__": __name__})
    inputs = tuple(
        each if isinstance(each, Value) else Value(each.producer, _shape(each), layer.span, each.port)
        for each in layer.inputs
    )
    return Node(layer.path, kind(), inputs, (Value(layer.path, UNKNOWN, layer.span),), layer.span, is_named=False)
