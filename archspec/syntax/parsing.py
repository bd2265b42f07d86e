"""Texts as they are parsed, and the parts of what that gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archspec.catalog.text import TooDeep
from archspec.syntax.automaton import Node, Part, Token, UnexpectedError
from archspec.syntax.fault import Fault, brackets, explained
from archspec.syntax.tables import parser
from archspec.syntax.tree import Scalar

DEEPEST: Final = 100
"""Brackets and braces in one another go no deeper than this."""


def parse(scalar: Scalar, start: str) -> Node:
    """What a text is, read as what a rule of the grammar describes; raises `Fault`."""
    depth = 0
    for position, symbol in brackets(scalar.text):
        depth += 1 if symbol in "([{" else -1
        if depth > DEEPEST:
            raise Fault(TooDeep(scalar.place(position, position + 1), DEEPEST))
    try:
        return parser().parse(scalar.text, start)
    except UnexpectedError as error:
        raise Fault(explained(scalar, error, is_line=start == "line")) from None


def parts(node: Node) -> Sequence[Part]:
    """The parts of a rule; `None` where an optional part is absent."""
    return node.children


def present(node: Node) -> Sequence[Part]:
    """The parts of a rule that are there."""
    return [each for each in parts(node) if each is not None]


def nodes(node: Node) -> Sequence[Node]:
    """The parts of a rule that is made of rules alone."""
    return [as_node(each) for each in present(node)]


def as_node(part: Part) -> Node:
    if not isinstance(part, Node):
        raise TypeError(f"the grammar gives a rule here, not {part!r}")
    return part


def as_token(part: Part) -> Token:
    if not isinstance(part, Token):
        raise TypeError(f"the grammar gives a token here, not {part!r}")
    return part
