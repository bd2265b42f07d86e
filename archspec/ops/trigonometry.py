"""Functions of angles, and the angles that have given values of them."""

from __future__ import annotations

from typing import final

from archspec.kept import Kept
from archspec.ops.pointwise import Fractional
from archspec.shape import Shape


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
