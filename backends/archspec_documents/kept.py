"""Drawings that are kept from one build of some documents to the next.

An entry holds for as long as the files that were read for it are what they were. It is written whole or not at all,
and begins with a digest of the rest: one that is cut off, or that something else has written to, is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, final

from msgspec import Struct

from archspec.files import write_atomically


class Place(NamedTuple):
    """Where something is written."""

    file: str | None
    """Absolute; `None` is the text in the document itself."""

    line: int
    """Counted from 1, in that file or text."""


@final
class Drawn(Struct, frozen=True):
    """A drawing, and what was learnt on the way."""

    data: bytes
    files: tuple[str, ...]
    """The files that were read for it, all of them absolute."""

    title: str
    places: Mapping[str, Place] = {}
    """Where the parts of an SVG are written, by their identifiers."""


def find(folder: Path, key: str) -> Drawn | None:
    """The drawing of a key, if there is one that still holds."""
    try:
        digest, _, rest = _file(folder, key).read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != sha256(rest).hexdigest():
        return None
    head, _, data = rest.partition(b"\n")
    said = json.loads(head)
    if any(_digest(file) != digest for file, digest in said["files"].items()):
        return None
    places = {identity: Place(*place) for identity, place in said["places"].items()}
    return Drawn(data, tuple(said["files"]), said["title"], places)


def keep(folder: Path, key: str, drawn: Drawn, started: int) -> None:
    """Keep a drawing that was begun at a time, in nanoseconds."""
    try:
        if any(Path(file).stat().st_mtime_ns >= started for file in drawn.files):
            return  # Somebody writes to it just now, so that it is not known what was read.
        digests = {file: _digest(file) for file in drawn.files}
    except OSError:
        return
    head = json.dumps({"title": drawn.title, "files": digests, "places": drawn.places}).encode()
    rest = head + b"\n" + drawn.data
    with suppress(OSError):  # Where nothing can be kept, documents are built all the same, only slower.
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(folder, key), sha256(rest).hexdigest().encode() + b"\n" + rest)


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.drawn"


def _digest(file: str) -> str | None:
    try:
        return sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return None
