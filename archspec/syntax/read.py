"""Files as sources, and sources as trees: which syntax a file has, and whether it is text at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from archspec.catalog.text import FileTooLarge, NotText, UnknownSyntax, UnreadableFile
from archspec.diagnostics import Report
from archspec.opening import contents
from archspec.source import Source, Span
from archspec.spelling import closest
from archspec.syntax import text
from archspec.syntax.tree import Fields

MOST_BYTES: Final = 2_000_000
"""A spec is no longer than this."""

SUFFIXES: Final = {".arch": "arch", ".yaml": "yaml", ".yml": "yaml"}


def read_file(path: Path, report: Report, place: Span | None = None) -> Source | None:
    """The text of a file, or `None` where a finding says why there is none, at the place that asks for it, if any."""
    name = str(path)
    report.files.add(name)
    nothing = place or Source(name, "").whole()
    try:
        data = _OPENER.get()(path)
    except FileNotFoundError:
        report.add(UnreadableFile(nothing, name, "there is no such file", _neighbour(path)))
    except IsADirectoryError:
        report.add(UnreadableFile(nothing, name, "it is a folder"))
    except PermissionError:
        report.add(UnreadableFile(nothing, name, "permission denied"))
    except (OSError, ValueError) as error:
        report.add(UnreadableFile(nothing, name, getattr(error, "strerror", None) or "its name is not one of a file"))
    else:
        return decode(data, str(path), report)
    return None


def _on_disk(path: Path) -> bytes:
    return contents(path, MOST_BYTES)


Opener: TypeAlias = Callable[[Path], bytes]
"""Gives what is in a file, and raises an `OSError` where there is none."""

_OPENER: Final[ContextVar[Opener]] = ContextVar("opener", default=_on_disk)


@contextmanager
def read_by(opener: Opener) -> Iterator[None]:
    """Have files, and those that they use, read from elsewhere than the disk, such as from a revision."""
    token = _OPENER.set(opener)
    try:
        yield
    finally:
        _OPENER.reset(token)


def _neighbour(path: Path) -> str | None:
    """A spec beside a missing file whose name is like it."""
    stem = path.stem
    known: dict[str, Path] = {}
    try:
        for folder in (path.parent, *(each for each in path.parent.iterdir() if each.is_dir())):
            for each in islice(folder.iterdir(), _MOST_NEIGHBOURS):
                # What is called the same in a folder below is nearer than what is called alike.
                if each != path and each.suffix in SUFFIXES and (folder == path.parent or each.stem == stem):
                    known.setdefault(each.stem, each)
    except OSError:
        pass  # A folder that cannot be read holds nothing that could be meant.
    name = closest(stem, known)
    return None if name is None else str(known[name])


_MOST_NEIGHBOURS: Final = 1_000


def decode(data: bytes, name: str, report: Report) -> Source | None:
    """The text that bytes hold in UTF-8, with line breaks of every kind as `\\n`."""
    if len(data) > MOST_BYTES:
        report.add(FileTooLarge(Source(name, "").whole(), MOST_BYTES))
        return None
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        readable = Source(name, _unified(before) + "\N{REPLACEMENT CHARACTER}")
        place = readable.span(len(readable.text) - 1, len(readable.text))
        reason = f"the byte 0x{data[error.start]:02x} stands for nothing in UTF-8"
        report.add(NotText(place, reason, "save it as UTF-8"))
        return None
    source = Source(name, _unified(decoded))
    control = _CONTROL.search(source.text)
    if control is not None:
        place = source.span(control.start(), control.end())
        report.add(NotText(place, f"it holds the control character U+{ord(control.group()):04X}", "remove it"))
        return None
    return source


def _unified(decoded: str) -> str:
    return decoded.replace("\r\n", "\n").replace("\r", "\n")


_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def parse(source: Source, syntax: str | None, report: Report) -> Fields | None:
    """The tree of a source; its syntax is told by its name where it is not given."""
    syntax = syntax or SUFFIXES.get(Path(source.name).suffix.lower())
    if syntax is None:
        report.add(UnknownSyntax(Source(source.name, "").whole()))
        return None
    if syntax == "arch":
        return text.parse_file(source, report)
    from archspec.syntax import yaml  # The other syntax does not wait for its parser.

    return yaml.parse_file(source, report)
