"""Writes the manual of the ops in `docs/ops`: a page for each family, its pictures, and the index.

python -m docs.manual            says whether the pages are up to date
python -m docs.manual --write    brings them up to date

What a page says comes from the classes of the ops, by way of `archspec.manual`. The picture of a family is drawn from
the spec beside it, `docs/ops/FAMILY.arch`; what no spec shows is drawn by `docs/figures.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import archspec
from archspec.backend import Purpose
from archspec.expression import written
from archspec.manual import by_family, shipped
from archspec.manual.docstring import Displayed, Paragraph, Part, Points
from archspec.manual.page import Page, Setting, Use, described_input
from archspec.model import Model
from archspec.op import Family
from archspec.shape import Element, Shape
from archspec.spelling import listed
from archspec.targets import find_target
from docs import figures
from docs.pages import Pages, text_of

FOLDER: Final = Path(__file__).with_name("ops")
INDEX: Final = "README.md"
NOTE: Final = "<!-- Written by `python -m docs.manual --write` from the classes of the ops. -->"
MOST_ALIGNED: Final = 64
"""The shapes of an example whose line is longer than this stand out of line."""

ABOUT: Final[Mapping[Family, str]] = {
    Family.CONVOLUTION: "A convolution takes the same weighted sum around each position of space. How many axes of "
    "space there are is taken from the input, so that one op serves signals, pictures and volumes.",
    Family.POOLING: "Pooling makes one value of a window of positions, channel by channel.",
    Family.NORMALISATION: "Normalisation brings values to a common scale. The ops differ in which values share their "
    "statistics, and in what is trained on top of that; `scale` and `shift` are what is trained alone.",
    Family.ACTIVATION: "An activation bends a signal, mostly value by value. Most leave the shape as it is.",
    Family.ELEMENTWISE: "These apply a function to each value on its own, or compare values position by position.",
    Family.LINEAR: "These are products with trained matrices.",
    Family.REGULARISATION: "These disturb a signal in training, so that nothing is learned by heart, and do nothing in "
    "evaluation.",
    Family.RESHAPING: "These move values to other places or other axes. Hardly any of them calculates something.",
    Family.REDUCTION: "A reduction makes one value of all that stands along an axis, or along several. A running sum "
    "or product has one at each position.",
    Family.MERGE: "A merge makes one value of several. `(a, b) -> add` joins values by their names, and "
    "`add { ... }` what the lines in the braces give.",
    Family.ATTENTION: "Attention lets each position of a sequence look at others, and take from them by what it finds.",
    Family.MEMORY: "A memory is a matrix of slots that are read and written by what is in them, or by their order.",
    Family.EMBEDDING: "An embedding turns whole numbers, or places in a sequence, into vectors.",
    Family.RECURRENT: "A recurrence goes over a sequence, and carries a state from each position to the next.",
}
"""What the ops of a family have in common."""


@final
@dataclass(frozen=True)
class Figure:
    """A picture of a family that no spec shows."""

    file: str
    title: str
    caption: str
    drawn: Callable[[], str]


FIGURES: Final[Mapping[Family, Figure]] = {
    Family.NORMALISATION: Figure("normalisation-axes.svg", figures.COVERED, figures.COVERED_CAPTION, figures.covered),
    Family.ACTIVATION: Figure("activation-curves.svg", figures.CURVES_TITLE, figures.CURVES_CAPTION, figures.curves),
}

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
    found = {INDEX: text_of(index(families)), **{figure.file: figure.drawn() for figure in FIGURES.values()}}
    for family, pages in families.items():
        found[f"{family}.md"] = text_of(family_page(family, pages))
        found[f"{family}.svg"] = spec_of(family).written(*find_target(Purpose.DRAW, "svg")).decode()
    return found


def spec_of(family: Family) -> Model:
    """The spec whose picture stands for a family."""
    return archspec.load(FOLDER / f"{family}.arch")


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
        figure = FIGURES.get(family)
        file, shown = (figure.file, figure.title) if figure else (f"{family}.svg", _drawn(family))
        yield f'<a href="{family}.md"><img src="{file}" alt="{shown}" height="320"></a>'
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
    if figure := FIGURES.get(family):
        yield f"![{figure.title}]({figure.file})"
        yield ""
        yield figure.caption
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
    for part in page.text:
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
    room = max((len(use.line) for use in page.examples if len(use.line) <= MOST_ALIGNED), default=0)
    yield from _code([f"{use.line:<{room}}  # {use.shapes}" for use in page.examples])
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


PAGES: Final = Pages(FOLDER, "docs.manual", documents, by_hand=".arch")


if __name__ == "__main__":
    PAGES.main(sys.argv[1:])
