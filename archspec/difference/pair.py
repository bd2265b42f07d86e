"""Two models that are compared, and what each part of telling their difference asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import final

from msgspec import Struct

from archspec.difference.matching import Matching, Member
from archspec.difference.places import Places
from archspec.difference.wiring import Wirings
from archspec.graph import Graph, Group, Node, Path
from archspec.passes.cost import Cost
from archspec.summary import Summary


@final
class Pair(Struct, frozen=True, eq=False, dict=True):
    """An old model and a new one, with which layer of one is which of the other."""

    old: Summary
    new: Summary
    matching: Matching

    @cached_property
    def origin(self) -> Matching:
        """Which layer and group of the new model was which of the old one."""
        return self.matching.inverse

    @cached_property
    def wirings(self) -> Wirings:
        return Wirings(self.old.graph, self.new.graph, self.matching)

    @cached_property
    def _places(self) -> Mapping[int, Places]:
        return {id(each.graph): Places(each.graph) for each in (self.old, self.new)}

    def places(self, graph: Graph) -> Places:
        """How the layers of one of the two graphs are called."""
        return self._places[id(graph)]

    def origin_of(self, member: Member) -> Path | None:
        """Where a layer or group of the new model was in the old one, if it was there."""
        return (self.origin.groups if isinstance(member, Group) else self.origin.layers).get(member.path)

    def cost(self, graph: Graph, nodes: Sequence[Node]) -> Cost:
        """What layers of one of the two graphs cost together."""
        layers = (self.new if graph is self.new.graph else self.old).costs.layers
        return layers[nodes[0].path] if len(nodes) == 1 else Cost.total(layers[node.path] for node in nodes)
