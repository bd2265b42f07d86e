"""The pipeline: the only file that knows the order of the stages.

Source -> Tree -> Spec -> Graph -> passes, each stage writing what it finds into one Report; and from a Graph, through a
backend, to source, module or picture.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from archspec import plugins
from archspec.backend import Backend, ModuleBackend, Purpose, Target
from archspec.build import Built, Settings, build, check_library
from archspec.build.environment import Environment
from archspec.catalog.fields import InvalidExpression, MissingField
from archspec.catalog.parameters import UnknownParameter, UnknownSize, UnknownVariant
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.expression import EvaluationError, Expression, ListOf, Literal, written
from archspec.files import write_atomically
from archspec.graph import Graph
from archspec.op import Op
from archspec.parameter import Parameter
from archspec.passes import PASSES
from archspec.rename import Rename
from archspec.render.text import render
from archspec.source import Source, Span
from archspec.spec import Library, Override, Spec, Variant, read_spec
from archspec.spelling import closest, did_you_mean, listed
from archspec.syntax.fault import Fault
from archspec.syntax.read import SUFFIXES, decode, parse, read_file
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar
from archspec.using import Installed, environment_of, root_of

if TYPE_CHECKING:
    from archspec.drawing import Drawing
    from archspec.partial import PartialGraph
    from archspec.passes.advice import Choice
    from archspec.rewrite.beginning import Beginning
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


class UnknownTargetError(Exception):
    """No installed backend writes what was asked for."""


@final
@dataclass(frozen=True)
class Model:
    """A spec that was read: what was found in it, and, where nothing was wrong, everything that can be made of it."""

    _report: Report
    _built: Built | None

    variants: tuple[str, ...] = ()
    """The names of the variants that the spec has."""

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
        try:
            return self.written(*find_target(Purpose.DRAW, "svg")).decode()
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
        for finding in (*self._report, *self._advice(choice)):
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


def load(
    path: str | PathLike[str],
    /,
    *,
    sizes: Mapping[str, int] | None = None,
    root: str | PathLike[str] | None = None,
    ops: Iterable[type[Op]] = (),
    **settings: Any,
) -> Model:
    """Read a spec from a file, with parameters of the model set as given; `vgg.arch:vgg16` is a variant of it.

    What is wrong with the file, one that is missing included, is told by `check()` of the result.

    Args:
        path: a `.arch` or `.yaml` file, or FILE:VARIANT; or the spec itself: a text of several lines, or up to a `}`.
        sizes: numbers for sizes that the inputs leave open, such as `{"H": 224}`.
        root: the folder whose files the spec may use; the folder in which we run where the spec is in it, else that of
            the spec.
        ops: classes of ops that the spec may use beside those that are shipped or installed.
        settings: values for parameters of the model. A text is an expression: `"Bottleneck(groups=32)"` is a block.

    Raises:
        TypeError: a setting is no number, flag, text, or list of them.
        PluginError: one of the classes is no op that a spec can use.
    """
    folder = None if root is None else Path(root)
    outside = Outside(python_settings(settings, sizes or {}), folder, plugins.ops_of(*ops))
    if isinstance(path, str) and ("\n" in path or path.rstrip().endswith("}")):
        return read_bytes(path.encode("utf-8", "surrogatepass"), "<text>", None, outside)
    return read_path(fspath(path), outside, Report())


def loads(
    text: str,
    /,
    *,
    syntax: str | None = None,
    name: str = "<text>",
    sizes: Mapping[str, int] | None = None,
    ops: Iterable[type[Op]] = (),
    **settings: Any,
) -> Model:
    """Read a spec from a text. Its syntax, `arch` or `yaml`, is guessed where it is not given.

    Raises:
        TypeError: a setting is no number, flag, text, or list of them.
        ValueError: there is no such syntax.
        PluginError: one of the classes is no op that a spec can use.
    """
    if syntax not in (None, *SUFFIXES.values()):
        raise ValueError(f"there is no syntax `{syntax}`; it can be {listed(dict.fromkeys(SUFFIXES.values()))}")
    outside = Outside(python_settings(settings, sizes or {}), ops=plugins.ops_of(*ops))
    return read_bytes(text.encode("utf-8", "surrogatepass"), name, syntax, outside)


@final
@dataclass(frozen=True)
class Outside:
    """What a spec is given from outside of it."""

    settings: Settings = field(default_factory=Settings)
    root: Path | None = None
    """The folder whose files it may use, where that is not the one it would be anyway."""

    ops: Mapping[str, type[Op]] = field(default_factory=dict)
    """Ops that neither are shipped nor come from an installed package, by name."""

    @property
    def installed(self) -> Installed:
        """What it can speak of that is neither shipped nor in files of its own."""
        ops: Mapping[str, type[Op]] = plugins.INSTALLED_OPS
        if self.ops:
            ops = ChainMap(dict(self.ops), plugins.INSTALLED_OPS)  # type: ignore[arg-type]  # It is only read.
        return Installed(ops, plugins.INSTALLED_LIBRARIES)


def read_bytes(data: bytes, name: str, syntax: str | None, outside: Outside, report: Report | None = None) -> Model:
    """Read a spec from the bytes of a file that has no name to tell its syntax."""
    report = Report() if report is None else report
    source = decode(data, name, report)
    syntax = syntax or (guessed_syntax(source) if source is not None else None)
    return _model(source, syntax, outside, report)


def read_path(path: str, outside: Outside, report: Report, syntax: str | None = None) -> Model:
    """Read a spec, or a variant of it, from a file into a report that may hold findings already."""
    file, variant = split_variant(path)
    root = root_of(Path(file)) if outside.root is None else outside.root
    return _model(read_file(Path(file), report), syntax, replace(outside, root=root), report, variant)


def read_instead(path: str, text: str, outside: Outside) -> Model:
    """Read a spec as if its file had this text."""
    root = root_of(Path(path)) if outside.root is None else outside.root
    return _model(Source(path, text), None, replace(outside, root=root), Report())


_VARIANT: Final = re.compile(r"(?P<file>.*\.\w+):(?P<variant>[^\W\d]\w*)", re.DOTALL)


def split_variant(path: str) -> tuple[str, str | None]:
    """The file and the variant that `vgg.arch:vgg16` names. A file with a colon in its name is found all the same."""
    match = _VARIANT.fullmatch(path)
    if match is None or Path(path).exists():
        return path, None
    return match["file"], match["variant"]


def _model(
    source: Source | None,
    syntax: str | None,
    outside: Outside,
    report: Report,
    variant: str | None = None,
) -> Model:
    """The whole way from a source to a model, as far as the source lets it be gone."""
    tree = None if source is None else parse(source, syntax, report)
    spec = None if tree is None else read_spec(tree, report)
    if spec is None:
        return Model(report, None)
    environment = environment_of(spec, outside.root, report, outside.installed)
    if isinstance(spec, Library):
        alone = check_library(spec, environment, report)
        for check in PASSES:
            check(spec, alone, report)
        _find_idle(spec, outside.settings, variant, report)
        return Model(report, None, collection=spec, _advice=_advice(spec.span.source, syntax, (), is_whole=False))
    known = {each.name.text: each for each in spec.variants}
    if variant is not None and variant not in known:
        place = spec.model.span
        report.add(UnknownVariant(place, spec.model.text, variant, tuple(known), closest(variant, known)))
        return Model(report, None, tuple(known))
    is_read = not report.has_errors
    chosen = None if variant is None else known[variant]
    built = _built(spec, environment, outside, report, chosen, is_read=is_read)
    graphs = [built.graph]
    is_whole = variant is None and not outside.settings
    for each in known.values() if is_whole else ():
        # A variant that is wrong makes the file wrong. With settings from outside, it would be none of the file's.
        own = report.beside()
        graphs.append(_built(spec, environment, outside, own, each, is_read=is_read).graph)
        for finding in own:
            report.add(finding)
    if spec.rename and not report.has_errors:
        from archspec.weights import check_renames  # Most specs have none.

        check_renames(spec.rename, [each for each in graphs if each is not None], report, is_whole=is_whole)
    advice = _advice(spec.span.source, syntax, [each for each in graphs if each is not None], is_whole=is_whole)

    def again(values: Mapping[str, int | float]) -> tuple[Built, Report]:
        return _tried(spec, environment, outside, chosen, values)

    return Model(
        report,
        built,
        tuple(known) if variant is None else (),
        _renames=spec.rename,
        _advice=advice,
        _parameters=spec.params,
        _again=again if is_read else None,
    )


def _tried(
    spec: Spec, environment: Environment, outside: Outside, variant: Variant | None, values: Mapping[str, int | float]
) -> tuple[Built, Report]:
    """A model with other numbers for some parameters, and what is wrong with it then."""
    own = Report()
    given = tuple(_override(name, value) for name, value in values.items())
    kept = tuple(each for each in outside.settings.parameters if each.name.text not in values)
    built = build(spec, environment, replace(outside.settings, parameters=(*kept, *given)), own, variant)
    for check in PASSES:
        check(spec, built, own)
    return built, own


def _advice(
    source: Source, syntax: str | None, graphs: Sequence[Graph], *, is_whole: bool
) -> Callable[[Choice], Iterable[Diagnostic]]:
    """What gives advice on a file, when it is asked to."""

    def advice(choice: Choice) -> Iterable[Diagnostic]:
        from archspec.passes.advice import advice_on

        return advice_on(source, syntax, graphs, choice, is_whole=is_whole)

    return advice


def _find_idle(library: Library, settings: Settings, variant: str | None, report: Report) -> None:
    """Report what is set from outside where there is no model to set it for."""
    source = library.span.source
    for each in settings.parameters:
        report.add(UnknownParameter(each.name.span, source.name, each.name.text, (), None))
    for each in settings.sizes:
        report.add(UnknownSize(each.name.span, source.name, each.name.text, (), None))
    if variant is not None:
        report.add(UnknownVariant(source.span(0, 0), source.name, variant, (), None))


def _built(
    spec: Spec, environment: Environment, outside: Outside, report: Report, variant: Variant | None, *, is_read: bool
) -> Built:
    """What a spec builds, and what is found on it; what of its text could not be read may be anything."""
    own = report.beside()
    built = build(spec, environment, outside.settings, own, variant)
    if any(each.code == "A301" for each in own):
        from archspec.cures import add_cures

        def rebuild(changed: Spec) -> tuple[Report, Graph | None]:
            found = report.beside()
            around = environment_of(changed, outside.root, Report(), outside.installed)
            return found, build(changed, around, outside.settings, found, variant).graph

        add_cures(spec, own, rebuild)
    for finding in own:
        report.add(finding)
    for check in PASSES:
        # A graph in which something is missing has no figures that anybody means.
        check(spec, built if is_read else replace(built, graph=None), report)
    return built


_ARCH_START: Final = re.compile(
    r'(\s|#[^\n]*\n)*((?>"""(\\.|[^\\])*?"""|"(\\.|[^"\\])*")\s*)*+'
    r'((model|block|cell)\s+\w+\s*[({=]|use\s+["\w]|variant\s+\w+\s*=)'
)


def guessed_syntax(source: Source) -> str:
    """The syntax of a text that has no file name: `arch` where it starts as such files do."""
    return "arch" if _ARCH_START.match(source.text) else "yaml"


# ------------------------------------------------------------------------------------------------------ settings


def python_settings(parameters: Mapping[str, Any], sizes: Mapping[str, int]) -> Settings:
    """Values that Python code gives, as if they were written down."""
    return Settings(
        tuple(_override(name, value) for name, value in parameters.items()),
        tuple(_override(name, value) for name, value in sizes.items()),
    )


def _override(name: str, value: Any) -> Override:
    source = Source("settings", f"{name}={written(value)}")
    span = source.span(len(name) + 1, len(source.text))
    if isinstance(value, str) and _WORDS.fullmatch(value):
        # A word, or a block with its settings, as a spec has it; any other text is one.
        return Override(Scalar(name, source.span(0, len(name))), parse_expression(Scalar(value, span)))
    return Override(Scalar(name, source.span(0, len(name))), _literal(name, value, span))


_WORDS: Final = re.compile(r"[^\W\d]\w*(\([^()\n]*\))?")
"""A text that a spec can have as a value: a word, or a block with its settings."""


def _literal(name: str, value: Any, span: Span) -> Expression:
    if isinstance(value, list | tuple):
        return ListOf(tuple(_literal(name, item, span) for item in value), span)
    if isinstance(value, int | float | str):
        return Literal(value, span)
    raise TypeError(f"the setting {name} is {type(value).__name__}; it can be a number, flag, text, or list of them")


def text_override(text: str, option: str = "--set") -> Override:
    """A setting as the command line gives it: `classes=10`.

    Raises:
        Fault: the value is no expression.
        ValueError: the text has no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier() or not value.strip():
        raise ValueError(f"`{text}` is not of the form NAME=VALUE")
    source = Source(option, f"{name}={value}")
    start = len(name) + 1 + len(value) - len(value.lstrip())
    span = source.span(start, start + len(value.strip()))
    expression = parse_expression(Scalar(value.strip(), span))
    return Override(Scalar(name.strip(), source.span(0, len(name))), expression)


