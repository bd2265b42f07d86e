"""Files of weights for tests, written without the library that reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final

from archspec import Model
from archspec.weights import weights_of

BYTES: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1, "BOOL": 1, "C64": 8}
KINDS: Final = {"float": "F32", "int": "I64", "bool": "BOOL"}
"""What the elements of a spec are in a file."""

Tensors = Mapping[str, tuple[str, Sequence[int]]]
"""The type of elements and the shape of each tensor, by its name."""


def write(path: Path, tensors: Tensors, data: Mapping[str, bytes] | None = None) -> Path:
    """A file with tensors of these types and shapes. Their numbers are zeros that take no room on the disk."""
    entries: dict[str, Any] = {}
    place = 0
    for name, (kind, shape) in tensors.items():
        size = prod(shape) * BYTES[kind]
        entries[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    start = header(entries)
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + place)
        for name, numbers in (data or {}).items():
            file.seek(len(start) + entries[name]["data_offsets"][0])
            file.write(numbers)
    return path


def sharded(folder: Path, tensors: Tensors, places: Mapping[str, str], data: Mapping[str, bytes] | None = None) -> Path:
    """Files with these tensors, each in the one that it is said to be in, and their index."""
    for shard in set(places.values()):
        own = {name: tensors[name] for name in tensors if places[name] == shard}
        write(folder / shard, own, {name: data[name] for name in own} if data else None)
    return index(folder, places)


def index(folder: Path, places: Any) -> Path:
    """What says in which file each tensor is, as the library writes it."""
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": places}))
    return path


def header(entries: Mapping[str, Any]) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def tensors_of(model: Model) -> dict[str, tuple[str, Sequence[int]]]:
    """What a file of all weights of a model has, under the names of the spec."""
    return {
        name: (KINDS[weight.shape.element], [int(size) for size in weight.shape if isinstance(size, int)])
        for name, weight in weights_of(model.graph).items()
    }
