"""A mapping whose keys the language knows: how pydantic checks the keys, and readers what stands under them.

A reader turns the Tree under a key into frozen data in which every name and expression knows its place. It writes what
is wrong to the report, which travels as the context of the validation, and tells pydantic only that a value could not
be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeVar, final

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import core_schema

from archspec.catalog.fields import MissingField, UnknownField
from archspec.diagnostics import Report
from archspec.reading import report_of
from archspec.setting import Instance
from archspec.source import Span
from archspec.spelling import closest, is_slip
from archspec.syntax.tree import Entry, Fields, is_blank, locate


@final
class Reads(Struct, frozen=True):
    """Makes the value of a key by a reader, whatever its type; pydantic looks no further into it."""

    reader: Any

    form: str
    """What the reader understands, by its name in the JSON Schema; `archspec.schema` says what that is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.reader)


class Part(BaseModel):
    """A mapping with keys that the language knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    owner: ClassVar[str]
    """What the mapping is, in a message."""

    cures: ClassVar[dict[str, str]] = {}
    """What to write where a key is missing."""

    span: Annotated[Span, Instance]

    is_partial: bool = False
    """Whether there are keys that nothing can be made of."""

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        tree: Fields = values.pop("tree")
        own = (name for name in cls.model_fields if not name.startswith("is_"))
        known = tuple(name for name in own if name not in values and name not in Part.model_fields)
        for before, entry in zip((None, *tree.entries), tree.entries, strict=False):
            key = entry.key.text
            if key in known:
                values[key] = entry.value
            else:
                suggestion, cure = cls._meant(entry, known)
                if before is not None and suggestion is None and not cure and is_blank(before.value):
                    cure = f"what belongs to `{before.key.text}` is indented further than that"
                report_of(info).add(UnknownField(entry.key.span, key, cls.owner, known, suggestion, cure))
                if suggestion is not None and tree.entry(suggestion) is None:
                    values[suggestion] = entry.value
                else:
                    values["is_partial"] = True
        return values | {"span": tree.span}

    @classmethod
    def _meant(cls, entry: Entry, known: tuple[str, ...]) -> tuple[str | None, str]:
        """The key that an unknown one is meant for, if there is one, and what to write where it is more than that."""
        from archspec.foreign.keys import foreign_key

        key, is_mapping = entry.key.text, isinstance(entry.value, Fields)
        if (cut := _CUT.match(key)) is not None and (near := closest(cut[1], known)) is not None:
            written = " ".join(entry.key.span.until(entry.value.span).text[len(cut[1]) :].split())
            return None, f"a colon stands behind a key: `{near}: {written}`"
        near = closest(key, known)
        if near is not None and is_slip(key, near) and (is_mapping or near != "inputs"):
            return near, ""
        meant, cure = foreign_key(key, known, None if is_mapping else entry.value.span.text)
        if meant is None and not cure:
            homes = _homes().get(key, ())
            cure = f"it is a key of {' and of '.join(homes)}" if homes and near is None else ""
            cure = "it stands at the top of the file, beside `model`" if cure and homes[0] == _TOP else cure
        return meant or (None if cure else near), cure


_TOP: Final = "a model"
_CUT: Final = re.compile(r"(\w+)\s*[\[{]")
"""A key with no colon behind it, which YAML takes for one with what follows."""


@cache
def _homes() -> Mapping[str, Sequence[str]]:
    """The mappings that each key is one of, in words."""
    homes: dict[str, list[str]] = {}
    for each in _kinds(Part):
        for key in each.model_fields.keys() - Part.model_fields.keys():
            homes.setdefault(key, []).append(each.owner)
    return homes


def _kinds(kind: type[Part]) -> Iterator[type[Part]]:
    """The mappings with keys of their own, by the order in which they are declared; those of no file left out."""
    for each in kind.__subclasses__():
        if "owner" in vars(each):
            yield each
        yield from _kinds(each)


_P = TypeVar("_P", bound=Part)


def validated(kind: type[_P], tree: Fields, report: Report, given: dict[str, Any]) -> _P | None:
    try:
        return kind.model_validate({"tree": tree, **given}, context=report)
    except ValidationError as error:
        for each in error.errors():
            if each["type"] not in ("missing", "reported"):
                raise  # A fault of ours: the readers report all that a file can be wrong in.
            # A key that nothing can be made of may be meant for the one that is missing.
            if each["type"] == "missing" and not any(entry.key.text not in kind.model_fields for entry in tree.entries):
                key = str(each["loc"][-1])
                span = locate(tree, each["loc"][:-1])
                first_line = Span(span.source, span.start, span.start + len(span.text.partition("\n")[0]))
                report.add(MissingField(first_line, key, kind.owner, kind.cures.get(key, "")))
        return None
