"""Two specs, or two versions of one, side by side: how they are found, and what of them is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from archspec import plugins
from archspec.compiler import Outside, read_path
from archspec.diagnostics import Report
from archspec.difference import Difference
from archspec.difference.between import between
from archspec.model import Model
from archspec.op import Op
from archspec.overriding import python_settings
from archspec.passes.expect import condition_text
from archspec.revision import at_revision


def diff(
    old: Model | str | PathLike[str],
    new: Model | str | PathLike[str],
    /,
    *,
    sizes: Mapping[str, int] | None = None,
    root: str | PathLike[str] | None = None,
    ops: Iterable[type[Op]] = (),
    **settings: Any,
) -> Difference:
    """What differs between two models: layers, settings, shapes and costs. `str` of it tells it.

    Each may be a model, a file, FILE:VARIANT, or `git:REVISION:FILE` with a path from the folder in which we run. What
    else is given is said of both, as to `load`, where they are files.

    Raises:
        SpecError: one of them has errors.
        RevisionError: a revision cannot be read.
    """
    folder = None if root is None else Path(root)
    outside = Outside(python_settings(settings, sizes or {}), folder, plugins.ops_of(*ops))
    given = [each if isinstance(each, Model) else fspath(each) for each in (old, new)]
    models = [each if isinstance(each, Model) else read_version(each, outside, Report()) for each in given]
    names = [each.graph.source.name if isinstance(each, Model) else each for each in given]
    return compared((models[0], models[1]), (names[0], names[1]))


def compared(models: tuple[Model, Model], names: tuple[str, str]) -> Difference:
    """What differs between two models of these names.

    Raises:
        SpecError: one of them has errors.
    """
    old, new = models
    return between(old.summary(), new.summary(), names, (expectations(old), expectations(new)))


def expectations(model: Model) -> tuple[str, ...]:
    """What a spec expects of its model and of its blocks, each once."""
    parts = model._built.parts if model._built is not None else ()
    return tuple(dict.fromkeys(condition_text(each.condition) for part in parts for each in part.expectations))


def read_version(name: str, outside: Outside, report: Report, syntax: str | None = None) -> Model:
    """Read a spec from a file as it is, or as it was at a revision.

    Raises:
        RevisionError: the revision cannot be read.
    """
    found = at_revision(name)
    if found is None:
        return read_path(name, outside, report, syntax)
    revision, path = found
    # What was below a folder is below the same folder of the revision.
    folder = Path() if outside.root is None else Path(outside.root).resolve()
    within = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else Path()
    with revision.read():
        return read_path(path, replace(outside, root=revision.root / within), report, syntax)
