"""Figures as documents ask for them: which spec, how it is to look, and how it stands on the page.

A figure is drawn, or a `FigureError` says why not, in words for the author of the document. A spec that is written in
the document is read as if nothing else stood there, so that findings have the lines of the document.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from importlib.metadata import entry_points
from os.path import relpath
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import asdict, replace

from archspec import plugins
from archspec.backend import MissingLibraryError, Purpose
from archspec.compiler import Outside, read_bytes, read_path, split_variant
from archspec.diagnostics import Report
from archspec.drawing import Drawing, DrawingError, meant
from archspec.graph import Graph
from archspec.model import Model, SpecError
from archspec.on_page import inline
from archspec.render.text import render
from archspec.source import Span
from archspec.targets import UnknownTargetError, find_target
from archspec.version import VERSION
from archspec_documents import kept
from archspec_documents.kept import Drawn, Place

LOOKS: Final = ("style", "depth", "expand", "fold", "direction", "layout", "label", "theme", "highlight", "scale")
"""The options that say how a drawing looks: those of `archspec draw`, which are fields of a `Drawing`."""

STANDS: Final = ("alt", "caption", "name", "align", "width")
"""The options that say how it stands on the page."""

ALIGNMENTS: Final = ("left", "center", "right")


class FigureError(Exception):
    """A figure cannot be drawn. Its text says why, with the findings where its spec has errors."""

    def __init__(self, text: str, files: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.files = tuple(files)
        """What was read before that was known; a change there may cure it."""


@final
class Figure(Struct, frozen=True):
    """What a document asks for."""

    document: str
    """The document, as messages name it."""

    line: int
    """The line of the document in which the figure begins or, of a spec that is written there, its text."""

    root: Path
    """The folder whose files specs may use, unless they lie outside of it."""

    spec: str | None
    """An absolute path, with the variant behind a colon if one is meant; or `None`, and there is a text."""

    text: str | None
    drawing: Drawing
    alt: str | None = None
    caption: str | None = None
    name: str | None = None
    align: str | None = None
    width: str | None = None

    @classmethod
    def of(
        cls,
        document: str,
        line: int,
        root: Path,
        options: Mapping[str, str],
        found: Callable[[str], Path],
        *,
        spec: str | None,
        text: str | None,
    ) -> Figure:
        """A figure with the options as they are written.

        Args:
            document: the document, as messages name it.
            line: where it begins, or where its text does.
            root: the folder whose files specs may use.
            options: what is written, by name.
            found: the absolute path of what is written as one.
            spec: the path of the spec as it is written.
            text: the spec itself, if there is no path.

        Raises:
            FigureError: it is not asked for as it can be.
        """
        if (spec is None) == (text is None):
            raise FigureError("a figure needs the name of a file or the text of a spec, and not both")
        for name in options:
            if name not in (*LOOKS, *STANDS):
                raise FigureError(f"a figure has no option `{name}`{meant(name, (*LOOKS, *STANDS))}")
        align = options.get("align")
        if align not in (None, *ALIGNMENTS):
            raise FigureError(f"a figure is aligned `left`, `center` or `right`, not `{align}`")
        looks = {name: _value(name, text) for name, text in options.items() if name in LOOKS}
        if "theme" in looks:
            looks["theme"] = found(options["theme"])
        try:
            drawing = Drawing.of(**looks)
        except DrawingError as error:
            raise FigureError(str(error)) from None
        stands = {name: text for name, text in options.items() if name in STANDS}
        path = None if spec is None else str(found(spec))
        return cls(document, line, root, path, text, drawing, **stands)

    def drawn(self, form: str = "svg", cache: Path | None = None) -> Drawn:
        """The figure in a form that an installed backend draws; as it is kept in a folder, if it is there.

        Raises:
            FigureError: it cannot be drawn.
        """
        started = time.time_ns()
        key = self.key(form)
        drawn = None if cache is None else kept.find(cache, key)
        if drawn is None:
            drawn = self._draw(form)
            if cache is not None:
                kept.keep(cache, key, drawn, started)
        return drawn

    def key(self, form: str) -> str:
        """What tells its drawing from all others. Its place in the document is no part of that, nor on the page."""
        said = (VERSION, _installed(), form, str(self.root), self.spec, self.text, asdict(self.drawing))
        return sha256(json.dumps(said, default=str).encode("utf-8", "surrogatepass")).hexdigest()

    def on_page(self, drawn: Drawn, prefix: str, pattern: str | None) -> str:
        """The element `svg` of a page.

        Args:
            drawn: the figure as SVG.
            prefix: what identifiers begin with.
            pattern: the address of a line, with `{path}`, which is relative to the root, and `{line}`.
        """
        links = {}
        if pattern is not None:
            for identity, (file, line) in drawn.places.items():
                if file is None:
                    file, line = self.document, line + self.line - 1
                if Path(file).exists():  # A document that was given as a text has no address.
                    path = quote(Path(relpath(file, self.root)).as_posix())
                    links[identity] = pattern.replace("{path}", path).replace("{line}", str(line))
        return inline(drawn.data, prefix, links, self.alt, self.width)

    def _draw(self, form: str) -> Drawn:
        report = Report()
        try:
            backend, target = find_target(Purpose.DRAW, form)
            model = self._model(report)
            # What an SVG is scaled to is for the page to say, which has a width for it.
            drawing = replace(self.drawing, scale=None) if form == "svg" else self.drawing
            data = model.drawn(backend, target, drawing)
        except SpecError as error:
            raise FigureError(f"the spec has errors\n\n{render(error.report)}", self._files(report)) from None
        except (DrawingError, UnknownTargetError, MissingLibraryError, plugins.PluginError) as error:
            raise FigureError(str(error), self._files(report)) from None
        graph = model.graph
        places = dict(self._places(graph)) if form == "svg" else {}
        return Drawn(data, self._files(report), graph.name, places)

    def _model(self, report: Report) -> Model:
        if self.text is not None:
            # Empty lines stand for those of the document, so that each line has the number that it has there.
            text = "\n" * (self.line - 1) + self.text
            outside = Outside(root=self.root)
            return read_bytes(text.encode("utf-8", "surrogatepass"), self.document, None, outside, report)
        assert self.spec is not None  # noqa: S101  # `of` has seen to it.
        folder = Path(split_variant(self.spec)[0]).resolve().parent
        root = self.root if folder.is_relative_to(self.root.resolve()) else folder
        return read_path(told(self.spec), Outside(root=root), report)

    def _files(self, report: Report) -> tuple[str, ...]:
        theme = () if self.drawing.theme is None else (str(self.drawing.theme),)
        return tuple(sorted({str(Path(name).absolute()) for name in (*report.files, *theme)}))

    def _places(self, graph: Graph) -> Iterable[tuple[str, Place]]:
        """Where what has an identifier in an SVG is written: inputs, layers and groups, by their paths with dots."""
        spans = [("input", value.name, value.span) for value in graph.inputs]
        spans += [("layer", node.name, node.span) for node in graph.nodes]
        spans += [("group", group.name, group.span) for group in graph.groups.values()]
        for kind, name, span in spans:
            place = self._place(span)
            if place is not None:
                yield f"{kind}.{name}", place

    def _place(self, span: Span) -> Place | None:
        file, line = span.source.name, span.first().line
        if self.text is not None and file == self.document:
            return Place(None, line - self.line + 1)
        # What is shipped, or comes from a package, is at no place that readers could see.
        return Place(str(Path(file).absolute()), line) if Path(file).exists() else None


def told(path: str) -> str:
    """A path as messages tell it: from the folder in which we run, if it is there."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _value(name: str, text: str) -> Any:
    """An option as Python code would give it; what cannot be is left as it is, and reported with all else."""
    if name in ("expand", "fold", "highlight"):
        return tuple(text.replace(",", " ").split())
    if name in ("depth", "scale"):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                pass
    return text


def _installed() -> list[tuple[str, str, str]]:
    """What else decides what a drawing looks like: the packages that add to specs, or draw them."""
    groups = (plugins.BACKENDS, plugins.OPS_GROUP, plugins.LIBRARIES)
    found = (each for group in groups for each in entry_points(group=group))
    return sorted((each.name, each.value, each.dist.version if each.dist else "") for each in found)
