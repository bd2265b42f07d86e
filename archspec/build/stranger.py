"""What may be meant by the word of a layer that is none of ours: a slip, or a word of another framework.

Imported only where there is such a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

from msgspec import Struct

from archspec.build.environment import Environment
from archspec.expression import Apply, Expression, ListOf, Name
from archspec.source import Hole, Span
from archspec.spelling import is_slip, nearest
from archspec.steps import Argument
from archspec.translation import advice_on


@final
class Meant(Struct, frozen=True):
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
    if not near and (cure := _cure_of_name(word, arguments, environment)):
        return Meant((), cure)
    return Meant(near, op=near[0] if near and near[0] not in _CONSTRUCTS else None)


def _cure_of_name(word: str, arguments: Sequence[Argument], environment: Environment) -> str:
    """How a layer gets a name, where the word stands before a layer like its op, as in `fc1: linear(8)`."""
    if len(arguments) != 1 or not arguments[0].key.text.isdecimal():
        return ""
    match arguments[0].value:
        case Apply(op) | Name(op) if environment.op(op) is not None or op in environment.definitions:
            value = arguments[0].value
        case _:
            return ""
    place: Span = value.span
    if not place.source.text[: place.start].rstrip().endswith(":"):
        return f"a layer gets its name so: `{word} = {place.text}`"
    settings = "{}"
    if isinstance(value, Apply):
        kind = environment.op(op)
        names = environment.definitions[op].parameter_names if kind is None else kind.positional()
        given = [*zip(names, value.arguments, strict=False), *value.named]
        settings = f"{{{', '.join(f'{name}: {text_of(each)}' for name, each in given)}}}"
        if len(value.arguments) == 1 and not value.named:
            settings = text_of(value.arguments[0])
    return f"a layer has its name beside its op: `{{{op}: {settings}, name: {word}}}`"


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
