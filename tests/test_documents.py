"""Figures in documents: small sites are built with Sphinx and with MkDocs, both so that each warning makes them fail.

What holds for both is said once, of a `Site`: a page with one figure, whose spec uses a file of blocks.
"""

from __future__ import annotations

import io
import logging
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any, ClassVar, Final, final
from xml.etree import ElementTree

import markdown
import mkdocs.config
import pytest
from mkdocs.commands.build import build as build_mkdocs
from mkdocs.exceptions import Abort
from msgspec.structs import replace
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from archspec.drawing import Drawing
from archspec.op import Family
from archspec_diagram import DiagramBackend, palette
from archspec_documents import kept
from archspec_documents.fences import fences
from archspec_documents.figure import LOOKS, STANDS, Figure, FigureError
from archspec_documents.kept import Drawn, Place
from archspec_documents.markdown import ArchspecExtension
from archspec_documents.mkdocs import ArchspecPlugin
from tests.chromium import Browser

LINK: Final = "https://example.org/blob/main/{path}#L{line}"

SPEC: Final = """\
use "blocks.arch"

model Net(width = 8) {
    input x: [B, 3, 16, 16]

    first = conv(width, kernel=3)
    Unit(width)
    flatten -> linear(10)
}

variant wide = Net(width=64)
"""
BLOCKS: Final = """\
block Unit(width) {
    conv(width, kernel=3) -> relu
    conv(width, kernel=3)
}
"""
INLINE: Final = """\
model Small {
    input x: [B, 4]

    linear(3) -> relu
}
"""
WRONG: Final = INLINE.replace("relu", "rellu")


@dataclass(frozen=True)
class Built:
    """What a build gives."""

    passed: bool
    page: str
    said: str
    """All that was reported."""


@dataclass(frozen=True)
class Site(ABC):
    folder: Path

    page: ClassVar[str]
    """The document, below the folder of the site."""

    top: ClassVar[str]
    """What stands above the figure there."""

    @final
    def write(self, *figures: str, above: str = "") -> None:
        path = self.folder / self.page
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join((self.top + above, *figures)) + "\n")

    @abstractmethod
    def figure(self, spec: str = "", text: str = "", **options: object) -> str:
        """A figure as it is written in a document."""

    @abstractmethod
    def build(self, *, strict: bool = True) -> Built:
        """Build it; a strict build fails at warnings."""

    @abstractmethod
    def kept(self) -> list[Path]:
        """The drawings that are kept."""

    @final
    def line(self, words: str) -> int:
        """The line of the page in which some words stand."""
        lines = (self.folder / self.page).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if words in line)


SETTINGS: Final = f'''\
extensions = ["archspec_documents.sphinx"]
archspec_root = ".."
archspec_source_link = "{LINK}"
'''


@final
class SphinxSite(Site):
    page = "docs/index.rst"
    top = "Title\n=====\n"

    def figure(self, spec: str = "", text: str = "", **options: object) -> str:
        head = f".. archspec:: {f'../{spec}' if spec else ''}".rstrip()
        said = "".join(f"\n   :{name}: {value}" for name, value in options.items())
        return f"{head}{said}" + (f"\n\n{indent(text, '   ')}" if text else "")

    def build(self, *, strict: bool = True, builder: str = "html", settings: str = SETTINGS) -> Built:
        (self.folder / "docs" / "conf.py").write_text(f'{settings}html_theme = "basic"\n')
        source, out, kept_in = (self.folder / name for name in ("docs", f"site-{builder}", "trees"))
        said = io.StringIO()
        with patch_docutils(str(source)), docutils_namespace():
            app = Sphinx(source, source, out, kept_in, builder, status=None, warning=said, warningiserror=strict)
            app.build()
        page = next((out / name for name in ("index.html", "projectnamenotset.tex") if (out / name).exists()), None)
        return Built(app.statuscode == 0, page.read_text() if page else "", said.getvalue())

    def kept(self) -> list[Path]:
        return sorted((self.folder / "trees" / "archspec").glob("*.drawn"))


