"""The shape patterns of blocks: `[B, C, H, W]` names the sizes of what flows in, and `...` passes over some."""

from __future__ import annotations

from archspec.build.meaning import Meanings
from archspec.build.scope import Draft
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.shapes import ShapeFault
from archspec.expression import Expression, Name, as_size, free_names
from archspec.size import Size, differs
from archspec.source import Hole, Span
from archspec.spec import Input, Rest


def bind(line: Input, draft: Draft, use: Span, block: str, meanings: Meanings) -> None:
    """Give the names in the pattern of an input the sizes of a value; reports a value that does not fit it."""
    written_down = () if isinstance(line.shape, Hole) else line.shape
    pattern = [each for each in written_down if not isinstance(each, Rest)]
    rests = [place for place, each in enumerate(written_down) if isinstance(each, Rest)]
    if len(rests) > 1:
        problem = "`...` stands for any number of axes, and so a pattern has it once"
        meanings.report.add(InvalidExpression(written_down[rests[1]].span, problem))
    if len(draft.shapes) != 1 or isinstance(line.shape, Hole):
        for name in (name for each in pattern for name in free_names(each)):
            meanings.scope.setdefault(name.text, meanings.unknown())
        return
    shape = draft.shapes[0]
    written = f"[{', '.join(each.span.text for each in written_down)}]"
    problem = ""
    missing = len(pattern) - shape.rank
    if missing > 0 or (missing < 0 and not rests):
        axes = "one axis" if len(pattern) == 1 else f"{len(pattern)} axes"
        least = "at least " if rests else ""
        problem = f"needs {least}{axes}, {written}, but `{line.name.text}` is given {shape.rank}"
    elif shape.element is not line.element:
        problem = f"needs elements of type `{line.element}`, but `{line.name.text}` is given `{shape.element}`"
    else:
        for place, expression in enumerate(pattern):
            # What stands behind the `...` is counted from the end.
            axis = place if not rests or place < rests[0] else place - missing
            if not _fits(expression, shape.sizes[axis], meanings):
                problem = f"needs {written}, but axis {axis} of `{line.name.text}` is {shape.sizes[axis]}"
                break
    if problem:
        meanings.report.add(ShapeFault(use, block, problem, "", (str(shape),), (draft.span,)))
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
