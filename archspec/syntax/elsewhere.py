"""What a text says in the way of another language: its calls, statements and signs, and how they are written here.

Imported only where a text cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archspec.catalog.fields import UnknownElement
from archspec.catalog.settings import UnknownOp
from archspec.catalog.text import SyntaxFault
from archspec.diagnostics import Diagnostic
from archspec.foreign import foreign_element
from archspec.syntax.fault import brackets
from archspec.syntax.tree import Scalar
from archspec.translation import LONGEST_CALL, advice_on, call_of, translated


def foreign_text(scalar: Scalar, start: int) -> Diagnostic | None:
    """What is said of a place in a text where the parser stopped, if it stands there as in another language."""
    for first, end, call in _calls(scalar.text):
        if first <= start <= end and (finding := _call(scalar, first, call)) is not None:
            return finding
    return _statement(scalar, start)


def further_calls(scalar: Scalar, told: Diagnostic) -> Iterator[Diagnostic]:
    """The other calls of a text that are as in another language, where the first of them keeps it from being read."""
    for first, _, call in _calls(scalar.text):
        word = _WORD.match(call)
        finding = _call(scalar, first, call) if word is not None and "." in word.group() else None
        if finding is not None and finding.span != told.span:
            yield finding


# ---------------------------------------------------------------------------------------------------------- calls


def _calls(text: str) -> Iterator[tuple[int, int, str]]:
    """The calls of a text and the names with dots, none of them inside another, each with its place."""
    position, closing = 0, _closing(text)
    while (match := _CANDIDATE.search(text, position)) is not None:
        if match["word"] is None:  # A comment, or a text in quotes.
            position = match.end()
            continue
        end = closing.get(match.end(), match.end())
        end = end if end - match.start() <= LONGEST_CALL else match.end()
        call = text[match.start() : end]
        is_foreign = "." in match["word"] or ("(" in call and advice_on(match["word"], ()) is not None)
        if is_foreign and not _NO_CALL.search(text[max(match.start() - _NEAR, 0) : match.start()]):
            yield match.start(), end, call
            position = end
        else:
            position = match.end()


_CANDIDATE: Final = re.compile(r'#[^\n]*|"(?:\\.|[^"\\\n])*"|(?<![\w.])(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)')
_WORD: Final = re.compile(r"[\w.]+")
_NO_CALL: Final = re.compile(r"(^|\n)[ \t]*(use|rename|import|from|class|def)\b[^\n]*\Z")
_NEAR: Final = 200


def _closing(text: str) -> dict[int, int]:
    """The place behind the bracket that closes one, by the place of that one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for place, symbol in brackets(text):
        if symbol in "([{":
            opened.append(place)
        elif opened:
            found[opened.pop()] = place + 1
    return found


def _call(scalar: Scalar, start: int, text: str) -> Diagnostic | None:
    called = call_of(text)
    word = text.partition("(")[0]
    place = scalar.place(start, start + len(word))
    first, _, last = word.rpartition(".")
    advice = advice_on(word, [] if called is None else called[1])
    if first and text == word and (element := foreign_element(word)) is not None:
        return UnknownElement(place, word, element)
    if first == "self":
        cure = f"names have no `self.` before them{_without_self(scalar.text[start + len(text) :], last, called)}"
        return SyntaxFault(place, word, problem=f"`{word}` is no name here", cure=cure)
    if advice is not None and ("." not in word or first.partition(".")[0] in _FRAMEWORKS or advice.cure):
        return UnknownOp(place, word, advice.words, advice.cure)
    if "." not in word:
        return None
    if first.partition(".")[0] in _FRAMEWORKS:
        return UnknownOp(place, word, last if last.islower() else None, "" if last.islower() else _NO_DOTS)
    if text.endswith(")") and "." not in first:
        cure = f"a value flows into a layer by an arrow: `{first} -> {last}`"
        return SyntaxFault(place, word, problem="values have no methods", cure=cure)
    return None


