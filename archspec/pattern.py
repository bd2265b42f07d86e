"""The shape patterns of blocks: `[B, C, H, W]` gives names to the sizes of what flows in."""

from __future__ import annotations

from archspec.catalog.shapes import ShapeFault
from archspec.expression import Expression, Name, as_size, free_names
from archspec.meaning import Meanings
from archspec.scope import Draft
from archspec.size import Size, differs
from archspec.source import Hole
from archspec.spec import Input
from archspec.steps import Layer


def bind(line: Input, draft: Draft, use: Layer, meanings: Meanings) -> None:
    """Give the names in the pattern of an input the sizes of a value; reports a value that does not fit it."""
    pattern = () if isinstance(line.shape, Hole) else line.shape
    if len(draft.shapes) != 1 or isinstance(line.shape, Hole):
        for name in (name for each in pattern for name in free_names(each)):
            meanings.scope.setdefault(name.text, meanings.unknown())
        return
    shape = draft.shapes[0]
    written = f"[{', '.join(each.span.text for each in pattern)}]"
    problem = ""
    if shape.rank != len(pattern):
        axes = "one axis" if len(pattern) == 1 else f"{len(pattern)} axes"
        problem = f"needs {axes}, {written}, but `{line.name.text}` is given {shape.rank}"
    elif shape.element is not line.element:
        problem = f"needs elements of type `{line.element}`, but `{line.name.text}` is given `{shape.element}`"
    else:
        for axis, (expression, size) in enumerate(zip(pattern, shape.sizes, strict=True)):
            if not _fits(expression, size, meanings):
                problem = f"needs {written}, but axis {axis} of `{line.name.text}` is {size}"
                break
    if problem:
        meanings.report.add(ShapeFault(use.span, use.op.text, problem, "", (str(shape),), (draft.span,)))
    for name in (name for each in pattern for name in free_names(each)):
        meanings.scope.setdefault(name.text, meanings.unknown())


def _fits(expression: Expression, size: Size, meanings: Meanings) -> bool:
    """Whether a size may be what a pattern says; a name that stands for nothing yet stands for it from here on."""
    if isinstance(expression, Name) and expression.text not in meanings.scope:
        meanings.scope[expression.text] = size
        return True
    value = meanings.value(expression)
    expected = None if value is None else as_size(value)
    return expected is None or not differs(expected, size)
