"""What a spec expects of itself: each `expect` line must hold.

An expectation speaks of parameters and sizes, of figures such as `params` and `macs`, of `output` and of each input and
named value by its shape. What figures there are, and how they are compared, is in `archspec.passes.figures` and
`archspec.passes.budget`, which only specs wait for that speak of them. Where errors hide a part of the model, an
expectation that no cure of them could meet is still reported, and every other is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Final, TypeGuard

from msgspec.structs import replace

from archspec.build import Built
from archspec.build.uses import Part
from archspec.catalog.fields import InvalidExpression, UnknownName
from archspec.catalog.shapes import FailedExpectation, OpenExpectation
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import (
    COMPARISONS,
    Binary,
    EvaluationError,
    Expression,
    HoleError,
    Name,
    UndecidedError,
    UnknownNameError,
    Value,
    evaluate,
    free_names,
    is_unknown,
    written,
)
from archspec.passes.words import WORDS, may_speak_of_figures
from archspec.size import Formula, named
from archspec.source import Span
from archspec.spec import Expectation, Library, Spec
from archspec.spelling import closest
from archspec.syntax.tree import Scalar

MOST_CASES: Final = 1000
"""An expectation of several values whose shapes errors hide is not looked into any further than this."""


def check_expectations(spec: Spec | Library, built: Built, report: Report) -> None:
    """Add a finding for each expectation that does not hold."""
    told: set[str] = set()
    batches = _batches(spec)
    for part in built.parts:
        for expectation in part.expectations:
            if may_speak_of_figures(expectation.condition):
                finding = _budget(expectation, part, built, batches)
            else:
                finding = _checked(expectation.condition, expectation, part, is_right=built.graph is not None)
            for each in (finding, *_in_words(expectation.message, part)):
                if isinstance(each, UnknownName):
                    if each.word in told:
                        continue
                    told.add(each.word)
                if each is not None:
                    report.add(each)


def _batches(spec: Spec | Library) -> frozenset[str]:
    """The names of the first axes of the inputs of a model."""
    shapes = [each.shape for each in spec.inputs] if isinstance(spec, Spec) else []
    firsts = (shape[0] for shape in shapes if isinstance(shape, tuple) and shape)
    return frozenset(each.text for each in firsts if isinstance(each, Name))


def _budget(expectation: Expectation, part: Part, built: Built, batches: frozenset[str]) -> Diagnostic | None:
    """The finding on an expectation that speaks of figures."""
    from archspec.passes.budget import judged
    from archspec.passes.figures import Subject

    shapes: dict[str, Value] = {name: each[0].sizes for name, each in part.shapes.items()}
    subject = Subject(
        built.graph,
        {**shapes, **part.meanings.scope},
        {} if part.cost.is_open else {"params": part.cost.parameters, "macs": part.cost.macs},
        part.path,
        built.parts[-1].meanings.fixed,
        batches,
        is_model=part.use is None,
        owner=part.owner,
    )
    return judged(
        expectation.condition,
        subject,
        lambda condition: _checked(condition, expectation, part, is_right=built.graph is not None),
    )


def _checked(condition: Expression, expectation: Expectation, part: Part, *, is_right: bool) -> Diagnostic | None:
    """The finding on an expectation: one that says so in every case that the errors elsewhere leave open."""
    words = {name.text for name in free_names(condition)}
    open_shapes = {name: part.shapes[name] for name in sorted(words & part.shapes.keys())}
    cases = prod(map(len, open_shapes.values()))
    if cases > MOST_CASES:
        return None
    finding = None
    for shapes in product(*open_shapes.values()):
        sizes = {name: shape.sizes for name, shape in zip(open_shapes, shapes, strict=True)}
        # A cost that an error hides a part of is larger than what is known of it, by nobody knows how much.
        hidden = (part.meanings.unknown() - 1) if part.cost.is_open else 0
        costs = {"params": part.cost.parameters + hidden, "macs": part.cost.macs + hidden}
        scope = {**sizes, **costs, **part.meanings.scope}
        finding = _in_one_case(condition, scope, part, is_only=cases == 1, is_right=is_right)
        if finding is None:
            return None
    if isinstance(finding, FailedExpectation):
        message = "" if expectation.message is None else _filled(expectation.message, part)
        return replace(finding, words=message, use=part.use)
    return finding


def _in_one_case(
    condition: Expression, scope: Mapping[str, Value], part: Part, *, is_only: bool, is_right: bool
) -> Diagnostic | None:
    text = condition_text(condition)
    place, actual = _comparison(condition, scope, is_only=is_only)
    try:
        holds = evaluate(condition, scope)
    except HoleError:
        return None
    except UnknownNameError as error:
        return _unknown_name(error, scope, part)
    except UndecidedError:
        unknown = any(is_unknown(scope[name.text]) for name in free_names(condition) if name.text in scope)
        return None if unknown else OpenExpectation(place, text, actual)
    except EvaluationError as error:
        return InvalidExpression(error.span, error.message, error.cure) if is_right else None
    if not isinstance(holds, bool):
        return InvalidExpression(condition.span, f"`{text}` is neither true nor false", f"compare it: `{text} == ...`")
    return None if holds else FailedExpectation(place, text, actual)


_PLACEHOLDER: Final = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")
"""A name in braces, which stands in a message for its value."""


def _in_words(message: Scalar | None, part: Part) -> Iterator[Diagnostic]:
    """The findings on placeholders in a message that stand for nothing."""
    if message is None or part.meanings.is_partial:
        return
    known = _values(part)
    for match in _PLACEHOLDER.finditer(message.text):
        name = match[1]
        if name not in known and name not in part.shapes and name not in part.meanings.named_by_error:
            yield UnknownName(message.place(*match.span(1)), name, closest(name, known))


def _filled(message: Scalar, part: Part) -> str:
    """A message with values for its placeholders."""
    known = _values(part)
    return _PLACEHOLDER.sub(lambda match: written(known[match[1]]) if match[1] in known else match[0], message.text)


def _values(part: Part) -> Mapping[str, Value]:
    """What a message can speak of: all that an expectation can, as far as no error hides it."""
    shapes = {name: each[0].sizes for name, each in part.shapes.items() if len(each) == 1}
    costs = {"params": part.cost.parameters, "macs": part.cost.macs}
    return {**shapes, **costs, **part.meanings.scope}


def _unknown_name(error: UnknownNameError, scope: Mapping[str, Value], part: Part) -> Diagnostic | None:
    suggestion = closest(error.name, (*scope, *part.shapes, *WORDS))
    is_size = suggestion is None or (suggestion in scope and is_open(scope[suggestion]))
    if error.name in part.meanings.named_by_error or (part.meanings.is_partial and is_size):
        return None
    return UnknownName(error.span, error.name, suggestion)


def is_open(value: Value) -> bool:
    """Whether a value is the size of an axis that may be any."""
    return isinstance(value, Formula) and value == named(str(value))


def condition_text(condition: Expression) -> str:
    """A comparison as the `.arch` syntax writes it, also where it is a key with a value; anything else as it stands."""
    if not _is_comparison(condition):
        return " ".join(condition.span.text.split())
    return " ".join(f"{condition.left.span.text} {condition.operator} {condition.right.span.text}".split())


def _is_comparison(condition: Expression) -> TypeGuard[Binary]:
    return isinstance(condition, Binary) and condition.operator in COMPARISONS


def _comparison(condition: Expression, scope: Mapping[str, Value], *, is_only: bool) -> tuple[Span, str]:
    """The place that contradicts the model, and what the model has instead."""
    if not _is_comparison(condition):
        return condition.span, ""
    try:
        value = evaluate(condition.left, scope)
    except EvaluationError:
        return condition.right.span, ""
    if is_unknown(value) or not is_only:
        return condition.right.span, f"`{condition.left.span.text}` cannot be that, whatever the errors hide"
    if is_open(value):
        return condition.right.span, f"`{value}` may be any number from 1 on"
    number = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else written(value)
    return condition.right.span, f"`{condition.left.span.text}` is {number}"
