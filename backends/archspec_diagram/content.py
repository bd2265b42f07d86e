"""What stands in each box, set in lines and measured, before the box has a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, final

from archspec.graph import Graph, Node, Value
from archspec.op import Family
from archspec_diagram import font, wording
from archspec_diagram.picture import Box, Form, Line, Point, Rectangle, Run
from archspec_diagram.structure import Key, Kind

TITLE: Final = 11.0
SETTINGS: Final = 9.5
SHAPE: Final = 9.0
LEADING: Final = 14.0

WIDEST: Final = 224.0
"""No text in a box is wider than this: it is wrapped between settings and shortened within one."""

_PADDING: Final = 12.0
_SEPARATOR: Final = " · "


@final
@dataclass(frozen=True, slots=True)
class Content:
    form: Form
    family: Family | None
    lines: tuple[Line, ...]
    """Each with its middle at the origin."""

    width: float
    height: float
    tip: str

    @property
    def stretches(self) -> bool:
        """Whether the box grows to the width of its column, so that a chain has straight sides."""
        return self.form in (Form.LAYER, Form.BAR)

    def at(self, key: Key, rectangle: Rectangle) -> Box:
        """The box with these lines in the middle of the rectangle."""
        top = rectangle.centre.y - len(self.lines) * LEADING / 2
        lines = tuple(
            replace(line, at=Point(rectangle.centre.x, _baseline(top + index * LEADING, line.size)))
            for index, line in enumerate(self.lines)
        )
        return Box(key.identity, self.form, self.family, rectangle, lines, self.tip)


def contents_of(graph: Graph) -> dict[Key, Content]:
    contents = {Key(Kind.INPUT, value.producer): _terminal(wording.clean(value.name), value) for value in graph.inputs}
    contents |= {Key(Kind.LAYER, node.path): _layer(node) for node in graph.nodes}
    for number, output in enumerate(graph.outputs):
        contents[Key(Kind.OUTPUT, (str(number),))] = _terminal(wording.output_name(graph, number), output.value)
    return contents


def shapes_of(graph: Graph) -> Mapping[Key, str]:
    """The shapes that are said, by what makes the value: each that differs from those of the layer's inputs."""
    said = {Key(Kind.INPUT, value.producer): value for value in graph.inputs}
    said |= {Key(Kind.LAYER, node.path): node.output for node in graph.nodes if wording.changes_shape(node)}
    return {key: font.shortened(wording.shape(value), SHAPE, WIDEST + 64) for key, value in said.items()}


def _terminal(name: str, value: Value) -> Content:
    text = font.shortened(name, TITLE, WIDEST, bold=True)
    line = Line((Run(text, bold=True),), TITLE, Point(0, 0))
    return Content(Form.TERMINAL, None, (line,), _box_width((line,)) + 8, 24, f"{name} {wording.shape(value)}")


def _layer(node: Node) -> Content:
    name = wording.own_name(node)
    phrases = [font.shortened(each, SETTINGS, WIDEST) for each in wording.details(node)]
    slim = node.op.family in wording.SLIM
    size = SETTINGS + 0.5 if slim else TITLE
    title = _title(name, wording.clean(node.op.name), size)
    form = Form.MERGE if len(node.inputs) > 1 else Form.BAR if slim else Form.LAYER
    if form is not Form.LAYER and phrases and len(title) == 1:
        inline = (*title[0], Run(f"  {_SEPARATOR.join(phrases)}"))
        if font.width_of(inline, size) <= WIDEST:
            title, phrases = [inline], []
    lines = tuple(Line(runs, size, Point(0, 0)) for runs in title)
    lines += tuple(Line((Run(text),), SETTINGS, Point(0, 0)) for text in _wrapped(phrases))
    padding = 4 if form is Form.BAR else 10 if form is Form.MERGE or len(lines) == 1 else 12
    height = ceil((len(lines) * LEADING + padding) / 2) * 2
    return Content(form, node.op.family, lines, _box_width(lines), height, wording.tip(node))


def _title(name: str, op: str, size: float) -> list[tuple[Run, ...]]:
    """The name that the author gave, if any, and the op: in one line if there is room."""
    bold = Run(font.shortened(op, size, WIDEST, bold=True), bold=True)
    if not name:
        return [(bold,)]
    together = (Run(f"{name}: ", quiet=True), bold)
    if font.width_of(together, size) <= WIDEST:
        return [together]
    return [(Run(font.shortened(f"{name}:", size, WIDEST), quiet=True),), (bold,)]


def _wrapped(phrases: list[str]) -> list[str]:
    """The settings in as few lines as there is room for, of about the same width."""
    if not phrases:
        return []
    whole = font.width(_SEPARATOR.join(phrases), SETTINGS)
    room = WIDEST if whole <= WIDEST else max(whole / ceil(whole / WIDEST) * 1.15, WIDEST * 0.7)
    lines = [phrases[0]]
    for phrase in phrases[1:]:
        longer = lines[-1] + _SEPARATOR + phrase
        if font.width(longer, SETTINGS) <= min(room, WIDEST):
            lines[-1] = longer
        else:
            lines.append(phrase)
    return lines


def _box_width(lines: tuple[Line, ...]) -> float:
    """On the grid of 8 pixels, twice: the middle of a box is on it too."""
    return ceil((max(font.width_of(line.runs, line.size) for line in lines) + 2 * _PADDING) / 16) * 16


def _baseline(top: float, size: float) -> float:
    """The baseline that puts the capital letters of a line in the middle of its height."""
    return round(top + LEADING / 2 + size * 0.36, 2)
