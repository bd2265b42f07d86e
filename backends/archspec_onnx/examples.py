"""Numbers for the open sizes of a graph, as an exporter has to see a model run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final

from archspec.graph import Graph
from archspec.size import Size, SizeError, evaluate, names

_SCALES: Final = (1, 2, 4, 8, 16, 32)
"""What all numbers may have to be multiples of, where something is halved again and again."""

_WINDOWS: Final = 16
"""How often larger numbers are tried."""


def open_sizes(graph: Graph) -> tuple[str, ...]:
    """The names that the inputs leave open, in order."""
    return tuple(dict.fromkeys(name for value in graph.inputs for size in value.shape for name in names(size)))


def odd_numbers(graph: Graph) -> Iterator[dict[str, int]]:
    """Numbers for the open sizes that all layers can have, from small ones on: odd ones, or multiples of such.

    No two sizes get the same number, as an exporter would take them for one, and none makes an axis so small that it
    would be taken for one that is always 1.
    """
    return _numbers(graph, 3)


def even_numbers(graph: Graph) -> Iterator[dict[str, int]]:
    """The same, with even numbers, for what goes another way where something can be halved."""
    return _numbers(graph, 4)


def _numbers(graph: Graph, least: int) -> Iterator[dict[str, int]]:
    sizes = open_sizes(graph)
    formulas = _formulas(graph)
    for scale in _SCALES:
        for first in range(least, least + 2 * _WINDOWS, 2) if sizes else range(1):
            chosen = dict(zip(sizes, count(scale * first, 2 * scale), strict=False))
            if all(_is_fit(formula, chosen) for formula in formulas):
                yield chosen


def apart(numbers: Iterator[dict[str, int]], others: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Those of the numbers that have none in common with others."""
    return (each for each in numbers if not set(each.values()) & set(others.values()))


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
