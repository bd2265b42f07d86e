"""Figures in MkDocs: the extension of Markdown, told of the page that is read.

What is wrong with the figures of all pages is reported in one build, which then fails. While `mkdocs serve` runs, a
change of a file that was read for a figure builds the pages anew.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, Final, Literal, final

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.pages import Page as MkDocsPage

from archspec_documents.figure import told
from archspec_documents.markdown import ArchspecExtension, Page

_FIGURE: Final = re.compile(r'<figure class="archspec".*?</figure>', re.DOTALL)
_STYLE: Final = re.compile(r"<style>.*?</style>\n?", re.DOTALL)

_LOG: Final[logging.LoggerAdapter[logging.Logger]] = get_plugin_logger(__name__)


class Settings(Config):  # type: ignore[no-untyped-call]  # How MkDocs makes such classes has no types.
    """Paths are relative to the folder of `mkdocs.yml`."""

    root = config_options.Type(str, default=".")
    """The folder that the paths of specs are relative to, and whose files they may use."""

    source_link = config_options.Type(str, default="")
    """The address of a line of a file, with `{path}` and `{line}`."""

    cache = config_options.Type(str, default=".cache/archspec")
    """The folder in which drawings are kept."""


@final
class ArchspecPlugin(BasePlugin[Settings]):  # type: ignore[no-untyped-call]  # As above.
    """Brings the extension of Markdown along."""

    def __init__(self) -> None:
        self.extension = ArchspecExtension()
        self.faults = 0
        self.server: LiveReloadServer | None = None
        self.watched: set[str] = set()
        self.styles: dict[str, dict[str, None]] = {}
        """What the figures of each page bring along for dark paper."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """A plugin that has this stays the same from one build to the next, so that the server is known in each."""

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        folder = Path(config.config_file_path or "mkdocs.yml").absolute().parent
        self.extension = ArchspecExtension(
            root=str(folder / self.config.root),
            cache=str(folder / self.config.cache) if self.config.cache else "",
            source_link=self.config.source_link,
        )
        self.extension.failed = self._failed
        self.faults = 0
        config.markdown_extensions.append(self.extension)  # type: ignore[arg-type]  # It may be named or given.
        return config

    def on_page_markdown(self, markdown: str, *, page: MkDocsPage, **_: Any) -> None:
        # Of the file, the metadata at its beginning are no part of what is read.
        whole = page.file.content_string
        start = whole.find(markdown.rstrip("\n"))
        before = whole[:start].count("\n") if start > 0 else 0
        self.extension.page = Page(told(page.file.abs_src_path or page.file.src_uri), before)

    def on_page_content(self, html: str, *, page: MkDocsPage, **_: Any) -> str:
        """The page without the styles of figures, since all that is in it can be searched for."""
        found = self.styles[page.file.src_uri] = {}

        def without(figure: re.Match[str]) -> str:
            found.update(dict.fromkeys(_STYLE.findall(figure[0])))
            return _STYLE.sub("", figure[0])

        return _FIGURE.sub(without, html)

    def on_post_page(self, output: str, *, page: MkDocsPage, **_: Any) -> str:
        """The page with the styles where they belong."""
        styles = "".join(self.styles.get(page.file.src_uri, ()))
        before, head, behind = output.partition("</head>")
        return f"{before}{styles}{head}{behind}" if head else f"{styles}{output}"

    def on_env(self, *_: Any, **__: Any) -> None:
        self._watch()
        if self.faults:
            figures = "1 figure" if self.faults == 1 else f"{self.faults} figures"
            raise PluginError(f"{figures} cannot be drawn; the reasons are told above")

    def on_serve(self, server: LiveReloadServer, **_: Any) -> None:
        self.server = server
        self._watch()

    def _failed(self, fault: str) -> None:
        self.faults += 1
        _LOG.error(fault)

    def _watch(self) -> None:
        if self.server is not None:
            # Editors put new files in the places of old ones: the folder knows, the file that was there does not.
            folders = {str(Path(file).parent) for file in self.extension.files if Path(file).parent.is_dir()}
            for folder in folders - self.watched:
                self.server.watch(folder, recursive=False)
            self.watched |= folders
