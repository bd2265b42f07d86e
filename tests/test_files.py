"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archspec.files import write_atomically


def test_a_new_file_gets_the_permissions_that_new_files_get(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_atomically(tmp_path / "written", b"all")
    assert (tmp_path / "written").read_bytes() == b"all"
    assert (tmp_path / "written").stat().st_mode == plain.stat().st_mode


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "written"
    path.write_bytes(b"before")
    path.chmod(0o640)
    write_atomically(path, b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    path = tmp_path / "written"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one_and_what_it_names_is_written(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "written"
    path.parent.mkdir()
    path.write_bytes(b"before")
    link = tmp_path / "link"
    link.symlink_to(path)
    write_atomically(link, b"after")
    assert link.is_symlink()
    assert path.read_bytes() == b"after"


def test_a_pipe_takes_what_it_is_given(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"all")
        assert os.read(reader, 10) == b"all"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
