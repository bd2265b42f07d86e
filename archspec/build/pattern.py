"""The shape patterns of blocks: `[B, C, H, W]` names the sizes of what flows in, and `...` passes over some."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.build.meaning import Meanings
from archspec.build.possible import Shapes
from archspec.build.scope import Draft
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.shapes import ShapeFault
from archspec.expression import Expression, Name, as_size, free_names, is_unknown
from archspec.shape import Shape
from archspec.size import Size, differs
from archspec.source import Hole, Span
from archspec.spec import Input, Rest
from archspec.spelling import closest


def bind(line: Input, draft: Draft, use: Span, block: str, meanings: Meanings, cure: str) -> Shapes:
    """Give the names in the pattern of an input the sizes of a value; reports a value that does not fit it.

    What comes back are the shapes that the value may have inside: of one that does not fit, those that would.
    """
    written_down = () if isinstance(line.shape, Hole) else line.shape
    pattern = [each for each in written_down if not isinstance(each, Rest)]
    rests = [place for place, each in enumerate(written_down) if isinstance(each, Rest)]
    _find_faults(written_down, rests, meanings)
    shapes = draft.shapes
    if len(shapes) > 1 and not isinstance(line.shape, Hole):
        # Of what an error hides, the pattern says how many axes it has.
        shapes = tuple(each for each in shapes if each.rank == len(pattern) or (rests and each.rank > len(pattern)))
    problem = ""
    if len(shapes) == 1 and not isinstance(line.shape, Hole):
        problem = _problem(line, written_down, pattern, rests, shapes[0], meanings)
        if problem:
            given = (str(shapes[0]),)
            cure = cure or f"change what flows in, or what the `input` line of `{block}` asks for"
            meanings.report.add(ShapeFault(use, block, problem, cure, given, (draft.span,)))
            if not rests and shapes[0].rank == len(pattern):
                for expression, size in zip(pattern, shapes[0], strict=True):
                    _fits(expression, size, meanings)
    for name in (name for each in pattern for name in free_names(each)):
        meanings.scope.setdefault(name.text, meanings.unknown())
    if problem:
        return () if rests else (Shape(tuple(meanings.known_size(each) for each in pattern), line.element),)
    return shapes


def _find_faults(written_down: Sequence[Expression | Rest], rests: Sequence[int], meanings: Meanings) -> None:
    """Report what is wrong with a pattern itself."""
    if len(rests) > 1:
        problem = "`...` stands for any number of axes, and so a pattern has it once"
        meanings.report.add(InvalidExpression(written_down[rests[1]].span, problem))
    named = {each.text for each in written_down if isinstance(each, Name)}
    for expression in written_down:
        if isinstance(expression, Rest | Name):
            continue
        for name in free_names(expression):
            if name.text not in named and name.text not in meanings.scope and not isinstance(expression, Hole):
                cure = f"name the size itself, such as `{name.text}`, and compute with it in the layers"
                meanings.tell_unknown(name.span, name.text, closest(name.text, meanings.parameters), cure)


def _problem(
    line: Input,
    written_down: Sequence[Expression | Rest],
    pattern: Sequence[Expression],
    rests: Sequence[int],
    shape: Shape,
    meanings: Meanings,
) -> str:
    """What keeps a shape from being what a pattern says; nothing, where it may be that."""
    written = f"[{', '.join(each.span.text for each in written_down)}]"
    missing = len(pattern) - shape.rank
    if missing > 0 or (missing < 0 and not rests):
        axes = "one axis" if len(pattern) == 1 else f"{len(pattern)} axes"
        least = "at least " if rests else ""
        return f"needs {least}{axes}, {written}, but `{line.name.text}` is given {shape.rank}"
    # Of what an error hides, the elements are not known either.
    if shape.element is not line.element and not all(map(is_unknown, shape.sizes)):
        return f"needs elements of type `{line.element}`, but `{line.name.text}` is given `{shape.element}`"
    # What is computed may speak of a size that is named behind it.
    for place, expression in sorted(enumerate(pattern), key=lambda each: not isinstance(each[1], Name)):
        # What stands behind the `...` is counted from the end.
        axis = place if not rests or place < rests[0] else place - missing
        if not _fits(expression, shape.sizes[axis], meanings):
            return f"needs {written}, but axis {axis} of `{line.name.text}` is {shape.sizes[axis]}"
    return ""


def _fits(expression: Expression, size: Size, meanings: Meanings) -> bool:
    """Whether a size may be what a pattern says; a name that stands for nothing yet stands for it from here on."""
    if isinstance(expression, Name) and expression.text not in meanings.scope:
        meanings.scope[expression.text] = size
        return True
    value = meanings.value(expression)
    expected = None if value is None else as_size(value)
    return expected is None or not differs(expected, size)
