"""What a spec expects of itself: each `expect` line must hold.

An expectation speaks of parameters and sizes, of `params` and `macs` (the totals of the model), of `output` and of each
input and named value by its shape. Where errors hide a part of the model, an expectation that no cure of them could
meet is still reported, and every other is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from archspec.build import Built
from archspec.catalog.fields import InvalidExpression, UnknownName
from archspec.catalog.shapes import FailedExpectation, OpenExpectation
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import (
    COMPARISONS,
    Binary,
    EvaluationError,
    Expression,
    UndecidedError,
    UnknownNameError,
    Value,
    evaluate,
    free_names,
    is_unknown,
    written,
)
from archspec.source import Span
from archspec.spec import Expectation, Spec
from archspec.spelling import closest


def check_expectations(spec: Spec, built: Built, report: Report) -> None:
    """Add a finding for each expectation that does not hold."""
    subjects: dict[str, Value] = {"params": built.parameters, "macs": built.macs}
    hidden = set()
    for name, shape in {**built.shapes, "output": built.output}.items():
        if shape is None:
            hidden.add(name)
        else:
            subjects[name] = shape.sizes
    scope = {**subjects, **built.scope}
    for expectation in spec.expect:
        words = {name.text for name in free_names(expectation.condition)}
        if words & (hidden - scope.keys()):
            continue
        finding = _checked(expectation, scope, errors_elsewhere=built.graph is None)
        if finding is not None:
            report.add(finding)


def _checked(expectation: Expectation, scope: Mapping[str, Value], *, errors_elsewhere: bool) -> Diagnostic | None:
    condition = expectation.condition
    text = " ".join(expectation.span.text.split())
    if isinstance(condition, Binary) and ":" in text:
        text = f"{condition.left.span.text} {condition.operator} {' '.join(condition.right.span.text.split())}"
    place, actual = _comparison(condition, scope)
    try:
        holds = evaluate(condition, scope)
    except UnknownNameError as error:
        return UnknownName(error.span, error.name, closest(error.name, scope))
    except UndecidedError:
        unknown = any(is_unknown(scope[name.text]) for name in free_names(condition) if name.text in scope)
        return None if unknown else OpenExpectation(place, text, actual)
    except EvaluationError as error:
        return None if errors_elsewhere else InvalidExpression(error.span, error.message)
    if not isinstance(holds, bool):
        return InvalidExpression(condition.span, f"`{text}` is neither true nor false")
    return None if holds else FailedExpectation(place, text, actual)


def _comparison(condition: Expression, scope: Mapping[str, Value]) -> tuple[Span, str]:
    """The place that contradicts the model, and what the model has instead."""
    if not (isinstance(condition, Binary) and condition.operator in COMPARISONS):
        return condition.span, ""
    try:
        value = evaluate(condition.left, scope)
    except EvaluationError:
        return condition.span, ""
    if is_unknown(value):
        return condition.right.span, f"`{condition.left.span.text}` cannot be that, whatever the errors hide"
    number = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else written(value)
    return condition.right.span, f"`{condition.left.span.text}` is {number}"
