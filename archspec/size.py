"""Sizes of axes, and their exact arithmetic.

A `Size` is a number, or a `Formula` over sizes that are still open, such as `B` or `(H + 1)//2`. A formula is a
polynomial with whole coefficients; its variables are names and floor divisions. It is kept in one canonical form, so
that two sizes are the same function, as far as this arithmetic can tell, exactly when they compare equal:
`2*T*64 == 128*T`, and two strided layers in a row divide by one number. Arithmetic whose result is a number gives an
`int`, so that fully known shapes cost what integers cost.

Every open size stands for a whole number of at least 1. Whatever cannot be decided under that assumption is left open:
`differs` and `below` say yes only when it holds for every input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from math import gcd
from typing import Final, TypeAlias, final

from msgspec import Struct

LARGEST: Final = 2**63 - 1
"""No axis is longer than this; torch counts in signed 64-bit numbers."""

MOST_TERMS: Final = 500
"""A formula with more terms than this is refused, so that a hostile spec cannot fill the memory."""

HIGHEST_POWER: Final = 100
"""No product in a formula has more factors than this, which bounds what a formula can be evaluated to."""

LARGEST_COEFFICIENT: Final = 10**100
"""No number in a formula is larger than this. Counts of multiply-adds are well below it, and it can be printed."""

MOST_ATOMS: Final = 5_000
"""A formula in which names are written more often than this is refused. Floors in floors share their parts in memory,
but not when they are printed or evaluated."""

DEEPEST: Final = 30
"""Floors are nested no deeper than this, because what is done with them calls itself for each level."""

_ONE: Final[Monomial] = ()


class SizeError(ArithmeticError):
    """Arithmetic on sizes that has no meaning or is too large to carry out. Its text is fit for users."""


@final
class Quotient(Struct, frozen=True, dict=True):
    """The floor of a division that cannot be carried out yet. Made by `_atom`."""

    dividend: Size
    divisor: Size

    weight: int
    """How many names and numbers are written in it, at most."""

    depth: int
    """How deep floors are nested in it, itself included."""

    hash: int
    """Its hash, which is that of all that is nested in it."""

    def __hash__(self) -> int:
        return self.hash

    @cached_property
    def text(self) -> str:
        """The division, with the full names of sizes that we know nothing of."""
        return f"{_grouped(self.dividend)}//{_grouped(self.divisor)}"


@final
class Formula(Struct, frozen=True, dict=True):
    """A size that depends on open sizes. Made by `named` and by arithmetic, never directly."""

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: Size) -> Size:
        if isinstance(other, int):
            return self._plus_number(other)
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _canonical(terms)

    __radd__ = __add__

    def _plus_number(self, number: int) -> Size:
        """Most of what is added to a size is a number, which is the last of the terms."""
        if not number:
            return self
        terms = self.terms
        if terms[-1][0] == _ONE:
            number += terms[-1][1]
            terms = terms[:-1]
        elif len(terms) == MOST_TERMS:
            raise SizeError(f"a formula with more than {MOST_TERMS} terms")
        _check_number(number)
        return Formula((*terms, (_ONE, number)) if number else terms)

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + (-other)

    def __rsub__(self, other: Size) -> Size:
        return other + (-self)

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, int):
            return _in_order([(monomial, coefficient * other) for monomial, coefficient in self.terms])
        terms: dict[Monomial, int] = {}
        for left, left_coefficient in self.terms:
            for right, right_coefficient in _terms(other):
                product = _multiply(left, right)
                terms[product] = terms.get(product, 0) + left_coefficient * right_coefficient
        return _canonical(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Size:
        if not 0 <= exponent <= HIGHEST_POWER:
            raise SizeError(f"an open size can be raised to the powers 0 to {HIGHEST_POWER} only")
        result: Size = 1
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, divisor: Size) -> Size:
        return _floor_divide(self, divisor)

    def __rfloordiv__(self, dividend: Size) -> Size:
        return _floor_divide(dividend, self)

    def __mod__(self, divisor: Size) -> Size:
        return self - divisor * (self // divisor)

    def __rmod__(self, dividend: Size) -> Size:
        return dividend - self * (dividend // self)

    @cached_property
    def text(self) -> str:
        """The formula, with the full names of sizes that we know nothing of."""
        text = ""
        first = next((term for term in self.terms if term[1] > 0), self.terms[0])
        for monomial, coefficient in (first, *(term for term in self.terms if term is not first)):
            sign, amount = ("-" if coefficient < 0 else "+"), abs(coefficient)
            factors = [] if monomial == _ONE else [_power_text(atom, power) for atom, power in monomial]
            if amount != 1 or not factors:
                factors.insert(0, str(amount))
            product = "*".join(factors)
            if amount == 1 and len(factors) == 1 and (text or sign == "+"):
                product = _plain(monomial) or product
            text += product if not text and sign == "+" else f"-{product}" if not text else f" {sign} {product}"
        return text

    def __str__(self) -> str:
        return _UNKNOWN.sub("?", self.text)

    __repr__ = __str__


Size: TypeAlias = int | Formula
Atom: TypeAlias = str | Quotient
Monomial: TypeAlias = tuple[tuple[Atom, int], ...]
"""A product of powers, the atoms in order of their text; the empty product is 1."""


def named(name: str) -> Formula:
    """An open size. A name that starts with `?` is a size we know nothing of, and is shown as `?`."""
    return Formula(((((name, 1),), 1),))


def name_of(size: Size) -> str | None:
    """The name of an open size, if it is one that has a name and nothing else."""
    if isinstance(size, int) or len(size.terms) > 1:
        return None
    [(monomial, coefficient)] = size.terms
    atom = monomial[0][0]
    return atom if isinstance(atom, str) and coefficient == 1 and _is_name(monomial) else None


def names(size: Size) -> list[str]:
    """The open sizes that a size depends on, with repetitions."""
    found: list[str] = []
    if isinstance(size, int):
        return found
    for monomial, _ in size.terms:
        for atom, _power in monomial:
            if isinstance(atom, str):
                found.append(atom)
            else:
                found += names(atom.dividend)
                found += names(atom.divisor)
    return found


def evaluate(size: Size, sizes: Mapping[str, Size]) -> Size:
    """The size with each open size that `sizes` has replaced by what it has for it."""
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, coefficient in size.terms:
        term: Size = coefficient
        for atom, power in monomial:
            if isinstance(atom, str):
                value = sizes[atom] if atom in sizes else named(atom)
            else:
                value = _floor_divide(evaluate(atom.dividend, sizes), evaluate(atom.divisor, sizes))
            term = term * value**power
        total = total + term
    if isinstance(total, int):
        _check_number(total)
    return total


def summed(sizes: Iterable[Size]) -> Size:
    """The sum of many sizes, which is brought into its canonical form once."""
    number = 0
    terms: dict[Monomial, int] = {}
    for size in sizes:
        if isinstance(size, int):
            number += size
            continue
        for monomial, coefficient in size.terms:
            terms[monomial] = terms.get(monomial, 0) + coefficient
    if not terms:
        return number
    terms[_ONE] = terms.get(_ONE, 0) + number
    return _canonical(terms)


def ceil_divide(dividend: Size, divisor: Size) -> Size:
    """The quotient rounded up."""
    return -_floor_divide(-dividend, divisor)


def divide_exactly(dividend: Size, divisor: Size) -> Size | None:
    """The quotient where it is whole for every input, and `None` elsewhere."""
    quotient = _floor_divide(dividend, divisor)
    return quotient if quotient * divisor == dividend else None


def differs(left: Size, right: Size) -> bool:
    """Whether the two are different for every input."""
    low, high = _bounds_of_difference(left, right)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return True
    if (noted := _PRESUMED.get()) is not None and not low == high == 0:
        noted.append((left, right))
    return False


_PRESUMED: Final[ContextVar[list[tuple[Size, Size]] | None]] = ContextVar("presumed", default=None)


@contextmanager
def presumed_equal() -> Iterator[list[tuple[Size, Size]]]:
    """The sizes that are not known to differ, nor to be equal, and are found to be so meanwhile."""
    noted: list[tuple[Size, Size]] = []
    token = _PRESUMED.set(noted)
    try:
        yield noted
    finally:
        _PRESUMED.reset(token)


def below(left: Size, right: Size) -> bool:
    """Whether the left size is smaller than the right one for every input."""
    _, high = _bounds_of_difference(left, right)
    return high is not None and high < 0


def _bounds_of_difference(left: Size, right: Size) -> tuple[int | None, int | None]:
    try:
        return bounds(left - right)
    except SizeError:
        return None, None  # What is too large to be subtracted is left open, like all that cannot be decided.


def bounds(size: Size) -> tuple[int | None, int | None]:
    """A lower and an upper bound that hold for all open sizes of at least 1; `None` where there is no bound."""
    if isinstance(size, int):
        return size, size
    low: int | None = 0
    high: int | None = 0
    for monomial, coefficient in size.terms:
        least: int | None = 1
        most = 1 if monomial == _ONE else None
        for atom, power in monomial:
            # An atom that could be negative says nothing about the product.
            atom_least = _least(atom)
            least = None if least is None or atom_least is None or atom_least < 0 else least * atom_least**power
        if coefficient < 0:
            least, most = most, least
        low = None if low is None or least is None else low + coefficient * least
        high = None if high is None or most is None else high + coefficient * most
    return low, high


def _least(atom: Atom) -> int | None:
    if isinstance(atom, str):
        return 1
    dividend, _ = bounds(atom.dividend)
    least_divisor, greatest_divisor = bounds(atom.divisor)
    if dividend is None or least_divisor is None or least_divisor < 1:
        return None
    if dividend >= 0:
        return 0 if greatest_divisor is None else dividend // greatest_divisor
    return dividend // least_divisor


def _terms(size: Size) -> tuple[tuple[Monomial, int], ...]:
    return size.terms if isinstance(size, Formula) else ((_ONE, size),)


def _canonical(terms: Mapping[Monomial, int]) -> Size:
    """The sum of terms, of which no two have the same monomial."""
    kept = [term for term in terms.items() if term[1]]
    if len(kept) > MOST_TERMS:
        raise SizeError(f"a formula with more than {MOST_TERMS} terms")
    if sum([_weight(monomial) for monomial, _ in kept]) > MOST_ATOMS:
        raise SizeError(f"a formula with more than {MOST_ATOMS} names in it")
    if len(kept) > 1:
        kept.sort(key=_term_order)
    return _in_order(kept)


def _in_order(terms: Iterable[tuple[Monomial, int]]) -> Size:
    """The sum of terms that are in their order already, and not too many."""
    kept = tuple([term for term in terms if term[1]])
    for _, coefficient in kept:
        if abs(coefficient) > LARGEST:  # Few are so large that it is worth a look whether they are too large.
            _check_number(coefficient)
    if not kept:
        return 0
    return kept[0][1] if kept[0][0] == _ONE else Formula(kept)


def _check_number(number: int) -> None:
    if abs(number) > LARGEST_COEFFICIENT:
        raise SizeError("a number with more than 100 digits")


def _weight(monomial: Monomial) -> int:
    return sum([1 if isinstance(atom, str) else atom.weight for atom, _ in monomial])


def _degree(monomial: Monomial) -> int:
    return sum([power for _, power in monomial])


def _term_order(term: tuple[Monomial, int]) -> tuple[int, str]:
    return _order(term[0])


@lru_cache(maxsize=4096)
def _order(monomial: Monomial) -> tuple[int, str]:
    return -_degree(monomial), "*".join([f"{_key(atom)}^{power}" for atom, power in monomial])


def _multiply(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    if sum(powers.values()) > HIGHEST_POWER:
        raise SizeError(f"a product of more than {HIGHEST_POWER} open sizes")
    # What is in parentheses comes before all names, whatever it is: most products need no text to be in order.
    floors = [(atom, power) for atom, power in powers.items() if isinstance(atom, Quotient)]
    if len(floors) > 1:
        floors.sort(key=lambda item: _key(item[0]))
    return *floors, *sorted([(atom, power) for atom, power in powers.items() if isinstance(atom, str)])


def _without(monomial: Monomial, factor: Monomial) -> Monomial | None:
    """The product divided by one of its factors; `None` when it is not a factor."""
    powers = dict(monomial)
    for atom, power in factor:
        powers[atom] = powers.get(atom, 0) - power
        if powers[atom] < 0:
            return None
    return tuple((atom, power) for atom, power in powers.items() if power)


def _key(atom: Atom) -> str:
    # Not what is shown: two sizes that we know nothing of are both shown as `?`, and are two sizes all the same.
    return atom if isinstance(atom, str) else f"({atom.text})"


def _floor_divide(dividend: Size, divisor: Size) -> Size:
    if isinstance(divisor, int):
        if divisor == 0:
            raise SizeError("division by zero")
        if isinstance(dividend, int):
            return dividend // divisor
        return _divide_by_number(dividend, divisor)
    return _divide_by_formula(dividend, divisor)


@lru_cache(maxsize=4096)
def _divide_by_number(dividend: Formula, divisor: int) -> Size:
    """The canonical floor: whole parts are taken out, common factors cancelled, and floors in floors made one."""
    if divisor < 0:
        return (-dividend) // (-divisor)
    whole = _in_order([(monomial, coefficient // divisor) for monomial, coefficient in dividend.terms])
    rest = _in_order([(monomial, coefficient % divisor) for monomial, coefficient in dividend.terms])
    if isinstance(rest, int):
        return whole  # A remainder that is a number is below the divisor.
    common = gcd(divisor, *(coefficient for monomial, coefficient in rest.terms if monomial != _ONE))
    if common > 1:
        # floor((common * p + c) / (common * d)) = floor((p + floor(c / common)) / d)
        rest = _in_order([(monomial, coefficient // common) for monomial, coefficient in rest.terms])
        return whole + _floor_divide(rest, divisor // common)
    return whole + _floor(rest, divisor)


def _divide_by_formula(dividend: Size, divisor: Formula) -> Size:
    """The same for a divisor with open sizes. It may be negative, so that less can be said about the rest."""
    if dividend == 0:
        return 0
    if divisor.terms[0][1] < 0:
        return _floor_divide(-dividend, -divisor)
    if len(divisor.terms) > 1:
        exact = _exact_quotient(dividend, divisor)
        return _cancelled(dividend, divisor) if exact is None else exact
    monomial, coefficient = divisor.terms[0]
    whole: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    for term, amount in _terms(dividend):
        others = _without(term, monomial)
        if others is None:
            rest[term] = amount
        else:
            whole[others], rest[term] = divmod(amount, coefficient)
    remainder = _canonical(rest)
    return _canonical(whole) if remainder == 0 else _canonical(whole) + _cancelled(remainder, divisor)


def _exact_quotient(dividend: Size, divisor: Formula) -> Size | None:
    """The polynomial that times the divisor is the dividend, by long division; `None` when there is none."""
    atoms = {atom for size in (dividend, divisor) for monomial, _ in _terms(size) for atom, _ in monomial}
    by_name = sorted(atoms, key=_key)

    def order(monomial: Monomial) -> tuple[int, ...]:
        powers = dict(monomial)
        return _degree(monomial), *(powers.get(atom, 0) for atom in by_name)

    first, coefficient = max(divisor.terms, key=lambda term: order(term[0]))
    rest = dict(_terms(dividend))
    quotient: dict[Monomial, int] = {}
    while rest and len(rest) <= MOST_TERMS:
        highest = max(rest, key=order)
        factor = _without(highest, first)
        if factor is None or rest[highest] % coefficient:
            return None
        quotient[factor] = rest[highest] // coefficient
        for monomial, amount in divisor.terms:
            product = _multiply(monomial, factor)
            rest[product] = rest.get(product, 0) - amount * quotient[factor]
            if rest[product] == 0:
                del rest[product]
    return None if rest else _canonical(quotient)


def _cancelled(dividend: Size, divisor: Formula) -> Size:
    """The floor of a division, with the factors cancelled that all terms of both have."""
    terms = (*_terms(dividend), *divisor.terms)
    number = gcd(*(coefficient for _, coefficient in terms))
    powers = dict(divisor.terms[0][0])
    for monomial, _ in terms:
        found = dict(monomial)
        powers = {atom: min(power, found[atom]) for atom, power in powers.items() if atom in found}
    if number == 1 and not powers:
        return _floor(dividend, divisor)
    shared = tuple(powers.items())

    def part(size: Size) -> Size:
        return _canonical({_without(monomial, shared) or _ONE: each // number for monomial, each in _terms(size)})

    return _floor_divide(part(dividend), part(divisor))


def _floor(dividend: Size, divisor: Size) -> Size:
    """The floor of a division that has no whole part and no common factors."""
    floors = [monomial[0][0] for monomial, each in _terms(dividend) if each == 1 and _degree(monomial) == 1]
    inner = [atom for atom in floors if isinstance(atom, Quotient)]
    least, _ = bounds(divisor)
    if len(inner) == 1 and least is not None and least >= 1:
        # floor((floor(n / m) + c) / d) = floor((n + c * m) / (m * d)) for a positive d
        [quotient] = inner
        others = dividend - Formula(((((quotient, 1),), 1),))
        return _floor_divide(quotient.dividend + others * quotient.divisor, quotient.divisor * divisor)
    return _atom(dividend, divisor)


def _atom(dividend: Size, divisor: Size) -> Formula:
    """A division that is left as it is."""
    monomials = [monomial for part in (dividend, divisor) for monomial, _ in _terms(part)]
    depth = 1 + max([atom.depth for each in monomials for atom, _ in each if isinstance(atom, Quotient)], default=0)
    weight = 1 + sum(map(_weight, monomials))
    if depth > DEEPEST:
        raise SizeError(f"divisions nested more than {DEEPEST} deep")
    if weight > MOST_ATOMS:
        raise SizeError(f"a formula with more than {MOST_ATOMS} names in it")
    quotient = Quotient(dividend, divisor, weight, depth, hash((dividend, divisor)))
    return Formula(((((quotient, 1),), 1),))


_UNKNOWN: Final = re.compile(r"\?[^\s*/()]*")


def _plain(monomial: Monomial) -> str:
    """A division that needs no parentheses, as it stands in a sum and does not start with a sign."""
    if _degree(monomial) != 1 or isinstance(monomial[0][0], str):
        return ""
    text = monomial[0][0].text
    return "" if text.startswith("-") else text


def _power_text(atom: Atom, power: int) -> str:
    return _key(atom) if power == 1 else f"{_key(atom)}**{power}"


def _grouped(size: Size) -> str:
    if isinstance(size, int):
        return str(size)
    plain = len(size.terms) == 1 and size.terms[0][1] == 1 and _is_name(size.terms[0][0])
    return size.text if plain else f"({size.text})"


def _is_name(monomial: Monomial) -> bool:
    return len(monomial) == 1 and isinstance(monomial[0][0], str) and monomial[0][1] == 1
