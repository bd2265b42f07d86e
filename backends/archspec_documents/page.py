"""A drawing as part of a page: an SVG whose identifiers are its own, with links, and no wider than its column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree

_SVG: Final = "http://www.w3.org/2000/svg"
_GROUP: Final = f"{{{_SVG}}}g"

ElementTree.register_namespace("", _SVG)


def inline(svg: bytes, prefix: str, links: Mapping[str, str], alt: str | None, width: str | None) -> str:
    """The text of an element `svg` for a page of HTML.

    Args:
        svg: the drawing.
        prefix: what its identifiers begin with here, since those of two drawings on one page must differ.
        links: addresses, by identifiers of the drawing.
        alt: what is read out instead of what the drawing says of itself.
        width: how wide it is, in the words of CSS.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  # It comes from a backend, which is a program that was installed.
    if alt is not None:
        for title in root.findall(f"{{{_SVG}}}desc"):
            title.text = alt
    _add_links(root, links)
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
