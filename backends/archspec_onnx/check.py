"""What ONNX does not have and the language does, beside what PyTorch does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from msgspec.structs import replace

from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph, Node
from archspec.op import ShapeError
from archspec.scan import TIME, Scan
from archspec.shape import Shape
from archspec.size import names
from archspec.source import Span
from archspec.spelling import listed
from archspec_onnx.examples import open_sizes
from archspec_onnx.export import Exporter, NotExportedError
from archspec_onnx.layer import alone

MOST_BYTES: Final = 2**31 - 2**20
"""No file of ONNX is larger than two gibibytes; some of it is for what is no weight."""

_BYTES: Final = 4
"""What a weight takes."""


@final
class NotExportable(Diagnostic):
    """A layer has no form in ONNX.

    ONNX is written by the exporter of PyTorch, which does not know of all that PyTorch can do.

    Wrong: a layer that the exporter refuses.

    Right: other layers that calculate the same, or the target `torch`, which has them all.
    """

    code = "O001"
    name = "not-exportable"
    what: str
    reason: str

    def message(self) -> str:
        return f"`{self.what}` cannot be written as ONNX"

    def label(self) -> str:
        return f"the exporter says: {self.reason}"

    def help(self) -> str:
        return "use other ops here, or compile with `--to torch`"


@final
class FixedSize(Diagnostic):
    """A size is open, and must be a number in ONNX.

    A loop over the positions of a sequence has as many steps in a file of ONNX as it had when it was exported.

    Wrong: `archspec compile tagger.arch --to onnx`, where `tagger.arch` scans over `[B, T, 8]`.

    Right: `archspec compile tagger.arch --to onnx --size T=20`.
    """

    code = "O002"
    name = "fixed-size"
    what: str
    sizes: tuple[str, ...]

    def message(self) -> str:
        numbers = "a number" if len(self.sizes) == 1 else "numbers"
        return f"`{self.what}` needs {listed(self.sizes, 'and')} as {numbers} in ONNX"

    def help(self) -> str:
        given = " ".join(f"--size {size}=NUMBER" for size in self.sizes)
        return f"compile with `{given}`"


@final
class TooLarge(Diagnostic):
    """The weights of a model do not fit into a file of ONNX.

    Wrong: a model with more than 500 million weights.

    Right: a smaller one, or the target `torch`, whose source holds no weights.
    """

    code = "O003"
    name = "too-large"
    model: str
    weights: int

    def message(self) -> str:
        return f"a file of ONNX holds 2 GiB, and the {self.weights:,} weights of `{self.model}` are more"

    def help(self) -> str:
        return "compile with `--to torch`, whose source holds no weights"


CATALOG: Final = (NotExportable, FixedSize, TooLarge)


def check(graph: Graph, report: Report) -> None:
    """Add a finding for each layer that keeps a graph from being a model of ONNX."""
    exporter = Exporter.installed()
    exporter.backend.check(graph, exporter.target, report)
    if report.has_errors:
        return
    if isinstance(graph.parameters, int) and graph.parameters * _BYTES > MOST_BYTES:
        report.add(TooLarge(graph.span, graph.name, graph.parameters))
        return
    loops = [finding for node in graph.nodes for finding in _loop(node)]
    for finding in loops:
        report.add(finding)
    if loops:
        return
    try:
        exporter.keep(graph)
    except NotExportedError as error:
        found = [finding for node in _different(graph.nodes) for finding in _of_layer(exporter, node, graph)]
        for finding in found or (_finding(exporter, graph, graph.span, graph.name, str(error)),):
            report.add(finding)


def _loop(node: Node) -> Sequence[Diagnostic]:
    """What is known of a cell that runs over time, and takes long to find out.

    A recurrence that torch has itself may be exported all the same.
    """
    sizes = dict.fromkeys(names(node.inputs[0].shape[TIME])) if isinstance(node.op, Scan) else ()
    return (FixedSize(node.span, node.op.name, tuple(sizes)),) if sizes else ()


def _different(nodes: Sequence[Node]) -> Sequence[Node]:
    """The layers, of those that are alike the first."""
    firsts: dict[tuple[str, tuple[Shape, ...]], Node] = {}
    for node in nodes:
        firsts.setdefault((str(node.op), tuple(value.shape for value in node.inputs)), node)
    return tuple(firsts.values())


def _of_layer(exporter: Exporter, node: Node, graph: Graph) -> Sequence[Diagnostic]:
    """What keeps a layer from being exported, if it is the layer by itself."""
    try:
        model = alone(node, graph)
    except ShapeError:
        return ()  # It needs what the formulas of its sizes say of each other.
    report = Report()
    exporter.backend.check(model.graph, exporter.target, report)
    if report.has_errors:
        return ()  # By itself it is something else.
    try:
        exporter.export(model.graph)
    except NotExportedError as error:
        finding = _finding(exporter, model.graph, node.span, node.op.name, str(error))
        if isinstance(finding, FixedSize):
            wanted = (name for size in finding.sizes for name in names(model.sizes[size]))
            return (replace(finding, sizes=tuple(dict.fromkeys(wanted))),)
        return (finding,)
    return ()


def _finding(exporter: Exporter, graph: Graph, span: Span, what: str, reason: str) -> Diagnostic:
    """Which sizes have to be numbers, so that the rest may stay open; or that not even this helps."""
    needed = open_sizes(graph)
    if not needed or not _is_exported(exporter, graph, needed):
        return NotExportable(span, what, reason)
    for size in needed:
        others = tuple(each for each in needed if each != size)
        if _is_exported(exporter, graph, others):
            needed = others
    return FixedSize(span, what, needed)


def _is_exported(exporter: Exporter, graph: Graph, fixed: Sequence[str]) -> bool:
    try:
        exporter.export(graph, fixed)
    except NotExportedError:
        return False
    return True
