"""What the grammar could not read, in the reader's words: what was found, what should stand there, and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, final

from archspec import quantity
from archspec.catalog.text import SyntaxFault, UnclosedBracket
from archspec.diagnostics import Diagnostic
from archspec.syntax.automaton import END, UnexpectedError
from archspec.syntax.tree import Scalar

LONGEST_NUMBER: Final = 50
"""No number is written with more characters than this."""

_SYMBOLS: Final = {"LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}"}

WORD: Final = re.compile(r"[^\W\d]\w*")
"""A name, or a word that a setting understands."""


@final
class Fault(Exception):  # noqa: N818  # it carries a finding, as a value would, out of the depth of a parse
    """A text is not in the language; carries the finding that says so."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message())
        self.finding = finding


BRACES_IN_YAML: Final = "in YAML, what stands in braces is a mapping, such as `{add: {}, branches: [...]}`"


def explained(scalar: Scalar, error: UnexpectedError, *, is_line: bool) -> Diagnostic:
    """What is wrong with a text, where the parser stopped. A line of a YAML file holds no braces."""
    text = scalar.text
    start, end, found = _found(text, error)
    place = scalar.place(start, max(end, start + 1) if found else start)
    opened = _innermost_open(text[:start])
    if not is_line and (layout := _of_layout(scalar, start, found, opened)) is not None:
        return layout
    above = _end_above(text, start) if found == "}" and "_NEWLINE" not in error.expected else None
    if above is not None:
        # What stands above is not complete, and that the brace comes too soon follows from it.
        place, start, found = scalar.place(above, above), above, ""
    foreign = _foreign(scalar, start, found, "" if opened is None else text[opened], error.expected)
    if foreign is not None:
        return foreign
    if found == "->" and opened is not None and text[opened] == "(" and _is_closed(text, opened):
        return SyntaxFault(place, found, cure="arrows stand between layers: give the layer a name in a line of its own")
    if opened is not None and _is_unclosed(text, opened, start, found):
        cure = "in YAML, a list stands in square brackets, such as `[3, 3]`" if _IN_PARENTHESES.fullmatch(text) else ""
        return UnclosedBracket(place, scalar.place(opened, opened + 1), found, cure)
    if found in (")", "]") and (opened is None or text[opened] == "{"):
        return SyntaxFault(place, found, problem=f"`{found}` closes nothing")
    if found == '"':
        end = start + len(text[start:].partition("\n")[0].rstrip())
        return SyntaxFault(scalar.place(start, end), found, problem="a text in quotes does not end on its line")
    if len(found) == 1 and not found.isprintable():
        # It is seen as nothing, or turns the direction of what is behind it, so that its number has to tell.
        problem = f"the invisible character U+{ord(found):04X} cannot stand here"
        return SyntaxFault(place, found, problem=problem, cure="remove it")
    word = _word_around(text, start)
    if word is not None:
        numbers = ", ".join(word.group().split("x"))
        cure = f"a list is written `[{numbers}]`" if _BY.fullmatch(word.group()) else ""
        problem = f"`{shortened(word.group())}` is neither a number nor a name"
        meant = _number_meant(word.group()) or quantity.meant(word.group())
        return SyntaxFault(scalar.place(*word.span()), found, problem=problem, cure=cure, suggestion=meant)
    if (amount := _AMOUNT.search(text[:start])) is not None and (
        amount["sign"] or len(found) > 1 or not text[: amount.start()].strip()
    ):
        first, end = amount.start("number"), start + len(found)
        if (meant := quantity.meant(text[first:end])) is not None:
            whole = scalar.place(first, end)
            return SyntaxFault(whole, found, problem=f"`{whole.text}` has no unit that is known", suggestion=meant)
    if is_line and found == "=" and opened is None:
        return SyntaxFault(place, found, cure="in YAML, a name stands beside its layer: `{linear: 10, name: fc}`")
    expected = error.expected - {"LBRACE", *_OPENING} if is_line else error.expected
    return SyntaxFault(place, shortened(found), _in_words(expected), cure=_cure(text[:start], found, opened, expected))


def _end_above(text: str, start: int) -> int | None:
    """Where the text before a place ends, comments aside, if that is in a line above."""
    before = _COMMENTS.sub(lambda match: " " * len(match[0]) if match[0][0] == "#" else match[0], text[:start])
    end = len(before.rstrip())
    return end if end and "\n" in before[end:] and text[end - 1] not in "{}" else None


_COMMENTS: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*')
_AMOUNT: Final = re.compile(r"(?P<sign>[<>=][ \t]*)?(?P<number>\d[\d_.]*)[ \t]+\Z")
"""A number, behind which a unit may be meant; where it is compared, also one of a single letter."""

_IN_PARENTHESES: Final = re.compile(r"\(\s*[\w.-]+\s*")
"""What YAML leaves of `(3, 3)`, which it parts at the comma."""


