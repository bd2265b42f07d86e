"""What repeats and choices come to: how often steps are gone through, and which of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from archspec.build.meaning import Meanings
from archspec.catalog.fields import InvalidExpression
from archspec.expression import (
    Apply,
    EvaluationError,
    Expression,
    Name,
    Value,
    described,
    evaluate,
    free_names,
    is_unknown,
)
from archspec.size import LARGEST
from archspec.steps import Choice, Formula, Group, Layer, Next, Repeat, Residual, Result, Step

SCAN: Final = "scan"
"""What runs a cell over time. It is no op like others, as it is given a cell and not a value."""


def passes(repeat: Repeat, meanings: Meanings, most: int) -> list[Mapping[str, Value]] | None:
    """What the names of a repeat stand for in each pass; no more passes than `most` and one, to tell that it is more.

    It is `None` where a finding says why the passes cannot be told.
    """
    value = meanings.value(repeat.among)
    problem = ""
    if value is None or is_unknown(value):
        return None
    if not repeat.names:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return [{}] * min(value, most + 1)
        problem = f"steps can be repeated a whole number of times, not {described(value)}"
    elif not isinstance(value, tuple):
        problem = f"{described(value)} is no list to go through"
    elif len(repeat.names) == 1:
        return [{repeat.names[0].text: item} for item in value[: most + 1]]
    else:
        names = [name.text for name in repeat.names]
        unfit = [item for item in value if not isinstance(item, tuple) or len(item) != len(names)]
        if not unfit:
            return [dict(zip(names, item, strict=True)) for item in value if isinstance(item, tuple)]
        problem = f"{described(unfit[0])} is no list of {len(names)}, one for each name"
    meanings.report.add(InvalidExpression(repeat.among.span, problem))
    return None


def choose(choice: Choice, meanings: Meanings) -> tuple[Step, ...] | None:
    """The steps that a condition decides for, or `None` where a finding says why it decides nothing."""
    value = meanings.value(choice.condition)
    if value is None or is_unknown(value):
        return None
    if not isinstance(value, bool):
        problem = f"{described(value)} is neither true nor false"
        meanings.report.add(InvalidExpression(choice.condition.span, problem))
        return None
    return choice.then if value else choice.otherwise


def words_in(expressions: Iterable[Expression]) -> Iterator[str]:
    """All words of expressions: names, and those of functions, ops and blocks."""
    for expression in expressions:
        if isinstance(expression, Apply):
            yield expression.function
            yield from words_in((*expression.arguments, *(value for _, value in expression.named)))
        else:
            yield from (name.text for name in free_names(expression))


def expressions_in(steps: Sequence[Step]) -> Iterator[Expression]:
    """All that may speak of something in some steps, the words of their layers included."""
    for step in steps:
        match step:
            case Layer(op=op, arguments=arguments, sources=sources, branches=branches):
                yield Name(op.text, op.span)
                yield from (argument.value for argument in arguments)
                yield from expressions_in((*sources, *(branches or ())))
            case Group(steps=inner):
                yield from expressions_in(inner)
            case Formula(expression=expression):
                yield expression
            case Result(step=inner_step) | Next(step=inner_step):
                yield from expressions_in((inner_step,))
            case Residual(body=body, shortcut=shortcut):
                yield from expressions_in((*body, *shortcut))
            case Repeat(among=among, steps=inner):
                yield among
                yield from expressions_in(inner)
            case Choice(condition=condition, then=then, otherwise=otherwise):
                yield condition
                yield from expressions_in((*then, *otherwise))


def size_of(steps: Sequence[Step], scope: Mapping[str, Value], blocks: Mapping[str, int]) -> int:
    """At least how many layers steps come to, as far as it can be told before they are built.

    A pass counts as a layer even where it has none, since it takes its time. `blocks` has the sizes of blocks.
    """
    total = 0
    for step in steps:
        match step:
            case Layer(op=op, branches=branches):
                # What a block makes of what stands in its braces, nobody knows here.
                total += blocks[op.text] if op.text in blocks else 1 + size_of(branches or (), scope, blocks)
                total += blocks.get(_cell_of(step), 0)
            case Group(steps=inner):
                total += size_of(inner, scope, blocks)
            case Formula():
                total += 1
            case Result(step=inner_step) | Next(step=inner_step):
                total += size_of((inner_step,), scope, blocks)
            case Residual(body=body, shortcut=shortcut):
                total += 1 + size_of((*body, *shortcut), scope, blocks)
            case Repeat(among=among, steps=inner):
                total += _times(among, scope) * max(size_of(inner, scope, blocks), 1)
            case _:
                pass
    return total


def sizes_of(blocks: Mapping[str, Sequence[Step]], known: Mapping[str, int]) -> Mapping[str, int]:
    """At least how many layers each block comes to, whatever its parameters are; some are `known`.

    Blocks that use each other count from the smallest up; those that use themselves stay at one layer.
    """
    sizes = {**known, **dict.fromkeys(blocks, 1)}
    for _ in blocks:
        own = {name: min(max(size_of(steps, {}, sizes), 1), LARGEST) for name, steps in blocks.items()}
        found = {**known, **own}
        if found == sizes:
            break
        sizes = found
    return sizes


def _cell_of(layer: Layer) -> str:
    """The name of what is run by a `scan`, if a layer is one."""
    if layer.op.text != SCAN or not layer.arguments:
        return ""
    match layer.arguments[0].value:
        case Name(word) | Apply(word):
            return word
    return ""


def _times(expression: Expression, scope: Mapping[str, Value]) -> int:
    try:
        value = evaluate(expression, scope)
    except EvaluationError:
        return 0  # It depends on the pass around it; the limit is met when it comes to it.
    if isinstance(value, tuple):
        return len(value)
    return value if isinstance(value, int) else 0
