"""Writes graphs as PyTorch source that depends on torch alone, and runs that source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from archspec.backend import ModuleBackend, Purpose, Target
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph

_TORCH: Final = Target("torch", ".py", Purpose.COMPILE, "PyTorch source that depends on torch alone")


@final
class TorchBackend(ModuleBackend):
    """PyTorch. Writing source does not need torch; running it does."""

    name = "torch"
    targets = (_TORCH,)

    def catalog(self) -> Sequence[type[Diagnostic]]:
        from archspec_torch.check import CATALOG

        return CATALOG

    def check(self, graph: Graph, target: Target, report: Report) -> None:
        from archspec_torch.check import check

        check(graph, report)

    def write(self, graph: Graph, target: Target) -> bytes:
        from archspec_torch.emit import emit

        return emit(graph).encode()

    def module(self, graph: Graph) -> object:
        from archspec_torch.emit import emit
        from archspec_torch.load import instantiate

        return instantiate(graph.name, emit(graph))


BACKEND: Final = TorchBackend()