@final
class MkDocsSite(Site):
    page = "docs/index.md"
    top = "---\ndescription: about nets\n---\n# Title\n"

    def figure(self, spec: str = "", text: str = "", **options: object) -> str:
        said = "".join(f' {name}="{value}"' for name, value in {**({"file": spec} if spec else {}), **options}.items())
        return f"```archspec{said}\n{text}```"

    def build(
        self,
        *,
        strict: bool = True,
        settings: str = f'site_name: Nets\nplugins: [{{archspec: {{source_link: "{LINK}"}}}}]\n',
    ) -> Built:
        (self.folder / "theme").mkdir(exist_ok=True)
        (self.folder / "theme" / "main.html").write_text("{{ page.content }}")
        file = self.folder / "mkdocs.yml"
        file.write_text(f"{settings}theme: {{name: null, custom_dir: theme}}\n")
        said = io.StringIO()
        handler = logging.StreamHandler(said)
        handler.setLevel(logging.WARNING)
        logging.getLogger("mkdocs").addHandler(handler)
        try:
            config = mkdocs.config.load_config(str(file), strict=strict)
            build_mkdocs(config)
            passed = True
        except Abort:
            passed = False
        finally:
            logging.getLogger("mkdocs").removeHandler(handler)
        page = self.folder / "site" / "index.html"
        return Built(passed, page.read_text() if page.exists() else "", said.getvalue())

    def kept(self) -> list[Path]:
        return sorted((self.folder / ".cache" / "archspec").glob("*.drawn"))


