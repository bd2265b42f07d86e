"""Functions of single values, comparisons and logic."""

from __future__ import annotations

from abc import ABC
from typing import Literal, final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import broadcast, joint_element, seen_when_laid_over
from archspec.setting import OptionalNumber
from archspec.shape import Element, Shape
from archspec.sight import Sights, pointwise


class Pointwise(Op, ABC):
    """A function of each value: its output has the shape of its input."""

    family = Family.ELEMENTWISE
    accepts = frozenset({Element.FLOAT, Element.INT})

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(), [2, 3, 4], element=Element.INT))


class Fractional(Pointwise, ABC):
    """A function of each value that gives fractions, also of whole numbers."""

    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(), [3], element=Element.BOOL))


@final
class Exp(Fractional):
    """The exponential: `y = e^x`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the exponential function; `torch.exp`.
    """

    name = "exp"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Expm1(Fractional):
    """The exponential less one: `y = e^x - 1`.

    It is exact near 0, where the exponential is so close to 1 that the difference would lose its digits.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the exponential function; `torch.expm1`.
    """

    name = "expm1"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Log(Fractional):
    """The natural logarithm: `y = log(x)`, such that `e^y = x`.

    It is minus infinity at 0, and not a number below.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the natural logarithm; `torch.log`.
    """

    name = "log"


@final
class Log1p(Fractional):
    """The natural logarithm of one more: `y = log(1 + x)`.

    It is exact near 0, where the sum would lose the digits of `x`. It is not a number below -1.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the natural logarithm; `torch.log1p`.
    """

    name = "log1p"


@final
class Log2(Fractional):
    """The logarithm to base 2: `y = log(x)/log(2)`, such that `2^y = x`.

    It is minus infinity at 0, and not a number below.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the binary logarithm; `torch.log2`.
    """

    name = "log2"


@final
class Log10(Fractional):
    """The logarithm to base 10: `y = log(x)/log(10)`, such that `10^y = x`.

    It is minus infinity at 0, and not a number below.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the decimal logarithm; `torch.log10`.
    """

    name = "log10"


@final
class Sqrt(Fractional):
    """The square root: `y = x^(1/2)`.

    It is not a number below 0.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the square root; `torch.sqrt`.
    """

    name = "sqrt"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Rsqrt(Fractional):
    """The reciprocal of the square root: `y = 1/sqrt(x)`.

    It is infinite at 0, and not a number below.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the square root; `torch.rsqrt`.
    """

    name = "rsqrt"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Reciprocal(Fractional):
    """The reciprocal: `y = 1/x`.

    It is infinite at 0.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the reciprocal; `torch.reciprocal`.
    """

    name = "reciprocal"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Sin(Fractional):
    """The sine of an angle in radians: `y = sin(x)`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the trigonometric function; `torch.sin`.
    """

    name = "sin"


@final
class Cos(Fractional):
    """The cosine of an angle in radians: `y = cos(x)`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the trigonometric function; `torch.cos`.
    """

    name = "cos"


@final
class Tan(Fractional):
    """The tangent of an angle in radians: `y = sin(x)/cos(x)`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the trigonometric function; `torch.tan`.
    """

    name = "tan"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Asin(Fractional):
    """The angle of a sine, in radians from -pi/2 to pi/2: `y = asin(x)`, such that `sin(y) = x`.

    It is not a number below -1 or above 1.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the inverse trigonometric function; `torch.asin`.
    """

    name = "asin"


@final
class Acos(Fractional):
    """The angle of a cosine, in radians from 0 to pi: `y = acos(x)`, such that `cos(y) = x`.

    It is not a number below -1 or above 1.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the inverse trigonometric function; `torch.acos`.
    """

    name = "acos"


@final
class Atan(Fractional):
    """The angle of a tangent, in radians from -pi/2 to pi/2: `y = atan(x)`, such that `tan(y) = x`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the inverse trigonometric function; `torch.atan`.
    """

    name = "atan"


@final
class Sinh(Fractional):
    """The hyperbolic sine: `y = (exp(x) - exp(-x))/2`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the hyperbolic function; `torch.sinh`.
    """

    name = "sinh"


@final
class Cosh(Fractional):
    """The hyperbolic cosine: `y = (exp(x) + exp(-x))/2`.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the hyperbolic function; `torch.cosh`.
    """

    name = "cosh"


