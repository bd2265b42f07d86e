"""The `.arch` syntax, and the lines and expressions of it that YAML files contain.

`automaton` parses; the readers turn what was parsed into the Tree, and say in the reader's words what could not be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archspec.catalog.text import EmptySpec
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Expression, Literal
from archspec.source import Source, Span
from archspec.syntax.expressions import ExpressionReader, word
from archspec.syntax.fault import WORD, Fault
from archspec.syntax.flow import FlowReader
from archspec.syntax.parsing import nodes, parse
from archspec.syntax.statements import FileReader
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree
from archspec.syntax.values import Parsed, ValueReader

if TYPE_CHECKING:
    from archspec.syntax.padding import Padded


def parse_file(source: Source, report: Report) -> Fields | None:
    """The tree of a `.arch` file, or `None` where it has none; what is wrong goes to the report."""
    if not _COMMENT.sub("", source.text).strip():
        report.add(EmptySpec(source.span(0, 0)))
        return None
    return _file_as_far(source, source.text, report)


def _file_as_far(source: Source, text: str, report: Report) -> Fields | None:
    """The tree of as much of a text as can be read; what cannot be goes to the report."""
    try:
        return _file(source, text, report)
    except Fault as fault:
        from archspec.syntax.padding import Padded, lacks_room

        if text is source.text and lacks_room(fault.finding):
            return _file_behind_blanks(Padded.of(source, text), report)
        report.add(fault.finding)
        return _file_without_faults(source, text, fault.finding, report)


def _file_behind_blanks(padded: Padded, report: Report) -> Fields | None:
    """The tree of a text that is read with blanks before it."""
    own = Report()
    tree = _file_as_far(padded.behind, padded.behind.text, own)
    for each in own:
        report.add(padded.finding(each))
    # What is told of a line that is left out is told already: nothing more is.
    for gone in own.hidden:
        report.hide(padded.place(gone))
    return None if tree is None else padded.fields(tree)


def _file(source: Source, text: str, report: Report) -> Fields:
    """The tree of a text in the place of that of a source; raises `Fault`."""
    scalar = Scalar(text, source.whole(), is_mended=text is not source.text)
    return FileReader(ValueReader(scalar, report)).file(parse(scalar, "file"))


def _file_without_faults(source: Source, text: str, finding: Diagnostic, report: Report) -> Fields | None:
    """The tree of what can be read beside a finding; what else cannot be goes to the report."""
    from archspec.syntax.elsewhere import without_calls
    from archspec.syntax.recovery import MOST_LINES, MOST_READ, apart, follows, mended, without_fault

    hidden: list[Span] = []
    inner: list[str] = []
    replaced: list[Span] = []
    for _ in range(min(MOST_LINES, MOST_READ // len(text))):
        calls = without_calls(Scalar(text, source.whole(), is_mended=True), finding, report)
        if calls is not None:
            text = calls.text
            replaced.append(finding.span)
        elif (meant := mended(text, finding)) is not None:
            text = meant
        elif (parted := apart(text, finding)) is not None:
            text = parted[0]
            inner.append(parted[1])
            if finding.span.text == "model":
                hidden.append(finding.span)  # What is left around it need not be a model of its own.
        elif (found := without_fault(source, text, finding)) is not None:
            text, place = found
            hidden.append(place)
        else:
            return None
        own = Report()
        try:
            tree = _file(source, text, own)
        except Fault as fault:
            finding = fault.finding
            if follows(finding, hidden):
                return None
            if not any(each.covers(finding.span) or finding.span.covers(each) for each in replaced):
                report.add(finding)
            continue
        for gone in hidden:
            report.hide(gone)
        for each in own:
            report.add(each)
        for definition in inner:
            tree = _with_definitions(tree, _file_as_far(source, definition, report))
        return tree
    return None


def _with_definitions(tree: Fields, inner: Fields | None) -> Fields:
    """A tree with the definitions of another one, where it has none of the same name."""
    entries = {each.key.text: each for each in tree.entries}
    for each in () if inner is None else inner.entries:
        mine = entries.setdefault(each.key.text, each)
        if isinstance(mine.value, Fields) and isinstance(each.value, Fields):
            both = {entry.key.text: entry for entry in (*each.value.entries, *mine.value.entries)}
            entries[each.key.text] = Entry(mine.key, Fields(tuple(both.values()), mine.value.span))
        elif isinstance(mine.value, Items) and isinstance(each.value, Items) and each.key.text == "use":
            both_used = dict.fromkeys((*mine.value.items, *each.value.items))
            entries["use"] = Entry(mine.key, Items(tuple(both_used), mine.value.span))
    return Fields(tuple(entries.values()), tree.span)


def parse_line(scalar: Scalar, report: Report) -> Tree:
    """The layers of one line, as they stand in a YAML file; raises `Fault`."""
    if WORD.fullmatch(scalar.text):
        return Scalar(scalar.text, scalar.span)
    try:
        (chain,) = nodes(parse(scalar, "line"))
    except Fault as fault:
        from archspec.syntax.elsewhere import without_calls

        mended = None if scalar.is_mended else without_calls(scalar, fault.finding, report)
        if mended is None:
            raise
        return parse_line(mended, report)
    return FlowReader(ValueReader(scalar, report), may_hold_braces=False).chain(chain)


def parse_expression(scalar: Scalar) -> Expression:
    """The expression that a scalar of a tree holds; raises `Fault`."""
    if scalar.is_quoted:
        return Literal(scalar.text, scalar.span)
    # Most scalars of a YAML file are a word or a number: a file of them need not wait for the parser.
    if WORD.fullmatch(scalar.text):
        return word(scalar.text, scalar.span)
    if _SMALL_NUMBER.fullmatch(scalar.text):
        return Literal(int(scalar.text), scalar.span)
    if not isinstance(parsed := scalar.parsed, Parsed):
        parsed = Parsed(scalar, nodes(parse(scalar, "value"))[0])
    return ExpressionReader(ValueReader(parsed.scalar, Report())).expression(parsed.node)


_COMMENT: Final = re.compile(r"#[^\n]*")
_SMALL_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