@pytest.fixture(params=[SphinxSite, MkDocsSite])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose folder, in which we run, has a spec."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.arch").write_text(SPEC)
    (tmp_path / "blocks.arch").write_text(BLOCKS)
    made: Site = request.param(tmp_path)
    return made


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is drawn, as it is drawn."""
    found: list[str] = []
    draw = DiagramBackend.draw

    def counted(*arguments: Any) -> bytes:
        found.append(arguments[1].name)
        return draw(*arguments)

    monkeypatch.setattr(DiagramBackend, "draw", counted)
    return found


def svgs(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(each) for each in re.findall(r"<svg .*?</svg>", page, re.DOTALL)]  # noqa: S314


def identities(page: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', page)


# ---------------------------------------------------------------------------------------------- what stands on a page


def test_a_page_has_the_pictures_of_a_file_and_of_a_text(site: Site) -> None:
    site.write(site.figure("net.arch", depth=2, name="net"), site.figure(text=INLINE))
    built = site.build()
    assert (built.passed, built.said) == (True, "")
    first, second = svgs(built.page)
    assert {"net-layer.first", "net-layer.linear1", "net-group.unit1"} <= {each.get("id") for each in first.iter()}
    assert "linear1: linear(3)" in "".join(second.itertext())


def test_boxes_are_linked_to_their_lines_in_the_file_or_in_the_document(site: Site) -> None:
    site.write(site.figure("net.arch", name="net", expand="unit1"), site.figure(text=INLINE, name="small"))
    page = site.build().page
    links = dict.fromkeys(re.findall(r'<a href="([^"]+)"><g id="([^"]+)"', page))
    line = site.line("linear(3)")
    assert {
        ("https://example.org/blob/main/net.arch#L4", "net-input.x"),
        ("https://example.org/blob/main/net.arch#L6", "net-layer.first"),
        ("https://example.org/blob/main/net.arch#L7", "net-group.unit1"),
        ("https://example.org/blob/main/blocks.arch#L2", "net-layer.unit1.conv1"),
        (f"https://example.org/blob/main/{site.page}#L{line}", "small-layer.linear1"),
    } <= set(links)


def test_no_two_things_on_a_page_have_one_identifier(site: Site) -> None:
    site.write(*[site.figure("net.arch")] * 2, site.figure("net.arch", name="named one"), site.figure(text=INLINE))
    page = site.build().page
    found = identities(page)
    assert len(svgs(page)) == 4
    assert sorted(found) == sorted(set(found))
    assert not [each for each in found if " " in each]
    for svg in svgs(page):
        inside = {each.get("id") for each in svg.iter()}
        assert set(svg.attrib["aria-labelledby"].split()) <= inside


def parts(svg: ElementTree.Element) -> str:
    return " ".join(each.get("id", "") for each in svg.iter())


@pytest.mark.parametrize(
    ("usual", "asked", "has"),
    [
        ({}, {"direction": "right"}, lambda svg: float(svg.attrib["width"]) > float(svg.attrib["height"])),
        ({"depth": 0}, {"depth": 1}, lambda svg: "unit1.conv1" in parts(svg)),
        ({"depth": 0}, {"expand": "unit1"}, lambda svg: "unit1.conv1" in parts(svg)),
        ({"depth": 1}, {"fold": "unit1, Unit"}, lambda svg: "unit1.conv1" not in parts(svg)),
        ({}, {"label": "it is {op}"}, lambda svg: "it is conv" in "".join(svg.itertext())),
        ({}, {"alt": "A net & more"}, lambda svg: "A net & more" in "".join(svg.itertext())),
        ({"width": "70%"}, {"width": "50%"}, lambda svg: svg.attrib["style"].startswith("width: 50%;")),
    ],
    ids=["direction", "depth", "expand", "fold", "label", "alt", "width"],
)
def test_options_are_heeded(
    site: Site, usual: dict[str, Any], asked: dict[str, Any], has: Callable[[ElementTree.Element], bool]
) -> None:
    site.write(site.figure("net.arch", **usual), site.figure("net.arch", **usual | asked))
    built = site.build()
    assert built.passed, built.said
    assert [has(each) for each in svgs(built.page)] == [False, True]


def test_a_scale_is_for_print_and_not_for_pages(tmp_path: Path) -> None:
    sphinx, plain = SphinxSite(tmp_path), ArchspecExtension()
    sphinx.write(sphinx.figure(text=INLINE, scale=2))
    assert sphinx.build(strict=True).passed
    assert sphinx.build(builder="latex").passed
    with pytest.raises(FigureError, match="`scale` is for PNG and PDF, and here is a page; say how wide it is"):
        markdown.markdown(f"```archspec scale=2\n{INLINE}```\n", extensions=[plain])


def test_a_figure_has_a_caption_a_name_and_a_side(site: Site) -> None:
    site.write(site.figure("net.arch:wide", caption="A wide net", name="wide", align="left"))
    page = site.build().page
    figure = next(each for each in re.findall(r"<figure .*?</figure>", page, re.DOTALL))
    assert re.search(r'^<figure [^>]*id="wide"', figure)
    assert re.search(r"^<figure [^>]*left", figure)
    assert re.search(r"<figcaption>.*A wide net.*</figcaption>", figure, re.DOTALL)
    assert "conv(64, kernel=3)" in figure


# -------------------------------------------------------------------------------------------- what is built, and when


def test_what_has_not_changed_is_not_drawn_again(site: Site, drawings: list[str]) -> None:
    site.write(site.figure("net.arch"), site.figure(text=INLINE))
    before = svgs(site.build().page)
    assert drawings == ["Net", "Small"]
    # The page is built anew, and its lines are others.
    site.write(site.figure("net.arch"), site.figure(text=INLINE), above="\nMore text,\nof two lines.\n")
    page = site.build().page
    assert "of two lines" in page
    assert drawings == ["Net", "Small"]
    assert [len(list(each.iter())) for each in svgs(page)] == [len(list(each.iter())) for each in before]
    assert f"{site.page}#L{site.line('linear(3)')}" in page


@pytest.mark.parametrize(("file", "before", "after"), [("net.arch", "first", "begin"), ("blocks.arch", "relu", "gelu")])
def test_a_changed_file_is_drawn_again_though_the_page_is_the_same(
    site: Site, drawings: list[str], file: str, before: str, after: str
) -> None:
    site.write(site.figure("net.arch", expand="unit1"))
    assert after not in site.build().page
    path = site.folder / file
    path.write_text(path.read_text().replace(before, after))
    page = site.build().page
    assert after in page
    assert before not in page
    assert drawings == ["Net", "Net"]
    path.write_text(path.read_text().replace(after, before))
    assert before in site.build().page


def test_a_kept_drawing_that_is_damaged_is_drawn_again(site: Site, drawings: list[str]) -> None:
    site.write(site.figure("net.arch"))
    before = site.build().page
    (entry,) = site.kept()
    for number, data in enumerate((b"", entry.read_bytes()[:-9], entry.read_bytes().replace(b"linear", b"lunear"))):
        entry.write_bytes(data)
        site.write(site.figure("net.arch"), above="\n" * (number + 1))
        built = site.build()
        assert built.passed, built.said
        assert [ElementTree.tostring(each) for each in svgs(built.page)] == [
            ElementTree.tostring(each) for each in svgs(before)
        ]
        assert len(drawings) == number + 2


# ------------------------------------------------------------------------------------------------- what is wrong


def test_a_wrong_spec_fails_the_build_at_its_line_of_the_document(site: Site) -> None:
    site.write("Some text.", site.figure(text=WRONG), site.figure("net.arch"))
    line = site.line("rellu")
    column = 5 + len("linear(3) -> ")
    for _ in range(2):  # It fails again, also where nothing has changed.
        built = site.build()
        assert not built.passed
        assert f"{site.page}:{site.line('archspec')}: " in built.said
        assert "error[A104]: no op is called `rellu`" in built.said
        assert f"--> {site.page}:{line}:{column}\n" in built.said
        assert f"{line} |     linear(3) -> rellu" in built.said
    site.write(site.figure(text=INLINE))
    assert site.build().passed


def test_a_wrong_spec_fails_a_build_that_is_not_strict(site: Site) -> None:
    site.write(site.figure(text=WRONG))
    for _ in range(2):
        assert not site.build(strict=False).passed


def test_a_wrong_file_fails_the_build_until_it_is_mended(site: Site) -> None:
    path = site.folder / "blocks.arch"
    path.write_text(BLOCKS.replace("relu", "rellu"))
    site.write("Some text.", site.figure("net.arch"))
    built = site.build()
    assert not built.passed
    assert f"{site.page}:{site.line('archspec')}: " in built.said
    assert "--> blocks.arch:2:30" in built.said
    path.write_text(BLOCKS)
    assert site.build().passed


def test_all_that_is_wrong_is_told_in_one_build(site: Site) -> None:
    figures = {
        site.figure("nett.arch"): "cannot read `nett.arch`: there is no such file",
        site.figure("net.arch:wise"): "`wise`",
        site.figure("net.arch", dept="2"): "a figure has no option `dept`; did you mean `depth`?",
        site.figure("net.arch", depth="two"): "the depth of a diagram is a number of groups, 0 or more, not `two`",
        site.figure("net.arch", highlight="sixth"): "the model has no group or layer `sixth`",
        site.figure("net.arch", align="up"): "a figure is aligned `left`, `center` or `right`, not `up`",
        site.figure("net.arch", style="shiny"): "there is no style `shiny`",
        site.figure("net.arch", theme="none.yaml"): "none.yaml",
        site.figure("net.arch", text=INLINE): "the name of a file or the text of a spec, and not both",
    }
    site.write(*figures)
    built = site.build()
    assert not built.passed
    lines = built.said.splitlines()
    pages = [
        number
        for number, line in enumerate((site.folder / site.page).read_text().splitlines(), 1)
        if "archspec" in line
    ]
    assert len(pages) == len(figures)
    for number, told in zip(pages, figures.values(), strict=True):
        start = next(place for place, line in enumerate(lines) if f"{site.page}:{number}: " in line)
        assert told in "\n".join(lines[start : start + 4])


def test_a_spec_uses_no_file_outside_of_the_root_folder(site: Site) -> None:
    inside = site.folder / "inner"
    inside.mkdir()
    path = Path("..") / ".." / f"{site.folder.name}.arch"
    (inside / "net.arch").write_text(f'use "{path}"\n{INLINE}')
    site.write(site.figure("inner/net.arch"))
    built = site.build()
    assert not built.passed
    assert f"`{path}` is outside of the root folder" in built.said


# ---------------------------------------------------------------------------------------------------- Sphinx alone


def test_print_has_the_picture_as_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site = SphinxSite(tmp_path)
    site.write(site.figure(text=INLINE, width="50%"))
    built = site.build(builder="latex")
    assert built.passed, built.said
    (named,) = re.findall(r"includegraphics\[width=0\.500\\linewidth\]\{\{(archspec-\w+)\}\.pdf\}", built.page)
    assert (tmp_path / "site-latex" / f"{named}.pdf").read_bytes().startswith(b"%PDF")


# ---------------------------------------------------------------------------------------------------- Markdown alone


def test_markdown_alone_needs_no_mkdocs_and_tells_all_faults_by_one_exception(tmp_path: Path) -> None:
    text = f"# Title\n\n```archspec\n{INLINE}```\n"
    assert len(svgs(markdown.markdown(text, extensions=["archspec", "fenced_code", "tables"]))) == 1
    extension = ArchspecExtension(document="notes.md")
    with pytest.raises(FigureError) as raised:
        markdown.markdown(f"```archspec\n{WRONG}```\n\n~~~archspec dept=1\n{INLINE}~~~\n", extensions=[extension])
    assert "notes.md:1: the spec has errors" in str(raised.value)
    assert "--> notes.md:5:18" in str(raised.value)
    assert "notes.md:9: a figure has no option `dept`; did you mean `depth`?" in str(raised.value)


def test_a_figure_in_a_list_stays_in_it() -> None:
    text = "- item\n\n" + indent(f"```archspec\n{INLINE}```\n", "    ") + "\n    and more\n"
    html = markdown.markdown(text, extensions=["archspec"])
    assert re.search(r"<li>.*<svg .*</svg>.*and more.*</li>", html, re.DOTALL)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("```archspec\nx\n```", [(0, 3, {}, "x\n")]),
        ("~~~~ archspec a=1 b=\"2 3\" c='4'\nx\n~~~\n~~~~", [(0, 4, {"a": "1", "b": "2 3", "c": "4"}, "x\n~~~\n")]),
        ("````\n```archspec\n```\n````", []),
        ("```archspecs\n```\n\n    ```archspec\n      x\n    y\n    ```", [(3, 7, {}, "  x\ny\n")]),
        ("```archspec\nnothing closes it", []),
        ("`archspec` and ```archspec``` are words\n```archspec\n```", [(1, 3, {}, "")]),
    ],
)
def test_a_fence_is_what_markdown_takes_for_one(lines: str, found: list[object]) -> None:
    blocks = fences(lines.splitlines())
    assert [(each.start, each.end, dict(each.options), each.text) for each in blocks] == found


@pytest.mark.parametrize("said", ["depth", "depth=", "=1", 'label="a', "depth=1 depth=2", "a b=1"])
def test_what_is_no_option_is_told(said: str) -> None:
    (fence,) = fences([f"```archspec {said}", "```"])
    assert fence.fault is not None


def test_serving_watches_the_folders_of_all_files_that_were_read(tmp_path: Path) -> None:
    watched: list[str] = []

    class Server:
        def watch(self, path: str, *, recursive: bool) -> None:
            assert not recursive
            watched.append(path)

    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "blocks.arch").write_text(BLOCKS)
    (tmp_path / "net.arch").write_text(SPEC.replace("blocks.arch", "blocks/blocks.arch"))
    plugin = ArchspecPlugin()
    plugin.extension = ArchspecExtension(root=str(tmp_path))
    markdown.markdown('```archspec file="net.arch"\n```', extensions=[plugin.extension])
    plugin.on_serve(Server())  # type: ignore[arg-type]
    assert sorted(watched) == [str(tmp_path), str(tmp_path / "blocks")]
    plugin.on_env()
    assert len(watched) == 2


def test_the_colours_of_figures_are_on_the_page_once_and_cannot_be_searched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    site = MkDocsSite(tmp_path)
    site.write(*[site.figure(text=INLINE)] * 2)
    built = site.build(settings="site_name: Nets\nplugins: [search, archspec]\n")
    assert built.passed, built.said
    assert len(svgs(built.page)) == 2
    assert built.page.count("prefers-color-scheme") == built.page.count("<style>") == 1
    index = (tmp_path / "site" / "search" / "search_index.json").read_text()
    assert "linear1" in index
    assert "prefers-color-scheme" not in index


# --------------------------------------------------------------------------------------------------------- in a browser


@pytest.mark.parametrize(
    ("said", "prefers_dark", "is_dark"),
    [
        ("", False, False),
        ("", True, False),
        ('style="color-scheme: dark"', False, True),
        ('style="color-scheme: light dark"', True, True),
        ('style="color-scheme: light dark"', False, False),
        ('data-theme="dark"', False, True),
        ('data-theme="light"', True, False),
        ('data-theme="auto"', True, True),
    ],
)
def test_figures_are_dark_where_their_page_is(
    browser: Browser, tmp_path: Path, said: str, prefers_dark: bool, is_dark: bool
) -> None:
    theme = tmp_path / "theme.yaml"
    theme.write_text("families: {linear: '#800080'}\n")
    blocks = [f"```archspec name={name}\n{INLINE}```\n" for name in ("one", f'two theme="{theme}"')]
    figures = markdown.markdown("\n".join(blocks), extensions=[ArchspecExtension()])
    file = tmp_path / "page.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8"><html {said}><body>{figures}', encoding="utf-8")
    with browser.page(file, 400, 400, dark=prefers_dark) as page:

        def colour(id: str, part: str, name: str) -> str:
            found: str = page.run(f"getComputedStyle(document.querySelector('#{id} {part}')).{name}")
            return found

        paper = palette.PAPER.dark if is_dark else palette.PAPER.light
        assert colour("one", "svg > rect", "fill") == colour("two", "svg > rect", "fill") == rgb(paper)
        # What one figure has by its theme, the other one has not.
        own, themed = (colour(name, ".stroke-linear-line", "stroke") for name in ("one", "two"))
        linear = palette.colour(Family.LINEAR).stroke
        assert own == rgb(linear.dark if is_dark else linear.light)
        assert themed != own
        assert (themed == "rgb(128, 0, 128)") == (not is_dark)


def rgb(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


# ------------------------------------------------------------------------------------------------------ the document

DOCUMENT: Final = (Path(__file__).parents[1] / "docs" / "documents.md").read_text()


def shown(language: str, of: str = DOCUMENT) -> list[str]:
    """The blocks of the document in one language."""
    blocks = re.findall(r"^(`{3,})(\w+)\n(.*?)^\1$", of, re.MULTILINE | re.DOTALL)
    return [body for _, word, body in blocks if word == language]


def with_specs(folder: Path) -> Path:
    (folder / "docs").mkdir()
    shutil.copytree(Path(__file__).parents[1] / "specs", folder / "specs")
    return folder


def test_what_the_document_tells_of_sphinx_is_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site = SphinxSite(with_specs(tmp_path))
    *right, wrong = shown("rst")
    site.write(*right)
    built = site.build(settings=shown("python")[0])
    assert (built.passed, built.said) == (True, "")
    assert len(svgs(built.page)) == 3
    assert 'href="https://github.com/me/nets/blob/main/specs/lenet.arch#L5"' in built.page
    (tmp_path / site.page).write_text(f"Nets\n====\n\n{wrong}")
    built = site.build(settings=shown("python")[0])
    assert not built.passed
    assert shown("text")[0] in built.said


def test_what_the_document_tells_of_mkdocs_is_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site = MkDocsSite(with_specs(tmp_path))
    site.write(*shown("markdown"))
    built = site.build(settings=shown("yaml")[0])
    assert (built.passed, built.said) == (True, "")
    assert len(svgs(built.page)) == 2
    assert 'href="https://github.com/me/nets/blob/main/specs/lenet.arch#L5"' in built.page


def test_what_the_document_tells_of_markdown_is_so() -> None:
    names: dict[str, str] = {}
    exec(compile(shown("python")[1], "documents.md", "exec"), names)  # noqa: S102  # The document is ours.
    assert len(svgs(names["page"])) == 1


def test_the_document_names_all_options() -> None:
    _, _, table = DOCUMENT.partition("## Options")
    told = {
        name
        for line in table.splitlines()
        if line.startswith("|")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert told == {*LOOKS, *STANDS}


# ------------------------------------------------------------------------------------------------------ what is kept

FIGURE: Final = Figure("notes.md", 1, Path("/nets"), None, INLINE, Drawing())


def others() -> Iterator[Figure]:
    """The figure with one thing changed, each time another that decides what is drawn."""
    for option in Drawing.__struct_fields__:
        another: dict[str, Any] = {option: ("another",)}
        yield replace(FIGURE, drawing=replace(FIGURE.drawing, **another))
    yield replace(FIGURE, text=WRONG)
    yield replace(FIGURE, text=None, spec="/nets/net.arch")
    yield replace(FIGURE, root=Path("/elsewhere"))


def test_the_key_of_a_drawing_tells_all_that_decides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [FIGURE.key("svg"), FIGURE.key("pdf"), *(each.key("svg") for each in others())]
    monkeypatch.setattr("archspec_documents.figure.VERSION", "another")
    keys.append(FIGURE.key("svg"))
    assert len(set(keys)) == len(keys)


def test_where_a_figure_stands_is_no_part_of_its_key() -> None:
    moved = replace(FIGURE, document="other.md", line=7, name="a", caption="b", alt="c", align="left", width="1px")
    assert moved.key("svg") == FIGURE.key("svg")


def test_an_entry_of_which_any_byte_is_another_is_none(tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(SPEC)
    drawn = Drawn(b"<svg/>\n", (str(file),), "Net", {"layer.first": Place(str(file), 6), "input.x": Place(None, 1)})
    folder = tmp_path / "deep" / "cache"
    later = file.stat().st_mtime_ns + 1
    kept.keep(folder, "key", drawn, later)
    assert kept.find(folder, "key") == drawn
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    for place in range(len(whole)):
        entry.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert kept.find(folder, "key") is None, place
    entry.write_bytes(whole)
    file.write_text(SPEC.replace("8", "9"))
    assert kept.find(folder, "key") is None
    file.unlink()
    assert kept.find(folder, "key") is None


def test_what_was_written_to_meanwhile_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(SPEC)
    kept.keep(tmp_path / "cache", "key", Drawn(b"", (str(file),), "Net"), file.stat().st_mtime_ns)
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_to_keeps_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in its place")
    figure = replace(FIGURE, root=tmp_path)
    assert figure.drawn(cache=tmp_path / "cache") == figure.drawn()
