"""The small steps of reading a Tree: a name, an expression, the entries of a mapping.

What is wrong goes to the report, which travels as the context of pydantic's validation; pydantic itself is only told
that a value could not be read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, ParamSpec, TypeVar, cast

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from archspec.catalog.fields import InvalidName, WrongKind
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Expression, ListOf
from archspec.source import Hole
from archspec.syntax.fault import Fault
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import NO_OPS, Entry, Fields, Items, Scalar, Tree, is_blank, kind_of


def report_of(info: ValidationInfo) -> Report:
    report: Any = info.context
    return cast(Report, report)


def refuse(info: ValidationInfo, finding: Diagnostic) -> NoReturn:
    report_of(info).add(finding)
    pass_over()


def pass_over() -> NoReturn:
    raise PydanticCustomError("reported", "a finding tells")


def wrong(info: ValidationInfo, tree: Tree, subject: str, expected: str) -> NoReturn:
    if isinstance(tree, Hole):
        pass_over()
    refuse(info, WrongKind(tree.span, subject, expected, kind_of(tree)))


def read_name(tree: Tree, info: ValidationInfo, subject: str) -> Scalar:
    if not isinstance(tree, Scalar):
        wrong(info, tree, subject, "a word")
    normal = unicodedata.normalize("NFKC", tree.text)
    if not tree.text.isidentifier() or normal != tree.text:
        cleaned = "".join(part if part.isalnum() else "_" for part in normal)
        cleaned = f"_{cleaned}" if cleaned[:1].isdecimal() else cleaned
        suggestion = cleaned if cleaned.isidentifier() and cleaned.strip("_") else None
        refuse(info, InvalidName(tree.span, tree.text, subject, suggestion))
    return tree


def read_expression(tree: Tree, info: ValidationInfo, subject: str = "a value") -> Expression:
    match tree:
        case Scalar() if not is_blank(tree):
            try:
                return parse_expression(tree)
            except Fault as fault:
                report_of(info).add(fault.finding)
        case Items(items, span):
            return ListOf(tuple(read_expression(item, info) for item in items), span)
        case Scalar() | Fields():
            kinds, suggestion = "a number, a word or a list", as_use(tree)
            report_of(info).add(WrongKind(tree.span, subject, kinds, kind_of(tree), suggestion))
        case Hole():
            pass
    return Hole(tree.span)


def as_use(tree: Tree) -> str | None:
    """How `{leaky_relu: {slope: 0.1}}` is written where it is a value: `leaky_relu(slope=0.1)`."""
    if not isinstance(tree, Fields) or len(tree.entries) != 1 or not tree.entries[0].key.text.isidentifier():
        return None
    (only,) = tree.entries
    if only.key.text in NO_OPS:
        return None
    if is_blank(only.value):
        return only.key.text
    given = only.value.entries if isinstance(only.value, Fields) else (Entry(Scalar("1", tree.span), only.value),)
    arguments = []
    for each in given:
        if not isinstance(each.value, Scalar) or is_blank(each.value):
            return None
        name = "" if each.key.text.isdecimal() else f"{each.key.text}="
        arguments.append(f"{name}{each.value.text}")
    return f"{only.key.text}({', '.join(arguments)})"


def entries_of(tree: Tree, info: ValidationInfo, subject: str, example: str) -> tuple[Entry, ...]:
    if is_blank(tree):
        return ()
    if not isinstance(tree, Fields):
        expected, cure = f"a mapping such as `{example}`", ""
        mappings = [each for each in tree.items if isinstance(each, Fields)] if isinstance(tree, Items) else []
        if isinstance(tree, Items) and tree.items and len(mappings) == len(tree.items):
            # What is meant is plain, and so the rest of the file is read with it.
            cure = "leave out the `-` before its keys"
            report_of(info).add(WrongKind(tree.span, subject, expected, kind_of(tree), cure=cure))
            entries: dict[str, Entry] = {}
            for entry in (entry for each in mappings for entry in each.entries):
                entries.setdefault(entry.key.text, entry)
            return tuple(entries.values())
        if isinstance(tree, Scalar) and subject == "`expect`" and _COMPARED.search(tree.text):
            cure = f"conditions stand in a list: `- {tree.text.partition(chr(10))[0]}`"
        if isinstance(tree, Hole):
            pass_over()
        refuse(info, WrongKind(tree.span, subject, expected, kind_of(tree), cure=cure))
    return tree.entries


_COMPARED: Final = re.compile(r"[<>=!]=|[<>]")


def each_of(reader: Any, parts: tuple[Any, ...], info: ValidationInfo) -> Iterator[Any]:
    """Read all parts, so that each tells what is wrong with it, and only then say that one could not be read."""
    complete = True
    for part in parts:
        try:
            yield reader(part, info)
        except PydanticCustomError:
            complete = False
    if not complete:
        pass_over()


_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def unless_wrong(reader: Callable[_Given, _Read], *given: _Given.args, **named: _Given.kwargs) -> _Read | None:
    """What a reader makes of a part, or `None` where a finding says why it makes nothing of it."""
    try:
        return reader(*given, **named)
    except PydanticCustomError:
        return None
