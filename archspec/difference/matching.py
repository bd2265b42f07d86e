"""Which layer of one graph is which layer of another.

What has the same name and the same op is the same. The rest is found by where it stands: members of groups that belong
together are aligned like the letters of two words, so that a layer that is put into a chain moves the numbers of those
behind it, and makes none of them another layer. What is then left over is the same where it has the same op and takes
the same values, though it may have another name or stand in another group.

The same pairs are found whichever of the two graphs comes first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, TypeAlias, final

from msgspec import Struct

from archspec.expression import written
from archspec.graph import Graph, Group, Node, Path
from archspec.op import Op

Member: TypeAlias = Node | Group

MOST_COMPARED: Final = 60_000
"""Members of two groups are compared each with each where that is no more pairs than this."""

NAME: Final = 20
"""What it counts that two have the same name, which somebody gave them."""

KIND: Final = 20
"""What it counts that two layers have the same op, or all that is in two groups."""

EXACT: Final = 8
"""What it counts that two layers have the same settings."""

RENAMED: Final = 6
"""What it counts against two that somebody gave different names."""


@final
class Matching(Struct, frozen=True):
    """What of an old graph is what of a new one."""

    layers: Mapping[Path, Path]
    """Layers and inputs of the model, the old ones with the new."""

    groups: Mapping[Path, Path]

    moved: frozenset[Path]
    """Of the old layers and groups that have a new one, those that others have overtaken."""

    @property
    def inverse(self) -> Matching:
        layers = {new: old for old, new in self.layers.items()}
        groups = {new: old for old, new in self.groups.items()}
        both = {**self.layers, **self.groups}
        return Matching(layers, groups, frozenset(both[path] for path in self.moved))


def match(old: Graph, new: Graph) -> Matching:
    """The layers and groups of two graphs that are the same."""
    forms = Forms()
    if _order(old, forms) <= _order(new, forms):
        return _Matcher(old, new, forms).matching()
    return _Matcher(new, old, forms).matching().inverse


def _order(graph: Graph, forms: Forms) -> tuple[object, ...]:
    """What says which of two graphs goes first."""
    return len(graph.nodes), [(node.path, _text(node.op), str(node.output.shape)) for node in graph.nodes]


# ---------------------------------------------------------------------------------------------------------- wording


def setting_text(value: Any) -> str:
    """A setting as a spec writes it; a cell by its name."""
    return value.name if isinstance(value, Graph) else written(value)


def _text(op: Op) -> str:
    given = ", ".join(f"{name}={setting_text(value)}" for name, value in op.chosen().items())
    return f"{op.name}({given})"


def is_given(member: Member) -> bool:
    """Whether somebody gave a layer or group its name; otherwise it was counted."""
    if isinstance(member, Node):
        return member.is_named
    name = member.path[-1]
    counted = _WORD.sub("_", member.block or "").lower()
    return not name.isdigit() and not (counted and re.fullmatch(rf"{re.escape(counted)}\d+", name))


_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins in the name of a block, which is what uses of it are called by."""


# ------------------------------------------------------------------------------------------------------------ forms


