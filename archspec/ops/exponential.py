"""Exponentials, their inverses, and what is made of them."""

from __future__ import annotations

from typing import final

from archspec.kept import Kept
from archspec.ops.pointwise import Fractional
from archspec.shape import Shape


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
class Logit(Fractional):
    """The inverse of `sigmoid`: `y = log(x/(1 - x))`.

    It is not a number below 0 or above 1, and infinite at both.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the logarithm of the odds; `torch.logit`.
    """

    name = "logit"


@final
class Erf(Fractional):
    """The error function: `y = 2/sqrt(pi) * integral from 0 to x of exp(-t^2) dt`, from -1 to 1.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the error function; `torch.erf`.
    """

    name = "erf"


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
