"""How weights start: from `init` lines and settings to an initialiser for each weight."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct

from archspec.build.alike import Alike
from archspec.build.meaning import Meanings
from archspec.build.settle import settle
from archspec.configured import Initialiser
from archspec.expression import Apply, Expression, Name
from archspec.shape import Shape
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Argument, Layer
from archspec.syntax.tree import Scalar

ALL = "1"
"""The key of what has no name: weights of two axes and more."""


@final
class Start(Struct, frozen=True):
    """How some weights start, and where that is written."""

    initialiser: Initialiser
    span: Span
    key: Span
    """Where the name of the weights is written that it is for."""


@final
class Starts(Struct):
    """What the `init` of a model, a block or a layer says, by weights."""

    by_weight: Mapping[str, Start]
    used: set[str] = set()
    seen: set[str] = set()
    """The names of all weights that could have been meant."""

    def of(self, weight: str, shape: Shape) -> Start | None:
        """How a weight starts: one is meant by its whole name, or by its last words, or else by its first ones.

        So `bias` means the `bias` of most layers, the `in_proj_bias` of attention, and each `bias_ih_l0` of an LSTM.
        """
        if not self.by_weight:
            return None
        # What is `out_proj.bias` in a framework is `out_proj_bias` where a name has no dots.
        written = (weight, weight.replace(".", "_"))
        ends = [each[place:] for place in _word_starts(weight) for each in written]
        self.seen.update(ends[1::2])
        names = [*ends, *(written[1][: place - 1] for place in reversed(list(_word_starts(weight))[1:]))]
        key = next((each for each in names if each in self.by_weight), ALL)
        if key not in self.by_weight or (key == ALL and shape.rank < 2):
            return None
        self.used.add(key)
        return self.by_weight[key]

    def find_unused(self, meanings: Meanings, op: str = "", *, is_hidden: bool = False) -> None:
        """Report what fills no weight at all, of a layer or of what is around it, unless an error hides the weights."""
        if not self.by_weight or is_hidden or meanings.is_partial:
            return
        from archspec.catalog.starts import UnusedInit

        for key, start in self.by_weight.items():
            if key == ALL and key not in self.used:
                meanings.report.add(UnusedInit(start.span, "", None, op))
            elif key not in self.used:
                meanings.report.add(UnusedInit(start.key, key, closest(key, self.seen)))


def _word_starts(name: str) -> Iterator[int]:
    yield 0
    yield from (each.end() for each in _BETWEEN.finditer(name))


_BETWEEN: Final = re.compile(r"[._]")


def starts_of(arguments: Sequence[Argument], meanings: Meanings) -> Starts:
    """What an `init` says."""
    found: dict[str, Start] = {}
    for argument in arguments:
        key = argument.key
        if key.text.isdecimal() and key.text != ALL:
            from archspec.catalog.starts import WrongInit

            cure = "name the weights that the others are for: `bias=zeros`"
            meanings.report.add(WrongInit(key.span, "`init` takes one value without a name", cure=cure))
            continue
        initialiser = _initialiser(argument.value, meanings)
        if initialiser is not None:
            found[key.text] = Start(initialiser, argument.value.span, key.span)
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

            problem = f"`{initialiser.name}` fills weights of two axes and more, and `{weight}` has fewer"
            meanings.report.add(WrongInit(given[0].span, problem))
        found[weight] = initialiser
    return found


def _initialiser(expression: Expression, meanings: Meanings) -> Initialiser | None:
    from archspec.catalog.starts import WrongInit
    from archspec.initialiser import INITIALISERS

    layer = layer_of(expression)
    if layer is not None and layer.op.text in meanings.parameters and layer.op.text not in INITIALISERS:
        meanings.used.add(layer.op.text)
        problem = f"`{layer.op.text}` is a parameter, and no way to fill weights"
        meanings.report.add(WrongInit(layer.op.span, problem, tuple(INITIALISERS)))
        return None
    if layer is None:
        if isinstance(expression, Hole):
            meanings.pass_over(expression)
        else:
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
    return settle(layer, kind, meanings, Alike()).op


def layer_of(expression: Expression) -> Layer | None:
    """An expression as a layer: `relu`, or `conv(64, kernel=3)`; `None` if it is neither a word nor such a use."""
    span = expression.span
    match expression:
        case Name(text):
            return Layer(Scalar(text, span), (), (), (), span)
        case Apply(function) as use:
            word = Scalar(function, Span(span.source, span.start, span.start + len(function)))
            return Layer(word, tuple(arguments_of(use)), (), (), span)
    return None


def arguments_of(use: Apply) -> Iterator[Argument]:
    """The arguments of an op in an expression, first those without a name."""
    for position, each in enumerate(use.arguments, start=1):
        yield Argument(Scalar(str(position), each.span), each)
    for name, each in use.named:
        yield Argument(Scalar(name, _before(each.span, name)), each)


def _before(value: Span, name: str) -> Span:
    """The place of the name that stands before a value and `=`; that of the value, if the text is written otherwise."""
    start = max(value.start - len(name) - FARTHEST, 0)
    before = value.source.text[start : value.start].rstrip(" \t(")
    word = before.removesuffix("=").rstrip()
    if before.endswith("=") and word.endswith(name):
        end = start + len(word)
        return Span(value.source, end - len(name), end)
    return value


FARTHEST: Final = 100
"""Before a value its name is looked for no farther away than this."""
