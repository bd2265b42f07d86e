"""Graphs in the language of Graphviz, for whoever wants to lay them out or change them with its tools.

What is folded is folded here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from archspec.drawing import Direction, Drawing
from archspec.graph import Graph, Path
from archspec_diagram import wording
from archspec_diagram.folding import view_of
from archspec_diagram.label import check_template, lines_of, said_beside
from archspec_diagram.palette import Colour
from archspec_diagram.structure import Key, Kind
from archspec_diagram.theme import Theme, theme_of
from archspec_diagram.view import Item, View


def dot(graph: Graph, drawing: Drawing) -> str:
    if drawing.label is not None:
        check_template(drawing.label, graph)
    return "\n".join(_Writer(view_of(graph, drawing), drawing, theme_of(drawing)).document()) + "\n"


@final
class _Writer:
    def __init__(self, view: View, drawing: Drawing, theme: Theme) -> None:
        self.view, self.drawing, self.theme = view, drawing, theme

    def document(self) -> Iterator[str]:
        graph, theme = self.view.graph, self.theme
        face = _quoted(theme.font.split(",")[0])
        yield f"digraph {_quoted(graph.name)} {{"
        yield f"  label={_quoted(graph.name, wording.parameters(graph.parameters))}"
        if self.drawing.direction is Direction.RIGHT:
            yield "  rankdir=LR"
        yield f'  graph [labelloc=t, fontname={face}, fontcolor="{theme.ink.light}"]'
        yield f'  node [shape=box, style="filled,rounded", fontname={face}, fontsize=11]'
        colours = f'color="{theme.line.light}", fontcolor="{theme.quiet.light}"'
        yield f"  edge [fontname={face}, fontsize=9, {colours}, arrowsize=0.6]"
        yield from self._members((), "  ")
        yield from self._edges()
        yield "}"

    def _members(self, path: Path, indent: str) -> Iterator[str]:
        for key in self.view.structure.members[path]:
            if key.kind is Kind.GROUP:
                container = self.view.containers[key.path]
                title = " ".join(filter(None, (container.name or container.block, container.badge_text)))
                yield f"{indent}subgraph {_quoted(f'cluster {container.identity}')} {{"
                yield f'{indent}  label={_quoted(title)} fontsize=11 style=rounded color="{self.theme.frame.light}"'
                yield from self._members(key.path, indent + "  ")
                yield f"{indent}}}"
                continue
            item = self.view.items[key]
            yield f"{indent}{_quoted(item.identity)} [{self._attributes(item)}]"

    def _attributes(self, item: Item) -> str:
        paint: Colour = self.theme.colour(wording.family(item))
        is_round = item.key.kind is not Kind.LAYER or (item.group is None and wording.joins(item.nodes[0]))
        shape = "ellipse" if is_round else "box"
        if is_round and item.nodes and wording.sign_alone(item.nodes[0]) and self.drawing.label is None:
            shape = "circle"
        said = [f"label={_quoted(*lines_of(item, self.drawing.label))}", f"shape={shape}"]
        if item.group is not None:
            said.append("peripheries=2")
        if item.in_training_only:
            said.append('style="filled,rounded,dashed"')
        stroke = self.theme.highlight if item.highlighted else paint.stroke
        said += [f'fillcolor="{paint.fill.light}"', f'color="{stroke.light}"', f'fontcolor="{paint.text.light}"']
        said += ["penwidth=3"] if item.highlighted else []
        return ", ".join(said)

    def _edges(self) -> Iterator[str]:
        said: set[Key] = set()
        taken = dict.fromkeys(self.view.structure.keys, 0)
        for link in self.view.structure.links:
            source, target = self.view.items[link.source], self.view.items[link.target]
            letters = wording.letters(target) if self.drawing.label is None else ()
            values = said_beside(source, self.drawing.label) if link.source not in said else ()
            said.add(link.source)
            told = [f"label={_quoted(', '.join(map(wording.shape, values)))}"] if values else []
            told += [f"headlabel={_quoted(letters[taken[link.target]])}"] if letters else []
            taken[link.target] += 1
            label = f" [{', '.join(told)}]" if told else ""
            yield f"  {_quoted(source.identity)} -> {_quoted(target.identity)}{label}"


def _quoted(*lines: str) -> str:
    """A string; Graphviz reads backslashes and, in labels, the entities of HTML."""
    escaped = (wording.clean(line).replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
