"""Both syntaxes give one tree: what can be said in both is the same behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.source import Source
from archspec.syntax.tree import Entry, Fields, Items, Scalar, locate
from tests.trees import plain, tree_of

SPECS = Path(__file__).parent.parent / "specs"


def arch(body: str, head: str = "model M") -> str:
    return f"{head} {{\n    input x: [B, 8]\n    {body}\n}}\n"


def yaml(layers: str, more: str = "") -> str:
    return f"model: M\n{more}inputs: {{x: [B, 8]}}\nlayers:\n{layers}\n"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (arch("relu"), yaml("  - relu")),
        (arch("linear(2)"), yaml("  - linear: 2")),
        (arch("linear(2)"), yaml("  - linear(2)")),
        (arch("linear(2, bias=false)"), yaml("  - linear: {1: 2, bias: false}")),
        (arch("conv(kernel=3, channels=2 * n)"), yaml("  - conv: {channels: 2 * n, kernel: 3}")),
        (arch("linear(2) -> relu"), yaml("  - [linear: 2, relu]")),
        (arch("linear(2) -> relu"), yaml("  - linear(2) -> relu")),
        (arch("linear(2)\n    relu"), yaml("  - linear: 2\n  - relu")),
        (arch("fc = linear(2)"), yaml("  - linear: 2\n    name: fc")),
        (arch("fc = relu"), yaml("  - relu:\n    name: fc")),
        (arch("fc = relu"), yaml("  - name: fc\n    relu: {}")),
        (arch("fc = linear(2) -> relu"), yaml("  - name: fc\n    chain: [linear: 2, relu]")),
        (arch("fc = { linear(2)\n relu }"), yaml("  - name: fc\n    layers: [linear: 2, relu]")),
        (arch("{ linear(2)\n relu }"), yaml("  - layers: [linear: 2, relu]")),
        (arch("conv(2, kernel=[3, [1, 2]])"), yaml("  - conv: {1: 2, kernel: [3, [1, 2]]}")),
        (arch("gelu(approximate=tanh)"), yaml("  - gelu: {approximate: tanh}")),
        (arch("gelu(approximate=\"tanh\")"), yaml("  - gelu: {approximate: 'tanh'}")),
        (arch("relu", 'model M(n = 2, s = "a", r)'), yaml("  - relu", "params: {n: 2, s: a, r: }\n")),
        (arch("relu", "model M(l = [1, [n, 2]])"), yaml("  - relu", "params: {l: [1, [n, 2]]}\n")),
        (arch("relu", '"About M."\nmodel M'), yaml("  - relu", "doc: About M.\n")),
        (arch("relu", '"""\nLines,\n  indented.\n"""\nmodel M'), yaml("  - relu", 'doc: "Lines,\\n  indented."\n')),
        (arch("relu\n    expect output == [B, 8]"), yaml("  - relu\nexpect: {output: [B, 8]}")),
        (arch("relu\n    expect params < 3"), yaml("  - relu\nexpect:\n  - params < 3")),
        (
            "model M {\n input t: [B, T] int\n relu\n}",
            "model: M\ninputs: {t: {element: int, shape: [B, T]}}\nlayers: [relu]",
        ),
    ],
)  # fmt: skip
def test_the_two_syntaxes_say_the_same(text: str, same: str) -> None:
    assert plain(tree_of(text, "arch")) == plain(tree_of(same, "yaml"))
    assert tree_of(text, "arch") == tree_of(same, "yaml")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("y = gate * x + 1", "  - value: gate * x + 1\n    name: y"),
        ("gate * x + 1", "  - gate * x + 1"),
        ("gate * x + 1", "  - value: gate * x + 1"),
        ("gate * x -> relu", "  - gate * x -> relu"),
        ("gate * x -> relu", "  - [value: gate * x, relu]"),
        ("-x -> relu", "  - -x -> relu"),
        ("tanh(c) * softmax(x, axis=1)", "  - value: tanh(c) * softmax(x, axis=1)"),
        ("(a + b) * (c)", "  - (a + b) * (c)"),
        ("(a + b) -> relu", "  - [value: a + b, relu]"),
        ("x ** -2 / n", "  - value: x ** -2 / n"),
        ("tanh(c)", "  - tanh: c"),
        ("(embed * 2 ** 0.5, y) -> add", "  - (embed * 2 ** 0.5, y) -> add"),
        ("(embed * 2 ** 0.5, y) -> add", "  - add:\n    from: [value: embed * 2 ** 0.5, y]"),
        ("(embed * 2 ** 0.5, y) -> add", "  - add:\n    from: [embed * 2 ** 0.5, y]"),
        ("(_, memory) -> Decoder(8)", "  - Decoder: 8\n    from: [_, memory]"),
        ("(target -> embed, y) -> add", "  - add:\n    from: [target -> embed, y]"),
        ("(target -> embed, y) -> add", "  - add:\n    from: [[target, embed], y]"),
        ("(target -> embed) -> relu", "  - (target -> embed) -> relu"),
        ("(target -> embed) -> relu", "  - [[target, embed], relu]"),
        ("((a, b) -> add) -> relu", "  - [{add: , from: [a, b]}, relu]"),
        ("(x) -> relu", "  - [x, relu]"),
        ("concat { a * 2\n b -> relu }", "  - {concat: , branches: [a * 2, b -> relu]}"),
        ("output fc = linear(10)", "  - linear: 10\n    output: fc"),
        ("output a = relu(x) when training", "  - {relu: x, output: a, when: training}"),
        ("output y = conv(8) -> relu", "  - {output: y, chain: [conv: 8, relu]}"),
        ("output y = x + 1", "  - {output: y, value: x + 1}"),
        ("output y = { relu }", "  - {output: y, layers: [relu]}"),
        ("output hidden = encoder", "  - {output: hidden, chain: [encoder]}"),
        ("output hidden = encoder when training", "  - {output: hidden, when: training, chain: [encoder]}"),
        ("PreSE(16) { conv(8) -> relu }", "  - PreSE: 16\n    branches: [conv(8) -> relu]"),
        ("scan(LSTM(hidden), direction=both)", "  - scan: {1: LSTM(hidden), direction: both}"),
        ("linear(5, weight=embed.weight)", "  - linear: {1: 5, weight: embed.weight}"),
        ("conv(8, init=normal(std=0.01))", "  - conv: {1: 8, init: normal(std=0.01)}"),
        ("relu\n    init normal(std=0.02)", "  - relu\ninit: normal(std=0.02)"),
        ("relu\n    init kaiming, bias=zeros", "  - relu\ninit: {1: kaiming, bias: zeros}"),
        ("relu\n    init weight=zeros", "  - relu\ninit: {weight: zeros}"),
        ('relu\n    expect C % g == 0: "{C}"', "  - relu\nexpect: [{that: C % g == 0, message: '{C}'}]"),
        ('relu\n    expect B == 1: "b"\n    expect n == 2', "  - relu\nexpect: [{that: B == 1, message: b}, n == 2]"),
    ],
)  # fmt: skip
def test_the_two_syntaxes_say_the_same_of_the_lines_of_a_body(text: str, same: str) -> None:
    assert plain(tree_of(arch(text), "arch")) == plain(tree_of(yaml(same), "yaml"))
    assert tree_of(arch(text), "arch") == tree_of(yaml(same), "yaml")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("classes = 10", "classes: 10"),
        ("width", "width: "),
        ("width: number", "width: {type: number}"),
        ("width: number(min=0) = 1.0", "width: {type: number, min: 0, default: 1.0}"),
        ("norm: word(none, batch) = none", "norm: {type: word, values: [none, batch], default: none}"),
        ("norm: word(none, [a, b], max=2)", "norm: {type: word, values: [none, [a, b]], max: 2}"),
        ("unit: layer = Bottleneck(groups=32)", "unit: {type: layer, default: Bottleneck(groups=32)}"),
        ("depths: list = [3, 4]", "depths: {type: list, default: [3, 4]}"),
        ("n: int() = 2", "n: {type: int, default: 2}"),
    ],
)
def test_the_two_syntaxes_say_the_same_of_parameters(text: str, same: str) -> None:
    assert tree_of(arch("relu", f"model M({text})"), "arch") == tree_of(
        yaml("  - relu", f"params: {{{same}}}\n"), "yaml"
    )


LIBRARY = """\
use "blocks/se.arch"
use std.se
use std.vision.se

