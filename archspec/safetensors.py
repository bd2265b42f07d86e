"""Files of weights in the format safetensors: which tensors one holds, told by its header alone.

A file starts with the length of its header in eight bytes. The header is JSON: for each tensor its element type, its
shape, and where its bytes lie in what follows. Nothing in a file is code.

A header is taken for nothing but a claim: what it says must agree with itself and with the size of the file, and the
tensors must fill the file without a gap or an overlap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from os import fstat
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Final, NoReturn, final

from msgspec import Struct

from archspec.catalog.weights import NoSafetensors, PickledWeights, UnreadableWeights, in_file
from archspec.diagnostics import Report
from archspec.opening import opened
from archspec.shape import Element
from archspec.spelling import closest

SUFFIX: Final = ".safetensors"
INDEX: Final = ".safetensors.index.json"
"""How the name of a file ends that says which of several files has which tensor."""

MOST_HEADER_BYTES: Final = 25_000_000
"""A header is no longer than this; that of a model with a hundred thousand tensors has half of it."""

MOST_AXES: Final = 64
"""A tensor has no more axes than this."""

_LENGTH: Final = 8
"""How many bytes say how long the header is."""

_BITS: Final = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
"""How many bits an element of each type has."""

_WHOLE: Final = "download or write it again"
_ELEMENTS: Final = {"F": Element.FLOAT, "BF": Element.FLOAT, "I": Element.INT, "U": Element.INT, "BOOL": Element.BOOL}


@final
class Stored(Struct, frozen=True):
    """A tensor of a file, as its header has it."""

    file: Path
    kind: str
    """The type of its elements, such as `F32`."""

    shape: tuple[int, ...]
    start: int
    """Where in the file its bytes start."""

    size: int
    """How many bytes it has."""

    @property
    def element(self) -> Element | None:
        """What its elements are, if a spec has such: complex numbers it has not."""
        return _ELEMENTS.get(self.kind.partition("_")[0].rstrip("0123456789"))


def read_header(path: Path, report: Report) -> Mapping[str, Stored] | None:
    """The tensors of a file by name, in the order of the header, or `None` where a finding says why there are none."""
    file = str(path)
    place = in_file(file)
    try:
        with opened(path) as found:
            if not S_ISREG(fstat(found.fileno()).st_mode):
                report.add(UnreadableWeights(place, file, "it is no file"))
                return None
            return _read(path, found)
    except Refused as refused:
        report.add(
            PickledWeights(place, file)
            if refused.is_pickle
            else NoSafetensors(place, file, refused.reason, refused.cure)
        )
    except (OSError, ValueError) as error:
        report.add(unreadable(path, error))
    return None


def unreadable(path: Path, error: OSError | ValueError) -> UnreadableWeights:
    """What there is to say where a file cannot be read."""
    file = str(path)
    place = in_file(file)
    match error:
        case FileNotFoundError():
            return UnreadableWeights(place, file, "there is no such file", _neighbour(path))
        case IsADirectoryError():
            return UnreadableWeights(place, file, "it is a folder")
        case PermissionError():
            return UnreadableWeights(place, file, "permission denied")
    return UnreadableWeights(place, file, getattr(error, "strerror", None) or "its name is not one of a file")


def are_same(one: Stored, other: Stored) -> bool:
    """Whether two tensors are the same, byte for byte."""
    if (one.kind, one.shape) != (other.kind, other.shape):
        return False
    with one.file.open("rb") as mine, other.file.open("rb") as theirs:
        mine.seek(one.start)
        theirs.seek(other.start)
        for left in range(one.size, 0, -_PIECE):
            count = min(left, _PIECE)
            if mine.read(count) != theirs.read(count):
                return False
    return True


_PIECE: Final = 2**20
"""So many bytes are compared at once."""


def _neighbour(path: Path) -> str | None:
    """A file of weights beside a missing one whose name is like it."""
    try:
        known = [each.name for each in path.parent.iterdir() if each.name.endswith((SUFFIX, INDEX))]
    except OSError:
        return None
    name = closest(path.name, known)
    return None if name is None else str(path.with_name(name))


@final
class Refused(Exception):  # noqa: N818  # it carries what a finding says, as a value would
    """A file is not what it should be. Its text says why."""

    def __init__(self, reason: str, cure: str = "", *, is_pickle: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure
        self.is_pickle = is_pickle


def _refuse(reason: str, cure: str = _WHOLE) -> NoReturn:
    raise Refused(reason, cure)


def _read(path: Path, file: BinaryIO) -> Mapping[str, Stored]:
    size = fstat(file.fileno()).st_size
    start = file.read(_LENGTH + 1)
    _know_other_formats(start)
    if len(start) < _LENGTH + 1:
        _refuse(f"it has {size} bytes" if size else "it is empty")
    length = int.from_bytes(start[:_LENGTH], "little")
    if length > size - _LENGTH or start[_LENGTH:] != b"{":
        _refuse("it does not start with a header, or is not whole")
    if length > MOST_HEADER_BYTES:
        _refuse(f"its header is longer than {MOST_HEADER_BYTES:,} bytes", "")
    header = read_object(start[_LENGTH:] + file.read(length - 1), "its header")
    header.pop("__metadata__", None)
    places = [(*_place(name, entry), name) for name, entry in header.items()]
    end = 0
    for first, last, name in sorted(places):
        if first != end:
            _refuse(f"the bytes of `{shown(name)}` {'overlap others' if first < end else 'leave a gap'}")
        end = last
    if end != size - _LENGTH - length:
        _refuse(f"its tensors take {end:,} bytes, and it has {size - _LENGTH - length:,} for them")
    return {
        name: Stored(path, header[name]["dtype"], tuple(header[name]["shape"]), _LENGTH + length + first, last - first)
        for first, last, name in places
    }


def _know_other_formats(start: bytes) -> None:
    if start[:4] == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")):
        raise Refused("it is a pickle", is_pickle=True)
    for sign, kind in _OTHERS.items():
        if start.startswith(sign):
            _refuse(f"it is {kind}", "convert it with the library that wrote it")


_OTHERS: Final = {b"GGUF": "a GGUF file", b"\x89HDF": "an HDF5 file", b"\x93NUMPY": "an array of NumPy"}


def read_object(text: bytes, what: str) -> dict[str, Any]:
    """An object of JSON, in which no key is given twice.

    Raises:
        Refused: it is none.
    """

    def entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            _refuse(f"{what} has `{shown(next(name for name in names if names.count(name) > 1))}` twice")
        return found

    def constant(text: str) -> NoReturn:
        _refuse(f"{what} holds `{text}`")

    try:
        found = json.loads(text.decode(), object_pairs_hook=entries, parse_constant=constant)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        _refuse(f"{what} cannot be read")
    return found


def _place(name: str, entry: Any) -> tuple[int, int]:
    """Where the bytes of a tensor start and end, as far as that agrees with its shape."""
    called = f"`{shown(name)}`"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        _refuse(f"{called} has not what each tensor has: `dtype`, `shape` and `data_offsets`")
    kind, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _BITS:
        _refuse(f"the elements of {called} are of no known type", "")
    if not _are_sizes(shape) or len(shape) > MOST_AXES:
        _refuse(f"the shape of {called} is none")
    if not _are_sizes(place) or len(place) != 2 or place[0] > place[1]:
        _refuse(f"the place of {called} is none")
    first, last = place
    if prod(shape) * _BITS[kind] != (last - first) * 8:
        _refuse(f"the shape of {called} does not fit the {last - first:,} bytes that it takes")
    return first, last


def _are_sizes(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(each) is int and 0 <= each < 2**63 for each in numbers)


def shown(name: str) -> str:
    """A name, as far as it can stand in a message."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."


_LONGEST: Final = 80
