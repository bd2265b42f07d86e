"""What is left over: the inputs, layers and uses of blocks of which nothing uses what they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import final

from msgspec import Struct

from archspec.build.assembly import Assembly
from archspec.graph import Path
from archspec.source import Span


@final
class Unused(Struct, frozen=True):
    """Something of which nothing uses what it gives."""

    span: Span
    names: tuple[str, ...]
    """What the spec calls what it gives."""

    op: str
    """The word for what it is; empty where an error hides it, or where it is an input."""

    is_input: bool = False
    is_again: bool = False
    """Whether something of it is used again, with the weights that it has."""


def unused(assembly: Assembly) -> Iterator[Unused]:
    """All that nothing uses: what stands around others before these."""
    left = list(_left_over(assembly))
    if left:
        names, again = _names(assembly), _used_again(assembly)
        for path, results, span, op, is_input in left:
            called = (path[-1],) if is_input else _called(path, results, names)
            yield Unused(span, called, op, is_input, path in again)


def _left_over(assembly: Assembly) -> Iterator[tuple[Path, Sequence[Path], Span, str, bool]]:
    """The path of each of them, the layers that give its results, its place and op, and whether it is an input."""
    used, told, given = set(assembly.used), set[Path](), set[Path]()
    # Those around others come first: what they give is what some of those inside give.
    for path, use in reversed(assembly.uses.items()):
        if not used.isdisjoint(use.results):
            used.update(use.results)
        elif () not in use.results and not told.issuperset(use.results):
            told.update(use.results)
            yield path, use.results, use.span, use.op, False
        given.update(use.results)
    given |= assembly.used
    for draft, is_input in assembly.drafts:
        path = draft.producer
        if path not in given:
            node = assembly.node(path)
            yield path, (path,), draft.span, "" if node is None else node.op.name, is_input


def _used_again(assembly: Assembly) -> set[Path]:
    """The layers whose weights others share, and the groups around them."""
    firsts = {each.shares for each in assembly.layers.values() if each.shares is not None}
    return {path[:depth] for path in firsts for depth in range(1, len(path) + 1)}


def _names(assembly: Assembly) -> Mapping[Path, Sequence[tuple[int, int, str]]]:
    """What the spec calls the values of each layer: which it is, how deep in groups that is said, and the name."""
    names: dict[Path, list[tuple[int, int, str]]] = {}
    for (producer, port, depth), name in assembly.names.items():
        names.setdefault(producer, []).append((port, depth, name))
    return names


def _called(
    path: Path, results: Sequence[Path], names: Mapping[Path, Sequence[tuple[int, int, str]]]
) -> tuple[str, ...]:
    """What the spec calls the results of a layer, or of a use of a block, outside of it."""
    found: dict[tuple[Path, int], tuple[int, str]] = {}
    for producer in results:
        for port, depth, name in names.get(producer, ()):
            known = found.get((producer, port))
            if depth < len(path) and (known is None or depth < known[0]):
                found[producer, port] = depth, name
    return tuple(dict.fromkeys(name for _, name in found.values()))
