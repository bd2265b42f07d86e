"""What the docstrings of classes say of shapes, and of what a model was built with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archspec.expression import written
from archspec.graph import Graph, Value
from archspec.shape import Shape
from archspec_torch.call import printed
from archspec_torch.lifting import ABSENT, Arguments
from archspec_torch.opened import Open
from archspec_torch.scope import Scope


def manual_of(found: Open) -> str:
    """The docstring of the class of a model."""
    graph, shown = found.graph, found.shown
    parts = [graph.doc.strip() or f"{graph.name}.", shapes_of([value.name for value in graph.inputs], graph, shown)]
    if fixed := {name: value for name, value in graph.settings.items() if name not in found.parameters}:
        parts.append(f"Built with {', '.join(f'{name}={written(value)}' for name, value in fixed.items())}.")
    return "\n\n".join(parts)


def shapes_of(
    names: Sequence[str],
    flow: Graph | Scope,
    shown: Callable[[Value], str],
    title: str = "Shapes",
) -> str:
    """What flows into a class and out of it, in a sentence."""
    inputs = ", ".join(f"{name} {shown(value)}" for name, value in zip(names, flow.inputs, strict=True))
    if isinstance(flow, Scope):
        return f"{title}: {inputs} -> {', '.join(map(shown, flow.outputs))}."
    if len(flow.outputs) == 1:
        return f"{title}: {inputs} -> {shown(flow.outputs[0].value)}."
    always = ", ".join(f"{each.name} {shown(each.value)}" for each in flow.outputs if not each.in_training_only)
    further = ", ".join(f"{each.name} {shown(each.value)}" for each in flow.outputs if each.in_training_only)
    return f"{title}: {inputs} -> {always}{further and f'; in training also {further}'}."


def shape_in_all(shapes: Sequence[Shape | None], arguments: Arguments, found: Open) -> str:
    """The shape of a value in all uses of a block: what is the same, and what the arguments tell."""
    first = next(shape for shape in shapes if shape is not None)
    if any(shape is not None and shape.rank != first.rank for shape in shapes):
        return "[...]"
    sizes = []
    for axis, size in enumerate(first):
        each_size = [ABSENT if shape is None else shape[axis] for shape in shapes]
        if not found.spoken_of(size) and all(each is ABSENT or each == size for each in each_size):
            sizes.append(str(size))
        else:
            known = arguments.expression(each_size, is_said=True)
            sizes.append("_" if known is None else printed(known))
    while sizes and sizes[-1] == "_":
        sizes.pop()
        if not sizes or sizes[-1] != "_":
            sizes.append("...")
            break
    element = str(first).rpartition("]")[2]
    return f"[{', '.join(sizes)}]{element}"
