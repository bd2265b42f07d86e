"""What the names in the expressions of a spec stand for, and what a mistake makes doubtful.

A mistake hides things: what a setting is, which sizes an input has, whether a name is used. What is hidden is an open
size whose name nobody can write. Whoever asks gets a value all the same, and nothing that could follow from a mistake
is told as a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Final, final

from archspec.catalog.fields import InvalidExpression, UnknownName
from archspec.catalog.parameters import (
    MissingParameter,
    UnknownParameter,
    UnknownSize,
    UnusedParameter,
    WrongLayers,
    WrongParameter,
)
from archspec.catalog.settings import SettingTwice
from archspec.catalog.shapes import InvalidSize
from archspec.catalog.text import DuplicateKey
from archspec.diagnostics import Report
from archspec.expression import (
    Apply,
    Attribute,
    Binary,
    EvaluationError,
    Expression,
    HoleError,
    Literal,
    Name,
    Unary,
    UnknownNameError,
    Value,
    as_size,
    evaluate,
    free_names,
    in_short,
    is_unknown,
    written,
)
from archspec.parameter import Parameter
from archspec.size import LARGEST, Formula, Size, below, named
from archspec.source import Hole, Span
from archspec.spec import Override
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

        self.layers: dict[str, Expression] = {}
        """What the parameters that stand for layers were given from outside, or have as a default."""

        for parameter in parameters:
            # The words that a type speaks of can be compared with, as in `norm == batch`.
            self.scope.update({word: word for word in parameter.words})
        self.fixed: Mapping[str, int] = {}
        """Sizes that are fixed from outside."""

        self.is_partial = is_partial
        """Whether there are parts that could not be read, which may give names and use what nothing else uses."""

        self.named_by_error: set[str] = set()
        """Names that an error may hide the meaning of."""

        self._unknowns = unknowns
        self._fixed_at: Mapping[str, Span] = {}
        self._model = ""

    def said(self) -> Mapping[str, Value]:
        """The values of parameters and sizes, without the words that only types speak of."""
        return {
            name: value for name, value in self.scope.items() if name in self.parameters or not isinstance(value, str)
        }

    def unknown(self) -> Formula:
        """A size that nothing is known of but that it is one."""
        return named(f"?{next(self._unknowns)}")

    def set_parameters(self, own: Sequence[Override], overrides: Sequence[Override], model: str) -> None:
        """Give each parameter its value: from outside where there is one, else that of the variant or its default."""
        given = {**self._given(own, model), **self._given(overrides, model)}
        for name, parameter in self.parameters.items():
            if parameter.is_layer:
                self._set_layer(parameter, given.get(name, parameter.default))
            else:
                self.scope[name] = self._parameter(parameter, given.get(name))

    def _given(self, overrides: Sequence[Override], model: str) -> dict[str, Expression]:
        """The values that are given in one place."""
        given: dict[str, Expression] = {}
        for override in overrides:
            name = override.name.text
            if name.isdecimal() and 0 < int(name) <= len(self.parameters):
                name = tuple(self.parameters)[int(name) - 1]
            if name not in self.parameters:
                known = tuple(self.parameters)
                self.report.add(UnknownParameter(override.name.span, model, name, known, closest(name, known)))
            elif name in given:
                self.report.add(SettingTwice(override.name.span, model, name, given[name].span))
            else:
                given[name] = override.value
        return given

    def _set_layer(self, parameter: Parameter, given: Expression | None) -> None:
        if given is None:
            self.report.add(MissingParameter(parameter.name.span, parameter.name.text))
            given = Hole(parameter.name.span)
        self.layers[parameter.name.text] = given
        self.origins[parameter.name.text] = given.span

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Give each parameter of a block its value in one use: the one that the use has for it, else its default."""
        for name, parameter in self.parameters.items():
            if parameter.is_layer:
                if parameter.default is not None:
                    self.layers[name] = parameter.default
            else:
                self.scope[name] = values[name] if name in values else self._parameter(parameter, None)

    def fix_sizes(self, overrides: Sequence[Override], model: str) -> None:
        """Take notice of sizes that are fixed from outside; the inputs of the model are read after this."""
        found: dict[str, int] = {}
        places: dict[str, Span] = {}
        for override in overrides:
            name = override.name
            first = places.setdefault(name.text, name.span)
            if first is not name.span:
                self.report.add(DuplicateKey(name.span, name.text, first))
                continue
            value = self.value(override.value)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
                self.report.add(InvalidSize(override.value.span, as_given(override.value, value)))
            else:
                found[name.text] = value
        self.fixed, self._fixed_at, self._model = found, places, model

    def find_unknown_sizes(self) -> None:
        """Report sizes that are fixed and that no input names."""
        known = tuple(name for name in self.scope if name not in self.words) if self._fixed_at else ()
        for name, span in self._fixed_at.items():
            if name not in known:
                suggestion, is_parameter = closest(name, known), name in self.parameters
                self.report.add(UnknownSize(span, self._model, name, known, suggestion, is_parameter))

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
        is_word = isinstance(expression, Name) and expression.text not in self.scope
        if is_word and isinstance(expression, Name) and expression.text in _FLAGS:
            self.report.add(UnknownName(expression.span, expression.text, expression.text.lower()))
            return self.unknown()
        # A word is for a setting that takes words.
        value = expression.text if is_word and isinstance(expression, Name) else self.value(expression)
        if value is None or not self.is_allowed(parameter, value, expression):
            return self.unknown()
        return value

    def is_allowed(self, parameter: Parameter, value: Value, given: Expression) -> bool:
        """Whether the type of a parameter allows a value; reports one that it does not."""
        if parameter.type is None or parameter.type.accepts(value):
            return True
        suggestion = closest(value, parameter.words) if isinstance(value, str) else None
        at_declaration = given is parameter.default
        self.report.add(
            WrongParameter(
                given.span,
                parameter.name.text,
                f"`{as_given(given, value)}`",
                str(parameter.type),
                suggestion,
                None if at_declaration else parameter.name.span,
            )
        )
        return False

    def size(self, expression: Expression) -> Size:
        """The size of an axis of an input. Names in it that are no parameters are sizes, open from here on."""
        for free in free_names(expression):
            self.scope.setdefault(free.text, self.fixed.get(free.text, named(free.text)))
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
        if isinstance(expression, Literal):
            return expression.value  # Most are such, and speak of nothing.
        words = {name.text for name in free_names(expression)}
        self.used |= words
        if isinstance(expression, Apply) and self.is_layer(expression.function):
            self._tell_layer(expression.span, expression.function)
            return None
        try:
            return evaluate(expression, self.scope)
        except UnknownNameError as error:
            suggestion = closest(error.name, self.scope) or flag_meant(error.name)
            cure = _cure_of(expression, error.name) or (OPEN_SIZE if error.name in NOTHING else "")
            self.tell_unknown(error.span, error.name, suggestion, cure)
        except HoleError:
            self.is_partial = True
        except EvaluationError as error:
            # What an error hides may be a list or a word as well, with which all would be right.
            if not any(is_unknown(self.scope[word]) for word in words & self.scope.keys()):
                self.report.add(InvalidExpression(error.span, error.message, error.cure))
        return None

    def known_size(self, expression: Expression) -> Size:
        """A size that is computed from others; open, where a finding says why it is none."""
        value = self.value(expression)
        size = None if value is None else as_size(value)
        if value is not None and (size is None or below(size, 1)):
            self.report.add(InvalidSize(expression.span, as_given(expression, value)))
            return self.unknown()
        return self.unknown() if size is None else size

    def closed(self, expression: Expression) -> Expression:
        """An expression with its names replaced by what they stand for, so that it means the same elsewhere."""
        if isinstance(expression, Attribute | Hole) or (
            isinstance(expression, Name) and expression.text not in self.scope
        ):
            return expression
        value = self.value(expression)
        return Hole(expression.span) if value is None else Literal(value, expression.span)

    def is_layer(self, word: str) -> bool:
        """Whether a word is that of a parameter that stands for layers."""
        return word in self.parameters and self.parameters[word].is_layer

    def _tell_layer(self, span: Span, word: str) -> None:
        problem = f"`{word}` stands for layers, and not for a value"
        self.report.add(WrongLayers(span, problem, f"write it where a layer stands: `-> {word}`"))

    @cached_property
    def words(self) -> frozenset[str]:
        """The names that stand for no size."""
        return frozenset(self.parameters) | {word for each in self.parameters.values() for word in each.words}

    def pass_over(self, expression: Expression) -> None:
        """Take notice of an expression that nobody knows the use of: it may use names, or be meant to give one."""
        self.is_partial = True
        self.named_by_error.update(name.text for name in free_names(expression))

    def tell_unknown(self, span: Span, name: str, suggestion: str | None, cure: str = "") -> None:
        """Report a name that stands for no value, unless an error may hide what it stands for."""
        if self.is_layer(name):
            self.used.add(name)
            self._tell_layer(span, name)
            return
        if suggestion is not None:
            self.used.add(suggestion)
        if name not in self.named_by_error and (not self.is_partial or suggestion in self.parameters):
            self.report.add(UnknownName(span, name, suggestion, cure))
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


