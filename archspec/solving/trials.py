"""Models that are built with trial values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

from archspec.build import Built
from archspec.catalog.shapes import FailedExpectation
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.graph import Graph
from archspec.passes.figures import Subject
from archspec.size import Formula, Size
from archspec.size import evaluate as over
from archspec.solving.answer import Setting
from archspec.solving.budget import Budget
from archspec.solving.varied import Number

WRONG_IN_A_ROW: Final = 256
"""After so many settings in a row with which the spec has errors, no further are tried."""

PINNED_IN_A_ROW: Final = 16
"""After so many in a row for which something does not hold that is expected of the model, no further are tried: a spec
that says what its figures are exactly has no others."""


@final
class Trials:
    """Builds the model with trial values, and remembers what came of each."""

    def __init__(self, build: Callable[[Mapping[str, Number]], tuple[Built, Report]], budget: Budget) -> None:
        self.build = build
        self.budget = budget
        self.found: dict[tuple[tuple[str, Number], ...], Setting | None] = {}
        self.why: Diagnostic | None = None
        self.count = self.wrong = self.pinned = 0
        """How many models were built; how many of the last ones had errors; how many because of what is expected."""

        self.unit = 1
        """Every so many places there was a right one in the first row; those between are not tried in others."""

    def of(self, values: Mapping[str, Number]) -> Setting | None:
        """The model with some values; `None` where the spec has errors with them."""
        key = tuple(values.items())
        if key not in self.found:
            self.found[key] = self._tried(values)
        return self.found[key]

    def _tried(self, values: Mapping[str, Number]) -> Setting | None:
        if self.wrong >= WRONG_IN_A_ROW or self.pinned >= PINNED_IN_A_ROW:
            return None
        built, report = self.build(values)
        self.count += 1
        if built.graph is None or report.has_errors:
            self.wrong += 1
            self.pinned += any(isinstance(each, FailedExpectation) and each.use is None for each in report)
            self.why = self.why or next((each for each in report if each.severity is Severity.ERROR), None)
            return None
        self.wrong = self.pinned = 0
        figure, target = self.budget.measured(subject_of(built))
        return Setting(values, figure, target, built.graph)

    @property
    def right(self) -> list[Setting]:
        return [each for each in self.found.values() if each is not None]

    @property
    def skipped(self) -> int:
        return self.count - len(self.right)

    @property
    def reason(self) -> str:
        """What is wrong with settings that were passed over."""
        if self.why is None:
            return ""
        return f"; passed over {self.skipped}, with which the spec has errors, such as: {self.why.message()}"


def subject_of(built: Built) -> Subject:
    """What the figures of a model are asked of."""
    part = built.parts[-1]
    graph = built.graph
    batches = frozenset() if graph is None else batches_of(graph)
    shapes = {name: each[0].sizes for name, each in part.shapes.items()}
    known = {"params": part.cost.parameters, "macs": part.cost.macs}
    return Subject(graph, {**shapes, **part.meanings.scope}, known, fixed=part.meanings.fixed, batches=batches)


def batches_of(graph: Graph) -> frozenset[str]:
    """The open sizes that are the first axis of an input."""
    firsts = [value.shape[0] for value in graph.inputs if value.shape.rank]
    return frozenset(str(size) for size in firsts if isinstance(size, Formula) and str(size).isidentifier())


def for_one(graph: Graph, size: Size) -> Size:
    """A size for a batch of one."""
    return over(size, dict.fromkeys(batches_of(graph), 1))
