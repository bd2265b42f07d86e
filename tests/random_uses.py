"""Uses of ops at random: the examples of an op, with some settings and sizes changed."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st
from pydantic import ValidationError

from archspec.op import Example, Op
from archspec.schema import SettingsSchema
from archspec.shape import Shape

MOST: Final = 5
"""Numbers are small: every rule depends on differences between them, and refusals should be as frequent as results."""


@st.composite
def uses(draw: st.DrawFn, kind: type[Op]) -> tuple[Op, tuple[Shape, ...]]:
    """An op of a kind with inputs, right or wrong."""
    example = draw(st.sampled_from(kind.examples()))
    return draw(settings_of(example)), draw(inputs_of(example))


@st.composite
def settings_of(draw: st.DrawFn, example: Example) -> Op:
    """The op of an example with some settings changed."""
    op = example.op
    chosen = op.chosen()
    for name, values in _values(type(op)).items():
        if draw(st.integers(0, 3)) == 0:
            chosen[name] = draw(values)
    try:
        return type(op)(**chosen)
    except ValidationError:
        assume(False)
        raise


@st.composite
def inputs_of(draw: st.DrawFn, example: Example) -> tuple[Shape, ...]:
    """The inputs of an example with some sizes changed, often to that of another axis, and some axes or inputs more or
    less."""
    shapes = [list(map(int, shape.sizes)) for shape in example.inputs]  # type: ignore[arg-type]  # they are numbers
    elements = [shape.element for shape in example.inputs]
    known = sorted({size for shape in shapes for size in shape if size <= 2 * MOST} | {1, 2})
    for shape in shapes:
        for axis, size in enumerate(shape):
            shape[axis] = size if size <= 4 * MOST else size % MOST + MOST
            if draw(st.integers(0, 5)) == 0:
                shape[axis] = draw(st.integers(1, MOST) | st.sampled_from(known))
        if shape and draw(st.integers(0, 9)) == 0:
            del shape[draw(st.integers(0, len(shape) - 1))]
        if draw(st.integers(0, 9)) == 0:
            shape.insert(draw(st.integers(0, len(shape))), draw(st.sampled_from(known)))
    least, most = type(example.op).arity()
    if len(shapes) > least and draw(st.integers(0, 9)) == 0:
        shapes.pop()
    accepted = sorted(example.op.accepts)
    for place, element in enumerate(elements):
        if element in accepted and draw(st.integers(0, 9)) == 0:
            elements[place] = draw(st.sampled_from(accepted))
    if (most is None or len(shapes) < most) and shapes and draw(st.integers(0, 9)) == 0:
        shapes.append(list(draw(st.sampled_from(shapes))))
        elements.append(draw(st.sampled_from(accepted)))
    return tuple(Shape(tuple(sizes), element) for sizes, element in zip(shapes, elements, strict=False))


@cache
def _values(kind: type[Op]) -> dict[str, st.SearchStrategy[Any]]:
    """Values for each setting of an op that has a type of its own."""
    properties = kind.model_json_schema(schema_generator=SettingsSchema)["properties"] if kind.settings() else {}
    return {name: _value(own) for name, own in properties.items() if own.get("type") != "string" or "enum" in own}


def _value(own: Any) -> st.SearchStrategy[Any]:
    """Values that a JSON Schema allows: of numbers, small ones, and of lists, short ones."""
    if "anyOf" in own:
        return st.one_of([_value(each) for each in own["anyOf"]])
    if "enum" in own:
        return st.sampled_from(own["enum"])
    if "const" in own:
        return st.just(own["const"])
    match own["type"]:
        case "integer":
            return st.integers(max(own.get("minimum", -MOST), -MOST), min(own.get("maximum", MOST), MOST))
        case "number":
            low, high = own.get("minimum", own.get("exclusiveMinimum", -2)), own.get("maximum", 2)
            return st.sampled_from([low + (high - low) * share for share in (0.25, 0.5, 0.75)])
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array" if "prefixItems" in own:
            return st.tuples(*map(_value, own["prefixItems"]))
        case "array":
            least = own.get("minItems", 0)
            return st.lists(_value(own["items"]), min_size=least, max_size=max(least, 3)).map(tuple)
        case other:
            raise TypeError(f"nothing says what a random {other} is")
