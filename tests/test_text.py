"""The text form: every place is exact, and what cannot be read is told in the words of its reader."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Literal, Name
from archspec.source import Source, Span
from archspec.syntax.fault import Fault
from archspec.syntax.text import parse_expression, parse_file
from archspec.syntax.tree import NO_OPS, Fields, Items, Scalar, Tree
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
        ("y = a\n  + b\n  - c\n  # comment\n  * d", [{"name": "y", "value": "a\n  + b\n  - c\n  # comment\n  * d"}]),
        ("y = a +\n  b\nrelu", [{"name": "y", "value": "a +\n  b"}, "relu"]),
        ("y = a\n-b -> relu", [{"name": "y", "a": {}}, [{"value": "-b"}, "relu"]]),
        ("a * b\n(a, b) -> add", [{"value": "a * b"}, {"add": {}, "from": ["a", "b"]}]),
        ("output\ny = relu", ["output", {"name": "y", "relu": {}}]),
        ("init\nrelu", ["init", "relu"]),
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
        ("model M {\n relu(\n}", "A021", "", "`)` is missing here"),
        ("model M {\n relu(]\n}", "A021", "]", "`)` should stand before this"),
        ("model M {\n relu\n", "A021", "", "`}` is missing here"),
        ("model M {\n f(x=[1, 2)\n}", "A021", ")", "`]` should stand before this"),
        ("model M {\n f(1 -> relu\n}", "A021", "->", "`)` should stand before this"),
        ("model M {\n relu)\n}", "A020", ")", ""),
        ("model M {\n relu relu\n}", "A020", "relu", ""),
        ("model M {\n relu -> -> relu\n}", "A020", "->", ""),
        ("model {\n relu\n}", "A020", "{", "expected a name"),
        ("model M {\n input x [B]\n}", "A020", "[", "expected `:`"),
        ("model M {\n input x: B\n}", "A020", "B", "expected `[`"),
        ("model M {\n f(3x3)\n}", "A020", "3x3", ""),
        ("model M {\n f(1 +)\n}", "A020", ")", "expected a value"),
        ("model M {\n f(@)\n}", "A020", "@", ""),
        (
            "model M {\n}\nrelu\n",
            "A020",
            "relu",
            "expected `model NAME { ... }`, or `block`, `cell`, `variant` or `use`",
        ),
        ("relu -> relu", "A020", "relu", "expected `model NAME { ... }`, or `block`, `cell`, `variant` or `use`"),
        ("", "A005", "", ""),
        ("# nothing", "A005", "", ""),
        ("model M {\n f(a=1, a=2)\n}", "A011", "a", "again here"),
        ("model M {\n f(a=1, 2)\n}", "A020", "2", ""),
        ("model M {\n { input x: [B] }\n}", "A020", "input x: [B]", ""),
        ("model M {\n { init zeros }\n}", "A020", "init zeros", ""),
        ("cell M {\n { state h: [B] }\n}", "A020", "state h: [B]", ""),
        ("cell M {\n { expect x == 1 }\n}", "A020", "expect x == 1", ""),
        ("model M {\n state h: [B]\n}", "A020", "state h: [B]", ""),
        ("block M {\n state h: [B]\n}", "A020", "state h: [B]", ""),
        ("cell M {\n state h\n}", "A020", "", "expected `:`"),
        ("cell M {\n state h: [B], c\n relu\n}", "A020", "relu", "expected `:`"),
        ("cell M {\n state h: [B], h: [B]\n}", "A011", "h", "again here"),
        ("cell M {\n state h: [B]\n state h: [B]\n}", "A011", "h", "again here"),
        ("model M {\n init zeros\n init zeros\n}", "A011", "init zeros", "again here"),
        ("model M {\n init a=1, 2\n}", "A020", "2", ""),
        ("model M {\n init zeros,\n}", "A020", "", "expected a value"),
        ("model M {\n output y\n relu\n}", "A020", "relu", "expected `=`"),
        ("model M {\n output y =\n}", "A020", "", "expected a layer"),
        ("model M {\n output 5 = relu\n}", "A020", "5", ""),
        ("model M {\n output y = relu when\n}", "A020", "", "expected a name"),
        ("model M {\n output y = relu when 5\n}", "A020", "5", "expected a name"),
        ("model M {\n y = relu when training\n}", "A020", "when", "expected a new line or `}`"),
        ("model M {\n next h\n}", "A020", "", "expected `=`"),
        ("model M {\n expect x ==\n}", "A020", "", "expected a value"),
        ("model M {\n expect x == 1:\n}", "A020", "", "expected a text in quotes"),
        ("model M {\n expect x == 1: x\n}", "A020", "x", "expected a text in quotes"),
        ("model M {\n y = (a * b\n}", "A021", "", "`)` is missing here"),
        ("model M {\n y = a * (b + c]\n}", "A021", "]", "`)` should stand before this"),
        ("model M {\n y = a *\n}", "A020", "", "expected a layer"),
        ("model M {\n y = a -> b + 1\n}", "A020", "+", "expected a new line, `->` or `}`"),
        ("model M {\n y = a * (b -> conv(8))\n}", "A020", "(b -> conv(8))", ""),
        ("model M {\n y = a * tanh(b -> c)\n}", "A020", "->", ""),
        ("model M {\n (a, b) * c\n}", "A020", "(a, b)", ""),
        ("model M {\n (a, b)\n}", "A020", "(a, b)", ""),
        ("model M {\n a + { relu }\n}", "A020", "{ relu }", ""),
        ("model M {\n a + (concat { relu })\n}", "A020", "concat { relu }", ""),
        ("model M {\n a * (b + (c -> d))\n}", "A020", "(c -> d)", ""),
        ("model M {\n y = 3\n}", "A020", "3", ""),
        ("model M {\n (3, x) -> add\n}", "A020", "3", ""),
        ("model M(n: 3) {\n}", "A020", "3", "expected a name"),
        ("model M(n: word(a, a=1, b)) {\n}", "A020", "b", ""),
        ("model M(n: word(a, values=1)) {\n}", "A011", "values", "again here"),
        ("use std/se", "A020", "/", "expected a new line, the end or `.`"),
        ("use", "A020", "", "expected a name or a text in quotes"),
        ("use std.", "A020", "", "expected a name"),
        ("variant a = M { relu }", "A020", "relu", ""),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, place: str, label: str) -> None:
    report = Report()
    parse_file(Source("spec.arch", text), report)
    [finding] = report
    assert (finding.code, finding.span.text, finding.label()) == (code, place, label)


def test_no_word_of_the_grammar_reaches_a_reader() -> None:
    internal = {"PAR", "BRACE", "LSQB", "RSQB", "NAME", "NUMBER", "STRING", "_NEWLINE", "$END", "Token", "COMPARISON"}
    internal |= {"KIND", "SUM", "PRODUCT", "DOT", "WHEN", "MINUS", "_OUTPUT", "__ANON"}
    pieces = [*"{}()[]=,:1\n+-.", "model", "M", "->", "==", '"a"', "**", "..."]
    pieces += ["input ", "expect ", "not ", "output ", "when ", "state ", "next ", "init ", "use "]
    for first in pieces:
        for second in pieces:
            report = Report()
            parse_file(Source("a.arch", f"model M {{ relu {first} {second} }}"), report)
            words = " ".join(f"{each.message()} {each.label()} {each.help()}" for each in report)
            assert not [word for word in internal if word in words], words


OPENERS = [
    "use",
    "model",
    "block",
    "cell",
    "variant",
    "input",
    "state",
    "init",
    "rename",
    "expect",
    "output",
    "next",
    "when",
]


@pytest.mark.parametrize("word", [*OPENERS, "residual", "shortcut", "in", "else", "std"])
def test_a_word_that_opens_a_construct_is_a_name_elsewhere(word: str) -> None:
    body = f"""\
        {word}
        {word} -> linear(5)
        {word} = {{ relu }}
        a, {word} = split(2)
        ({word}, {word}) -> add({word}={word})
        {word} * 2 -> relu
        output {word} = {word} when {word}
        input {word}: [{word}]
    """
    tree = plain(tree_of(f"model {word}({word}: {word} = {word}) {{\n{body}\n}}\nvariant {word} = {word}", "arch"))
    assert tree["params"] == {word: {"type": word, "default": word}}
    assert tree["inputs"] == {word: [word]}
    assert tree["layers"] == [
        word,
        [word, {"linear": "5"}],
        {"name": word, "layers": ["relu"]},
        {"name": ["a", word], "split": "2"},
        {"add": {word: word}, "from": [word, word]},
        [{"value": f"{word} * 2"}, "relu"],
        {"output": word, "chain": [word], "when": word},
    ]


@pytest.mark.parametrize("word", NO_OPS)
@pytest.mark.parametrize("line", ["WORD(5)", "x -> WORD(5) -> relu", "(a, b) -> WORD", "y = WORD(a=1)"])
def test_a_key_of_a_layer_is_no_op(word: str, line: str) -> None:
    if not (word == "if" and line.startswith("WORD")):  # That is a choice.
        assert read(f"model M {{\n{line.replace('WORD', word)}\n}}", "arch")[1] == ["A020"]


def test_a_value_may_have_the_name_of_a_key() -> None:
    tree = tree_of("model M {\n value = relu\n y = value\n value -> output\n value * next\n}", "arch")
    assert plain(tree)["layers"] == [
        {"name": "value", "relu": {}},
        {"name": "y", "chain": ["value"]},
        ["value", "output"],
        {"value": "value * next"},
    ]


def test_what_cannot_be_read_is_known_by_its_name_all_the_same() -> None:
    tree, codes = read("model M {\n y = 3\n output z = a * (b -> c)\n next h = (a, b)\n}", "arch")
    assert codes == ["A020"] * 3
    assert tree is not None
    assert plain(tree)["layers"] == [
        {key: name, "chain": [...]} for key, name in (("name", "y"), ("output", "z"), ("next", "h"))
    ]


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("y = (c -> tanh) * x", "write `tanh(c)`, or give it a name in a line of its own"),
        ("y = (c -> conv(8)) * x", "give it a name in a line of its own"),
        ("y = a -> b + 1", "a formula stands where a chain starts: name what stands before it in a line of its own"),
        ("y = f(a -> b)", "arrows stand between layers: give the layer a name in a line of its own"),
        ("y = relu when training", "only an output depends on something: `output y = x when training`"),
        ("linear(n: 3)", "a setting is written `name=value`"),
    ],
)  # fmt: skip
def test_a_cure_says_what_to_write(line: str, cure: str) -> None:
    report = Report()
    parse_file(Source("spec.arch", f"model M {{\n{line}\n}}"), report)
    assert [each.help() for each in report] == [cure]


@pytest.mark.parametrize(("line", "cure"), [("use 'a.arch'", "double quotes"), ("model M(n: 3) {}", "`name = 3`")])
def test_a_cure_in_a_file(line: str, cure: str) -> None:
    report = Report()
    parse_file(Source("spec.arch", line), report)
    assert [cure in each.help() for each in report] == [True]


values = st.recursive(
    st.sampled_from(["x", "gate", "tanh(c)", "softmax(x, axis=1)", "f()", "(x)", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(" ".join),
        inner.map("({})".format),
        st.tuples(inner.map("({})".format), st.sampled_from(["2", "-n", "(n + 1)"])).map(" ** ".join),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(values, values)
def test_a_formula_is_an_expression_as_it_was_written(first: str, second: str) -> None:
    text = f"{first} - {second}"
    tree = tree_of(f"model M {{\n  y = {text} -> relu\n}}", "arch")
    layers = tree.get("layers")
    assert plain(layers or tree) == [{"name": "y", "chain": [{"value": text}, "relu"]}]
    [formula] = [each for each in scalars(layers or tree) if each.text == text]
    assert formula.span.text == text
    found, alone = parse_expression(formula), parse_expression(expression_scalar(text))
    assert found == alone
    assert places(found) == places(alone)


def places(part: object) -> list[object]:
    """What stands at the places of an expression and its parts."""
    if isinstance(part, tuple):
        return [place for each in part for place in places(each)]
    if not is_dataclass(part) or isinstance(part, Span):
        return []
    inner = [place for each in vars(part).values() for place in places(each)]
    place = getattr(part, "span", None)
    return [place.text, *inner] if isinstance(place, Span) else inner


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


@pytest.mark.parametrize(
    ("definition", "block"),
    [
        ("block Down(width) = conv(width) -> relu", {"params": {"width": ""}, "chain": [{"conv": "width"}, "relu"]}),
        ("block Act = relu", {"chain": ["relu"]}),
        ('"Doc."\nblock Twice =\n  repeat 2 { relu }', {"doc": "Doc.", "chain": [{"repeat": "2", "layers": ["relu"]}]}),
    ],
)
def test_a_block_may_be_a_chain(definition: str, block: object) -> None:
    assert list(plain(tree_of(definition, "arch"))["blocks"].values()) == [block]


@pytest.mark.parametrize("kind", ["model", "cell"])
def test_nothing_but_a_block_is_a_chain(kind: str) -> None:
    _, codes = read(f"{kind} M = relu", "arch")
    assert codes == ["A020"]
