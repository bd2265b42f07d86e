"""What may be meant by the word of a layer that is none of ours: a slip, or a word of another framework.

Imported only where there is such a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, final

from archspec.build.environment import Environment
from archspec.expression import Expression, ListOf
from archspec.source import Hole, Span
from archspec.spelling import is_slip, nearest
from archspec.steps import Argument
from archspec.translation import advice_on


@final
@dataclass(frozen=True)
class Meant:
    """What may be meant by a word."""

    words: tuple[str, ...]
    """What to name in a finding; several, where nothing tells which."""

    cure: str = ""
    """What to write, where it is more than another word."""

    op: str | None = None
    """What to go on with, where that can be told."""


def meant_by(word: str, arguments: Sequence[Argument], environment: Environment, others: Iterable[str]) -> Meant:
    """What may be meant by a word, among what a file can speak of and the `others`."""
    own = nearest(word, (*environment.definitions, *environment.further))
    if any(is_slip(word, each) for each in own):
        return Meant(own, op=own[0])
    advice = advice_on(word, as_written(arguments))
    if advice is not None:
        return Meant(advice.words, advice.cure, advice.op)
    near = nearest(word, (*environment.words, *others, *_CONSTRUCTS))
    return Meant(near, op=near[0] if near and near[0] not in _CONSTRUCTS else None)


_CONSTRUCTS: Final = ("residual", "repeat", "shortcut")
"""What looks like an op with braces behind it, or like the key of one in YAML."""


def as_written(arguments: Sequence[Argument]) -> list[tuple[str | None, str]]:
    """The arguments of a layer as they stand in the source; without what could not be read."""
    if len(arguments) == 1 and arguments[0].key.text.isdecimal() and isinstance(arguments[0].value, ListOf):
        listed = arguments[0].value
        return [(None, f"[{', '.join(text_of(each) for each in listed.items)}]")]
    return [
        (None if each.key.text.isdecimal() else each.key.text, text_of(each.value))
        for each in arguments
        if not isinstance(each.value, Hole)
    ]


def text_of(expression: Expression) -> str:
    span: Span = expression.span
    return span.text
