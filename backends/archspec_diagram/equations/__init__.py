"""What ops with gates or heads do inside, as equations: each a file in the language of specs, by the name of the op.

So what is drawn of such an op is read off its equations, as any model is, and the equations can be compiled, and their
numbers compared with those of the op.

A file holds a model. Its parameters are those settings of the op that it does justice to, with their defaults, those
too that leave the equations as they are, such as how many layers are in a stack. Its inputs are those of the op. Where
it is a `scan`, what is meant is the cell: what happens at one position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

import archspec
from archspec.graph import Graph, Node
from archspec.op import Op
from archspec.scan import Scan
from archspec.shape import Element, Shape

_STEP: Final = "_cell"
"""How the op for one position is called, after the one for all."""

_INPUT: Final = re.compile(r"^ +input \w+: \[(.*)\]", re.MULTILINE)


def inner_graph(node: Node) -> Graph | None:
    """What a layer does inside, if that is known: the cell of a scan, or the equations of the op."""
    if isinstance(node.op, Scan):
        return node.op.cell
    file = _file(node.op)
    if not file.is_file() or any(value.shape.element is Element.BOOL for value in node.inputs):
        return None
    sizes = _sizes(file.read_text(encoding="utf-8"), [value.shape for value in node.inputs])
    chosen = node.op.chosen()
    try:
        if not set(chosen) <= set(equations(node.op, {}, sizes).graph.settings):
            return None
        return step(equations(node.op, {name: each for name, each in chosen.items() if each is not None}, sizes))
    except archspec.SpecError:
        # Equations may need sizes that are still open.
        return None


def equations(op: Op, settings: Mapping[str, Any], sizes: Mapping[str, int]) -> archspec.Model:
    """The equations of an op with these settings, for axes of these sizes."""
    file = _file(op)
    return archspec.loads(file.read_text(encoding="utf-8"), syntax="arch", name=file.name, sizes=sizes, **settings)


def step(model: archspec.Model) -> Graph:
    """What is meant by equations: of a model that scans its cell, and otherwise the model itself."""
    graph = model.graph
    first = graph.nodes[0].op
    return first.cell if isinstance(first, Scan) else graph


def _file(op: Op) -> Traversable:
    return files(__name__) / f"{op.name.removesuffix(_STEP)}.arch"


def _sizes(text: str, given: Sequence[Shape]) -> dict[str, int]:
    """The sizes of the axes of the inputs by name. What is given last is taken for the inputs that follow, too."""
    found: dict[str, int] = {}
    for number, axes in enumerate(_INPUT.findall(text.partition("\nmodel ")[2])):
        shape = given[min(number, len(given) - 1)]
        # From the last axis on: at one position there is no axis of positions.
        for name, size in zip(reversed(axes.split(", ")), reversed(shape.sizes), strict=False):
            if isinstance(size, int):
                found.setdefault(name, size)
    return found
