"""The table of a model in LaTeX, for the package `booktabs`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archspec.summary.columns import Column, columns, full_name
from archspec.summary.notes import facts

if TYPE_CHECKING:
    from archspec.summary import Summary

_SIGNS: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}

_FORMULA: Final = re.compile(r"[\w()+\-*/ ]*[A-Za-z]\w*[*][\w()+\-*/ ]*|[\w()+\-*/ ]*[*][A-Za-z][\w()+\-*/ ]*")


def written(summary: Summary, depth: int | None) -> str:
    found = columns(summary, summary.lines(depth), full_name)
    alignment = "".join("r" if column.is_number else "l" for column in found)
    body = [
        _row(list(cells))
        for cells in zip(*(map(_cell, [column] * len(column.cells), column.cells) for column in found), strict=True)
    ]
    lines = [
        "% \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{{alignment}}}",
        "\\toprule",
        _row([escaped(column.title) for column in found]),
        "\\midrule",
        *body,
        "\\midrule",
        _row([_cell(column, column.total) for column in found]),
        "\\bottomrule",
        "\\end{tabular}",
        *(f"% {title}: {text}" for title, text in facts(summary)),
    ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _cell(column: Column, text: str) -> str:
    return formula(text) if column.is_number and _FORMULA.fullmatch(text) else escaped(text)


def formula(text: str) -> str:
    """A formula as it is printed: `T*(4*T + D**2)` becomes `$T(4T + D^{2})$`."""
    text = re.sub(r"\*\*(\d+)", r"^{\1}", text)
    text = re.sub(r"\(([^()]*)\)//(\w+)", r"\\lfloor(\1)/\2\\rfloor", text)
    return f"${text.replace('*', ' ').replace('_', chr(92) + '_')}$"


def escaped(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)
