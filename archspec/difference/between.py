"""From two graphs to what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import final

from archspec.difference import Change, Difference, Fact, Kind, Use
from archspec.difference.edits import edits, moves, str_of
from archspec.difference.matching import Member, match
from archspec.difference.pair import Pair
from archspec.difference.places import nodes_in
from archspec.difference.repeats import absorbed
from archspec.difference.whole import facts_of_models
from archspec.difference.wrapping import wrapped
from archspec.graph import Graph, Group, Node, Path
from archspec.passes.cost import Cost
from archspec.summary import Summary


def between(
    old: Summary, new: Summary, names: tuple[str, str], expectations: tuple[Sequence[str], Sequence[str]] = ((), ())
) -> Difference:
    """What differs between two models.

    Args:
        old: the first model.
        new: the second one.
        names: what they are called.
        expectations: what their specs expect of them.
    """
    pair = Pair(old, new, match(old.graph, new.graph))
    facts = tuple(facts_of_models(old, new, pair.wirings, expectations))
    return Difference(old, new, names, facts, _Teller(pair).changes(), pair.matching)


@final
class _Teller:
    """Goes through both models side by side, and tells of each layer and group that is not as it was."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.old, self.new = pair.old.graph, pair.new.graph
        self.absorbed = absorbed(pair)
        self.wrapped = wrapped(pair)
        self.found: list[tuple[Kind, Graph, Use]] = []
        self.told: set[int] = set()
        """What is said of several layers together, and was."""

    def changes(self) -> tuple[Change, ...]:
        self._walk((), ())
        return self._folded()

    # -------------------------------------------------------------------------------------------------- in order

    def _walk(self, old: Path, new: Path) -> None:
        """Tell of two groups that are the same, member by member, with what was removed where it was."""
        mine = self.old.members(old)
        numbers = {each.path: number for number, each in enumerate(mine)}
        place = 0
        for its in self.new.members(new):
            origin = self.pair.origin_of(its)
            if origin is not None and origin in numbers and origin not in self.pair.matching.moved:
                while place < numbers[origin]:
                    self._tell_old(mine[place])
                    place += 1
            self._tell_new(its)
        for each in mine[place:]:
            self._tell_old(each)

    def _tell_new(self, member: Member) -> None:
        origin, graph = self.pair.origin_of(member), self.new
        if self._is_absorbed(graph, member.path):
            return
        if isinstance(member, Node):
            if origin is None:
                self._add(Kind.ADDED, graph, self._use_of(member, Kind.ADDED, graph))
            else:
                self._tell_pair(self.old.node(origin), member)
            return
        if origin is not None:
            self._tell_groups(self.old.groups[origin], member)
            self._walk(origin, member.path)
        elif any(node.path in self.pair.origin.layers for node in nodes_in(graph, member)):
            for each in graph.members(member.path):
                self._tell_new(each)
        else:
            self._add(Kind.ADDED, graph, self._use_of(member, Kind.ADDED, graph))

    def _tell_old(self, member: Member) -> None:
        graph = self.old
        if self._is_absorbed(graph, member.path):
            return
        if isinstance(member, Node):
            if member.path not in self.pair.matching.layers:
                self._add(Kind.REMOVED, graph, self._use_of(member, Kind.REMOVED, graph))
            return
        if member.path in self.pair.matching.groups:
            return
        if any(node.path in self.pair.matching.layers for node in nodes_in(graph, member)):
            for each in graph.members(member.path):
                self._tell_old(each)
        else:
            self._add(Kind.REMOVED, graph, self._use_of(member, Kind.REMOVED, graph))

    def _add(self, kind: Kind, graph: Graph, use: Use) -> None:
        self.found.append((kind, graph, use))

    def _is_absorbed(self, graph: Graph, path: Path) -> bool:
        """Whether a member is of a pass that there was not before, or is no more."""
        use = self.absorbed.get((id(graph), path))
        if use is not None:
            self._add_once(Kind.REPEATED, use)
        return use is not None

    def _add_once(self, kind: Kind, use: Use) -> None:
        """Tell of several layers together, where the first of them stands."""
        if id(use) not in self.told:
            self.told.add(id(use))
            self._add(kind, self.new, use)

    # ----------------------------------------------------------------------------------------- one without another

    def _use_of(self, member: Member, kind: Kind, graph: Graph) -> Use:
        """What was added or removed."""
        is_new = kind is Kind.ADDED
        nodes = list(nodes_in(graph, member))
        cost = self.pair.cost(graph, nodes)
        what = (member.block or "") if isinstance(member, Group) else str_of(member.op)
        inside = {node.path for node in nodes}
        behind = dict.fromkeys(value.name for node in nodes for value in node.inputs if value.producer not in inside)
        return Use(
            old=None if is_new else member.path,
            new=member.path if is_new else None,
            old_what="" if is_new else what,
            new_what=what if is_new else "",
            before=Cost() if is_new else cost,
            after=cost if is_new else Cost(),
            layers=len(nodes),
            home=self.pair.places(graph).block(member.path),
            behind=", ".join(behind),
        )

    def _tell_groups(self, old: Group, new: Group) -> None:
        inside = {self.pair.origin.layers.get(node.path) for node in nodes_in(self.new, new)}
        if not any(node.path in inside for node in nodes_in(self.old, old)):
            return  # They have a place and a name, but nothing else.
        facts = list(moves(self.pair, old, new))
        if old.block != new.block:
            facts.insert(0, Fact("block", old.block, new.block))
        if facts:
            kind = _kind(facts)
            self._add(
                kind,
                self.new,
                Use(
                    old.path,
                    new.path,
                    old.block or "",
                    new.block or "",
                    tuple(facts),
                    layers=0,
                    home=self.pair.places(self.new).block(new.path),
                ),
            )

    def _tell_pair(self, old: Node, new: Node) -> None:
        whole = self.wrapped.get(new.path)
        if whole is not None:
            self._add_once(Kind.RENAMED, whole)
            return
        facts = [*edits(self.pair, old, new), *moves(self.pair, old, new)]
        shapes = tuple(
            Fact("output" if len(old.outputs) == 1 else f"output {number + 1}", one, other)
            for number, (one, other) in enumerate(
                zip_longest(*([str(each.shape) for each in node.outputs] for node in (old, new)))
            )
            if one != other
        )
        before, after = self.pair.cost(self.old, [old]), self.pair.cost(self.new, [new])
        if not facts and not shapes and (before.parameters, before.macs) == (after.parameters, after.macs):
            return
        self._add(
            _kind(facts) if facts else Kind.AFFECTED,
            self.new,
            Use(
                old.path,
                new.path,
                str_of(old.op),
                str_of(new.op),
                tuple(facts),
                shapes,
                before,
                after,
                home=self.pair.places(self.new).block(new.path),
            ),
        )

    # ---------------------------------------------------------------------------------------------------- folding

    def _folded(self) -> tuple[Change, ...]:
        """The same part of several uses of a block, or of several passes, is one change."""
        together: dict[tuple[Kind, Path, tuple[str, str], Path], list[Use]] = {}
        for kind, graph, use in self.found:
            places = self.pair.places(graph)
            place = places.place(use.path)
            if kind is Kind.REPEATED:
                place = (*place, use.new_what)
            elif any(fact.name == "block" for fact in use.facts):
                place = (use.new_what,)
            ops = (use.old_what.partition("(")[0], use.new_what.partition("(")[0])
            names = tuple(fact.name for fact in use.facts)
            together.setdefault((kind, place, ops, names), []).append(use)
        found = []
        for (kind, place, _, _), uses in together.items():
            name = uses[0].name if len(uses) == 1 else ".".join(place[:-1] if kind is Kind.REPEATED else place)
            found.append(Change(kind, name or self.pair.new.model, tuple(uses)))
        return tuple(found)


def _kind(facts: Sequence[Fact]) -> Kind:
    names = {fact.name for fact in facts}
    if names - {"name", "place"}:
        return Kind.CHANGED
    return Kind.MOVED if "place" in names else Kind.RENAMED
