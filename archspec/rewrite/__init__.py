"""Specs written anew: in their canonical form, or in the other syntax.

Nothing is lost. The Tree that is read of the result is the one that was read of the source, up to blanks in expressions
and to forms that say the same; and all comments are there.
"""

from __future__ import annotations

from collections import Counter

from archspec.catalog.text import SyntaxFault
from archspec.diagnostics import Report
from archspec.rewrite import comments
from archspec.rewrite.beginning import Beginning
from archspec.rewrite.canonical import canonical_tree
from archspec.rewrite.comments import Notes
from archspec.rewrite.lines import Line, woven
from archspec.rewrite.text import text_lines
from archspec.rewrite.textual import VERSION, textual_tree
from archspec.rewrite.yaml import yaml_lines
from archspec.source import Hole, Source
from archspec.syntax.fault import Fault
from archspec.syntax.read import parse
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree


def formatted(source: Source, syntax: str, report: Report) -> str | None:
    """A spec in its canonical form, or `None` where findings say why it has none."""
    return _rewritten(source, syntax, syntax, report)


def converted(source: Source, syntax: str, to: str, report: Report) -> str | None:
    """A spec in the other syntax, or `None` where findings say why it cannot be written in it."""
    return _rewritten(source, syntax, to, report)


def begun(source: Source, syntax: str, to: str, beginning: Beginning, report: Report) -> str | None:
    """A spec that begins as a copy of another, under another name, or `None` where findings say why there is none."""
    return _rewritten(source, syntax, to, report, beginning)


def written(tree: Fields, syntax: str) -> str:
    """A tree as a file of a syntax.

    Raises:
        Fault: the text form cannot say what the tree says.
    """
    nothing = Notes(Source("", ""), (), has_braces=syntax == "arch")
    return woven(_lines(_in_form(tree, syntax), nothing, syntax, keeps_order=False), nothing)


def _in_form(tree: Fields, syntax: str) -> Fields:
    return textual_tree(canonical_tree(tree)) if syntax == "arch" else canonical_tree(tree)


def _lines(tree: Fields, notes: Notes, syntax: str, *, keeps_order: bool) -> list[Line]:
    if syntax == "arch":
        return text_lines(tree, notes, keeps_order=keeps_order)
    return yaml_lines(tree, keeps_blanks=keeps_order)


def _rewritten(source: Source, syntax: str, to: str, report: Report, beginning: Beginning | None = None) -> str | None:
    tree = _read(source, syntax, report)
    if tree is None:
        return None
    notes = _notes(source, syntax)
    if beginning is not None:
        notes, tree = beginning.notes_of(tree, notes), beginning.of(tree)
    tree = _in_form(tree, to)
    if (syntax, to) == ("arch", "yaml"):
        tree = _with_version(tree)
    try:
        result = woven(_lines(tree, notes, to, keeps_order=syntax == to), notes)
    except Fault as fault:
        report.add(fault.finding)
        return None
    if _says(Source(source.name, result), to, tree, notes):
        return result
    problem = "this cannot be written anew without a change of what it says"
    report.add(SyntaxFault(source.whole(), "", problem=problem))
    return None


def _notes(source: Source, syntax: str) -> Notes:
    return comments.of_text(source) if syntax == "arch" else comments.of_yaml(source)


def _says(result: Source, syntax: str, tree: Fields, notes: Notes) -> bool:
    """Whether a result says what it should, and has all comments: nobody should have to compare the two."""
    again = _read(result, syntax, Report())
    if again is None or _in_form(again, syntax) != tree:
        return False
    kept = _notes(result, syntax).comments
    return Counter(each.text for each in kept) == Counter(each.text for each in notes.comments)


def _read(source: Source, syntax: str, report: Report) -> Fields | None:
    """The tree of a source with which nothing is wrong."""
    own = Report()
    tree = parse(source, syntax, own)
    for finding in own:
        report.add(finding)
    return None if own.has_errors or tree is None or _has_holes(tree) else tree


def _has_holes(tree: Tree) -> bool:
    match tree:
        case Items(items):
            return any(map(_has_holes, items))
        case Fields(entries):
            return any(_has_holes(entry.value) for entry in entries)
    return isinstance(tree, Hole)


def _with_version(tree: Fields) -> Fields:
    """A file that names the version of the language, as YAML files do, where that of a model starts."""
    model = tree.get("model")
    if model is None:
        return tree
    start = min(model.span.start, (tree.get("doc") or model).span.start)
    place = tree.span.source.span(start, start)
    return Fields((Entry(Scalar("archspec", place), Scalar(VERSION, place)), *tree.entries), tree.span)