"A cell."
cell LSTM(hidden) {
    input x: [B, ..., D]
    state h: [B, hidden], c: [B, hidden]
    state k: [B]
    init normal(std=0.02)
    next c = f * c + i
    next h = (x, h) -> concat -> tanh
    next h = linear(8)
    next k = y
    h
}

block SE { relu }
"""

SAME_LIBRARY = """\
use: [blocks/se.arch, std.se, std.vision.se]
cells:
  LSTM:
    doc: A cell.
    params: {hidden: }
    inputs: {x: [B, ..., D]}
    state: {h: [B, hidden], c: [B, hidden], k: [B]}
    init: normal(std=0.02)
    layers:
      - {value: f * c + i, next: c}
      - {next: h, chain: ["(x, h) -> concat", tanh]}
      - {linear: 8, next: h}
      - {next: k, chain: [y]}
      - h
blocks:
  SE: {layers: [relu]}
"""


def test_the_two_syntaxes_say_the_same_of_a_file_without_a_model() -> None:
    assert plain(tree_of(LIBRARY, "arch")) == plain(tree_of(SAME_LIBRARY, "yaml"))
    assert tree_of(LIBRARY, "arch") == tree_of(SAME_LIBRARY, "yaml")


@pytest.mark.parametrize(
    "path", sorted(each for each in SPECS.rglob("*.*") if each.is_file()), ids=lambda path: path.name
)
def test_the_specs_are_read_without_holes(path: Path) -> None:
    tree = tree_of(path.read_bytes(), path.suffix[1:])
    assert "..." not in repr(plain(tree))


def test_order_does_not_matter_among_fields_and_matters_among_items() -> None:
    one, other = "a: 1\nb: [1, 2]", "b: [1, 2]\na: 1"
    assert tree_of(one, "yaml") == tree_of(other, "yaml")
    assert hash(tree_of(one, "yaml")) == hash(tree_of(other, "yaml"))
    assert tree_of(one, "yaml") != tree_of("a: 1\nb: [2, 1]", "yaml")


def test_a_place_is_found_by_the_location_of_pydantic() -> None:
    tree = tree_of("a: {b: [1, 23]}\nc: x", "yaml")
    assert locate(tree, ("a", "b", 1)).text == "23"
    assert locate(tree, ("a", "tag of a union", "b")).text == "[1, 23]"
    assert locate(tree, ("a", "missing")).text == "{b: [1, 23]}"
    assert locate(tree, ()).text == "a: {b: [1, 23]}\nc: x"


def test_the_place_of_a_part_of_a_text() -> None:
    source = Source("a", 'plain "quoted" "esc\\aped"')
    plain_, quoted, escaped = (
        Scalar("plain", source.span(0, 5)),
        Scalar("quoted", source.span(6, 14), is_quoted=True),
        Scalar("escXped", source.span(15, 25), is_quoted=True),
    )
    assert plain_.place(1, 3).text == "la"
    assert quoted.place(0, 2).text == "qu"
    assert escaped.place(0, 2) == escaped.span


def test_the_first_of_two_entries_with_one_key_is_found() -> None:
    span = Source("a", "").whole()
    fields = Fields((Entry(Scalar("a", span), Items((), span)),), span)
    assert fields.get("a") == Items((), span)
    assert fields.get("b") is None
    assert fields.entry("b") is None
