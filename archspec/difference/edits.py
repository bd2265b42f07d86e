"""What was done to one layer or group: its settings, its inputs, its weights, its name and its place."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.difference import Fact, Kind
from archspec.difference.matching import Member, is_given, setting_text
from archspec.difference.pair import Pair
from archspec.difference.whole import facts_by_name
from archspec.graph import Graph, Node, Path, Value
from archspec.op import Op
from archspec.summary import Summary


def edits(pair: Pair, old: Node, new: Node) -> Iterator[Fact]:
    """What was done to a layer: its op and settings, what it takes, and its weights."""
    if old.op.name != new.op.name:
        yield Fact("op", str_of(old.op), str_of(new.op))
    else:
        yield from _settings(old.op, new.op)
    if not _has_same_inputs(pair, old, new):
        one = ", ".join(_short(pair, value, old, pair.old.graph) for value in old.inputs)
        other = ", ".join(_short(pair, value, new, pair.new.graph) for value in new.inputs)
        # What goes by one name on both sides may yet be another layer; then its whole name tells.
        if one == other:
            one, other = (", ".join(value.name for value in each.inputs) for each in (old, new))
        yield Fact("inputs", one, other if one != other else f"{other}, in another way")
    owners = [None if each is None else ".".join(each) for each in (old.shares, new.shares)]
    if (None if old.shares is None else pair.matching.layers.get(old.shares, ("?",))) != new.shares:
        yield Fact("weights of", *owners)
    ties = [{name: f"{'.'.join(each.path)}.{each.weight}" for name, each in node.ties.items()} for node in (old, new)]
    meant = {
        name: f"{'.'.join(pair.matching.layers.get(each.path, each.path))}.{each.weight}"
        for name, each in old.ties.items()
    }
    if meant != ties[1]:
        yield from facts_by_name("weight", ties[0], ties[1])
    starts = [{name: str(each) for name, each in node.init.items()} for node in (old, new)]
    yield from facts_by_name("start of", *starts)


def _has_same_inputs(pair: Pair, old: Node, new: Node) -> bool:
    if len(old.inputs) != len(new.inputs):
        return False
    return new.path in pair.wirings.new.sources or all(map(pair.wirings.are_same, old.inputs, new.inputs))


def _short(pair: Pair, value: Value, node: Node, graph: Graph) -> str:
    """The name of a value as it is called in the block around a layer."""
    around = pair.places(graph).block(node.path)
    port = f" ({value.port + 1})" if value.port else ""
    inside = value.producer[: len(around)] == around
    return ".".join(value.producer[len(around) :] if inside else value.producer) + port


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
    from archspec.difference.between import between  # A cell is compared as a model is.

    inner = between(Summary(old), Summary(new), (old.name, new.name))
    if old.name != new.name:
        yield Fact("cell", old.name, new.name)
    for fact in inner.facts:
        if fact.name.partition(" ")[0] not in ("name", "parameter", "receptive"):
            yield Fact(f"{new.name}: {fact.name}", fact.old, fact.new)
    for change in inner.done:
        for use in change.uses:
            if change.kind in (Kind.ADDED, Kind.REMOVED):
                yield Fact(f"{new.name}.{use.name}", use.old_what or None, use.new_what or None)
            for fact in use.facts:
                yield Fact(f"{new.name}.{use.name}: {fact.name}", fact.old, fact.new)


def moves(pair: Pair, old: Member, new: Member) -> Iterator[Fact]:
    """What became of the name and the place of a layer or group."""
    around = pair.matching.groups.get(old.path[:-1])
    is_named = is_given(old) or is_given(new)
    if around != new.path[:-1]:
        yield Fact("name", *_moved_names(pair, old.path, new.path))
    elif old.path[-1] != new.path[-1] and is_named:
        yield Fact("name", old.path[-1], new.path[-1])
    if old.path in pair.matching.moved:
        yield Fact("place", _before(pair.old.graph, old), _before(pair.new.graph, new))


def _moved_names(pair: Pair, old: Path, new: Path) -> tuple[str, str]:
    """What something is called that stands in another group now: within the block that is around both, if any."""
    mine, its = (pair.places(each.graph).block(path) for each, path in ((pair.old, old), (pair.new, new)))
    if not mine or pair.matching.groups.get(mine) != its:
        mine = its = ()
    return ".".join(old[len(mine) :]), ".".join(new[len(its) :])


def _before(graph: Graph, member: Member) -> str:
    members = [each.path for each in graph.members(member.path[:-1])]
    number = members.index(member.path)
    return f"behind {members[number - 1][-1]}" if number else "first"


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
