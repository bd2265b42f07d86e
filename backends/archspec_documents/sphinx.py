"""Figures in Sphinx: a directive that draws a spec, which a file holds or the document itself.

A document depends on all files that were read for its figures. What is wrong is logged at the line of the document, as
an error that no option makes harmless: the build goes on, so that all of it is told, and ends with status 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Final, final

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from archspec.files import write_atomically
from archspec.version import VERSION
from archspec_documents.figure import Figure, FigureError, told

_LOG: Final = logging.getLogger(__name__)

_BROKEN: Final = "archspec_broken"
"""The entry of a document's metadata that says that a figure of it cannot be drawn."""

_FORMS: Final = {"application/pdf": "pdf", "image/png": "png", "image/svg+xml": "svg"}
"""The forms of pictures that are put into what is no page of HTML, the best one first."""


@final
class picture(nodes.General, nodes.Element):  # noqa: N801  # The classes of nodes are written so.
    """A figure that has its place in a document, and gets its form when that is written."""


@final
class _AnyOption(dict[str, Callable[[str], Any]]):
    """Lets all options come to us, so that one that there is not is told of as all else is."""

    def __bool__(self) -> bool:
        return True

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged_required


@final
class ArchspecDirective(SphinxDirective):
    """`.. archspec:: FILE`, or one with a spec as its content."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = _AnyOption()

    def run(self) -> list[nodes.Node]:
        source, line = self.get_source_info()
        spec = self.arguments[0] if self.arguments else None
        text = "\n".join((*self.content, "")) if self.content else None
        place = line
        if text is not None:
            source, offset = self.content.info(0)
            place = line if offset is None else offset + 1
        document = told(source or str(self.env.doc2path(self.env.docname)))
        try:
            figure = Figure.of(document, place, _root(self.env), self.options, self._found, spec=spec, text=text)
            drawn = figure.drawn(cache=_cache(self.env))
        except FigureError as error:
            self._depend_on(error.files)
            self.env.note_reread()
            self.env.metadata[self.env.docname][_BROKEN] = True
            _LOG.error(str(error).rstrip(), location=(self.env.docname, line), type="archspec")
            return [nodes.literal_block(str(error), str(error), language="none")]
        self._depend_on(drawn.files)
        prefix = nodes.make_id(figure.name or "")
        if not prefix:
            # Pages may be joined into one, so that the name of the document is in it.
            number = self.env.new_serialno("archspec")
            prefix = f"archspec-{sha256(self.env.docname.encode()).hexdigest()[:6]}-{number}"
        node = picture("", figure=figure, prefix=prefix, title=drawn.title)
        self.set_source_info(node)
        return self._placed(node, figure)

    def _placed(self, node: picture, figure: Figure) -> list[nodes.Node]:
        """The node, in a figure where it needs one."""
        if figure.caption is None and figure.name is None and figure.align is None:
            return [node]
        around = nodes.figure("", node, align=figure.align or "default")
        self.set_source_info(around)
        messages: Sequence[nodes.Node] = ()
        if figure.caption is not None:
            inside, messages = self.parse_inline(figure.caption, lineno=self.lineno)
            around += nodes.caption(figure.caption, "", *inside)
        self.add_name(around)
        return [around, *messages]

    def _found(self, path: str) -> Path:
        """As everywhere in Sphinx, paths are relative to the document, or to the folder of sources with a slash."""
        return Path(self.env.relfn2path(path)[1])

    def _depend_on(self, files: Sequence[str]) -> None:
        for file in files:
            self.env.note_dependency(file)


def _place_pictures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give pictures the form that the output needs: a part of the page in HTML, else a file."""
    for node in list(doctree.findall(picture)):
        try:
            form = _form(app, node, docname)
        except FigureError as error:
            # It could be drawn when it was read: a file has changed meanwhile, or a library is missing for this form.
            app.env.metadata[docname][_BROKEN] = True
            _LOG.error(str(error).rstrip(), location=node, type="archspec")
            form = nodes.literal_block(str(error), str(error), language="none")
        node.replace_self(form)


def _form(app: Sphinx, node: picture, docname: str) -> nodes.Node:
    figure: Figure = node["figure"]
    cache = _cache(app.env)
    if app.builder.format == "html":
        svg = figure.on_page(figure.drawn(cache=cache), node["prefix"], app.config.archspec_source_link or None)
        return nodes.raw("", f'<div class="archspec">{svg}</div>', format="html")
    alt = figure.alt or node["title"]
    mime = next((each for each in _FORMS if each in app.builder.supported_image_types), None)
    if mime is None:
        return nodes.image("", uri="", candidates={"?": ""}, alt=alt)
    form = _FORMS[mime]
    file = cache / f"archspec-{figure.key(form)[:16]}.{form}"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, figure.drawn(form, cache).data)
    app.env.images.add_file(docname, str(file))
    image = nodes.image("", uri=str(file), candidates={mime: str(file)}, alt=alt)
    if figure.width is not None:
        image["width"] = figure.width
    return image


def _root(env: BuildEnvironment) -> Path:
    return Path(env.srcdir, env.config.archspec_root).resolve()


def _cache(env: BuildEnvironment) -> Path:
    return Path(env.doctreedir) / "archspec"


def _fail(app: Sphinx, exception: Exception | None) -> None:
    """Let a build with broken figures fail, also where their documents were not read again."""
    if exception is None and any(_BROKEN in each for each in app.env.metadata.values()):
        app.statuscode = 1


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls."""
    app.add_config_value("archspec_root", ".", "env", (str,))
    app.add_config_value("archspec_source_link", "", "html", (str,))
    app.add_node(picture)
    app.add_directive("archspec", ArchspecDirective)
    app.connect("doctree-resolved", _place_pictures)
    app.connect("build-finished", _fail)
    return {"version": VERSION, "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
