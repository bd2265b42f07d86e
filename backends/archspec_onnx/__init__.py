"""Writes graphs as models of ONNX, for programs that run networks without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from archspec.backend import Backend, Purpose, Target
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph

if TYPE_CHECKING:
    from archspec.weights import WeightFile

_ONNX: Final = Target("onnx", ".onnx", Purpose.COMPILE, "an ONNX model, with the weights of a file, or as they start")


@final
class OnnxBackend(Backend):
    """ONNX, made from the module that the target `torch` gives."""

    name = "onnx"
    targets = (_ONNX,)

    def catalog(self) -> Sequence[type[Diagnostic]]:
        from archspec_onnx.check import CATALOG

        return CATALOG

    def check(self, graph: Graph, target: Target, report: Report) -> None:
        from archspec_onnx.check import check

        check(graph, report)

    def write(self, graph: Graph, target: Target) -> bytes:
        from archspec_onnx.export import Exporter

        return Exporter.installed().take(graph)

    def write_with(self, weights: WeightFile, graph: Graph, target: Target) -> bytes:
        from archspec_onnx.export import Exporter

        return Exporter.installed().take(graph, weights)


BACKEND: Final = OnnxBackend()