@final
class Forms:
    """Numbers that are the same for what is built alike, whatever it is called."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}

    def of_op(self, op: Op) -> int:
        return self._number((op.name, *((name, self._value(each)) for name, each in op.chosen().items())))

    def of_graph(self, graph: Graph) -> int:
        """The form of a cell: its layers, and what each of them takes."""
        places: dict[Path, int] = {value.producer: number for number, value in enumerate(graph.inputs)}
        layers = []
        for node in graph.nodes:
            places[node.path] = len(places)
            taken = tuple((places[value.producer], value.port) for value in node.inputs)
            layers.append((node.path, self.of_op(node.op), taken))
        results = tuple((output.name, places[output.value.producer], output.value.port) for output in graph.outputs)
        return self._number((graph.name, tuple(str(value.shape) for value in graph.inputs), tuple(layers), results))

    def of_group(self, block: str | None, members: Iterable[int]) -> int:
        return self._number((block, "group", tuple(members)))

    def _value(self, value: Any) -> object:
        return self.of_graph(value) if isinstance(value, Graph) else setting_text(value)

    def _number(self, form: object) -> int:
        return self.numbers.setdefault(form, len(self.numbers))


@final
class _Side:
    """One of the two graphs, with the form of each of its layers and groups."""

    def __init__(self, graph: Graph, forms: Forms) -> None:
        self.graph = graph
        self.forms: dict[Path, int] = {}
        self.ops: dict[Path, Counter[str]] = {}
        """How many layers of each op are in a group."""

        self._enter((), None, forms)

    def _enter(self, path: Path, block: str | None, forms: Forms) -> None:
        ops: Counter[str] = Counter()
        members = self.graph.members(path)
        for each in members:
            if isinstance(each, Node):
                self.forms[each.path] = forms.of_op(each.op)
                ops[each.op.name] += 1
            else:
                self._enter(each.path, each.block, forms)
                ops += self.ops[each.path]
        self.ops[path] = ops
        self.forms[path] = forms.of_group(block, (self.forms[each.path] for each in members))

    def inside(self, member: Member) -> Iterator[Member]:
        """A layer, or a group with all that is in it."""
        yield member
        if isinstance(member, Group):
            for each in self.graph.members(member.path):
                yield from self.inside(each)


# --------------------------------------------------------------------------------------------------------- matching


@final
class _Found(Struct):
    layers: dict[Path, Path] = {}
    groups: dict[Path, Path] = {}
    moved: set[Path] = set()


@final
class _Matcher:
    def __init__(self, old: Graph, new: Graph, forms: Forms) -> None:
        self.old, self.new = _Side(old, forms), _Side(new, forms)
        self.found = _Found(groups={(): ()})
        self.left: tuple[list[Node], list[Node]] = ([], [])

    def matching(self) -> Matching:
        self._match_inputs()
        levels: list[tuple[Path, Path]] = [((), ())]
        for old, new in levels:
            levels += self._match_members(self.old.graph.members(old), self.new.graph.members(new))
        self._match_elsewhere()
        return Matching(self.found.layers, self.found.groups, frozenset(self.found.moved))

    def _match_inputs(self) -> None:
        old, new = ({value.producer: value for value in side.graph.inputs} for side in (self.old, self.new))
        self.found.layers |= {path: path for path in old if path in new}
        # Inputs that are left over are the same where they come in the same order and have as many axes.
        rest = (
            [value for path, value in old.items() if path not in new],
            [new[path] for path in new if path not in old],
        )
        for one, other in zip(*rest, strict=False):
            if one.shape.rank == other.shape.rank:
                self.found.layers[one.producer] = other.producer

    def _match_members(self, old: Sequence[Member], new: Sequence[Member]) -> list[tuple[Path, Path]]:
        """Find pairs among the members of two groups; gives the groups that were found, whose members come next."""
        pairs = self._aligned(old, new)
        taken = ({one for one, _ in pairs}, {other for _, other in pairs})
        gaps = _gaps(pairs, len(old), len(new))
        crossing = self._crossing(
            [number for number in range(len(old)) if number not in taken[0]],
            [number for number in range(len(new)) if number not in taken[1]],
            old,
            new,
        )
        self.found.moved |= {old[one].path for one, _ in crossing}
        pairs += crossing
        taken = ({one for one, _ in pairs}, {other for _, other in pairs})
        for ones, others in gaps:
            pairs += self._replaced(
                [number for number in ones if number not in taken[0]],
                [number for number in others if number not in taken[1]],
                old,
                new,
            )
        taken = ({one for one, _ in pairs}, {other for _, other in pairs})
        deeper = []
        for one, other in sorted(pairs):
            mine, its = old[one], new[other]
            if isinstance(mine, Group):
                self.found.groups[mine.path] = its.path
                deeper.append((mine.path, its.path))
            else:
                self.found.layers[mine.path] = its.path
        for side, members, known, left in zip((self.old, self.new), (old, new), taken, self.left, strict=True):
            for number, member in enumerate(members):
                if number not in known:
                    left += [each for each in side.inside(member) if isinstance(each, Node)]
        return deeper

    # ---------------------------------------------------------------------------------------------------- in order

    def _aligned(self, old: Sequence[Member], new: Sequence[Member]) -> list[tuple[int, int]]:
        """The pairs that are in the same order on both sides."""
        first, least = 0, min(len(old), len(new))
        while first < least and self._is_same(old[first], new[first]):
            first += 1
        last = 0
        while last < least - first and self._is_same(old[-1 - last], new[-1 - last]):
            last += 1
        pairs = [(number, number) for number in range(first)]
        pairs += self._best((first, len(old) - last), (first, len(new) - last), old, new)
        return pairs + [(len(old) - number, len(new) - number) for number in range(last, 0, -1)]

    def _is_same(self, one: Member, other: Member) -> bool:
        has_name = one.path[-1] == other.path[-1] or not (is_given(one) or is_given(other))
        return has_name and self.old.forms[one.path] == self.new.forms[other.path]

    def _best(
        self, ones: tuple[int, int], others: tuple[int, int], old: Sequence[Member], new: Sequence[Member]
    ) -> list[tuple[int, int]]:
        """The pairs of two stretches whose scores are the most together; the earliest of them."""
        height, width = ones[1] - ones[0], others[1] - others[0]
        if not height or not width:
            return []
        if height * width > MOST_COMPARED:
            return self._roughly(ones, others, old, new)
        scores = [[self._score(mine, its) for its in new[slice(*others)]] for mine in old[slice(*ones)]]
        best = [[0] * (width + 1) for _ in range(height + 1)]
        for row in range(height - 1, -1, -1):
            here, below, known = best[row], best[row + 1], scores[row]
            for column in range(width - 1, -1, -1):
                most = max(below[column], here[column + 1])
                paired = known[column] and known[column] + below[column + 1]
                here[column] = max(most, paired)
        pairs, row, column = [], 0, 0
        while row < height and column < width:
            score = scores[row][column]
            if score and best[row][column] == score + best[row + 1][column + 1]:
                pairs.append((ones[0] + row, others[0] + column))
                row, column = row + 1, column + 1
            elif best[row][column] == best[row][column + 1]:
                column += 1
            else:
                row += 1
        return pairs

    def _roughly(
        self, ones: tuple[int, int], others: tuple[int, int], old: Sequence[Member], new: Sequence[Member]
    ) -> list[tuple[int, int]]:
        """The same for very many members: first those that are built alike, then what is between them."""
        mine = [self._mark(self.old, each) for each in old[slice(*ones)]]
        its = [self._mark(self.new, each) for each in new[slice(*others)]]
        pairs: list[tuple[int, int]] = []
        for word, start, end, from_, to in SequenceMatcher(None, mine, its, autojunk=False).get_opcodes():
            here, there = (ones[0] + start, ones[0] + end), (others[0] + from_, others[0] + to)
            if word == "equal":
                pairs += zip(range(*here), range(*there), strict=True)
            elif (end - start) * (to - from_) <= MOST_COMPARED:
                pairs += self._best(here, there, old, new)
        return pairs

    def _mark(self, side: _Side, member: Member) -> tuple[str, int]:
        return member.path[-1] if is_given(member) else "", side.forms[member.path]

    # ------------------------------------------------------------------------------------------------------ scores

    def _score(self, one: Member, other: Member) -> int:
        """How much speaks for two to be the same; 0 where they cannot be."""
        given = (is_given(one), is_given(other))
        has_name = all(given) and one.path[-1] == other.path[-1]
        against = RENAMED if all(given) and not has_name else int(given[0] != given[1])
        is_exact = self.old.forms[one.path] == self.new.forms[other.path]
        if isinstance(one, Node) and isinstance(other, Node):
            if one.op.name != other.op.name:
                return NAME if has_name else 0
            has_shape = str(one.output.shape) == str(other.output.shape)
            return KIND + NAME * has_name + EXACT * is_exact + 3 * has_shape - against
        if isinstance(one, Group) and isinstance(other, Group):
            alike = KIND if is_exact else int(KIND * _likeness(self.old.ops[one.path], self.new.ops[other.path]))
            if has_name:
                return NAME + 1 + alike
            if one.block == other.block and (one.block is not None or not any(given)):
                return KIND // 2 + alike - against + 4 * (one.path[-1] == other.path[-1])
            # A block that takes the place of another one is at the same position, and holds much of the same.
            has_place = one.path[-1] == other.path[-1]
            is_likely = alike > KIND // 4 if has_place else alike > KIND // 2
            return 1 + alike - against + KIND // 2 * has_place if is_likely and alike > against else 0
        return 0

    # --------------------------------------------------------------------------------------------------- out of order

    def _crossing(
        self, ones: Sequence[int], others: Sequence[int], old: Sequence[Member], new: Sequence[Member]
    ) -> list[tuple[int, int]]:
        """Pairs that stand in another order: of the same name, or the only ones of their form."""
        pairs: list[tuple[int, int]] = []
        left = list(others)
        names = {new[number].path[-1]: number for number in others if is_given(new[number])}
        for one in ones:
            other = names.get(old[one].path[-1]) if is_given(old[one]) else None
            if other is not None and self._score(old[one], new[other]) > NAME:
                pairs.append((one, other))
                left.remove(other)
        taken = {one for one, _ in pairs}
        mine, its = Counter[int](), Counter[int]()
        mine.update(self.old.forms[old[one].path] for one in ones if one not in taken)
        its.update(self.new.forms[new[other].path] for other in left)
        alone = {self.new.forms[new[other].path]: other for other in left}
        for one in ones:
            form = self.old.forms[old[one].path]
            if one not in taken and mine[form] == 1 == its[form]:
                other = alone[form]
                if not (is_given(old[one]) and is_given(new[other])):
                    pairs.append((one, other))
        return pairs

    def _replaced(
        self, ones: Sequence[int], others: Sequence[int], old: Sequence[Member], new: Sequence[Member]
    ) -> list[tuple[int, int]]:
        """Layers that stand where others of another op stood: one for one."""
        if len(ones) != len(others):
            return []
        pairs = list(zip(ones, others, strict=True))
        nodes = [(old[one], new[other]) for one, other in pairs]
        if any(not (isinstance(mine, Node) and isinstance(its, Node)) for mine, its in nodes):
            return []
        if any(is_given(mine) and is_given(its) for mine, its in nodes):
            return []  # Who names things in another way means other things.
        return pairs

    # ----------------------------------------------------------------------------------------------------- elsewhere

    def _match_elsewhere(self) -> None:
        """Find pairs among what is left over: of the same op, and fed by the same layers, wherever they stand."""
        takers: dict[Path, list[Node]] = {}
        for node in self.left[0]:
            for path in {value.producer for value in node.inputs}:
                takers.setdefault(path, []).append(node)
        for is_exact in (True, False):
            known: dict[object, dict[Path, Node]] = {}

            def enter(node: Node, known: dict[object, dict[Path, Node]] = known, is_exact: bool = is_exact) -> None:
                key = self._fed(node, is_exact=is_exact)
                if key is not None and node.path not in self.found.layers:
                    known.setdefault(key, {})[node.path] = node

            for node in self.left[0]:
                enter(node)
            taken = set(self.found.layers.values())
            for node in self.left[1]:
                if node.path in taken:
                    continue
                fed = tuple((value.producer, value.port) for value in node.inputs)
                found = known.get((self.new.forms[node.path] if is_exact else node.op.name, fed), {})
                candidates = [
                    path for path in found if path not in self.found.layers and (is_exact or path[-1] == node.path[-1])
                ]
                if len(candidates) == 1 and fed:
                    self.found.layers[candidates[0]] = node.path
                    # What takes from it can be known now.
                    for each in takers.get(candidates[0], ()):
                        enter(each)

    def _fed(self, node: Node, *, is_exact: bool) -> object | None:
        """The op of an old layer, and what it takes, as the new graph calls it; `None` where that is not known."""
        taken = [(self.found.layers.get(value.producer), value.port) for value in node.inputs]
        if any(path is None for path, _ in taken):
            return None
        return self.old.forms[node.path] if is_exact else node.op.name, tuple(taken)


def _gaps(pairs: Sequence[tuple[int, int]], old: int, new: int) -> list[tuple[range, range]]:
    """What is left over between pairs, on both sides."""
    gaps = []
    before = (-1, -1)
    for pair in (*pairs, (old, new)):
        gaps.append((range(before[0] + 1, pair[0]), range(before[1] + 1, pair[1])))
        before = pair
    return [(ones, others) for ones, others in gaps if ones and others]


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """How much of what is in two groups is in both, from 0 to 1."""
    whole = one.total() + other.total()
    return 2 * (one & other).total() / whole if whole else 1.0
