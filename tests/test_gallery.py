"""The gallery shows each system that is shipped as it is today."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from archspec.shipped import shipped
from docs import systems

WIDEST = 1320
"""In pixels: what is wider cannot be read where a page of a paper has it in full width."""

PAGE = (Path(systems.__file__).with_name("gallery.md")).read_text(encoding="utf-8")


def test_the_gallery_is_up_to_date() -> None:
    assert systems.PAGES.outdated() == [], f"run `{systems.PAGES.command}`"


def test_no_figure_is_wider_than_can_be_printed() -> None:
    widths = {path.name: ElementTree.parse(path).getroot().get("width", "") for path in systems.FOLDER.glob("*.svg")}  # noqa: S314
    assert {name: width for name, width in widths.items() if not 0 < float(width) <= WIDEST} == {}


def test_each_system_has_its_figure_its_table_and_its_text() -> None:
    for each in shipped():
        _, found, section = PAGE.partition(f"\n### {each.name}\n")
        section = section.partition("\n### ")[0]
        assert found, each.name
        assert f'src="gallery/{each.name}.svg"' in section
        assert "| **total** |" in section
        assert each.path.read_text(encoding="utf-8").rstrip() in section
        assert all(f"| `{variant}` |" in section for variant in each.variants)
