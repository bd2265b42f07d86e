"""What is written says what was read, and no comment is lost: laws of `archspec.rewrite`, on specs at random."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archspec.diagnostics import Report
from archspec.render.text import render
from archspec.rewrite import converted, formatted, written
from archspec.rewrite.canonical import canonical_tree
from archspec.rewrite.spacing import spaced
from archspec.rewrite.textual import textual_tree
from archspec.source import Source
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import BESIDE_OP, HOLDING, Fields, Items, Scalar, Tree
from tests.random_specs import expressions, specs
from tests.trees import expression_scalar, plain, read, scalars, tree_of

SPECS = Path(__file__).parent.parent / "specs"
OTHER = {"arch": "yaml", "yaml": "arch"}

NAMING = ("doc", "message", "use", "model", "name", "output", "when", "next", "from", "for", "type", "element")
"""Keys of what means the same in quotes."""

quickly = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
each_syntax = pytest.mark.parametrize("syntax", OTHER)


def quotes(tree: Tree, key: str = "") -> list[bool]:
    """Which values stand in quotes, where that makes a difference."""
    match tree:
        case Scalar():
            return [] if key in NAMING else [tree.is_quoted]
        case Items(parts):
            return [found for part in parts for found in quotes(part, key)]
        case Fields(entries):
            ordered = sorted(entries, key=lambda entry: entry.key.text)
            return [found for entry in ordered for found in quotes(entry.value, entry.key.text)]
    return []


@each_syntax
@quickly
@given(tree=specs())
def test_what_is_written_is_read_as_the_same_tree(syntax: str, tree: Fields) -> None:
    tree = textual_tree(canonical_tree(tree))
    text = written(tree, syntax)
    again, codes = read(text, syntax)
    assert not codes, text
    assert again is not None
    assert plain(canonical_tree(again)) == plain(tree), text
    assert quotes(canonical_tree(again)) == quotes(tree), text


# --------------------------------------------------------------------------------------------------------- comments

PLACES = re.compile(r'"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|\n|->|[(\[,]', re.DOTALL)


def places(text: str, syntax: str) -> list[int]:
    """Where comments can be put in: at the end of lines, and in the text form inside of brackets and chains."""
    if syntax == "arch":
        return [match.end() for match in PLACES.finditer(text) if not match.group().startswith('"')]
    of_texts = [(span.start, span.end) for span in (word.span for word in scalars(tree_of(text, "yaml")))]
    blocks = [(start, end) for start, end in of_texts if text[start] == "|"]
    ends = [match.end() for match in re.finditer("\n", text)]
    return [place for place in ends if not any(start < place <= end + 1 for start, end in blocks)]


@st.composite
def noisy(draw: st.DrawFn, syntax: str) -> tuple[str, list[str]]:
    """A file in which comments and blank lines stand wherever they may, and those comments."""
    text = written(textual_tree(canonical_tree(draw(specs()))), syntax)
    tree = tree_of(text, syntax)
    chosen = draw(st.lists(st.sampled_from(places(text, syntax)), max_size=8, unique=True))
    added = [comment(draw, text, place, number) for number, place in enumerate(sorted(chosen, reverse=True))]
    # Some places are none: a line of a text may look like any other line.
    if read(changed(text, added), syntax) != (tree, []):
        added = [each for each in added if read(changed(text, [each]), syntax) == (tree, [])]
        assume(read(changed(text, added), syntax) == (tree, []))
    return changed(text, added), [f"# comment {number}." for number, _, _ in added]


def comment(draw: st.DrawFn, text: str, place: int, number: int) -> tuple[int, int, str]:
    """A comment: its number, its place, and how it is written there."""
    words = f"# comment {number}."
    blanks = "\n" * draw(st.integers(0, 2))
    if text[place - 1] != "\n":
        return number, place, f" {words}\n{blanks}"
    if draw(st.booleans()):
        return number, place - 1, f" {words}{blanks}"
    following = re.match(" *", text[place:])
    indent = draw(st.sampled_from(("", following.group() if following else "", "    ")))
    return number, place, f"{blanks}{indent}{words}\n" + "\n" * draw(st.integers(0, 1))


def changed(text: str, added: list[tuple[int, int, str]]) -> str:
    for _, place, words in sorted(added, key=lambda each: each[1], reverse=True):
        text = text[:place] + words + text[place:]
    return text


def rewritten(text: str, syntax: str, to: str) -> str:
    """A file with which nothing is wrong, in another form."""
    report = Report()
    source = Source(f"spec.{syntax}", text)
    result = formatted(source, syntax, report) if syntax == to else converted(source, syntax, to, report)
    assert result is not None, f"{render(report)}\n{text}"
    return result


@each_syntax
@settings(quickly, max_examples=50)
@given(data=st.data())
def test_no_comment_is_lost_and_what_is_canonical_stays(syntax: str, data: st.DataObject) -> None:
    text, comments = data.draw(noisy(syntax))
    for to in OTHER:
        result = rewritten(text, syntax, to)
        lost = [comment for comment in comments if result.count(comment) != 1]
        assert not lost, f"{text}\n-----\n{result}"
        assert rewritten(result, to, to) == result, f"{text}\n-----\n{result}\n-----\n{rewritten(result, to, to)}"


# ------------------------------------------------------------------------------------------- files, and what is no spec


@pytest.mark.parametrize(
    "path", sorted(each for each in SPECS.rglob("*.*") if each.is_file()), ids=lambda path: path.name
)
def test_the_specs_are_the_same_in_the_other_syntax(path: Path) -> None:
    text, syntax = path.read_text(), path.suffix[1:]
    other = rewritten(text, syntax, OTHER[syntax])
    assert rewritten(other, OTHER[syntax], OTHER[syntax]) == other
    back = tree_of(rewritten(other, OTHER[syntax], syntax), syntax)
    # A `.arch` file does not name the version of the language, and a YAML file that comes from one does.
    assert _without_version(back) == _without_version(tree_of(text, syntax))


def _without_version(tree: Fields) -> Fields:
    return textual_tree(canonical_tree(tree))


BLANKS = st.sampled_from(("", " ", "\t", "  "))
BREAKS = st.sampled_from(("", " ", "\n", " # comment\n  "))


@quickly
@given(text=expressions, data=st.data())
def test_blanks_in_an_expression_do_not_matter(text: str, data: st.DataObject) -> None:
    assert spaced(text) == text
    words = re.findall(r'"(?:\\.|[^"\\])*"|1e-5|[\w.]+|//|\*\*|[<>=!]=|\S', text)
    loose = ""
    for before, word in zip(["", *words], words, strict=False):
        is_needed = before[-1:].isalnum() and word[:1].isalnum()
        is_open = bool(before) and before not in (")", "]") and not re.match(r'[\w".]', before)
        loose += data.draw(BREAKS if is_open else BLANKS) or (" " if is_needed else "")
        loose += word
    assert parse_expression(expression_scalar(loose)) == parse_expression(expression_scalar(text))
    assert spaced(loose) == text


KEYS = (
    *BESIDE_OP,
    *HOLDING,
    *("repeat", "for", "in", "if", "value", "conv", "relu", "1", "2", "x", "layer", "bad key"),
)
WORDS = (
    "x",
    "relu",
    "3x3",
    "a b",
    "conv(8) -> relu",
    "x -> (y",
    "",
    "[1, 2]",
    "a: b",
    "not x",
    "# no",
    "-x",
    "...",
    "~",
)
anything: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=12,
)


@quickly
@given(
    layers=anything,
    rest=st.dictionaries(
        st.sampled_from(
            ("use", "doc", "params", "inputs", "init", "expect", "rename", "blocks", "variants", "chain", "odd")
        ),
        anything,
    ),
)
def test_what_is_no_spec_is_written_as_it_is_or_refused_with_a_reason(layers: Any, rest: dict[str, Any]) -> None:
    text = pyyaml.safe_dump({"model": "M", **rest, "layers": layers}, allow_unicode=True, sort_keys=False)
    for to in OTHER:
        report = Report()
        source = Source("spec.yaml", text)
        result = formatted(source, "yaml", report) if to == "yaml" else converted(source, "yaml", to, report)
        assert (result is None) == bool(len(report))
        if result is not None:
            assert rewritten(result, to, to) == result
