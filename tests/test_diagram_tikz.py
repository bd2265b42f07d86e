"""Diagrams in the words of TeX: whatever a spec says is text there, and a plain installation sets it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec.drawing import Drawing, DrawingError
from archspec.ops.linear import Linear
from archspec_diagram.picture import Ink, Mark, Part, Picture, Text, inks
from archspec_diagram.tikz import escaped, tikz
from archspec_diagram.views import picture_of
from tests.graphs import graph_of

SPECS: Final = Path(__file__).parent.parent / "specs"
TEX: Final = shutil.which("pdflatex")
EVIL: Final = "\\input{/etc/hosts} \\end{document} % $x$ #1 a_b^c ~ & {}} \\\\ \"--' ?`fi,, 名é×ł→αß\x00\u202e<|>"


def evil() -> Picture:
    path = EVIL.replace("/", "|")
    layers = [(f"{path}/{path}", Linear(features=3), [EVIL]), ("other", Linear(features=3), [f"{path}/{path}"])]
    return picture_of(graph_of(EVIL, {EVIL: [2, 3]}, layers, ["other"]), Drawing(depth=9))


PICTURES: Final = {
    "lenet": lambda: picture_of(archspec.load(SPECS / "lenet.arch").graph, Drawing()),
    "transformer": lambda: picture_of(archspec.load(SPECS / "attention/transformer.arch").graph, Drawing()),
    "to the right": lambda: picture_of(archspec.load(SPECS / "vision/unet.arch").graph, Drawing.of(direction="right")),
    "evil": evil,
}
every_picture = pytest.mark.parametrize("name", PICTURES)


def texts(marks: tuple[Mark, ...]) -> Iterator[str]:
    for mark in marks:
        if isinstance(mark, Part):
            yield from texts(mark.marks)
        elif isinstance(mark, Text):
            yield mark.line.text


@every_picture
def test_every_group_of_tex_is_closed_and_every_colour_is_defined(name: str) -> None:
    picture = PICTURES[name]()
    written = tikz(picture)
    depth = 0
    for line in written.splitlines():
        if line.startswith("%"):
            continue
        for each in re.findall(r"\\.|[{}%]", line):
            assert each != "%", "a comment would hide what follows"
            depth += {"{": 1, "}": -1}.get(each, 0)
            assert depth >= 0
        # A statement of TikZ stands on a line of its own.
        assert depth == 0, line
    assert written.count(r"\begin{document}") == written.count(r"\end{document}") == 1
    defined = re.findall(r"\\definecolor\{([\w-]+)\}\{HTML\}\{[0-9A-F]{6}\}", written)
    assert defined == sorted(f"archspec-{ink}" for ink in inks(picture))
    assert set(re.findall(r"(?:fill|draw|text)=([\w-]+)", written)) <= set(defined)
    assert written.count(r"\node") == len(list(texts(picture.marks)))
    # Beyond ASCII there is only what TeX is told that it may lack.
    assert re.sub(r"\\other\{.\}", "", written).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b 50% of #1 & $x$", r"a\_b 50\% of \#1 \& \$x\$"),
        ("\\end{x}", r"\textbackslash{}end\{x\}"),
        ("3 × 3 · −1", r"3 $\times$ 3 $\cdot$ $-$1"),
        ("é ç β 名 ł", r"\'{e} \c{c} $\beta$ \other{名} \other{ł}"),
        ("--", "{-}{-}"),
        (" a  b ", r"\ a\ \ b\ "),
        ("  ", r"\ \ "),
    ],
)
def test_what_tex_would_read_as_its_own_is_written_as_text(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_a_picture_that_tex_cannot_count_is_refused() -> None:
    white = Ink("paper", "#ffffff", "#000000")
    tall = Picture(100, 20_000, "Tall", "", white, white, "sans-serif", ())
    with pytest.raises(DrawingError, match="fold more, draw it smaller"):
        tikz(tall)
    assert "paperheight=10000bp" in tikz(tall, 0.5)


@pytest.mark.skipif(TEX is None, reason="there is no pdflatex here")
@every_picture
def test_a_plain_installation_of_tex_sets_it_on_one_page(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.tex").write_text(tikz(PICTURES[name]()), encoding="utf-8")
    assert TEX is not None
    command = (TEX, "-interaction=nonstopmode", "-halt-on-error", "net.tex")
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=100, check=False)
    log = said.stdout.decode("latin-1")
    assert said.returncode == 0, log[-2000:]
    assert "Output written on net.pdf (1 page," in log.replace("\n", " ")
    assert "Overfull" not in log
