"""Themes: small YAML files that say how diagrams look, such as

```yaml
font: Helvetica
spacing: 1.2
paper: "#ffffff"
families:
  convolution: "#3f6fa6"
  attention: {fill: "#fbe4d0", stroke: "#b9662a", text: "#4d270a"}
```

A family that is given one colour alone has it as its outline, and paler as its inside. What a theme does not say is as
it is without one. Text is measured in the font that PNG and PDF are drawn in, which is wide: a font of the same size
that is named for SVG needs less room as a rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.diagnostics import Report
from archspec.drawing import Drawing, DrawingError, meant
from archspec.op import Family
from archspec.render.text import render
from archspec.source import Source
from archspec.syntax.tree import Fields, Scalar, Tree
from archspec.syntax.yaml import parse_file
from archspec_diagram import font, palette
from archspec_diagram.palette import Colour, colour_of, mixed
from archspec_diagram.picture import Ink

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_INKS: Final = ("paper", "ink", "quiet", "line", "skip", "frame", "pill", "highlight")
_PARTS: Final = ("fill", "stroke", "text")
_LEAST: Final = 0.5
_MOST: Final = 4.0


@final
class Theme(Struct, frozen=True):
    families: Mapping[str, Colour] = {}
    """Those that differ from the palette."""

    font: str = font.FAMILIES
    spacing: float = 1.0
    """How much room there is between boxes, as a part of what there is without a theme."""

    paper: Ink = palette.PAPER
    ink: Ink = palette.INK
    quiet: Ink = palette.QUIET
    line: Ink = palette.LINE
    skip: Ink = palette.SKIP
    frame: Ink = palette.FRAME
    pill: Ink = palette.PILL
    highlight: Ink = palette.HIGHLIGHT

    def colour(self, family: Family | None) -> Colour:
        """The colour of a family; that of inputs and outputs where there is none."""
        if family is None:
            return self.families.get("terminal", palette.TERMINAL)
        return self.families.get(family.value, palette.colour(family))


def theme_of(drawing: Drawing) -> Theme:
    """The theme that was asked for.

    Raises:
        DrawingError: its file cannot be read, or what it says is no theme.
    """
    return Theme() if drawing.theme is None else read_theme(drawing.theme)


def read_theme(path: Path) -> Theme:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise DrawingError(f"cannot read the theme `{path}`: {why}") from None
    return _Reader(path, text).theme()


@final
class _Reader:
    """Reads a theme. The YAML is that of specs: without the traps of YAML, and with places to tell of."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text

    def theme(self) -> Theme:
        if not re.sub(r"(?m)^\s*#.*$", "", self.text).strip():
            # The parser would miss a model in it.
            raise DrawingError(f"the theme cannot be read: `{self.path}` is empty")
        report = Report()
        tree = parse_file(Source(str(self.path), self.text), report)
        if tree is None or report.has_errors:
            raise DrawingError(f"the theme cannot be read\n\n{render(report)}")
        theme = Theme()
        known = ("font", "spacing", "families", *_INKS)
        for entry in tree.entries:
            name, value = entry.key.text, entry.value
            if name == "font":
                theme = replace(theme, font=f"{self._word(value, 'a font')}, {font.FAMILIES}")
            elif name == "spacing":
                theme = replace(theme, spacing=self._spacing(value))
            elif name == "families":
                theme = replace(theme, families=self._families(value))
            elif name in _INKS:
                inks: dict[str, Any] = {name: self._ink(name, value)}
                theme = replace(theme, **inks)
            else:
                raise self._error(entry.key, f"a theme has no `{name}`{meant(name, known)}")
        return theme

    def _families(self, value: Tree) -> dict[str, Colour]:
        if not isinstance(value, Fields):
            raise self._error(value, "`families` has the names of families, each with a colour")
        families = [family.value for family in Family] + ["terminal"]
        found = {}
        for entry in value.entries:
            name = entry.key.text
            if name not in families:
                raise self._error(entry.key, f"there is no family `{name}`{meant(name, families)}")
            found[name] = self._family(name, entry.value)
        return found

    def _family(self, name: str, value: Tree) -> Colour:
        if not isinstance(value, Fields):
            stroke = self._colour(value)
            return colour_of(name, mixed(stroke, "#ffffff", 0.18), stroke, mixed(stroke, "#000000", 0.45))
        before = palette.COLOURS.get(name, palette.TERMINAL)
        parts = {"fill": before.fill.light, "stroke": before.stroke.light, "text": before.text.light}
        for entry in value.entries:
            if entry.key.text not in _PARTS:
                near = meant(entry.key.text, _PARTS)
                raise self._error(entry.key, f"a family has `fill`, `stroke` and `text`, not `{entry.key.text}`{near}")
            parts[entry.key.text] = self._colour(entry.value)
        return colour_of(name, **parts)

    def _ink(self, name: str, value: Tree) -> Ink:
        """One colour for light and dark paper alike, or one for each."""
        if not isinstance(value, Fields):
            colour = self._colour(value)
            return Ink(name, colour, colour)
        said = {}
        for entry in value.entries:
            if entry.key.text not in ("light", "dark"):
                raise self._error(entry.key, f"`{name}` is one colour, or has a `light` and a `dark` one")
            said[entry.key.text] = self._colour(entry.value)
        before: Ink = getattr(Theme(), name)
        return Ink(name, said.get("light", before.light), said.get("dark", before.dark))

    def _colour(self, value: Tree) -> str:
        text = value.text if isinstance(value, Scalar) else ""
        if not _COLOUR.fullmatch(text):
            # Without quotes, what follows `#` is a comment, and nothing is left of the colour.
            raise self._error(
                value, f'{f"`{text}`" if text else "this"} is no colour; write one as `"#3f6fa6"`, in quotes'
            )
        return text.lower()

    def _spacing(self, value: Tree) -> float:
        text = self._word(value, "a number")
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not _LEAST <= number <= _MOST:
            raise self._error(value, f"`spacing` is a number from {_LEAST:g} to {_MOST:g}, not `{text}`")
        return number

    def _word(self, value: Tree, what: str) -> str:
        if not isinstance(value, Scalar) or not value.text.strip() or set(value.text) & set("\"'<>&;{}\n"):
            raise self._error(value, f"this is not {what}")
        return value.text.strip()

    def _error(self, value: Tree, message: str) -> DrawingError:
        line = value.span.source.text.count("\n", 0, value.span.start) + 1
        return DrawingError(f"{self.path}:{line}: {message}")
