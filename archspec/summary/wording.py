"""How sizes, bytes and receptive fields are put into words, in whatever form a summary is written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from archspec.passes.receptive_field import ReceptiveField
from archspec.size import Formula, Size, names

_THOUSANDS: Final = ("", "K", "M", "G", "T", "P", "E")
_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def exact(size: Size) -> str:
    """Every digit, or the formula."""
    return f"{size:,}" if isinstance(size, int) else factored(size)


def plain(size: Size) -> str:
    """Digits without signs between them, or the formula."""
    return str(size) if isinstance(size, int) else factored(size)


def short(size: Size) -> str:
    """A number to three or four digits, such as `118.0 M`; or the formula."""
    if not isinstance(size, int):
        return factored(size)
    if size < 1000:
        return str(size)
    return _scaled(size, 1000, _THOUSANDS)


def of_bytes(size: Size) -> str:
    """Bytes to three or four digits, such as `3.06 MiB`; or the formula."""
    if not isinstance(size, int):
        return factored(size)
    return f"{size} B" if size < 1024 else _scaled(size, 1024, _BINARY)


def _scaled(size: int, base: int, units: tuple[str, ...]) -> str:
    power, number = 0, float(size)
    while number >= 999.95 and power < len(units) - 1:
        power, number = power + 1, number / base
    digits = 2 if number < 10 else 1
    return f"{number:.{digits}f} {units[power]}"


def factored(size: Formula) -> str:
    """A formula with what all its terms have in common in front: `B*(4*T*D**2 + 2*T**2*D)`.

    It is written as in a spec, so that it can be used in an `expect` line.
    """
    common = dict(size.terms[0][0])
    for monomial, _ in size.terms[1:]:
        powers = dict(monomial)
        common = {atom: min(power, powers[atom]) for atom, power in common.items() if atom in powers}
    if len(size.terms) == 1 or not common or any(not isinstance(atom, str) for atom in common):
        return str(size)
    # A name that nobody gave is shown as a question mark, and is not worth taking out.
    if any(name.startswith("?") for name in names(size)):
        return str(size)
    rest = Formula(
        tuple(
            (
                tuple((atom, power - common.get(atom, 0)) for atom, power in monomial if power > common.get(atom, 0)),
                each,
            )
            for monomial, each in size.terms
        )
    )
    front = "*".join(str(atom) if power == 1 else f"{atom}**{power}" for atom, power in sorted(common.items(), key=str))
    return f"{front}*({rest})"


def field(fields: Sequence[ReceptiveField], *, is_named: bool) -> str:
    """Receptive fields in one line: of each input its name, if there are several, and what is seen of it."""
    inputs = [(name, list(axes)) for name, axes in groupby(fields, key=lambda each: each.input)]
    return ", ".join(f"{name} {_field(axes)}" if is_named else _field(axes) for name, axes in inputs)


def _field(axes: list[ReceptiveField]) -> str:
    if all(each.size is None for each in axes):
        return "all"
    text = "x".join("all" if each.size is None else str(each.size) for each in axes)
    strides = [None if each.stride is None else _ratio(*each.stride) for each in axes]
    offsets = [None if each.offset is None else str(each.offset) for each in axes]
    for sign, values in (("/", strides), ("@", offsets)):
        if any(values):
            text += f" {sign}{_by_axis([each or '-' for each in values])}"
    return text


def _by_axis(values: list[str]) -> str:
    """A value for each axis, or one that is that of all."""
    return values[0] if len(set(values)) == 1 else ",".join(values)


def _ratio(dividend: Size, divisor: int) -> str:
    return str(dividend) if divisor == 1 else f"{dividend}/{divisor}"
