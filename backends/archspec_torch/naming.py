"""Names in the source that the spec does not give: those of variables, and of the classes of groups."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import Final, final
from unicodedata import normalize

from archspec.graph import Graph, Group, Node, Value
from archspec.ops.recurrent import Recurrent
from archspec.scan import Scan
from archspec_torch.needs import taken_by_source
from archspec_torch.reserved import TAKEN_BY_METHOD

_LONGEST: Final = 30
"""A variable of a longer name would leave no room on a line for what is done with it."""

_UNCLEAR: Final = frozenset({"I", "O", "l"})
"""Letters that look like numbers, for which linters have a finding."""


@final
class Names:
    """Gives out names, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {normalize("NFKC", each) for each in taken} | _UNCLEAR

    @classmethod
    def of_method(cls, parameters: Iterable[str] = ()) -> Names:
        return cls((*TAKEN_BY_METHOD, "int", "tuple", *parameters))

    @classmethod
    def of_classes(cls, graph: Graph, parameters: Iterable[str] = ()) -> Names:
        return cls((*taken_by_source(graph), graph.name, *parameters))

    def fresh(self, wish: str) -> str:
        """A name that nothing has yet: the wish, or else with a number behind it."""
        # Python takes letters that look alike for one, and the numbers that layers are counted by are no names.
        wish = normalize("NFKC", wish)
        wish = wish if wish.isidentifier() else wish.lstrip("0123456789_") or "value"
        name, number = wish, 1
        while name in self._taken or keyword.iskeyword(name):
            number += 1
            name = f"{wish}_{number}" if wish[-1].isdecimal() else f"{wish}{number}"
        self._taken.add(name)
        return name


def word_for(graph: Graph, value: Value, depth: int) -> str:
    """What to call a value in a method of a group at some depth: as the spec does there, or after what gives it.

    Where that has a number for a name, or a very long one, the kind of the layer stands for it.
    """
    word = graph.called(value, depth) or ""
    if is_fit(word):
        return word
    word = value.producer[min(depth, len(value.producer) - 1)]
    node = None if value in graph.inputs else graph.node(value.producer)
    if node is not None and depth >= len(value.producer) - 1:
        word = state_of(node, value.port) or word
    if is_fit(word):
        return word
    return "x" if node is None else node.op.name


def has_states(node: Node) -> bool:
    """Whether all outputs of a layer, but perhaps the first, are states, which have names."""
    return isinstance(node.op, Scan | Recurrent)


def state_of(node: Node, port: int) -> str | None:
    """The name of the state that an output of a layer is; the first output goes by the name of its layer, if it can."""
    if not isinstance(node.op, Scan | Recurrent) or (port == 0 and (node.is_named or len(node.outputs) == 1)):
        return None
    states = node.op.states
    place = port - (len(node.outputs) - len(states))
    return states[place] if place >= 0 else None


def is_fit(word: str) -> bool:
    """Whether a word can be a variable, and leaves room for others on its line."""
    return word.isidentifier() and len(word) <= _LONGEST


def class_name(group: Group) -> str:
    """What to call the class of a group: its block, or its name, or the group around it where it has a number."""
    if group.block is not None:
        return capitalised(group.block)
    named = [word for word in group.path if word.isidentifier()]
    stem = "".join(part[:1].upper() + part[1:] for part in named[-1].split("_")) if named else ""
    return stem if named and named[-1] == group.path[-1] else f"{stem}Block"


def capitalised(word: str) -> str:
    """The name of a block or a cell as that of a class."""
    # Inside a class, Python takes a name with two strokes before it for another one.
    word = word.lstrip("_") if word.startswith("__") else word
    return word[:1].upper() + word[1:] if word.isidentifier() else "Block"
