"""Graphs in the language of Graphviz, for whoever wants to lay them out or change them with its tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from archspec.graph import Graph, Group, Path
from archspec_diagram import wording
from archspec_diagram.font import FAMILIES
from archspec_diagram.palette import FRAME, INK, LINE, QUIET, Colour, colour
from archspec_diagram.structure import Key, Kind


def dot(graph: Graph) -> str:
    return "\n".join(_Writer(graph).document()) + "\n"


@final
class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = {value.producer: Key(Kind.INPUT, value.producer).identity for value in graph.inputs}
        self.names |= {node.path: Key(Kind.LAYER, node.path).identity for node in graph.nodes}

    def document(self) -> Iterator[str]:
        graph = self.graph
        face = _quoted(FAMILIES.split(",")[0])
        yield f"digraph {_quoted(graph.name)} {{"
        yield f"  label={_quoted(graph.name, wording.parameters(graph.parameters))}"
        yield f'  graph [labelloc=t, fontname={face}, fontcolor="{INK}"]'
        yield f'  node [shape=box, style="filled,rounded", fontname={face}, fontsize=11]'
        yield f'  edge [fontname={face}, fontsize=9, color="{LINE}", fontcolor="{QUIET}", arrowsize=0.6]'
        for value in graph.inputs:
            yield f"  {_quoted(self.names[value.producer])} [{_attributes((value.name,), colour(None), 'ellipse')}]"
        yield from self._members((), "  ")
        for number in range(len(graph.outputs)):
            name = wording.output_name(graph, number)
            yield f"  {_quoted(f'output.{number}')} [{_attributes((name,), colour(None), 'ellipse')}]"
        yield from self._edges()
        yield "}"

    def _members(self, path: Path, indent: str) -> Iterator[str]:
        for member in self.graph.members(path):
            if isinstance(member, Group):
                name = Key(Kind.GROUP, member.path).identity
                yield f"{indent}subgraph {_quoted(f'cluster {name}')} {{"
                yield f'{indent}  label={_quoted(member.path[-1])} style=rounded color="{FRAME}"'
                yield from self._members(member.path, indent + "  ")
                yield f"{indent}}}"
                continue
            own = wording.own_name(member)
            lines = [f"{own}: {member.op.name}" if own else member.op.name]
            if phrases := wording.details(member):
                lines.append(" · ".join(phrases))
            shape = "ellipse" if len(member.inputs) > 1 else "box"
            attributes = _attributes(tuple(lines), colour(member.op.family), shape)
            yield f"{indent}{_quoted(self.names[member.path])} [{attributes}]"

    def _edges(self) -> Iterator[str]:
        said: set[Path] = set()
        uses = [(value, self.names[node.path]) for node in self.graph.nodes for value in node.inputs]
        uses += [(output.value, f"output.{number}") for number, output in enumerate(self.graph.outputs)]
        for value, target in uses:
            label = "" if value.producer in said else f" [label={_quoted(str(value.shape))}]"
            said.add(value.producer)
            yield f"  {_quoted(self.names[value.producer])} -> {_quoted(target)}{label}"


def _attributes(lines: tuple[str, ...], paint: Colour, shape: str) -> str:
    colours = f'fillcolor="{paint.fill}", color="{paint.stroke}", fontcolor="{paint.text}"'
    return f"label={_quoted(*lines)}, shape={shape}, {colours}"


def _quoted(*lines: str) -> str:
    """A string; Graphviz reads backslashes and, in labels, the entities of HTML."""
    escaped = (wording.clean(line).replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
