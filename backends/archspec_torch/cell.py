"""The `forward` of a cell: it runs the `step` of the cell at each position of a sequence.

The states are zeros before the first position, unless they are given. Their sizes are those that the cell says; open
ones, and that of the batch, are read from what the cell is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from archspec.graph import Graph, Value
from archspec.scan import TIME
from archspec.shape import Element, Shape
from archspec.size import Size, names
from archspec_torch.call import Call, Variable
from archspec_torch.inline import size_expression
from archspec_torch.layout import INDENT, assignment, expression, fits, header
from archspec_torch.naming import Names, is_fit
from archspec_torch.opened import Open
from archspec_torch.results import type_of
from archspec_torch.solve import solved

REVERSE: Final = "reverse"
"""The argument of a cell, and its attribute, that says that it goes over a sequence from the end."""

STEP: Final = "step"
"""The method of a cell that runs it at one position."""

_BODY: Final = INDENT * 2
_INNER: Final = INDENT * 3
_SEQUENCE: Final = "sequence"
_OWN: Final = (_SEQUENCE, "steps", "outputs", "states", "list", "next")
_TYPES: Final = {Element.FLOAT: "torch.float", Element.INT: "torch.long", Element.BOOL: "torch.bool"}


def parameters_of_cell(graph: Graph) -> list[str]:
    """Names for what a cell is given at one position: those of the spec, unless the source has another use for them."""
    fresh = Names.of_method(_OWN).fresh
    return [fresh(value.name if is_fit(value.name) else "x") for value in graph.inputs]


def run(found: Open, parameters: Sequence[str], is_reversible: bool) -> Iterator[str]:
    """The lines of the method, given the names of the inputs of the cell."""
    graph = found.graph
    constant = len(graph.inputs) - len(graph.outputs)
    given = [_SEQUENCE, *parameters[1:constant]]
    states = dict(zip(parameters[constant:], graph.inputs[constant:], strict=True))
    arguments = [f"{name}: Tensor" for name in given] + [f"{name}: Tensor | None = None" for name in states]
    yield from header("def forward", ["self", *arguments], f" -> {type_of(1 + len(states))}:", INDENT)
    zeros = starts(graph, given, {state: found.shape(state) for state in states.values()}, found.kept())
    for name, state in states.items():
        yield f"{_BODY}if {name} is None:"
        yield from assignment(name, zeros[state], _INNER, found.shown(state))
    positions = f"{_SEQUENCE}.unbind({TIME})"
    if is_reversible:
        yield f"{_BODY}steps = {positions}"
        yield f"{_BODY}if self.{REVERSE}:"
        yield f"{_INNER}steps = steps[::-1]"
        positions = "steps"
    yield f"{_BODY}outputs: list[Tensor] = []"
    yield f"{_BODY}for {parameters[0]} in {positions}:"
    yield from _stepped(tuple(states), Call(f"self.{STEP}", tuple(map(Variable, parameters))))
    yield f"{_INNER}outputs.append({next(iter(states))})"
    if is_reversible:
        yield f"{_BODY}if self.{REVERSE}:"
        yield f"{_INNER}outputs.reverse()"
    stacked = Call("torch.stack", (Variable("outputs"),), {"dim": TIME})
    line = f"{_BODY}return {', '.join((str(stacked), *states))}"
    yield from [line] if fits(line) else expression((stacked, *map(Variable, states)), f"{_BODY}return ", _BODY, "")


def _stepped(states: Sequence[str], step: Call) -> Iterator[str]:
    """The lines that give the states their next values."""
    if fits(f"{_INNER}{', '.join(states)} = self.{STEP}("):
        yield from assignment(", ".join(states), step, _INNER)
        return
    yield from assignment("states", step, _INNER)
    for place, name in enumerate(states):
        yield from assignment(name, Variable(f"states[{place}]"), _INNER)


def starts(
    graph: Graph,
    given: Sequence[str],
    shapes: Mapping[Value, Shape] = MappingProxyType({}),
    kept: Mapping[str, Variable] = MappingProxyType({}),
) -> Mapping[Value, Call]:
    """What the states of a cell are before the first position, given the names of the sequence and what is constant.

    `shapes` are those of states that follow from parameters of the model, which are `kept` as attributes.

    Raises:
        UntoldSizeError: a size of a state is open, and nothing tells it.
    """
    x, *constants = graph.inputs[: len(graph.inputs) - len(graph.outputs)]
    batch, *rest = x.shape
    # Its time tells nothing, so that any number can stand for it.
    sequence = replace(x, shape=x.shape.with_sizes((batch, 1, *rest)))
    told = dict(zip((sequence, *constants), given, strict=True))
    found: dict[Value, Call] = {}
    for state in graph.inputs[len(told) :]:
        sizes = tuple(_size(size, told, kept) for size in shapes.get(state, state.shape))
        if state.shape[:1] == (batch,):
            sizes = (Variable(f"{_SEQUENCE}.shape[0]"), *sizes[1:])
        found[state] = _zeros(graph, state, told, sizes or ((),))
    return found


def _zeros(graph: Graph, state: Value, told: Mapping[Value, str], sizes: tuple[Any, ...]) -> Call:
    """Zeros of the kind that flows through the cell."""
    for value, name in told.items():
        if value.shape.element == state.shape.element:
            return Call(f"{name}.new_zeros", sizes)
    kind = {"dtype": Variable(_TYPES[state.shape.element])}
    if state.shape.element is not Element.FLOAT:
        return Call(f"{_SEQUENCE}.new_zeros", sizes, kind)
    if any(node.weights for node in graph.nodes):
        # Numbers with a point are of the kind of the weights, and on their device.
        return Call("next(self.parameters()).new_zeros", sizes)
    return Call("torch.zeros", sizes, {"device": Variable(f"{_SEQUENCE}.device")})


def _size(size: Size, told: Mapping[Value, str], kept: Mapping[str, Variable]) -> Any:
    """A size as an expression over what the cell is given, and what it keeps."""
    if set(names(size)) <= kept.keys():
        return size_expression(size, kept)
    for value, name in told.items():
        if size in value.shape:
            return Variable(f"{name}.shape[{value.shape.sizes.index(size)}]")
    return size_expression(size, {name: kept[name] if name in kept else solved(name, told) for name in names(size)})
