"""The whole numbers at which a spec may begin to mean something else: 8 and 9, where it says `if depth > 8`.

A parameter can be an argument of a class only where the model is the same on both sides of each of them, so that they
are tried. They are found in the text of the spec, and need not be right: one that is too many is tried in vain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archspec.graph import Graph

_MOST: Final = 12
"""So many numbers are found; those in lines that name the parameter come first."""

_CHOICE: Final = re.compile(r"\bif\b|\b(?:min|max|abs)\(|[<>=!]=|<|(?<!-)>|%")
"""What stands in a line where a number may turn what is meant into something else."""

_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d_]*(?![\w.])")


def turns_of(graph: Graph, name: str) -> tuple[int, ...]:
    """The numbers that the files of a spec compare something with, and their neighbours, for a parameter to be tried
    at. A line that does not name it may speak of it under another name; of such, numbers below 2 are left out."""
    mentions = re.compile(rf"\b{re.escape(name)}\b")
    found = []
    for line in sorted(_choices(graph), key=lambda each: mentions.search(each) is None):
        least = 0 if mentions.search(line) else 2
        for number in map(int, _NUMBER.findall(line)):
            found += [each for each in (number - 1, number, number + 1) if each >= least]
    return tuple(dict.fromkeys(found))[:_MOST]


def _choices(graph: Graph) -> Iterator[str]:
    """The lines in which something may be chosen, without comments."""
    for source in dict.fromkeys((graph.source, *(node.span.source for node in graph.nodes))):
        for line in source.text.splitlines():
            text = line.partition("#")[0]
            if _CHOICE.search(text) and not text.lstrip().startswith("expect "):
                yield text
