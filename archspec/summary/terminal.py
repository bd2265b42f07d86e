"""The table of a model for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.passes.cost import NAMES, Optimiser
from archspec.size import Size
from archspec.summary.columns import Column, Title, columns
from archspec.summary.tree import Line
from archspec.summary.wording import exact, of_bytes

if TYPE_CHECKING:
    from archspec.summary import Summary

NARROWEST: Final = 10
"""Ops and their settings are cut short to no less than this, so that the table fits."""

LONGEST_FORMULA: Final = 24
"""Formulas in the table are cut short to no less than this; those of the totals are not."""

EXAMPLE: Final = 128
"""A size that could be given for one that is open."""

WIDTH: Final = 100
"""How wide the table is where nobody says how wide it may be."""

_GAP: Final = "  "


@final
class Signs(Struct, frozen=True):
    """What the tree is drawn with."""

    branch: str
    end: str
    pass_by: str
    cut: str
    rule: str
    times: str
    to: str


UNICODE: Final = Signs("├─ ", "└─ ", "│  ", "…", "─", "×", "–")
ASCII: Final = Signs("|- ", "`- ", "|  ", "...", "-", "x", "-")


def table(summary: Summary, depth: int | None = None, width: int = WIDTH, *, is_ascii: bool = False) -> str:
    """The layers as far as they are unfolded, the totals, and what to know about them."""
    signs = ASCII if is_ascii else UNICODE
    lines = summary.lines(depth)
    found = [_signed(each, signs) for each in columns(summary, lines, lambda line: _name(line, signs))]
    found = _fitted(found, width, signs)
    rule = signs.rule * (sum(column.width for column in found) + len(_GAP) * (len(found) - 1))
    text = [summary.model, *_head(summary, width), "", _row(found, [column.title for column in found]), rule]
    text += [_row(found, list(cells)) for cells in zip(*(column.cells for column in found), strict=True)]
    text += [rule, _row(found, [column.total for column in found])]
    text += ["", *_totals(summary, width), "", *_memory(summary, width), "", *_notes(summary, found, width)]
    return "\n".join(text)


def _head(summary: Summary, width: int) -> list[str]:
    given, made = (", ".join(f"{name} {shape}" for name, shape in each) for each in (summary.inputs, summary.outputs))
    return _wrapped(f"{given} -> {made}", width, 2)


def _row(found: list[Column], cells: list[str]) -> str:
    pairs = zip(found, cells, strict=True)
    padded = (cell.rjust(column.width) if column.is_number else cell.ljust(column.width) for column, cell in pairs)
    return _GAP.join(padded).rstrip()


def _name(line: Line, signs: Signs) -> str:
    if line.depth == 1:
        return line.name
    before = "".join("   " if last else signs.pass_by for last in line.lasts[1:-1])
    return f"{before}{signs.end if line.lasts[-1] else signs.branch}{line.name}"


def _signed(column: Column, signs: Signs) -> Column:
    """With the signs for several blocks."""
    old, new = {Title.LAYER: (" - ", signs.to), Title.WHAT: (" x ", f" {signs.times} ")}.get(column.title, ("", ""))
    return replace(column, cells=tuple(each.replace(old, new) for each in column.cells)) if old else column


def _fitted(found: list[Column], width: int, signs: Signs) -> list[Column]:
    """The columns as they fit: ops are cut short, then what can be done without is left out."""

    def excess(some: list[Column]) -> int:
        return sum(column.width for column in some) + len(_GAP) * (len(some) - 1) - width

    def shortened(some: list[Column]) -> list[Column]:
        over = excess(some)
        return [
            _cut(column, max(column.width - over, NARROWEST), signs)
            if column.title is Title.WHAT and over > 0
            else column
            for column in some
        ]

    if excess(shortened(found)) > 0:
        found = [
            _cut(column, LONGEST_FORMULA, signs) if column.title in (Title.MACS, Title.KEPT) else column
            for column in found
        ]
    if excess(shortened(found)) > 0:
        found = [_without_offsets(column) if column.title is Title.FIELD else column for column in found]
    for title in (Title.INTENSITY, Title.FIELD, Title.WHAT):
        if excess(shortened(found)) > 0:
            found = [column for column in found if column.title is not title]
    return shortened(found)


def _without_offsets(column: Column) -> Column:
    return replace(column, cells=tuple(each.partition(" @")[0] for each in column.cells))


def _cut(column: Column, width: int, signs: Signs) -> Column:
    def shortened(text: str) -> str:
        return _shortened(text, width, signs.cut)

    return replace(column, cells=tuple(map(shortened, column.cells)), total=shortened(column.total))


def _shortened(text: str, width: int, cut: str) -> str:
    """An op with as many of its settings as there is room for."""
    if len(text) <= width:
        return text
    parts = text.split(", ")
    for count in range(len(parts) - 1, 0, -1):
        found = f"{', '.join(parts[:count])}, {cut})"
        if len(found) <= width:
            return found
    name = text.partition("(")[0]
    return f"{name}({cut})" if len(name) + len(cut) + 2 <= width else text[: width - len(cut)] + cut


def _totals(summary: Summary, width: int) -> Iterator[str]:
    buffers = f", and {exact(summary.buffers)} in buffers" if summary.buffers != 0 else ""
    yield f"parameters  {exact(summary.parameters)}{buffers}"
    yield from _wrapped(f"MACs        {_of_one(summary, summary.macs)}", width, 12)
    yield from _wrapped(f"FLOPs       {_of_one(summary, summary.flops)}, two for each MAC", width, 12)


def _of_one(summary: Summary, size: Size) -> str:
    """A total for a batch of one; or the formula for any, where other sizes are open, too."""
    one = summary.of_one(size)
    return f"{one:,}{_for_one(summary) if one != size else ''}" if isinstance(one, int) else exact(size)


def _for_one(summary: Summary) -> str:
    return f" for {', '.join(f'{name} = 1' for name in summary.batches)}" if summary.batches else ""


def _memory(summary: Summary, width: int) -> Iterator[str]:
    one, widths, costs = summary.of_one, summary.widths, summary.costs
    weights = costs.weights.bytes(widths)
    fixed = weights + costs.buffers.bytes(widths)
    activations = one(costs.inputs.bytes(widths) + costs.kept.bytes(widths))
    peaks, totals = ([one(each) for each in some] for some in (summary.peaks, summary.inference))
    rows = [
        [f"memory, {summary.floats}", "weights", "gradients", "optimiser", "activations", "total"],
        ["inference", of_bytes(fixed), "", "", _largest(peaks), _largest(totals)],
    ]
    for optimiser in Optimiser:
        sizes = (fixed, weights, weights * optimiser.states, activations, one(summary.training(optimiser)))
        rows.append([f"training, {NAMES[optimiser]}", *(of_bytes(each) if each != 0 else "" for each in sizes)])
    if sum(max(map(len, column)) + len(_GAP) for column in zip(*rows, strict=True)) > width + len(_GAP):
        # What the totals leave to be told is small beside them, and stands in the table above.
        rows = [[*row[:-2], row[-1]] for row in rows]
    widest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        yield _GAP.join(
            (first.ljust(widest[0]), *(cell.rjust(each) for cell, each in zip(others, widest[1:], strict=True)))
        ).rstrip()


def _largest(sizes: list[Size]) -> str:
    """Of formulas none of which is the largest for all sizes, how many they are."""
    numbers = [each for each in sizes if isinstance(each, int)]
    if len(numbers) == len(sizes):
        return of_bytes(max(numbers))
    return of_bytes(sizes[0]) if len(sizes) == 1 else f"one of {len(sizes)} formulas"


def _notes(summary: Summary, found: list[Column], width: int) -> Iterator[str]:
    titles = {column.title for column in found}
    if summary.batches:
        per_byte = ", FLOP/B" if Title.INTENSITY in titles else ""
        yield f"MACs, FLOPs, kept{per_byte} and activations are{_for_one(summary)}"
    yield "kept: for the backward pass, at the first layer that keeps it; formulas of memory are in bytes"
    if (sizes := summary.open_sizes) and not set(sizes) <= set(summary.batches):
        given = " ".join(f"--size {name}={EXAMPLE}" for name in sizes if name not in summary.batches)
        yield f"numbers in the place of formulas: {given}"
    if Title.INTENSITY in titles:
        yield "FLOP/B: FLOPs for each byte of inputs, outputs and weights"
    if summary.uncounted:
        yield from _wrapped(f"not in MACs: biases, {', '.join(summary.uncounted)}", width, 2)
    if summary.in_training_only:
        yield f"in training only, and not in the total of MACs: {', '.join(summary.in_training_only)}"
    if Title.FIELD in titles:
        offset = ", @first of the first position" if any(" @" in each for each in _cells(found, Title.FIELD)) else ""
        yield f"receptive field: positions seen of each axis of space, /stride{offset}"
    for each in summary.conditions:
        example = ", ".join(f"{name} = {number}" for name, number in each.counter_example.items())
        left, right = each.sizes
        yield f"right where {each.text}: with {example}, {each.node.name} would be given {left} and {right}"


def _cells(found: list[Column], title: Title) -> tuple[str, ...]:
    return next(column.cells for column in found if column.title is title)


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width, subsequent_indent=indent * " ", break_long_words=False, break_on_hyphens=False)
