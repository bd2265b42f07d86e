"""Where each part of a text starts and ends, noted while lark parses it.

lark can do so itself, and then notes lines and columns as well. We compute these when a finding is shown, and a third
of the time of a parse went into them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, final

from lark import Lark, Tree
from lark.parse_tree_builder import PropagatePositions

Callback = Callable[[list[Any]], Any]


def placing(parser: Lark) -> Lark:
    """The parser, noting positions alone."""
    frontend: Any = parser.parser
    callbacks: dict[Any, Any] = frontend.parser.parser.callbacks
    for rule, callback in callbacks.items():
        if isinstance(callback, PropagatePositions):
            callbacks[rule] = _Placing(callback.node_builder)
    return parser


@final
class _Placing:
    """Makes the tree of a rule, and notes its place.

    A tree that takes the place of the one around it, as `a + b` does in `(a + b)`, keeps its own place; what holds it
    goes by the place of the other, its `container`.
    """

    def __init__(self, make: Callback) -> None:
        self.make = make

    def __call__(self, parts: list[Any]) -> Any:
        made = self.make(parts)
        if not isinstance(made, Tree) or (len(parts) == 1 and made is parts[0]):
            return made
        start, end = _first(parts, _START), _first(reversed(parts), _END)
        if start is not None:
            place: Any = made.meta
            if place.empty:
                place.start_pos, place.end_pos, place.empty = start, end, False
            place.container_start_pos, place.container_end_pos = start, end
        return made


_START: Final = ("start_pos", "container_start_pos")
_END: Final = ("end_pos", "container_end_pos")


def _first(parts: Iterable[Any], names: tuple[str, str]) -> Any:
    """The place of the first part that has one: some rules are of nothing."""
    of_token, of_tree = names
    for part in parts:
        if not isinstance(part, Tree):
            return getattr(part, of_token)
        if not part.meta.empty:
            return getattr(part.meta, of_tree)
    return None
