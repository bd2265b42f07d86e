"""How the cost of a model grows with one of its sizes: a table, and a plot with hand-drawn axes.

The figures are those of the formulas of the model at each size: exact, and nothing lies between them but the lines of
the plot. Both axes of the plot are logarithmic, so that a power of the size is a straight line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct

from archspec.passes.cost import Optimiser
from archspec.size import Size, evaluate
from archspec.summary.wording import of_bytes, short

if TYPE_CHECKING:
    from archspec.summary import Summary

MOST_POINTS: Final = 64
"""No more sizes than this are looked at."""


@final
class Growth(Struct, frozen=True):
    """The cost of a model at several sizes."""

    model: str
    name: str
    """The size that grows."""

    sizes: tuple[int, ...]
    macs: tuple[int, ...]
    inference: tuple[int, ...]
    training: tuple[int, ...]
    """With Adam."""

    assumed: str
    """What else was taken to be a number, such as `B = 1`."""


def doubled(first: int, last: int) -> tuple[int, ...]:
    """From the first size on twice as much each time, up to the last one, which is there in any case."""
    sizes: list[int] = []
    size = first
    while size < last and len(sizes) < MOST_POINTS:
        sizes.append(size)
        size *= 2
    return (*sizes, last)


def growth(summary: Summary, name: str, sizes: Sequence[int]) -> Growth:
    """What a model costs at some sizes; raises `ValueError` where that cannot be told in numbers."""
    others = [each for each in summary.open_sizes if each != name and each not in summary.batches]
    if name not in summary.open_sizes:
        known = ", ".join(f"`{each}`" for each in summary.open_sizes) or "none"
        raise ValueError(f"`{name}` is no open size of {summary.model}; it has {known}")
    if others:
        given = " ".join(f"--size {each}=128" for each in others)
        raise ValueError(f"other sizes are open, too; give them numbers, as in `{given}`")
    ones = {each: 1 for each in summary.batches if each != name}

    def at(each: Size, size: int) -> int:
        found = evaluate(each, {**ones, name: size})
        if not isinstance(found, int):
            raise TypeError(f"`{found}` is no number")
        return found

    training = summary.training(Optimiser.ADAM)
    return Growth(
        summary.model,
        name,
        tuple(sizes),
        tuple(at(summary.macs, size) for size in sizes),
        tuple(max(at(each, size) for each in summary.inference) for size in sizes),
        tuple(at(training, size) for size in sizes),
        ", ".join(f"{each} = 1" for each in ones),
    )


def table(found: Growth) -> str:
    """A line for each size."""
    rows: list[tuple[str, ...]] = [(found.name, "MACs", "", "inference", "", "training, Adam", "")]
    columns = [(found.macs, short), (found.inference, of_bytes), (found.training, of_bytes)]
    for place, size in enumerate(found.sizes):
        cells = [f"{size:,}"]
        for numbers, write in columns:
            more = f"x{numbers[place] / numbers[place - 1]:.2f}" if place and numbers[place - 1] else ""
            cells += [write(numbers[place]), more]
        rows.append(tuple(cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    note = f", for {found.assumed}" if found.assumed else ""
    return "\n".join((f"{found.model}{note}", "", lines[0], "-" * max(map(len, lines)), *lines[1:]))


_WIDTH, _HEIGHT = 320, 200
_LEFT, _TOP, _GAP = 84, 56, 110
_COLOURS: Final = ("#3b6fb6", "#c2542d", "#4a8f5c")


def svg(found: Growth) -> str:
    """Two plots beside each other: arithmetic and memory."""
    titles = f"{found.model}: growth with {found.name}" + (f" ({found.assumed})" if found.assumed else "")
    width, height = 2 * _WIDTH + _LEFT + _GAP + 30, _HEIGHT + _TOP + 60
    panels = (
        _panel(found, "MACs", [("", found.macs)], _LEFT, is_bytes=False),
        _panel(
            found,
            "memory",
            [("inference", found.inference), ("training, Adam", found.training)],
            _LEFT + _WIDTH + _GAP,
            is_bytes=True,
        ),
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" font-family="Bitstream Vera Sans, DejaVu Sans, Verdana, sans-serif" font-size="11">\n'
        f"<title>{escape(titles)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="{_LEFT}" y="20" font-size="14" fill="#1f2328">{escape(titles)}</text>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(found: Growth, title: str, series: list[tuple[str, Sequence[int]]], left: int, *, is_bytes: bool) -> str:
    least = min(min(each) for _, each in series)
    most = max(max(each) for _, each in series)
    low, high = _decades(max(least, 1), max(most, 1), 2 if is_bytes else 10)
    first, last = math.log(found.sizes[0]), math.log(found.sizes[-1])

    def x(size: int) -> float:
        return left + (_WIDTH * (math.log(size) - first) / (last - first) if last > first else _WIDTH / 2)

    def y(number: float) -> float:
        part = (math.log(max(number, 1)) - math.log(low)) / (math.log(high) - math.log(low))
        return _TOP + _HEIGHT * (1 - part)

    parts = [f'<text x="{left}" y="{_TOP - 6}" font-weight="bold" fill="#1f2328">{escape(title)}</text>']
    for mark in _marks(low, high, 2 if is_bytes else 10):
        text = of_bytes(mark) if is_bytes else short(mark)
        parts.append(
            f'<line x1="{left}" y1="{y(mark):.1f}" x2="{left + _WIDTH}" y2="{y(mark):.1f}" stroke="#d8dee4"/>'
            f'<text x="{left - 8}" y="{y(mark) + 4:.1f}" text-anchor="end" fill="#57606a">{_round(text)}</text>'
        )
    step = max(1, math.ceil(len(found.sizes) / 7))
    for place, size in enumerate(found.sizes):
        if (len(found.sizes) - 1 - place) % step == 0:
            parts.append(
                f'<text x="{x(size):.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle" fill="#57606a">{size}</text>'
            )
    middle = left + _WIDTH / 2
    parts.append(
        f'<text x="{middle}" y="{_TOP + _HEIGHT + 38}" text-anchor="middle" fill="#1f2328">{escape(found.name)}</text>'
    )
    for (name, numbers), colour in zip(series, _COLOURS, strict=False):
        places = [(x(size), y(number)) for size, number in zip(found.sizes, numbers, strict=True)]
        way = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.5" fill="{colour}"/>' for across, down in places]
        if name:
            across, down = places[0]
            parts.append(f'<text x="{across + 6:.1f}" y="{down - 8:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join(parts)


def _decades(least: int, most: int, base: int) -> tuple[int, int]:
    """Powers of the base around two numbers."""
    low, high = base ** _log(least, base), base ** (_log(most, base) + 1)
    return low, high


def _log(number: int, base: int) -> int:
    power = 0
    while base ** (power + 1) <= number:
        power += 1
    return power


def _marks(low: int, high: int, base: int) -> list[int]:
    """Powers of the base from one to the other, no more than a reader needs."""
    first, last = _log(low, base), _log(high, base)
    step = max(1, math.ceil((last - first) / 6))
    return [base**power for power in range(first, last + 1, step)]


def _round(text: str) -> str:
    return text.replace(".00 ", " ").replace(".0 ", " ")
