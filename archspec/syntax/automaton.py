"""The parser: it goes through a text by the tables that lark makes of the grammar (`archspec.syntax.tables`).

lark could do so itself. It is not imported, since that takes as long as a whole check; and what it does for any grammar
and any lexer is done here for ours alone, in half of the time: a place is two offsets, and rules that only hand on what
they are made of, such as the dozen between an expression and its only number, are passed at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias, cast, final

from msgspec import Struct

END: Final = "$END"
"""The kind of what stands behind the last token."""

BLANKS: Final = " \t"
"""What may stand before any token, and begins none."""


@final
class Token(str):
    """A word, number or sign of a text, and where it stands."""

    __slots__ = ("end", "start")

    start: int
    end: int


@final
class Node(Struct):
    """A part of a text that a rule of the grammar describes, and where it stands, without parentheses around it."""

    data: str
    children: list[Part]
    """What the rule speaks of; `None` where an optional part is absent."""

    start: int
    end: int


Part: TypeAlias = Node | Token | None


@final
class UnexpectedError(Exception):
    """A text goes on as the grammar does not allow."""

    def __init__(self, kind: str, start: int, end: int, expected: frozenset[str]) -> None:
        super().__init__(f"{kind or 'nothing known'} at {start}, where one of {sorted(expected)} can stand")
        self.kind = kind
        """The kind of what stands there; empty, where it can be none."""

        self.start = start
        self.end = end
        self.expected = expected
        """The kinds of what could stand there."""


@final
class Terminal(Struct, frozen=True):
    """A kind of token."""

    name: str
    pattern: str
    """What tokens of this kind look like, as a regular expression."""

    word: str = ""
    """What they are, where all are the same."""

    within: frozenset[str] = frozenset()
    """The kinds that tokens of this one look like as well: `in` is a name, where a name can stand and `in` cannot."""


@final
class Rule(Struct, frozen=True, eq=False, dict=True):
    """One way in which something can be written."""

    origin: str
    """What it is that is written so."""

    parts: tuple[str, ...]
    """The names of its parts."""

    data: str
    """What the node is called; empty where what it holds becomes part of the node around it."""

    kept: tuple[int | None, ...]
    """The parts that the node holds, by number; `None` is one that is absent."""

    spliced: frozenset[int]
    """Those of them of which what they hold is meant."""

    is_transparent: bool
    """Whether a single part that is held stands for the node."""

    @cached_property
    def size(self) -> int:
        return len(self.parts)

    @cached_property
    def hands_on(self) -> bool:
        """Whether it gives what its only part is."""
        return self.is_transparent and self.size == 1 and self.keeps_all

    @cached_property
    def keeps_all(self) -> bool:
        """Whether the node holds its parts as they are."""
        return self.kept == tuple(range(self.size)) and not self.spliced


Scanner: TypeAlias = Callable[[str, int], "re.Match[str] | None"]
"""What finds the token at a place or behind the blanks there; its kind is the last group of the match."""


@final
class Automaton(Struct, frozen=True, eq=False, dict=True):
    """What reads texts of a language."""

    terminals: Sequence[Terminal]
    """The kinds of tokens, those first that are meant where several fit."""

    ignored: frozenset[str]
    actions: Sequence[Mapping[str, int | Rule]]
    """What is done in each state, by what comes next: another state follows, or what came before makes up a rule."""

    starts: Mapping[str, tuple[int, int]]
    """For whatever a text may be, the state at its start, and the one at its end."""

    def parse(self, text: str, start: str) -> Node:
        """What a text is made of; raises `UnexpectedError`."""
        first, last = self.starts[start]
        actions, ignored, words, kept = self.actions, self.ignored, self._words, self._kept
        scan, handed_on, length = self._scan, self._handed_on, len(text.rstrip(BLANKS))
        states = [first]
        values: list[Any] = []
        begins: list[int] = []
        """Where each value begins, be it with parentheses around its node."""
        begin = position = end = 0
        kind: Any = END
        while True:
            row = actions[states[-1]]
            while True:
                if position >= length:
                    begin = position = len(text)
                    kind = END
                    break
                found = scan(text, position)
                if found is None or ((kind := found.lastgroup) not in row and kind not in ignored):
                    # Another kind may be meant, of those that can stand here.
                    found = self._scanner(states[-1])(text, position)
                    if found is None:
                        raise self._unexpected(text, position, states)
                    kind = found.lastgroup
                begin, position = found.span(kind)
                if kind not in ignored:
                    if kind in words and (word := words[kind].get(text[begin:position])) in row and word is not None:
                        kind = word
                    break
            while (action := row.get(kind)) is None or isinstance(action, Rule):
                if action is None:
                    raise UnexpectedError(kind, begin, position, self._expected(states))
                if action.hands_on:
                    key = states[-2], states[-1], kind
                    known = handed_on.get(key)
                    states[-1] = self._handing_on(*key) if known is None else known
                else:
                    size = action.size
                    value = _made(action, values[-size:], begins[-size], end)
                    del values[-size:], states[-size:]
                    if size > 1:
                        del begins[1 - size :]
                    values.append(value)
                    behind: Any = actions[states[-1]][action.origin]
                    states.append(behind)
                    if kind == END and states[-1] == last:
                        return cast(Node, value)
                row = actions[states[-1]]
            states.append(action)
            begins.append(begin)
            end = position
            if kind in kept:
                token = Token(text[begin:position])
                token.start, token.end = begin, position
                values.append(token)
            else:
                values.append(None)

    def _behind(self, state: int, rule: Rule) -> int:
        """The state that follows one where something starts that a rule has made up."""
        return cast(int, self.actions[state][rule.origin])

    def _handing_on(self, below: int, state: int, kind: str) -> int:
        """The state that rules that hand on what they are made of lead to, whatever that is."""
        key = below, state, kind
        while isinstance(action := self.actions[state].get(kind), Rule) and action.hands_on:
            state = self._behind(below, action)
        self._handed_on[key] = state
        return state

    # ------------------------------------------------------------------------------------------------------- tokens

    @cached_property
    def _handed_on(self) -> dict[tuple[int, int, str], int]:
        return {}

    @cached_property
    def _scanners(self) -> dict[int, Scanner]:
        return {}

    @cached_property
    def _scan(self) -> Scanner:
        """What finds a token of any kind. Most are what can stand where they stand."""
        return self._scanner_of([each.name for each in self.terminals])

    def _scanner(self, state: int) -> Scanner:
        """What finds a token that can stand where a state is."""
        if state not in self._scanners:
            row = self.actions[state]
            names = [each.name for each in self.terminals if each.name in row or each.name in self.ignored]
            self._scanners[state] = self._scanner_of(names)
        return self._scanners[state]

    def _scanner_of(self, names: Collection[str]) -> Scanner:
        among = [each for each in self.terminals if each.name in names and each.within.isdisjoint(names)]
        tokens = "|".join(f"(?P<{each.name}>{each.pattern})" for each in among)
        return re.compile(f"[{BLANKS}]*+(?:{tokens})").match

    @cached_property
    def _words(self) -> Mapping[str, Mapping[str, str]]:
        """The kinds of the words that look like those of another kind, by this one."""
        kinds = {kind for each in self.terminals for kind in each.within}
        return {kind: {each.word: each.name for each in self.terminals if kind in each.within} for kind in kinds}

    @cached_property
    def _kept(self) -> frozenset[str]:
        """The kinds of the tokens that nodes hold."""
        rules = {action for row in self.actions for action in row.values() if isinstance(action, Rule)}
        return frozenset(rule.parts[number] for rule in rules for number in rule.kept if number is not None)

    # ------------------------------------------------------------------------------------------------------- faults

    def _unexpected(self, text: str, position: int, states: Sequence[int]) -> UnexpectedError:
        """What is said of a place where nothing stands that can stand there."""
        found = self._scan(text, position)
        if found is None:
            position = len(text) - len(text[position:].lstrip(BLANKS))
            return UnexpectedError("", position, position + 1, frozenset())
        kind = str(found.lastgroup)
        start, end = found.span(kind)
        return UnexpectedError(self._words.get(kind, {}).get(found[kind], kind), start, end, self._expected(states))

    def _expected(self, states: Sequence[int]) -> frozenset[str]:
        """The kinds of the tokens with which a text can go on."""
        kinds = {END, *(each.name for each in self.terminals)} & self.actions[states[-1]].keys()
        lasts = {last for _, last in self.starts.values()}
        found: set[str] = set()
        waiting = [(list(states), kinds)]
        for before, some in waiting:
            row = self.actions[before[-1]]
            by_rule: dict[Rule, set[str]] = {}
            for kind in some:
                if isinstance(action := row.get(kind), Rule):
                    by_rule.setdefault(action, set()).add(kind)
                elif action is not None:
                    found.add(kind)
            # What comes before is the same for all kinds that a rule ends before.
            for rule, ending in by_rule.items():
                behind = before[: -rule.size]
                behind.append(self._behind(behind[-1], rule))
                found |= ending & {END} if behind[-1] in lasts else set()
                waiting.append((behind, ending - found))
        return frozenset(found)


def _made(rule: Rule, parts: list[Any], start: int, end: int) -> Any:
    """What a rule makes of its parts: a node, or what becomes part of the node around it."""
    held = parts
    if not rule.keeps_all:
        held = []
        for number in rule.kept:
            if number is None:
                held.append(None)
            elif number not in rule.spliced:
                held.append(parts[number])
            elif held:
                held += parts[number]
            else:
                held = parts[number]  # It is nobody else's, and so a long list grows at its end.
    if rule.is_transparent and len(held) == 1:
        return held[0]
    return Node(rule.data, held, start, end) if rule.data else held
