"""What an option names of a model: layers and groups by their paths, or all uses of a block by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from archspec.drawing import DrawingError, meant
from archspec.graph import Graph, Path
from archspec_diagram import wording


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
