"""The other distribution called `archspec` is noticed where it is in the way, and nowhere else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from archspec.clash import other_distribution


def installed(folder: Path, *names: str) -> str:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).mkdir()
    return str(folder)


@pytest.mark.parametrize("other", ["archspec-0.2.5.dist-info", "archspec-0.2.5.egg-info"])
def test_both_in_one_folder_are_noticed(tmp_path: Path, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = installed(tmp_path / "site", "archspec_nn-0.1.0.dist-info", other)
    monkeypatch.setattr(sys, "path", [*sys.path, folder])
    warning = other_distribution()
    assert warning is not None
    assert "`archspec` 0.2.5 is installed beside ours" in warning
    assert folder in warning
    assert "\n" not in warning


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("archspec_nn-0.1.0.dist-info",),
        ("archspec-0.2.5.dist-info",),
        ("archspec_nn-0.1.0.dist-info", "archspec-data", "archspec_other-1.0.dist-info", "archspec"),
    ],
)
def test_anything_else_is_in_nobodys_way(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert other_distribution([installed(tmp_path / "site", *names)]) is None


def test_two_folders_are_two_places(tmp_path: Path) -> None:
    ours = installed(tmp_path / "ours", "archspec_nn-0.1.0.dist-info")
    other = installed(tmp_path / "other", "archspec-0.2.5.dist-info")
    assert other_distribution([ours, other]) is None


def test_odd_entries_of_the_path_are_passed_over(tmp_path: Path) -> None:
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archspec-0.2.5.dist-info/METADATA", "")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    both = installed(tmp_path / "site", "archspec_nn-0.1.0.dist-info", "archspec-0.2.5.dist-info")
    odd = ["", str(archive), str(tmp_path / "gone"), str(locked), "a\0b"]
    assert other_distribution(odd) is None
    assert other_distribution([*odd, both]) is not None
    locked.chmod(0o700)  # Else whoever removes the folders of tests could not look into it.