def _without_self(behind: str, name: str, called: tuple[str, list[tuple[str | None, str]]] | None) -> str:
    """How what a class keeps is written here: where a layer gets its name, and where it is used."""
    line = behind[:LONGEST_CALL].partition("\n")[0].strip()
    given = call_of(line.removeprefix("=").strip()) if line.startswith("=") else None
    translation = None if given is None else translated(*given)
    if translation is not None:
        return f": write `{name} = {translation.text}`"
    values = [] if called is None else [text for _, text in called[1]]
    if len(values) == 1 and values[0].isidentifier():
        return f": write `{values[0]} -> {name}`"
    return f": `{name} = conv(16, kernel=3)` names a layer, and `x -> {name}` uses it again"


_FRAMEWORKS: Final = frozenset(
    {"nn", "torch", "torchvision", "F", "tf", "keras", "layers", "jnp", "jax", "np", "numpy", "nnx", "linen", "hk"}
)
"""What stands before the dot in the words of frameworks."""

_NO_DOTS: Final = "`archspec explain` lists all ops; none has a dot in its name"


# ----------------------------------------------------------------------------------------------------- statements


def _statement(scalar: Scalar, start: int) -> Diagnostic | None:
    text = scalar.text
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:].partition("\n")[0]
    if len(line) > LONGEST_CALL:
        return None
    if (comment := _SLASHES.match(text, begin)) is not None and comment.end() <= start < begin + len(line):
        place = scalar.place(comment.end() - 2, comment.end())
        return SyntaxFault(place, "//", cure=_COMMENT)
    if (before := _LAMBDA.search(text, begin, start)) is not None:
        return SyntaxFault(
            scalar.place(*before.span(1)), "lambda", problem=_NO_WORD.format("lambda"), cure=_STATEMENTS["lambda"]
        )
    match = _FIRST.match(line)
    if match is None or begin + match.end("word") > start + len(match["word"]):
        return None
    word = match["word"]
    rest = line[match.end("word") :].strip()
    if word in _STATEMENTS and rest[:1] not in ("=", ",", ")") and not rest.startswith("->"):
        place = scalar.place(begin + match.start("word"), begin + match.end("word"))
        return SyntaxFault(place, word, problem=_NO_WORD.format(word), cure=_STATEMENTS[word])
    return None


_NO_WORD: Final = "`{}` is no word of this language"
_SLASHES: Final = re.compile(r"[^\n\"#]*?//(?=[^\n\"]*\w+ +\w)")
_LAMBDA: Final = re.compile(r"\b(lambda)\s+\Z")
_FIRST: Final = re.compile(r"\s*(?P<word>@|[^\W\d]\w*)")

_NOTHING_TO_IMPORT: Final = 'all ops are there; `use std.se` or `use "blocks.arch"` gives the blocks of another file'
_NAMED: Final = "a value gets its name by `=` alone: `x = image -> relu`"
_PART: Final = "a part that is used more than once is a block: `block Unit(width) { conv(width, kernel=3) -> relu }`"
_STATEMENTS: Final = {
    "class": "`model Net { ... }` is a model, and `block Unit(width) { ... }` a part that it uses",
    **dict.fromkeys(("def", "function", "fn", "func", "fun"), _PART),
    **dict.fromkeys(
        ("struct", "module", "network", "net"), "`model Net { ... }` is a model, and `block Unit { ... }` a part"
    ),
    "layer": "a layer is written as its op: `conv(16, kernel=3)`, or with a name: `stem = conv(16, kernel=3)`",
    "return": "what the last line gives is the output; `output y = x` gives a value out by a name",
    **dict.fromkeys(("import", "from", "include"), _NOTHING_TO_IMPORT),
    "while": "what is repeated stands in `repeat 3 { ... }` or `for width in [64, 128] { ... }`",
    "elif": "it is written `else if depth > 2 { ... }`, behind the brace before it",
    "switch": "it is written `if a == 1 { ... } else if a == 2 { ... }`",
    "match": "it is written `if a == 1 { ... } else if a == 2 { ... }`",
    "lambda": "no spec holds code; `block Twice(f: layer) { f -> f }` takes layers, and formulas stand in lines",
    "assert": 'what must hold is expected: `expect C % groups == 0: "{C} channels do not divide into {groups} groups"`',
    **dict.fromkeys(("let", "var", "const", "auto", "val"), _NAMED),
    "with": "layers that belong together have a name and braces: `stem = { conv(16, kernel=3) -> relu }`",
    "try": "there are no exceptions; `if` chooses by the settings",
    "pass": "leave it out: braces may be empty",
    "del": "leave it out: no spec says what is kept in memory",
    "global": "what is set from outside is a parameter: `model Net(width = 64) { ... }`",
    "@": "leave it out: there are no decorators",
}
"""How lines begin in other languages, and what is written here."""


