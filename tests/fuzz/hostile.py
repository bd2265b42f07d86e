"""Texts of any length that ask for much: long lines, deep nesting, many names, huge numbers, many mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Hostile: TypeAlias = Callable[[int], str]
"""A text of about so many characters."""


def model(body: str, before: str = "", line: str = "input x: [B, 8]") -> str:
    return f"{before}model M {{\n    {line}\n{body}\n}}\n"


def many(part: str, size: int, between: str = "\n") -> str:
    """A part so often that all of it has about that size; `#` in it is the number of each."""
    times = max(1, size // (len(part) + len(between) + 2))
    return between.join(part.replace("#", str(number)) for number in range(times))


ARCH: Final[Mapping[str, Hostile]] = {
    "lines": lambda n: model(many("relu", n)),
    "lines with settings": lambda n: model(many("linear(features=8, bias=true)", n)),
    "a long chain": lambda n: model(many("relu", n, " -> ")),
    "a long chain over lines": lambda n: model(many("relu", n, "\n        -> ")),
    "named layers": lambda n: model(many("layer# = linear(8)", n)),
    "unused values": lambda n: model(many("layer# = x -> linear(8)", n)),
    "unknown ops": lambda n: model(many("reluu#", n)),
    "unknown ops with settings": lambda n: model(many("con#(8, kernl=#)", n)),
    "unknown values among many": lambda n: model(
        many("value# = linear(8)", n // 2) + "\n" + many("vaule# -> relu", n // 2)
    ),
    "unknown names in expressions": lambda n: model(many("linear(wdith# + 1)", n)),
    "unknown settings": lambda n: model(f"conv(8, {many('kernl#=1', n, ', ')})"),
    "settings twice": lambda n: model(f"conv(8, {many('kernel=1', n, ', ')})"),
    "wrong settings": lambda n: model(many("dropout(2)", n)),
    "wrong shapes": lambda n: model(many("x -> conv(8, kernel=3) -> relu", n)),
    "names given twice": lambda n: model(many("again = linear(8)", n)),
    "blocks": lambda n: many("block Block#(a) { linear(a) }", n // 2) + "\n" + model(many("Block#(8)", n // 6)),
    "unknown blocks": lambda n: many("block Block#(a) { linear(a) }", n // 2) + "\n" + model(many("Blcok#(8)", n // 2)),
    "unused blocks": lambda n: many("block Block# { relu }", n) + "\n" + model("relu"),
    "blocks in blocks": lambda n: many("block A# { B# }\nblock B# { relu }", n) + "\n" + model(many("A#", n // 16)),
    "parameters": lambda n: (
        f"model M({many('width#=1', n // 2, ', ')}) {{\n" + many("linear(width#)", n // 2) + "\n}\n"
    ),
    "unused parameters": lambda n: f"model M({many('width#=1', n, ', ')}) {{\n    input x: [B, 8]\n    relu\n}}\n",
    "parameters that follow": lambda n: (
        "model M(w0=1, " + ", ".join(f"w{each + 1}=w{each}" for each in range(n // 14)) + ") { relu }\n"
    ),
    "inputs": lambda n: model("relu", line=many("input x#: [B, 8]", n, "\n    ")),
    "open sizes": lambda n: model(many("y# = x# -> linear(2)", n // 2), line=many("input x#: [B, A#]", n // 2)),
    "axes": lambda n: model("relu", line=f"input x: [{many('B', n, ', ')}]"),
    "open axes": lambda n: model("flatten", line=f"input x: [B, {many('A#', n, ', ')}]"),
    "variants": lambda n: "model M(a = 8) {\n    input x: [B, 8]\n    linear(a)\n}\n" + many("variant v# = M(#)", n),
    "variants and blocks": lambda n: (
        many("block Block# { relu }", n // 2)
        + "\nmodel M(a: layer = relu) {\n    input x: [B, 8]\n    a\n}\n"
        + many("variant v# = M(Block#)", n // 2)
    ),
    "wrong variants": lambda n: (
        "model M(a = 8) {\n    input x: [B, 8]\n    linear(a)\n}\n" + many("variant v = N(#)", n)
    ),
    "uses": lambda n: many("use std.nothing#", n) + "\n" + model("relu"),
    "expectations": lambda n: model("relu\n" + many("expect output == [B, 8]", n)),
    "wrong expectations": lambda n: model("relu\n" + many("expect params == #", n)),
    "renames": lambda n: model("fc = linear(8)\n" + many("rename a#.* = fc.*", n)),
    "branches": lambda n: model(f"add {{\n{many('relu', n)}\n}}"),
    "branches of branches": lambda n: model("add { relu\n" * 20 + many("relu", n) + "}" * 20),
    "sources": lambda n: model(f"({many('x', n, ', ')}) -> add"),
    "a sum of values": lambda n: model(many("x", n, " + ")),
    "a product of values": lambda n: model(many("tanh(x)", n, " * ")),
    "sums of values": lambda n: model(many("y# = x + x * x", n)),
    "values in parentheses": lambda n: model("(" * (n // 2) + "x" + ")" * (n // 2)),
    "an expression": lambda n: model(f"linear({many('1', n, ' + ')})"),
    "powers": lambda n: model(f"linear({many('2', n, ' ** ')})"),
    "powers of sizes": lambda n: model("linear(8)", line=f"input x: [{many('B', n, ' * ')}, 8]"),
    "expressions": lambda n: model(many("linear(# + 2 * (3 + #))", n)),
    "signs": lambda n: model(f"linear({'-' * n}1)"),
    "conditions": lambda n: model(many("if 1 == # { relu } else { tanh }", n)),
    "else if": lambda n: model("if 1 == 2 { relu } " + many("else if 1 == # { relu }", n, " ")),
    "a list": lambda n: model(f"for each in [{many('#', n, ', ')}] {{ relu }}"),
    "lists in lists": lambda n: model(f"linear({'[' * (n // 2)}1{']' * (n // 2)})"),
    "open lists": lambda n: model(f"linear({'[' * n}"),
    "open braces": lambda n: model("{" * n),
    "braces": lambda n: model("{" * (n // 2) + "}" * (n // 2)),
    "named braces": lambda n: model("a = {" * (n // 6) + "relu" + "}" * (n // 6)),
    "closing braces": lambda n: model("}" * n),
    "repeats in repeats": lambda n: model("repeat 1 {" * (n // 11) + "relu" + "}" * (n // 11)),
    "residuals in residuals": lambda n: model("residual {" * (n // 11) + "relu" + "}" * (n // 11)),
    "indices": lambda n: model(f"linear(a{'[0]' * (n // 3)})"),
    "dots": lambda n: model(f"linear(8, weight=a{'.b' * (n // 2)})"),
    "a number": lambda n: model(f"linear({'9' * n})"),
    "numbers": lambda n: model(many("linear(99999999999999999999)", n)),
    "a name": lambda n: model("a" * n),
    "a name that is given": lambda n: model(f"{'a' * n} = linear(8)"),
    "a text": lambda n: model(f'linear("{"a" * n}")'),
    "an open text": lambda n: model(f'linear("{"a" * n}'),
    "open texts": lambda n: model(many('linear("a)', n)),
    "open docs": lambda n: model('"""' + "a\n" * (n // 2)),
    "docs": lambda n: many('"Doc."', n) + model("relu"),
    "a comment": lambda n: f"# {'a' * n}\n" + model("relu"),
    "comments": lambda n: many("# A comment.", n) + "\n" + model(many("relu  # and so on", n // 2)),
    "blanks": lambda n: model(" " * n + "relu"),
    "blank lines": lambda n: model("\n" * n + "relu"),
    "mistakes": lambda n: model(many("relu relu (", n)),
    "mistakes in one line": lambda n: model(many("?", n, " ")),
    "mistakes of brackets": lambda n: model(many("conv(8, [", n)),
    "arrows": lambda n: model(many("->", n, " ")),
    "equals": lambda n: model(many("a =", n, " ")),
    "settings without names": lambda n: model(f"conv({many('1', n, ', ')})"),
    "commas": lambda n: model(f"conv({',' * n})"),
    "quotes": lambda n: '"' * n,
    "colons": lambda n: model(":" * n),
    "findings in one line": lambda n: model(many("linear(0)", n, " -> ")),
    "ties": lambda n: model(many("fc# = linear(8)\nlinear(8, weight=fc#.weight)", n)),
    "uses again": lambda n: model("fc = linear(8)\n" + many("_ -> fc", n)),
    "groups again": lambda n: model("group = { relu -> linear(8) }\n" + many("_ -> group", n)),
    "outputs": lambda n: model(many("output o# = x -> linear(8)", n)),
    "initialisers": lambda n: model(many("linear(8, init=normal(std=0.1))", n)),
    "splits": lambda n: model(many("a#, b# = x -> split(2)", n)),
    "convolutions": lambda n: model(many("conv(8, kernel=3, stride=2, padding=1)", n), line="input x: [B, 3, H, W]"),
    "convolutions that keep": lambda n: model(many("conv(8, kernel=3, padding=1)", n), line="input x: [B, 3, H, W]"),
    "flattened sizes": lambda n: model(many("y# = x -> pad(#) -> flatten", n), line="input x: [B, 3, H, W]"),
    "concatenations": lambda n: model(many("concat {\n x\n _\n }", n), line="input x: [B, D]"),
    "scans": lambda n: (
        "cell C { input x: [B, D]\n state h: [B, D]\n next h = h + x }\n"
        + model(many("scan(C)", n), line="input x: [B, T, 8]")
    ),
    "states": lambda n: (
        f"cell C {{ input x: [B, D]\n{many('state h#: [B, D]', n)}\n relu }}\n"
        + model("scan(C)", line="input x: [B, T, 8]")
    ),
}
"""By what there is much of."""


def spec(lines: str) -> str:
    return f"model: M\ninputs: {{x: [B, 8]}}\nlayers:\n{lines}\n"


YAML: Final[Mapping[str, Hostile]] = {
    "layers": lambda n: spec(many("- relu", n)),
    "mappings": lambda n: spec(many("- linear: {features: 8, bias: true}", n)),
    "chains": lambda n: spec(many("- relu -> relu", n)),
    "a chain": lambda n: spec(f"- {many('relu', n, ' -> ')}"),
    "lines of blocks": lambda n: f"blocks:\n{many('  Block#: {layers: [relu]}', n)}\n" + spec("- relu"),
    "flow lists": lambda n: spec("- " + "[" * (n // 2) + "]" * (n // 2)),
    "flow mappings": lambda n: spec("- " + "{a: " * (n // 5) + "}" * (n // 5)),
    "open flow": lambda n: spec("- " + "[" * n),
    "nested lists": lambda n: spec("- " * n),
    "nested keys": lambda n: "\n".join(" " * each + "a:" for each in range(int((2 * n) ** 0.5))),
    "keys": lambda n: many("key#: 1", n),
    "keys twice": lambda n: many("model: M", n),
    "params": lambda n: f"params:\n{many('  p#: 1', n)}\n" + spec("- relu"),
    "aliases": lambda n: "a: &a [1]\n" + many("b#: *a", n),
    "a bomb": lambda n: (
        "a0: &a0 [x]\n"
        + "\n".join(f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]" for each in range(1, max(2, n // 60)))
    ),
    "merges": lambda n: "a: &a {x: 1}\n" + many("b#: {<<: *a}", n),
    "tags": lambda n: many("a#: !!python/object b", n),
    "documents": lambda n: many("a: 1", n, "\n---\n"),
    "a scalar": lambda n: spec(f"- {'a' * n}"),
    "a quoted scalar": lambda n: spec(f'- "{"a" * n}"'),
    "an open quote": lambda n: spec(f'- "{"a" * n}'),
    "a block scalar": lambda n: "doc: |\n" + many("  text", n) + "\n" + spec("- relu"),
    "comments": lambda n: many("# comment", n) + "\n" + spec("- relu"),
    "numbers": lambda n: spec(many("- linear: 9999999999999999", n)),
    "a number": lambda n: spec(f"- linear: {'9' * n}"),
    "an exponent": lambda n: spec("- linear: 1e" + "9" * n),
    "unknown ops": lambda n: spec(many("- reluu#: 1", n)),
    "unknown keys of a layer": lambda n: spec(f"- {{linear: 8, {many('key#: 1', n, ', ')}}}"),
    "mistakes in lines": lambda n: spec(many("- relu relu (", n)),
    "holes": lambda n: spec(many("- {relu: }", n)),
    "colons": lambda n: ":" * n,
    "dashes": lambda n: "-" * n,
    "question marks": lambda n: "? " * (n // 2),
    "open brackets": lambda n: spec(many("- linear: [#", n)),
    "closing brackets": lambda n: spec(many("- linear: [#]]", n)),
    "wrong indents": lambda n: spec(many("   - relu\n  - relu", n)),
    "tabs that indent": lambda n: spec(many("\t- relu", n)),
    "open quotes": lambda n: spec(many('- linear: "#', n)),
    "colons in values": lambda n: spec(many("- linear: #: #", n)),
    "anchors": lambda n: spec(many("- linear: &a# 8", n)),
    "aliases of nothing": lambda n: spec(many("- linear: *a#", n)),
    "percent": lambda n: "%" * n,
    "tabs": lambda n: "\t" * n,
    "from": lambda n: spec(f"- {{add: , from: [{many('x', n, ', ')}]}}"),
}
