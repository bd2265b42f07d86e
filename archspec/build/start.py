"""How weights start: from `init` lines and settings to an initialiser for each weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from archspec.build.meaning import Meanings
from archspec.build.settle import settle
from archspec.expression import Apply, Expression, Name
from archspec.shape import Shape
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Argument, Layer
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.initialiser import Initialiser  # Only specs with `init` wait for it.

ALL = "1"
"""The key of what has no name: weights of two axes and more."""


@final
@dataclass(frozen=True)
class Start:
    """How some weights start, and where that is written."""

    initialiser: Initialiser
    span: Span


@final
@dataclass
class Starts:
    """What the `init` of a model, a block or a layer says, by weights."""

    by_weight: Mapping[str, Start]
    used: set[str] = field(default_factory=set)

    def of(self, weight: str, shape: Shape) -> Start | None:
        """How a weight starts; one is meant by its whole name, or by the last word of it."""
        for key, start in self.by_weight.items():
            if key != ALL and (weight == key or weight.endswith((f".{key}", f"_{key}"))):
                self.used.add(key)
                return start
        if ALL in self.by_weight and shape.rank > 1:
            self.used.add(ALL)
            return self.by_weight[ALL]
        return None

    def find_unused(self, meanings: Meanings) -> None:
        """Report what fills no weight at all."""
        from archspec.catalog.starts import UnusedInit

        for key, start in self.by_weight.items():
            if key not in self.used and not meanings.is_partial:
                meanings.report.add(UnusedInit(start.span, "" if key == ALL else key))


def starts_of(arguments: Sequence[Argument], meanings: Meanings) -> Starts:
    """What an `init` says."""
    found: dict[str, Start] = {}
    for argument in arguments:
        initialiser = _initialiser(argument.value, meanings)
        if initialiser is not None:
            found[argument.key.text] = Start(initialiser, argument.value.span)
    return Starts(found)


def initialisers_of(
    weights: Mapping[str, Shape], starts: Sequence[Starts], meanings: Meanings
) -> dict[str, Initialiser]:
    """How each weight starts that one of the `init`s speaks of, of which the last is the nearest."""
    found: dict[str, Initialiser] = {}
    for weight, shape in weights.items():
        given = [start for each in reversed(starts) if (start := each.of(weight, shape)) is not None]
        if not given:
            continue
        initialiser = given[0].initialiser
        if shape.rank < initialiser.least_axes:
            from archspec.catalog.starts import WrongInit

            problem = f"`{initialiser.name}` fills weights of two axes and more, and `{weight}` is {shape}"
            meanings.report.add(WrongInit(given[0].span, problem))
        found[weight] = initialiser
    return found


def _initialiser(expression: Expression, meanings: Meanings) -> Initialiser | None:
    from archspec.catalog.starts import WrongInit
    from archspec.initialiser import INITIALISERS

    layer = layer_of(expression)
    if layer is None:
        if not isinstance(expression, Hole):
            problem = f"`{expression.span.text}` is no way to fill weights"
            meanings.report.add(WrongInit(expression.span, problem, tuple(INITIALISERS)))
        return None
    kind = INITIALISERS.get(layer.op.text)
    if kind is None:
        problem = f"no initialiser is called `{layer.op.text}`"
        suggestion = closest(layer.op.text, INITIALISERS)
        meanings.report.add(WrongInit(layer.op.span, problem, tuple(INITIALISERS), suggestion))
        for argument in layer.arguments:
            meanings.pass_over(argument.value)
        return None
    return settle(layer, kind, meanings).op


def layer_of(expression: Expression) -> Layer | None:
    """An expression as a layer: `relu`, or `conv(64, kernel=3)`; `None` if it is neither a word nor such a use."""
    span = expression.span
    match expression:
        case Name(text):
            return Layer(Scalar(text, span), (), (), (), span)
        case Apply(function, arguments, named=named):
            word = Scalar(function, Span(span.source, span.start, span.start + len(function)))
            positions = (Argument(Scalar(str(at), each.span), each) for at, each in enumerate(arguments, start=1))
            names = (Argument(Scalar(name, each.span), each) for name, each in named)
            return Layer(word, (*positions, *names), (), (), span)
    return None
