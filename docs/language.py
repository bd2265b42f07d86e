"""Writes what the language reference says of the code; the rest of the document is written by hand.

python docs/language.py            says whether `docs/language.md` is up to date
python docs/language.py --write    brings it up to date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Final

import archspec
from archspec.definition import Definition
from archspec.diagnostics import Report
from archspec.expression import evaluate, written
from archspec.initialiser import INITIALISERS, Initialiser
from archspec.setting import accepted
from archspec.source import Source
from archspec.spec import Library, read_spec
from archspec.syntax.read import read_file
from archspec.syntax.tables import GRAMMAR, text_of
from archspec.syntax.text import parse_expression, parse_file
from archspec.syntax.tree import Scalar

DOCUMENT: Final = Path(__file__).with_suffix(".md")
STANDARD: Final = Path(archspec.__file__).parent / "std"
WIDTH: Final = 120

FUNCTIONS: Final = {
    "min(3, 5)": "the least of several numbers, or of the numbers of a list",
    "max([3, 5, 4])": "the greatest of them",
    "sum([3, 5])": "the sum of a list of numbers",
    "len([16, 32])": "how many items a list has",
    "range(2, 5)": "the whole numbers from the first to before the second; from 0 where there is one alone",
    "round(2.6)": "the nearest whole number; of two, the even one",
    "floor(2.6)": "the next whole number below",
    "ceil(2.2)": "the next whole number above",
}
"""An example of each function, and what the function gives."""

LIMITS: Final = (
    ("bytes of a file", "syntax.read.MOST_BYTES", "A003"),
    ("values in a YAML file, aliases written out", "syntax.yaml.MOST_NODES", "A014"),
    ("brackets, braces, or levels of YAML inside one another", "syntax.parsing.DEEPEST", "A015"),
    ("characters of a number", "syntax.fault.LONGEST_NUMBER", "A020"),
    ("operators of an expression", "syntax.expressions.MOST_OPERATORS", "A020"),
    ("operations of a formula", "ops.arithmetic.MOST_OPERATIONS", "A111"),
    ("the value of a whole number, and the length of an axis", "size.LARGEST", "A020, A111, A301, A305"),
    ("values in a list, those of lists in it counted in", "expression.LONGEST_LIST", "A111"),
    ("parts that `split` makes", "setting.MOST_PARTS", "A107"),
    ("layers in a stack of `rnn`, `lstm` or `gru`", "ops.recurrent.MOST_STACKED", "A107"),
    ("files that a spec uses", "using.MOST_FILES", "A034"),
    ("bytes of the header of a file of weights", "safetensors.MOST_HEADER_BYTES", "A502"),
    ("axes of a tensor in it", "safetensors.MOST_AXES", "A502"),
    ("blocks inside one another", "build.uses.DEEPEST", "A015"),
    ("groups, branches, repeats and blocks inside one another", "build.limits.MOST_NESTED", "A015"),
    ("layers of a model, and passes of its repeats", "build.limits.MOST_LAYERS", "A211"),
    ("findings on a model, after which the rest is not looked at", "build.limits.MOST_FINDINGS", "none of its own"),
    ("terms of the arithmetic on an open size", "size.MOST_TERMS", "A111, A301"),
    ("factors of a product in it", "size.HIGHEST_POWER", "A111, A301"),
    ("names in it", "size.MOST_ATOMS", "A111, A301"),
    ("quotients inside one another in it", "size.DEEPEST", "A111, A301"),
    ("a number in it", "size.LARGEST_COEFFICIENT", "A111, A301"),
)
"""What is limited, the constant that says how far, and the findings on what goes further."""


# ---------------------------------------------------------------------------------------------------- parts of the text


def functions() -> Iterator[str]:
    yield "| Function | Gives | Example |"
    yield "| --- | --- | --- |"
    for example, meaning in FUNCTIONS.items():
        source = Source("example", example)
        value = evaluate(parse_expression(Scalar(example, source.whole())), {})
        yield f"| `{example.partition('(')[0]}` | {meaning} | `{example}` is `{written(value)}` |"


def initialisers() -> Iterator[str]:
    yield "| Initialiser | Fills weights | Settings |"
    yield "| --- | --- | --- |"
    for name, kind in INITIALISERS.items():
        summary = " ".join(cleandoc(kind.__doc__ or "").partition("\n\nSource:")[0].split())
        yield f"| `{name}` | {summary} | {'<br>'.join(settings_of(kind)) or 'none'} |"


def settings_of(kind: type[Initialiser]) -> Iterator[str]:
    for name, field in kind.settings().items():
        default = "" if field.is_required() else f"; `{written(field.default)}` where it is left out"
        yield f"`{name}`: {field.description} ({accepted(field)}{default})"


def limits() -> Iterator[str]:
    yield "| What | At most | Finding |"
    yield "| --- | --- | --- |"
    for what, constant, codes in LIMITS:
        yield f"| {what} | {readable(value_of(constant))} | {codes} |"


def value_of(constant: str) -> int:
    module, _, name = constant.rpartition(".")
    value: int = getattr(import_module(f"archspec.{module}"), name)
    return value


def readable(number: int) -> str:
    """A number as people write it: of a round one with many digits, how many."""
    if number == 2**63 - 1:
        return "2<sup>63</sup> - 1"
    digits = str(number)
    return f"10<sup>{len(digits) - 1}</sup>" if len(digits) > 10 and not digits.strip("10") else f"{number:,}"


def library() -> Iterator[str]:
    for path in sorted(STANDARD.glob("*.arch")):
        yield f"### `use {STANDARD.name}.{path.stem}`"
        yield ""
        found = library_of(path)
        for each in (*found.blocks, *found.cells):
            yield from definition(each)


def library_of(path: Path) -> Library:
    report = Report()
    source = read_file(path, report)
    tree = None if source is None else parse_file(source, report)
    found = None if tree is None else read_spec(tree, report)
    if not isinstance(found, Library) or report.has_errors:
        raise TypeError(f"{path} is no file of blocks: {list(report)}")
    return found


def definition(block: Definition) -> Iterator[str]:
    """What a block is: how it is used, what it does, and what it is given."""
    yield f"#### {block.name.text}"
    yield ""
    yield "```"
    yield signature(block)
    yield "```"
    yield ""
    yield block.doc
    yield ""
    given = [f"`{each.name.text}: {each.span.text}`" for each in block.inputs]
    if given:
        yield f"It is given {' and '.join(given)}."
        yield ""
    for each in block.expect:
        yield f"It expects `{each.condition.span.text}`."
        yield ""


def signature(block: Definition) -> str:
    """The head of a definition, as its source has it; on several lines where it is long."""
    source = block.span.source.text[block.name.span.start :]
    parameters = source[len(block.name.text) : closing(source)] if source[len(block.name.text)] == "(" else ""
    line = f"{block.name.text}{parameters}"
    if len(line) <= WIDTH:
        return line
    inner = re.split(r",\s*(?![^(\[]*[)\]])", parameters[1:-1])
    return "\n".join((f"{block.name.text}(", *(f"    {each}," for each in inner), ")"))


def closing(text: str) -> int:
    """Where the first parenthesis of a text is closed."""
    depth = 0
    for position, symbol in enumerate(text):
        depth += {"(": 1, ")": -1}.get(symbol, 0)
        if symbol == ")" and depth == 0:
            return position + 1
    raise ValueError("a parenthesis is not closed")


def grammar() -> Iterator[str]:
    yield "```lark"
    yield text_of(GRAMMAR).rstrip("\n")
    yield "```"


PARTS: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "functions": functions,
    "initialisers": initialisers,
    "limits": limits,
    "library": library,
    "grammar": grammar,
}

# --------------------------------------------------------------------------------------------------------- the document

PART: Final = re.compile(
    r"(?<=^<!-- )(?P<name>(?!end)\w+) -->\n(?P<body>.*?)(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL
)
LAYERS: Final = re.compile(
    r"^```arch\n(?P<spec>(?:(?!^```).)*)^```\n\n```yaml\n(?:(?!^```).)*^```\n\n```text\n(?P<layers>.*?)(?=^```$)",
    re.MULTILINE | re.DOTALL,
)


def up_to_date(text: str) -> str:
    """The document with what it says of the code as it should be."""
    unknown = {match["name"] for match in PART.finditer(text)} ^ PARTS.keys()
    if unknown:
        raise ValueError(f"the document and this program know different parts: {sorted(unknown)}")
    text = PART.sub(lambda match: f"{match['name']} -->\n" + "\n".join(PARTS[match["name"]]()).rstrip() + "\n", text)
    return LAYERS.sub(lambda match: match[0][: match.start("layers") - match.start()] + layers(match["spec"]), text)


def layers(spec: str) -> str:
    """The layers of an example: what each is called, what it is, and the shape that it gives."""
    nodes = archspec.loads(spec, syntax="arch").graph.nodes
    rows = [(node.name, str(node.op), " and ".join(str(each.shape) for each in node.outputs)) for node in nodes]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    if arguments == ["--write"]:
        DOCUMENT.write_text(up_to_date(text), encoding="utf-8")
    elif arguments:
        sys.exit("usage: python docs/language.py [--write]")
    elif text != up_to_date(text):
        sys.exit(f"{DOCUMENT} is out of date: run `python docs/language.py --write`")


if __name__ == "__main__":
    main(sys.argv[1:])
