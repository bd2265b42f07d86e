"""The `.arch` syntax, and the lines and expressions of it that YAML files contain.

lark parses; the readers turn what was parsed into the Tree, and say in the reader's words what could not be.
"""

from __future__ import annotations

import re
from typing import Final

from archspec.catalog.settings import UnknownOp
from archspec.catalog.text import EmptySpec
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Expression, Literal
from archspec.source import Source, Span
from archspec.syntax.expressions import ExpressionReader, word
from archspec.syntax.fault import WORD, Fault
from archspec.syntax.flow import FlowReader
from archspec.syntax.parsing import nodes, parse
from archspec.syntax.statements import FileReader
from archspec.syntax.tree import Fields, Scalar, Tree
from archspec.syntax.values import Parsed, ValueReader


def parse_file(source: Source, report: Report) -> Fields | None:
    """The tree of a `.arch` file, or `None` where it has none; what is wrong goes to the report."""
    if not _COMMENT.sub("", source.text).strip():
        report.add(EmptySpec(source.span(0, 0)))
        return None
    try:
        return _file(source, source.text, report)
    except Fault as fault:
        report.add(fault.finding)
        return _file_without_faults(source, fault.finding, report)


def _file(source: Source, text: str, report: Report) -> Fields:
    """The tree of a text in the place of that of a source; raises `Fault`."""
    scalar = Scalar(text, source.whole(), is_mended=text is not source.text)
    return FileReader(ValueReader(scalar, report)).file(parse(scalar, "file"))


def _file_without_faults(source: Source, finding: Diagnostic, report: Report) -> Fields | None:
    """The tree of what can be read beside a finding; what else cannot be goes to the report."""
    from archspec.syntax.recovery import MOST_LINES, MOST_READ, follows, without_fault

    if isinstance(finding, UnknownOp):
        from archspec.syntax.elsewhere import further_calls

        for each in further_calls(Scalar(source.text, source.whole()), finding):
            report.add(each)
    text = source.text
    hidden: list[Span] = []
    for _ in range(min(MOST_LINES, MOST_READ // len(text))):
        found = without_fault(source, text, finding)
        if found is None:
            return None
        text, place = found
        hidden.append(place)
        own = Report()
        try:
            tree = _file(source, text, own)
        except Fault as fault:
            finding = fault.finding
            if follows(finding, hidden):
                return None
            report.add(finding)
            continue
        for gone in hidden:
            report.hide(gone)
        for each in own:
            report.add(each)
        return tree
    return None


def parse_line(scalar: Scalar, report: Report) -> Tree:
    """The layers of one line, as they stand in a YAML file; raises `Fault`."""
    if WORD.fullmatch(scalar.text):
        return Scalar(scalar.text, scalar.span)
    (chain,) = nodes(parse(scalar, "line"))
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
