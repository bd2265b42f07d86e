"""What a graph needs that torch does not have, and the names that are taken by that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from archspec.graph import Graph, Node
from archspec.scan import Scan
from archspec_torch.call import Call
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.sources import foreign_names, names_in, supports

BIDIRECTIONAL: Final = "Bidirectional"
"""The class of two cells that go over a sequence both ways."""

_WORDS: Final = "F NamedTuple OrderedDict Tensor bool int list next nn range str super torch tuple zip"

OF_SOURCE: Final = frozenset(_WORDS.split())
"""What the source of any graph may use."""


CHECKPOINTED: Final = "Checkpointed"
"""The class that blocks are, so that they can be computed twice rather than be kept."""

CHECKPOINTING: Final = "checkpointing"
"""The argument of the class of a model, and the attribute of its blocks, that says that they are."""

INIT: Final = "init_weights"
"""The method of a class that starts weights of the layers inside, once these have started."""

RESET: Final = "reset_layers"
"""The function with which all weights start anew."""

RESET_PARAMETRISED: Final = "reset_parametrised_layers"
"""The same where layers make weights of others."""

MEASURE: Final = "measure_weights"
"""The function that finds what goes with weights that layers make others of, once these have started."""

UNTIE: Final = "untie_weights"
"""The function that undoes ties, so that each layer can start anew as it did at first."""


ON_DEMAND: Final = frozenset({CHECKPOINTED, RESET, RESET_PARAMETRISED, MEASURE, UNTIE})
"""What the classes of a graph may need, and not its layers."""


def supports_for(graph: Graph) -> Mapping[str, str]:
    """The sources of the classes that are written out with a graph, by name, each after those that it needs."""
    known, found = supports(), dict[str, str]()

    def add(names: set[str]) -> None:
        for name in sorted(names & known.keys() - found.keys()):
            add(names_in(known[name]) - {name})
            found[name] = known[name]

    add({*_functions(graph), *ON_DEMAND})
    return found


def has_own_starts(graph: Graph) -> bool:
    """Whether there are modules in a graph that start weights of those inside them, once these have started."""
    known = supports()
    is_said = any(node.init or node.ties for node in _with_cells(graph))
    return is_said or any(INIT in known.get(name, "") for name in _functions(graph))


def has_weights(graph: Graph) -> bool:
    """Whether there are weights in a graph, which could start anew."""
    return any(node.weights or node.buffers for node in _with_cells(graph))


def has_parametrised(graph: Graph) -> bool:
    """Whether there are layers in a graph that make a weight of others."""
    return any(getattr(node.op, "parametrisation", "none") != "none" for node in _with_cells(graph))


def has_ties(graph: Graph) -> bool:
    """Whether layers share a weight and are two all the same."""
    return any(node.ties for node in _with_cells(graph))


def _with_cells(graph: Graph) -> Iterator[Node]:
    """The layers of a graph, and those of its cells."""
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            yield from _with_cells(node.op.cell)
        else:
            yield node


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
