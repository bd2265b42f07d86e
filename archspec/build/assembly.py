"""A graph while it is being built: what is in it so far, and what nothing uses yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

from msgspec import Struct

from archspec.build.scope import Draft
from archspec.expression import is_unknown
from archspec.graph import Graph, Group, Node, Output, Path, Repetition, Value, causes
from archspec.size import Size
from archspec.source import Span
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.partial import Layer, PartialGraph, Taken  # Only who draws what is wrong waits for it.


@final
class Given(Struct, frozen=True):
    """An output: a value, under a name."""

    name: str
    draft: Draft
    in_training_only: bool


@final
class Use(Struct, frozen=True):
    """A use of a block, and the layers that give what it gives."""

    op: str
    span: Span
    results: tuple[Path, ...]


@final
class Assembly(Struct, eq=False):
    """The layers and values of a model, or of a cell."""

    layers: dict[Path, Node] = {}
    values: dict[tuple[Path, int], Value] = {}
    groups: dict[Path, Group] = {}
    drafts: list[tuple[Draft, bool]] = []
    """All values, each with whether it is an input."""

    used: set[Path] = set()
    order: list[Path] = []
    """The layers, in the order in which they were added."""

    names: dict[tuple[Path, int, int], str] = {}
    """What values are called, as a graph has it."""

    left_out: list[tuple[int, Path, tuple[Draft, ...], Span]] = []
    """The layers that could not be added: how many were there before each, its path, what flows in, and its place."""

    uses: dict[Path, Use] = {}
    """The uses of blocks, those inside before those around them."""

    repeats: list[Repetition | None] = []
    macs: dict[Path, Size] = {}

    def add_input(self, draft: Draft) -> None:
        self.add(draft, is_input=True)

    def add(self, draft: Draft, *, is_input: bool) -> None:
        self.drafts.append((draft, is_input))
        if len(draft.shapes) == 1:
            value = Value(draft.producer, draft.shapes[0], draft.span, draft.port)
            self.values[draft.producer, draft.port] = value

    def value(self, draft: Draft) -> Value:
        """The value of a draft whose shape is known; where an error hid it at first, as it came to be known."""
        known = self.values.get((draft.producer, draft.port))
        return known or Value(draft.producer, draft.shapes[0], draft.span, draft.port)

    @property
    def is_known(self) -> bool:
        """Whether no error hides what one of the values is."""
        # A layer that is left out may be taken for one that gives something to a layer that is not.
        known = {*self.layers, *(value.producer for node in self.layers.values() for value in node.inputs)}
        known.update(draft.producer for draft, is_input in self.drafts if is_input)
        return all(
            len(draft.shapes) == 1 and draft.producer in known and not any(map(is_unknown, draft.shapes[0]))
            for draft, _ in self.drafts
        )

    def node(self, path: Path) -> Node | None:
        """The layer at a path, unless an error kept it from being added."""
        return self.layers.get(path)

    def connect(self, node: Node) -> None:
        """Add a layer, with what flows into it."""
        self.layers[node.path] = node
        self.order.append(node.path)

    def leave_out(self, path: Path, inputs: Sequence[Draft], span: Span) -> None:
        """Take notice of a layer that cannot be added."""
        self.left_out.append((len(self.order), path, tuple(inputs), span))

    def end_use(self, path: Path, use: Use) -> None:
        """Take notice of a use of a block that is complete: what it gives is used where something around it does."""
        if path not in self.uses:
            self.uses[path] = use
            self.used.difference_update(each for each in use.results if each[: len(path)] == path)

    def members(self, first: int, path: Path) -> tuple[Path, ...]:
        """The layers and groups directly in a group that were added from the layer of this number on."""
        return tuple(dict.fromkeys(each[: len(path) + 1] for each in self.order[first:]))

    def macs_when_evaluated(self, outputs: Sequence[Given]) -> list[Size]:
        """Multiply-adds of each layer that some output needs that is not there in training alone."""
        always = causes(self.layers, [each.draft.producer for each in outputs if not each.in_training_only])
        return [macs for path, macs in self.macs.items() if path in always]

    def graph(
        self,
        inputs: Sequence[Draft],
        outputs: Sequence[Given],
        **named: Any,
    ) -> Graph:
        """The graph, once there is no error."""
        results = [Output(each.name, self.value(each.draft), each.in_training_only) for each in outputs]
        return Graph(
            inputs=tuple(map(self.value, inputs)),
            outputs=tuple(sorted(results, key=lambda each: each.in_training_only)),
            groups=self.groups,
            nodes=tuple(self.layers.values()),
            repeats=tuple(each for each in self.repeats if each is not None),
            names=self.names,
            **named,
        )

    def partial(self, inputs: Sequence[Draft], outputs: Sequence[Given], name: Scalar, doc: str) -> PartialGraph:
        """What there is, where there are errors."""
        from archspec.partial import LeftOut, PartialGraph

        layers: list[Layer] = []
        left = self.left_out
        for number in range(len(self.order) + 1):
            while left and left[0][0] == number:
                (_, path, fed, span), *left = left
                layers.append(LeftOut(path, tuple(map(self.taken, fed)), span))
            node = self.node(self.order[number]) if number < len(self.order) else None
            if node is not None:
                is_sure = not any(is_unknown(size) for each in (*node.inputs, *node.outputs) for size in each.shape)
                layers.append(node if is_sure else LeftOut(node.path, tuple(map(_taken, node.inputs)), node.span))
        known = tuple(self.value(each) for each in inputs if len(each.shapes) == 1)
        results = tuple((each.name, self.taken(each.draft)) for each in outputs)
        return PartialGraph(name.text, doc, name.span, known, tuple(layers), results, self.groups)

    def taken(self, draft: Draft) -> Taken:
        from archspec.partial import Taken

        return _taken(self.value(draft)) if len(draft.shapes) == 1 else Taken(draft.producer, draft.port, None)


def _taken(value: Value) -> Taken:
    from archspec.partial import Taken

    return Taken(value.producer, value.port, None if any(map(is_unknown, value.shape)) else value.shape)
