"""Which specs are meant by what stands on the command line: files, variants, folders and patterns.

A file that is named is meant, whatever it holds. In a folder, and among what a pattern matches, there are other YAML
files too: of these, the ones with the keys of a spec are meant. Folders that are hidden, and those of other programs,
are not looked into, unless they are named; pipes and devices, which only look like files, are passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from glob import glob, has_magic
from pathlib import Path
from typing import Final, final

from msgspec import Struct

from archspec.compiler import split_variant
from archspec.diagnostics import Report
from archspec.opening import is_no_file
from archspec.syntax.read import SUFFIXES, read_file

OF_OTHERS: Final = frozenset({"node_modules", "__pycache__"})
"""Folders that hold what other programs put there."""

ENVIRONMENT: Final = ("pyvenv.cfg", "conda-meta")
"""What marks a folder as an environment of installed packages."""


class NoSpecsError(Exception):
    """There is no spec where some are asked for; its text says where."""


@final
class Meant(Struct, frozen=True):
    """The specs that are meant, in order and each once."""

    specs: tuple[str, ...]
    others: int = 0
    """How many YAML files lie among them that are no specs."""


def specs_meant(names: Iterable[str]) -> Meant:
    """The specs that names, folders and patterns mean.

    Raises:
        NoSpecsError: there is none in a folder, or none that a pattern matches.
    """
    specs: list[str] = []
    others = set[Path]()
    for name in names:
        files = files_meant(name)
        if files is None:
            specs.append(name)
            continue
        right = [each for each in files if _is_spec(each)]
        others.update(each for each in files if each not in right)
        if not right:
            raise NoSpecsError(_nothing(name, files))
        specs += map(str, right)
    return Meant(tuple(dict.fromkeys(specs)), len(others))


def files_to_look_at(names: Iterable[str]) -> Iterator[str]:
    """The files that may be meant: one that changes, comes or goes may change what is."""
    for name in names:
        try:
            files = files_meant(name)
        except NoSpecsError:
            continue
        yield from map(str, [split_variant(name)[0]] if files is None else files)


def files_meant(name: str) -> list[Path] | None:
    """All files with the ending of a spec in a folder, or that a pattern matches; `None` for the name of one file."""
    path = Path(name)
    if path.is_dir():
        return sorted(_in_folder(path))
    if name == "-" or not has_magic(name) or Path(split_variant(name)[0]).exists():
        return None
    found = set[Path]()
    for each in map(Path, glob(name, recursive=True)):
        if not any(_is_of_others(folder) for folder in (each, *each.parents)):
            found.update(_in_folder(each) if each.is_dir() else [each] if _may_be_spec(each) else [])
    return sorted(found)


def _in_folder(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [each for each in folders if not (_is_hidden(each) or _is_of_others(Path(where, each)))]
        yield from (path for each in names if not _is_hidden(each) and _may_be_spec(path := Path(where, each)))


def _refuse(error: OSError) -> None:
    raise NoSpecsError(f"cannot look into `{error.filename}`: {error.strerror}") from None


def _may_be_spec(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_no_file(path)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


@cache
def _is_of_others(folder: Path) -> bool:
    return folder.name in OF_OTHERS or any((folder / each).exists() for each in ENVIRONMENT)


def _is_spec(path: Path) -> bool:
    if SUFFIXES[path.suffix.lower()] == "arch":
        return True
    source = read_file(path, Report())
    keys = set() if source is None else set(_KEY.findall(source.text))
    return len(keys) > 1 or not keys.isdisjoint(("archspec", "blocks", "cells"))


_KEY: Final = re.compile(r"""^["']?(archspec|model|inputs|layers|blocks|cells)["']?[ \t]*:""", re.MULTILINE)
"""The keys of a spec. Other files may have a `model`, but not two of these; or one that only specs have."""


def _nothing(name: str, files: list[Path]) -> str:
    if files:
        number = f"the {len(files)} YAML files" if len(files) > 1 else "the YAML file"
        has = "has" if len(files) == 1 else "have"
        return f"there is no spec in `{name}`: {number} there {has} not the keys of one, such as `model` and `layers`"
    if Path(name).is_dir():
        return f"there is no spec in `{name}`: no file there ends in `.arch`, `.yaml` or `.yml`"
    return f"`{name}` matches no spec: no file that ends in `.arch`, `.yaml` or `.yml`"
