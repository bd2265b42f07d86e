"""Figures in Markdown, by an extension of Python-Markdown: a block that is fenced as `archspec` becomes a picture.

The block holds a spec, or names one by `file="..."`. It works wherever Python-Markdown does; under MkDocs the plugin in
`archspec_documents.mkdocs` tells it which page is read, and reports what is wrong with all pages at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, Final, final

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from msgspec import Struct

from archspec_documents.fences import Fence, fences
from archspec_documents.figure import Figure, FigureError

PRIORITY: Final = 29
"""Behind the one that puts line breaks right (30), before all that reads fenced blocks (25) or HTML (20)."""


@final
class Page(Struct, frozen=True):
    """What is read."""

    document: str
    """As messages name it."""

    before: int = 0
    """How many lines of the document stand before the text that is read, such as those of its metadata."""


@final
class ArchspecExtension(Extension):
    """Its settings are `root`, `source_link`, `cache` and `document`."""

    def __init__(self, **settings: Any) -> None:
        self.config = {
            "root": [".", "the folder that the paths of specs are relative to, and whose files they may use"],
            "source_link": ["", "the address of a line of a file, with {path} and {line}; boxes are linked to it"],
            "cache": ["", "the folder in which drawings are kept; nowhere if it is empty"],
            "document": ["<markdown>", "the name of the document in messages"],
        }
        super().__init__(**settings)
        self.page = Page(str(self.getConfig("document")))
        self.failed: Callable[[str], None] | None = None
        """What is told of each figure that cannot be drawn; otherwise there is an exception, once for all of them."""

        self.files: set[str] = set()
        """What was read so far."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # It is called so there.
        md.preprocessors.register(_Figures(md, self), "archspec", PRIORITY)


@final
class _Figures(Preprocessor):
    def __init__(self, md: Markdown, extension: ArchspecExtension) -> None:
        super().__init__(md)
        self.markdown, self.extension = md, extension

    def run(self, lines: Sequence[str]) -> list[str]:
        """The lines with a placeholder for each figure.

        Raises:
            FigureError: some cannot be drawn.
        """
        result: list[str] = []
        done = 0
        faults: list[str] = []
        for number, fence in enumerate(fences(lines), 1):
            try:
                html = self._html(fence, number)
            except FigureError as error:
                self.extension.files.update(error.files)
                page = self.extension.page
                faults.append(f"{page.document}:{page.before + fence.start + 1}: {error}".rstrip())
                html = f"<pre>{escape(str(error))}</pre>"
            placeholder = self.markdown.htmlStash.store(html)
            result += [*lines[done : fence.start], "", f"{fence.indent}{placeholder}", ""]
            done = fence.end
        for fault in faults:
            if self.extension.failed is not None:
                self.extension.failed(fault)
        if faults and self.extension.failed is None:
            raise FigureError("\n\n".join(faults))
        return [*result, *lines[done:]]

    def _html(self, fence: Fence, number: int) -> str:
        if fence.fault is not None:
            raise FigureError(fence.fault)
        extension, page = self.extension, self.extension.page
        options = dict(fence.options)
        if "scale" in options:
            raise FigureError("`scale` is for PNG and PDF, and here is a page; say how wide it is, such as `width=50%`")
        spec = options.pop("file", None)
        text = None if spec is not None and not fence.text.strip() else fence.text
        root = Path(str(extension.getConfig("root"))).absolute()
        # Of a block with a spec, the line that counts is the one behind the fence.
        line = page.before + fence.start + (1 if text is None else 2)
        figure = Figure.of(page.document, line, root, options, root.joinpath, spec=spec, text=text)
        cache = str(extension.getConfig("cache"))
        drawn = figure.drawn(cache=Path(cache) if cache else None)
        extension.files.update(drawn.files)
        name = "-".join((figure.name or "").split())
        # Pages may be joined into one, so that the name of the document is in it.
        prefix = name or f"archspec-{sha256(page.document.encode()).hexdigest()[:6]}-{number}"
        svg = figure.on_page(drawn, prefix, str(extension.getConfig("source_link")) or None)
        identity = f' id="{escape(name)}"' if name else ""
        style = "" if figure.align is None else f' style="text-align: {figure.align}"'
        caption = "" if figure.caption is None else f"\n<figcaption>{escape(figure.caption)}</figcaption>"
        return f'<figure class="archspec"{identity}{style}>\n{svg}{caption}\n</figure>'


def makeExtension(**settings: Any) -> ArchspecExtension:  # noqa: N802  # Python-Markdown asks for it by this name.
    """The extension, for those who name this module."""
    return ArchspecExtension(**settings)
