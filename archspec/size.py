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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from math import gcd
from typing import Final, TypeAlias, final

Size: TypeAlias = "int | Formula"
Atom: TypeAlias = "str | Quotient"
Monomial: TypeAlias = tuple[tuple[Atom, int], ...]
"""A product of powers, the atoms in order of their text; the empty product is 1."""

LARGEST: Final = 2**63 - 1
"""No axis is longer than this; torch counts in signed 64-bit numbers."""

MOST_TERMS: Final = 500
"""A formula with more terms than this is refused, so that a hostile spec cannot fill the memory."""

_ONE: Final[Monomial] = ()


class SizeError(ArithmeticError):
    """Arithmetic on sizes that has no meaning or is too large to carry out. Its text is fit for users."""


@final
@dataclass(frozen=True)
class Quotient:
    """The floor of a division that cannot be carried out yet."""

    dividend: Size
    divisor: Size

    @cached_property
    def text(self) -> str:
        return f"{_grouped(self.dividend)}//{_grouped(self.divisor)}"


@final
@dataclass(frozen=True, eq=False)
class Formula:
    """A size that depends on open sizes. Made by `named` and by arithmetic, never directly."""

    terms: tuple[tuple[Monomial, int], ...]

    # Two formulas are equal when their canonical terms are, and no formula equals a number.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    def __add__(self, other: Size) -> Size:
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _canonical(terms)

    __radd__ = __add__

    def __neg__(self) -> Size:
        return _canonical({monomial: -coefficient for monomial, coefficient in self.terms})

    def __sub__(self, other: Size) -> Size:
        return self + (-other)

    def __rsub__(self, other: Size) -> Size:
        return other + (-self)

    def __mul__(self, other: Size) -> Size:
        terms: dict[Monomial, int] = {}
        for left, left_coefficient in self.terms:
            for right, right_coefficient in _terms(other):
                product = _multiply(left, right)
                terms[product] = terms.get(product, 0) + left_coefficient * right_coefficient
        return _canonical(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Size:
        if not 0 <= exponent <= MOST_TERMS:
            raise SizeError(f"an open size can be raised to the powers 0 to {MOST_TERMS} only")
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
    def _text(self) -> str:
        text = ""
        for monomial, coefficient in self.terms:
            sign, amount = ("-" if coefficient < 0 else "+"), abs(coefficient)
            factors = [] if monomial == _ONE else [_power_text(atom, power) for atom, power in monomial]
            if amount != 1 or not factors:
                factors.insert(0, str(amount))
            alone = len(self.terms) == 1 and coefficient == 1 and len(monomial) == 1
            product = _atom_text(monomial[0][0]) if alone and monomial[0][1] == 1 else "*".join(factors)
            text += product if not text and sign == "+" else f"-{product}" if not text else f" {sign} {product}"
        return text

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def named(name: str) -> Formula:
    """An open size. A name that starts with `?` is a size we know nothing of, and is shown as `?`."""
    return Formula(((((name, 1),), 1),))


def names(size: Size) -> Iterator[str]:
    """The open sizes that a size depends on, with repetitions."""
    for monomial, _ in _terms(size):
        for atom, _power in monomial:
            if isinstance(atom, str):
                yield atom
            else:
                yield from names(atom.dividend)
                yield from names(atom.divisor)


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
    return total


def ceil_divide(dividend: Size, divisor: Size) -> Size:
    """The quotient rounded up."""
    return -((-dividend) // divisor)


def divide_exactly(dividend: Size, divisor: Size) -> Size | None:
    """The quotient where it is whole for every input, and `None` elsewhere."""
    if divisor == 0:
        raise SizeError("division by zero")
    quotient = dividend // divisor
    return quotient if quotient * divisor == dividend else None


def differs(left: Size, right: Size) -> bool:
    """Whether the two are different for every input."""
    difference = left - right
    low, high = bounds(difference)
    return (low is not None and low > 0) or (high is not None and high < 0)


def below(left: Size, right: Size) -> bool:
    """Whether the left size is smaller than the right one for every input."""
    _, high = bounds(left - right)
    return high is not None and high < 0


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
    kept = [(monomial, coefficient) for monomial, coefficient in terms.items() if coefficient != 0]
    if not kept:
        return 0
    if len(kept) == 1 and kept[0][0] == _ONE:
        return kept[0][1]
    if len(kept) > MOST_TERMS:
        raise SizeError(f"a formula with more than {MOST_TERMS} terms")
    kept.sort(key=_term_order)
    return Formula(tuple(kept))


def _term_order(term: tuple[Monomial, int]) -> tuple[int, str]:
    monomial, _ = term
    return -sum(power for _, power in monomial), "*".join(f"{_key(atom)}^{power}" for atom, power in monomial)


def _multiply(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: _key(item[0])))


def _key(atom: Atom) -> str:
    return atom if isinstance(atom, str) else f"({atom.text})"


def _floor_divide(dividend: Size, divisor: Size) -> Size:
    if isinstance(divisor, int):
        if isinstance(dividend, int):
            if divisor == 0:
                raise SizeError("division by zero")
            return dividend // divisor
        return _divide_by_number(dividend, divisor)
    return _divide_by_formula(dividend, divisor)


def _divide_by_number(dividend: Formula, divisor: int) -> Size:
    """The canonical floor: whole parts are taken out, common factors cancelled, and floors in floors made one."""
    if divisor == 0:
        raise SizeError("division by zero")
    if divisor < 0:
        return (-dividend) // (-divisor)
    whole = _canonical({monomial: coefficient // divisor for monomial, coefficient in dividend.terms})
    rest = _canonical({monomial: coefficient % divisor for monomial, coefficient in dividend.terms})
    if isinstance(rest, int):
        return whole  # A remainder that is a number is below the divisor.
    common = reduce(gcd, (coefficient for monomial, coefficient in rest.terms if monomial != _ONE), divisor)
    if common > 1:
        # floor((common * p + c) / (common * d)) = floor((p + floor(c / common)) / d)
        rest = _canonical({monomial: coefficient // common for monomial, coefficient in rest.terms})
        divisor //= common
        if divisor == 1 or isinstance(rest, int):
            return whole + rest
    inner = _only_quotient(rest)
    if inner is not None:
        # floor((floor(n / m) + c) / d) = floor((n + c * m) / (m * d))
        quotient, constant = inner
        return whole + (quotient.dividend + constant * quotient.divisor) // (quotient.divisor * divisor)
    return whole + _atom(Quotient(rest, divisor))


def _only_quotient(size: Formula) -> tuple[Quotient, int] | None:
    """The parts of a size of the form `floor(n / m) + c` with a number `m`."""
    terms = dict(size.terms)
    constant = terms.pop(_ONE, 0)
    if len(terms) != 1:
        return None
    (monomial, coefficient), *_ = terms.items()
    if coefficient != 1 or len(monomial) != 1 or monomial[0][1] != 1:
        return None
    atom = monomial[0][0]
    return (atom, constant) if isinstance(atom, Quotient) and isinstance(atom.divisor, int) else None


def _divide_by_formula(dividend: Size, divisor: Formula) -> Size:
    exact = _exact_quotient(dividend, divisor)
    if exact is not None:
        return exact
    return _atom(Quotient(dividend, divisor))


def _exact_quotient(dividend: Size, divisor: Formula) -> Size | None:
    """The quotient where the divisor is one product, or the dividend a multiple of the divisor."""
    if dividend == 0:
        return 0
    (monomial, coefficient), *others = divisor.terms
    if others:
        terms = _terms(dividend)
        factor = terms[0][1] // coefficient
        return factor if divisor * factor == dividend else None
    quotient: dict[Monomial, int] = {}
    for term, amount in _terms(dividend):
        powers = dict(term)
        for atom, power in monomial:
            powers[atom] = powers.get(atom, 0) - power
        if amount % coefficient or any(power < 0 for power in powers.values()):
            return None
        quotient[tuple((atom, power) for atom, power in powers.items() if power)] = amount // coefficient
    return _canonical(quotient)


def _atom(quotient: Quotient) -> Formula:
    return Formula(((((quotient, 1),), 1),))


def _atom_text(atom: Atom) -> str:
    if isinstance(atom, str):
        return "?" if atom.startswith("?") else atom
    return atom.text


def _power_text(atom: Atom, power: int) -> str:
    base = _atom_text(atom) if isinstance(atom, str) else f"({atom.text})"
    return base if power == 1 else f"{base}**{power}"


def _grouped(size: Size) -> str:
    plain = isinstance(size, int) or (len(size.terms) == 1 and size.terms[0][1] == 1 and _is_name(size.terms[0][0]))
    return str(size) if plain else f"({size})"


def _is_name(monomial: Monomial) -> bool:
    return len(monomial) == 1 and isinstance(monomial[0][0], str) and monomial[0][1] == 1

