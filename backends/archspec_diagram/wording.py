"""What diagrams say: settings, counts and names in the words that a reader of a paper wants.

All of it is read off what an op declares; no op is known here by its name. The names in a spec are its author's and may
hold anything, so `clean` is the one way by which such text comes into a diagram.
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from archspec.graph import Graph, Group, Node, Value
from archspec.op import Family, Op
from archspec.shape import Shape
from archspec.size import Formula, Size

if TYPE_CHECKING:
    from archspec_diagram.view import Item

SLIM: Final = frozenset({Family.ACTIVATION, Family.REGULARISATION, Family.NORMALISATION})
"""Families that are drawn as slim bars: they leave the shape as it is, and a reader passes over them."""

_NUMBER: Final = re.compile(r"\d+\.\d+(e[-+]?\d+)?|\d+e[-+]?\d+")
"""A number of which a figure should not show more digits than there is room for, nor a zero that says nothing."""

_TIMES: Final = re.compile(r"\b(\d+)\*([A-Za-z])")
"""Where a formula leaves out its sign, as one is used to: `16H`."""

_SAID_ALONE: Final = frozenset({Family.ACTIVATION, Family.REGULARISATION, Family.MERGE})
"""Families whose first setting everybody knows without its name, such as the rate of dropout."""

MERGE: Final = Family.MERGE
"""What joins values is drawn small and round."""

SIGNS: Final = {"add": "+", "mul": "×", "sub": "−", "div": "÷", "a + b": "+", "a * b": "×", "a - b": "−", "a / b": "÷"}
"""What is said of an op, or of a formula, by a sign alone; others are said by their words."""

_FORMULA: Final = re.compile(r"\S [-+*/] \S")
"""By this a formula is known from other settings in letters."""

_UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


def clean(text: str) -> str:
    """The text on one line, without characters that have no picture and would break a format."""
    if text.isascii() and text.isprintable():
        return text.strip()
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


def group_name(group: Group) -> str:
    """The name of a group; a number, which only says where it stands, is none where there is a block to name."""
    name = clean(group.path[-1])
    return "" if group.block and name.isdigit() else name


def phrases(op: Op) -> tuple[str, ...]:
    """The settings that are not at their defaults, each in a few words."""
    chosen = op.chosen()
    if op.family in _SAID_ALONE and tuple(chosen) == op.positional()[:1] and "axis" not in chosen:
        return tuple(_rounded(value(each)) for each in chosen.values())
    return tuple(_phrase(op, name, given) for name, given in chosen.items())


_FORMULAS: Final = {"sub": "a - b", "div": "a / b"}
"""What ops calculate whose inputs are no equals."""

_OF_EQUALS: Final = re.compile(r"[a-z]( \+ [a-z])*|[a-z]( \* [a-z])*")
"""Formulas for which it does not matter which input is which."""


def letters(item: Item) -> tuple[str, ...]:
    """What is said of each arrow to an item: what its formula calls the input."""
    return operands(item.nodes[0]) if item.nodes and item.group is None else ()


def operands(node: Node) -> tuple[str, ...]:
    """What the formula of a layer calls its inputs, if it matters which is which."""
    formula = _formula(node.op)
    if not joins(node) or not formula or _OF_EQUALS.fullmatch(formula):
        return ()
    return tuple(ascii_lowercase[: len(node.inputs)])


def called(node: Node) -> str:
    """What a layer is called: by its op, or by the formula that it computes."""
    # As papers print it.
    return _formula(node.op).replace(" * ", " × ").replace(" - ", " − ") or clean(node.op.name)


def _formula(op: Op) -> str:
    """The formula that is all there is to say of an op."""
    chosen = op.chosen()
    if op.family is not MERGE or not chosen or tuple(chosen) != op.positional()[:1]:
        return "" if chosen else _FORMULAS.get(op.name, "")
    said = _rounded(value(next(iter(chosen.values()))))
    return said if _FORMULA.search(said) else ""


def details(node: Node) -> tuple[str, ...]:
    """What is said of a layer besides: the settings that are not at their defaults, and whose weights it has, if not
    its own."""
    said = [f"{clean(name)} of {clean('.'.join(tie.path))}" for name, tie in node.ties.items()]
    if node.shares is not None and (node.weights or node.buffers):
        said = [f"weights of {clean('.'.join(node.shares))}"]
    return (*(() if _formula(node.op) else phrases(node.op)), *said)


def _phrase(op: Op, name: str, given: Any) -> str:
    words = clean(name.replace("_", " "))
    if isinstance(given, bool):
        return words if given else f"no {words}"
    if given is None:
        return f"no {words}"
    # A number for what may as well be a list is one of its members: `axes 2` is not how many axes there are.
    is_listed = _may_be_several(type(op).model_fields[name].annotation)
    if isinstance(given, int | Formula) and words.endswith("s") and not words.endswith("axis"):
        if not is_listed:
            return f"{value(given)} {_one(words) if given == 1 else words}"
        if words == "axes":
            words = _one(words)
    if isinstance(given, tuple | list) and words.endswith("s"):
        return f"{words} {', '.join(map(value, given))}"
    return f"{words} {value(given)}"


def _may_be_several(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(map(_may_be_several, get_args(annotation)))


def _one(words: str) -> str:
    """One of several things."""
    for ending, single in (("axes", "axis"), ("ies", "y"), ("sses", "ss"), ("s", "")):
        if words.endswith(ending):
            return words.removesuffix(ending) + single
    return words


def value(given: Any) -> str:
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, float):
        return _rounded(str(given))
    if isinstance(given, Formula):
        return compact(given)
    if isinstance(given, tuple | list):
        # Sizes are multiplied; axes have numbers that may be negative, and are none.
        is_size = all(isinstance(each, int | Formula) and not (isinstance(each, int) and each < 1) for each in given)
        return ("×" if is_size else ", ").join(map(value, given))
    return clean(given.name if isinstance(given, Graph) else str(given))


def _rounded(text: str) -> str:
    """The text with its numbers as one writes them: `1e-5`, and `8` for `8.0`."""
    return _NUMBER.sub(lambda number: re.sub(r"e([-+])0+", r"e\1", f"{float(number[0]):g}"), text)


def compact(size: Size | Shape) -> str:
    """A size, or those of a shape, without the signs that a reader does not need."""
    return _TIMES.sub(r"\1\2", clean(str(size)))


def amount(size: Size) -> str:
    """A number as one says it, such as `61.1M`; a formula as it is."""
    if not isinstance(size, int):
        return compact(size)
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


def shape(flows: Value) -> str:
    return compact(flows.shape)


def sign(node: Node) -> str:
    """The sign that says all of a layer, if there is one: that of its op, or of its formula."""
    chosen = node.op.chosen()
    said = str(next(iter(chosen.values()))) if len(chosen) == 1 else "" if chosen else node.op.name
    return SIGNS.get(said, "")


def sign_alone(node: Node) -> str:
    """The sign, where it does not matter which input is which; the others are told by their letters."""
    return "" if operands(node) else sign(node)


def joins(node: Node) -> bool:
    """Whether a layer joins several values, and does nothing else."""
    return node.op.family is MERGE and len(node.inputs) > 1


def family(item: Item) -> Family | None:
    """The family whose colour an item has: of a closed group, that with the most trained numbers or else layers."""
    if not item.nodes:
        return None
    if item.group is None:
        return item.nodes[0].op.family
    weights: dict[Family, int] = {}
    for node in item.nodes:
        own = node.parameters
        weights[node.op.family] = weights.get(node.op.family, 0) + (own if isinstance(own, int) else 0) * 1000 + 1
    return max(weights, key=lambda each: weights[each])


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


def folded_tip(item: Item, group: Group) -> str:
    """All about a group that is closed."""
    parameters = sum((node.parameters for node in item.nodes), 0)
    number = len(item.nodes)
    said = [item.content] if item.content else []
    said += [f"{number} layer{'' if number == 1 else 's'}"]
    said += [exactly(parameters)] if parameters != 0 else []
    said += [item.badge.tip] if item.badge else []
    block = f": {clean(group.block)}" if group.block else ""
    doc = f". {clean(group.doc)}" if group.doc else ""
    return f"{clean(group.name)}{block}, {', '.join(dict.fromkeys(said))}{doc}"


def description(graph: Graph) -> str:
    """The model in a sentence or two, for whoever cannot see the picture."""
    inputs = ", ".join(f"{clean(value.name)} {shape(value)}" for value in graph.inputs)
    outputs = ", ".join(shape(output.value) for output in graph.outputs)
    layers = f"{len(graph.nodes)} layer{'' if len(graph.nodes) == 1 else 's'}"
    facts = f"{layers}, {exactly(graph.parameters)}; from {inputs or 'no input'} to {outputs or 'no output'}."
    doc = clean(graph.doc)
    return f"{doc} {facts}" if doc else facts
