"""Folders of pages that are written from the program: whether they are up to date, and how they are brought there."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True)
class Pages:
    """A folder, and what stands in it."""

    folder: Path
    module: str
    """What `python -m` runs to write it."""

    documents: Callable[[], Mapping[str, str]]
    """All that is written, by the names of the files; one may lie beside the folder, such as `../gallery.md`."""

    by_hand: str = ""
    """The ending of files there that people write."""

    @property
    def command(self) -> str:
        return f"python -m {self.module} --write"

    def outdated(self) -> list[str]:
        """The names of the files that are not as they should be."""
        return self._outdated(self.documents())

    def _outdated(self, wanted: Mapping[str, str]) -> list[str]:
        files = (path for path in self.folder.glob("*.*") if path.suffix != self.by_hand)
        paths = {path.name: path for path in files} | {name: self.folder / name for name in wanted}
        there = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.exists()}
        return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))

    def main(self, arguments: list[str]) -> None:
        """Write the files, or say which are not as they should be."""
        wanted = self.documents()
        if arguments == ["--write"]:
            for name in self._outdated(wanted):
                if name in wanted:
                    (self.folder / name).write_text(wanted[name], encoding="utf-8")
                else:
                    (self.folder / name).unlink()
        elif arguments:
            sys.exit(f"usage: python -m {self.module} [--write]")
        elif names := self._outdated(wanted):
            sys.exit(f"out of date in {self.folder}: {', '.join(names)}; run `{self.command}`")


def text_of(lines: Iterable[str]) -> str:
    """Lines as a text, without those that are empty behind an empty one."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"
