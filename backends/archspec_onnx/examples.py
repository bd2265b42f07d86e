"""Numbers for the open sizes of a graph, as an exporter has to see a model run once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from archspec.graph import Graph
from archspec.size import Size, SizeError, evaluate, names

_PRIMES: Final = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)

_SCALES: Final = (1, 2, 4, 8, 16, 32)
"""What all numbers may have to be multiples of, where something is halved again and again."""


def open_sizes(graph: Graph) -> tuple[str, ...]:
    """The names that the inputs leave open, in order."""
    return tuple(dict.fromkeys(name for value in graph.inputs for size in value.shape for name in names(size)))


def numbers(graph: Graph) -> Iterator[dict[str, int]]:
    """Numbers for the open sizes that all layers can have, from small ones on.

    No two sizes get the same number, as an exporter would take them for one, and none makes an axis so small that it
    would be taken for one that is always 1.
    """
    sizes = open_sizes(graph)
    if not sizes:
        yield {}
        return
    formulas = _formulas(graph)
    for scale in _SCALES:
        for first in range(max(1, len(_PRIMES) - len(sizes) + 1)):
            chosen = {name: scale * prime for name, prime in zip(sizes, _endless(first), strict=False)}
            if all(_is_fit(formula, chosen) for formula in formulas):
                yield chosen


def _endless(first: int) -> Iterator[int]:
    yield from _PRIMES[first:]
    number = _PRIMES[-1] + 2
    while True:
        yield number
        number += 2


def _formulas(graph: Graph) -> frozenset[Size]:
    values = [*graph.inputs, *(value for node in graph.nodes for value in node.outputs)]
    return frozenset(size for value in values for size in value.shape if not isinstance(size, int))


def _is_fit(formula: Size, chosen: Mapping[str, int]) -> bool:
    try:
        number = evaluate(formula, chosen)
    except (SizeError, ZeroDivisionError):
        return False
    # What is still open here is a size that no input tells.
    return not isinstance(number, int) or number >= 2
