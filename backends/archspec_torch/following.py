"""What numbers follow from the parameters of a model, and how: `4 * width`, `width // heads`, `dropout`.

A model is built several times, with other values for its parameters. What has not the same value each time follows from
parameters that have not; an expression over these is looked for that comes to each of the values. Whole numbers are
`Formula`s over the names of parameters, so that they can be calculated with as sizes are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from fractions import Fraction
from itertools import permutations
from math import isclose, prod
from typing import Any, Final, final

from msgspec import Struct

from archspec.size import Formula, Size, SizeError, evaluate, named
from archspec_torch.call import Call, Operation, Setting, Unsaid

_MOST_PARAMETERS: Final = 3
"""A number follows from no more parameters than this, or from none that we find."""


class UnexplainedError(Exception):
    """Something follows from parameters, and nobody can say how."""

    def __init__(self, parameters: frozenset[str]) -> None:
        super().__init__(f"something follows from {', '.join(sorted(parameters))}")
        self.parameters = parameters


@final
class Samples(Struct, frozen=True):
    """The values of parameters each time a model was built: first those that it has, then others."""

    values: tuple[Mapping[str, Any], ...]

    def changed(self, number: int) -> frozenset[str]:
        """The parameters that had other values."""
        first, other = self.values[0], self.values[number]
        return frozenset(name for name, value in first.items() if not _is_same(value, other[name]))

    def followed(self, found: Sequence[Any]) -> Any:
        """What was found each time, in one: the same values as they are, and others as expressions over parameters.

        Raises:
            UnexplainedError: the values differ in a way that no expression tells.
        """
        first = found[0]
        if all(each is first or _is_same(each, first) for each in found):
            return first
        if all(isinstance(each, Unsaid) for each in found):
            return Unsaid(self.followed([each.value for each in found]))
        found = [each.value if isinstance(each, Unsaid) else each for each in found]
        first = found[0]
        if any(isinstance(each, Formula) for each in found):
            return self._open_size(found)
        if is_dataclass(first) or isinstance(first, Struct):
            return self._parts(found)
        if isinstance(first, tuple) and self._is_alike(found, tuple):
            return tuple(self.followed(each) for each in zip(*found, strict=True))
        if (
            isinstance(first, Mapping)
            and self._is_alike(found, type(first))
            and len({tuple(each) for each in found}) == 1
        ):
            return {key: self.followed([each[key] for each in found]) for key in first}
        return self._number(found)

    def _is_alike(self, found: Sequence[Any], kind: type) -> bool:
        return all(isinstance(each, kind) for each in found) and len({len(each) for each in found}) == 1

    def _parts(self, found: Sequence[Any]) -> Any:
        first = found[0]
        if any(type(each) is not type(first) for each in found):
            raise self._unexplained(found)
        parts = {}
        for name in type(first).__match_args__:
            values = [getattr(one, name) for one in found]
            if isinstance(values[0], str) or (isinstance(first, Call) and name == "passing"):
                # What is called is no value that could be an argument.
                if any(value != values[0] for value in values):
                    raise self._unexplained(values)
                parts[name] = values[0]
            else:
                parts[name] = self.followed(values)
        return type(first)(**parts)

    def _open_size(self, found: Sequence[Any]) -> Size:
        """A size that is open beside what follows from parameters: `T` times `width`."""
        if any(not isinstance(each, Formula) for each in found):
            raise self._unexplained(found)
        monomials = [tuple(monomial for monomial, _ in each.terms) for each in found]
        if any(set(each) != set(monomials[0]) for each in monomials):
            raise self._unexplained(found)
        total: Size = 0
        for monomial in monomials[0]:
            factor = self.followed([dict(each.terms)[monomial] for each in found])
            total = total + factor * Formula(((monomial, 1),))
        return total

    def _number(self, found: Sequence[Any]) -> Any:
        """A number, flag or text as an expression over parameters that comes to it each time."""
        causes = self._causes(found)
        if len(causes) <= _MOST_PARAMETERS and self._is_tested(causes):
            for each in self._candidates(found, sorted(causes)):
                if all(
                    self._comes_to(each, settings, wanted) for settings, wanted in zip(self.values, found, strict=True)
                ):
                    return each
        raise self._unexplained(found)

    def _causes(self, found: Sequence[Any]) -> frozenset[str]:
        """The parameters that something follows from."""
        numbers = [number for number, each in enumerate(found) if not _is_same(each, found[0])]
        alone = [changed for changed in map(self.changed, numbers) if len(changed) == 1]
        # Where no parameter alone has changed it, all that changed together may have.
        return frozenset().union(*(alone or map(self.changed, numbers)))

    def _unexplained(self, found: Sequence[Any]) -> UnexplainedError:
        return UnexplainedError(self._causes(found))

    def _is_tested(self, causes: frozenset[str]) -> bool:
        """Whether the parameters were changed together."""
        return len(causes) == 1 or any(causes <= self.changed(number) for number, _ in enumerate(self.values))

    def _comes_to(self, expression: Any, settings: Mapping[str, Any], wanted: Any) -> bool:
        try:
            return _is_same(evaluated(expression, settings), wanted)
        except (SizeError, ArithmeticError):
            return False

    # ------------------------------------------------------------------------------------------------ what it may be

    def _candidates(self, found: Sequence[Any], causes: Sequence[str]) -> Iterator[Any]:
        """Expressions that may come to what was found, the plainest first."""
        first = self.values[0]
        kinds = {type(each) for each in found}
        if len(causes) == 1 and kinds == {float} and type(first[causes[0]]) in (int, float):
            # A number such as a rate may be written without a point.
            yield Setting(causes[0], "float")
        if len(causes) == 1 and kinds == {type(first[causes[0]])} <= {bool, str}:
            yield Setting(causes[0], type(first[causes[0]]).__name__)
        if all(type(first[name]) is int for name in causes):
            if kinds == {int}:
                yield from self._sizes(found, causes)
            elif kinds == {float}:
                yield from self._powers(found, causes)

    def _sizes(self, found: Sequence[int], causes: Sequence[str]) -> Iterator[Size]:
        """Whole numbers that follow from whole numbers."""
        first = self.values[0]
        number, numbers = found[0], [first[name] for name in causes]
        sizes = [named(name) for name in causes]
        yield from self._sums(found, causes)
        if all(numbers):
            ratio = Fraction(number, prod(numbers))
            yield ratio.numerator * prod(sizes) // ratio.denominator
        for order in permutations(zip(sizes, numbers, strict=True)) if len(causes) > 1 and all(numbers) else ():
            *above, (below, divisor) = order
            whole, dividend = prod(size for size, _ in above), prod(each for _, each in above)
            if number * divisor % dividend == 0:
                yield whole * (number * divisor // dividend) // below
            if dividend % divisor == 0 and number % (dividend // divisor) == 0:
                yield whole // below * (number // (dividend // divisor))
        for size, each in zip(sizes, numbers, strict=True) if len(causes) == 1 and number > 0 else ():
            for divisor in range(2, _LARGEST_DIVISOR + 1):
                if each // divisor == number:
                    yield size // divisor
                if (each + divisor - 1) // divisor == number:
                    yield (size + divisor - 1) // divisor

    def _sums(self, found: Sequence[int], causes: Sequence[str]) -> Iterator[Size]:
        """The sum of multiples of parameters and a number, with which each of them alone goes up."""
        first, total = self.values[0], found[0]
        size: Size = 0
        for name in causes:
            number = next((each for each, _ in enumerate(self.values) if self.changed(each) == {name}), None)
            if number is None:
                return
            factor = Fraction(found[number] - found[0], self.values[number][name] - first[name])
            if factor.denominator != 1:
                return
            total -= int(factor) * first[name]
            size = size + int(factor) * named(name)
        yield size + total

    def _powers(self, found: Sequence[float], causes: Sequence[str]) -> Iterator[Operation]:
        """Roots and inverses of sizes, such as the square root of a width that embeddings are multiplied with."""
        for power, exponent in ((0.5, 2), (-0.5, -2), (-1.0, -1)):
            if all(each > 0 for each in found):
                whole = [round(each**exponent) for each in found]
                for size in self._sizes(whole, causes):
                    yield Operation("**", (size, power)) if power != -1.0 else Operation("/", (1, size))
        if len(causes) == 1:
            yield from self._shares(found[0], named(causes[0]), self.values[0][causes[0]])

    def _shares(self, found: float, size: Size, number: int) -> Iterator[Operation]:
        """A short number over a size, or over the square root of one, as weights start the smaller, the deeper a model
        is."""
        for factor in range(1, _LARGEST_DIVISOR + 1):
            for power in (0.5, 1):
                above = float(f"{found * (factor * number) ** power:.2g}")
                if isclose(above, found * (factor * number) ** power, rel_tol=1e-9):
                    below: Any = factor * size
                    yield Operation("/", (above, below if power == 1 else Operation("**", (below, power))))


_LARGEST_DIVISOR: Final = 64


def evaluated(expression: Any, settings: Mapping[str, Any]) -> Any:
    """What an expression comes to with some values for the parameters."""
    match expression:
        case Formula():
            return evaluate(expression, settings)
        case Setting(name, kind):
            return float(settings[name]) if kind == "float" else settings[name]
        case Operation("/", (left, right)):
            return evaluated(left, settings) / evaluated(right, settings)
        case Operation("**", (left, right)):
            return evaluated(left, settings) ** evaluated(right, settings)
        case _:
            return expression


def _is_same(left: Any, right: Any) -> bool:
    """Whether two values are the same in source, in which `1` is neither `True` nor `1.0`."""
    return type(left) is type(right) and left == right and (isinstance(left, int | str) or repr(left) == repr(right))
