"""What a graph needs that torch does not have, and the names that are taken by that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from archspec.graph import Graph
from archspec.scan import Scan
from archspec_torch.call import Call
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.sources import foreign_names, names_in, supports

BIDIRECTIONAL: Final = "Bidirectional"
"""The class of two cells that go over a sequence both ways."""

_WORDS: Final = "F NamedTuple OrderedDict Tensor bool int list next nn range str super torch tuple zip"

OF_SOURCE: Final = frozenset(_WORDS.split())
"""What the source of any graph may use."""


def supports_for(graph: Graph) -> Mapping[str, str]:
    """The sources of the classes that are written out with a graph, by name, each after those that it needs."""
    known, found = supports(), dict[str, str]()

    def add(names: set[str]) -> None:
        for name in sorted(names & known.keys() - found.keys()):
            add(names_in(known[name]) - {name})
            found[name] = known[name]

    add(set(_functions(graph)))
    return found


def taken_by_source(graph: Graph) -> frozenset[str]:
    """What the source of a graph itself uses. A class of such a name would come in its way."""
    texts = supports_for(graph)
    return frozenset((*OF_SOURCE, *texts, *foreign_names("\n".join(texts.values()))))


def _functions(graph: Graph) -> Iterator[str]:
    """What builds the layers of a graph, and those of its cells."""
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            yield from _functions(node.op.cell)
            if node.op.direction == "both":
                yield BIDIRECTIONAL
            continue
        with suppress(NoLoweringError, OpenSizeError):  # A finding tells of it.
            yield from _named_in(lower(node.op, *(value.shape for value in node.inputs)))


def _named_in(value: Any) -> Iterator[str]:
    if isinstance(value, Call):
        yield value.function
        for each in (*value.positional, *value.named.values()):
            yield from _named_in(each)
