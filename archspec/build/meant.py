"""What may be meant by a value that a setting cannot have: the same in another form, such as `3` for `"3"`.

Imported only where there is such a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from archspec.build.meaning import AS_FLAG
from archspec.configured import Configured
from archspec.expression import Value, written
from archspec.op import Op
from archspec.setting import accepted_words
from archspec.spelling import closest


def meant_value(value: Value, declared: FieldInfo) -> str | None:
    """A value in another form, if the setting can have that, as it is written."""
    words = accepted_words(declared)
    if isinstance(value, str) and (word := _ELSEWHERE.get(value.casefold()) or closest(value, words)) in words:
        return word
    kind: Any = Annotated[(declared.annotation, *declared.metadata)] if declared.metadata else declared.annotation
    accepts: Any = TypeAdapter(kind, config=ConfigDict(strict=True))
    for each in _forms(value):
        try:
            accepts.validate_python(each)
        except ValidationError:
            continue
        return written(each)
    return None


def usual_value(kind: type[Configured], setting: str, value: Value) -> str:
    """What a person may write for a setting instead of a value that it cannot have, in words."""
    default = kind.settings()[setting].default
    if default not in (None, PydanticUndefined):
        return f"leave it out, and it is `{written(default)}`"
    examples = kind.examples() if issubclass(kind, Op) else ()
    values = [found for each in examples if (found := getattr(each.op, setting)) is not None]
    if not values:
        return ""
    return f"write, for example, `{written(min(values, key=lambda each: _apart(each, value)))}`"


def _apart(one: Value, other: Value) -> float:
    """How far two values are apart, as far as they are numbers, or lists that start with them."""
    one, other = (each[0] if isinstance(each, tuple) and each else each for each in (one, other))
    are_numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return abs(one - other) if are_numbers else _FAR  # type: ignore[operator, arg-type]


_FAR: Final = float("inf")


_ELSEWHERE: Final = {
    **dict.fromkeys(("bidirectional", "bi"), "both"),
    **dict.fromkeys(("zero", "constant"), "zeros"),
    **dict.fromkeys(("symmetric", "mirror"), "reflect"),
    **dict.fromkeys(("edge", "border"), "replicate"),
    **dict.fromkeys(("wrap", "periodic"), "circular"),
    "cubic": "bicubic",
    "avg": "mean",
    **dict.fromkeys(("f32", "float32", "float16", "double"), "float"),
    **dict.fromkeys(("long", "int32", "int64"), "int"),
    "boolean": "bool",
}
"""What words that settings understand are called in other frameworks."""


def _forms(value: Value) -> Iterator[Value]:
    """Other forms of a value, the nearest first."""
    match value:
        case bool():
            return
        case str():
            yield from _read(value.strip())
        case int():
            yield from _parts_of_whole(value)
            if value < 0:
                yield -value
            if value in (0, 1):
                yield bool(value)
        case float():
            if value.is_integer():
                yield int(value)
            yield from _parts_of_whole(value)
        case tuple():
            items = tuple(next(_forms(each), each) for each in value)
            yield items
            if len(items) == 1 or (items and len(set(items)) == 1):
                yield items[0]


def _parts_of_whole(value: float) -> Iterator[Value]:
    """What a number of percent is; hardly anyone says less than five."""
    if value in range(_FEW, _WHOLE + 1):
        yield value / _WHOLE


_FEW: Final = 5
_WHOLE: Final = 100


def _read(text: str) -> Iterator[Value]:
    """What a text says, read as what it looks like."""
    if text.casefold() in ("true", "false", *AS_FLAG):
        yield AS_FLAG.get(text.casefold(), text.casefold()) == "true"
    elif _INTEGER.fullmatch(text):
        yield int(text)
    elif _NUMBER.fullmatch(text):
        yield float(text)
    elif _PERCENT.fullmatch(text):
        yield float(text[:-1]) / _WHOLE
    elif (found := _LIST.fullmatch(text)) is not None:
        yield tuple(int(each) for each in re.findall(r"\d+", found[0]))


_INTEGER: Final = re.compile(r"-?\d{1,18}")
_NUMBER: Final = re.compile(r"-?(\d{1,18}\.?\d{0,18}|\.\d{1,18})([eE][+-]?\d{1,2})?")
_PERCENT: Final = re.compile(r"\d{1,3}(\.\d{1,18})?%")
_LIST: Final = re.compile(r"[(\[]?\s*\d{1,18}(\s*[x×,]\s*\d{1,18}){1,5}\s*,?\s*[)\]]?")
