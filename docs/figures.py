"""Pictures of the manual that no spec shows: what normalisation covers, and the curves of activations.

They are written as SVG, in the colours of diagrams. The tests hold them against what the ops do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import erf, exp, expm1, log1p, sqrt, tanh
from typing import Final, NamedTuple, TypeAlias, final

from archspec.op import Family
from archspec_diagram import font, palette

Point: TypeAlias = tuple[float, float]

MARGIN: Final = 16.0

INK: Final = palette.INK.light
QUIET: Final = palette.QUIET.light
FRAME: Final = palette.FRAME.light
PAPER: Final = palette.PAPER.light

# -------------------------------------------------------------------------------------------- what normalisation covers


class Span(NamedTuple):
    """Places along an axis, from the first to before the last."""

    first: int
    last: int


@final
@dataclass(frozen=True)
class Cover:
    """Which values of an input share their statistics: a box in it, one of several that are all alike."""

    op: str
    """As a spec writes it."""

    says: tuple[str, ...]
    batch: Span
    across: Span
    down: Span
    is_sequence: bool = False
    """Whether the axes are `[batch, time, features]`, and not `[batch, channels, space]`."""

    def holds(self, batch: int, across: int, down: int) -> bool:
        """Whether a value belongs to the box."""
        places = ((batch, self.batch), (across, self.across), (down, self.down))
        return all(span.first <= place < span.last for place, span in places)


BATCH: Final = 3
ACROSS: Final = 6
DOWN: Final = 4

_ALL: Final = Span(0, ACROSS)
_ONE: Final = Span(0, 1)

COVERS: Final = (
    Cover("batchnorm", ("for each channel,", "over batch and space"), Span(0, BATCH), Span(2, 3), Span(0, DOWN)),
    Cover("instancenorm", ("for each example and channel,", "over space"), _ONE, Span(2, 3), Span(0, DOWN)),
    Cover(
        "groupnorm(2)", ("for each example and group,", "over its channels and space"), _ONE, Span(0, 3), Span(0, DOWN)
    ),
    Cover("local_response_norm(3)", ("for each value,", "over the channels around it"), _ONE, Span(1, 4), Span(1, 2)),
    Cover("layernorm", ("for each example and position,", "over features"), _ONE, _ALL, Span(1, 2), True),
    Cover(
        "rmsnorm", ("for each example and position,", "over features, of squares alone"), _ONE, _ALL, Span(1, 2), True
    ),
    Cover("layernorm(axes=2)", ("for each example,", "over time and features"), _ONE, _ALL, Span(0, DOWN), True),
    Cover(
        "unitnorm(axis=-1)",
        ("for each example and position,", "over features, the length"),
        _ONE,
        _ALL,
        Span(1, 2),
        True,
    ),
)

COVERED: Final = "Which values share their statistics"

COVERED_CAPTION: Final = """\
Each block is an input: a picture in the upper row, whose axes of space are drawn as one, and a sequence in the lower
row. The values in dark green are those that one mean and one variance are taken of; `rmsnorm`, `unitnorm` and
`local_response_norm` take squares alone. Every other part of the block that lies like it has its own."""

_CELL: Final = 17.0
_SLANT: Final = (8.0, -7.0)
"""How far right and up the next example of the batch stands behind one."""

_COLUMNS: Final = 4
PANEL: Final = (188.0, 192.0)


def covered() -> str:
    """The picture of what normalisation covers, as SVG."""
    rows = -(-len(COVERS) // _COLUMNS)
    width, height = 2 * MARGIN + _COLUMNS * PANEL[0], 2 * MARGIN + rows * PANEL[1] + 24
    panels = (
        line
        for place, cover in enumerate(COVERS)
        for line in _panel(cover, MARGIN + place % _COLUMNS * PANEL[0], MARGIN + place // _COLUMNS * PANEL[1])
    )
    key = _key(MARGIN + 24, height - MARGIN - 20)
    return _document(COVERED, COVERED_CAPTION, (width, height), chain(panels, key))


def _panel(cover: Cover, left: float, top: float) -> Iterator[str]:
    slant_x, slant_y = _SLANT
    x = left + (PANEL[0] - ACROSS * _CELL - BATCH * slant_x) / 2
    y = top + 62 - BATCH * slant_y
    middle = left + PANEL[0] / 2
    yield _line(cover.op, middle, top + 12, 11, INK, bold=True)
    for number, words in enumerate(cover.says):
        yield _line(words, middle, top + 28 + 13 * number, 9, QUIET)
    for batch in reversed(range(BATCH)):
        for across in range(ACROSS):
            yield _face(cover.holds(batch, across, 0), _top(x, y, across, batch), 0.12)
        for down in range(DOWN):
            yield _face(cover.holds(batch, ACROSS - 1, down), _side(x, y, down, batch), -0.12)
    for down in range(DOWN):
        for across in range(ACROSS):
            yield _face(cover.holds(0, across, down), _front(x, y, across, down), 0)
    yield from _edges(x, y)
    bottom = y + DOWN * _CELL
    below, beside = ("features", "time") if cover.is_sequence else ("channels", "space")
    yield _line(below, x + ACROSS * _CELL / 2, bottom + 13, 9, QUIET)
    yield _line(beside, x - 7, y + DOWN * _CELL / 2, 9, QUIET, turned=-90)
    corner = x + ACROSS * _CELL + BATCH * slant_x / 2 + 7, bottom + BATCH * slant_y / 2 + 8
    yield _line("batch", *corner, 9, QUIET, starts=True)


def _edges(x: float, y: float) -> Iterator[str]:
    """The edges of a block that can be seen."""
    slant_x, slant_y = BATCH * _SLANT[0], BATCH * _SLANT[1]
    right, bottom = x + ACROSS * _CELL, y + DOWN * _CELL
    outline = (
        (x, bottom),
        (x, y),
        (x + slant_x, y + slant_y),
        (right + slant_x, y + slant_y),
        (right + slant_x, bottom + slant_y),
        (right, bottom),
    )
    inner = ((x, y), (right, y), (right + slant_x, y + slant_y)), ((right, y), (right, bottom))
    stroke = palette.colour(Family.NORMALISATION).stroke.light
    drawn = f'fill="none" stroke="{stroke}" stroke-width="0.8" stroke-linejoin="round"'
    yield f'<polygon points="{_points(outline)}" {drawn}/>'
    yield from (f'<polyline points="{_points(line)}" {drawn}/>' for line in inner)


def _key(x: float, y: float) -> Iterator[str]:
    """What the colours say."""
    for is_held, words in ((True, "values whose statistics are taken together"), (False, "others")):
        yield _face(is_held, [(x, y), (x + 12, y), (x + 12, y + 12), (x, y + 12)], 0)
        yield _line(words, x + 19, y + 9.5, 9, QUIET, starts=True)
        x += 19 + font.width(words, 9) + 20


def _front(x: float, y: float, across: int, down: int) -> list[Point]:
    left, top = x + across * _CELL, y + down * _CELL
    return [(left, top), (left + _CELL, top), (left + _CELL, top + _CELL), (left, top + _CELL)]


def _top(x: float, y: float, across: int, batch: int) -> list[Point]:
    slant_x, slant_y = _SLANT
    left, bottom = x + across * _CELL + batch * slant_x, y + batch * slant_y
    return [
        (left, bottom),
        (left + slant_x, bottom + slant_y),
        (left + slant_x + _CELL, bottom + slant_y),
        (left + _CELL, bottom),
    ]


def _side(x: float, y: float, down: int, batch: int) -> list[Point]:
    slant_x, slant_y = _SLANT
    left, top = x + ACROSS * _CELL + batch * slant_x, y + down * _CELL + batch * slant_y
    return [
        (left, top),
        (left + slant_x, top + slant_y),
        (left + slant_x, top + slant_y + _CELL),
        (left, top + _CELL),
    ]


def _face(is_held: bool, corners: Sequence[Point], light: float) -> str:
    paint = palette.colour(Family.NORMALISATION)
    fill = _lit((paint.stroke if is_held else paint.fill).light, light if is_held else light / 2)
    drawn = f'fill="{fill}" stroke="{PAPER}" stroke-width="0.9" stroke-linejoin="round"'
    return f'<polygon points="{_points(corners)}" {drawn}/>'


def _lit(paint: str, light: float) -> str:
    """A colour, that much of the way to white or, where it is negative, to black."""
    goal = 255 if light > 0 else 0
    parts = (int(paint[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (goal - part) * abs(light)):02x}" for part in parts)


# ------------------------------------------------------------------------------------------------ curves of activations


@final
@dataclass(frozen=True)
class Curve:
    """An activation that takes each value on its own, in evaluation."""

    op: str
    """As a spec writes it."""

    function: Callable[[float], float]
    reach: float = 4.0
    """How far the picture goes from zero, to both sides and upwards."""


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def _softplus(x: float) -> float:
    return log1p(exp(x))


CURVES: Final = (
    Curve("relu", lambda x: max(0, x)),
    Curve("leaky_relu(0.1)", lambda x: max(0.1 * x, x)),
    Curve("prelu", lambda x: max(0.25 * x, x)),
    Curve("rrelu", lambda x: max(11 / 48 * x, x)),
    Curve("relu6", lambda x: min(max(0, x), 6), 8),
    Curve("softplus", _softplus),
    Curve("elu", lambda x: x if x > 0 else expm1(x)),
    Curve("celu(2)", lambda x: x if x > 0 else 2 * expm1(x / 2)),
    Curve("selu", lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * expm1(x))),
    Curve("gelu", lambda x: x * (1 + erf(x / sqrt(2))) / 2),
    Curve("silu", lambda x: x * _sigmoid(x)),
    Curve("mish", lambda x: x * tanh(_softplus(x))),
    Curve("hardswish", lambda x: x * min(max(0, x + 3), 6) / 6),
    Curve("sigmoid", _sigmoid),
    Curve("hardsigmoid", lambda x: min(max(0, x + 3), 6) / 6),
    Curve("log_sigmoid", lambda x: -_softplus(-x)),
    Curve("tanh", tanh),
    Curve("hardtanh", lambda x: min(max(-1, x), 1)),
    Curve("softsign", lambda x: x / (1 + abs(x))),
    Curve("tanhshrink", lambda x: x - tanh(x)),
    Curve("softshrink", lambda x: max(0, x - 0.5) - max(0, -x - 0.5)),
    Curve("hardshrink", lambda x: x if abs(x) > 0.5 else 0),
    Curve("threshold(1, -1)", lambda x: x if x > 1 else -1),
)

CURVES_TITLE: Final = "Curves of activations"

CURVES_CAPTION: Final = """\
The activations that take each value on its own, in evaluation. A mark on an axis is one unit. `prelu` is drawn as it
starts."""

_PLOT: Final = 96.0
_PLOTS_BESIDE: Final = 6
_PLOT_PANEL: Final = (124.0, 118.0)
_STEPS: Final = 80
_JUMP: Final = 0.4
"""A curve that does this much at one step has no line there."""


def curves() -> str:
    """The picture of the curves, as SVG."""
    rows = -(-len(CURVES) // _PLOTS_BESIDE)
    panels = (
        line
        for place, curve in enumerate(CURVES)
        for line in _plot(
            curve,
            MARGIN + place % _PLOTS_BESIDE * _PLOT_PANEL[0] + (_PLOT_PANEL[0] - _PLOT) / 2,
            MARGIN + place // _PLOTS_BESIDE * _PLOT_PANEL[1],
        )
    )
    size = 2 * MARGIN + _PLOTS_BESIDE * _PLOT_PANEL[0], 2 * MARGIN + rows * _PLOT_PANEL[1]
    return _document(CURVES_TITLE, CURVES_CAPTION, size, panels)


def _plot(curve: Curve, left: float, top: float) -> Iterator[str]:
    unit = _PLOT / (2 * curve.reach)
    middle, upper = left + _PLOT / 2, top + 22
    zero = upper + curve.reach * unit
    lower = zero + curve.reach / 2 * unit
    yield _line(curve.op, middle, top + 12, 9.5, INK, bold=True)
    drawn = f'stroke="{FRAME}" stroke-width="0.8"'
    yield f'<path d="M{left:g},{zero:g} H{left + _PLOT:g} M{middle:g},{upper:g} V{lower:g}" fill="none" {drawn}/>'
    reach = int(curve.reach)
    ticks = [f"M{middle + place * unit:g},{zero - 1.5:g} v3" for place in range(-reach, reach + 1) if place]
    ticks += [f"M{middle - 1.5:g},{zero - place * unit:g} h3" for place in range(-reach // 2, reach + 1) if place]
    yield f'<path d="{" ".join(ticks)}" fill="none" {drawn}/>'
    for part in _parts(curve):
        points = _points((middle + x * unit, zero - y * unit) for x, y in part)
        stroke = palette.colour(Family.ACTIVATION).stroke.light
        yield f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="1.8" stroke-linejoin="round"/>'


def _parts(curve: Curve) -> Iterator[list[Point]]:
    """The points of a curve as far as the picture goes, divided where it jumps."""
    part: list[Point] = []
    for step in range(_STEPS + 1):
        x = (2 * step / _STEPS - 1) * curve.reach
        y = curve.function(x)
        if part and abs(y - part[-1][1]) > _JUMP:
            yield part
            part = []
        if -curve.reach / 2 <= y <= curve.reach:
            part.append((x, y))
    yield part


# -------------------------------------------------------------------------------------------------------------- drawing


def _document(title: str, description: str, size: Point, lines: Iterable[str]) -> str:
    width, height = size
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title description" '
        f'font-family="{font.FAMILIES}">',
        f'<title id="title">{title}</title>',
        f'<desc id="description">{" ".join(description.replace("`", "").split())}</desc>',
        f'<rect x="0" y="0" width="{width:g}" height="{height:g}" fill="{PAPER}"/>',
    )
    return "\n".join((*head, *lines, "</svg>", ""))


def _line(
    text: str,
    x: float,
    y: float,
    size: float,
    ink: str,
    *,
    bold: bool = False,
    turned: int = 0,
    starts: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    turn = f' transform="rotate({turned} {x:g} {y:g})"' if turned else ""
    anchor = "start" if starts else "middle"
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"'
    return f'<text {place} fill="{ink}"{weight}{turn}>{text}</text>'


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """At most two digits behind the point, and no zeros that say nothing."""
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")
