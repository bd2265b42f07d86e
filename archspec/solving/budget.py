"""What the figure of a model is to be."""

from __future__ import annotations

from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.expression import COMPARISONS, Binary, Expression, evaluate, free_names
from archspec.passes.budget import unit_of
from archspec.passes.figures import HiddenError, Subject, UndecidedFigureError
from archspec.passes.words import WORDS
from archspec.solving.error import SolveError
from archspec.solving.varied import Number
from archspec.source import Source
from archspec.spelling import closest, did_you_mean, listed
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar


@final
class Budget(Struct, frozen=True):
    """A comparison with a figure in it, as an `expect` line has it."""

    text: str
    comparison: Binary
    operator: str
    is_swapped: bool = False
    """Whether the figure stands on the right."""

    @classmethod
    def of(cls, text: str) -> Budget:
        """Read a budget; raises `SolveError`, or `Fault` where it is no expression."""
        source = Source("budget", text)
        expression = parse_expression(Scalar(text, source.whole()))
        if not isinstance(expression, Binary) or expression.operator not in COMPARISONS:
            raise SolveError(f"`{text}` is no budget; write one such as `params == 100M` or `macs <= 600M`")
        if expression.operator == "!=":
            raise SolveError("what a figure is not, nearly every setting meets; write `==`, `<=` or `>=`")
        return cls(text, expression, expression.operator)

    def turned(self, subject: Subject) -> Budget:
        """The budget with the side known on which the figure stands."""
        try:
            is_left = subject.figures(self.comparison.left) or not subject.figures(self.comparison.right)
        except HiddenError:
            return self
        return self if is_left else replace(self, is_swapped=True)

    def measured(self, subject: Subject) -> tuple[Number, Number]:
        """The figure of a model, for a batch of one where nothing else is said, and what it is to be."""
        # As for an order of sizes, so that it is about one example.
        asked = Binary("<=", self.comparison.left, self.comparison.right, self.comparison.span)
        if not subject.figures(asked):
            words = (closest(each.text, WORDS) for each in free_names(asked))
            cure = did_you_mean(next(filter(None, words), None)) or f"figures are {listed(WORDS, 'and')}"
            raise SolveError(f"`{self.text}` speaks of no figure; {cure}")
        sides = []
        for _, filled in subject.cases(asked):
            if isinstance(filled, Binary):
                sides.append((evaluate(filled.left, subject.scope), evaluate(filled.right, subject.scope)))
        numbers = [
            (left, right) for left, right in sides if isinstance(left, int | float) and isinstance(right, int | float)
        ]
        if len(numbers) < len(sides) or not numbers:
            raise UndecidedFigureError
        rising = self.operator in (">", ">=")
        # A receptive field is as large as the least, or the most, of the axes.
        left, right = (min if rising else max)(numbers, key=lambda each: each[0] - each[1])
        return (left, right) if subject.figures(self.comparison.left) else (right, left)

    def is_met(self, figure: Number, target: Number) -> bool:
        match self.order:
            case "<":
                return figure < target
            case "<=":
                return figure <= target
            case ">":
                return figure > target
            case ">=":
                return figure >= target
        return figure == target

    @property
    def order(self) -> str:
        """How the figure is compared with what it is to be."""
        return _TURNED.get(self.operator, self.operator) if self.is_swapped else self.operator

    @property
    def figure(self) -> Expression:
        return self.comparison.right if self.is_swapped else self.comparison.left

    @property
    def target(self) -> Expression:
        return self.comparison.left if self.is_swapped else self.comparison.right

    @property
    def unit(self) -> str:
        """The suffix or unit that the target has."""
        return unit_of(self.target.span.text)


_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
