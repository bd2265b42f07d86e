"""A drawing as part of a page: an SVG whose identifiers are its own, with links, and no wider than its column.

A drawing that stands alone is dark where its reader prefers that. On a page it is what the page is: one that is always
light, or has a button for it, says so by the property `color-scheme`, which the colours here follow. Some sites and
notebooks say it in words of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree

_SVG: Final = "http://www.w3.org/2000/svg"
_GROUP: Final = f"{{{_SVG}}}g"

_DARK: Final = re.compile(r"\.((fill|stroke)-[\w-]+) \{ (?:fill|stroke): ([^;]+); \}")
"""The colour of a class on dark paper, as the style of a drawing says it."""

_OTHERS: Final = (
    # Themes underline what is a link, and here that would be each line of text.
    "svg.archspec a { text-decoration: none; border: 0; }",
    # Themes that do not say by `color-scheme` which one they have, but by this, such as Furo.
    ':where([data-theme="dark"]) .archspec { color-scheme: dark; }',
    '@media (prefers-color-scheme: dark) { :where([data-theme="auto"]) .archspec { color-scheme: dark; } }',
    # JupyterLab, VS Code and Colab.
    ':where([data-jp-theme-light="true"], .vscode-light, .vscode-high-contrast-light, [theme="light"]) .archspec '
    "{ color-scheme: light; }",
    ':where([data-jp-theme-light="false"], .vscode-dark, .vscode-high-contrast:not(.vscode-high-contrast-light), '
    '[theme="dark"]) .archspec { color-scheme: dark; }',
)

ElementTree.register_namespace("", _SVG)


def inline(
    svg: bytes,
    prefix: str = "",
    links: Mapping[str, str] = MappingProxyType({}),
    alt: str | None = None,
    width: str | None = None,
) -> str:
    """The text of an element `svg` for a page of HTML.

    Args:
        svg: the drawing.
        prefix: what its identifiers begin with here, since those of two drawings on one page must differ; it is made of
            the drawing where none is given, so that only the same drawing has the same ones.
        links: addresses, by identifiers of the drawing.
        alt: what is read out instead of what the drawing says of itself.
        width: how wide it is, in the words of CSS.
    """
    prefix = prefix or f"archspec-{sha256(svg).hexdigest()[:8]}"
    root = ElementTree.fromstring(svg)  # noqa: S314  # It comes from a backend, which is a program that was installed.
    if alt is not None:
        for title in root.findall(f"{{{_SVG}}}desc"):
            title.text = alt
    _add_links(root, links)
    _follow_page(root)
    for element in root.iter():
        if "id" in element.attrib:
            element.set("id", f"{prefix}-{element.get('id')}")
        if names := element.get("aria-labelledby"):
            element.set("aria-labelledby", " ".join(f"{prefix}-{name}" for name in names.split()))
    root.set("style", ("" if width is None else f"width: {width}; ") + "max-width: 100%; height: auto")
    return ElementTree.tostring(root, encoding="unicode")


def _add_links(parent: ElementTree.Element, links: Mapping[str, str]) -> None:
    for place, child in enumerate(list(parent)):
        address = links.get(child.get("id", ""))
        if child.tag == _GROUP and address is not None:
            around = ElementTree.Element(f"{{{_SVG}}}a", {"href": address})
            around.tail, child.tail = child.tail, None
            around.append(child)
            parent[place] = around
        else:
            _add_links(child, links)


def _follow_page(root: ElementTree.Element) -> None:
    """Give the drawing both colours of each class, for pages that are light and dark.

    Two drawings on a page may have colours of their own, so that each has a class for its rules; those who have the
    same share them. What a page says of the classes itself is stronger.
    """
    style = root.find(f"{{{_SVG}}}style")
    if style is None:
        return
    rules = list(_rules(root, style.text or ""))
    name = f"archspec-{sha256(''.join(rules).encode()).hexdigest()[:8]}"
    root.set("class", f"{root.get('class', '')} {name}".strip())
    style.text = "\n".join(("", *(f":where(.{name}) {rule}" for rule in rules), *_OTHERS, ""))


def _rules(root: ElementTree.Element, style: str) -> Iterator[str]:
    light: dict[str, str] = {}
    for element in root.iter():
        for name in element.get("class", "").split():
            light.setdefault(name, element.get(name.partition("-")[0], ""))
    for name, sets, dark in _DARK.findall(style):
        if light.get(name):
            yield f".{name} {{ {sets}: light-dark({light[name]}, {dark}); }}"
