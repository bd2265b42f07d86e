"""The specs of known systems that are shipped, for `archspec new` to begin from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final, final

from msgspec import Struct

from archspec.diagnostics import Report
from archspec.paths import specs_meant
from archspec.spelling import did_you_mean, nearest
from archspec.syntax.read import parse, read_file
from archspec.syntax.tree import Fields, Scalar


class UnknownSpecError(Exception):
    """No spec that is shipped has the name; its text says which are like it."""


@final
class Shipped(Struct, frozen=True, dict=True):
    """A file of a model that is shipped."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def family(self) -> str:
        """The folder that it stands in, among those of the specs."""
        return self.path.parent.name

    @cached_property
    def _tree(self) -> Fields | None:
        source = read_file(self.path, Report())
        return None if source is None else parse(source, None, Report())

    @property
    def is_model(self) -> bool:
        """Whether it is a model, and not a file of blocks."""
        return self._tree is not None and self._tree.entry("model") is not None

    @property
    def variants(self) -> tuple[str, ...]:
        found = None if self._tree is None else self._tree.get("variants")
        return tuple(each.key.text for each in found.entries) if isinstance(found, Fields) else ()

    @property
    def purpose(self) -> str:
        """What the model is, in its own words: the first sentence of its doc string."""
        doc = None if self._tree is None else self._tree.get("doc")
        paragraph = " ".join(doc.text.strip().partition("\n\n")[0].split()) if isinstance(doc, Scalar) else ""
        return paragraph.partition(". ")[0].removesuffix(".")


def folder() -> Path:
    """Where the specs lie: in the package, where it is installed, or beside it, in a copy of the project."""
    package = Path(__file__).parent
    return next((each for each in (package / "specs", package.parent / "specs") if each.is_dir()), package / "specs")


def shipped() -> Iterator[Shipped]:
    """The models that are shipped, those of a folder together; of one in two syntaxes, the text form."""
    files = sorted(map(Path, specs_meant([str(folder())]).specs), key=lambda each: (each.parent, each.name))
    for each in map(Shipped, files):
        if each.is_model and (each.path.suffix == TEXT or each.path.with_suffix(TEXT) not in files):
            yield each


def found(name: str) -> tuple[Path, str | None]:
    """The file that has a model of this name, and the variant that has it, if it is one.

    Raises:
        UnknownSpecError: there is none.
    """
    known = _by_name()
    if name in known:
        return known[name]
    cure = did_you_mean(nearest(name, known)) or "`archspec new --list` lists them"
    raise UnknownSpecError(f"no spec that is shipped is called `{name}`; {cure}")


@cache
def _by_name() -> Mapping[str, tuple[Path, str | None]]:
    specs = tuple(shipped())
    known: dict[str, tuple[Path, str | None]] = {}
    for each in specs:
        for variant in each.variants:
            known.setdefault(variant, (each.path, variant))
    # A file goes before a variant that is called like it.
    return known | {each.name: (each.path, None) for each in reversed(specs)}


TEXT: Final = ".arch"
"""The ending of the text form."""
