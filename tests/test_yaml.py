"""YAML: every place is exact, none of its traps exists, and no file can exhaust the machine."""

from __future__ import annotations

import time

import pytest
import yaml as pyyaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archspec.diagnostics import Report
from archspec.source import Source
from archspec.syntax import yaml
from archspec.syntax.tree import Fields, Items, Scalar
from tests.trees import plain, read, scalars, tree_of


@pytest.fixture(params=[loader for loader in ("CSafeLoader", "SafeLoader") if hasattr(pyyaml, loader)])
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "LOADER", getattr(pyyaml, request.param))


pytestmark = pytest.mark.usefixtures("_each_loader")


@pytest.mark.parametrize(
    "text",
    [
        "a: b\nc: [d, e]\nf: {g: h}",
        "a: b\r\nc:\r\n  - d\r\n  - e\r\n",
        "\ufeffa: b\nc: d",
        "分類: 器\nc: 😀\nd: é",
        "a: &x b\nc: &y\n  d: e\n# comment\nf: &z # comment\n  g: h",
        "- a\n-\n  - b\n  - c: d\n    e: f",
        "? a\n: b\n? c\n: - d",
    ],
)
def test_the_place_of_a_word_is_the_word(text: str) -> None:
    tree, _ = read(text if text.startswith(("a", "\ufeff", "分", "?")) else f"k:\n{text}", "yaml")
    assert tree is not None
    words = list(scalars(tree))
    assert words
    assert [word.span.text for word in words] == [word.text for word in words]


@pytest.mark.skipif(not hasattr(pyyaml, "CSafeLoader"), reason="the other loader takes no tabs between words")
def test_tabs_between_words_are_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "LOADER", pyyaml.CSafeLoader)
    words = list(scalars(tree_of("a:\tb\nc:  d\t# comment", "yaml")))
    assert [word.span.text for word in words] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("written", "content"),
    [
        ('"a b"', "a b"),
        ("'it''s'", "it's"),
        ('"a\\tb"', "a\tb"),
        ('"a\n  b"', "a b"),
        ("a\n  b", "a b"),
        ("|\n  a\n    b", "a\n  b\n"),
        ("|-\n  a\n  b", "a\nb"),
        (">\n  a\n  b", "a b\n"),
        ("|\n  a\n\n\n", "a\n"),
    ],
)
def test_the_place_of_a_text_is_all_that_is_written_of_it(written: str, content: str) -> None:
    tree = tree_of(f"doc: {written}\nmodel: M", "yaml")
    doc = tree.get("doc")
    assert isinstance(doc, Scalar)
    assert doc.text == content
    assert doc.span.text == written.rstrip()


def test_a_block_ends_where_its_last_child_ends() -> None:
    tree = tree_of("a:\n  - b: c\n    d: [e]   \n\n# comment\nf: g\n", "yaml")
    block = tree.get("a")
    assert isinstance(block, Items)
    assert block.span.text == "- b: c\n    d: [e]"
    assert block.items[0].span.text == "b: c\n    d: [e]"
    assert tree.span.text == "a:\n  - b: c\n    d: [e]   \n\n# comment\nf: g"


def test_a_block_that_ends_with_an_alias_or_with_nothing() -> None:
    tree = tree_of("a: &x [1]\nb:\n  c: *x\nd:\n  e:\nf: 1", "yaml")
    values = [tree.get("b"), tree.get("d")]
    assert [value.span.text for value in values if isinstance(value, Fields)] == ["c: *x", "e:"]


def test_layers_are_found_inside_lines() -> None:
    tree = tree_of('model: M\nlayers:\n  - conv(8, kernel=[3, 5]) -> relu\n  - "linear(2)"\n', "yaml")
    written = [word.span.text for word in scalars(tree)]
    assert written == ["model", "M", "layers", "conv", "8", "8", "kernel", "3", "5", "relu", "linear", "2"]


def test_a_line_may_go_over_several_lines() -> None:
    tree = tree_of('layers:\n  - conv(8 + 1,\n      kernel=3)\n  - "conv(\\x38 * 2) -> relu"\n  - a *\n    b', "yaml")
    layers = [{"conv": {"1": "8 + 1", "kernel": "3"}}, [{"conv": "8 * 2"}, "relu"], {"value": "a * b"}]
    assert plain(tree) == {"layers": layers}


@pytest.mark.parametrize("where", ["blocks: {M: {layers: [%s]}}", "cells: {M: {layers: [%s]}}", "layers: [%s]"])
def test_lines_are_read_wherever_layers_stand(where: str) -> None:
    short, long = (tree_of(where % layer, "yaml") for layer in ("a * b -> relu", "[value: a * b, relu]"))
    assert short == long


def test_what_stands_beside_an_op_is_no_op_without_settings() -> None:
    tree = tree_of("layers:\n  - {output: , when: , next: , name: , from: , value: , branches: , relu: }", "yaml")
    assert plain(tree)["layers"] == [
        {"output": "", "when": "", "next": "", "name": "", "from": "", "value": "", "branches": "", "relu": {}}
    ]


@pytest.mark.parametrize("formula", ["a -> b", "a", "1", "{b: }", "[a * b]"])
def test_what_stands_under_a_value_is_no_line(formula: str) -> None:
    tree = tree_of(f"layers:\n  - value: {formula}\nstate: [a * b]\ninit: a * b\nuse: [a * b]", "yaml")
    value = {"{b: }": {"b": ""}, "[a * b]": ["a * b"]}.get(formula, formula)
    assert plain(tree) == {"layers": [{"value": value}], "state": ["a * b"], "init": "a * b", "use": ["a * b"]}


