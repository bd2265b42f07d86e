"""Files that use one another: which may be read, and what each of them can speak of.

A spec may use files below its root folder, and the library `std`, which is shipped. Where a file is, is asked after all
links have been followed; nothing outside the root folder is ever opened.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final, final

from archspec.build.environment import Environment, Use
from archspec.catalog.fields import DuplicateName
from archspec.diagnostics import Report
from archspec.source import Source
from archspec.spec import Block, Cell, Library, Spec, read_spec
from archspec.spelling import closest
from archspec.syntax.read import SUFFIXES, decode, parse, read_file
from archspec.syntax.tree import Scalar

MOST_FILES: Final = 100
"""A spec uses no more files than this, by itself and by those that it uses."""

STANDARD: Final = "std"
"""What the shipped library is called."""


def environment_of(spec: Spec | Library, root: Path | None, report: Report) -> Environment:
    """What the layers of a file can speak of. Without a root folder, that is its own blocks and the shipped ones."""
    if not spec.use:
        return Environment((*spec.blocks, *spec.cells))
    return _Reader(root, report).environment(spec, (_key(spec.span.source),))


def root_of(file: Path) -> Path:
    """The folder that a spec may read files of: that in which we run where the spec is in it, else that of the spec."""
    here, folder = Path.cwd(), file.parent.resolve()
    return here if folder.is_relative_to(here.resolve()) else folder


def _key(source: Source) -> str:
    """What tells a file from all others, whichever way it was found."""
    path = Path(source.name)
    return str(path.resolve()) if path.suffix in SUFFIXES and path.exists() else source.name


@final
class _Reader:
    """Reads the files that a spec uses, each once."""

    def __init__(self, root: Path | None, report: Report) -> None:
        self.root = root
        self.report = report
        self.known: dict[str, Environment | None] = {}

    def environment(self, spec: Spec | Library, path: tuple[str, ...]) -> Environment:
        """What a file can speak of; `path` are the files that are being read, each of which uses the next."""
        found = [(line, self.used(line, spec.span.source, path)) for line in spec.use]
        uses = [Use(line, environment) for line, environment in found if environment is not None]
        own: tuple[Block | Cell, ...] = (*spec.blocks, *spec.cells)
        self.find_clashes(own, uses)
        return Environment(own, tuple(uses), is_partial=len(uses) < len(found))

    def find_clashes(self, own: tuple[Block | Cell, ...], uses: list[Use]) -> None:
        names = {each.name.text: each.name.span for each in own}
        for use in uses:
            for block in use.environment.own:
                first = names.setdefault(block.name.text, use.line.span)
                if first is not use.line.span:
                    self.report.add(DuplicateName(use.line.span, block.name.text, first))

    def used(self, line: Scalar, source: Source, path: tuple[str, ...]) -> Environment | None:
        """What a file can speak of that another one uses, or `None` where a finding says why it cannot be used."""
        found = self.standard(line) if _is_standard(line) else self.file(line, source)
        if found is None:
            return None
        key, read = found
        if key in path:
            from archspec.catalog.files import UseCycle

            cycle = (*path[path.index(key) :], key)
            self.report.add(UseCycle(line.span, tuple(Path(each).name for each in cycle)))
            return None
        if key not in self.known:
            if len(self.known) >= MOST_FILES:
                from archspec.catalog.files import TooManyFiles

                self.report.add(TooManyFiles(line.span, MOST_FILES))
                return None
            self.known[key] = self.read(read, (*path, key))
        return self.known[key]

    def read(self, source: Source | None, path: tuple[str, ...]) -> Environment | None:
        tree = None if source is None else parse(source, None, self.report)
        spec = None if tree is None else read_spec(tree, self.report)
        return None if spec is None else self.environment(spec, path)

    def standard(self, line: Scalar) -> tuple[str, Source | None] | None:
        """A part of the shipped library."""
        part = line.text.removeprefix(STANDARD).removeprefix(".")
        known = sorted(
            each.name.removesuffix(".arch") for each in files("archspec.std").iterdir() if each.name.endswith(".arch")
        )
        if part not in known:
            from archspec.catalog.files import UnknownLibrary

            suggestion = closest(part, known)
            suggestion = None if suggestion is None else f"{STANDARD}.{suggestion}"
            names = tuple(f"{STANDARD}.{each}" for each in known)
            self.report.add(UnknownLibrary(line.span, line.text, names, suggestion))
            return None
        name = f"{STANDARD}/{part}.arch"
        return name, decode(files("archspec.std").joinpath(f"{part}.arch").read_bytes(), name, self.report)

    def file(self, line: Scalar, source: Source) -> tuple[str, Source | None] | None:
        """A file, if it may be read."""
        problem, cure = "", ""
        relative = Path(line.text)
        folder = Path(source.name).parent
        if relative.suffix.lower() not in SUFFIXES:
            problem = f"`{line.text}` is neither a file of specs nor a part of the library `{STANDARD}`"
            cure = f"files of specs end in `.arch` or `.yaml`; parts of the library are called `{STANDARD}.NAME`"
        elif self.root is None or source.name.startswith(f"{STANDARD}/"):
            problem = f"`{line.text}` cannot be used here, since this text is no file"
            cure = f"a text that is no file can use the library `{STANDARD}`"
        elif relative.is_absolute() or not (folder / relative).resolve().is_relative_to(self.root.resolve()):
            problem = f"`{line.text}` is outside of the root folder, `{self.root}`"
            cure = "use files inside it, or name another root folder with `--root`"
        if problem:
            from archspec.catalog.files import ForbiddenFile

            self.report.add(ForbiddenFile(line.span, problem, cure))
            return None
        path = folder / relative
        key = str(path.resolve())
        if key in self.known:
            return key, None
        return key, read_file(path, self.report, line.span)


def _is_standard(line: Scalar) -> bool:
    return line.text == STANDARD or (line.text.startswith(f"{STANDARD}.") and Path(line.text).suffix not in SUFFIXES)
