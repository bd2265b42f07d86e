"""Arithmetic between values, such as `gate * x + y`: the ops in it become layers, and what is left is one more."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from archspec.build.limits import BRANCH
from archspec.build.loop import SCAN
from archspec.build.placing import CURRENT, Placer
from archspec.build.possible import OPEN
from archspec.build.scope import Draft, Scope
from archspec.build.start import arguments_of, layer_of
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.graph import UnknownValue
from archspec.catalog.parameters import WrongLayers
from archspec.catalog.recurrence import WrongScan
from archspec.catalog.settings import UnknownOp
from archspec.expression import (
    FUNCTIONS,
    Apply,
    Binary,
    EvaluationError,
    Expression,
    HoleError,
    Literal,
    Name,
    Unary,
    free_names,
    is_unknown,
)
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Argument, Formula, Group, Layer, Step, with_names
from archspec.syntax.tree import Scalar

Operands = dict[str, Draft]
"""The values that a formula speaks of, by what they are called in it."""


class Calculator(Placer):
    """Builds formulas. What a layer is that is applied in one, a subclass says."""

    @abstractmethod
    def on(self, layer: Layer, fed: tuple[Draft, ...], scope: Scope, *, may_be_again: bool) -> Draft | None:
        """What flows out of a layer, whatever it is, given what flows in."""

    @abstractmethod
    def is_layer(self, word: str, scope: Scope) -> bool:
        """Whether a word stands for layers here that can be applied to values."""

    @abstractmethod
    def hole(self, span: Span) -> Draft:
        """What a layer gives that could not be read."""

    def formula(self, formula: Formula, scope: Scope, current: Draft | None) -> Draft:
        """What flows out of arithmetic between values."""
        from archspec.ops.arithmetic import Arithmetic

        self.count(formula.span)
        alone = self.alone(formula, scope, current)
        if alone is not None:
            return alone
        if (chain := self.meant_chain(formula, scope)) is not None:
            return self.step(chain, scope, current) or self.nothing_known(formula.span)
        operands: Operands = {}
        expression = self.taken_apart(formula.expression, operands, scope, current)
        layer = Layer(Scalar(formula.span.text, formula.span), (), formula.names, (), formula.span)
        self.assembly.used.update(each.producer for each in operands.values())
        settled = self.arithmetic(expression, operands, scope)
        path = scope.path_of(layer.name, Arithmetic.name)
        if settled is None:
            self.account.costs.append(OPEN)
            drafts = [self.left_out(layer, tuple(operands.values()), path)]
            if current is not None and not operands:
                self.assembly.used.add(current.producer)  # That it is left out may be what is wrong.
        else:
            text, names = settled
            fed = tuple(operands[each] for each in names)
            calculated = replace(layer, arguments=(Argument(Scalar("formula", formula.span), text),))
            drafts = self.place(calculated, Arithmetic, fed, path, scope)
        self.name(layer, drafts, scope, is_known=settled is not None, least=1)
        return drafts[0]

    def meant_chain(self, formula: Formula, scope: Scope) -> Step | None:
        """The layers in a row that a formula is meant for whose signs stand in the place of arrows; that is told."""
        if not isinstance(formula.expression, Binary):
            return None

        def is_value(word: str) -> bool:
            return word == CURRENT or word in self.meanings.scope or scope.find(word) is not None

        def is_layer(word: str) -> bool:
            return self.is_layer(word, scope)

        from archspec.build.arrow import meant_chain, no_arrow

        found = meant_chain(formula.expression, formula.expression.operator, is_layer, is_value)
        if not found:
            return None
        self.report.add(no_arrow(found))
        first, *others = [each for each in map(layer_of, found) if each is not None]
        name = formula.names[0] if len(formula.names) == 1 else None
        steps = (replace(first, is_word=isinstance(found[0], Name)), *others)
        return with_names(Group(steps, name, is_chain=True, span=formula.span), formula.names)

    def alone(self, formula: Formula, scope: Scope, current: Draft | None) -> Draft | None:
        """What a formula gives in which nothing is calculated: a value, or what one op makes of values."""
        match formula.expression:
            case Apply(function, arguments) as use if self.is_applied(function, arguments, scope):
                return self.applied(use, scope, current, formula.names)
            case Name(text, span) if text not in self.meanings.scope or scope.find(text) is not None:
                word = Layer(Scalar(text, span), (), formula.names, (), span, is_word=True)
                found = self.source(word, scope, current)
                self.name(word, [found], scope, is_known=True, least=1)
                return found
        return None

    def arithmetic(
        self, expression: Expression, operands: Operands, scope: Scope
    ) -> tuple[Literal, tuple[str, ...]] | None:
        """A formula over letters, with the names of the values that these stand for; `None` where a finding tells."""
        from archspec.ops.arithmetic import MOST_OPERATIONS, formula_of

        if _operations(expression) > MOST_OPERATIONS:
            problem = f"a formula has no more than {MOST_OPERATIONS} operations"
            self.report.add(InvalidExpression(expression.span, problem, "name a part of it in a line of its own"))
            return None
        numbers = {name: value for name, value in self.meanings.scope.items() if name not in operands}
        names = tuple(free_names(expression))
        self.meanings.used.update(name.text for name in names)
        for name in names:
            if name.text not in operands and name.text not in numbers:
                self.tell_stranger(name, numbers, scope)
                return None
        if any(is_unknown(numbers[name.text]) for name in names if name.text in numbers):
            return None
        try:
            text, used = formula_of(expression, numbers)
        except HoleError:
            return None
        except EvaluationError as error:
            self.report.add(InvalidExpression(error.span, error.message, error.cure))
            return None
        if not used:
            problem = "this calculates with numbers alone, and gives no value that could flow"
            cure = f"`{CURRENT}` stands for what flows in"
            if isinstance(expression, Unary) and isinstance(expression.operand, Literal):
                cure = f"layers have no numbers: {cure}, and a name for what the layer gives that has it"
            self.report.add(InvalidExpression(expression.span, problem, cure))
            return None
        return Literal(text, expression.span), used

    def tell_stranger(self, name: Name, numbers: Mapping[str, object], scope: Scope) -> None:
        """Report a name in a formula that stands neither for a value nor for a number."""
        is_layer = self.is_layer(name.text, scope)
        if self.meanings.is_layer(name.text):
            problem = f"`{name.text}` stands for layers, and not for a value"
            self.report.add(WrongLayers(name.span, problem, f"layers are applied to values: `{name.text}(x)`"))
            return
        suggestion = None if is_layer else closest(name.text, (*scope.visible(), *numbers))
        if is_layer or not (self.meanings.is_partial or name.text in self.meanings.named_by_error):
            cure = f"layers are applied to values: `{name.text}(x)`" if is_layer else ""
            self.report.add(UnknownValue(name.span, name.text, suggestion, cure))
        if suggestion is not None and (meant := scope.find(suggestion)) is not None:
            self.assembly.used.add(meant.producer)

    def taken_apart(
        self, expression: Expression, operands: Operands, scope: Scope, current: Draft | None
    ) -> Expression:
        """A formula whose uses of ops have become layers of their own; `operands` gets the values that it speaks of."""
        match expression:
            case Name(text, span):
                found = self.word(Layer(Scalar(text, span), (), (), (), span, is_word=True), scope, current)
                if found is None and text == CURRENT:
                    found = self.unclear(span)
                if found is not None:
                    operands[text] = found
                return expression
            case Unary(symbol, operand, span):
                return Unary(symbol, self.taken_apart(operand, operands, scope, current), span)
            case Binary(symbol, left, right, span):
                left = self.taken_apart(left, operands, scope, current)
                return Binary(symbol, left, self.taken_apart(right, operands, scope, current), span)
            case Apply(function, arguments, span) if self.is_applied(function, arguments, scope):
                return self.operand_of(self.applied(expression, scope, current), span, operands)
            case Hole(span):
                for name in free_names(expression):
                    self.word(Layer(Scalar(name.text, span), (), (), (), span, is_word=True), scope, current)
                return self.operand_of(self.hole(span), span, operands)
            case _:
                for name in free_names(expression):
                    if scope.find(name.text) is not None and name.text not in self.meanings.scope:
                        self.word(Layer(Scalar(name.text, name.span), (), (), (), name.span, is_word=True), scope, None)
                        problem = "only `+`, `-`, `*`, `/` and `**` can be done with values"
                        self.report.add(InvalidExpression(expression.span, problem))
                        return self.operand_of(self.nothing_known(expression.span), expression.span, operands)
                return expression

    def is_applied(self, function: str, arguments: tuple[Expression, ...], scope: Scope) -> bool:
        """Whether a function in a formula is an op that is applied to values, and none of arithmetic on numbers."""
        if function not in FUNCTIONS:
            return True
        words = {name.text for each in arguments for name in free_names(each)}
        return self.is_layer(function, scope) and any(word == CURRENT or scope.find(word) is not None for word in words)

    def operand_of(self, draft: Draft, span: Span, operands: Operands) -> Name:
        """A value that has no name of its own in a formula, under one that no spec can give."""
        place = f"{len(operands)} at {span.start}"
        operands[place] = draft
        return Name(place, span)

    def applied(self, use: Apply, scope: Scope, current: Draft | None, names: tuple[Scalar, ...] = ()) -> Draft:
        """What an op gives that is applied to values in a formula, as `tanh` in `o * tanh(c)`."""
        self.enter(use.span, BRANCH)
        word = Scalar(use.function, Span(use.span.source, use.span.start, use.span.start + len(use.function)))
        stranger = next((each for each in use.arguments if self.is_number(each, scope)), None)
        fed = tuple(self.operand(each, scope, current) for each in use.arguments if each is not stranger)
        self.assembly.used.update(each.producer for each in fed)
        settings = tuple(each for each in arguments_of(use) if not each.key.text.isdecimal())
        found: Draft | None = None
        if use.function == SCAN:
            cure = "it runs in a line of its own: `y = x -> scan(Cell(8))`"
            self.report.add(WrongScan(word.span, "`scan` cannot stand in a formula", cure))
        elif not self.is_layer(use.function, scope):
            from archspec.build.stranger import meant_by

            meant = meant_by(use.function, tuple(arguments_of(use)), self.frame.environment, self.frame.layers)
            for each in meant.words:
                self.meant(each)
            self.report.add(UnknownOp(word.span, use.function, meant.words, meant.cure))
        elif stranger is not None:
            if current is not None:
                self.assembly.used.add(current.producer)  # It may be meant to flow in.
            problem = f"in a formula `{use.function}` is applied to values, and `{stranger.span.text}` is none"
            kind = self.frame.environment.op(use.function)
            setting = kind.positional()[:1] if kind is not None and use.arguments[0] is stranger else ()
            pair = f"{setting[0]}={stranger.span.text}" if setting else "name=value"
            cure = f"its settings have names there: `{use.function}(x, {pair})`"
            if _MINUS.match(use.span.source.text, use.span.end):
                cure = "if an arrow is meant, it is written `->`"
            self.report.add(InvalidExpression(stranger.span, problem, cure))
        else:
            found = self.on(Layer(word, settings, names, (), use.span), fed, scope, may_be_again=True)
        self.leave(BRANCH)
        if found is None:
            found = self.nothing_known(use.span)
            for name in names:
                self.declare(name, found, scope)
        return found

    def is_number(self, expression: Expression, scope: Scope) -> bool:
        """Whether an expression is calculated from numbers alone."""
        match expression:
            case Literal():
                return True
            case Name(text):
                return text in self.meanings.scope and scope.find(text) is None
            case Unary(operand=operand):
                return self.is_number(operand, scope)
            case Binary(left=left, right=right):
                return self.is_number(left, scope) and self.is_number(right, scope)
        return False

    def operand(self, expression: Expression, scope: Scope, current: Draft | None) -> Draft:
        """The value that an op in a formula is applied to."""
        if isinstance(expression, Name):
            word = Layer(Scalar(expression.text, expression.span), (), (), (), expression.span, is_word=True)
            return self.source(word, scope, current)
        if isinstance(expression, Apply) and self.is_layer(expression.function, scope):
            return self.applied(expression, scope, current)
        return self.formula(Formula(expression, (), expression.span), scope, current)


def _operations(expression: Expression) -> int:
    match expression:
        case Unary(operand=operand):
            return 1 + _operations(operand)
        case Binary(left=left, right=right):
            return 1 + _operations(left) + _operations(right)
    return 0


_MINUS: Final = re.compile(r"[ \t]*-[ \t]*[^\W\d]")
