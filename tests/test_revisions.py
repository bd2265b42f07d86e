"""Specs as they were at a revision of a Git repository: `git:HEAD~1:net.arch`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import archspec
from archspec import Difference, RevisionError, SpecError
from archspec.difference import Kind
from archspec.main import main


def git(folder: Path, *arguments: str) -> None:
    options = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that uses a file beside it; the two revisions of both differ, and so do the files as they are."""
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "nets" / "parts").mkdir(parents=True)
    unit, spec = tmp_path / "nets" / "parts" / "unit.arch", tmp_path / "nets" / "net.arch"
    for number in (1, 2, 3):
        unit.write_text(f"block Unit {{ input x: [B, D]\nlinear({10 * number}) }}\n")
        spec.write_text(
            f'use "parts/unit.arch"\nmodel Net {{ input x: [B, 4]\nbody = Unit\nhead = linear({number}) }}\n'
        )
        if number < 3:
            git(tmp_path, "add", ".")
            git(tmp_path, "commit", "-q", "-m", str(number))
            git(tmp_path, "tag", f"some/v{number}")
    return tmp_path


def settings_of(found: Difference) -> list[tuple[str, str | None, str | None]]:
    return [(use.name, use.facts[0].old, use.facts[0].new) for each in found.of(Kind.CHANGED) for use in each.uses]


@pytest.mark.parametrize("first", ["HEAD~1", "some/v1", "trunk^"])
def test_what_a_spec_uses_is_of_the_same_revision(repository: Path, first: str) -> None:
    old = f"git:{first}:nets/net.arch"
    assert settings_of(archspec.diff(old, "git:HEAD:nets/net.arch")) == [
        ("body.linear1", "10", "20"),
        ("head", "1", "2"),
    ]
    assert settings_of(archspec.diff(old, "nets/net.arch")) == [("body.linear1", "10", "30"), ("head", "1", "3")]
    assert not archspec.diff(old, old)


def test_a_path_at_a_revision_is_relative_to_the_folder_in_which_we_run(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "nets")
    assert settings_of(archspec.diff("git:HEAD:net.arch", "net.arch"))[1] == ("head", "2", "3")


def test_a_file_that_is_gone_is_read_as_it_was(repository: Path) -> None:
    (repository / "nets" / "parts" / "unit.arch").unlink()
    assert settings_of(archspec.diff("git:HEAD~1:nets/net.arch", "git:HEAD:nets/net.arch"))[0][0] == "body.linear1"


def test_a_spec_at_a_revision_uses_no_file_outside(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "nets" / "out.arch").write_text('use "../other.arch"\nmodel M { input x: [B, 4]\nUnit }\n')
    (repository / "other.arch").write_text("block Unit { input x: [B, D]\nlinear(3) }\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "out")
    assert not archspec.diff("git:HEAD:nets/out.arch", "nets/out.arch")
    monkeypatch.chdir(repository / "nets")
    with pytest.raises(SpecError, match="outside of the root folder"):
        archspec.diff("git:HEAD:out.arch", "git:HEAD:out.arch")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("git:HAED:nets/net.arch", "the repository has no revision `HAED`; did you mean `HEAD`?"),
        ("git:trank:nets/net.arch", "the repository has no revision `trank`; did you mean `trunk`?"),
        ("git:--help:nets/net.arch", "`--help` is no revision"),
        ("git:HEAD", "is not of the form `git:REVISION:FILE`"),
        ("git::nets/net.arch", "is not of the form `git:REVISION:FILE`"),
        ("git:HEAD:/net.arch", "`/net.arch` is an absolute path"),
    ],
)
def test_a_revision_that_cannot_be_read_is_wrong_use(
    repository: Path, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RevisionError, match=re.escape(says)):
        archspec.diff(name, "nets/net.arch")
    assert main(["diff", name, "nets/net.arch"]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_a_revision_lacks_is_a_finding(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "git:HEAD:nets/nat.arch", "nets/net.arch"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "the revision `HEAD` has no such file; did you mean `git:HEAD:nets/net.arch`?" in output.err


def test_outside_of_a_repository_there_are_no_revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(RevisionError, match="speaks of a Git repository, and"):
        archspec.diff("git:HEAD:a.arch", "git:HEAD:a.arch")


def test_without_git_it_is_said_that_it_is_missing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(RevisionError, match="there is no `git` here"):
        archspec.diff("git:HEAD:nets/net.arch", "nets/net.arch")
