"""The model in words, for a page: the layers as a list that folds, and the texts of the spec line by line.

Each entry of the list says which part of the picture it is about and where that is written, so that the script of the
page, and whoever reads it without one, find all facts in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import PurePath
from typing import Final, final

from archspec.drawing import Drawing
from archspec.graph import Graph, Group, Node, Path
from archspec.source import Source, Span
from archspec_diagram import wording
from archspec_diagram.folding import view_of
from archspec_diagram.structure import Key, Kind

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What has no picture, or would turn the text around it."""


@final
class Outline:
    def __init__(self, graphs: Mapping[str, Graph], spec: Span, drawing: Drawing) -> None:
        """An outline of graphs, by what the names of their parts begin with in the picture, and of the spec of all."""
        self.parts = [_Part(prefix, graph, drawing) for prefix, graph in graphs.items()]
        spans = [span for part in self.parts for span in part.spans]
        texts: dict[tuple[str, str], int] = {}
        self.numbers: dict[int, int] = {}
        """Of each source the number of its text, since one file may have been read several times."""
        self.texts: list[Source] = []
        for source in (span.source for span in (*spans, spec) if span.source.text.strip()):
            if id(source) not in self.numbers:
                number = self.numbers[id(source)] = texts.setdefault((source.name, source.text), len(texts))
                self.texts += [source] if number == len(self.texts) else []

    def layers(self) -> Iterator[str]:
        for part in self.parts:
            if len(self.parts) > 1:
                yield f"<h2>{escape(wording.clean(part.graph.name))}</h2>"
            yield from part.layers(self.numbers)

    def sources(self) -> Iterator[str]:
        files = [PurePath(source.name) for source in self.texts]
        for number, source in enumerate(self.texts):
            # The folders are those of whoever drew the model, and nobody else's; one tells namesakes apart.
            file = files[number]
            alike = [each.name for each in files].count(file.name) > 1
            name = escape(wording.clean("/".join(file.parts[-2:]) if alike else file.name))
            opened = "" if number else " open"
            yield f'<details class="source" id="source-{number}"{opened}><summary>{name}</summary>'
            lines = _CONTROL.sub("\ufffd", source.text.replace("\r\n", "\n")).rstrip("\n").split("\n")
            said = "".join(f"<span>{escape(line)}\n</span>" for line in lines)
            yield f'<pre tabindex="0" aria-label="{name}">{said}</pre></details>'


@final
class _Part:
    """One graph of an outline."""

    def __init__(self, prefix: str, graph: Graph, drawing: Drawing) -> None:
        self.prefix, self.graph = prefix, graph
        self.numbers: Mapping[int, int] = {}
        whole = view_of(graph, drawing, tuple(graph.groups))
        items = [item for item in whole.items.values() if item.nodes]
        self.shown = {node.path for item in items for node in item.nodes}
        self.spans = [graph.span]
        for path in (node.path for node in graph.nodes if node.path in self.shown):
            self.spans += [graph.groups[path[:depth]].span for depth in range(1, len(path))]
            self.spans.append(graph.node(path).span)

    def layers(self, numbers: Mapping[int, int]) -> Iterator[str]:
        """The list of its layers, with the places where they are written in the texts of these numbers."""
        graph, self.numbers = self.graph, numbers
        yield "<ul>"
        for value in graph.inputs:
            name = wording.clean(value.name)
            tells = self._told(name, "input", wording.shape(value), "")
            yield f"<li{self._place(Key(Kind.INPUT, value.producer), value.span)}>{tells}</li>"
        yield from self._members(())
        for number, output in enumerate(graph.outputs):
            tells = self._told(wording.output_name(graph, number), "output", wording.shape(output.value), "")
            yield f"<li{self._place(Key(Kind.OUTPUT, (str(number),)), output.value.span)}>{tells}</li>"
        yield "</ul>"

    def _members(self, path: Path) -> Iterator[str]:
        for member in self.graph.members(path):
            if isinstance(member, Group):
                inside = [node for node in self.graph.nodes if node.path[: len(member.path)] == member.path]
                if not any(node.path in self.shown for node in inside):
                    continue
                yield f"<li{self._place(Key(Kind.GROUP, member.path), member.span)}>"
                number = f"{len(inside)} layer{'' if len(inside) == 1 else 's'}"
                parameters = sum((node.parameters for node in inside), 0)
                said = wording.exactly(parameters) if parameters != 0 else ""
                block = wording.clean(member.block or "")
                yield f"<details><summary>{self._told(wording.clean(member.name), block, number, said)}</summary>"
                if member.doc:
                    yield f"<p>{escape(wording.clean(member.doc))}</p>"
                yield "<ul>"
                yield from self._members(member.path)
                yield "</ul></details></li>"
            elif member.path in self.shown:
                yield f"<li{self._place(Key(Kind.LAYER, member.path), member.span)}>{self._layer(member)}</li>"

    def _layer(self, node: Node) -> str:
        shapes = f"{', '.join(map(wording.shape, node.inputs))} → {', '.join(map(wording.shape, node.outputs))}"
        parameters = wording.exactly(node.parameters) if node.parameters != 0 else ""
        return self._told(wording.clean(node.name), wording.clean(str(node.op)), shapes, parameters)

    def _told(self, name: str, what: str, shape: str, parameters: str) -> str:
        parts = (("b", name), ("code", what), ("span", shape), ("i", parameters))
        return " ".join(f"<{tag}>{escape(said)}</{tag}>" for tag, said in parts if said)

    def _place(self, key: Key, span: Span) -> str:
        number = self.numbers.get(id(span.source))
        at = "" if number is None else f' data-at="{number} {span.first().line} {_last(span)}"'
        return f' data-of="{escape(self.prefix + key.identity)}"{at}'


def _last(span: Span) -> int:
    """The last line of what is written there, without the line break at its end."""
    written = span.text.rstrip()
    return span.source.position(span.start + max(len(written) - 1, 0)).line
