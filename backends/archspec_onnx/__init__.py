"""Writes graphs as models of ONNX, for programs that run networks without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from archspec.backend import Backend, Purpose, Target
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph

_ONNX: Final = Target("onnx", ".onnx", Purpose.COMPILE, "an ONNX model, with weights as they start")


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


BACKEND: Final = OnnxBackend()
