"""A graph as the source of a PyTorch module, laid out as an engineer would write it.

The names of the module are the names of the spec. A group of layers in a row is an `nn.Sequential`; any other is a
class, and groups that read the same share one. The same graph gives the same text, which depends on torch alone.
"""

from __future__ import annotations

import hashlib
from typing import Final
from weakref import finalize

from archspec.graph import Graph
from archspec.version import VERSION
from archspec_torch.classes import classes_of
from archspec_torch.layout import docstring
from archspec_torch.needs import CHECKPOINTED, ON_DEMAND, supports_for
from archspec_torch.sources import names_in

_STANDARD: Final = {
    "math": "import math",
    "OrderedDict": "from collections import OrderedDict",
}
_TORCH: Final = {
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
}
"""What is imported where it is used, in the order of the source."""


_WRITTEN: Final[dict[int, str]] = {}
"""The sources of graphs that are there still, by their identity: to write one, the model is built with many values."""


def emit(graph: Graph) -> str:
    """The source of the model, which is written once for a graph."""
    key = id(graph)
    if key not in _WRITTEN:
        _WRITTEN[key] = _source(graph)
        finalize(graph, _WRITTEN.pop, key).atexit = False
    return _WRITTEN[key]


def _source(graph: Graph) -> str:
    classes = classes_of(graph)
    spoken_of = names_in("\n".join(classes))
    known = supports_for(graph)
    for name in reversed([*known]):
        spoken_of |= names_in(known[name]) if name in spoken_of else set()
    supports = {name: text for name, text in known.items() if name not in ON_DEMAND or name in spoken_of}
    texts = [*supports.values(), *classes]
    body: list[str] = []
    for text in texts:
        body += ["", "", *text.split("\n")]
    used = names_in("\n".join(body))
    standard, torch = ([line for name, line in names.items() if name in used] for names in (_STANDARD, _TORCH))
    typing = [*(["Any"] if CHECKPOINTED in supports else []), *(["NamedTuple"] if "NamedTuple" in used else [])]
    standard += [f"from typing import {', '.join(typing)}"] if typing else []
    lines = [*docstring(_origin(graph), ""), "", *standard, *([""] if standard else []), *torch]
    lines.append("from torch import Tensor, nn")
    if CHECKPOINTED in supports:
        lines.append("from torch.utils.checkpoint import checkpoint")
    return "\n".join((*lines, *body, ""))


def _origin(graph: Graph) -> str:
    """Where the source comes from. A folder would differ from one machine to the next, so the name alone is told."""
    name = " ".join(graph.source.name.replace("\\", "/").rpartition("/")[2].split()) or "a text"
    digest = hashlib.sha256(graph.source.text.encode()).hexdigest()[:12]
    return (
        f"{graph.name} in PyTorch.\n\n"
        f"Written by archspec-nn {VERSION} from {name} (sha256 {digest}).\n"
        "Depends on torch alone. To change the model, change the spec and write this again."
    )
