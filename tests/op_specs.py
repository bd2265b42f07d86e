"""Each op in a spec of its own: all its examples, each with its inputs and an output."""

from __future__ import annotations

from archspec.op import Example, Op
from archspec.shape import Element, Shape


def spec_of(kind: type[Op]) -> str:
    """A model with the examples of an op, those left out whose sizes would make a source hard to read."""
    inputs: list[str] = []
    lines: list[str] = []
    for number, example in enumerate(kind.examples()):
        names = [f"x{number}_{place}" for place, _ in enumerate(example.inputs)]
        inputs += [f"input {name}: {_shape(shape)}" for name, shape in zip(names, example.inputs, strict=True)]
        lines += _lines(example, names, number)
    body = "\n".join(f"    {line}" for line in (*inputs, *lines))
    return f"model Examples {{\n{body}\n}}\n"


def _lines(example: Example, names: list[str], number: int) -> list[str]:
    outputs = len(example.op.outputs(*example.inputs))
    given = names[0] if len(names) == 1 else f"({', '.join(names)})"
    if outputs == 1:
        return [f"output y{number} = {given} -> {example.op}"]
    values = [f"y{number}_{port}" for port in range(outputs)]
    return [f"{', '.join(values)} = {given} -> {example.op}", *(f"output o_{each} = {each}" for each in values)]


def _shape(shape: Shape) -> str:
    element = "" if shape.element is Element.FLOAT else f" {shape.element}"
    return f"[{', '.join(map(str, shape.sizes))}]{element}"
