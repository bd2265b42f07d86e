"""The table in which papers tell what a model is made of: stages as rows and, where there are several models, each as a
column.

The last rows have the parameters and the work of each, as `archspec summary` counts them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from io import StringIO
from typing import Final, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph
from archspec.size import Size
from archspec.summary import latex, markdown, summarise
from archspec.summary.wording import plain, short
from archspec_diagram import wording
from archspec_diagram.stages import BESIDE, Stage, stages_of

_STYLE: Final = """
.archspec-table { border-collapse: collapse; font: 14px/1.4 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.archspec-table caption { font-weight: 600; padding: 4px; }
.archspec-table th, .archspec-table td { padding: 4px 12px; text-align: center; vertical-align: middle; }
.archspec-table th:first-child, .archspec-table td:first-child { text-align: left; }
.archspec-table thead th, .archspec-table tbody.costs td { border-top: 1px solid; }
.archspec-table thead th { border-bottom: 1px solid; }
.archspec-table tbody.costs tr:last-child td { border-bottom: 1px solid; }
.archspec-table tbody.costs tr + tr td { border-top: 0; }
.archspec-table .unit { display: inline-block; padding: 0 6px; border: solid; border-width: 0 1px; }
.archspec-table .unit { vertical-align: middle; }
""".strip()


@final
class Row(Struct, frozen=True):
    name: str
    sizes: tuple[str, ...]
    """The different output sizes, of which most rows have one."""

    cells: tuple[Stage | None, ...]
    """For each model its stage of the row, if it has one."""

    @property
    def is_same(self) -> bool:
        """Whether several models have the same here."""
        told = {None if stage is None else (stage.lines, stage.times) for stage in self.cells}
        return len(self.cells) > 1 and len(told) == 1


@final
class Table(Struct, frozen=True):
    title: str
    models: tuple[str, ...]
    rows: tuple[Row, ...]
    costs: tuple[tuple[str, tuple[Size, ...]], ...]
    notes: tuple[str, ...]


def table(graph: Graph, form: str, drawing: Drawing) -> str:
    """The table in one of the forms that it has.

    Raises:
        DrawingError: it has no such form.
    """
    write = WRITERS.get(form)
    if write is None:
        forms = ", ".join(WRITERS)
        raise DrawingError(f"a table is no picture, and is not written as {form}; write one of {forms}")
    found = table_of(dict(drawing.columns) or {graph.name: graph})
    if drawing.variant and not drawing.columns:
        found = replace(found, title=f"{found.title} {wording.clean(drawing.variant)}")
    return write(found)


def table_of(models: Mapping[str, Graph]) -> Table:
    """The table of some models, by the names of their columns."""
    graphs = list(models.values())
    rows: list[tuple[tuple[str, bool], list[Stage | None]]] = []
    for place, graph in enumerate(graphs):
        rows = _merged(rows, stages_of(graph), place)
    found = []
    for _, stages in rows:
        said = [stage for stage in stages if stage is not None]
        name = next((stage.name for stage in said if stage.name), "")
        sizes = tuple(dict.fromkeys(stage.size for stage in said))
        found.append(Row(name, sizes, tuple(stages)))
    summaries = [summarise(graph) for graph in graphs]
    costs = (
        ("parameters", tuple(each.parameters for each in summaries)),
        ("MACs", tuple(each.of_one(each.macs) for each in summaries)),
        ("FLOPs", tuple(each.of_one(each.flops) for each in summaries)),
    )
    told: dict[str, list[str]] = {}
    for name, graph in models.items():
        for note in (note for stage in stages_of(graph) for note in stage.notes):
            told.setdefault(note, []).append(wording.clean(name))
    notes = [note if len(names) == len(models) else f"{', '.join(names)}: {note}" for note, names in told.items()]
    lines = [line for row in found for stage in row.cells if stage is not None for line in stage.lines]
    notes += [f"{BESIDE}: side by side with the next one"] if any(line.startswith(BESIDE) for line in lines) else []
    notes += ["FLOPs: two for each multiply-add (MAC), of which papers often tell the number"]
    title = wording.clean(graphs[0].name)
    return Table(title, tuple(map(wording.clean, models)), tuple(found), costs, tuple(notes))


def _merged(
    rows: list[tuple[tuple[str, bool], list[Stage | None]]], stages: Sequence[Stage], place: int
) -> list[tuple[tuple[str, bool], list[Stage | None]]]:
    """The rows with one more column: stages of the same size stand in the same row, in the order of both."""
    kinds, others = [kind for kind, _ in rows], [stage.kind for stage in stages]
    found: list[tuple[tuple[str, bool], list[Stage | None]]] = []
    for word, first, last, begin, end in SequenceMatcher(None, kinds, others, autojunk=False).get_opcodes():
        if word == "equal":
            found += [
                (kind, [*cells, stage])
                for (kind, cells), stage in zip(rows[first:last], stages[begin:end], strict=True)
            ]
            continue
        found += [(kind, [*cells, None]) for kind, cells in rows[first:last]]
        found += [(stage.kind, [*[None] * place, stage]) for stage in stages[begin:end]]
    return found


# ------------------------------------------------------------------------------------------------------------- forms


def _text(stage: Stage | None, write: Callable[[str], str], between: str) -> str:
    """The layers of a stage, in brackets where there are several or they run more than once."""
    if stage is None:
        return ""
    lines = between.join(map(write, stage.lines))
    if len(stage.lines) == 1 and stage.times == 1:
        return lines
    return write("[") + lines + write("]") + (write(f" × {stage.times}") if stage.times > 1 else "")


def _head(table: Table) -> list[str]:
    """The titles; a stage has none where the author named no stage."""
    return [*_named(table, "stage"), "output", *(table.models if len(table.models) > 1 else ("layers",))]


def _named(table: Table, name: str) -> list[str]:
    """The cell with the name of a row, where there are such cells."""
    return [name] if any(row.name for row in table.rows) else []


def _costs(table: Table, name: str) -> list[str]:
    """The cells ahead of the costs of the models."""
    return [name, *_named(table, "")]


def to_markdown(table: Table) -> str:
    escaped = markdown.escaped

    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    lines = [f"### {escaped(table.title)}", "", row(list(map(escaped, _head(table))))]
    lines.append(row([*_named(table, ":---"), *[":---:"] * (len(table.models) + 1)]))
    for each in table.rows:
        cells = [_text(stage, escaped, "<br>") for stage in each.cells]
        lines.append(row([*map(escaped, _named(table, each.name)), escaped(" / ".join(each.sizes)), *cells]))
    for name, sizes in table.costs:
        lines.append(row([*_costs(table, f"**{name}**"), *(escaped(short(size)) for size in sizes)]))
    lines += ["", *(f"- {escaped(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    def written(text: str) -> str:
        signs = {"×": r"$\times$", "→": r"$\to$", BESIDE: r"$\parallel$"}
        text = latex.escaped(text)
        for sign, command in signs.items():
            text = text.replace(sign, command)
        return text

    def row(cells: Sequence[str]) -> str:
        return f"{' & '.join(cells)} \\\\"

    def cell(stage: Stage | None) -> str:
        if stage is None:
            return ""
        if len(stage.lines) == 1 and stage.times == 1:
            return written(stage.lines[0])
        inside = r" \\ ".join(map(written, stage.lines))
        times = rf"\times {stage.times}" if stage.times > 1 else ""
        return rf"$\left[\begin{{tabular}}{{@{{}}c@{{}}}}{inside}\end{{tabular}}\right]{times}$"

    def amount(size: Size) -> str:
        return written(short(size)) if isinstance(size, int) else latex.formula(short(size))

    lines = [
        "% \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{l{'c' * (len(_head(table)) - 1)}}}",
        "\\toprule",
        row(list(map(written, _head(table)))),
        "\\midrule",
    ]
    had_bracket = False
    for each in table.rows:
        cells = list(map(cell, each.cells))
        has_bracket = any(stage is not None and len(stage.lines) > 1 for stage in each.cells)
        if (has_bracket or had_bracket) and each != table.rows[0]:
            lines.append("\\addlinespace")  # Brackets would else touch what is above and below them.
        had_bracket = has_bracket
        if each.is_same:
            cells = [rf"\multicolumn{{{len(cells)}}}{{c}}{{{cells[0]}}}"]
        lines.append(row([*map(written, _named(table, each.name)), written(" / ".join(each.sizes)), *cells]))
    lines.append("\\midrule")
    lines += [row([*_costs(table, written(name)), *map(amount, sizes)]) for name, sizes in table.costs]
    lines += ["\\bottomrule", "\\end{tabular}"]
    # A comment ends where its line ends, whatever it says.
    lines += [f"% {note}" for note in table.notes]
    return "\n".join(lines) + "\n"


def to_html(table: Table) -> str:
    def cell(stage: Stage | None) -> str:
        if stage is None:
            return ""
        inside = "<br>".join(map(escape, stage.lines))
        if len(stage.lines) == 1 and stage.times == 1:
            return inside
        times = f" × {stage.times}" if stage.times > 1 else ""
        return f'<span class="unit">{inside}</span>{times}'

    def row(cells: Sequence[str], tag: str = "td") -> str:
        return "<tr>" + "".join(f"<{tag}>{each}</{tag}>" for each in cells) + "</tr>"

    rows = []
    for each in table.rows:
        cells = list(map(cell, each.cells))
        line = row(
            [
                *map(escape, _named(table, each.name)),
                escape(" / ".join(each.sizes)),
                *(cells[:1] if each.is_same else cells),
            ]
        )
        if each.is_same:
            line = f'<td colspan="{len(cells)}">'.join(line.rsplit("<td>", 1))
        rows.append(line)
    costs = [
        row([*_costs(table, escape(name)), *(escape(short(size)) for size in sizes)]) for name, sizes in table.costs
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    title = escape(table.title)
    lines = [
        f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n<style>\n{_STYLE}\n</style>',
        f'<table class="archspec-table">\n<caption>{title}</caption>',
        f"<thead>{row(list(map(escape, _head(table))), 'th')}</thead>",
        "<tbody>",
        *rows,
        '</tbody>\n<tbody class="costs">',
        *costs,
        "</tbody>\n</table>",
        f"<ul>{notes}</ul>",
    ]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_head(table))
    for each in table.rows:
        cells = [_text(stage, str, "; ") for stage in each.cells]
        rows.writerow([*_named(table, each.name), " / ".join(each.sizes), *cells])
    for name, sizes in table.costs:
        rows.writerow([*_costs(table, name), *map(plain, sizes)])
    return text.getvalue()


Writer: TypeAlias = Callable[[Table], str]

WRITERS: Final[Mapping[str, Writer]] = {
    "markdown": to_markdown,
    "latex": to_latex,
    "html": to_html,
    "csv": to_csv,
}
"""What a table can be written as, by the names of targets."""
