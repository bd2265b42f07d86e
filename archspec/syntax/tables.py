"""The tables of the parser. lark makes them of the grammar, which takes longer than a check, and so they are shipped.

python -m archspec.syntax.tables            writes them
python -m archspec.syntax.tables --check    says whether they are what the grammar gives

Tables of another grammar than is there are not used: they are then made of the grammar, slowly.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from archspec.syntax.automaton import Automaton, Rule, Terminal

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR: Final = "grammar.lark"
TABLES: Final = "tables.json"

STARTS: Final = ("file", "line", "value")
"""What a text may be."""


@cache
def parser() -> Automaton:
    """A parser of the grammar, from the tables where they fit."""
    grammar = text_of(GRAMMAR)
    try:
        tables = json.loads(text_of(TABLES))
    except (OSError, ValueError):
        tables = {}
    fit = isinstance(tables, dict) and tables.get("of") == _origin(grammar)
    return _loaded(tables if fit else _made(grammar))


def content() -> str:
    """What the file of the tables should hold: the same for the same grammar, wherever it is made."""
    lines = (
        f"{json.dumps(key)}:[\n{_lines(part)}]" if isinstance(part, list) else f"{json.dumps(key)}:{_short(part)}"
        for key, part in _made(text_of(GRAMMAR)).items()
    )
    return "{" + ",\n".join(lines) + "}\n"


def _lines(part: Sequence[Any]) -> str:
    return ",\n".join(map(_short, part))


def _short(part: Any) -> str:
    return json.dumps(part, separators=(",", ":"))


def text_of(name: str) -> str:
    """The content of a file that lies beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _origin(grammar: str) -> str:
    return f"{crc32(grammar.encode()):08x}"


def _loaded(tables: dict[str, Any]) -> Automaton:
    rules = [
        Rule(origin, tuple(parts), data, tuple(kept), frozenset(spliced), is_transparent)
        for origin, parts, data, kept, spliced, is_transparent in tables["rules"]
    ]
    names = tables["names"]
    actions = [
        {names[int(key)]: rules[~action] if action < 0 else action for key, action in row.items()}
        for row in tables["states"]
    ]
    terminals = [
        Terminal(name, pattern, word, frozenset(within)) for name, pattern, word, within in tables["terminals"]
    ]
    starts = {start: (first, last) for start, (first, last) in tables["starts"].items()}
    return Automaton(terminals, frozenset(tables["ignored"]), actions, starts)


# ------------------------------------------------------------------------------------------------- made of the grammar


def _made(grammar: str) -> dict[str, Any]:
    """The tables of a grammar. lark numbers rules and states by the order of sets, which each process has anew."""
    from lark import Lark  # Whoever reads specs does not wait for it.

    parser = Lark(grammar, parser="lalr", start=list(STARTS), maybe_placeholders=True)
    frontend: Any = parser.parser
    table = frontend.parser.parser.parse_table
    rules = sorted(parser.rules, key=lambda rule: (rule.origin.name, *(each.name for each in rule.expansion)))
    numbers = {rule: ~number for number, rule in enumerate(rules)}
    order = {state: number for number, state in enumerate(_reached(table.states, table.start_states))}
    names = sorted({name for row in table.states.values() for name in row})
    return {
        "of": _origin(grammar),
        "ignored": sorted(parser.lexer_conf.ignore),
        "starts": {start: [order[table.start_states[start]], order[table.end_states[start]]] for start in STARTS},
        "terminals": list(_terminals(parser)),
        "rules": [_rule(each) for each in rules],
        "names": names,
        "states": [
            {
                str(names.index(name)): numbers[to] if to in numbers else order[to]
                for name, (_, to) in sorted(row.items())
            }
            for row in (table.states[state] for state in order)
        ],
    }


def _reached(states: Mapping[int, Mapping[str, Any]], starts: Mapping[str, int]) -> Iterator[int]:
    """The states in the order in which they are reached."""
    waiting = [starts[start] for start in STARTS]
    seen = set(waiting)
    for state in waiting:
        yield state
        for _, (_, to) in sorted(states[state].items(), key=lambda action: action[0]):
            if to in states and to not in seen:
                seen.add(to)
                waiting.append(to)


def _terminals(parser: Lark) -> Iterator[list[Any]]:
    """The kinds of tokens, those first that are meant where several fit: more urgent ones, and longer ones."""
    terminals = sorted(
        parser.terminals,
        key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name),
    )
    for each in terminals:
        word = each.pattern.value if each.pattern.type == "str" else ""
        within = [
            other.name
            for other in terminals
            if word and other.pattern.type == "re" and other.priority == each.priority and _begins(word, other.pattern)
        ]
        yield [each.name, each.pattern.to_regexp(), word, within]


def _begins(word: str, pattern: Any) -> bool:
    """Whether all of a word is what a pattern finds at its start."""
    found = re.match(pattern.to_regexp(), word)
    return found is not None and found[0] == word


def _rule(rule: Any) -> list[Any]:
    """A rule, with what lark would make of its parts: it leaves out signs, and takes in what has a `_` before its name.

    Where an optional part is absent, its place is kept.
    """
    absent = [len(ones) for ones in "".join(str(int(each)) for each in rule.options.empty_indices).split("0")]
    kept: list[int | None] = []
    spliced: list[int] = []
    for number, part in enumerate(rule.expansion):
        kept += [None] * (absent[number] if rule.options.empty_indices else 0)
        if not (part.is_term and part.filter_out):
            kept.append(number)
            if not part.is_term and part.name.startswith("_"):
                spliced.append(number)
    kept += [None] * (absent[-1] if rule.options.empty_indices else 0)
    origin = str(rule.origin.name)
    data = rule.alias or ("" if origin.startswith("_") else origin)
    is_transparent = bool(rule.options.expand1 and not rule.alias)
    return [origin, [each.name for each in rule.expansion], data, kept, spliced, is_transparent]


def main(arguments: list[str]) -> None:
    path = Path(__file__).with_name(TABLES)
    if arguments not in ([], ["--check"]):
        sys.exit("usage: python -m archspec.syntax.tables [--check]")
    if not arguments:
        path.write_text(content(), encoding="utf-8")
    elif path.read_text(encoding="utf-8") != content():
        sys.exit(f"{path} is not what the grammar gives: run `python -m archspec.syntax.tables`")


if __name__ == "__main__":
    main(sys.argv[1:])
