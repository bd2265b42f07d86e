"""The pipeline: the only file that knows the order of the stages.

Source -> Tree -> Spec -> Graph -> passes, each stage writing what it finds into one Report. What comes out is a
`Model`, which knows the way from there, through a backend, to source, module or picture.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from msgspec import Struct, field
from msgspec.structs import replace

from archspec import plugins
from archspec.build import Built, Settings, build, check_library
from archspec.build.environment import Environment
from archspec.catalog.parameters import UnknownParameter, UnknownSize, UnknownVariant
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph
from archspec.model import Model
from archspec.op import Op
from archspec.overriding import python_settings
from archspec.passes import PASSES
from archspec.source import Source
from archspec.spec import Library, Spec, Variant, read_spec
from archspec.spelling import closest, listed
from archspec.syntax.read import SUFFIXES, decode, parse, read_file
from archspec.using import Installed, environment_of, root_of

if TYPE_CHECKING:
    from archspec.passes.advice import Choice
    from archspec.rewrite.beginning import Beginning


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
class Outside(Struct, frozen=True):
    """What a spec is given from outside of it."""

    settings: Settings = field(default_factory=Settings)
    root: Path | None = None
    """The folder whose files it may use, where that is not the one it would be anyway."""

    ops: Mapping[str, type[Op]] = {}
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
        graphs.append(_built(spec, environment, outside, own, each, is_read=is_read, is_first=False).graph)
        report.add_all(own)
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
        variant or "",
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
    given = python_settings(values, {}).parameters
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
    spec: Spec,
    environment: Environment,
    outside: Outside,
    report: Report,
    variant: Variant | None,
    *,
    is_read: bool,
    is_first: bool = True,
) -> Built:
    """What a spec builds, and what is found on it; what of its text could not be read may be anything."""
    own = report.beside()
    built = build(spec, environment, outside.settings, own, variant, is_first=is_first)
    if any(each.code == "A301" for each in own):
        from archspec.cures import add_cures

        def rebuild(changed: Spec) -> tuple[Report, Graph | None]:
            found = report.beside()
            around = environment_of(changed, outside.root, Report(), outside.installed)
            return found, build(changed, around, outside.settings, found, variant).graph

        add_cures(spec, own, rebuild)
    report.add_all(own)
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
