"""What a text says in the way of another language: its calls, statements and signs, and how they are written here.

Imported only where a text cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, final

from msgspec import Struct

from archspec.catalog.fields import UnknownElement
from archspec.catalog.settings import UnknownOp
from archspec.catalog.text import SyntaxFault
from archspec.diagnostics import Diagnostic, Report
from archspec.foreign.elements import foreign_element
from archspec.foreign.meaning import FRAMEWORKS
from archspec.spelling import closest
from archspec.syntax.braces import DEFINITIONS
from archspec.syntax.fault import brackets
from archspec.syntax.tree import UNREADABLE, Scalar
from archspec.translation import LONGEST_CALL, Translation, advice_on, call_of, flow_of, translated


def foreign_text(scalar: Scalar, start: int) -> Diagnostic | None:
    """What is said of a place in a text where the parser stopped, if it stands there as in another language."""
    for call in _calls(scalar.text):
        if call.start <= start < call.end and (finding := _finding(scalar, call)) is not None:
            return finding
    return _statement(scalar, start)


def without_calls(scalar: Scalar, told: Diagnostic, report: Report) -> Scalar | None:
    """A text without the calls that are as in another language, if one of them is what was told; tells of the others.

    What stands for them is a layer of which nothing is known. What else is in their lines can be read then.
    """
    if scalar.place(0, len(scalar.text)).text != scalar.text and not scalar.is_mended:
        return None  # Nobody could say where in the source it stands.
    text, findings, named = scalar.text, list[Diagnostic](), -1
    for call in _calls(scalar.text):
        finding = _finding(scalar, call)
        if finding is None or ("." not in call.word and finding.span != told.span):
            continue
        if call.start != named:
            findings.append(finding)
        named, gone = -1, UNREADABLE
        if isinstance(finding, UnknownElement):
            gone = finding.suggestion or ""
        elif (name := call.word.removeprefix(_SELF)) != call.word and call.is_name and name.isidentifier():
            gone = name
            # What a layer is called and what it is are told together.
            assigned = _ASSIGNED.match(scalar.text, call.end)
            named = -1 if assigned is None or _given(scalar.text[call.end :]) is None else assigned.end()
        wide = call.end - call.start
        gone = gone.ljust(wide) if gone == UNREADABLE else gone.rjust(wide)
        text = text[: call.start] + gone + text[call.end :]
    if all(each.span != told.span for each in findings):
        return None
    for each in findings:
        report.add(each)
    return Scalar(text, scalar.place(0, len(text)), is_mended=True)


# ---------------------------------------------------------------------------------------------------------- calls


@final
class _Call(Struct, frozen=True):
    """A call, or a name with dots."""

    start: int
    end: int
    word: str
    text: str
    """The word with what stands in the brackets behind it."""

    value: str = ""
    """What stands in further brackets: what `Dense(10)(x)` calls a layer with."""

    @property
    def is_name(self) -> bool:
        return self.text == self.word


def _calls(text: str) -> Iterator[_Call]:
    """The calls of a text and the names with dots, none of them inside another."""
    position, closing = 0, _closing(text)
    while (match := _CANDIDATE.search(text, position)) is not None:
        if match["word"] is None:  # A comment, or a text in quotes.
            position = match.end()
            continue
        end = closing.get(match.end(), match.end())
        end = end if end - match.start() <= LONGEST_CALL else match.end()
        word, call = match["word"], text[match.start() : end]
        is_foreign = "." in word or ("(" in call and advice_on(word, ()) is not None)
        if is_foreign and not _NO_CALL.search(text[max(match.start() - _NEAR, 0) : match.start()]):
            position = closing.get(end, end) if end > match.end() and text[end : end + 1] == "(" else end
            yield _Call(match.start(), position, word, call, text[end + 1 : position - 1][:LONGEST_CALL])
        else:
            position = match.end()


_CANDIDATE: Final = re.compile(r'#[^\n]*|"(?:\\.|[^"\\\n])*"|(?<![\w.])(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)')
_NO_CALL: Final = re.compile(
    r"(^|\n)[ \t]*((use|rename|import|from|class|def)\b[^\n]*|(model|block|cell|variant)[ \t]+)\Z"
)
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


def _finding(scalar: Scalar, call: _Call) -> Diagnostic | None:
    """What is said of a call, if it is one of another language."""
    called = call_of(call.text)
    word = call.word
    place = scalar.place(call.start, call.start + len(word))
    first, _, last = word.rpartition(".")
    advice = advice_on(word, [] if called is None else called[1], call.value)
    if first and call.is_name and (element := foreign_element(word)) is not None:
        return UnknownElement(place, word, element)
    if word.startswith(_SELF):
        cure = f"names have no `self.` before them{_without_self(scalar.text[call.end :], last, call)}"
        return SyntaxFault(place, word, problem=f"`{word}` is no name here", cure=cure)
    if advice is not None and ("." not in word or first.partition(".")[0] in FRAMEWORKS or advice.cure):
        cure = _in_formula(advice.cure) if _stands_in_formula(scalar.text, call) else advice.cure
        return UnknownOp(place, word, advice.words, cure)
    if "." not in word:
        return None
    if first.partition(".")[0] in FRAMEWORKS:
        return UnknownOp(place, word, None, _NO_DOTS)
    if call.text.endswith(")") and "." not in first:
        cure = f"a value flows into a layer by an arrow: `{first} -> {last}`"
        return SyntaxFault(place, word, problem="values have no methods", cure=cure)
    return None


def _stands_in_formula(text: str, call: _Call) -> bool:
    """Whether an operator stands before or behind a call."""
    before, behind = text[: call.start][-_NEAR:].rstrip(), text[call.end :][:_NEAR].lstrip(" ")
    return (before.endswith(_OPERATORS) and not before.endswith("->")) or behind.startswith((*"+*/", "- "))


_OPERATORS: Final = ("+", "-", "*", "/")


def _in_formula(cure: str) -> str:
    """What to write in a formula, where no arrow can stand, by what to write elsewhere."""
    if (simple := _FLOW.fullmatch(cure)) is not None:
        return f"write `{simple[2]}({simple[1]})`"
    return f"{cure}, with a name, in a line of its own: no arrow stands in a formula" if " -> " in cure else cure


_FLOW: Final = re.compile(r"write `(\w+) -> (\w+)`")


def _without_self(behind: str, name: str, call: _Call) -> str:
    """How what a class keeps is written here: where a layer gets its name, and where it is used."""
    if call.is_name:
        translation = _given(behind)
        return f": write `{name}{'' if translation is None else f' = {translation.text}'}`"
    if not call.text.endswith(")"):
        return ", and layers stand in no list: each has a name of its own, or is one of `repeat 3 { ... }`"
    flow = flow_of(call.text)
    if flow is not None and "->" in flow.text:
        return f": write `{flow.text}`"
    return f", and a value flows into a layer by an arrow: `x -> {name}`"


def _given(behind: str) -> Translation | None:
    """What stands behind the `=` that a text begins with, up to the end of its line, in our words."""
    line = behind[:LONGEST_CALL].partition("\n")[0].strip()
    given = call_of(line.removeprefix("=").strip()) if line.startswith("=") else None
    return None if given is None else translated(*given)


_SELF: Final = "self."
_ASSIGNED: Final = re.compile(r"[ \t]*=[ \t]*")
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
        if word in _OPENING and _OPENED.match(line, match.end("word")) and not is_inside(text, begin):
            kind = "model" if word in _MODELS and not _MODEL.search(text) else "block"
            return SyntaxFault(place, word, problem=_NO_WORD.format(word), suggestion=kind)
        return SyntaxFault(place, word, problem=_NO_WORD.format(word), cure=_STATEMENTS[word])
    first, end = begin + match.start("word"), begin + match.end("word")
    meant = closest(word, WORDS if line[:1].isspace() and is_inside(text, first) else DEFINITIONS)
    if meant is not None and meant != word and (start == first or not text[end:start].strip()):
        return SyntaxFault(scalar.place(first, end), word, problem=_NO_WORD.format(word), suggestion=meant)
    return None


WORDS: Final = ("input", "state", "output", "next", "init", "rename", "expect", "residual", "repeat", "for", "if")
"""The words with which the lines of a definition start."""


_ELSE_IF: Final = ("elif", "elseif", "elsif")
_NO_WORD: Final = "`{}` is no word of this language"
_SLASHES: Final = re.compile(r"[^\n\"#]*?//(?=[^\n\"]*\w+ +\w)")
_LAMBDA: Final = re.compile(r"\b(lambda)\s+\Z")
_FIRST: Final = re.compile(r"\s*(?P<word>@|[^\W\d]\w*)")

_NOTHING_TO_IMPORT: Final = 'all ops are there; `use std.se` or `use "blocks.arch"` gives the blocks of another file'
_NAMED: Final = "a value gets its name by `=` alone: `x = image -> relu`"
_PART: Final = "a part that is used more than once is a block: `block Unit(width) { conv(width, kernel=3) -> relu }`"
_MODELS: Final = ("class", "struct", "module", "network", "net")
_PARTS: Final = ("def", "function", "fn", "func", "fun")
_OPENING: Final = (*_MODELS, *_PARTS)
_OPENED: Final = re.compile(r"[ \t]+\w+[ \t]*(\([^\n]*\))?[ \t]*\{")
_MODEL: Final = re.compile(r"^model[ \t]+\w", re.MULTILINE)
_STATEMENTS: Final = {
    **dict.fromkeys(_MODELS, "`model Net { ... }` is a model, and `block Unit(width) { ... }` a part that it uses"),
    **dict.fromkeys(_PARTS, _PART),
    "layer": "a layer is written as its op: `conv(16, kernel=3)`, or with a name: `stem = conv(16, kernel=3)`",
    "return": "what the last line gives is the output; `output y = x` gives a value out by a name",
    **dict.fromkeys(("import", "from", "include"), _NOTHING_TO_IMPORT),
    "while": "what is repeated stands in `repeat 3 { ... }` or `for width in [64, 128] { ... }`",
    **dict.fromkeys(_ELSE_IF, "it is written `else if depth > 2 { ... }`, behind the brace before it"),
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
    "else": "it stands behind the brace that closes its `if`, in the same line: `if depth > 2 { ... } else { ... }`",
    "shortcut": "its layers stand in braces, behind those of the body: `residual { ... } shortcut { ... }`",
}
"""How constructs are written that look like ops."""


def is_inside(text: str, place: int) -> bool:
    """Whether a place stands between braces, as far as these tell."""
    depth = 0
    for position, symbol in brackets(text):
        if position >= place:
            break
        depth += {"{": 1, "}": -1}.get(symbol, 0)
    return depth > 0


# ---------------------------------------------------------------------------------------------------------- signs


def sign_at(text: str, start: int) -> tuple[int, int, str] | None:
    """The extent of a sign of another language at a place, and what is written here."""
    for match in _SIGNS.finditer(text, max(start - 2, 0), start + 3):
        if match.start() <= start < match.end() and match.group() in _WRITTEN:
            return match.start(), match.end(), _WRITTEN[match.group()]
    for match in _JOINTS.finditer(text, max(start - 3, 0), start + _NEAR):
        if match.start() > start:
            break
        if start < match.end():
            return match.start(), match.end(), ARROW
    return None


def all_of(text: str, sign: str) -> list[int]:
    """Where a sign of another language stands in a text, but for comments and what is in quotes."""
    return [match.start() for match in _SILENT_OR_SIGN.finditer(text) if match.group() == sign]


def so_too(text: str, sign: str) -> str:
    """What is said of the other lines with a sign that always stands for the same."""
    if _WRITTEN.get(sign) not in (ARROW, _ENDED):
        return ""
    lines = len({text.count("\n", 0, place) for place in all_of(text, sign)}) - 1
    return f", here and in {lines} other {'line' if lines == 1 else 'lines'}" if lines > 0 else ""


def without_ends(text: str) -> str:
    """A text that is as long, with line breaks for the signs with which statements end elsewhere."""
    signs = list(text)
    for place in all_of(text, ";"):
        signs[place] = "\n"
    return "".join(signs)


def _rest_of_line(text: str, start: int, sign: str) -> Iterator[int]:
    """Where a sign stands in the rest of a line from its first place on, and not in brackets."""
    end = text.find("\n", start)
    inside = 0
    for place in range(start, len(text) if end < 0 else end):
        inside += (text[place] in "([") - (text[place] in ")]")
        if text[place] == "#" or inside < 0:
            return
        if inside == 0 and text.startswith(sign, place):
            yield place


def with_arrows(text: str, start: int, end: int) -> str:
    """A text that is as long, with arrows for a sign that stands in their place, where there is room for them."""
    sign, signs = text[start:end], list(text)
    for place in all_of(text, sign) if _WRITTEN.get(sign) == ARROW else _rest_of_line(text, start, sign):
        behind = place + len(sign)
        first = place
        if len(sign) == 1 and signs[behind : behind + 1] == [" "]:
            behind += 1
        elif len(sign) == 1 and place and signs[place - 1] == " ":
            first -= 1
        if behind - first > 1:
            signs[first:behind] = "->".ljust(behind - first)
    return "".join(signs)


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
    if found == "[" and _FOR.fullmatch(line.strip()):
        return f"`in` stands before what is gone through: `{line.strip()} in {rest.partition(chr(10))[0].strip()}`"
    if found == "in" and (match := _FOR.fullmatch(line.strip())) is not None:
        return (
            f"no parentheses stand around the names: `for {match['names'].strip('() ')} {rest.partition(chr(10))[0]}`"
        )
    if found == "->" and before.rstrip().endswith("->"):
        return ONE_ARROW
    if found == "(" and (match := _UNPACKED.match(line.lstrip() + rest)) is not None:
        names = ", ".join(re.findall(r"\w+", match[1]))
        return f"names stand beside each other, without parentheses: `{names} = ...`"
    if (match := _DECLARED.fullmatch(line.strip())) is not None and (shape := _SHAPE.match(rest)) is not None:
        sizes, element = shape["sizes"], "" if shape["element"] is None else f" {shape['element']}"
        what = "the type of the elements stands behind the shape" if element else "a shape stands in square brackets"
        return f"{what}: `{match[0]} [{sizes}]{element}`"
    if found == ":" and line.strip().isidentifier() and _SHAPE.match(rest[1:]) is not None:
        return f"what flows in is declared so: `input {line.strip()}{rest.partition(chr(10))[0].rstrip()}`"
    if found in _ELSE_IF:
        return _STATEMENTS[found]
    if found == "[" and line.strip() == "output":
        return "each output is a line of its own: `output y = x`"
    if found == "[" and opened == "(" and (match := _SIZED.search(line)) is not None:
        return f"what flows in is a line in the braces: `input {match[1]}: {rest.partition(']')[0]}]`"
    if (match := _HEADED.search(line)) is not None and (wrong := _WORDS.match(rest)) is not None:
        return (
            f"a name is made of letters, digits and `_`, and no digit stands first: `{_as_name(match[2] + wrong[0])}`"
        )
    if found == "times" and _REPEATED.search(line) is not None:
        return "leave it out: what is repeated stands in braces behind the number"
    if found == "then":
        return "leave it out: what depends on it stands in braces"
    if found == "[" and line.strip() in ("", "-"):
        return "layers in a row are joined by arrows: `conv(16, kernel=3) -> relu`"
    if found == "," and opened == "{" and _BRACED.search(before):
        return "settings stand in parentheses: `conv(16, kernel=3)`"
    if found == "," and opened in ("", "{") and (several := _SEVERAL.match(f"{line}{rest}")) is not None:
        return f"several values stand in parentheses: `({several[1]}) -> ...`"
    if found == "," and opened in ("", "{") and before.rstrip().endswith(")"):
        return ARROW
    if found == "=" and _SHAPED.fullmatch(line.strip()):
        return f"a `:` stands before a shape: `{line.strip()}: {rest[1:].partition(chr(10))[0].strip()}`"
    if found == ":" and (match := _HEAD.match(line)) is not None:
        return f"what belongs to it stands in braces: `{line.strip()} {{ ... }}`"
    if found == ":" and opened in ("", "{") and _LAYER.match(line + rest) is not None:
        return f"a value gets its name so: `{line.strip()} = {rest[1:].partition(chr(10))[0].strip()}`"
    if found == ":" and line.strip() == "output":
        return f"an output has a name: `output y = {rest[1:].partition(chr(10))[0].strip() or 'x'}`"
    if found[:1].isalnum() and opened == "(" and _BETWEEN.search(before):
        return "settings are parted by commas"
    if found == "x" and (match := _TIMES.match(rest)) is not None and _CALLED.search(before):
        return f"what is repeated stands in braces: `repeat {match[1]} {{ ... }}`"
    if found in ("", "}") and (match := _OUTPUT.search(before)) is not None:
        return f"an output has a name, and what it gives: `output {match[1]} = ...`, or `output y = {match[1]}`"
    if found == "." and before.endswith((" ", ")")):
        return ARROW
    return ""


def as_meant(text: str, start: int) -> str | None:
    """A text that is as long, with a line as it is written here that declares or names something in another way."""
    begin = text.rfind("\n", 0, start) + 1
    before, rest = text[begin:start], text[start : start + LONGEST_CALL].partition("\n")[0]
    if start - begin > LONGEST_CALL:
        return None
    if rest.startswith(":") and _LAYER.match(before + rest) is not None:
        return f"{text[:start]}={text[start + 1 :]}"
    if _DECLARED.fullmatch(before.strip()) and (shape := _SHAPE.match(rest)) is not None:
        meant = f"[{shape['sizes']}] {shape['element'] or ''}".rstrip()
        wide = len(shape[0])
        return f"{text[:start]}{meant.ljust(wide)}{text[start + wide :]}" if len(meant) <= wide else None
    head = _HEADED.search(before)
    if head is not None and head[1] == "model" and (word := _WORDS.match(rest)) is not None:
        name = re.sub(r"[-.\s]|^\d", "_", word[0]).replace('"', " ")
        return f"{text[:start]}{name}{text[start + len(name) :]}"
    if (unpacked := _UNPACKED.match(f"{before}{rest}".lstrip())) is not None:
        first = begin + len(before) - len(before.lstrip())
        names = re.sub(r"[()]", " ", unpacked[1])
        return f"{text[:first]}{names}{text[first + len(names) :]}"
    return None


def _as_name(text: str) -> str:
    """A name like a text that cannot be one."""
    return re.sub(r"\W+", "_", re.sub(r"^[\W\d]+", "", text)).strip("_") or "Net"


def is_yaml(line: str) -> bool:
    """Whether a line is one of a YAML file."""
    return _YAML.match(line) is not None


_SIGNS: Final = re.compile(r"/\*|\*/|[^\w\s()\[\]{},\"'#.;]+|[“”‘’;]")
_SILENT_OR_SIGN: Final = re.compile(rf'#[^\n]*|"(?:\\.|[^"\\\n])*"|{_SIGNS.pattern}')
_JOINTS: Final = re.compile(r"(?:-[ \t]+>|(?<![<>=!-])>(?![>=])|::)(?=[ \t]*[^\W\d]\w*)")
"""What stands between layers, where no numbers are compared."""

ARROW: Final = "layers are joined by `->`"
ONE_ARROW: Final = "one arrow is enough"
_ENDED: Final = "a statement ends where its line ends"
_COMMENT: Final = "a comment starts with `#`, and ends with its line"
_OWN_NAME: Final = "a name stands for one value: write `y = x + 1` with another name"
_STRAIGHT: Final = 'a text stands in straight double quotes: `"..."`'
_WRITTEN: Final = {
    **dict.fromkeys(("=>", "|>", ">>", "|", "→", "⇒", "~>", "-->", "—>", "–>", "->>", "==>", ">>>", "—", "–"), ARROW),
    **dict.fromkeys(("//", "/*", "*/", "///"), _COMMENT),
    **dict.fromkeys(("+=", "-=", "*=", "/=", "++"), _OWN_NAME),
    **dict.fromkeys(("“", "”", "‘", "’"), _STRAIGHT),
    ";": _ENDED,
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
_SIZED: Final = re.compile(r"\b(\w+)[ \t]*:[ \t]*\Z")
_HEADED: Final = re.compile(r"^[ \t]*(model|block|cell|variant)[ \t]+(\w*)\Z")
_WORDS: Final = re.compile(r"[\w.-]*[-.\d][\w.-]*|\"[^\"\n]+\"")
_UNPACKED: Final = re.compile(r"([^\W\d]\w*[ \t]*,[\w \t,]*\([\w \t,]*\)[\w \t,]*)=(?!=)")
_DECLARED: Final = re.compile(r"(input|state)[ \t]+\w+[ \t]*:")
_SHAPE: Final = re.compile(r"[ \t]*(?P<element>[^\W\d]\w*(?=[ \t]*\[))?[ \t]*[\[(](?P<sizes>[^()\[\]{}\n]*)[\])]")
_REPEATED: Final = re.compile(r"\brepeat\b[^{}]*\Z")
_TIMES: Final = re.compile(r"x\s*(\d+)\s*(\n|$)")
_CALLED: Final = re.compile(r"[\w)]\s+\Z")
_OUTPUT: Final = re.compile(r"(?:^|\n)[ \t]*output[ \t]+(\w+)\s*\Z")
_PERCENT: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*%\s*\Z")
_ONE: Final = re.compile(r"\(\s*([\w.-]+)\s*,\s*\Z")
_BRACED: Final = re.compile(r"[^\W\d]\w*\s*\{[^{}()\n]*\d[^{}()\n]*\Z")
_SHAPED: Final = re.compile(r"(input|state)\s+\w+")
_LAYER: Final = re.compile(r"\s*(?!output\b|input\b|state\b)\w+[ \t]*:[ \t]*[^\W\d]\w*[ \t]*(\(|->|\n|$)")
"""A layer behind a name and a colon."""

_HEAD: Final = re.compile(r"\s*(for|if|repeat|else|residual|shortcut|model|block|cell|\}\s*else)\b")
_SEVERAL: Final = re.compile(r"[^=\n]*=?[ \t]*(\w+(?:[ \t]*,[ \t]*\w+)+)[ \t]*->")
_FOR: Final = re.compile(r"for\s+(?P<names>\(?\s*\w+(\s*,\s*\w+)*\s*\)?)")
_BETWEEN: Final = re.compile(r"[\w\])\"]\s+\Z")
_YAML: Final = re.compile(r"\s*(- +)?[^\W\d]\w*:(\s|$)")
