"""What the names in the expressions of a spec stand for, and what a mistake makes doubtful.

A mistake hides things: what a setting is, which sizes an input has, whether a name is used. What is hidden is an open
size whose name nobody can write. Whoever asks gets a value all the same, and nothing that could follow from a mistake
is told as a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import final

from archspec.catalog.fields import InvalidExpression, MissingParameter, UnknownName, UnknownParameter, UnusedParameter
from archspec.catalog.shapes import InvalidSize
from archspec.diagnostics import Report
from archspec.expression import (
    EvaluationError,
    Expression,
    HoleError,
    Name,
    UnknownNameError,
    Value,
    as_size,
    evaluate,
    free_names,
    is_unknown,
    written,
)
from archspec.size import LARGEST, Formula, Size, below, named
from archspec.source import Span
from archspec.spec import Override, Parameter
from archspec.spelling import closest


@final
class Meanings:
    """The parameters and sizes of a model, or of one use of a block, with their values, as far as they are known."""

    def __init__(
        self, parameters: Sequence[Parameter], report: Report, unknowns: Iterator[int], *, is_partial: bool
    ) -> None:
        self.parameters = {parameter.name.text: parameter for parameter in parameters}
        self.report = report
        self.scope: dict[str, Value] = {}
        self.used: set[str] = set()
        self.origins: dict[str, Span] = {}
        """Where each parameter was given its value."""

        self.is_partial = is_partial
        """Whether there are parts that could not be read, which may give names and use what nothing else uses."""

        self.named_by_error: set[str] = set()
        """Names that an error may hide the meaning of."""

        self._unknowns = unknowns

    def unknown(self) -> Formula:
        """A size that nothing is known of but that it is one."""
        return named(f"?{next(self._unknowns)}")

    def set_parameters(self, overrides: Sequence[Override], model: str) -> None:
        """Give each parameter its value: from outside where there is one, else its default."""
        given: dict[str, Expression] = {}
        for override in overrides:
            name = override.name.text
            if name.isdecimal() and 0 < int(name) <= len(self.parameters):
                name = tuple(self.parameters)[int(name) - 1]
            if name in self.parameters:
                given[name] = override.value
            else:
                known = tuple(self.parameters)
                self.report.add(UnknownParameter(override.name.span, model, name, known, closest(name, known)))
        for name, parameter in self.parameters.items():
            self.scope[name] = self._parameter(parameter, given.get(name))

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Give each parameter of a block its value in one use: the one that the use has for it, else its default."""
        for name, parameter in self.parameters.items():
            self.scope[name] = values[name] if name in values else self._parameter(parameter, None)

    @contextmanager
    def where(self, values: Mapping[str, Value]) -> Iterator[None]:
        """Names stand for these values inside, and for what they stood for before outside."""
        before = {name: self.scope[name] for name in values if name in self.scope}
        self.scope.update(values)
        try:
            yield
        finally:
            for name in values:
                self.scope.pop(name, None)
            self.scope.update(before)

    def _parameter(self, parameter: Parameter, given: Expression | None) -> Value:
        expression = parameter.default if given is None else given
        if expression is not None:
            self.origins[parameter.name.text] = expression.span
        else:
            self.report.add(MissingParameter(parameter.name.span, parameter.name.text))
            return self.unknown()
        if isinstance(expression, Name) and expression.text not in self.scope:
            return expression.text  # A word, for a setting that takes words.
        value = self.value(expression)
        return self.unknown() if value is None else value

    def size(self, expression: Expression) -> Size:
        """The size of an axis of an input. Names in it that are no parameters are sizes, open from here on."""
        for free in free_names(expression):
            self.scope.setdefault(free.text, named(free.text))
        value = self.value(expression)
        if value is None or is_unknown(value):
            return self.unknown()
        size = as_size(value)
        if size is None or below(size, 1) or (isinstance(size, int) and size > LARGEST):
            self.report.add(InvalidSize(expression.span, as_given(expression, value)))
            return self.unknown()
        return size

    def value(self, expression: Expression) -> Value | None:
        """The value of an expression, or `None` where a finding says why it has none."""
        words = {name.text for name in free_names(expression)}
        self.used |= words
        try:
            return evaluate(expression, self.scope)
        except UnknownNameError as error:
            self.tell_unknown(error.span, error.name, closest(error.name, self.scope))
        except HoleError:
            self.is_partial = True
        except EvaluationError as error:
            # What an error hides may be a list or a word as well, with which all would be right.
            if not any(is_unknown(self.scope[word]) for word in words & self.scope.keys()):
                self.report.add(InvalidExpression(error.span, error.message))
        return None

    def pass_over(self, expression: Expression) -> None:
        """Take notice of an expression that nobody knows the use of: it may use names, or be meant to give one."""
        self.is_partial = True
        self.named_by_error.update(name.text for name in free_names(expression))

    def tell_unknown(self, span: Span, name: str, suggestion: str | None) -> None:
        """Report a name that stands for nothing, unless an error may hide what it stands for."""
        if suggestion is not None:
            self.used.add(suggestion)
        if name not in self.named_by_error and (not self.is_partial or suggestion in self.parameters):
            self.report.add(UnknownName(span, name, suggestion))
        # Told once is enough: where a name comes up again, it is rather the place that gives it that is wrong.
        self.named_by_error.add(name)

    def doubt(self, expression: Expression) -> None:
        """Take the parameters in an expression for unknown from here on: any of them may be what is wrong with it."""
        for name in free_names(expression):
            if name.text in self.parameters:
                self.scope[name.text] = self.unknown()

    def find_unused(self) -> None:
        """Report parameters that nothing uses, unless what could not be read may be what uses them."""
        for name, parameter in self.parameters.items():
            if name not in self.used and not self.is_partial:
                self.report.add(UnusedParameter(parameter.name.span, name))


def as_given(expression: Expression, value: Value) -> str:
    """A value in a message: as it was written, unless it was computed from something else."""
    is_literal = not any(free_names(expression)) and "\n" not in expression.span.text
    return expression.span.text if is_literal else written(value)
