"""Writes the manual of the ops in `docs/ops`: a page for each family, its pictures, and the index.

python docs/ops.py            says whether the pages are up to date
python docs/ops.py --write    brings them up to date

What a page says comes from the classes of the ops, by way of `archspec.manual`. The picture of a family is drawn from
the spec beside it, `docs/ops/FAMILY.arch`; what normalisation covers is drawn here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import archspec
from archspec.backend import Purpose
from archspec.compiler import Model, find_target
from archspec.expression import written
from archspec.manual import (
    Displayed,
    Page,
    Paragraph,
    Part,
    Points,
    Setting,
    Use,
    by_family,
    described_input,
    shipped,
)
from archspec.op import Family
from archspec.shape import Element, Shape
from archspec.spelling import listed
from archspec_diagram import font
from archspec_diagram.palette import INK, PAPER, QUIET, colour

FOLDER: Final = Path(__file__).with_suffix("")
INDEX: Final = "README.md"
COVERED: Final = "normalisation-axes.svg"
COMMAND: Final = "python docs/ops.py --write"
NOTE: Final = f"<!-- Written by `{COMMAND}` from the classes of the ops. -->"
MOST_BESIDE: Final = 64
"""A line of an example that is longer than this has its shapes above, and not beside it."""

ABOUT: Final[Mapping[Family, str]] = {
    Family.CONVOLUTION: "A convolution takes the same weighted sum around each position of space. How many axes of "
    "space there are is taken from the input, so that one op serves signals, pictures and volumes.",
    Family.POOLING: "Pooling makes one value of a window of positions, channel by channel. Nothing in it is trained.",
    Family.NORMALISATION: "Normalisation brings values to a common scale. The ops differ in which values share their "
    "statistics, and in what is trained on top of that.",
    Family.ACTIVATION: "An activation bends a signal, mostly value by value. Most leave the shape as it is.",
    Family.ELEMENTWISE: "These apply a function to each value on its own, and leave the shape as it is.",
    Family.LINEAR: "These are products with trained matrices.",
    Family.REGULARISATION: "These disturb a signal in training, so that nothing is learned by heart, and do nothing in "
    "evaluation.",
    Family.RESHAPING: "These move values to other places or other axes. Hardly any of them calculates something.",
    Family.REDUCTION: "A reduction makes one value of all that stands along an axis, or along several.",
    Family.MERGE: "A merge makes one value of several. `(a, b) -> add` joins values by their names, and "
    "`add { ... }` what the lines in the braces give.",
    Family.ATTENTION: "Attention lets each position of a sequence look at others, and take from them by what it finds.",
    Family.MEMORY: "A memory is a matrix of slots that are read and written by what is in them, or by their order.",
    Family.EMBEDDING: "An embedding turns whole numbers, or places in a sequence, into vectors.",
    Family.RECURRENT: "A recurrence goes over a sequence, and carries a state from each position to the next.",
}
"""What the ops of a family have in common."""

INTRODUCTION: Final = """\
There are {ops} ops in {families} families. The page of a family has the manual of its ops: what they calculate, shapes,
all settings, examples, weights and sources. On a terminal, `archspec ops` lists them, `archspec explain conv` prints
the page of one, and `archspec ops --format json` gives all of it to programs.

{contents}

## How to read a page

- The first line has all settings; those that must be given come first. One with `...` behind it follows from others
  or is not there where it is left out: its description says so.
- Shapes are `[batch, channels, space...]` for pictures and `[batch, time, features]` for sequences; `...` alone stands
  for any number of axes. Elements are `float` where nothing else is said.
- Examples are lines of a spec, with the shapes that go in and come out. Where several values go in or come out, their
  names are made up.
