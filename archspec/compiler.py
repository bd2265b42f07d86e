"""The pipeline: the only file that knows the order of the stages.

Source -> Tree -> Spec -> Graph -> passes, each stage writing what it finds into one Report; and from a Graph, through a
backend, to source, module or picture.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, final

from archspec import plugins
from archspec.backend import Backend, ModuleBackend, Purpose, Target
from archspec.build import Built, Settings, build, check_library
from archspec.build.environment import Environment
from archspec.catalog.fields import MissingField
from archspec.catalog.parameters import UnknownParameter, UnknownSize, UnknownVariant
from archspec.diagnostics import Report
from archspec.expression import Expression, ListOf, Literal, written
from archspec.files import write_atomically
from archspec.graph import Graph
from archspec.op import Op
from archspec.passes import PASSES
from archspec.render.text import render
from archspec.source import Source, Span
from archspec.spec import Library, Override, Spec, Variant, read_spec
from archspec.spelling import closest
from archspec.summary import Summary, summarise
from archspec.syntax.read import SUFFIXES, decode, parse, read_file
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar
from archspec.using import Installed, environment_of, root_of


class SpecError(Exception):
    """A spec is wrong, and what was asked for needs a right one. Its text shows all findings."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"the spec has errors\n\n{render(report)}")
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

    def check(self) -> Report:
        """Everything that was found."""
        return self._report

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

    def compile(self, target: str = "torch") -> Any:
        """The model as a `torch.nn.Module`, made by executing what `source` gives.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
            UnknownTargetError: no installed backend has this target, or it gives nothing that runs.
        """
        backend, found = find_target(Purpose.COMPILE, target)
        if not isinstance(backend, ModuleBackend):
            raise UnknownTargetError(f"what `{target}` gives cannot be run in this process")
        self._check_for(backend, found)
        return backend.module(self.graph)

    def draw(self, path: str | PathLike[str], target: str | None = None) -> None:
        """Write a diagram; the ending of the path says in which form, unless a target does.

        Raises:
            SpecError: the spec has errors.
            UnknownTargetError: no installed backend has this form.
            OSError: the file cannot be written.
        """
        found = find_target(Purpose.DRAW, target, Path(path).suffix)
        write_atomically(Path(path), self.written(*found))

    def summary(self) -> Summary:
        """The layers with their shapes, parameters and multiply-adds; `str` of it is a table.

        Raises:
            SpecError: the spec has errors.
        """
        return summarise(self.graph)

    def written(self, backend: Backend, target: Target) -> bytes:
        """The model in the form of a target.

        Raises:
            SpecError: the spec has errors, or names that the target reserves.
        """
        self._check_for(backend, target)
        return backend.write(self.graph, target)

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
        path: a `.arch` or `.yaml` file, or FILE:VARIANT.
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
        PluginError: one of the classes is no op that a spec can use.
    """
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
        return Model(report, None, collection=spec)
    known = {each.name.text: each for each in spec.variants}
    if variant is not None and variant not in known:
        place = spec.model.span
        report.add(UnknownVariant(place, spec.model.text, variant, tuple(known), closest(variant, known)))
        return Model(report, None, tuple(known))
    built = _built(spec, environment, outside.settings, report, None if variant is None else known[variant])
    for each in known.values() if variant is None and not outside.settings else ():
        # A variant that is wrong makes the file wrong. With settings from outside, it would be none of the file's.
        own = Report()
        _built(spec, environment, outside.settings, own, each)
        for finding in own:
            report.add(finding)
    return Model(report, built, tuple(known) if variant is None else ())


def _find_idle(library: Library, settings: Settings, variant: str | None, report: Report) -> None:
    """Report what is set from outside where there is no model to set it for."""
    source = library.span.source
    for each in settings.parameters:
        report.add(UnknownParameter(each.name.span, source.name, each.name.text, (), None))
    for each in settings.sizes:
        report.add(UnknownSize(each.name.span, source.name, each.name.text, (), None))
    if variant is not None:
        report.add(UnknownVariant(source.span(0, 0), source.name, variant, (), None))


def _built(spec: Spec, environment: Environment, settings: Settings, report: Report, variant: Variant | None) -> Built:
    built = build(spec, environment, settings, report, variant)
    for check in PASSES:
        check(spec, built, report)
    return built


_ARCH_START: Final = re.compile(
    r'(\s|#[^\n]*\n)*("(\\.|[^"\\])*"\s*)*((model|block|cell)\s+\w+\s*[({=]|use\s+["\w]|variant\s+\w+\s*=)'
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
    wanted = (
        f"`{name}`" if name is not None else f"files that end in `{suffix}`" if suffix else "a file without an ending"
    )
    choices = ", ".join(f"{target.name} (*{target.suffix})" for _, target in known.values()) or "none is installed"
    raise UnknownTargetError(f"nothing here writes {wanted}; what can be written: {choices}")


# ------------------------------------------------------------------------------------------------ specs written anew


def rewritten(source: Source, syntax: str | None, to: str | None, report: Report) -> str | None:
    """A spec in the syntax `to`, or in the canonical form of its own, or `None` where findings say why not."""
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
    if to is None or to == syntax:
        return rewrite.formatted(source, syntax, report)
    return rewrite.converted(source, syntax, to, report)


def spec_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are given, and the specs in folders; of YAML files there, those with the keys of a spec."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for each in sorted(path.rglob("*")):
            suffix = each.suffix.lower()
            if each.is_file() and (suffix == ".arch" or (suffix in SUFFIXES and _is_spec(each))):
                yield each


def _is_spec(path: Path) -> bool:
    source = read_file(path, Report())
    return source is not None and _SPEC_KEY.search(source.text) is not None


_SPEC_KEY: Final = re.compile(r"^(model|blocks|cells):", re.MULTILINE)


def differences(source: Source, text: str) -> Iterator[str]:
    """The lines in which a text differs from a source, in the unified format."""
    from difflib import unified_diff

    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return unified_diff(before, after, source.name, source.name)
