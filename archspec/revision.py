"""Specs as they were: files at a revision of a Git repository, such as `git:HEAD~1:specs/net.arch`.

The path is relative to the folder in which we run, as any other, and what such a spec uses is of the same revision.
Git is run as a program, with a list of arguments and no shell; nothing is checked out or changed.
"""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, final

from msgspec import Struct

from archspec.spelling import closest, did_you_mean
from archspec.syntax.read import MOST_BYTES, SUFFIXES, read_by

MARK: Final = "git:"
"""What begins so is the name of a file at a revision."""

_NAME: Final = re.compile(r"git:(?P<revision>[^:]*):(?P<path>.*)", re.DOTALL)
_PATIENCE: Final = 60
"""Git is waited for no longer than so many seconds."""


class RevisionError(Exception):
    """A revision cannot be read; the text says why."""


@final
class Revision(Struct, frozen=True):
    """A revision of the repository in which we run."""

    name: str
    """What the user calls it."""

    tree: str
    """What Git calls its files."""

    @property
    def root(self) -> Path:
        """What stands for the folder in which we run, as it was."""
        return Path(f"{MARK}{self.name}:.")

    @contextmanager
    def read(self) -> Iterator[None]:
        """Have files below the root read from the revision."""
        with read_by(self.bytes):
            yield

    def bytes(self, path: Path) -> bytes:
        """What is in a file below the root.

        Raises:
            OSError: there is no such file.
        """
        place = posixpath.normpath(path.relative_to(self.root).as_posix())
        if place.startswith("../"):
            raise OSError(0, f"it is outside of `{self.root}`")
        name = f"{self.tree}:./{place}"
        found = _git("cat-file", "-t", name)
        if found.returncode != 0:
            raise OSError(0, self._missing(place))
        if found.stdout.strip() != b"blob":
            raise IsADirectoryError(place)
        command = ["git", "cat-file", "blob", name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as git:  # noqa: S603  # No shell.
            data: bytes = b"" if git.stdout is None else git.stdout.read(MOST_BYTES + 1)
            git.kill()  # Of what is longer than any spec, no more is wanted.
        return data

    def _missing(self, place: str) -> str:
        """Why there is no such file, with one that may be meant."""
        listing = _git("ls-tree", "-r", "-z", "--name-only", self.tree).stdout.decode("utf-8", "replace")
        known = [each for each in listing.split("\0") if PurePosixPath(each).suffix in SUFFIXES]
        names = {PurePosixPath(each).name: each for each in reversed(known)}
        near = closest(place, known) or names.get(closest(PurePosixPath(place).name, names) or "")
        cure = did_you_mean(None if near is None else f"{MARK}{self.name}:{near}")
        return f"the revision `{self.name}` has no such file{f'; {cure}' if cure else ''}"


def at_revision(name: str) -> tuple[Revision, str] | None:
    """The revision that a name speaks of, and the name of the file there; `None` for a file as it is.

    Raises:
        RevisionError: Git is missing, we run in no repository, or it has no such revision.
    """
    if not name.startswith(MARK) or Path(name).exists():
        return None
    match = _NAME.fullmatch(name)
    if match is None or not match["revision"] or not match["path"]:
        raise RevisionError(f"`{name}` is not of the form `git:REVISION:FILE`, such as `git:HEAD~1:net.arch`")
    revision, path = match["revision"], match["path"]
    if revision.startswith("-") or not revision.isprintable():
        raise RevisionError(f"`{revision}` is no revision: it would be an option of Git")
    if PurePosixPath(path).is_absolute():
        raise RevisionError(f"`{path}` is an absolute path; at a revision, files are named relative to this folder")
    found = Revision(revision, _tree(revision))
    return found, f"{found.root}/{posixpath.normpath(path)}"


def _tree(revision: str) -> str:
    """What Git calls the files of a revision."""
    inside = _git("rev-parse", "--is-inside-work-tree")
    if inside.returncode != 0:
        why = inside.stderr.decode("utf-8", "replace").strip().partition("\n")[0].removeprefix("fatal: ")
        if "not a git repository" in why:
            raise RevisionError(f"`git:{revision}:` speaks of a Git repository, and `{Path.cwd()}` is in none")
        raise RevisionError(f"Git says: {why}")
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if found.returncode != 0:
        listing = _git("for-each-ref", "--format=%(refname:short)").stdout.decode("utf-8", "replace")
        cure = did_you_mean(closest(revision, ("HEAD", *listing.split())))
        raise RevisionError(f"the repository has no revision `{revision}`{f'; {cure}' if cure else ''}")
    return found.stdout.decode("ascii").strip()


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603, S607  # No shell.
    except FileNotFoundError:
        raise RevisionError("specs at a revision are read with Git, and there is no `git` here; install it") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"`git {arguments[0]}` has not answered for {_PATIENCE} seconds") from None
