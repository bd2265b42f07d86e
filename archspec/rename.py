"""`rename`: what the files of others call the layers, groups and weights of a model.

On the left stands a name of the model, of which `*` is any one part; on the right what files call it. A rule speaks of
every weight whose name starts with its left side. Of several, the one counts whose left side has the most parts, and of
those with as many the one with the fewest `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct
from pydantic import ValidationInfo

from archspec.reading import each_of, entries_of, refuse, wrong
from archspec.source import Span
from archspec.syntax.tree import Entry, Scalar, Tree, is_blank

if TYPE_CHECKING:
    from archspec.catalog.renames import WrongRename

ANY: Final = "*"
"""What stands for any one part of a name."""


@final
class Rename(Struct, frozen=True, dict=True):
    """A rule: what files call some weights."""

    own: Scalar
    stored: Scalar

    @property
    def span(self) -> Span:
        return self.own.span

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.own.text.split("."))

    @property
    def precision(self) -> tuple[int, int]:
        """How precisely it says of what it speaks."""
        return len(self.parts), -self.parts.count(ANY)

    def speaks_of(self, name: Sequence[str]) -> bool:
        """Whether a weight, or a group or layer with weights, is one that it renames."""
        given = name[: len(self.parts)]
        return len(given) == len(self.parts) and all(
            part in (ANY, each) for part, each in zip(self.parts, given, strict=True)
        )

    def applied(self, name: Sequence[str]) -> str:
        """What files call a weight that it speaks of."""
        found = iter([each for part, each in zip(self.parts, name, strict=False) if part == ANY])
        start = "".join(next(found) if each == ANY else each for each in re.split(r"(\*)", self.stored.text))
        return ".".join((start, *name[len(self.parts) :]))


def most_precise(rules: Iterable[Rename], name: Sequence[str]) -> tuple[Rename, ...]:
    """Of the rules that speak of a weight, the most precise one; several, where they are as precise as each other."""
    speaking = [each for each in rules if each.speaks_of(name)]
    best = max((each.precision for each in speaking), default=None)
    return tuple(each for each in speaking if each.precision == best)


def stored_name(rules: Iterable[Rename], name: str) -> str:
    """What files call a weight."""
    parts = name.split(".")
    found = most_precise(rules, parts)
    return found[0].applied(parts) if found else name


# ---------------------------------------------------------------------------------------------------------- reading

_PART: Final = re.compile(r"\*|\w+")
_EXAMPLE: Final = "{encoder.layers.*: transformer.h.*}"


def read_renames(tree: Tree, info: ValidationInfo) -> tuple[Rename, ...]:
    return tuple(each_of(_rename, entries_of(tree, info, "`rename`", _EXAMPLE), info))


def _rename(entry: Entry, info: ValidationInfo) -> Rename:
    own, stored = entry.key, entry.value
    if not isinstance(stored, Scalar) or is_blank(stored):
        wrong(info, stored, f"what files call `{own.text}`", "a name such as `transformer.h`")
    for problem in _problems(own, stored):
        refuse(info, problem)
    return Rename(own, stored)


def _problems(own: Scalar, stored: Scalar) -> Iterator[WrongRename]:
    from archspec.catalog.renames import WrongRename  # Most specs have no rules, and need not wait.

    for part in own.text.split("."):
        if not _PART.fullmatch(part):
            problem = f"`{own.text}` is not the name of a weight, layer or group"
            inner = "`*` stands for a whole part, as in `layers.*`" if "*" in part else ""
            yield WrongRename(
                own.span, problem, inner or "its parts are joined by single dots, as in `layers.0.weight`"
            )
            return
    if "" in stored.text.split("."):
        yield WrongRename(
            stored.span, f"`{stored.text}` has an empty part", "write no dot at the start or the end, nor two"
        )
        return
    stars, others = own.text.count(ANY), stored.text.count(ANY)
    if stars != others:
        problem = f"`{own.text}` has {_counted(stars)}, and `{stored.text}` has {_counted(others)}"
        yield WrongRename(
            stored.span, problem, "each `*` on the right is what the one on the left stands for, in order"
        )


def _counted(stars: int) -> str:
    return f"{stars or 'no'} `*`"
