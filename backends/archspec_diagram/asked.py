"""What is asked for: what an option names of a model, and which options what is drawn has no use for.

An option names layers and groups by their paths, or all uses of a block by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

from archspec.drawing import TABLE, Drawing, DrawingError, meant
from archspec.graph import Graph, Path
from archspec_diagram import wording

UNUSED: Final[Mapping[str, Sequence[str]]] = {
    "cells": ("expand", "fold", "highlight", "layout"),
    "volumes": ("direction", "layout"),
    TABLE: ("depth", "expand", "fold", "highlight", "label", "direction", "theme", "layout"),
}
"""By style, what it has no use for: cells are drawn without the model around them, volumes stand in a row, and a table
has stages alone."""

SCALED: Final = ("png", "pdf", "tikz")
"""What has a size of its own; all else is scaled by whoever shows it."""

LAID_OUT_LATER: Final = ("mermaid", "dot")


def check_asked(drawing: Drawing, form: str) -> None:
    """See that nothing was asked for that what is drawn would pass over.

    Raises:
        DrawingError: an option says nothing to this style, or to this form.
    """
    usual = Drawing()
    for option in UNUSED.get(drawing.style, ()):
        if getattr(drawing, option) != getattr(usual, option):
            raise DrawingError(f"the style `{drawing.style}` has no use for `{option}`; leave one of the two out")
    if form in LAID_OUT_LATER and drawing.layout != usual.layout:
        raise DrawingError(f"`layout` is for pictures; leave it out, since {form} is laid out by whoever shows it")
    if drawing.scale is not None and (form not in SCALED or drawing.style == TABLE):
        raise DrawingError(f"`scale` is for {', '.join(SCALED)}; leave it out, since {form} has no size of its own")


@final
class Asked:
    """The layers and groups that an option names: by their paths, or by the block that they are uses of."""

    def __init__(self, graph: Graph, option: str, names: Sequence[str]) -> None:
        blocks: dict[str, list[Path]] = {}
        for group in graph.groups.values():
            if group.block is not None:
                blocks.setdefault(group.block, []).append(group.path)
        groups = {".".join(path): path for path in graph.groups}
        layers = {} if option in ("expand", "fold") else {node.name: node.path for node in graph.nodes}
        self.exact: list[Path] = []
        self.paths: set[Path] = set()
        for name in names:
            path = groups.get(name) or layers.get(name)
            if path is not None:
                self.exact.append(path)
                self.paths.add(path)
            elif name in blocks:
                self.paths |= set(blocks[name])
            elif name in {node.name for node in graph.nodes}:
                raise DrawingError(f"`{name}` is a layer; only groups can be given to `{option}`")
            else:
                known = [*groups, *blocks, *layers]
                near = meant(name, known)
                if not near and known:
                    # First those that begin alike, and then those that are not deep inside others.
                    known.sort(key=lambda each: (not each.startswith(name), each.count(".")))
                    near = f" (there are {_listed(known)})"
                raise DrawingError(
                    f"the model has no group{'' if not layers else ' or layer'} `{name}`{near}"
                    f"{'' if known else ': it has no groups'}"
                )


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(f"`{wording.clean(name)}`" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
