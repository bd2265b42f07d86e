"""The text form: every place is exact, and what cannot be read is told in the words of its reader."""

from __future__ import annotations

from ast import literal_eval

import pytest

from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Literal, Name
from archspec.source import Source
from archspec.syntax.fault import Fault
from archspec.syntax.text import parse_expression, parse_file
from archspec.syntax.tree import Fields, Items, Scalar, Tree
from tests.trees import expression_scalar, plain, read, scalars, tree_of

MODEL = """\
"About M."
model M(n = 2, mode = "a b", sizes = [1, 2]) {
    input x: [B, 8]
    input t: [B, 2 * n] int
    fc = linear(4, bias=false)   # a comment
    relu -> { a = tanh
              sigmoid } -> linear(n + 1)

    expect output == [B, n + 1]
    expect params < 1_000
}
"""


def keys(tree: Tree) -> list[Scalar]:
    """The keys of a tree that stand in the text: the syntax implies some, and positions are counted."""
    if isinstance(tree, Items):
        return [key for each in tree.items for key in keys(each)]
    if isinstance(tree, Fields):
        return [key for entry in tree.entries for key in (entry.key, *keys(entry.value))]
    return []


@pytest.mark.parametrize("text", [MODEL, MODEL.replace("\n", "\r\n"), "\ufeff" + MODEL, MODEL.replace("    ", "\t")])
def test_the_place_of_a_word_is_the_word(text: str) -> None:
    tree = tree_of(text, "arch")
    implied = {"model", "doc", "params", "inputs", "layers", "expect", "name", "chain", "shape", "element", "1"}
    for word in scalars(tree):
        if word.is_quoted:
            assert word.span.text == f'"{word.text}"'
        elif word.text not in implied:
            assert word.span.text == word.text


def test_wide_characters_are_one_character_each() -> None:
    tree = tree_of('"画像 😀"\nmodel 分類 {\n input 画: [B, 8]\n 層 = linear(2)\n}', "arch")
    written = {word.text: word.span.first() for word in scalars(tree)}
    assert written["分類"] == (2, 7)
    assert written["層"] == (4, 2)
    assert written["2"] == (4, 13)


@pytest.mark.parametrize(
    ("body", "layers"),
    [
        ("relu", ["relu"]),
        ("relu\nrelu", ["relu", "relu"]),
        ("relu\n\n\n# comment\n\nrelu # comment\n", ["relu", "relu"]),
        ("relu\n  -> tanh\n  # comment\n  -> relu", [["relu", "tanh", "relu"]]),
        ("relu ->\n  tanh", [["relu", "tanh"]]),
        ("linear(\n  2,\n  bias=false,\n)", [{"linear": {"1": "2", "bias": "false"}}]),
        ("relu()", ["relu"]),
        ("a = relu -> tanh", [{"name": "a", "chain": ["relu", "tanh"]}]),
        ("{ relu }", [{"layers": ["relu"]}]),
        ("{\n relu\n tanh\n}", [{"layers": ["relu", "tanh"]}]),
        ("{}", [{"layers": []}]),
        ("a = { b = { relu } }", [{"name": "a", "layers": [{"name": "b", "layers": ["relu"]}]}]),
        ("f(x=min(1, 2), y=[])", [{"f": {"x": "min(1, 2)", "y": []}}]),
        ("f((1 + 2) * 3)", [{"f": "(1 + 2) * 3"}]),
        ("f(#\n1)", [{"f": "1"}]),
        ('f("a # b")', [{"f": "a # b"}]),
        ('f("a\\"b\\n\\\\")', [{"f": 'a"b\n\\'}]),
    ],
)  # fmt: skip
def test_statements_end_where_their_lines_end_and_go_on_where_they_must(body: str, layers: object) -> None:
    assert plain(tree_of(f"model M {{\n{body}\n}}", "arch"))["layers"] == layers


def test_the_place_of_a_layer_is_its_op_with_its_settings() -> None:
    tree = tree_of(MODEL, "arch")
    layers = tree.get("layers")
    assert isinstance(layers, Items)
    assert layers.items[0].span.text == "linear(4, bias=false)"