def flag_meant(word: str) -> str | None:
    """Which of `true` and `false` a word stands for: `True`, `Flase`, `yes`."""
    return AS_FLAG.get(word.casefold()) or closest(word.casefold(), ("true", "false"))


AS_FLAG: Final = {"yes": "true", "on": "true", "no": "false", "off": "false"}
"""What `true` and `false` are called elsewhere."""

_FLAGS: Final = ("True", "False")
"""What `true` and `false` are called in Python, which no word of a setting is."""

NOTHING: Final = frozenset({"None", "none", "null", "nil", "nan"})
"""What says elsewhere that there is no value."""


OPEN_SIZE: Final = "a size that is open has a name, which `input x: [B, 8]` gives it: here `B`"


def _cure_of(expression: Expression, name: str) -> str:
    """What to write instead of a name that stands for nothing, where that is a word that something is compared with."""
    match expression:
        case Binary("==" | "!=", left, right):
            is_compared = any(isinstance(each, Name) and each.text == name for each in (left, right))
            return f'a word that something is compared with stands in quotes: `"{name}"`' if is_compared else ""
        case Binary("and" | "or", left, right):
            return _cure_of(left, name) or _cure_of(right, name)
        case Unary("not", operand):
            return _cure_of(operand, name)
    return ""


def as_given(expression: Expression, value: Value) -> str:
    """A value in a message: as it was written, unless it was computed from something else."""
    is_literal = not any(free_names(expression)) and "\n" not in expression.span.text
    return in_short(expression.span.text if is_literal else written(value))
