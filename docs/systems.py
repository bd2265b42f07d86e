"""Writes the gallery in `docs/gallery.md`, with its figures in `docs/gallery`: all systems that are shipped as specs.

python -m docs.systems            says whether the gallery is up to date
python -m docs.systems --write    brings it up to date

What it says of a system is the doc string of its spec; the figure, the table and the counts are made anew each time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

import archspec
from archspec.backend import Purpose
from archspec.drawing import Drawing
from archspec.plugins import targets
from archspec.shipped import Shipped, shipped
from archspec.size import Size, evaluate
from docs.pages import Pages, text_of

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = Path(__file__).with_name("gallery")
PAGE: Final = "../gallery.md"
NOTE: Final = "<!-- Written by `python -m docs.systems --write` from the specs. -->"

FAMILIES: Final[Mapping[str, str]] = {
    "specs": "To begin with",
    "vision": "Images",
    "text": "Sentences",
    "audio": "Sound",
    "signal": "Signals",
    "games": "Games",
    "sequence": "Sequences",
    "attention": "Attention",
    "memory": "Memory",
}
"""What the folders of specs are called, in the order of the gallery."""

IN_PERSPECTIVE: Final = ("alexnet", "lenet", "lenet5", "resnet", "unet", "vgg", "alphago_policy", "keyword_cnn")
"""Those whose feature maps are shown as well, by the name of the file."""

INTRODUCTION: Final = """\
Each of these is one file, from which its figure, its table and its module are made. `archspec new mine.arch --from
resnet50` begins a spec of your own with any of them, or with one of their variants.

Figures are folded to what one sees at a glance; `archspec draw FILE -o net.svg --depth 9` shows all of it. MACs
(multiply-adds) are for one example, with open sizes left as letters; [how costs are counted](costs.md) says what is in
them.
"""


def documents() -> Mapping[str, str]:
    """The page, and the figures that it shows."""
    known = sorted(shipped(), key=lambda each: list(FAMILIES).index(each.family))
    lines = ["# Gallery", "", NOTE, "", INTRODUCTION, ""]
    found = {}
    for family, specs in groupby(known, key=lambda each: each.family):
        systems = list(specs)
        lines += [f"- {FAMILIES[family]}: {', '.join(f'[{_title(each)}](#{_anchor(each)})' for each in systems)}"]
    for family, specs in groupby(known, key=lambda each: each.family):
        lines += ["", f"## {FAMILIES[family]}"]
        for each in specs:
            lines += ["", *_section(each)]
            found[f"{each.name}.svg"] = _figure(each, Drawing())
            if each.name in IN_PERSPECTIVE:
                found[f"{each.name}_volumes.svg"] = _figure(each, Drawing(style="volumes"))
    found[PAGE] = text_of(lines)
    return found


def _title(system: Shipped) -> str:
    return system.name


def _anchor(system: Shipped) -> str:
    """What a heading is called in an address."""
    return _title(system).lower()


def _section(system: Shipped) -> Iterator[str]:
    model = archspec.load(system.path)
    path = system.path.relative_to(ROOT).as_posix()
    yield from (f"### {_title(system)}", "", model.graph.doc, "")
    alt = escape(f"{model.graph.name} as archspec draws it", quote=True)
    yield f'<img src="gallery/{system.name}.svg" alt="{alt}" height="560">'
    if system.name in IN_PERSPECTIVE:
        yield from ("", f'<img src="gallery/{system.name}_volumes.svg" alt="{alt}, as volumes" width="760">')
    if system.variants:
        yield from ("", "| variant | parameters | MACs |", "| :--- | ---: | ---: |")
        for variant in system.variants:
            graph = archspec.load(f"{system.path}:{variant}").graph
            yield f"| `{variant}` | {_amount(graph.parameters)} | {_amount(graph.macs)} |"
    yield from ("", "<details><summary>Shapes and costs</summary>", "")
    # Its title is that of the section.
    yield model.summary().written("markdown").partition("\n")[2].strip()
    yield from ("", "</details>", "", f"<details><summary>{path}</summary>", "")
    fence = "yaml" if system.path.suffix == ".yaml" else ""
    yield from (f"```{fence}", system.path.read_text(encoding="utf-8").rstrip(), "```", "", "</details>")


def _figure(system: Shipped, drawing: Drawing) -> str:
    return archspec.load(system.path).drawn(*targets(Purpose.DRAW)["svg"], drawing).decode()


def _amount(size: Size) -> str:
    """A number or a formula, for one example."""
    of_one = evaluate(size, {"B": 1})
    return f"{of_one:,}" if isinstance(of_one, int) else f"`{of_one}`"


PAGES: Final = Pages(FOLDER, "docs.systems", documents)

if __name__ == "__main__":
    PAGES.main(sys.argv[1:])
