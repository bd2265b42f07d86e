"""Writes graphs as PyTorch source that depends on torch alone, and runs that source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, final

from archspec.backend import ModuleBackend, Purpose, Target
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph

if TYPE_CHECKING:
    from archspec.weights import WeightFile

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

    def module(self, graph: Graph, *, device: Any = None, dtype: Any = None, **arguments: Any) -> object:
        from archspec_torch.emit import emit
        from archspec_torch.load import instantiate

        return instantiate(graph.name, emit(graph), device=device, dtype=dtype, **arguments)

    def load_weights(self, module: Any, weights: WeightFile) -> None:
        from archspec_torch.load import load_weights

        load_weights(module, weights)


BACKEND: Final = TorchBackend()
