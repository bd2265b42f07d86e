"""The types that settings of ops are declared with.

Each type carries the words for what it accepts, so that a wrong value of any setting of any op, ours or a stranger's,
is explained by one finding. The types accept values only as they are: `true` is no number, `"3"` is no number.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, final, get_args

from msgspec import Struct
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from archspec.size import LARGEST, Formula, Size, below
from archspec.spelling import listed

MOST_PARTS: Final = 1_000
"""Nothing is cut into more parts than this, so that a hostile spec cannot fill the memory."""


@final
class Says(Struct, frozen=True):
    """What a setting accepts, in words that complete "it needs …"."""

    text: str


@final
class Instance:
    """Lets pydantic take an instance of a class as it is. `InstanceOf` makes a schema of the class, too, which is slow.

    So a setting may be a `Formula`, a size that is still open.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(source)


def _positive(value: Size) -> Size:
    if below(value, 1):
        raise ValueError("not positive")
    return value


_Size: TypeAlias = int | Annotated[Formula, Instance]
_PositiveSize: TypeAlias = Annotated[
    _Size, AfterValidator(_positive), WithJsonSchema({"type": "integer", "minimum": 1})
]
_Whole: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]
_Counted: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST)]
_Integer: TypeAlias = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]

Count: TypeAlias = Annotated[_PositiveSize, Says("a whole number of at least 1")]
"""How many channels, features or the like; may be computed from sizes that are open."""

OptionalCount: TypeAlias = Annotated[_PositiveSize | None, Says("a whole number of at least 1")]
"""For a count that follows from others when it is left out."""

Counts: TypeAlias = Annotated[tuple[_PositiveSize, ...], Says("a list of whole numbers of at least 1")]
"""The sizes of a shape, some of which may be open."""

OpenCounts: TypeAlias = Annotated[
    tuple[_PositiveSize | Literal[-1], ...],
    Says("a list of whole numbers of at least 1, one of which may be -1"),
]
"""The sizes of a shape, one of which may be left to follow from the others, as -1."""

CountPerAxis: TypeAlias = Annotated[
    _PositiveSize | Annotated[tuple[_PositiveSize, ...], Field(min_length=1)],
    Says("a whole number of at least 1, or a list of them with one for each axis"),
]
"""A size for all axes or for each, which may be computed from sizes that are open."""

OptionalCountPerAxis: TypeAlias = Annotated[
    _PositiveSize | Annotated[tuple[_PositiveSize, ...], Field(min_length=1)] | None,
    Says("a whole number of at least 1, or a list of them with one for each axis"),
]

Parts: TypeAlias = Annotated[
    Annotated[int, Field(ge=1, le=MOST_PARTS)]
    | Annotated[tuple[_PositiveSize, ...], Field(min_length=1, max_length=MOST_PARTS)],
    Says(f"a whole number from 1 to {MOST_PARTS}, or a list of sizes, one for each part"),
]
"""How something is cut: into so many equal parts, or into parts of these sizes."""

Positive: TypeAlias = Annotated[_Counted, Says("a whole number of at least 1")]
OptionalPositive: TypeAlias = Annotated[_Counted | None, Says("a whole number of at least 1")]
NonNegative: TypeAlias = Annotated[_Whole, Says("a whole number of at least 0")]
Whole: TypeAlias = Annotated[_Integer, Says("a whole number")]
Axes: TypeAlias = Annotated[tuple[_Integer, ...], Says("a list of whole numbers")]
"""Axes by number, each counted from 0 or, where it is negative, from the last, which is -1."""

Place: TypeAlias = Annotated[_Integer | Annotated[Formula, Instance], Says("a whole number")]
"""A position along an axis; may be computed from sizes that are open."""

OptionalPlace: TypeAlias = Annotated[_Integer | Annotated[Formula, Instance] | None, Says("a whole number")]
Flag: TypeAlias = Annotated[bool, Says("`true` or `false`")]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False), Says("a number")]
PositiveNumber: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False), Says("a number above 0")]
NonNegativeNumber: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False), Says("a number of at least 0")]
OptionalNumber: TypeAlias = Annotated[_Integer | Annotated[float, Field(allow_inf_nan=False)] | None, Says("a number")]
"""A number that may be left out, and is whole where it is written so: `1` and not `1.0`."""

BelowOne: TypeAlias = Annotated[float, Field(ge=0, lt=1), Says("a number of at least 0 and below 1")]
Probability: TypeAlias = Annotated[float, Field(ge=0, le=1), Says("a number from 0 to 1")]

PositivePerAxis: TypeAlias = Annotated[
    _Counted | Annotated[tuple[_Counted, ...], Field(min_length=1)],
    Says("a whole number of at least 1, or a list of them with one for each axis"),
]
OptionalPositivePerAxis: TypeAlias = Annotated[
    _Counted | Annotated[tuple[_Counted, ...], Field(min_length=1)] | None,
    Says("a whole number of at least 1, or a list of them with one for each axis"),
]
"""For settings that follow another one when they are left out."""

NonNegativePerAxis: TypeAlias = Annotated[
    _Whole | Annotated[tuple[_Whole, ...], Field(min_length=1)],
    Says("a whole number of at least 0, or a list of them with one for each axis"),
]

Margin: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]
"""Positions that are added at one end of an axis."""

Margins: TypeAlias = Annotated[tuple[Margin | tuple[Margin, Margin], ...], Field(min_length=1)]
"""A number for both ends or a pair `[before, after]`, for each axis of space."""


def accepted(field: FieldInfo) -> str:
    """What a setting accepts, in words."""
    for each in field.metadata:
        if isinstance(each, Says):
            return each.text
    words = accepted_words(field)
    if not words:
        raise TypeError(f"a setting of type {field.annotation} does not say what it accepts")
    return listed(words)


@cache
def accepted_words(field: FieldInfo) -> tuple[str, ...]:
    """The words among the values that a setting accepts, such as `same` and `valid`."""
    return tuple(dict.fromkeys(_words(field.annotation)))


def _words(annotation: Any) -> list[str]:
    if isinstance(annotation, str):
        return [annotation]
    return [word for part in get_args(annotation) for word in _words(part)]
