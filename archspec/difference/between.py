"""From two graphs to what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from archspec.difference import Change, Difference, Fact, Kind, Use
from archspec.difference.matching import Matching, Member, is_given, match, setting_text
from archspec.difference.wiring import Wirings
from archspec.expression import written
from archspec.graph import Graph, Group, Node, Output, Path, Repetition, Value
from archspec.op import Op
from archspec.passes.cost import Cost
from archspec.passes.receptive_field import ReceptiveField
from archspec.summary import Summary
from archspec.summary.wording import field

ANY: Final = "*"
"""Stands for the name of a pass, where something is told of all passes."""


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
    matching = match(old.graph, new.graph)
    wirings = Wirings(old.graph, new.graph, matching)
    changes = _Teller(old, new, matching, wirings).changes()
    facts = tuple(_of_models(old, new, wirings, expectations))
    return Difference(old, new, names, facts, changes, matching)


# ---------------------------------------------------------------------------------------------------- whole models


def _of_models(
    old: Summary, new: Summary, wirings: Wirings, expectations: tuple[Sequence[str], Sequence[str]]
) -> Iterator[Fact]:
    if old.model != new.model:
        yield Fact("name", old.model, new.model)
    given = [{name: written(value) for name, value in each.graph.settings.items()} for each in (old, new)]
    yield from _facts("parameter", *given)
    yield from _facts("input", *({name: str(shape) for name, shape in each.inputs} for each in (old, new)))
    outputs = [{each.name: each for each in summary.graph.outputs} for summary in (old, new)]
    yield from _facts("output", *({name: _gives(each) for name, each in some.items()} for some in outputs))
    for name, one in outputs[0].items():
        other = outputs[1].get(name)
        if other is not None and not wirings.are_same(one.value, other.value):
            yield Fact(
                "output comes from" if name == "output" else f"output {name} comes from",
                one.value.name,
                other.value.name,
            )
    fields = [_fields(each) for each in (old, new)]
    for name, seen in fields[0].items():
        if fields[1].get(name, seen) != seen:
            yield Fact("receptive field" if name == "output" else f"receptive field of {name}", seen, fields[1][name])
    mine, its = (dict.fromkeys(each) for each in expectations)
    for text in mine:
        if text not in its:
            yield Fact("expects", text, None)
    for text in its:
        if text not in mine:
            yield Fact("expects", None, text)


def _gives(output: Output) -> str:
    return f"{output.shape}, in training" if output.in_training_only else str(output.shape)


def _fields(summary: Summary) -> dict[str, str]:
    """What each output sees of the inputs, by its name; nothing where there is nothing to see."""
    found: dict[str, tuple[ReceptiveField, ...]] = {
        each.name: summary.fields[each.value.producer]
        for each in summary.graph.outputs
        if each.value.producer in summary.fields
    }
    return {name: field(each, is_named=len(summary.inputs) > 1) for name, each in found.items() if each}


def _facts(title: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Fact]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Fact(title if name == title else f"{title} {name}", old.get(name), new.get(name))


# ---------------------------------------------------------------------------------------------------------- layers


@final
class _Teller:
    def __init__(self, old: Summary, new: Summary, matching: Matching, wirings: Wirings) -> None:
        self.old, self.new = old, new
        self.matching, self.wirings = matching, wirings
        self.origin = matching.inverse
        self.places = {id(each.graph): _Places(each.graph) for each in (old, new)}
        self.absorbed: dict[tuple[int, Path], int] = {}
        """The passes that are told of as such: which change of a repeat each member belongs to, by graph and path."""

        self.repeats: list[Use] = []
        self.wrapped: dict[Path, Use] = {}
        """Of new layers that are as they were, but in a group now, or in none: what is told of all of them once."""

        self.told: set[int] = set()
        self.found: list[tuple[Kind, Graph, Use]] = []

    def changes(self) -> tuple[Change, ...]:
        self._find_repeats()
        self._find_wrapped()
        self._walk((), ())
        return self._folded()

    # -------------------------------------------------------------------------------------------------- in order

    def _walk(self, old: Path, new: Path) -> None:
        """Tell of two groups that are the same, member by member, with what was removed where it was."""
        mine = self.old.graph.members(old)
        numbers = {each.path: number for number, each in enumerate(mine)}
        place = 0
        for its in self.new.graph.members(new):
            origin = self._origin(its)
            if origin is not None and origin in numbers and origin not in self.matching.moved:
                while place < numbers[origin]:
                    self._tell_old(mine[place])
                    place += 1
            self._tell_new(its)
        for each in mine[place:]:
            self._tell_old(each)

    def _origin(self, member: Member) -> Path | None:
        return (self.origin.groups if isinstance(member, Group) else self.origin.layers).get(member.path)

    def _tell_new(self, member: Member) -> None:
        origin, graph = self._origin(member), self.new.graph
        if self._is_absorbed(graph, member.path):
            return
        if isinstance(member, Node):
            if origin is None:
                self._add(Kind.ADDED, graph, self._use_of(member, Kind.ADDED, graph))
            else:
                self._tell_pair(self.old.graph.node(origin), member)
            return
        if origin is not None:
            self._tell_groups(self.old.graph.groups[origin], member)
            self._walk(origin, member.path)
        elif any(node.path in self.origin.layers for node in _nodes(graph, member)):
            for each in graph.members(member.path):
                self._tell_new(each)
        else:
            self._add(Kind.ADDED, graph, self._use_of(member, Kind.ADDED, graph))

    def _tell_old(self, member: Member) -> None:
        graph = self.old.graph
        if self._is_absorbed(graph, member.path):
            return
        if isinstance(member, Node):
            if member.path not in self.matching.layers:
                self._add(Kind.REMOVED, graph, self._use_of(member, Kind.REMOVED, graph))
            return
        if member.path in self.matching.groups:
            return
        if any(node.path in self.matching.layers for node in _nodes(graph, member)):
            for each in graph.members(member.path):
                self._tell_old(each)
        else:
            self._add(Kind.REMOVED, graph, self._use_of(member, Kind.REMOVED, graph))

    def _add(self, kind: Kind, graph: Graph, use: Use) -> None:
        self.found.append((kind, graph, use))

    def _is_absorbed(self, graph: Graph, path: Path) -> bool:
        """Whether a member is of a pass that there was not before, or is no more; this is told once."""
        number = self.absorbed.get((id(graph), path))
        if number is not None and number not in self.told:
            self.told.add(number)
            self._add(Kind.REPEATED, self.new.graph, self.repeats[number])
        return number is not None

    # ----------------------------------------------------------------------------------------- one without another

    def _use_of(self, member: Member, kind: Kind, graph: Graph) -> Use:
        """What was added or removed."""
        is_new = kind is Kind.ADDED
        nodes = list(_nodes(graph, member))
        cost = self._cost(graph, nodes)
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
            home=self.places[id(graph)].block(member.path),
            behind=", ".join(behind),
        )

    def _cost(self, graph: Graph, nodes: Sequence[Node]) -> Cost:
        layers = (self.new if graph is self.new.graph else self.old).costs.layers
        return layers[nodes[0].path] if len(nodes) == 1 else Cost.total(layers[node.path] for node in nodes)

    # ----------------------------------------------------------------------------------------------------- pairs

    def _tell_groups(self, old: Group, new: Group) -> None:
        inside = {self.origin.layers.get(node.path) for node in _nodes(self.new.graph, new)}
        if not any(node.path in inside for node in _nodes(self.old.graph, old)):
            return  # They have a place and a name, but nothing else.
        facts = list(self._names(old, new))
        if old.block != new.block:
            facts.insert(0, Fact("block", old.block, new.block))
        if facts:
            kind = _kind(facts)
            self._add(
                kind,
                self.new.graph,
                Use(
                    old.path,
                    new.path,
                    old.block or "",
                    new.block or "",
                    tuple(facts),
                    layers=0,
                    home=self.places[id(self.new.graph)].block(new.path),
                ),
            )

    def _names(self, old: Member, new: Member) -> Iterator[Fact]:
        around = self.matching.groups.get(old.path[:-1])
        is_named = is_given(old) or is_given(new)
        if around != new.path[:-1]:
            yield Fact("name", *self._moved_names(old.path, new.path))
        elif old.path[-1] != new.path[-1] and is_named:
            yield Fact("name", old.path[-1], new.path[-1])
        if old.path in self.matching.moved:
            yield Fact("place", self._before(self.old.graph, old), self._before(self.new.graph, new))

    def _moved_names(self, old: Path, new: Path) -> tuple[str, str]:
        """What something is called that stands in another group now: within the block that is around both, if any."""
        mine, its = (self.places[id(each.graph)].block(path) for each, path in ((self.old, old), (self.new, new)))
        if not mine or self.matching.groups.get(mine) != its:
            mine = its = ()
        return ".".join(old[len(mine) :]), ".".join(new[len(its) :])

    def _before(self, graph: Graph, member: Member) -> str:
        members = [each.path for each in graph.members(member.path[:-1])]
        number = members.index(member.path)
        return f"behind {members[number - 1][-1]}" if number else "first"

    def _tell_pair(self, old: Node, new: Node) -> None:
        whole = self.wrapped.get(new.path)
        if whole is not None:
            if not any(use is whole for _, _, use in self.found):
                self._add(Kind.RENAMED, self.new.graph, whole)
            return
        facts = [*self._edits(old, new), *self._names(old, new)]
        shapes = tuple(
            Fact("output" if len(old.outputs) == 1 else f"output {number + 1}", one, other)
            for number, (one, other) in enumerate(
                _padded([str(each.shape) for each in old.outputs], [str(each.shape) for each in new.outputs])
            )
            if one != other
        )
        before, after = (self._cost(graph, [node]) for graph, node in ((self.old.graph, old), (self.new.graph, new)))
        if not facts and not shapes and (before.parameters, before.macs) == (after.parameters, after.macs):
            return
        self._add(
            _kind(facts) if facts else Kind.AFFECTED,
            self.new.graph,
            Use(
                old.path,
                new.path,
                str_of(old.op),
                str_of(new.op),
                tuple(facts),
                shapes,
                before,
                after,
                home=self.places[id(self.new.graph)].block(new.path),
            ),
        )

    def _edits(self, old: Node, new: Node) -> Iterator[Fact]:
        if old.op.name != new.op.name:
            yield Fact("op", str_of(old.op), str_of(new.op))
        else:
            yield from _settings(old.op, new.op)
        if not self._has_same_inputs(old, new):
            one = ", ".join(self._short(value, old, self.old.graph) for value in old.inputs)
            other = ", ".join(self._short(value, new, self.new.graph) for value in new.inputs)
            # What goes by one name on both sides may yet be another layer; then its whole name tells.
            if one == other:
                one, other = (", ".join(value.name for value in each.inputs) for each in (old, new))
            yield Fact("inputs", one, other if one != other else f"{other}, in another way")
        owners = [None if each is None else ".".join(each) for each in (old.shares, new.shares)]
        if (None if old.shares is None else self.matching.layers.get(old.shares, ("?",))) != new.shares:
            yield Fact("weights of", *owners)
        ties = [
            {name: f"{'.'.join(each.path)}.{each.weight}" for name, each in node.ties.items()} for node in (old, new)
        ]
        meant = {
            name: f"{'.'.join(self.matching.layers.get(each.path, each.path))}.{each.weight}"
            for name, each in old.ties.items()
        }
        if meant != ties[1]:
            yield from _facts("weight", ties[0], ties[1])
        starts = [{name: str(each) for name, each in node.init.items()} for node in (old, new)]
        yield from _facts("start of", *starts)

    def _has_same_inputs(self, old: Node, new: Node) -> bool:
        if len(old.inputs) != len(new.inputs):
            return False
        return new.path in self.wirings.new.sources or all(map(self.wirings.are_same, old.inputs, new.inputs))

    def _short(self, value: Value, node: Node, graph: Graph) -> str:
        """The name of a value as it is called in the block around a layer."""
        around = self.places[id(graph)].block(node.path)
        port = f" ({value.port + 1})" if value.port else ""
        inside = value.producer[: len(around)] == around
        return ".".join(value.producer[len(around) :] if inside else value.producer) + port

    # ---------------------------------------------------------------------------------------------------- wrapping

    def _find_wrapped(self) -> None:
        """Find layers that were put into a group, or taken out of one, and are otherwise as they were."""
        for graph, groups, layers in (
            (self.new.graph, self.origin.groups, self.origin.layers),
            (self.old.graph, self.matching.groups, self.matching.layers),
        ):
            for path, group in graph.groups.items():
                if path in groups or (path[:-1] not in groups and path[:-1]):
                    continue
                inside = list(_nodes(graph, group))
                others = [layers[node.path] for node in inside if node.path in layers]
                if len(others) < max(len(inside), 2):
                    continue
                news = [node.path for node in inside] if graph is self.new.graph else others
                if all(self._is_as_it_was(self.old.graph.node(self.origin.layers[each]), each) for each in news):
                    self._wrap(group, graph is self.new.graph, news)

    def _is_as_it_was(self, old: Node, path: Path) -> bool:
        new = self.new.graph.node(path)
        shapes = [[str(value.shape) for value in node.outputs] for node in (old, new)]
        is_free = old.path not in self.matching.moved and path not in self.wrapped
        return is_free and shapes[0] == shapes[1] and not any(self._edits(old, new))

    def _wrap(self, group: Group, is_new: bool, news: Sequence[Path]) -> None:
        olds = [self.origin.layers[each] for each in news]
        loose = olds if is_new else news
        words = f"{'.'.join(loose[0])} to {'.'.join(loose[-1])}"
        names = (words, group.name) if is_new else (group.name, words)
        nodes = [self.new.graph.node(each) for each in news]
        use = Use(
            olds[0] if is_new else group.path,
            group.path if is_new else news[0],
            f"{len(news)} layers",
            f"{len(news)} layers",
            (Fact("name", *names),),
            before=self._cost(self.old.graph, [self.old.graph.node(each) for each in olds]),
            after=self._cost(self.new.graph, nodes),
            layers=len(news),
        )
        self.wrapped |= dict.fromkeys(news, use)

    # ---------------------------------------------------------------------------------------------------- repeats

    def _find_repeats(self) -> None:
        news: dict[Path, list[Repetition]] = {}
        for repetition in self.new.graph.repeats:
            news.setdefault(repetition.path, []).append(repetition)
        for old in self.old.graph.repeats:
            path = self.matching.groups.get(old.path)
            candidates = [] if path is None else news.get(path, [])
            new = max(candidates, key=lambda each: self._shared(old, each), default=None)
            if new is not None and self._shared(old, new) and len(old.passes) != len(new.passes):
                self._find_passes(old, new)

    def _shared(self, old: Repetition, new: Repetition) -> int:
        theirs = {path for members in new.passes for path in members}
        return sum(self._partner(path) in theirs for members in old.passes for path in members)

    def _partner(self, path: Path) -> Path | None:
        return self.matching.layers.get(path) or self.matching.groups.get(path)

    def _find_passes(self, old: Repetition, new: Repetition) -> None:
        """See whether all that differs is how often something is repeated."""
        is_more = len(new.passes) > len(old.passes)
        graph, longer = (self.new.graph, new) if is_more else (self.old.graph, old)
        known = (
            {*self.origin.layers, *self.origin.groups} if is_more else {*self.matching.layers, *self.matching.groups}
        )
        surplus = [members for members in longer.passes if not any(path in known for path in members)]
        if len(surplus) != abs(len(new.passes) - len(old.passes)):
            return
        nodes = [node for members in surplus for path in members for node in _at(graph, path)]
        if any(node.path in known for node in nodes) or any((id(graph), path) in self.absorbed for path in surplus[0]):
            return
        cost = self._cost(graph, nodes)
        whats = dict.fromkeys(_what(graph, path) for path in surplus[0])
        what = ", ".join(filter(None, whats))
        number = len(self.repeats)
        self.absorbed |= {(id(graph), path): number for members in surplus for path in members}
        self.repeats.append(
            Use(
                old.path,
                new.path,
                what,
                what,
                (Fact("passes", str(len(old.passes)), str(len(new.passes))),),
                before=Cost() if is_more else cost,
                after=cost if is_more else Cost(),
                layers=len(nodes),
            )
        )

    # ---------------------------------------------------------------------------------------------------- folding

    def _folded(self) -> tuple[Change, ...]:
        """The same part of several uses of a block, or of several passes, is one change."""
        together: dict[tuple[Kind, Path, tuple[str, str], Path], list[Use]] = {}
        for kind, graph, use in self.found:
            places = self.places[id(graph)]
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
            found.append(Change(kind, name or self.new.model, tuple(uses)))
        return tuple(found)


def str_of(op: Op) -> str:
    """An op as a spec writes it; a cell by its name."""
    holds_graph = any(isinstance(value, Graph) for value in op.chosen().values())
    if not holds_graph:
        return str(op)
    given = [
        setting_text(value) if name in op.positional()[:1] else f"{name}={setting_text(value)}"
        for name, value in op.chosen().items()
    ]
    return f"{op.name}({', '.join(given)})"


def _settings(old: Op, new: Op) -> Iterator[Fact]:
    """The settings of two ops of the same name that differ, those at their defaults included."""
    for name in dict.fromkeys((*type(old).model_fields, *type(new).model_fields)):
        one, other = (getattr(each, name, None) for each in (old, new))
        if isinstance(one, Graph) and isinstance(other, Graph):
            yield from _of_cells(one, other)
            continue
        texts = [setting_text(each) if each is not None else "none" for each in (one, other)]
        if texts[0] != texts[1]:
            yield Fact(name, *texts)


def _of_cells(old: Graph, new: Graph) -> Iterator[Fact]:
    """What differs between two cells, as facts about the layers that run them."""
    if old is new:
        return
    inner = between(Summary(old), Summary(new), (old.name, new.name))
    if old.name != new.name:
        yield Fact("cell", old.name, new.name)
    for fact in inner.facts:
        if fact.name.partition(" ")[0] not in ("name", "parameter", "receptive"):
            yield Fact(f"{new.name}: {fact.name}", fact.old, fact.new)
    for change in inner.changes:
        for use in change.uses if change.kind is not Kind.AFFECTED else ():
            if change.kind in (Kind.ADDED, Kind.REMOVED):
                yield Fact(f"{new.name}.{use.name}", use.old_what or None, use.new_what or None)
            for fact in use.facts:
                yield Fact(f"{new.name}.{use.name}: {fact.name}", fact.old, fact.new)


def _kind(facts: Sequence[Fact]) -> Kind:
    names = {fact.name for fact in facts}
    if names - {"name", "place"}:
        return Kind.CHANGED
    return Kind.MOVED if "place" in names else Kind.RENAMED


def _padded(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    for number in range(max(len(one), len(other))):
        yield one[number] if number < len(one) else None, other[number] if number < len(other) else None


def _nodes(graph: Graph, member: Member) -> Iterator[Node]:
    if isinstance(member, Node):
        yield member
        return
    for each in graph.members(member.path):
        yield from _nodes(graph, each)


def _at(graph: Graph, path: Path) -> Iterator[Node]:
    yield from _nodes(graph, graph.groups[path] if path in graph.groups else graph.node(path))


def _what(graph: Graph, path: Path) -> str:
    return graph.groups[path].block or "" if path in graph.groups else str_of(graph.node(path).op)


@final
class _Places:
    """How the layers of a graph are called where several of them are told of at once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.passes = {path for each in graph.repeats for members in each.passes for path in members}

    def block(self, path: Path) -> Path:
        """The innermost use of a block around a layer or group; the model where there is none."""
        for depth in range(len(path) - 1, 0, -1):
            if self.graph.groups[path[:depth]].block is not None:
                return path[:depth]
        return ()

    def place(self, path: Path) -> tuple[str, ...]:
        """The name within the innermost block, with one sign for all passes of a repeat."""
        if path in self.passes and path in self.graph.groups and self.graph.groups[path].block:
            return (self.graph.groups[path].block or "",)
        around = self.block(path)
        words = [self.graph.groups[around].block or ""] if around else []
        for depth in range(len(around) + 1, len(path)):
            words.append(ANY if path[:depth] in self.passes else path[depth - 1])
        return (*words, self._last(path)) if path else ()

    def _last(self, path: Path) -> str:
        if path not in self.passes:
            return path[-1]
        if path in self.graph.groups:
            return ANY
        node = self.graph.node(path)
        return path[-1] if node.is_named else node.op.name
