"""Graphs as Mermaid flowcharts, which many sites draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from archspec.graph import Graph, Group, Path
from archspec_diagram import wording
from archspec_diagram.palette import TERMINAL, colour

_PLAIN: Final = frozenset(" ,:.()[]×·+-*/=_…")


def mermaid(graph: Graph) -> str:
    return "\n".join(_Writer(graph).document()) + "\n"


@final
class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        # Mermaid gives some words a meaning even as names, so names are counted.
        paths = (*(value.producer for value in graph.inputs), *(node.path for node in graph.nodes))
        self.names = {path: f"n{number}" for number, path in enumerate(paths)}
        self.groups = 0

    def document(self) -> Iterator[str]:
        yield "flowchart TD"
        for value in self.graph.inputs:
            yield f"  {self.names[value.producer]}([{_quoted(value.name)}]):::terminal"
        yield from self._members((), "  ")
        for number in range(len(self.graph.outputs)):
            yield f"  out{number}([{_quoted(wording.output_name(self.graph, number))}]):::terminal"
        yield from self._edges()
        families = dict.fromkeys(node.op.family for node in self.graph.nodes)
        for family in families:
            paint = colour(family)
            yield f"  classDef {family.value} fill:{paint.fill},stroke:{paint.stroke},color:{paint.text}"
        yield f"  classDef terminal fill:{TERMINAL.fill},stroke:{TERMINAL.stroke},color:{TERMINAL.text}"

    def _members(self, path: Path, indent: str) -> Iterator[str]:
        for member in self.graph.members(path):
            if isinstance(member, Group):
                yield f"{indent}subgraph g{self.groups}[{_quoted(member.path[-1])}]"
                self.groups += 1
                yield from self._members(member.path, indent + "  ")
                yield f"{indent}end"
                continue
            own = wording.own_name(member)
            lines = [f"{own}: {member.op.name}" if own else member.op.name]
            if phrases := wording.details(member):
                lines.append(" · ".join(phrases))
            label = _quoted(*lines)
            # What joins several values is round.
            shape = f"([{label}])" if len(member.inputs) > 1 else f"[{label}]"
            yield f"{indent}{self.names[member.path]}{shape}:::{member.op.family.value}"

    def _edges(self) -> Iterator[str]:
        said: set[Path] = set()
        uses = [(value, self.names[node.path]) for node in self.graph.nodes for value in node.inputs]
        uses += [(output.value, f"out{number}") for number, output in enumerate(self.graph.outputs)]
        for value, target in uses:
            label = "" if value.producer in said else f"|{_quoted(str(value.shape))}|"
            said.add(value.producer)
            yield f"  {self.names[value.producer]} -->{label} {target}"


def _quoted(*lines: str) -> str:
    """A label; whatever Mermaid, Markdown or HTML could read as their own is written as a number."""
    return '"' + "<br/>".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in wording.clean(text))