@pytest.mark.parametrize(
    ("text", "code", "place", "label"),
    [
        ("model M {\n relu(\n}", "A021", "}", "`)` should stand before this"),
        ("model M {\n relu(]\n}", "A021", "]", "`)` should stand before this"),
        ("model M {\n relu\n", "A021", "", "`}` is missing here"),
        ("model M {\n f(x=[1, 2)\n}", "A021", ")", "`]` should stand before this"),
        ("model M {\n f(1 -> relu\n}", "A021", "->", "`)` should stand before this"),
        ("model M {\n relu)\n}", "A020", ")", ""),
        ("model M {\n relu relu\n}", "A020", "relu", ""),
        ("model M {\n relu -> -> relu\n}", "A020", "->", "expected a name or `{`"),
        ("model {\n relu\n}", "A020", "{", "expected a name"),
        ("model M {\n input x [B]\n}", "A020", "[", "expected `:`"),
        ("model M {\n input x: B\n}", "A020", "B", "expected `[`"),
        ("model M {\n f(3x3)\n}", "A020", "3x3", ""),
        ("model M {\n f(1 +)\n}", "A020", ")", "expected a value"),
        ("model M {\n f(@)\n}", "A020", "@", ""),
        ("model M {\n}\nrelu\n", "A020", "relu", "expected `model NAME { ... }` or `block NAME { ... }`"),
        ("relu -> relu", "A020", "relu", "expected `model NAME { ... }` or `block NAME { ... }`"),
        ("", "A005", "", ""),
        ("# nothing", "A005", "", ""),
        ("model M {\n f(a=1, a=2)\n}", "A011", "a", "again here"),
        ("model M {\n f(a=1, 2)\n}", "A020", "2", ""),
        ("model M {\n { input x: [B] }\n}", "A020", "input x: [B]", ""),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, place: str, label: str) -> None:
    report = Report()
    parse_file(Source("spec.arch", text), report)
    [finding] = report
    assert (finding.code, finding.span.text, finding.label()) == (code, place, label)


def test_no_word_of_the_grammar_reaches_a_reader() -> None:
    internal = {"PAR", "BRACE", "LSQB", "RSQB", "NAME", "NUMBER", "STRING", "_NEWLINE", "$END", "Token", "COMPARISON"}
    pieces = [*"{}()[]=,:1\n", "model", "M", "->", "==", '"a"', "input", "expect", "not"]
    for first in pieces:
        for second in pieces:
            report = Report()
            parse_file(Source("a.arch", f"model M {{ relu {first} {second} }}"), report)
            words = " ".join(f"{each.message()} {each.label()} {each.help()}" for each in report)
            assert not [word for word in internal if word in words], words


@pytest.mark.parametrize("opening", ["(", "[", "{"])
def test_what_is_nested_too_deep_is_refused(opening: str) -> None:
    assert read(f"model M {{ f({opening * 100_000}", "arch")[1] == ["A015"]


def finding_of(text: str) -> Diagnostic | None:
    """What is wrong with an expression."""
    try:
        parse_expression(expression_scalar(text))
    except Fault as fault:
        return fault.finding
    return None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1" + "+1" * 200, ""),
        ("1" + "+1" * 201, "A020"),
        ("1" + "+1" * 50_000, "A020"),
        ("a" + "[0]" * 5_000, "A020"),
        ("(" * 50 + "1" + "+1+1+1+1+1)" * 50, "A020"),
        ("(" * 100 + "1" + ")" * 100, ""),
        ("(" * 101 + "1" + ")" * 101, "A015"),
        ("[" * 100_000, "A015"),
        ("not " * 5_000 + "a", "A020"),
        ("-" * 5_000 + "1", "A020"),
    ],
    ids=range(10),
)
def test_no_expression_exhausts_the_machine(text: str, code: str) -> None:
    finding = finding_of(text)
    assert (finding.code if finding is not None else "") == code


@pytest.mark.parametrize("number", ["0", "7", "1_000", "1.5", ".5", "1.", "1e-5", "1E+5", "9223372036854775807"])
def test_numbers(number: str) -> None:
    assert parse_expression(expression_scalar(number)) == Literal(literal_eval(number), Source("", "").whole())


@pytest.mark.parametrize(
    "number", ["010", "1__0", "1_", "0x10", "1e", "1e999", "9223372036854775808", "1" * 5_000, "٣"]
)
def test_what_only_looks_like_a_number(number: str) -> None:
    finding = finding_of(number)
    assert finding is not None
    assert finding.code == "A020"
    assert len(finding.message()) < 120


def test_a_name_may_start_with_an_underscore() -> None:
    assert isinstance(parse_expression(expression_scalar("_1")), Name)