def test_what_flows_into_a_layer_is_read_as_lines() -> None:
    tree, codes = read(
        "layers:\n  - {add: , from: [a * 2, b -> c, _]}\n  - {relu: , from: b -> c}\n  - {relu: , from: (}", "yaml"
    )
    assert codes == ["A021"]
    assert tree is not None
    assert plain(tree)["layers"] == [
        {"add": {}, "from": [{"value": "a * 2"}, ["b", "c"], "_"]},
        {"relu": {}, "from": [["b", "c"]]},
        {"relu": {}, "from": [...]},
    ]


@pytest.mark.parametrize(
    ("line", "place", "cure"),
    [
        ("concat { a }", "{", "in YAML, what stands in braces is a mapping"),
        ("x -> concat { a } -> relu", "{", "in YAML, what stands in braces is a mapping"),
        ("x * { a }", "{ a }", "give it a name in a line of its own"),
        ("repeat 3 { a }", "{", "in YAML, what stands in braces is a mapping"),
        ("'{ a }'", "{", "in YAML, what stands in braces is a mapping"),
        ("fc = linear(10)", "=", "in YAML, a name stands beside its layer"),
        ("a -> b * c", "*", "a formula stands where a chain starts"),
        ("3", "3", ""),
        ("(x -> tanh) * c", "(x -> tanh)", "write `tanh(x)`"),
    ],
)
def test_what_cannot_stand_in_a_line(line: str, place: str, cure: str) -> None:
    report = Report()
    yaml.parse_file(Source("spec.yaml", f"layers:\n  - {line}\n"), report)
    [finding] = report
    assert finding.span.text == place
    assert finding.help().startswith(cure)


@pytest.mark.parametrize(
    "word",
    [
        *("no", "yes", "on", "off", "null", "~", "True", "=", "<"),
        *("1e-5", "1:30", "010", "0x10", "2001-01-01", ".inf", "1_000"),
    ],
)
def test_a_scalar_is_what_is_written(word: str) -> None:
    assert plain(tree_of(f"a: {word}", "yaml")) == {"a": word}


def test_quotes_are_remembered() -> None:
    tree = tree_of("a: '1'\nb: \"1\"\nc: 1\nd: |\n  1", "yaml")
    assert [word.is_quoted for word in scalars(tree)][1::2] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["A005"]),
        ("   \n# nothing\n", ["A005"]),
        ("---\n", ["A005"]),
        ("a: 1\na: 2", ["A011"]),
        ("a: {b: 1, 'b': 2}", ["A011"]),
        ("a: 1\n--- \nb: 1", ["A012"]),
        ("a: 1\n...\n---\nb: 1", ["A012"]),
        ("a: !!int 1", ["A013"]),
        ("a: !custom [1]", ["A013"]),
        ("a: !<tag:yaml.org,2002:int> 1", ["A013"]),
        ("a: &x {b: 1}\nc: {<<: *x}", ["A013"]),
        ("a: &x [*x]", ["A014"]),
        ("&x a: *x", []),
        ("a: *x", ["A010"]),
        ("a: [1", ["A010"]),
        ("a:\n\t- 1", ["A010"]),
        ("a: %b", ["A010"]),
        ("a: b: c", ["A010"]),
        ("[a]: 1", ["A103"]),
        ("? {a: 1}\n: 2", ["A103"]),
        ("- a", ["A103"]),
        ("a", ["A103"]),
        ("%YAML 1.1\n---\na: 1", []),
        ("a: ! 1", []),
        (b"a: \xff", ["A002"]),
        ("a: 1".encode("utf-16"), ["A002"]),
        ("a: \x00", ["A002"]),
        ("a: \x85b", ["A002"]),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str | bytes, codes: list[str]) -> None:
    assert read(text, "yaml")[1] == codes


def test_of_two_entries_with_one_key_the_value_is_known_where_both_say_the_same() -> None:
    assert plain(read("a: [1]\na: [1]\nb: 1\nb: 2", "yaml")[0] or tree_of("a: 1", "yaml")) == {"a": ["1"], "b": ...}


def test_the_tag_is_named_as_it_is_written() -> None:
    _, codes = read("a: &x !!python/name:os.system 1", "yaml")
    assert codes == ["A013"]


@pytest.mark.parametrize("layers", ["[" * 101 + "]" * 101, "{a: " * 101 + "}" * 101, "- " * 101, '"' + "{" * 101 + '"'])
def test_what_is_nested_too_deep_is_refused(layers: str) -> None:
    assert read(f"layers:\n  {layers}", "yaml")[1] == ["A015"]


def test_deep_nesting_is_refused_quickly() -> None:
    start = time.perf_counter()
    assert read("a: " + "[" * 100_000, "yaml")[1] == ["A015"]
    assert time.perf_counter() - start < 5


def test_a_billion_laughs_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    start = time.perf_counter()
    assert read("\n".join(lines), "yaml")[1] == ["A014"]
    assert time.perf_counter() - start < 5


fuzzed = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@fuzzed
@given(
    st.lists(st.sampled_from([*"ab:-,[]{}#&*!|>?'\"\n\t %@é界", "\n  ", "- ", ": ", "&a ", "*a", "---\n"]), max_size=25)
)
def test_both_loaders_of_the_library_give_the_same(parts: list[str]) -> None:
    text = "".join(parts)
    found = []
    for loader in (getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader), pyyaml.SafeLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml, "LOADER", loader)
            tree, codes = read(text, "yaml")
            found.append((tree, codes, [] if tree is None else [word.span.text for word in scalars(tree)]))
    # Where a text is no YAML, the two stumble at different places; all that is read is the same.
    if found[0][0] is not None and found[1][0] is not None:
        assert found[0] == found[1]
