"""What a backend is: the one thing that `archspec compile` and `archspec draw` ask of whoever writes a graph out.

A backend is offered by an entry point in the group `archspec.backends`; see `backends/README.md`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, final

from msgspec import Struct

from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph

if TYPE_CHECKING:
    from archspec.drawing import Drawing
    from archspec.partial import PartialGraph
    from archspec.weights import WeightFile  # Most models are written without, and need not wait.


class Purpose(StrEnum):
    """The command that a target serves."""

    COMPILE = "compile"
    DRAW = "draw"


@final
class Target(Struct, frozen=True):
    """A form that a backend can write."""

    name: str
    """What `--to` calls it."""

    suffix: str
    """The ending of file names that choose it, with its dot."""

    purpose: Purpose
    description: str


class MissingLibraryError(Exception):
    """An optional library that a target needs is not installed. Its text says what to install."""


class Backend(ABC):
    """Writes graphs out in one or more forms."""

    name: ClassVar[str]
    targets: ClassVar[Sequence[Target]]

    def catalog(self) -> Sequence[type[Diagnostic]]:
        """The kinds of findings that `check` adds; `archspec explain` has their pages."""
        return ()

    def check(self, graph: Graph, target: Target, report: Report) -> None:
        """Add what is wrong with the graph for this target alone, such as a name that the target reserves."""

    @abstractmethod
    def write(self, graph: Graph, target: Target) -> bytes:
        """The graph in the form of one of the targets. The same graph gives the same bytes."""

    def write_with(self, weights: WeightFile, graph: Graph, target: Target) -> bytes:
        """The same with the weights of a file in it, for a target that holds weights; others are as they are."""
        return self.write(graph, target)

    def draw(self, graph: Graph, target: Target, drawing: Drawing) -> bytes:
        """A diagram as it was asked for, by a backend that draws; others know one way alone.

        Raises:
            archspec.drawing.DrawingError: what was asked for cannot be drawn.
        """
        return self.write(graph, target)

    def draw_partial(
        self, graph: PartialGraph, findings: Sequence[Diagnostic], target: Target, drawing: Drawing
    ) -> bytes:
        """A diagram of a model with errors that shows where these are, by a backend that draws such.

        Raises:
            archspec.drawing.DrawingError: what was asked for cannot be drawn.
        """
        from archspec.drawing import DrawingError

        raise DrawingError(f"a spec with errors cannot be drawn as {target.name}")


class ModuleBackend(Backend):
    """A backend whose result can also be run at once, in this process."""

    @abstractmethod
    def module(self, graph: Graph, *, device: Any = None, dtype: Any = None, **arguments: Any) -> object:
        """The model, ready to run, from the same source that `write` gives.

        Args:
            device: where its weights are made, if not where the framework makes them.
            dtype: the type of its elements, or the name of that.
            arguments: what is given to the class of the model.

        Raises:
            TypeError: the class has no such argument.
            ValueError: there is no such device, or no such type of elements.
        """

    @abstractmethod
    def load_weights(self, module: Any, weights: WeightFile) -> None:
        """Give a module of this backend the weights of a file.

        Raises:
            ValueError: the module cannot be given weights.
        """
