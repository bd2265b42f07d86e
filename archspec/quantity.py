"""Numbers with a suffix, such as `5M`, and amounts of memory, such as `16 GiB`: what each is, and how one is written.

A suffix, and a unit without an `i`, counts in thousands: `1K` is 1,000 and `1 KB` is 1,000 bytes, as in the units of
physics. A unit with an `i` counts in 1,024s: `1 KiB` is 1,024 bytes.
"""

from __future__ import annotations

import re
from typing import Final

SUFFIXES: Final = {"K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
"""What stands behind a number, without a blank, for thousands, millions and so on."""

UNITS: Final = {
    **{f"{suffix}B": factor for suffix, factor in SUFFIXES.items()},
    **{f"{suffix}iB": 1024**power for power, suffix in enumerate(SUFFIXES, start=1)},
}
"""What memory is counted in."""

_UNIT: Final = re.compile(r"[ \t]*([A-Za-z]+)\Z")


def split(text: str) -> tuple[str, str]:
    """A number and the suffix or unit behind it, which may be none."""
    match = _UNIT.search(text)
    return (text, "") if match is None else (text[: match.start()], match[1])


def times(number: str, unit: str) -> int | float:
    """A number with a suffix or unit: a whole one where it is one, as `1.5K` is 1500."""
    from fractions import Fraction  # Most specs have no such number.

    factor = SUFFIXES.get(unit) or UNITS[unit]
    exact = Fraction(number.replace("_", "")) * factor
    return int(exact) if exact.denominator == 1 else float(exact)


def meant(text: str) -> str | None:
    """The number that is probably meant by one with another suffix or unit behind it: `16 GiB` by `16gb`."""
    number, unit = split(text)
    if unit.casefold() in ("b", "bn"):
        return f"{number}G"  # A billion.
    for known in SUFFIXES:
        if unit.casefold() in (known.casefold(), *_WORDS[known]):
            return f"{number}{known}"
    plain = unit.casefold().removesuffix("s").replace("byte", "b")
    for word, known in (("kilo", "k"), ("mega", "m"), ("giga", "g"), ("tera", "t")):
        plain = plain.replace(word, known)
    same = next((each for each in UNITS if each.casefold() == plain), None)
    return None if same is None else f"{number} {same}"


_WORDS: Final = {
    "K": ("thousand", "kilo"),
    "M": ("million", "mio", "mn", "mega"),
    "G": ("billion", "giga"),
    "T": ("trillion", "tera"),
}


def in_unit(value: int, unit: str, other: int | None = None) -> str:
    """A whole number in a suffix or unit, to three digits or more: as many as tell it from another number."""
    if not unit:
        return f"{value:,}"
    factor = SUFFIXES.get(unit) or UNITS[unit]
    blank = " " if unit in UNITS else ""
    for digits in range(3, 19 if value * 1000 >= factor else 3):
        text = _rounded(value, factor, digits)
        if other is None or other == value or text != _rounded(other, factor, digits):
            return f"{text}{blank}{unit}"
    return f"{value:,}{' bytes' if blank else ''}"


def _rounded(value: int, factor: int, digits: int) -> str:
    """A quotient to some digits, without zeros behind its point."""
    before = len(str(value // factor)) if value >= factor else 1 - len(str(factor // max(value, 1)))
    places = max(digits - before, 0)
    whole, rest = divmod((value * 10**places * 2 + factor) // (2 * factor), 10**places)
    return f"{whole:,}.{rest:0{places}d}".rstrip("0").rstrip(".") if places else f"{whole:,}"


def of_bytes(value: int) -> str:
    """An amount of memory in the largest unit of 1,024s of which there is one."""
    unit = next((each for each in reversed(_BINARY) if value >= UNITS[each]), None)
    return f"{value} bytes" if unit is None else in_unit(value, unit)


_BINARY: Final = [each for each in UNITS if "i" in each]
