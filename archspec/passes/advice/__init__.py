"""Advice: what is not wrong in a model, but is seldom meant.

Each rule is a module: its docstring says when it speaks and when it is silent, the docstring of the finding in it is
the manual, with the reason and its source, and `find` looks for it. The rules are run on graphs alone, so on specs
without errors, and only when somebody asks what was found. A layer of a block or loop is told of once, however often it
is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from archspec.diagnostics import Diagnostic
from archspec.graph import Graph
from archspec.passes.advice.choice import NEEDS, RULES, Choice, UnknownAdviceError
from archspec.passes.advice.view import View, views
from archspec.source import Source

if TYPE_CHECKING:
    from archspec.passes.advice.allowed import Allowed

__all__ = ["RULES", "Choice", "UnknownAdviceError", "advice_on", "kinds", "rule"]


def advice_on(
    source: Source, syntax: str | None, graphs: Sequence[Graph], choice: Choice, *, is_whole: bool
) -> Iterator[Diagnostic]:
    """What there is to say of a file with a model, its variants, and the comments that allow advice.

    Args:
        source: the file that is looked at; its model may use others.
        syntax: the syntax of that file, where its name does not tell.
        graphs: the model and its variants; none of a file of blocks.
        choice: which advice is given.
        is_whole: whether that is all that the file has, built as it is written.
    """
    allowed = {source: _allowed_in(source, syntax)}
    for finding in _found(graphs, choice):
        file = finding.span.source
        if file not in allowed:
            allowed[file] = _allowed_in(file, None)
        if (there := allowed[file]) is None or not there.covers(finding):
            yield finding
    if (own := allowed[source]) is not None:
        of_comments = (*own.unclear, *(own.unused(choice) if is_whole and graphs else ()))
        yield from (each for each in of_comments if each.code in choice.codes and not own.covers(each))


def _allowed_in(source: Source, syntax: str | None) -> Allowed | None:
    """What the comments of a file allow, if there can be one that allows anything."""
    if "allow" not in source.text.lower():
        return None
    from archspec.passes.advice.allowed import allowed_in

    return allowed_in(source, syntax)


def _found(graphs: Iterable[Graph], choice: Choice) -> Iterator[Diagnostic]:
    """What the rules find, each place once."""
    known = set()
    for view in (view for graph in graphs for view in views(graph)):
        for code in RULES:
            if code in choice.codes and (code not in NEEDS or view.kinds & NEEDS[code]):
                for finding in rule(code)(view):
                    if (code, finding.span) not in known:
                        known.add((code, finding.span))
                        yield replace(finding, way=view.way_to(finding.span)) if finding.depends_on_use else finding


def rule(code: str) -> Callable[[View], Iterator[Diagnostic]]:
    """What finds advice of a code."""
    find: Callable[[View], Iterator[Diagnostic]] = _module(code).find
    return find


def kinds() -> Iterator[type[Diagnostic]]:
    """All kinds of advice."""
    modules = [import_module(f"{__name__}.allowed"), *map(_module, RULES)]
    for module in modules:
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, Diagnostic) and each.__module__ == module.__name__:
                yield each


def _module(code: str) -> Any:
    return import_module(f"{__name__}.{RULES[code].replace('-', '_')}")
