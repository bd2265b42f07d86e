"""Folding: which groups are open and which are one box, and which passes of a repeat stand for others.

It is done once, here, on the graph. What comes out is a `View`: items to be drawn, the groups that are drawn around
them, and a `Structure` of the links between them. The layout and the writers of Mermaid and DOT see a model only
through this, so that every format shows the same.

- A repeat whose passes are alike is drawn once, with a badge that says how often it runs. A pass that is asked for by
  its name is drawn on its own, and all others with it.
- A group is open or closed as was asked for. Where nothing was asked for, groups are opened level by level, all uses of
  a block or none, as long as what is then shown can be read at a glance.
- A layer that only changes values, such as an activation, is a band at the lower edge of the layer that it follows.
- A group with one item in it has no frame: the item has its name.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph, Group, Node, Path, Value
from archspec.repetition import runs
from archspec_diagram import wording
from archspec_diagram.asked import Asked
from archspec_diagram.structure import Key, Kind, Link, Structure, common, plain
from archspec_diagram.view import Badge, Container, Item, View

GLANCE: Final = 42.0
"""A figure with more boxes is no longer read at a glance; groups stay closed that would make it larger."""

_BAND: Final = 0.5
"""What a band at the lower edge of a box counts for, since it is half as high."""


def view_of(graph: Graph, drawing: Drawing, opened: Collection[Path] | None = None) -> View:
    """The model as it was asked for, or with these groups open and all others closed.

    Raises:
        DrawingError: there is no such path, or what is there cannot be folded.
    """
    return _Folder(graph, drawing).view(opened)


@final
class _Leaf(Struct):
    nodes: list[Node]
    name: str
    group: Group | None = None
    badge: Badge | None = None


@final
class _Frame(Struct):
    path: Path
    name: str
    identity: str
    inside: list[_Part]
    group: Group | None = None
    badge: Badge | None = None


_Part: TypeAlias = "_Leaf | _Frame"


@final
class _Folder:
    def __init__(self, graph: Graph, drawing: Drawing) -> None:
        self.graph, self.drawing = graph, drawing
        self.asked = {name: Asked(graph, name, getattr(drawing, name)) for name in ("expand", "fold", "highlight")}
        self.uses = _uses(graph)
        self.shown_for, self.badges, self.passes, self.names = self._repeats()
        self.is_glued = {node.path for node in graph.nodes if self._follows(node)}
        self.must_open: set[Path] = set()

    def view(self, asked: Collection[Path] | None) -> View:
        while True:
            opened = self._opened() if asked is None else self.must_open.union(asked)
            view, circular = self._view(opened)
            if not circular:
                return view
            for path in circular:
                if path in self.asked["fold"].paths:
                    raise DrawingError(
                        f"`{'.'.join(path)}` cannot be folded: layers outside take from it, and give to it again"
                    )
            self.must_open |= circular

    # ---------------------------------------------------------------------------------------------------- repeats

    def _repeats(
        self,
    ) -> tuple[dict[Path, Path], dict[Path, Badge], dict[Path, tuple[tuple[Path, ...], Badge]], dict[Path, str]]:
        """Which layer is shown for another; the badges of single members; by its first member, each pass of several;
        and the names of all that a single member is shown for."""
        shown_for: dict[Path, Path] = {}
        badges: dict[Path, Badge] = {}
        passes: dict[Path, tuple[tuple[Path, ...], Badge]] = {}
        names: dict[Path, str] = {}
        named = [path for asked in self.asked.values() for path in asked.exact]
        for repetition in self.graph.repeats:
            if any(node.path in shown_for for each in repetition.passes[:1] for node in self._inside(each)):
                continue
            first = 0
            for run in (each.times for each in runs(self.graph, repetition)):
                members = repetition.passes[first : first + run]
                first += run
                layers = [self._inside(each) for each in members]
                is_named = any(
                    name[: len(member)] == member for each in members[1:] for member in each for name in named
                )
                if run == 1 or not layers[0] or is_named or not self._hands_on(layers):
                    continue
                for each in layers[1:]:
                    shown_for |= {other.path: one.path for one, other in zip(layers[0], each, strict=True)}
                badge = Badge(run, _is_same(layers))
                if len(members[0]) == 1:
                    badges[members[0][0]] = badge
                    names[members[0][0]] = _from_to(members[0][0][-1], members[-1][0][-1])
                else:
                    passes[members[0][0]] = members[0], badge
        for path in shown_for:
            while shown_for[path] in shown_for:
                shown_for[path] = shown_for[shown_for[path]]
        return shown_for, badges, passes, names

    def _hands_on(self, layers: Sequence[Sequence[Node]]) -> bool:
        """Whether whatever is outside takes from the last pass alone, so that the first can be shown for all."""
        inside = {node.path for each in layers for node in each}
        return not any(user not in inside for each in layers[:-1] for node in each for user in self.uses[node.path])

    def _inside(self, members: Iterable[Path]) -> list[Node]:
        found: list[Node] = []
        for path in members:
            if path in self.graph.groups:
                found += self._inside(each.path for each in self.graph.members(path))
            else:
                found.append(self.graph.node(path))
        return found

    def _follows(self, node: Node) -> bool:
        """Whether a layer is a band of the one before it, which nothing else takes from."""
        return bool(node.inputs) and node.inputs[0].producer[:-1] == node.path[:-1] and self._could_follow(node)

    def _could_follow(self, node: Node) -> bool:
        """The same, in whatever group the one before it is."""
        if node.op.family not in wording.SLIM or len(node.inputs) != 1 or node.path in self.shown_for:
            return False
        before = node.inputs[0].producer
        if before in self.shown_for or self.uses[before] != [node.path]:
            return False
        maker = self.graph.layers.get(before)
        if maker is None:
            return False
        is_wide = len(maker.inputs) > 1 and maker.op.family is wording.MERGE
        starts_pass = node.path in self.passes or node.path in self.badges or before in self.badges
        return not is_wide and not starts_pass and len(maker.outputs) == 1

    # ---------------------------------------------------------------------------------------------------- choosing

    def _opened(self) -> set[Path]:
        """The groups that are open."""
        graph, drawing = self.graph, self.drawing
        expand, fold = self.asked["expand"], self.asked["fold"]
        forced: dict[Path, bool] = {}
        for path in graph.groups:
            if path in self.must_open:
                forced[path] = True
            elif path in fold.paths:
                forced[path] = False
            elif any(_is_within(each, path) or _is_within(path, each) for each in expand.paths):
                forced[path] = True
            elif drawing.depth is not None:
                forced[path] = len(path) <= drawing.depth
        return self._what_fits(forced)

    def _what_fits(self, forced: Mapping[Path, bool]) -> set[Path]:
        graph = self.graph
        opened = {path for path, is_open in forced.items() if is_open}
        uses: dict[Path, set[Path]] = {}
        aside = {path for path in graph.groups if self._is_aside(path)}
        chosen = [path for path in graph.groups if path not in forced and path not in aside]
        kinds = self._kinds() if chosen else {}
        for path in chosen:
            uses.setdefault(kinds[path], set()).add(path)
        ends = len(graph.inputs) + len(graph.outputs)
        boxes = self._boxes((), opened)
        level, tried = self._groups((), opened), set[Path]()
        while level:
            for path in level:
                if path in forced or path in aside or kinds[path] in tried:
                    continue
                kind = kinds[path]
                tried.add(kind)
                more = self._boxes((), opened | uses[kind])
                if more <= boxes or ends + more <= GLANCE:
                    opened |= uses[kind]
                    boxes = more
            level = [inner for path in level if path in opened for inner in self._groups(path, opened)]
        return opened

    def _kinds(self) -> dict[Path, Path]:
        """Of each group, what it has in common with all that are opened with it: the uses of its block and, beside
        it, the branches that take what it takes, which are read together."""
        branches: dict[tuple[Path, frozenset[Path]], list[Path]] = {}
        for path, taken in self._taken().items():
            branches.setdefault((path[:-1], taken), []).append(path)
        found = {path: self._kind(path) for path in self.graph.groups}
        one_of: dict[Path, Path] = {}

        def first(kind: Path) -> Path:
            while kind in one_of:
                kind = one_of[kind]
            return kind

        for beside in branches.values():
            for path in beside[1:]:
                one, other = first(found[beside[0]]), first(found[path])
                if one != other:
                    one_of[other] = one
        return {path: first(kind) for path, kind in found.items()}

    def _taken(self) -> dict[Path, frozenset[Path]]:
        """What gives to each group from outside."""
        taken: dict[Path, set[Path]] = {}
        for node in self.graph.nodes:
            for value in node.inputs:
                inner = len(common(value.producer, node.path[:-1]))
                for depth in range(inner + 1, len(node.path)):
                    taken.setdefault(node.path[:depth], set()).add(value.producer)
        return {path: frozenset(producers) for path, producers in taken.items()}

    def _kind(self, path: Path) -> Path:
        """What all groups have in common that are the same part of a block: its uses, and each group inside of them."""
        for depth in range(len(path), 0, -1):
            block = self.graph.groups[path[:depth]].block
            if block is not None:
                return (block, *path[depth:])
        return path

    def _is_aside(self, path: Path) -> bool:
        """Whether all of a group is there in training alone, so that it is not what a figure is for."""
        training = self.graph.in_training_only
        return bool(training) and all(node.path in training for node in self._inside([path]))

    def _boxes(self, path: Path, opened: set[Path]) -> float:
        """How many boxes are in a group that is open."""
        boxes = 0.0
        for each in self._members(path):
            if isinstance(each, Node):
                boxes += _BAND if each.path in self.is_glued else 1
            else:
                boxes += self._boxes(each.path, opened) if each.path in opened else 1
        return boxes

    def _groups(self, path: Path, opened: set[Path]) -> list[Path]:
        return [each.path for each in self._members(path) if isinstance(each, Group)]

    def _members(self, path: Path) -> Iterator[Node | Group]:
        """What is directly in a group and is shown."""
        for member in self.graph.members(path):
            nodes = self._first(member.path) if isinstance(member, Group) else member
            if nodes is not None and nodes.path not in self.shown_for:
                yield member

    def _first(self, path: Path) -> Node | None:
        for member in self.graph.members(path):
            found = self._first(member.path) if isinstance(member, Group) else member
            if found is not None:
                return found
        return None

    # ------------------------------------------------------------------------------------------------- what is shown

    def _parts(self, path: Path, opened: set[Path]) -> list[_Part]:
        parts: list[_Part] = []
        homes: dict[Path, list[_Part]] = {}
        bands: dict[Path, _Leaf] = {}
        for member in self._members(path):
            home = homes.get(member.path, parts)
            if member.path in self.passes:
                members, badge = self.passes[member.path]
                name = "passes." + ".".join(map(plain, member.path))
                frame = _Frame((*path, f"passes {member.path[-1]}"), "", name, [], badge=badge)
                home.append(frame)
                home = frame.inside
                homes |= dict.fromkeys(members, home)
            badge_ = self.badges.get(member.path)
            if isinstance(member, Node):
                if member.path in self.is_glued:
                    leaf = bands[member.inputs[0].producer]
                    leaf.nodes.append(member)
                else:
                    leaf = _Leaf([member], self._name(member), badge=badge_)
                    home.append(leaf)
                bands[member.path] = leaf
            elif member.path in opened:
                name = Key(Kind.GROUP, member.path).identity
                inside = self._parts(member.path, opened)
                home.append(_Frame(member.path, self._name(member), name, inside, member, badge_))
            else:
                nodes = [each for each in self._inside([member.path]) if each.path not in self.shown_for]
                home.append(_Leaf(nodes, self._name(member), member, badge_))
        return self._joined([_simpler(part) for part in parts])

    def _name(self, member: Node | Group) -> str:
        """What the author called it, with those that it is shown for."""
        own = wording.group_name(member) if isinstance(member, Group) else wording.own_name(member)
        return own and wording.clean(self.names.get(member.path, own))

    def _joined(self, parts: Sequence[_Part]) -> list[_Part]:
        """The same, in which layers are bands of those before them that have lost the frames around them."""
        found: list[_Part] = []
        for part in parts:
            last = found[-1] if found else None
            if (
                isinstance(part, _Leaf)
                and isinstance(last, _Leaf)
                and (part.group, last.group, part.badge, last.badge) == (None, None, None, None)
                and part.name == wording.own_name(part.nodes[0])
                and self._could_follow(part.nodes[0])
                and part.nodes[0].inputs[0].producer == last.nodes[-1].path
            ):
                last.nodes += part.nodes
            else:
                found.append(part)
        return found

    def _view(self, opened: set[Path]) -> tuple[View, set[Path]]:
        """The view, and the groups that are closed although the way goes out of them and in again."""
        graph = self.graph
        inputs = [
            Item(
                Key(Kind.INPUT, value.producer),
                Key(Kind.INPUT, value.producer).identity,
                wording.clean(value.name),
                value=value,
                said=(value,),
            )
            for value in graph.inputs
        ]
        outputs = [
            Item(
                Key(Kind.OUTPUT, (str(number),)),
                Key(Kind.OUTPUT, (str(number),)).identity,
                wording.output_name(graph, number),
                value=output.value,
                in_training_only=output.in_training_only,
            )
            for number, output in enumerate(graph.outputs)
        ]
        found = _Found()
        self._collect(self._parts((), opened), (), found)
        of_node = {path: item.key for item in found.items for path in found.layers[item.key]}
        of_node |= {value.producer: item.key for value, item in zip(graph.inputs, inputs, strict=True)}

        links: list[Link] = []
        given: dict[Key, dict[Value, None]] = {}
        taken: dict[Key, dict[Value, None]] = {}
        for item in found.items:
            seen: set[tuple[Key, int]] = set()
            for node in item.nodes:
                for value in node.inputs:
                    source = of_node[self.shown_for.get(value.producer, value.producer)]
                    if source == item.key or (item.group is not None and (source, value.port) in seen):
                        continue
                    seen.add((source, value.port))
                    links.append(Link(source, item.key))
                    given.setdefault(source, {})[value] = None
                    taken.setdefault(item.key, {})[value] = None
        for output, item in zip(graph.outputs, outputs, strict=True):
            value = output.value
            source = of_node[self.shown_for.get(value.producer, value.producer)]
            links.append(Link(source, item.key))
            given.setdefault(source, {})[value] = None

        items = {item.key: item for item in (*inputs, *found.items, *outputs)}
        for key, item in items.items():
            if item.nodes:
                shapes = {value.shape for value in taken.get(key, ())}
                values = given.get(key) or dict.fromkeys(item.nodes[-1].outputs[:1])
                found_ = {value.shape: value for value in sorted(values, key=lambda value: value.port)}
                gives = tuple(found_.values())
                is_new = any(shape not in shapes for shape in found_)
                items[key] = replace(item, gives=gives, said=gives if is_new else ())
        order = _in_order(tuple(items), links)
        placed = set(order)
        late = [key for key in items if key not in placed]
        circular = {items[key].group.path for key in late if items[key].group is not None}  # type: ignore[union-attr]
        members = {path: tuple(keys) for path, keys in found.members.items()}
        members[()] = (*(item.key for item in inputs), *members.get((), ()), *(item.key for item in outputs))
        members = {(): members.pop(()), **members}
        structure = Structure(tuple(order), tuple(links), members)
        return View(graph, structure, items, found.containers, frozenset(opened)), circular

    def _collect(self, parts: Sequence[_Part], prefix: Path, found: _Found) -> None:
        inside = found.members.setdefault(prefix, [])
        highlight = self.asked["highlight"].paths
        training = self.graph.in_training_only
        for part in parts:
            if isinstance(part, _Frame):
                path = (*prefix, ".".join(part.path[_shared(part.path, prefix) :]))
                inside.append(Key(Kind.GROUP, path))
                tip = [wording.clean(".".join(part.path))] if part.group else []
                tip += [wording.clean(part.group.doc)] if part.group and part.group.doc else []
                tip += [part.badge.tip] if part.badge else []
                layers = list(_layers(part))
                found.containers[path] = Container(
                    path,
                    part.identity,
                    part.name,
                    wording.clean(part.group.block or "") if part.group else "",
                    ", ".join(tip),
                    part.badge,
                    part.group is not None and part.path in highlight,
                    all(node.path in training for node in layers),
                )
                self._collect(part.inside, path, found)
                continue
            path = part.group.path if part.group else part.nodes[0].path
            key = Key(Kind.LAYER, (*prefix, ".".join(path[_shared(path, prefix) :]) or path[-1]))
            identity = Key(Kind.GROUP if part.group else Kind.LAYER, path).identity
            inside.append(key)
            lit = {
                node.path
                for node in part.nodes
                if any(
                    _is_within(node.path, each) or (part.group is not None and _is_within(each, path))
                    for each in highlight
                )
            }
            found.items.append(
                Item(
                    key,
                    identity,
                    part.name,
                    tuple(part.nodes),
                    part.group,
                    self._content(part.group) if part.group else "",
                    badge=part.badge,
                    in_training_only=all(node.path in training for node in part.nodes),
                    highlighted=frozenset(lit),
                )
            )
            found.layers[key] = [node.path for node in part.nodes]

    def _content(self, group: Group) -> str:
        """What a closed group is made of, in a few words."""
        counts: dict[str, int] = {}
        for member in self.graph.members(group.path):
            word = (member.block or member.path[-1]) if isinstance(member, Group) else member.op.name
            counts[word] = counts.get(word, 0) + 1
        kinds = [
            f"{count} × {wording.clean(word)}" if count > 1 else wording.clean(word) for word, count in counts.items()
        ]
        number = len(self._inside([group.path]))
        if len(kinds) <= 3 and not (len(kinds) == 1 and number == 1):
            return ", ".join(kinds)
        return f"{number} layer{'' if number == 1 else 's'}"


@final
class _Found(Struct):
    items: list[Item] = []
    layers: dict[Key, list[Path]] = {}
    members: dict[Path, list[Key]] = {}
    containers: dict[Path, Container] = {}


def _simpler(part: _Part) -> _Part:
    """The same without frames around one thing alone."""
    if isinstance(part, _Leaf) or len(part.inside) != 1:
        return part
    inner = part.inside[0]
    if part.badge is not None and inner.badge is not None:
        return part
    name = part.name or inner.name
    badge = part.badge or inner.badge
    if isinstance(inner, _Leaf) and part.badge is not None and len(inner.nodes) > 1 and inner.group is None:
        return part  # All bands run so often, and not the first alone.
    if isinstance(inner, _Leaf):
        return replace(inner, name=name, badge=badge)
    return replace(inner, name=name, badge=badge)


def _from_to(first: str, last: str) -> str:
    """The names of several in a row, which differ in their numbers: `hop1–3`."""
    stem = first.rstrip("0123456789")
    number = last.removeprefix(stem)
    return f"{first}–{number}" if stem and stem != first != last == stem + number and number.isdigit() else first


def _layers(part: _Part) -> Iterator[Node]:
    if isinstance(part, _Leaf):
        yield from part.nodes
        return
    for each in part.inside:
        yield from _layers(each)


def _is_same(layers: Sequence[Sequence[Node]]) -> bool:
    """Whether the later passes have the weights of the first."""
    pairs = [(one, other) for one, other in zip(layers[0], layers[1], strict=True) if other.weights]
    return bool(pairs) and all(other.shares == (one.shares or one.path) for one, other in pairs)


def _uses(graph: Graph) -> dict[Path, list[Path]]:
    """Who takes what a layer or input gives, outputs included."""
    uses: dict[Path, list[Path]] = {value.producer: [] for value in graph.inputs}
    for node in graph.nodes:
        uses[node.path] = []
    for node in graph.nodes:
        for value in node.inputs:
            uses[value.producer].append(node.path)
    for number, output in enumerate(graph.outputs):
        uses[output.value.producer].append((f"output {number}",))
    return uses


def _is_within(path: Path, outer: Path) -> bool:
    return path[: len(outer)] == outer


def _shared(path: Path, prefix: Path) -> int:
    """How many names of a path the frames around it have said."""
    said = [name for each in prefix if not each.startswith("passes ") for name in each.split(".")]
    count = 0
    while count < min(len(said), len(path) - 1) and said[count] == path[count]:
        count += 1
    return count


def _in_order(keys: Sequence[Key], links: Sequence[Link]) -> list[Key]:
    """The keys in an order in which they can run, near to the given one; without those that wait for each other."""
    place = {key: number for number, key in enumerate(keys)}
    waits = dict.fromkeys(keys, 0)
    after: dict[Key, list[Key]] = {key: [] for key in keys}
    for link in links:
        waits[link.target] += 1
        after[link.source].append(link.target)
    ready = [place[key] for key in keys if not waits[key]]
    heapq.heapify(ready)
    order = []
    while ready:
        key = keys[heapq.heappop(ready)]
        order.append(key)
        for each in after[key]:
            waits[each] -= 1
            if not waits[each]:
                heapq.heappush(ready, place[each])
    return order