# --------------------------------------------------------------------------------------------------------- plugins


def plugin_ops(paths: Iterable[Path]) -> Mapping[str, type[Op]]:
    """The ops of some files of Python, by name. The files are executed.

    Raises:
        PluginError: a file cannot be executed, has no op, or has one of the name of another.
    """
    found: dict[str, type[Op]] = {}
    for path in paths:
        for name, op in plugins.ops_in(path).items():
            if found.setdefault(name, op) is not op:
                raise plugins.PluginError(f"`{path}` has an op `{name}`, as another plugin has")
    return found


def further_ops(paths: Iterable[Path]) -> Mapping[str, type[Op]]:
    """The ops that are not shipped, by name: those of installed packages, and those of some files, which are executed.

    Raises:
        PluginError: one of them cannot be loaded.
    """
    return {**plugins.INSTALLED_OPS, **plugin_ops(paths)}


# -------------------------------------------------------------------------------------------------------- targets


def find_target(purpose: Purpose, name: str | None, suffix: str = "") -> tuple[Backend, Target]:
    """The backend and target of a name, or of the ending of a file name.

    Raises:
        UnknownTargetError: no installed backend has it.
    """
    known = plugins.targets(purpose)
    if name is not None and name in known:
        return known[name]
    if name is None:
        for backend, target in known.values():
            if target.suffix == suffix.lower():
                return backend, target
    choices = ", ".join(f"{target.name} (*{target.suffix})" for _, target in known.values()) or "nothing is installed"
    if name == "":
        raise UnknownTargetError(f"no target is named; what can be written: {choices}; `archspec targets` tells more")
    wanted = (
        f"`{name}`" if name is not None else f"files that end in `{suffix}`" if suffix else "a file without an ending"
    )
    more = did_you_mean(closest(name or suffix.removeprefix("."), known)) or "`archspec targets` tells more"
    for other in Purpose:
        if any(target.name == name or target.suffix == suffix for _, target in plugins.targets(other).values()):
            more = f"`archspec {other}` writes it"
    raise UnknownTargetError(f"nothing here writes {wanted}; what can be written: {choices}; {more}")


# ------------------------------------------------------------------------------------------------ specs written anew


def rewritten(
    source: Source, syntax: str | None, to: str | None, report: Report, beginning: Beginning | None = None
) -> str | None:
    """A spec in the syntax `to`, or in the canonical form of its own, or `None` where findings say why not.

    Args:
        beginning: what the result is called, where it is no other form of the spec but a new one that begins like it.
    """
    from archspec import rewrite  # Only what writes specs waits for it.

    if syntax is None and source.name.startswith("<"):
        syntax = guessed_syntax(source)
    syntax = syntax or SUFFIXES.get(Path(source.name).suffix.lower())
    own = Report()
    tree = parse(source, syntax, own)
    if tree is not None:
        read_spec(tree, own)
    for finding in own:
        report.add(finding)
    if tree is None or syntax is None or own.has_errors:
        return None
    if beginning is not None:
        return rewrite.begun(source, syntax, to or syntax, beginning, report)
    if to is None or to == syntax:
        return rewrite.formatted(source, syntax, report)
    return rewrite.converted(source, syntax, to, report)


def differences(source: Source, text: str) -> Iterator[str]:
    """The lines in which a text differs from a source, in the unified format."""
    from difflib import unified_diff

    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return unified_diff(before, after, source.name, source.name)
