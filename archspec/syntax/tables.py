"""The tables of the parser. lark makes them of the grammar, which takes longer than a check, and so they are shipped.

python -m archspec.syntax.tables            writes them
python -m archspec.syntax.tables --check    says whether they are what the grammar gives

Tables of another grammar or another lark than is there are not used: the parser is then made of the grammar, slowly.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from archspec.syntax.places import placing

GRAMMAR: Final = "grammar.lark"
TABLES: Final = "tables.json"
LONGEST: Final = 2**31
"""Where a match has no greatest width, lark is told that it is this."""


@cache
def parser() -> Lark:
    """A parser of the grammar, from the tables where they fit."""
    grammar = text_of(GRAMMAR)
    try:
        tables = json.loads(text_of(TABLES))
    except (OSError, ValueError):
        tables = {}
    fit = isinstance(tables, dict) and tables.get("of") == _origin(grammar)
    return placing(_loaded(tables) if fit else _made(grammar))


def content() -> str:
    """What the file of the tables should hold: the same for the same grammar, wherever it is made."""
    grammar = text_of(GRAMMAR)
    data, memo = _made(grammar).memo_serialize([TerminalDef, Rule])
    tables = {"of": _origin(grammar), **_in_order(data, memo)}
    return json.dumps(tables, sort_keys=True, separators=(",", ":")).replace("},{", "},\n{") + "\n"


def text_of(name: str) -> str:
    """The content of a file that lies beside this one."""
    return files("archspec.syntax").joinpath(name).read_text(encoding="utf-8")


def _origin(grammar: str) -> list[str]:
    return [f"lark {lark.__version__}", f"grammar {crc32(grammar.encode()):08x}"]


def _made(grammar: str) -> Lark:
    starts = ["file", "line", "value"]
    return Lark(grammar, parser="lalr", start=starts, propagate_positions=True, maybe_placeholders=True)


def _loaded(tables: dict[str, Any]) -> Lark:
    """A parser with tables that were read from JSON, in which every key is a text."""
    automaton = tables["data"]["parser"]["parser"]
    automaton["tokens"] = dict(enumerate(automaton["tokens"]))
    automaton["states"] = {
        state: {int(token): action for token, action in actions.items()}
        for state, actions in enumerate(automaton["states"])
    }
    return Lark.load({"data": tables["data"], "memo": dict(enumerate(tables["memo"]))})


# lark numbers terminals, rules and states by the order of sets, which is another one in each process.


def _in_order(data: dict[str, Any], memo: Mapping[int, Any]) -> dict[str, Any]:
    """The tables that lark gives, with numbers that depend on the grammar alone."""
    memo = {number: _bounded(each) for number, each in memo.items()}
    order = sorted(memo, key=lambda number: json.dumps(memo[number], sort_keys=True))
    data = _renumbered(data, {old: new for new, old in enumerate(order)})
    for of in (data["parser"]["lexer_conf"]["terminals"], data["parser"]["parser_conf"]["rules"], data["rules"]):
        of.sort(key=lambda reference: reference["@"])
    data["parser"]["parser"] = _automaton(data["parser"]["parser"])
    return {"data": data, "memo": [memo[number] for number in order]}


def _renumbered(part: Any, numbers: Mapping[int, int]) -> Any:
    """A part of the tables with the references in it changed."""
    if isinstance(part, dict):
        if part.keys() == {"@"}:
            return {"@": numbers[part["@"]]}
        return {key: _renumbered(value, numbers) for key, value in part.items()}
    return [_renumbered(each, numbers) for each in part] if isinstance(part, list | tuple) else part


def _bounded(part: Any) -> Any:
    """A terminal without what Python takes for infinite as the width of a match, which is another number in each."""
    if "pattern" in part and "_width" in part["pattern"]:
        part["pattern"]["_width"] = [min(width, LONGEST) for width in part["pattern"]["_width"]]
    return part


def _automaton(automaton: Mapping[str, Any]) -> dict[str, Any]:
    """The states in the order in which they are reached, and the tokens in that of their names."""
    names = automaton["tokens"]
    actions = {
        state: {names[token]: action for token, action in row.items()} for state, row in automaton["states"].items()
    }
    order = list(_reached(actions, [automaton["start_states"][start] for start in sorted(automaton["start_states"])]))
    numbers = {old: new for new, old in enumerate(order)}
    tokens = sorted(names.values())
    rows = [
        {
            str(tokens.index(name)): [kind, numbers[to] if kind == _SHIFT else to]
            for name, (kind, to) in sorted(actions[state].items())
        }
        for state in order
    ]
    ends = {
        key: {start: numbers[state] for start, state in automaton[key].items()}
        for key in ("start_states", "end_states")
    }
    return {"tokens": tokens, "states": rows, **ends}


_SHIFT: Final = 0
"""How lark marks an action that leads to a state; the others reduce by a rule."""


def _reached(actions: Mapping[int, Mapping[str, Any]], starts: list[int]) -> Iterator[int]:
    seen = set(starts)
    waiting = list(starts)
    for state in waiting:
        yield state
        for _, (kind, to) in sorted(actions[state].items(), key=lambda action: action[0]):
            if kind == _SHIFT and to not in seen:
                seen.add(to)
                waiting.append(to)


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
