"""Headers of files of weights: none can do harm."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from archspec.diagnostics import Report
from archspec.safetensors import MOST_HEADER_BYTES, read_header
from tests.small_net import codes, quickly
from tests.stored import header


def entry(kind: Any = "F32", shape: Any = (2,), place: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": place}


def raw(text: bytes, data: bytes = b"\0" * 8) -> bytes:
    return len(text).to_bytes(8, "little") + text + data


HOSTILE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "less than a length": b"\x08\0\0",
    "a length alone": struct.pack("<Q", 2),
    "a header of two gibibytes": struct.pack("<Q", 2**31) + b"{" + b" " * 100,
    "a header of all that there is": struct.pack("<Q", 2**64 - 1) + b"{" + b" " * 100,
    "no JSON": raw(b"{not json}"),
    "JSON that is no mapping": raw(b"[1, 2]"),
    "no text": raw(b'{"\xff\xfe": 1}'),
    "half a surrogate": raw(b'{"\\ud800": {"dtype": "F32", "shape": [2], "data_offsets": [0, 7]}}'),
    "brackets without an end": raw(b'{"a":' + b"[" * 200_000),
    "brackets in brackets": raw(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a number of many digits": raw(
        b'{"a": {"dtype": "F32", "shape": [' + b"9" * 10_000 + b'], "data_offsets": [0, 8]}}'
    ),
    "not a number": raw(b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 8]}}'),
    "a key twice": raw(
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},'
        b' "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'
    ),
    "an entry that is none": raw(b'{"a": 3}'),
    "a key too few": header({"a": {"dtype": "F32", "shape": [2]}}) + b"\0" * 8,
    "a key too many": header({"a": entry() | {"code": "import os"}}) + b"\0" * 8,
    "an unknown type": header({"a": entry(kind="F31")}) + b"\0" * 8,
    "a type that is a list": header({"a": entry(kind=["F32"])}) + b"\0" * 8,
    "a negative size": header({"a": entry(shape=[-2])}) + b"\0" * 8,
    "two negative sizes": header({"a": entry(shape=[-1, -2])}) + b"\0" * 8,
    "half a size": header({"a": entry(shape=[2.0])}) + b"\0" * 8,
    "a flag as a size": header({"a": entry(shape=[2, True])}) + b"\0" * 8,
    "a text as a shape": header({"a": entry(shape="2")}) + b"\0" * 8,
    "sizes without bound": header({"a": entry(shape=[2**62] * 60)}) + b"\0" * 8,
    "axes without bound": header({"a": entry(shape=[1] * 100_000)}) + b"\0" * 8,
    "a shape that does not fit": header({"a": entry(shape=[3])}) + b"\0" * 8,
    "a place behind the end": header({"a": entry(place=[8, 16])}) + b"\0" * 8,
    "a place of negative length": header({"a": entry(shape=[0], place=[8, 0])}) + b"\0" * 8,
    "a place without an end": header({"a": entry(place=[0])}) + b"\0" * 8,
    "two at one place": header({"a": entry(), "b": entry()}) + b"\0" * 8,
    "two that overlap": header({"a": entry(), "b": entry(place=[4, 12])}) + b"\0" * 12,
    "a gap": header({"a": entry(), "b": entry(place=[12, 20])}) + b"\0" * 20,
    "more than the tensors": header({"a": entry()}) + b"\0" * 9,
    "less than the tensors": header({"a": entry()}) + b"\0" * 7,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_header_that_contradicts_itself_or_its_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    report = Report()
    tracemalloc.start()
    assert read_header(path, report) is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(report) == ["A502"]
    assert most < 2_000_000 + 40 * len(data)
    (finding,) = report
    assert len(finding.message()) < 400


def test_a_header_is_no_longer_than_any_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", MOST_HEADER_BYTES + 1) + b"{")
        file.truncate(MOST_HEADER_BYTES + 100)
    report = Report()
    tracemalloc.start()
    assert read_header(path, report) is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert codes(report) == ["A502"]


@settings(quickly, max_examples=300)
@given(data=st.data())
def test_a_header_with_a_byte_changed_is_read_as_the_library_reads_it_or_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "net.safetensors"
    entries = {"a": entry(), "b.c": entry("BF16", [2, 1], [8, 12]), "__metadata__": {"format": "pt"}}
    whole = bytearray(header(entries) + b"\0" * 12)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b'0123456789-,"[]{} ')))
    path.write_bytes(whole)
    report = Report()
    found = read_header(path, report)
    assert (found is None) == bool(len(report))
    try:
        with safe_open(path, framework="pt") as file:
            theirs = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except Exception:
        theirs = None
    if found is not None and theirs is not None:
        assert {name: each.shape for name, each in found.items()} == theirs
    # What the library refuses need not be refused here, as long as the weights are not those of a model then.
    assert theirs is not None or found is None or found.keys() != {"a", "b.c"} or b"\\" in whole


def test_a_file_that_is_none_is_not_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.safetensors", Path("/dev/null"), tmp_path / "\0"):
        report = Report()
        assert read_header(path, report) is None
        assert codes(report) == ["A501"]
