"""Functions in straight pieces: of signs and bounds, of rounding, and from one kind of values to another."""

from __future__ import annotations

from typing import Literal, final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, ShapeError
from archspec.ops.pointwise import Pointwise
from archspec.setting import OptionalNumber
from archspec.shape import Element, Shape


@final
class Abs(Pointwise):
    """The absolute value: `y = max(x, -x)`.

    Shapes: `[...] -> [...]`; whole numbers stay whole.
    Source: the absolute value; `torch.abs`.
    """

    name = "abs"


@final
class Sign(Pointwise):
    """The sign: `y` is 1 where `x` is above 0, -1 where it is below, and 0 at 0.

    Nothing flows back through it, as its slope is 0.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and flags stay as they are.
    Source: the sign of a number; `torch.sign`.
    """

    name = "sign"
    accepts = frozenset(Element)

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(), [3], element=Element.BOOL))


@final
class Clamp(Pointwise):
    """Keeps values between two bounds: `y = min(max(x, low), high)`.

    One of the bounds may be left out.

    Shapes: `[...] -> [...]`; whole numbers stay whole where the bounds are whole numbers, such as 1 and not 1.0.
    Source: `torch.clamp`.
    """

    name = "clamp"

    low: OptionalNumber = Field(None, description="least value of the output; where it is left out, there is none")
    high: OptionalNumber = Field(None, description="greatest value of the output; where it is left out, there is none")

    def infer(self, x: Shape) -> Shape:
        if self.low is None and self.high is None:
            raise ShapeError("keeps values between bounds, but has none", help="give it a `low`, a `high`, or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ShapeError(
                f"has a `low` of {self.low}, which is above its `high` of {self.high}",
                setting="low",
                help="use a `low` that is not above `high`",
            )
        has_fractions = isinstance(self.low, float) or isinstance(self.high, float)
        return Shape(x.sizes, Element.FLOAT if has_fractions else x.element)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(low=-1.5, high=2.5), [2, 8]),
            Example.of(cls(low=0), [2, 3, 4], element=Element.INT),
            Example.of(cls(high=0.5), [2, 3, 4], element=Element.INT),
        )


@final
class Floor(Pointwise):
    """Rounds down: `y` is the greatest whole number that is not above `x`.

    Nothing flows back through it, as its slope is 0.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and fractions fractions.
    Source: the floor of a number; `torch.floor`.
    """

    name = "floor"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Ceil(Pointwise):
    """Rounds up: `y` is the least whole number that is not below `x`.

    Nothing flows back through it, as its slope is 0.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and fractions fractions.
    Source: the ceiling of a number; `torch.ceil`.
    """

    name = "ceil"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Round(Pointwise):
    """Rounds to the nearest: `y` is the nearest whole number, and of two that are equally near the even one.

    Nothing flows back through it, as its slope is 0.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and fractions fractions.
    Source: the rounding of IEEE 754; `torch.round`.
    """

    name = "round"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Trunc(Pointwise):
    """Rounds towards zero: `y` is `x` without its digits behind the point.

    Nothing flows back through it, as its slope is 0.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and fractions fractions.
    Source: the truncation of a number; `torch.trunc`.
    """

    name = "trunc"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Cast(Pointwise):
    """Makes values of one kind of values of another: fractions, whole numbers or flags.

    A fraction becomes a whole number without its digits behind the point. A number becomes `true` unless it is zero,
    and `true` becomes 1. Nothing flows back through whole numbers and flags.

    Shapes: `[...] -> [...]`.
    Source: `torch.Tensor.to`.

    New fractions have as many bits as PyTorch gives them by default, and new whole numbers have 64.
    """

    name = "cast"
    accepts = frozenset(Element)

    element: Literal["float", "int", "bool"] = Field(description="what the output is made of")

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes, Element(self.element))

    def kept(self, x: Shape) -> Kept:
        return view() if x.element.value == self.element else NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(element="float"), [2, 8], element=Element.BOOL),
            Example.of(cls(element="int"), [2, 3, 4]),
            Example.of(cls(element="bool"), [3], element=Element.INT),
            Example.of(cls(element="int"), [3], element=Element.INT),
        )
