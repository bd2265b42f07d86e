"""The manual that `archspec explain` and `archspec ops` print: of each finding and of each op.

What it says of an op stands in one place: the docstring of its class, the fields, and the examples. `Page` is all of
that with what follows from it, such as the shapes and the weights of an example. The page on the terminal, the list for
programs and the Markdown in `docs/ops` are written from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from archspec.diagnostics import Diagnostic
from archspec.findings import CATALOG
from archspec.manual.page import Page, page
from archspec.op import Family, Op
from archspec.ops import OPS
from archspec.plugins import backends
from archspec.scan import Scan
from archspec.spelling import closest, listed


class UnknownTopicError(Exception):
    """There is no page on what was asked for; its text says so."""


def shipped() -> Mapping[str, type[Op]]:
    """The ops that specs can use without any other package: those of `OPS`, and what runs a cell."""
    return {**OPS, Scan.name: Scan}


def by_family(ops: Mapping[str, type[Op]]) -> Mapping[Family, tuple[Page, ...]]:
    """The pages of ops, those of a family together, in the order of the families."""
    pages = [page(op) for op in ops.values()]
    found = {family: tuple(each for each in pages if each.op.family is family) for family in Family}
    return {family: members for family, members in found.items() if members}


def chosen(families: Mapping[Family, tuple[Page, ...]], family: str | None) -> Mapping[Family, tuple[Page, ...]]:
    """One family, or all where none is named.

    Raises:
        UnknownTopicError: there is no such family.
    """
    if family is None:
        return families
    found = next((each for each in families if each.value == family.casefold()), None)
    if found is None:
        begun = (each.value for each in families if each.value.startswith(family.casefold()))
        suggestion = next(begun, None) or closest(family, [each.value for each in families])
        cure = f"did you mean `{suggestion}`?" if suggestion else f"there are {listed(families, 'and')}"
        raise UnknownTopicError(f"there is no family of ops called `{family}`; {cure}")
    return {found: families[found]}


def findings() -> tuple[type[Diagnostic], ...]:
    """Every kind of finding, those of the installed backends included, in the order of their codes."""
    return CATALOG + tuple(kind for backend in backends() for kind in backend.catalog())