- Multiply-adds are those of convolutions and matrix products; biases and elementwise work do not count.
"""


def documents() -> Mapping[str, str]:
    """All that is written, by the names of the files."""
    families = by_family(shipped())
    found = {INDEX: _text(index(families)), COVERED: covered()}
    for family, pages in families.items():
        found[f"{family}.md"] = _text(family_page(family, pages))
        found[f"{family}.svg"] = spec_of(family).written(*find_target(Purpose.DRAW, "svg")).decode()
    return found


def spec_of(family: Family) -> Model:
    """The spec whose picture stands for a family."""
    return archspec.load(FOLDER / f"{family}.arch")


def _text(lines: Iterator[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


# ---------------------------------------------------------------------------------------------------------------- pages


def index(families: Mapping[Family, Sequence[Page]]) -> Iterator[str]:
    yield NOTE
    yield "# The ops"
    yield ""
    yield INTRODUCTION.format(
        ops=sum(map(len, families.values())),
        families=len(families),
        contents="Families: " + ", ".join(f"[{family}](#{family})" for family in families) + ".",
    )
    for family, pages in families.items():
        yield ""
        yield f"## {_title(family)}"
        yield ""
        yield f'<a href="{family}.md"><img src="{family}.svg" alt="{_drawn(family)}" height="280"></a>'
        yield ""
        yield ABOUT[family]
        yield ""
        yield from _table(pages, f"{family}.md")


def family_page(family: Family, pages: Sequence[Page]) -> Iterator[str]:
    yield NOTE
    yield f"# {_title(family)}"
    yield ""
    yield ABOUT[family]
    yield ""
    if family is Family.NORMALISATION:
        yield f"![Which values share a mean and a variance]({COVERED})"
        yield ""
        yield _COVERED_CAPTION
        yield ""
    yield f'<img src="{family}.svg" alt="{_drawn(family)}">'
    yield ""
    yield f"{_drawn(family)} This is [{family}.arch]({family}.arch), as `archspec draw` shows it."
    yield ""
    yield from _table(pages, "")
    for page in pages:
        yield ""
        yield from op_section(page)
    yield ""
    yield f"[All families]({INDEX})"


def _drawn(family: Family) -> str:
    """What the picture of a family shows: the first line of its spec says so."""
    return spec_of(family).graph.doc


def _title(family: Family) -> str:
    return family.value.capitalize()


def _table(pages: Sequence[Page], file: str) -> Iterator[str]:
    yield "| Op | What it is |"
    yield "| --- | --- |"
    for page in pages:
        yield f"| [`{page.name}`]({file}#{page.name}) | {_cell(page.title)} |"


def op_section(page: Page) -> Iterator[str]:
    yield f"## {page.name}"
    yield ""
    yield from _code([page.use])
    parts: list[Part] = [Paragraph(page.summary)]
    if page.equation:
        parts.append(Displayed((page.equation,)))
    for part in (*parts, *page.parts):
        yield from _markdown(part)
        yield ""
    for shapes in page.shapes:
        yield f"**Shapes.** {shapes}"
        yield ""
    if page.inputs:
        least = page.op.arity()[0]
        yield f"**Inputs.** {'; '.join(f'`{one.name}`: {described_input(one, least)}' for one in page.inputs)}."
        yield ""
    yield from _settings(page)
    yield from _examples(page)
    yield from _weights(page)
    yield f"**Source.** {page.source}"


def _markdown(part: Part) -> Iterator[str]:
    match part:
        case Paragraph(text):
            yield text
        case Displayed(lines):
            yield from _code(lines)
        case Points(items):
            yield from (f"- {item}" for item in items)


def _settings(page: Page) -> Iterator[str]:
    if not page.settings:
        return
    yield "| Setting | What it is | Accepts | Default |"
    yield "| --- | --- | --- | --- |"
    for one in page.settings:
        yield f"| `{one.name}` | {_cell(one.description)} | {_cell(one.accepts)} | {_cell(_default(one))} |"
    yield ""
    if page.without_names:
        yield page.without_names
        yield ""


def _default(one: Setting) -> str:
    return one.unless_given.removeprefix("default ")


def _cell(text: str) -> str:
    """The text in a table, where a vertical line would end the cell."""
    return text.replace("|", r"\|")


def _examples(page: Page) -> Iterator[str]:
    if not page.examples:
        return
    room = max(len(use.line) for use in page.examples)
    lines: list[str] = []
    for use in page.examples:
        lines += [f"{use.line:<{room}}  # {use.shapes}"] if room <= MOST_BESIDE else [f"# {use.shapes}", use.line]
    yield from _code(lines)
    yaml = yaml_of(page.examples[0])
    yield f"In YAML, the first of these is{'' if len(yaml) > 1 else f' `{yaml[0]}`.'}"
    if len(yaml) > 1:
        yield ""
        yield from _code(yaml, "yaml")
    yield ""


def _weights(page: Page) -> Iterator[str]:
    use = page.weighty
    if use is None:
        return
    said = [f"`{name}` {shape}" for name, shape in use.weights.items()]
    kept = [f"`{name}` {shape}" for name, shape in use.buffers.items()]
    facts = [
        *([f"the weights {', '.join(said)}"] if said else []),
        *([f"what is kept and not trained, {', '.join(kept)}"] if kept else []),
        *([use.cost] if use.cost else []),
    ]
    yield f"**Weights and cost.** `{use.line}` on {listed(map(str, use.inputs), 'and')} has {'; '.join(facts)}."
    yield ""


def _code(lines: Sequence[str], language: str = "") -> Iterator[str]:
    yield f"```{language}"
    yield from lines
    yield "```"


# ---------------------------------------------------------------------------------------------------- examples as specs


def arch_spec(use: Use) -> str:
    """A whole spec in the text form, with an example as its only layer."""
    inputs = [f"    input {name}: {shape}" for name, shape in zip(use.names, use.inputs, strict=True)]
    return "\n".join(("model Example {", *inputs, f"    {use.line}", "}", ""))


def yaml_spec(use: Use) -> str:
    """The same spec in YAML."""
    inputs = [f"  {name}: {_yaml_input(shape)}" for name, shape in zip(use.names, use.inputs, strict=True)]
    layer = [f"  {line}" for line in yaml_of(use)]
    return "\n".join(("model: Example", "inputs:", *inputs, "layers:", *layer, ""))


def yaml_of(use: Use) -> list[str]:
    """An example as a layer of a YAML spec, in full."""
    settings = ", ".join(f"{name}: {_yaml_value(value)}" for name, value in use.op.chosen().items())
    lines = [f"- {use.op.name}: {{{settings}}}" if settings else f"- {use.op.name}"]
    beside = {"from": use.names if len(use.inputs) > 1 else (), "name": use.results}
    if any(beside.values()) and not settings:
        lines = [f"- {use.op.name}: {{}}"]
    return lines + [f"  {key}: [{', '.join(names)}]" for key, names in beside.items() if names]


def _yaml_input(shape: Shape) -> str:
    sizes = f"[{', '.join(map(str, shape.sizes))}]"
    return sizes if shape.element is Element.FLOAT else f"{{shape: {sizes}, element: {shape.element}}}"


def _yaml_value(value: Any) -> str:
    """A setting as YAML has it: what is no word stands in quotes."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml_value, value))}]"
    return f'"{value}"' if isinstance(value, str) and not re.fullmatch(r"\w+", value) else written(value)


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