@final
class Erf(Fractional):
    """The error function: `y = 2/sqrt(pi) * integral from 0 to x of exp(-t^2) dt`, from -1 to 1.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the error function; `torch.erf`.
    """

    name = "erf"


@final
class Logit(Fractional):
    """The inverse of `sigmoid`: `y = log(x/(1 - x))`.

    It is not a number below 0 or above 1, and infinite at both.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the logarithm of the odds; `torch.logit`.
    """

    name = "logit"


@final
class Abs(Pointwise):
    """The absolute value: `y = max(x, -x)`.

    Shapes: `[...] -> [...]`; whole numbers stay whole.
    Source: the absolute value; `torch.abs`.
    """

    name = "abs"


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
class Square(Pointwise):
    """The square: `y = x * x`.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and flags become whole numbers.
    Source: the square; `torch.square`.
    """

    name = "square"
    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes, joint_element(x.element, Element.INT))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(), [3], element=Element.BOOL))


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


class Comparison(Op, ABC):
    """A comparison of two values, or of one with a number, position by position."""

    family = Family.ELEMENTWISE
    accepts = frozenset(Element)

    value: OptionalNumber = Field(None, description="what the input is compared with, if there is no second input")

    def infer(self, x: Shape, other: Shape | None = None) -> Shape:
        if (other is None) is (self.value is None):
            raise ShapeError(
                "compares with nothing"
                if other is None
                else "has two inputs, which are compared with each other, and a `value`",
                setting=None if other is None else "value",
                help=f"give it a second input, or a number, as in `{self.name}(0)`"
                if other is None
                else "leave out `value`, or the second input",
            )
        return Shape(x.sizes if other is None else broadcast(x, other), Element.BOOL)

    def sees(self, x: Shape, other: Shape | None = None) -> tuple[Sights, ...]:
        return seen_when_laid_over(x) if other is None else seen_when_laid_over(x, other)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8]),
            Example.of(cls(value=0.5), [2, 3, 4]),
            Example(cls(), (Shape.of(2, 3, 4, element=Element.INT), Shape.of(3, 1))),
        )


@final
class Equal(Comparison):
    """Where two values are equal: `y = (x == other)`.

    The other is a second input, or the number `value`. Results of fractions are rarely equal to the last digit, so
    that it is of use for whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.eq`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "equal"


@final
class NotEqual(Comparison):
    """Where two values differ: `y = (x != other)`.

    The other is a second input, or the number `value`. Results of fractions are rarely equal to the last digit, so
    that it is of use for whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.ne`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "not_equal"


@final
class Greater(Comparison):
    """Where one value is above another: `y = (x > other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.gt`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "greater"


@final
class GreaterEqual(Comparison):
    """Where one value is above another or equal to it: `y = (x >= other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.ge`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "greater_equal"


@final
class Less(Comparison):
    """Where one value is below another: `y = (x < other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.lt`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "less"


@final
class LessEqual(Comparison):
    """Where one value is below another or equal to it: `y = (x <= other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.le`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "less_equal"


class Connective(Op, ABC):
    """Flags that follow from others at the same position."""

    family = Family.ELEMENTWISE
    accepts = frozenset(Element)

    def infer(self, *xs: Shape) -> Shape:
        sizes = xs[0].sizes
        for each in xs[1:]:
            sizes = broadcast(sizes, each)
        return Shape(sizes, Element.BOOL)

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(*xs)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8], element=Element.BOOL),
            Example.of(cls(), [2, 3, 4], [3, 1], [4], element=Element.BOOL),
            Example(cls(), (Shape.of(2, 3, element=Element.INT), Shape.of(2, 3))),
        )


@final
class LogicalAnd(Connective):
    """Where all of two or more values hold: `y = x1 and x2 and ...`.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: conjunction, with the broadcasting of `torch.logical_and`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_and"


@final
class LogicalOr(Connective):
    """Where any of two or more values holds: `y = x1 or x2 or ...`.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: disjunction, with the broadcasting of `torch.logical_or`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_or"


@final
class LogicalXor(Connective):
    """Where an odd number of two or more values holds; of two, where they differ.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: exclusive disjunction, with the broadcasting of `torch.logical_xor`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_xor"


@final
class LogicalNot(Pointwise):
    """Where a value does not hold: `y = not x`.

    Shapes: `[...] bool -> [...] bool`. A number holds unless it is zero.
    Source: negation; `torch.logical_not`.
    """

    name = "logical_not"
    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes, Element.BOOL)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [3], element=Element.BOOL), *super().examples())
