"""Weights in several files: an index beside them says which file, or shard, has which tensor.

An index is JSON: its `weight_map` has the name of a shard for each tensor. As with headers, what it says is a claim: a
shard has a plain name and lies beside its index, and index and shards must agree on what is where. No shard is read
beyond its header.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import fstat
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_ISREG
from typing import Final

from archspec.catalog.weights import (
    DifferentShard,
    MissingShard,
    UnreadableWeights,
    WrongWeightIndex,
    in_file,
)
from archspec.diagnostics import Diagnostic, Report
from archspec.opening import opened
from archspec.safetensors import (
    INDEX,
    MOST_HEADER_BYTES,
    SUFFIX,
    Refused,
    Stored,
    read_header,
    read_object,
    shown,
    unreadable,
)
from archspec.spelling import closest

MOST_BROKEN: Final = 5
"""So many shards that cannot be read are told of: where there are more, all have the same fault."""

_MAP: Final = "weight_map"


def read_tensors(path: Path, report: Report) -> Mapping[str, Stored] | None:
    """The tensors of a file, or of the files of an index, or `None` where a finding says why there are none."""
    if path.suffix.lower() != ".json":
        return read_header(path, report)
    places = _read_index(path, report)
    return None if places is None else _read_shards(path, places, report)


def file_meant(path: Path, report: Report) -> Path | None:
    """The index in a folder or, where there is none, the file of weights; for any other path, that path."""
    try:
        if not path.is_dir():
            return path
        names = sorted(each.name for each in path.iterdir())
    except OSError as error:
        report.add(unreadable(path, error))
        return None
    found = [name for name in names if name.endswith(INDEX)] or [name for name in names if name.endswith(SUFFIX)]
    if len(found) == 1:
        return path / found[0]
    reason = f"it is a folder in which no file ends in `{SUFFIX}` or `{INDEX}`"
    if found:
        reason = f"it is a folder with {len(found)} files of weights; name one of them, such as `{path / found[0]}`"
    report.add(UnreadableWeights(in_file(str(path)), str(path), reason))
    return None


def _read_index(path: Path, report: Report) -> Mapping[str, str] | None:
    """The name of the shard of each tensor."""
    file = str(path)
    try:
        with opened(path) as found:
            status = fstat(found.fileno())
            if not S_ISREG(status.st_mode):
                report.add(UnreadableWeights(in_file(file), file, "it is no file"))
                return None
            if status.st_size > MOST_HEADER_BYTES:
                raise Refused(f"it is longer than {MOST_HEADER_BYTES:,} bytes")
            return _checked(read_object(found.read(), "it"))
    except Refused as refused:
        report.add(WrongWeightIndex(in_file(file), file, refused.reason))
    except (OSError, ValueError) as error:
        report.add(unreadable(path, error))
    return None


def _checked(index: Mapping[str, object]) -> Mapping[str, str]:
    places = index.get(_MAP)
    if not isinstance(places, dict):
        raise Refused(f"it has no `{_MAP}`, in which each weight has the name of its file")
    for tensor, shard in places.items():
        if not isinstance(shard, str):
            raise Refused(f"what `{shown(tensor)}` has in its `{_MAP}` is no name of a file")
        # Files may be links, as they are where a program keeps one copy of each; a name may lead nowhere else.
        if not PurePosixPath(shard).name == PureWindowsPath(shard).name == shard or shard in ("", ".", ".."):
            raise Refused(f"it has `{shown(tensor)}` in `{shown(shard)}`, which is no name of a file beside it")
    return places


def _read_shards(path: Path, places: Mapping[str, str], report: Report) -> Mapping[str, Stored] | None:
    shards = [path.with_name(name) for name in dict.fromkeys(places.values())]
    missing = [each for each in shards if not each.exists()]
    if missing:
        report.add(_missing(path, places, missing))
        return None
    found: dict[Path, Mapping[str, Stored]] = {}
    for number, shard in enumerate(shards):
        tensors = read_header(shard, report)
        if tensors is not None:
            found[shard] = tensors
        elif number + 1 - len(found) == MOST_BROKEN:
            break
    if len(found) < len(shards):
        return None
    differences = tuple(_differences(path, places, found))
    for each in differences:
        report.add(each)
    return None if differences else {name: found[path.with_name(shard)][name] for name, shard in places.items()}


def _missing(path: Path, places: Mapping[str, str], missing: list[Path]) -> MissingShard:
    names = {each.name for each in missing}
    weights = tuple(tensor for tensor, shard in places.items() if shard in names)
    try:
        beside = [
            each.name for each in path.parent.iterdir() if each.suffix == SUFFIX and each.name not in places.values()
        ]
    except OSError:
        beside = []
    return MissingShard(
        in_file(str(path)),
        str(path),
        missing[0].name,
        len(missing),
        weights[0],
        len(weights),
        closest(missing[0].name, beside),
    )


def _differences(
    path: Path, places: Mapping[str, str], found: Mapping[Path, Mapping[str, Stored]]
) -> Iterator[Diagnostic]:
    """What a shard has not, though the index says so, and what it has without a word of the index."""
    others = {name: shard.name for shard, tensors in found.items() for name in tensors}
    for shard, tensors in found.items():
        place = in_file(str(shard))
        claimed = [name for name, each in places.items() if each == shard.name]
        lacking = tuple(name for name in claimed if name not in tensors)
        if lacking:
            yield DifferentShard(place, str(shard), path.name, lacking, others.get(lacking[0]), is_lacking=True)
        unknown = tuple(name for name in tensors if name not in places)
        if unknown:
            yield DifferentShard(place, str(shard), path.name, unknown, None, is_lacking=False)