CONSTRUCTS: Final = {
    "repeat": "what is repeated stands in braces: `repeat 3 { ... }`",
    "for": "what is done for each stands in braces: `for width in [64, 128] { ... }`",
    "if": "what depends on it stands in braces: `if depth > 2 { ... }`",
    "residual": "its layers stand in braces: `residual { ... }`",
    "shortcut": "its layers stand in braces, behind those of the body: `residual { ... } shortcut { ... }`",
}
"""How constructs are written that look like ops."""


# ---------------------------------------------------------------------------------------------------------- signs


def sign_at(text: str, start: int) -> tuple[int, int, str] | None:
    """The extent of a sign of another language at a place, and what is written here."""
    for match in _SIGNS.finditer(text, max(start - 2, 0), start + 3):
        if match.start() <= start < match.end() and match.group() in _WRITTEN:
            return match.start(), match.end(), _WRITTEN[match.group()]
    return None


def shape_of(before: str, found: str, rest: str, opened: str) -> str:
    """What to write instead of some forms of other languages; `opened` is the bracket around the place."""
    before, rest = before[-LONGEST_CALL:], rest[:LONGEST_CALL]
    line = before[before.rfind("\n") + 1 :]
    if (match := _PERCENT.search(before)) is not None and found in (")", ",", "]", ""):
        return f"a share is written as a number: `{float(match[1]) / 100:g}`"
    if found == ")" and before.rstrip().endswith(",") and (match := _ONE.search(before)) is not None:
        return f"a list with one value is written `[{match[1]}]`"
    if found == "(" and before.rstrip().endswith(")"):
        value = rest[1:].partition(")")[0].strip()
        layer = _CALL_BEFORE.search(line)
        example = f"{value} -> {layer[1]}" if layer and value.isidentifier() else "x -> conv(16, kernel=3)"
        return f"a value flows into a layer by an arrow: `{example}`"
    if found == "[" and before[-1:].isalnum() and opened in ("", "{"):
        inside = rest[1:].partition("]")[0]
        return f"settings stand in parentheses: `{before.split()[-1]}({inside})`"
    if found == "[" and line.strip() in ("", "-"):
        return "layers in a row are joined by arrows: `conv(16, kernel=3) -> relu`"
    if found == "," and opened == "{" and _BRACED.search(before):
        return "settings stand in parentheses: `conv(16, kernel=3)`"
    if found == "," and opened in ("", "{") and before.rstrip().endswith(")"):
        return "layers in a row are joined by arrows: `conv(16, kernel=3) -> relu`"
    if found == "=" and _SHAPED.fullmatch(line.strip()):
        return f"a `:` stands before a shape: `{line.strip()}: {rest[1:].partition(chr(10))[0].strip()}`"
    if found == ":" and (match := _HEAD.match(line)) is not None:
        return f"what belongs to it stands in braces: `{line.strip()} {{ ... }}`"
    if found == ":" and line.strip() == "output":
        return f"an output has a name: `output y = {rest[1:].partition(chr(10))[0].strip() or 'x'}`"
    if found[:1].isalnum() and opened == "(" and _BETWEEN.search(before):
        return "settings are parted by commas"
    if found == "x" and (match := _TIMES.match(rest)) is not None and _CALLED.search(before):
        return f"what is repeated stands in braces: `repeat {match[1]} {{ ... }}`"
    if found in ("", "}") and (match := _OUTPUT.search(before)) is not None:
        return f"an output has a name, and what it gives: `output {match[1]} = ...`, or `output y = {match[1]}`"
    if found == "." and before.endswith((" ", ")")):
        return "layers in a row are joined by arrows: `conv(16, kernel=3) -> relu`"
    return ""


