"""Graphs as Mermaid flowcharts, which many sites draw inside Markdown. What is folded is folded here too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from archspec.drawing import Direction, Drawing
from archspec.graph import Graph, Path
from archspec_diagram import wording
from archspec_diagram.folding import view_of
from archspec_diagram.label import check_template, lines_of, said_beside
from archspec_diagram.palette import Colour
from archspec_diagram.structure import Key, Kind
from archspec_diagram.theme import Theme, theme_of
from archspec_diagram.view import Item, View

_WIDE: Final = '%%{init: {"flowchart": {"wrappingWidth": 400}}}%%'
"""Lines are as long as they are in pictures, before Mermaid breaks them."""

_PLAIN: Final = frozenset(" ,:.()[]×·+-*/=_…")


def mermaid(graph: Graph, drawing: Drawing) -> str:
    if drawing.label is not None:
        check_template(drawing.label, graph)
    return "\n".join(_Writer(view_of(graph, drawing), drawing, theme_of(drawing)).document()) + "\n"


@final
class _Writer:
    def __init__(self, view: View, drawing: Drawing, theme: Theme) -> None:
        self.view, self.drawing, self.theme = view, drawing, theme
        # Mermaid gives some words a meaning even as names, so names are counted.
        keys = [key for key in view.structure.keys if key.kind is not Kind.OUTPUT]
        self.names = {key: f"n{number}" for number, key in enumerate(keys)}
        self.names |= {key: f"out{key.path[0]}" for key in view.structure.keys if key.kind is Kind.OUTPUT}
        self.groups = 0

    def document(self) -> Iterator[str]:
        yield _WIDE
        yield "flowchart TD" if self.drawing.direction is Direction.DOWN else "flowchart LR"
        yield from self._members((), "  ")
        yield from self._edges()
        items = self.view.items.values()
        families = dict.fromkeys(family for item in items if (family := wording.family(item)) is not None)
        for family in families:
            yield f"  classDef {family.value} {self._paint(self.theme.colour(family))}"
        yield f"  classDef terminal {self._paint(self.theme.colour(None))}"
        if self.groups:
            yield f"  classDef frame fill:transparent,stroke:{self.theme.frame.light}"
            yield f"  class {','.join(f'g{number}' for number in range(self.groups))} frame"
        if late := [self.names[item.key] for item in items if item.in_training_only]:
            yield "  classDef training stroke-dasharray:4 3"
            yield f"  class {','.join(late)} training"
        if lit := [self.names[item.key] for item in items if item.highlighted]:
            yield f"  classDef highlight stroke:{self.theme.highlight.light},stroke-width:3px"
            yield f"  class {','.join(lit)} highlight"

    def _paint(self, paint: Colour) -> str:
        return f"fill:{paint.fill.light},stroke:{paint.stroke.light},color:{paint.text.light}"

    def _members(self, path: Path, indent: str) -> Iterator[str]:
        for key in self.view.structure.members[path]:
            if key.kind is Kind.GROUP:
                container = self.view.containers[key.path]
                title = " ".join(filter(None, (container.name or container.block, container.badge_text)))
                yield f"{indent}subgraph g{self.groups}[{_quoted(title or ' ')}]"
                self.groups += 1
                yield from self._members(key.path, indent + "  ")
                yield f"{indent}end"
                continue
            item = self.view.items[key]
            yield f"{indent}{self.names[key]}{self._shape(item)}:::{self._class(item)}"

    def _shape(self, item: Item) -> str:
        label = _quoted(*lines_of(item, self.drawing.label))
        if item.key.kind is not Kind.LAYER:
            return f"([{label}])"
        if item.group is not None:
            return f"[[{label}]]"
        # What joins several values is round.
        if not wording.joins(item.nodes[0]):
            return f"[{label}]"
        return f"(({label}))" if wording.sign_alone(item.nodes[0]) and self.drawing.label is None else f"([{label}])"

    def _class(self, item: Item) -> str:
        family = wording.family(item)
        return "terminal" if family is None else family.value

    def _edges(self) -> Iterator[str]:
        said: set[Key] = set()
        taken = dict.fromkeys(self.view.structure.keys, 0)
        for link in self.view.structure.links:
            source = self.view.items[link.source]
            values = said_beside(source, self.drawing.label) if link.source not in said else ()
            said.add(link.source)
            letters = wording.letters(self.view.items[link.target]) if self.drawing.label is None else ()
            told = [", ".join(map(wording.shape, values))] if values else []
            told += [letters[taken[link.target]]] if letters else []
            taken[link.target] += 1
            label = f"|{_quoted(*told)}|" if told else ""
            yield f"  {self.names[link.source]} -->{label} {self.names[link.target]}"


def _quoted(*lines: str) -> str:
    """A label; whatever Mermaid, Markdown or HTML could read as their own is written as a number."""
    return '"' + "<br/>".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in wording.clean(text))