def _number_meant(word: str) -> str | None:
    """The number that is meant by one with letters in it: of another base, or with a unit behind it."""
    try:
        number = str(int(word, 0))
    except ValueError:
        number = _WITH_LETTERS.sub(r"\1", word)
    return number if number.isdecimal() and len(number) <= _LONGEST else None


_WITH_LETTERS: Final = re.compile(r"(\d+)(x|px|p)", re.IGNORECASE)
_LONGEST: Final = 18


def _of_layout(scalar: Scalar, start: int, found: str, opened: int | None) -> Diagnostic | None:
    """What is said of a place where a definition ends too late or too soon, or stands in another one."""
    from archspec.syntax.braces import definition_at, misfit

    text = scalar.text
    if opened is not None and text[opened] != "{":
        return None
    header = definition_at(text, start)
    is_at_end = start >= len(text.rstrip())
    if opened is not None and header is None and found != "}" and not is_at_end:
        return None
    wrong = misfit(text)
    if wrong is not None and wrong.place <= max(start, header or 0) and wrong.opened is None:
        place = scalar.place(wrong.place, wrong.place + 1)
        return SyntaxFault(place, "}", problem="this `}` is one too many", cure="remove it")
    if wrong is not None and wrong.place <= max(start, header or 0) and wrong.opened is not None:
        end = _end_of_word(text, wrong.place)
        place = scalar.place(wrong.place, end)
        return UnclosedBracket(place, scalar.place(wrong.opened, wrong.opened + 1), text[wrong.place : end])
    if header is None or opened is None:
        return None
    word = text[header : _end_of_word(text, header)]
    problem = f"`{word}` cannot stand inside of a model, a block or a cell"
    cure = "move it out of the braces: definitions stand beside each other, in any order"
    return SyntaxFault(scalar.place(header, header + len(word)), word, problem=problem, cure=cure)


def _end_of_word(text: str, start: int) -> int:
    """Where the word or the sign that starts at a place ends."""
    word = WORD.match(text, start)
    return min(start + 1, len(text.rstrip())) if word is None else word.end()


def _foreign(scalar: Scalar, start: int, found: str, opened: str, expected: frozenset[str]) -> Diagnostic | None:
    """What is said of a place, if it stands there as in another language."""
    from archspec.syntax.elsewhere import ARROW, foreign_text, is_yaml, shape_of, sign_at, so_too

    text = scalar.text
    if (finding := foreign_text(scalar, start)) is not None:
        return finding
    if (sign := sign_at(text, start)) is not None:
        first, end, cure = sign
        found = text[first:end]
        meant = "->" if cure == ARROW else None
        return SyntaxFault(scalar.place(first, end), found, cure=cure + so_too(text, found), suggestion=meant)
    if cure := shape_of(text[:start], found, text[start:], opened):
        place = scalar.place(start, start + max(len(found), 1))
        return SyntaxFault(place, shortened(found), cure=cure, suggestion="->" if cure == ARROW else None)
    if "_ARROW" in expected and WORD.fullmatch(found) and text[:start].rstrip().endswith(")"):
        return SyntaxFault(scalar.place(start, start + len(found)), found, cure=ARROW)
    if opened == "" and found and is_yaml(text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0]):
        cure = "this is how YAML is written: the name of a YAML file ends in `.yaml`"
        return SyntaxFault(scalar.place(start, start + len(found)), shortened(found), cure=cure)
    return None


def _found(text: str, error: UnexpectedError) -> tuple[int, int, str]:
    """Where the parser stopped, and at what: at nothing, where a text or a line ends too early."""
    if error.kind == END:
        end = len(text.rstrip())
        return end, end, ""
    start, end = error.start, error.end
    found = "" if error.kind == "_NEWLINE" else text[start:end]
    if start > 0 and text[start - 1 : end] == "->":
        return start - 1, end, "->"  # Where a value may follow, the lexer takes an arrow for two operators.
    return start, end, found


def _is_closed(text: str, opened: int) -> bool:
    """Whether a bracket has its counterpart."""
    depth = 0
    for position, symbol in brackets(text):
        if position >= opened:
            depth += 1 if symbol in "([{" else -1
            if depth == 0:
                return symbol == {"(": ")", "[": "]", "{": "}"}[text[opened]]
    return False


def _is_unclosed(text: str, opened: int, start: int, found: str) -> bool:
    """Whether what was found tells that a bracket was forgotten. Braces may hold lines, and so end at the end only."""
    if text[opened] == "{":
        return start >= len(text.rstrip())
    is_other = found in (")", "]", "}", "->") and found != {"(": ")", "[": "]"}[text[opened]]
    return not found or is_other or "\n" in text[opened:start]


_ATTACHED: Final = re.compile(r"[\w.]+")
_BY: Final = re.compile(r"[1-9][0-9]*(x[1-9][0-9]*)+")


