"""Files that use one another: which may be read, and what each of them can speak of.

A spec may use files below its root folder, the library `std`, which is shipped, and those of installed packages. Where
a file is, is asked after all links have been followed; nothing outside the root folder is ever opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, final

from msgspec import Struct

from archspec.build.environment import Environment, Use
from archspec.catalog.fields import DuplicateName
from archspec.catalog.text import DuplicateKey
from archspec.diagnostics import Report
from archspec.expression import Expression
from archspec.op import Op
from archspec.source import Hole, Source
from archspec.spec import Block, Cell, Library, Spec, read_spec
from archspec.spelling import closest, did_you_mean
from archspec.syntax.read import SUFFIXES, decode, parse, read_file
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

MOST_FILES: Final = 100
"""A spec uses no more files than this, by itself and by those that it uses."""

STANDARD: Final = "std"
"""What the shipped library is called."""

_STANDARD: Final = Path(__file__).parent / STANDARD

_PART: Final = re.compile(r"[^\W\d]\w*(\.\w*)*")
"""What `use` says of a part of a library."""


@final
class Installed(Struct, frozen=True):
    """What specs can speak of that is neither shipped nor in files of theirs."""

    ops: Mapping[str, type[Op]] = {}
    libraries: Mapping[str, Traversable] = {}
    """Folders of files with blocks, by the first word of what `use` says."""


def environment_of(
    spec: Spec | Library, root: Path | None, report: Report, installed: Installed | None = None
) -> Environment:
    """What the layers of a file can speak of. Without a root folder, that is its own blocks and those of libraries."""
    installed = installed or Installed()
    if not spec.use:
        return Environment((*spec.blocks, *spec.cells), further=installed.ops, settings=_settings(spec))
    reader = _Reader(root, report, installed)
    key = _key(spec.span.source)
    reader.read_all(key, spec)
    return reader.environment(key, (key,))


def root_of(file: Path) -> Path:
    """The folder that a spec may read files of: that in which we run where the spec is in it, else that of the spec."""
    here, folder = Path.cwd(), file.parent.resolve()
    return here if folder.is_relative_to(here.resolve()) else folder


def _key(source: Source) -> str:
    """What tells a file from all others, whichever way it was found."""
    path = Path(source.name)
    return str(path.resolve()) if path.suffix in SUFFIXES and path.exists() else source.name


def _settings(spec: Spec | Library | None) -> list[Expression]:
    """What the parameters of a model may be."""
    if not isinstance(spec, Spec):
        return []
    defaults = [each.default for each in spec.params if each.default is not None]
    return [*defaults, *(each.value for variant in spec.variants for each in variant.set)]


Opens: TypeAlias = Callable[[], Source | None]
"""Reads the text of a file; there is none, where a finding says why."""


@final
class _Reader:
    """Reads the files that a spec uses, each once."""

    def __init__(self, root: Path | None, report: Report, installed: Installed) -> None:
        self.root = root
        self.report = report
        self.installed = installed
        self.specs: dict[str, Spec | Library | None] = {}
        """What the files hold, by what tells them apart."""

        self.uses: dict[str, list[tuple[Scalar, str | None]]] = {}
        """The lines of each file that use others, and which these are; none, where a finding says why."""

        self.environments: dict[str, Environment] = {}
        self.shipped: set[Source] = set()
        """Texts of libraries, which lie beside no files of the user's."""

    def read_all(self, key: str, spec: Spec | Library) -> None:
        """Read the files that a file uses, and those that they use."""
        self.specs[key] = spec
        left = [key]
        for each in left:
            found = self.specs[each]
            if found is not None:
                self.uses[each] = [self.line(line, found.span.source) for line in found.use]
                left += [use for _, use in self.uses[each] if use is not None and use not in left]

    def line(self, line: Scalar | Hole, source: Source) -> tuple[Scalar, str | None]:
        return (Scalar("", line.span), None) if isinstance(line, Hole) else (line, self.used(line, source))

    def used(self, line: Scalar, source: Source) -> str | None:
        """Which file a line uses, once it is read."""
        folder = self.folder(line, source)
        place = self.file(line, source) if folder is None else self.part(line, folder)
        if place is None:
            return None
        key, opened = place
        if key not in self.specs:
            if len(self.specs) > MOST_FILES:
                from archspec.catalog.files import TooManyFiles

                self.report.add(TooManyFiles(line.span, MOST_FILES))
                return None
            text = opened()
            tree = None if text is None else parse(text, None, self.report)
            self.specs[key] = None if tree is None else read_spec(tree, self.report)
        return key

    def environment(self, key: str, path: tuple[str, ...]) -> Environment:
        """What a file can speak of; `path` are the files each of which uses the next, up to this one."""
        if key in self.environments:
            return self.environments[key]
        spec = self.specs[key]
        uses: dict[str, Use] = {}
        is_partial = False
        for line, used in self.uses.get(key, ()):
            if used is None or self.specs[used] is None or used in path:
                is_partial = True
                if used in path:
                    from archspec.catalog.files import UseCycle

                    cycle = (*path[path.index(used) :], used)
                    self.report.add(UseCycle(line.span, tuple(Path(each).name for each in cycle)))
            elif used in uses:
                self.report.add(DuplicateKey(line.span, line.text, uses[used].line.span))
            else:
                uses[used] = Use(line, self.environment(used, (*path, used)))
        own: tuple[Block | Cell, ...] = () if spec is None else (*spec.blocks, *spec.cells)
        self.find_clashes(own, tuple(uses.values()))
        self.environments[key] = Environment(
            own, tuple(uses.values()), is_partial, self.installed.ops, settings=_settings(spec)
        )
        return self.environments[key]

    def find_clashes(self, own: tuple[Block | Cell, ...], uses: tuple[Use, ...]) -> None:
        names = {each.name.text: each.name.span for each in own}
        for use in uses:
            for block in use.environment.own:
                first = names.setdefault(block.name.text, use.line.span)
                if first is not use.line.span:
                    self.report.add(DuplicateName(use.line.span, block.name.text, first))

    def folder(self, line: Scalar, source: Source) -> Traversable | None:
        """The library of which a part is meant, and no file that has a name like one."""
        if not _PART.fullmatch(line.text):
            return None
        if Path(line.text).suffix in SUFFIXES and (Path(source.name).parent / line.text).exists():
            return None
        word = line.text.partition(".")[0]
        return _STANDARD if word == STANDARD else self.installed.libraries.get(word)

    def part(self, line: Scalar, folder: Traversable) -> tuple[str, Opens] | None:
        """A part of a library."""
        library, _, part = line.text.partition(".")
        known = _parts_of(folder)
        if part not in known:
            from archspec.catalog.files import UnknownLibrary

            suggestion = closest(part, known) or closest(part.partition(".")[0], known)
            suggestion = None if suggestion is None else f"{library}.{suggestion}"
            names = tuple(f"{library}.{each}" for each in known)
            self.report.add(UnknownLibrary(line.span, line.text, library, names, suggestion))
            return None
        name = f"{library}/{part}.arch"

        def opened() -> Source | None:
            source = decode(folder.joinpath(f"{part}.arch").read_bytes(), name, self.report)
            if source is not None:
                self.shipped.add(source)
            return source

        return f"{library}.{part}", opened

    def file(self, line: Scalar, source: Source) -> tuple[str, Opens] | None:
        """A file, if it may be read."""
        problem, cure = "", ""
        relative = Path(line.text)
        path = Path(source.name).parent / relative
        try:
            place = path.resolve()
        except (OSError, RuntimeError, ValueError):
            place = None  # Links in a circle, or a name that no file can have.
        if not line.text:
            problem, cure = "`use` names no file", 'such as `use "blocks/unit.arch"`'
        elif relative.suffix.lower() not in SUFFIXES:
            problem = f"`{line.text}` is neither a file of specs nor a part of a library"
            known = [f"{STANDARD}.{each}" for each in _parts_of(_STANDARD)]
            meant = closest(line.text, known) or closest(f"{STANDARD}.{line.text}", known)
            cure = f"files of specs end in `.arch` or `.yaml`; parts of libraries have names such as `{STANDARD}.se`"
            cure = cure if meant is None else did_you_mean(meant)
        elif self.root is None or source in self.shipped:
            problem = f"`{line.text}` cannot be used here, since this text is no file"
            cure = f"a text that is no file can use libraries, such as `{STANDARD}`"
        elif relative.is_absolute():
            problem = f"`{line.text}` is an absolute path"
            cure = "write the path relative to this file, which then can be moved with what it uses"
        elif place is None:
            problem = f"`{line.text}` leads to no file"
        elif not place.is_relative_to(self.root.resolve()):
            problem = f"`{line.text}` is outside of the root folder, `{self.root}`"
            cure = "use files inside it, or name another root folder with `--root`"
        if problem:
            from archspec.catalog.files import ForbiddenFile

            self.report.add(ForbiddenFile(line.span, problem, cure))
            return None
        return str(place), lambda: read_file(path, self.report, line.span)


def _parts_of(folder: Traversable) -> list[str]:
    """The parts of a library, by name."""
    return sorted(each.name.removesuffix(".arch") for each in folder.iterdir() if each.name.endswith(".arch"))
