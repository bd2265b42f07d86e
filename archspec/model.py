"""A spec that was read, as Python has it: what was found in it, its graph, and all that is made of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from msgspec.structs import replace

from archspec.backend import Backend, ModuleBackend, Purpose, Target
from archspec.build import Built
from archspec.catalog.fields import InvalidExpression, MissingField
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.expression import EvaluationError
from archspec.files import write_atomically
from archspec.graph import Graph
from archspec.parameter import Parameter
from archspec.rename import Rename
from archspec.render.text import render
from archspec.spec import Library
from archspec.syntax.fault import Fault
from archspec.targets import UnknownTargetError, find_target

if TYPE_CHECKING:
    from archspec.drawing import Drawing
    from archspec.partial import PartialGraph
    from archspec.passes.advice import Choice
    from archspec.solving import Solution
    from archspec.summary import Summary
    from archspec.weights import WeightFile


class SpecError(Exception):
    """A spec is wrong, and what was asked for needs a right one. Its text shows all findings."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"the spec has errors\n\n{render(report)}")
        self.report = report


class WeightsError(Exception):
    """The weights of a file are not those of a model. Its text shows all findings."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"the weights do not fit\n\n{render(report)}")
        self.report = report


@final
@dataclass(frozen=True)
class Model:
    """A spec that was read: what was found in it, and, where nothing was wrong, everything that can be made of it."""

    _report: Report
    _built: Built | None

    variants: tuple[str, ...] = ()
    """The names of the variants that the spec has."""

    variant: str = ""
    """The variant of the spec that it is, if it is one."""

    collection: Library | None = None
    """The blocks of a file that has blocks and no model."""

    _renames: tuple[Rename, ...] = ()

    _advice: Callable[[Choice], Iterable[Diagnostic]] | None = field(default=None, compare=False, repr=False)
    """What there is to say of a spec without errors; it is looked for when somebody asks."""

    _parameters: tuple[Parameter, ...] = field(default=(), repr=False)

    _again: Callable[[Mapping[str, int | float]], tuple[Built, Report]] | None = field(
        default=None, compare=False, repr=False
    )
    """What builds the model with other numbers for some parameters, where its spec could be read."""

    def __repr__(self) -> str:
        if self._report.has_errors:
            errors = sum(each.severity is Severity.ERROR for each in self._report)
            return f"<Model with {errors} error{'s' if errors > 1 else ''}: see check()>"
        if self.collection is not None:
            names = (each.name.text for each in (*self.collection.blocks, *self.collection.cells))
            return f"<Model of blocks alone: {', '.join(names)}>"
        graph = self.graph
        inputs, outputs = (", ".join(str(each.shape) for each in values) for values in (graph.inputs, graph.outputs))
        parameters = f"{graph.parameters:,}" if isinstance(graph.parameters, int) else str(graph.parameters)
        return f"<Model {graph.name}: {inputs} -> {outputs}, {len(graph.nodes)} layers, {parameters} parameters>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figure, or the table where no installed backend draws; or what is wrong."""
        import html  # Only notebooks wait for it.

        if self._report.has_errors or self.collection is not None:
            return f"<pre>{html.escape(render(self._report) or repr(self))}</pre>"
        from archspec.on_page import inline

        try:
            return inline(self.written(*find_target(Purpose.DRAW, "svg")))
        except UnknownTargetError:
            return f"<pre>{html.escape(str(self.summary()))}</pre>"

    def check(self, *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Report:
        """Everything that was found: errors and, where there are none, advice.

        Args:
            select: which advice is given, by codes (`A403`), the beginnings of codes, names (`bias-before-norm`) or the
                names of sets (`performance`); all but the sets where nothing is selected.
            ignore: which advice is not given. Errors cannot be ignored.

        Raises:
            UnknownAdviceError: a word, which is neither of these, a `ValueError`.
        """
        from archspec.passes.advice import Choice  # What compiles or draws a model asks for no advice.

        choice = Choice.of(select, ignore)
        if self._advice is None or self._report.has_errors:
            return self._report
        report = Report()
        report.files |= self._report.files
        report.add_all(self._report)
        for finding in self._advice(choice):
            report.add(finding)
        return report

    @property
    def graph(self) -> Graph:
        """The graph, with the shape of every value.

        Raises:
            SpecError: the spec has errors.
        """
        if self.collection is not None and not self._report.has_errors:
            report, place = Report(), self.collection.span.source.span(0, 0)
            report.add(MissingField(place, "model", "a file of blocks alone", "name a file that has one"))
            raise SpecError(report)
        if self._built is None or self._built.graph is None or self._report.has_errors:
            raise SpecError(self._report)
        return self._built.graph

    def source(self, target: str = "torch") -> str:
        """The model as source of a program that depends on torch alone.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
            UnknownTargetError: no installed backend has this target, or it gives no text.
        """
        try:
            return self.written(*find_target(Purpose.COMPILE, target)).decode()
        except UnicodeDecodeError:
            raise UnknownTargetError(
                f"what `{target}` gives is no text; `archspec compile` writes it to a file"
            ) from None

    def compile(self, target: str = "torch", *, device: Any = None, dtype: Any = None, **arguments: Any) -> Any:
        """The model as a `torch.nn.Module`, made by executing what `source` gives.

        Args:
            target: what makes the module.
            device: where its weights are made, such as `"cuda"`; on `"meta"` they take no memory.
            dtype: the type of its elements, as torch has it or by its name, such as `"bfloat16"`.
            arguments: what is given to the class of the model; `source` shows which arguments it has.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
            UnknownTargetError: no installed backend has this target, or it gives nothing that runs.
            TypeError: the class has no such argument.
            ValueError: there is no such device, or no such type of elements.
        """
        return self._runnable(target).module(self.graph, device=device, dtype=dtype, **arguments)

    def check_weights(self, path: str | PathLike[str]) -> Report:
        """What keeps the weights in a file from being those of the model, told by its header.

        The path may also be that of an index, such as `model.safetensors.index.json`, which names several files beside
        it, or of a folder with the one or the other.

        Raises:
            SpecError: the spec has errors.
        """
        report = Report()
        self._weights_in(path, report)
        return report

    def load_weights(
        self,
        path: str | PathLike[str],
        module: Any = None,
        *,
        target: str = "torch",
        device: Any = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> Any:
        """The model as `compile` gives it, or a module that it gave, with the weights of a safetensors file.

        The file, or the files of an index, has all weights of the model and no others, under the names of the spec or
        those that its `rename` lines say. They are converted to the type of elements that the module has.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
            WeightsError: the file cannot be read, or its weights are not those of the model.
            UnknownTargetError: no installed backend has this target, or it gives nothing that runs.
            TypeError: the class has no such argument, or there is one for a module that is made already.
            ValueError: there is no such device, or no such type of elements; or the module has no memory for weights,
                or is not that of the spec.
        """
        if module is not None and (device is not None or dtype is not None or arguments):
            raise TypeError("the module is made already: device, dtype and arguments say how it is made")
        backend = self._runnable(target)
        weights = self.find_weights(path)
        if module is None:
            module = backend.module(self.graph, device=device, dtype=dtype, **arguments)
        backend.load_weights(module, weights)
        return module

    def draw(
        self, path: str | PathLike[str], target: str | None = None, *, with_errors: bool = False, **options: Any
    ) -> None:
        """Write a diagram; the ending of the path says in which form, unless a target does.

        Args:
            path: where to.
            target: the form, such as `"svg"`.
            with_errors: whether a spec with errors is drawn as far as it could be built, with these in it.
            options: how it is to look: the fields of `archspec.drawing.Drawing`, such as `depth=1` or
                `direction="right"`.

        Raises:
            SpecError: the spec has errors.
            UnknownTargetError: no installed backend has this form.
            DrawingError: what was asked for cannot be drawn, a `ValueError`.
            OSError: the file cannot be written.
        """
        from archspec.drawing import Drawing  # Only who draws waits for it.

        found = find_target(Purpose.DRAW, target, Path(path).suffix)
        write_atomically(Path(path), self.drawn(*found, Drawing.of(**options), with_errors=with_errors))

    def drawn(self, backend: Backend, target: Target, drawing: Drawing, *, with_errors: bool = False) -> bytes:
        """A diagram of the model in the form of a target.

        Args:
            backend: what draws it.
            target: the form.
            drawing: how it is to look.
            with_errors: whether a spec with errors is drawn as far as it could be built, with these in it.

        Raises:
            SpecError: the spec has errors.
            DrawingError: what was asked for cannot be drawn.
        """
        drawing = replace(drawing, variant=drawing.variant or self.variant)
        partial = self._partial() if with_errors and self._report.has_errors else None
        if partial is not None:
            return backend.draw_partial(partial, tuple(self._report), target, drawing)
        self._check_for(backend, target)
        return backend.draw(self.graph, target, drawing)

    def _partial(self) -> PartialGraph | None:
        """What could be built of a spec with errors, if anything."""
        if self._built is None:
            return None
        if self._built.graph is not None:
            from archspec.partial import PartialGraph

            return PartialGraph.of(self._built.graph)
        return None if self._built.partial is None else self._built.partial()

    def summary(self) -> Summary:
        """The layers with their shapes, parameters and multiply-adds; `str` of it is a table.

        Raises:
            SpecError: the spec has errors.
        """
        from archspec.summary import summarise  # A check does not wait for it.

        return summarise(self.graph)

    def solve(self, budget: str, *vary: str) -> Solution:
        """The setting of some parameters that meets a budget, such as `model.solve("params == 100M", "width")`.

        The model is built with trial values, and those with which the spec has errors are passed over. For `==`, the
        nearest setting is found; for `<=`, the one with most of what is allowed; for `>=`, the one with least.

        Args:
            budget: a comparison with a figure of the model, as an `expect` line has it.
            vary: which parameters may be others: `"width"`, or with a range `"depth=2..48"`, or `"width=0.5..2:0.25"`
                with a step. Several without a range keep their ratio.

        Raises:
            SpecError: the spec cannot be read, or the budget cannot.
            SolveError: nothing meets the budget, or what is asked for makes no sense, a `ValueError`.
        """
        from archspec.catalog.shapes import OpenExpectation  # Only who solves waits for all this.
        from archspec.passes.figures import FigureError, UndecidedFigureError
        from archspec.solving import Budget, SolveError, Varied, solve

        if self._again is None:
            raise SpecError(self._report) if self._report.has_errors else SolveError("there is no model in it")
        if not vary:
            raise SolveError("no parameter is named that may be varied")
        report = Report()
        try:
            asked = Budget.of(budget)
            return solve(self._again, self._parameters, asked, [Varied.of(each) for each in vary])
        except Fault as fault:
            report.add(fault.finding)
        except FigureError as error:
            report.add(error.finding)
        except UndecidedFigureError:
            cure = "give them numbers by `--size NAME=NUMBER`, or in the budget, as in `macs(T=128) <= 600M`"
            report.add(OpenExpectation(asked.comparison.span, budget, "it depends on sizes that are open", cure))
        except EvaluationError as error:
            report.add(InvalidExpression(error.span, error.message, error.cure))
        raise SpecError(report)

    def find_weights(self, path: str | PathLike[str]) -> WeightFile:
        """Where the weights of the model are in a file.

        Raises:
            SpecError: the spec has errors.
            WeightsError: the file cannot be read, or its weights are not those of the model.
        """
        report = Report()
        found = self._weights_in(path, report)
        if found is None:
            raise WeightsError(report)
        return found

    def written(self, backend: Backend, target: Target, weights: WeightFile | None = None) -> bytes:
        """The model in the form of a target; with the weights of a file, if that form holds weights.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
        """
        self._check_for(backend, target)
        if weights is None:
            return backend.write(self.graph, target)
        return backend.write_with(weights, self.graph, target)

    def _weights_in(self, path: str | PathLike[str], report: Report) -> WeightFile | None:
        from archspec.weights import find_weights  # Only what is given weights waits for it.

        return find_weights(self.graph, self._renames, Path(path), report)

    def _runnable(self, target: str) -> ModuleBackend:
        backend, found = find_target(Purpose.COMPILE, target)
        if not isinstance(backend, ModuleBackend):
            raise UnknownTargetError(f"what `{target}` gives cannot be run in this process")
        self._check_for(backend, found)
        return backend

    def _check_for(self, backend: Backend, target: Target) -> None:
        report = Report()
        backend.check(self.graph, target, report)
        if report.has_errors:
            raise SpecError(report)
