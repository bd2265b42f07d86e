"""What stands in each box, set in lines and measured, before the box has a place."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Group, Path
from archspec.op import Family
from archspec_diagram import font, wording
from archspec_diagram.chart import Card, Form
from archspec_diagram.label import labelled, said_beside
from archspec_diagram.picture import Line, Point, Rectangle, Run
from archspec_diagram.structure import Key, Kind
from archspec_diagram.view import Item, View

TITLE: Final = 11.0
SETTINGS: Final = 9.5
SHAPE: Final = 9.0
LEADING: Final = 14.0
SIGN: Final = 13.0

WIDEST: Final = 224.0
"""No text in a box is wider than this: it is wrapped between settings and shortened within one."""

CIRCLE: Final = 24.0

_PADDING: Final = 12.0
_SEPARATOR: Final = " · "

_BECOMES: Final = " -> "
"""Stands in notes between what was and what it has become."""


@final
class Band(Struct, frozen=True):
    """One layer of an item: most have no more."""

    identity: str
    form: Form
    family: Family | None
    lines: tuple[Line, ...]
    """Each with its middle at the origin."""

    height: float
    tip: str
    is_highlighted: bool = False


@final
class Content(Struct, frozen=True):
    bands: tuple[Band, ...]
    width: float
    height: float
    item: Item

    @property
    def stretches(self) -> bool:
        """Whether the box grows to the width of its column, so that a chain has straight sides."""
        return self.bands[0].form in (Form.LAYER, Form.BAR, Form.FOLDED)

    @property
    def is_round(self) -> bool:
        return self.bands[0].form in (Form.SIGN, Form.MERGE)

    @property
    def is_unordered(self) -> bool:
        """Whether it does not matter in which order its inputs come."""
        return self.bands[0].form is Form.SIGN and self.bands[0].lines[0].text in ("+", "×")

    @property
    def stacks(self) -> bool:
        """Whether it stands for several that are alike, and has others behind it."""
        return self.item.badge is not None and not self.item.badge.is_same

    def at(self, rectangle: Rectangle) -> tuple[Card, ...]:
        """The bands, one below the other, in the middle of the rectangle, with their lines."""
        cards = []
        y = rectangle.centre.y - self.height / 2
        for number, band in enumerate(self.bands):
            # What is taller than its bands, since much comes in, is one band that fills it.
            alone = len(self.bands) == 1
            place = rectangle if alone else Rectangle(rectangle.x, y, rectangle.width, band.height)
            top = place.centre.y - len(band.lines) * LEADING / 2
            lines = tuple(
                replace(line, at=Point(place.centre.x, _baseline(top + index * LEADING, line.size)))
                for index, line in enumerate(band.lines)
            )
            item = self.item
            cards.append(
                Card(
                    band.identity,
                    self.bands[0].identity,
                    band.form,
                    band.family,
                    place,
                    lines,
                    band.tip,
                    item.in_training_only,
                    band.is_highlighted,
                    stacks=self.stacks and number == 0,
                )
            )
            y += band.height
        return tuple(cards)


def contents_of(view: View, label: str | None) -> dict[Key, Content]:
    return {key: _content(item, label) for key, item in view.items.items()}


def shapes_of(view: View, label: str | None) -> Mapping[Key, str]:
    """The shapes that are said beside boxes, by what makes the value: each that differs from those of the layer's
    inputs, where the box does not say it itself."""
    return {
        key: font.shortened(", ".join(map(wording.shape, said)), SHAPE, WIDEST + 64)
        for key, item in view.items.items()
        if (said := said_beside(item, label))
    }


def _content(item: Item, label: str | None) -> Content:
    if item.key.kind is not Kind.LAYER:
        return _terminal(item)
    if item.group is not None:
        return _folded(item, item.group, label)
    bands = tuple(_band(item, number, label) for number in range(len(item.nodes)))
    if bands[0].form is Form.SIGN:
        return Content(bands, CIRCLE, CIRCLE, item)
    width = max(_box_width(band.lines) for band in bands)
    return Content(bands, width, sum(band.height for band in bands), item)


def _terminal(item: Item) -> Content:
    text = font.shortened(item.name, TITLE, WIDEST, bold=True)
    line = Line((Run(text, bold=True),), TITLE, Point(0, 0))
    tip = f"{item.name} {wording.shape(item.value)}" if item.value else item.name
    band = Band(item.identity, Form.TERMINAL, None, (line,), 24, tip)
    return Content((band,), _box_width((line,)) + 8, 24, item)


def _folded(item: Item, group: Group, label: str | None) -> Content:
    if label is not None:
        lines = _said(labelled(label, item, 0), TITLE)
    else:
        block = wording.clean(group.block or "")
        title = _title(item.name if block else "", block or item.name, TITLE, _badge(item))
        parameters = sum((node.parameters for node in item.nodes), 0)
        more = [] if item.content == block else [item.content]
        more += [wording.parameters(parameters) + (" each" if _copies(item) else "")] if parameters != 0 else []
        lines = tuple(Line(runs, TITLE, Point(0, 0)) for runs in title)
        shortened = [font.shortened(each, SETTINGS, WIDEST) for each in more if each]
        lines += tuple(Line((Run(text),), SETTINGS, Point(0, 0)) for text in _wrapped(shortened))
    lines += _notes(item, group.path)
    band = Band(
        item.identity,
        Form.FOLDED,
        wording.family(item),
        lines,
        _height(lines, 12),
        wording.folded_tip(item, group),
        bool(item.highlighted),
    )
    return Content((band,), _box_width(lines) + 16, band.height, item)


def _copies(item: Item) -> bool:
    return item.badge is not None and not item.badge.is_same


def _band(item: Item, number: int, label: str | None) -> Band:
    node = item.nodes[number]
    identity = Key(Kind.LAYER, node.path).identity
    tip, lit = wording.tip(node), node.path in item.highlighted
    slim = node.op.family in wording.SLIM
    size = SETTINGS + 0.5 if slim else TITLE
    joins = wording.joins(node)
    form = Form.MERGE if joins else Form.BAR if slim else Form.LAYER
    if label is not None:
        lines = _said(labelled(label, item, number), size)
        return Band(identity, form, node.op.family, lines, _height(lines, _room(form, len(lines))), tip, lit)
    if joins and not item.notes.get(node.path) and (sign := wording.sign_alone(node)):
        return Band(
            identity, Form.SIGN, node.op.family, (Line((Run(sign, bold=True),), SIGN, Point(0, 0)),), CIRCLE, tip, lit
        )
    # A name that is only the position of a layer in its group says nothing.
    name = item.name if number == 0 else wording.own_name(node)
    phrases = [font.shortened(each, SETTINGS, WIDEST) for each in wording.details(node)]
    badge = _badge(item) if number == 0 else ()
    title = _title(name, wording.called(node), size, badge)
    if form is not Form.LAYER and phrases and len(title) == 1:
        inline = (*title[0], Run(f"  {_SEPARATOR.join(phrases)}"))
        if font.width_of(inline, size) <= WIDEST:
            title, phrases = [inline], []
    lines = tuple(Line(runs, size, Point(0, 0)) for runs in title)
    lines += tuple(Line((Run(text),), SETTINGS, Point(0, 0)) for text in _wrapped(phrases))
    lines += _notes(item, node.path)
    return Band(identity, form, node.op.family, lines, _height(lines, _room(form, len(lines))), tip, lit)


def _notes(item: Item, path: Path) -> tuple[Line, ...]:
    notes = [part for each in item.notes.get(path, ()) for part in _in_lines(wording.clean(each))]
    shortened = (font.shortened(each, SETTINGS, WIDEST, bold=True) for each in notes)
    return tuple(Line((Run(each, bold=True),), SETTINGS, Point(0, 0)) for each in shortened)


def _in_lines(note: str) -> list[str]:
    """The note in one line, or in two where it is too long: what was, and what it has become."""
    before, arrow, after = note.partition(_BECOMES)
    if not arrow or font.width(note, SETTINGS, bold=True) <= WIDEST:
        return [note]
    return [before, f"{_BECOMES.lstrip()}{after}"]


def _room(form: Form, lines: int) -> int:
    return 4 if form is Form.BAR else 10 if form is Form.MERGE or lines == 1 else 12


def _height(lines: tuple[Line, ...], padding: int) -> float:
    return ceil((max(len(lines), 1) * LEADING + padding) / 2) * 2


def _said(texts: list[str], size: float) -> tuple[Line, ...]:
    return tuple(
        Line((Run(font.shortened(text, size, WIDEST, bold=not number), bold=not number),), size, Point(0, 0))
        for number, text in enumerate(texts)
    )


def _badge(item: Item) -> tuple[Run, ...]:
    return () if item.badge is None else (Run(f"  {item.badge.text}", bold=True),)


def _title(name: str, op: str, size: float, badge: tuple[Run, ...]) -> list[tuple[Run, ...]]:
    """The name that the author gave, if any, and the op: in one line if there is room."""
    room = WIDEST - font.width_of(badge, size)
    bold = Run(font.shortened(op, size, room, bold=True), bold=True)
    if not name or name == op:
        return [(bold, *badge)]
    together = (Run(f"{name}: ", quiet=True), bold)
    if font.width_of(together, size) <= room:
        return [(*together, *badge)]
    return [(Run(font.shortened(f"{name}:", size, WIDEST), quiet=True),), (bold, *badge)]


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
    return ceil((max((font.width_of(line.runs, line.size) for line in lines), default=0) + 2 * _PADDING) / 16) * 16


def _baseline(top: float, size: float) -> float:
    """The baseline that puts the capital letters of a line in the middle of its height."""
    return round(top + LEADING / 2 + size * 0.36, 2)