def is_yaml(line: str) -> bool:
    """Whether a line is one of a YAML file."""
    return _YAML.match(line) is not None


_SIGNS: Final = re.compile(r"/\*|\*/|[^\w\s()\[\]{},\"'#.]+|[“”‘’]")
_ARROW: Final = "layers are joined by `->`"
_COMMENT: Final = "a comment starts with `#`, and ends with its line"
_OWN_NAME: Final = "a name stands for one value: write `y = x + 1` with another name"
_STRAIGHT: Final = 'a text stands in straight double quotes: `"..."`'
_WRITTEN: Final = {
    **dict.fromkeys(("=>", "|>", ">>", "|", "→", "⇒", "~>", "-->", "—>", "–>", "->>", "==>", ">>>"), _ARROW),
    **dict.fromkeys(("//", "/*", "*/", "///"), _COMMENT),
    **dict.fromkeys(("+=", "-=", "*=", "/=", "++"), _OWN_NAME),
    **dict.fromkeys(("“", "”", "‘", "’"), _STRAIGHT),
    "^": "a power is written `x ** 2`",
    "@": "`(a, b) -> matmul` is the product of two matrices",
    "&&": "it is written `and`",
    "&": "it is written `and`",
    "||": "it is written `or`",
    "!": "it is written `not`",
    "?": "a choice is written `if deep { ... } else { ... }`",
    ":=": "a value gets its name by `=`: `y = x -> relu`",
    "<-": "a value gets its name by `=`: `y = x -> relu`; data flows along `->`",
    "×": "a product is written `3 * 3`, and a list `[3, 3]`",
    "·": "a product is written `3 * 3`",
    "===": "it is written `==`",
    "!==": "it is written `!=`",
    "<>": "it is written `!=`",
    "≤": "it is written `<=`",
    "≥": "it is written `>=`",
    "≠": "it is written `!=`",
    "−": "a minus is written `-`",
    "…": "it is written `...`, with three dots",
    "$": "a parameter is written as its name alone",
}
"""Signs of other languages, and what is written here."""

_CALL_BEFORE: Final = re.compile(r"([^\W\d]\w*\([^()]*\))\s*\Z")
_TIMES: Final = re.compile(r"x\s*(\d+)\s*(\n|$)")
_CALLED: Final = re.compile(r"[\w)]\s+\Z")
_OUTPUT: Final = re.compile(r"(?:^|\n)[ \t]*output[ \t]+(\w+)\s*\Z")
_PERCENT: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*%\s*\Z")
_ONE: Final = re.compile(r"\(\s*([\w.-]+)\s*,\s*\Z")
_BRACED: Final = re.compile(r"[^\W\d]\w*\s*\{[^{}\n]*\Z")
_SHAPED: Final = re.compile(r"(input|state)\s+\w+")
_HEAD: Final = re.compile(r"\s*(for|if|repeat|else|residual|shortcut|model|block|cell|\}\s*else)\b")
_BETWEEN: Final = re.compile(r"[\w\])\"]\s+\Z")
_YAML: Final = re.compile(r"\s*(- +)?[^\W\d]\w*:(\s|$)")
