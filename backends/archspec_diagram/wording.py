"""What diagrams say: settings, counts and names in the words that a reader of a paper wants.

All of it is read off what an op declares; no op is known here by its name. The names in a spec are its author's and may
hold anything, so `clean` is the one way by which such text comes into a diagram.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from archspec.graph import Graph, Node, Value
from archspec.op import Family, Op
from archspec.size import Formula, Size

SLIM: Final = frozenset({Family.ACTIVATION, Family.REGULARISATION, Family.NORMALISATION})
"""Families that are drawn as slim bars: they leave the shape as it is, and a reader passes over them."""

_UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


def clean(text: str) -> str:
    """The text on one line, without characters that have no picture and would break a format."""
    shown = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join("\ufffd" if _is_invisible(each) else each for each in shown).split(" ")).strip()


def _is_invisible(character: str) -> bool:
    # Controls, surrogates and what is no character are not allowed in XML; marks that turn the direction of writing
    # around would let a name rearrange the text beside it.
    code = ord(character)
    bidirectional = 0x200E <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return bidirectional or unicodedata.category(character) in ("Cc", "Cs", "Cn")


def own_name(node: Node) -> str:
    """The name that the author of the spec gave to a layer, if any."""
    return clean(node.path[-1]) if node.is_named else ""


def phrases(op: Op) -> tuple[str, ...]:
    """The settings that are not at their defaults, each in a few words."""
    chosen = op.chosen()
    if op.family in SLIM and tuple(chosen) == op.positional()[:1]:
        # A spec leaves out the name of such a setting too.
        return tuple(_value(value) for value in chosen.values())
    return tuple(_phrase(name, value) for name, value in chosen.items())


def details(node: Node) -> tuple[str, ...]:
    """The settings of a layer that are not at their defaults, and whose weights it has, if not its own."""
    said = [f"{clean(name)} of {clean('.'.join(tie.path))}" for name, tie in node.ties.items()]
    if node.shares is not None and (node.weights or node.buffers):
        said = [f"weights of {clean('.'.join(node.shares))}"]
    return (*phrases(node.op), *said)


def _phrase(name: str, value: Any) -> str:
    words = clean(name.replace("_", " "))
    if isinstance(value, bool):
        return words if value else f"no {words}"
    if value is None:
        return f"no {words}"
    counts = isinstance(value, int | Formula) and words.endswith("s") and not words.endswith("axis")
    if counts and value == 1:
        return f"{words} 1"
    return f"{_value(value)} {words}" if counts else f"{words} {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        # Sizes are multiplied; axes have numbers that may be negative, and are none.
        is_size = all(isinstance(each, int | Formula) and not (isinstance(each, int) and each < 1) for each in value)
        return ("×" if is_size else ", ").join(map(_value, value))
    return clean(value.name if isinstance(value, Graph) else str(value))


def amount(size: Size) -> str:
    """A number as one says it, such as `61.1M`; a formula as it is."""
    if not isinstance(size, int):
        return str(size)
    for index, (unit, letter) in enumerate(_UNITS):
        if size >= unit:
            rounded = size / unit
            digits = 2 if rounded < 10 else 1 if rounded < 100 else 0
            text = f"{rounded:.{digits}f}"
            # What rounds to a thousand is one of the next unit.
            return f"1.00{_UNITS[index - 1][1]}" if text == "1000" and index else text + letter
    return str(size)


def parameters(size: Size) -> str:
    return f"{amount(size)} parameter{'' if size == 1 else 's'}"


def exactly(size: Size) -> str:
    number = f"{size:,}" if isinstance(size, int) else str(size)
    return f"{number} parameter{'' if size == 1 else 's'}"


def shape(value: Value) -> str:
    return clean(str(value.shape))


def changes_shape(node: Node) -> bool:
    """Whether the output has a shape that no input has: only then does a diagram say it again."""
    return all(value.shape != node.output.shape for value in node.inputs)


def output_name(graph: Graph, number: int) -> str:
    """What an output is called; one that is alone needs no name."""
    if len(graph.outputs) == 1:
        return "output"
    output = graph.outputs[number]
    return f"{clean(output.name)}, in training" if output.in_training_only else clean(output.name)


def tip(node: Node) -> str:
    """All about a layer, for whoever points at it."""
    shapes = ", ".join(map(shape, node.inputs))
    said = f"{clean(node.name)}: {clean(str(node.op))}, {shapes} to {shape(node.output)}"
    return f"{said}, {exactly(node.parameters)}" if node.parameters != 0 else said


def description(graph: Graph) -> str:
    """The model in a sentence or two, for whoever cannot see the picture."""
    inputs = ", ".join(f"{clean(value.name)} {shape(value)}" for value in graph.inputs)
    outputs = ", ".join(shape(output.value) for output in graph.outputs)
    layers = f"{len(graph.nodes)} layer{'' if len(graph.nodes) == 1 else 's'}"
    facts = f"{layers}, {exactly(graph.parameters)}; from {inputs or 'no input'} to {outputs or 'no output'}."
    doc = clean(graph.doc)
    return f"{doc} {facts}" if doc else facts