def _word_around(text: str, start: int) -> re.Match[str] | None:
    """The digits and letters around a place, where they stand together as nothing can: `3x3`, `0x10`."""
    for word in _ATTACHED.finditer(text):
        if word.start() < start < word.end() and word.group()[0].isdecimal():
            return word
    return None


def shortened(found: str) -> str:
    """What was found, as it can stand in a message."""
    line, more, _ = found.partition("\n")
    return f"{line[:LONGEST_NUMBER]}..." if more or len(line) > LONGEST_NUMBER else line


def _cure(before: str, found: str, opened: int | None, expected: frozenset[str]) -> str:
    """What to write instead of some things that are right in other languages."""
    if found == "=":
        return "`==` compares; `=` stands between a name and what it names"
    if found == "[" and expected == {"COLON"}:
        return f"a `:` stands before a shape: `{before.rpartition(chr(10))[2].strip()}: [...]`"
    if found == ":" and opened is not None and before[opened] == "(":
        return "a setting is written `name=value`"
    if found[:1].isdecimal() and opened is not None and before.rstrip().endswith(":"):
        return f"a default is written `name = {shortened(found)}`"
    if found in ("+", "-", "*", "/", "**") and "_ARROW" in expected:
        cure = "a formula stands where a chain starts: name what stands before it in a line of its own"
        return f"if an arrow is meant, it is written `->`; {cure}" if found == "-" else cure
    if found == "{" and "LBRACE" not in expected and "_ARROW" in expected:
        return BRACES_IN_YAML
    if found == "when" and "EQUAL" not in expected:
        return "only an output depends on something: `output y = x when training`"
    if found == "'":
        return "a text stands in double quotes"
    if _STORED.search(before):
        return 'a name with other signs than letters, digits, `_`, `.` and `*` stands in quotes: `rename head = "a-b"`'
    if _VALUE.match(found) and "_ARROW" in expected and (op := _LAST_WORD.search(before)) is not None:
        parentheses = f"settings stand in parentheses: `{op[1]}({shortened(found)})`"
        return parentheses if found[0].isdecimal() else f"{parentheses}; layers are joined by `->`"
    return ""


_VALUE: Final = re.compile(r"[\w\"]")
_LAST_WORD: Final = re.compile(r"(?:^|->|=|\n)[ \t]*([^\W\d]\w*)[ \t]+\Z")
"""A word alone, behind which something stands that cannot."""


_STORED: Final = re.compile(r"^[ \t]*rename[ \t]+[\w.* \t]+=[ \t]*[\w.*]+\Z", re.MULTILINE)
"""The start of a `rename` line, up to where the name on the right goes on with a sign that it cannot have."""

_BRACKETS: Final = frozenset("()[]{}")
_TOKENS: Final = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|[()\[\]{}]', re.DOTALL)


def brackets(text: str) -> Iterator[tuple[int, str]]:
    """The brackets and braces of a text with their positions, without those in comments and quotes."""
    for match in _TOKENS.finditer(text):
        if match.group() in _BRACKETS:
            yield match.start(), match.group()


def _innermost_open(text: str) -> int | None:
    """The position of the last bracket that is still open at the end of a text."""
    open_brackets: list[int] = []
    for position, symbol in brackets(text):
        if symbol in "([{":
            open_brackets.append(position)
        elif open_brackets:
            open_brackets.pop()
    return open_brackets[-1] if open_brackets else None


_OPENING: Final = frozenset(
    {"_INPUT", "_STATE", "_OUTPUT", "_NEXT", "_INIT", "_RENAME", "_EXPECT", "_RESIDUAL", "_REPEAT", "_FOR", "_IF"}
)
"""The words that open a construct."""

_WORDS: Final = {
    "_NEWLINE": "a new line",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "WEIGHTS": "a name such as `layers.*`",
    "_ARROW": "`->`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "COMMA": "`,`",
    "WHEN": "`when`",
    "DOT": "`.`",
    END: "the end",
    **{kind: f"`{symbol}`" for kind, symbol in _SYMBOLS.items()},
}


def _in_words(expected: frozenset[str]) -> str:
    """What could have stood at a place, in words; empty where it would be a long list."""
    if "KIND" in expected:
        others = ("block", "cell", "variant", *(["use"] if "USE" in expected else []))
        return f"`model NAME {{ ... }}`, or {', '.join(f'`{word}`' for word in others[:-1])} or `{others[-1]}`"
    if expected == {END}:
        return ""  # Something else may be missing before it.
    if "NAME" in expected:
        expected -= _OPENING  # A name is what mostly stands there.
    if {"NAME", "NUMBER", "STRING"} <= expected:
        return "a value"
    if {"NAME", "NUMBER", "LPAR"} <= expected:
        return "a layer"
    known = sorted((_WORDS[kind] for kind in expected if kind in _WORDS), key=lambda word: (word.startswith("`"), word))
    if len(known) != len(expected) or not 0 < len(known) <= 3:
        return ""
    return " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
