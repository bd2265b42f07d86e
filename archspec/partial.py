"""What could be built of a model with errors, for whoever shows where these are.

It is no `Graph`, which exists only when all is right: some layers are left out, and nobody knows what they give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, final

from msgspec import Struct

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Graph, Group, Node, Path, Value
from archspec.shape import Shape
from archspec.source import Span


@final
class Taken(Struct, frozen=True):
    """What flows into a layer that is left out, or leaves the model."""

    producer: Path
    port: int
    shape: Shape | None
    """`None` where an error hides it."""


@final
class LeftOut(Struct, frozen=True):
    """A layer that could not be built: an error is in it, or hides what flows into it."""

    path: Path
    inputs: tuple[Taken, ...]
    span: Span

    @property
    def is_fed(self) -> bool:
        """Whether it is known what flows into it, so that the error is its own."""
        return all(each.shape is not None for each in self.inputs)


Layer: TypeAlias = Node | LeftOut


@final
class PartialGraph(Struct, frozen=True):
    """A model of which some layers are left out."""

    name: str
    doc: str
    span: Span
    """Where the name is written."""

    inputs: tuple[Value, ...]
    layers: tuple[Layer, ...]
    """In an order in which each stands behind those whose values it takes."""

    outputs: tuple[tuple[str, Taken], ...]
    """By their names."""

    groups: Mapping[Path, Group]

    @classmethod
    def of(cls, graph: Graph) -> PartialGraph:
        """A model that could be built, though something around its layers is wrong."""
        outputs = tuple(
            (each.name, Taken(each.value.producer, each.value.port, each.value.shape)) for each in graph.outputs
        )
        return cls(graph.name, graph.doc, graph.span, graph.inputs, graph.nodes, outputs, graph.groups)

    def faults(self, findings: Iterable[Diagnostic]) -> dict[Path, list[Diagnostic]]:
        """The errors that are in layers, by the layer."""
        found: dict[Path, list[Diagnostic]] = {}
        for finding in findings:
            if finding.severity is Severity.ERROR:
                for each in self._blamed(finding):
                    found.setdefault(each.path, []).append(finding)
        return found

    def _blamed(self, finding: Diagnostic) -> list[Layer]:
        """The layers that an error is in: several, where a block is used several times."""
        around = [each for each in self.layers if each.span.covers(finding.span)]
        least = min((each.span.end - each.span.start for each in around), default=0)
        around = [each for each in around if each.span.end - each.span.start == least]
        if finding.depends_on_use:
            # In another use or pass it may be none; where nothing is known of the inputs, nothing is found.
            return [each for each in around if isinstance(each, LeftOut) and each.is_fed] or around
        return around