_COVERED_CAPTION: Final = """\
Each block is an input: a picture in the upper row, whose axes of space are drawn as one, and a sequence in the lower
row. The values in dark green are those that one mean and one variance are taken of; `rmsnorm`, `unitnorm` and
`local_response_norm` take squares alone. Every other part of the block that lies like it has its own."""

_CELL: Final = 17.0
_SLANT: Final = (8.0, -7.0)
"""How far right and up the next example of the batch stands behind one."""

_COLUMNS: Final = 4
PANEL: Final = (188.0, 192.0)
_MARGIN: Final = 16.0


def covered() -> str:
    """The picture of what normalisation covers, as SVG."""
    rows = -(-len(COVERS) // _COLUMNS)
    width, height = 2 * _MARGIN + _COLUMNS * PANEL[0], 2 * _MARGIN + rows * PANEL[1] + 24
    return "\n".join(_covered(width, height)) + "\n"


def _covered(width: float, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title description" '
        f'font-family="{font.FAMILIES}">'
    )
    yield '<title id="title">What normalisation covers</title>'
    yield f'<desc id="description">{" ".join(_COVERED_CAPTION.replace("`", "").split())}</desc>'
    yield f'<rect x="0" y="0" width="{width:g}" height="{height:g}" fill="{PAPER}"/>'
    for place, cover in enumerate(COVERS):
        left = _MARGIN + place % _COLUMNS * PANEL[0]
        top = _MARGIN + place // _COLUMNS * PANEL[1]
        yield from _panel(cover, left, top)
    yield from _key(_MARGIN + 24, height - _MARGIN - 20)
    yield "</svg>"


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
    drawn = f'fill="none" stroke="{colour(Family.NORMALISATION).stroke}" stroke-width="0.8" stroke-linejoin="round"'
    yield f'<polygon points="{_points(outline)}" {drawn}/>'
    yield from (f'<polyline points="{_points(line)}" {drawn}/>' for line in inner)


def _key(x: float, y: float) -> Iterator[str]:
    """What the colours say."""
    for is_held, words in ((True, "values whose statistics are taken together"), (False, "others")):
        yield _face(is_held, [(x, y), (x + 12, y), (x + 12, y + 12), (x, y + 12)], 0)
        yield _line(words, x + 19, y + 9.5, 9, QUIET, starts=True)
        x += 19 + font.width(words, 9) + 20


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _front(x: float, y: float, across: int, down: int) -> list[tuple[float, float]]:
    left, top = x + across * _CELL, y + down * _CELL
    return [(left, top), (left + _CELL, top), (left + _CELL, top + _CELL), (left, top + _CELL)]


def _top(x: float, y: float, across: int, batch: int) -> list[tuple[float, float]]:
    slant_x, slant_y = _SLANT
    left, bottom = x + across * _CELL + batch * slant_x, y + batch * slant_y
    return [
        (left, bottom),
        (left + slant_x, bottom + slant_y),
        (left + slant_x + _CELL, bottom + slant_y),
        (left + _CELL, bottom),
    ]


def _side(x: float, y: float, down: int, batch: int) -> list[tuple[float, float]]:
    slant_x, slant_y = _SLANT
    left, top = x + ACROSS * _CELL + batch * slant_x, y + down * _CELL + batch * slant_y
    return [
        (left, top),
        (left + slant_x, top + slant_y),
        (left + slant_x, top + slant_y + _CELL),
        (left, top + _CELL),
    ]


def _face(is_held: bool, corners: Sequence[tuple[float, float]], light: float) -> str:
    paint = colour(Family.NORMALISATION)
    fill = _lit(paint.stroke if is_held else paint.fill, light if is_held else light / 2)
    drawn = f'fill="{fill}" stroke="{PAPER}" stroke-width="0.9" stroke-linejoin="round"'
    return f'<polygon points="{_points(corners)}" {drawn}/>'


def _lit(paint: str, light: float) -> str:
    """A colour, that much of the way to white or, where it is negative, to black."""
    goal = 255 if light > 0 else 0
    parts = (int(paint[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (goal - part) * abs(light)):02x}" for part in parts)


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


# -------------------------------------------------------------------------------------------------------- the documents


def outdated() -> list[str]:
    """The names of the files that are not as they should be."""
    wanted = documents()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.*") if path.suffix != ".arch"}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        wanted = documents()
        for name in outdated():
            if name in wanted:
                (FOLDER / name).write_text(wanted[name], encoding="utf-8")
            else:
                (FOLDER / name).unlink()
    elif arguments:
        sys.exit("usage: python docs/ops.py [--write]")
    elif names := outdated():
        sys.exit(f"out of date in {FOLDER}: {', '.join(names)}; run `{COMMAND}`")


if __name__ == "__main__":
    main(sys.argv[1:])
