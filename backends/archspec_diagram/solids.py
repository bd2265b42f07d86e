"""Which solids a view of a model has in the volumes view, and what is said of each.

What leaves the shape as it is, such as an activation or a normalisation, is no solid of its own: an activation is a
darker band of what it follows. Nor is what only lays numbers out anew, such as a flattening: the arrow says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, final, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Graph, Node, Value
from archspec.op import Family
from archspec.ops.window import Window
from archspec.shape import Shape
from archspec.size import Size, evaluate, names
from archspec_diagram import font, wording
from archspec_diagram.label import labelled
from archspec_diagram.picture import Line, Point, Run
from archspec_diagram.solid import BALL, BAR, SLANT, Form, Scale, Slice, Solid, bar_height, thickness
from archspec_diagram.structure import Key, Kind
from archspec_diagram.view import Item, View

CHANNELS: Final = 10.0
WORDS: Final = 8.5

_OPEN: Final = 64
"""What a size that the model leaves open is taken to be, for want of anything better to scale by."""

_WIDEST: Final = 76.0
"""No line below a solid is wider than this."""

_LONGEST: Final = 52.0
"""No size at a slanted edge is longer than this."""

_MAPPED: Final = frozenset({Family.CONVOLUTION, Family.POOLING})
_REARRANGED: Final = frozenset({Family.RESHAPING, Family.LINEAR, Family.ATTENTION, Family.RECURRENT, Family.EMBEDDING})


@runtime_checkable
class _Windowed(Protocol):
    """An op whose window slides along the axes of space."""

    def windows(self, x: Shape) -> tuple[Window, ...]: ...


def feature_maps(graph: Graph) -> frozenset[Value]:
    """The values of the shape `[batch, channels, space...]`: those that convolutions and poolings take and give, and
    whatever these values become without a change of their axes."""
    found: set[Value] = set()
    for node in graph.nodes:
        if node.op.family in _MAPPED:
            found |= {value for value in (*node.inputs, *node.outputs) if value.shape.rank > 2}
    before = -1
    while len(found) != before:
        before = len(found)
        for node in graph.nodes:
            values = [value for value in (*node.inputs, *node.outputs) if value.shape.rank > 2]
            maps = [value for value in values if value in found]
            if maps and node.op.family not in _REARRANGED:
                found |= {value for value in values if value.shape.rank == maps[0].shape.rank}
            elif maps and node.op.family is Family.RESHAPING:
                # Padding, cropping and resampling leave the batch and the channels where they are.
                found |= {
                    value
                    for value in values
                    if value.shape.rank == maps[0].shape.rank and value.shape[:2] == maps[0].shape[:2]
                }
    return frozenset(found)


@final
class Row(Struct, frozen=True):
    """The solids, in an order in which they can run, and which gives to which."""

    solids: tuple[Solid, ...]
    links: tuple[tuple[int, int], ...]


def row_of(view: View, maps: frozenset[Value], label: str | None) -> Row:
    return _Reader(view, maps, label).row()


@final
class _Reader:
    def __init__(self, view: View, maps: frozenset[Value], label: str | None) -> None:
        self.view, self.maps, self.label = view, maps, label
        values = [value for node in view.graph.nodes for value in node.outputs]
        drawn = [self._space(value) for value in (*view.graph.inputs, *values) if value.shape.rank > 2]
        self.scale = Scale(max((max(each) for each in drawn if each), default=1))
        incoming = view.structure.incoming
        self.sources: Mapping[Key, list[Key]] = {
            key: [link.source for link in incoming[key]] for key in view.structure.keys
        }
        self.users = {key: len(links) for key, links in view.structure.outgoing.items()}

    def row(self) -> Row:
        solids: list[Solid] = []
        stands_for: dict[Key, int] = {}
        links: list[tuple[int, int]] = []
        for key in self.view.structure.keys:
            item, sources = self.view.items[key], self.sources[key]
            if self._is_passed(item) and sources[0] in stands_for:
                place = stands_for[sources[0]]
                stands_for[key] = place
                if self._bends(item.nodes) and self.users[sources[0]] == 1:
                    solids[place] = replace(solids[place], bends=True, tip=f"{solids[place].tip}; {_tips(item.nodes)}")
                continue
            if key.kind is Kind.OUTPUT and len(self.view.graph.outputs) == 1:
                continue
            place = len(solids)
            solids.append(self._solid(item, [solids[stands_for[each]] for each in sources if each in stands_for]))
            stands_for[key] = place
            links += [(stands_for[each], place) for each in dict.fromkeys(sources) if each in stands_for]
        return Row(tuple(solids), tuple(dict.fromkeys(links)))

    def _is_passed(self, item: Item) -> bool:
        """Whether an item is no solid of its own."""
        if item.key.kind is not Kind.LAYER or item.badge is not None or len(self.sources[item.key]) != 1:
            return False
        if item.group is not None and item.highlighted:
            return False
        if all(node.op.family in wording.SLIM for node in item.nodes):
            return True
        lays_out = all(node.op.family in (*wording.SLIM, Family.RESHAPING) for node in item.nodes)
        return lays_out and self._value(item) not in self.maps and self._leads_on(item.key)

    def _leads_on(self, key: Key) -> bool:
        """Whether another solid follows, which shows what became of the numbers."""
        for link in self.view.structure.outgoing[key]:
            nodes = self.view.items[link.target].nodes
            if any(node.op.family not in wording.SLIM for node in nodes):
                return True
            if nodes and self._leads_on(link.target):
                return True
        return False

    def _value(self, item: Item) -> Value:
        """What an item gives."""
        if item.value is not None:
            return item.value
        return item.gives[-1]

    def _solid(self, item: Item, sources: Sequence[Solid]) -> Solid:
        if item.key.kind is Kind.OUTPUT:
            return self._end(item)
        value = self._value(item)
        mains = [node for node in item.nodes if node.op.family not in wording.SLIM]
        main = mains[0] if len(mains) == 1 else None
        if main is not None and wording.joins(main) and (sign := wording.sign(main)) and item.group is None:
            line = Line((Run(sign, bold=True),), 13.0, Point(0, 0))
            return Solid(
                item.key,
                item,
                Form.BALL,
                main.op.family,
                (line,),
                wording.tip(main),
                BALL,
                BALL,
                bends=self._bends(item.nodes),
            )
        family = main.op.family if main is not None else wording.family(item)
        tip = self._tip(item, main)
        lines = self._lines(item, main, value)
        space = self._space(value)
        if not space:
            features = self._number(value.shape[-1]) if value.shape.rank else 1
            return Solid(
                item.key,
                item,
                Form.BAR,
                family,
                lines,
                tip,
                BAR,
                bar_height(features),
                4.0,
                bends=self._bends(item.nodes),
            )
        flat = len(space) == 1
        return Solid(
            item.key, item, Form.VOLUME, family, lines, tip,
            thickness(self._number(self._channels(value))),
            self.scale.edge(space[0] if flat else space[-2]),
            4.0 if flat else SLANT * self.scale.edge(space[-1]),
            self._size(value),
            self._slices(main, sources),
            self._bends(item.nodes),
            self._kernel(main, value),
            main is not None and main.op.family in (Family.CONVOLUTION, Family.NORMALISATION) and item.badge is None,
        )  # fmt: skip

    def _end(self, item: Item) -> Solid:
        line = Line((Run(font.shortened(item.name, WORDS, 120.0), bold=True),), WORDS, Point(0, 0))
        tip = f"{item.name} {wording.shape(item.value)}" if item.value else item.name
        wide = font.width_of(line.runs, line.size)
        return Solid(item.key, item, Form.END, None, (line,), tip, wide, 14.0)

    def _tip(self, item: Item, main: Node | None) -> str:
        if item.group is not None and main is None:
            return wording.folded_tip(item, item.group)
        return _tips(item.nodes) or f"{item.name} {wording.shape(self._value(item))}"

    # ------------------------------------------------------------------------------------------------------- sizes

    def _channels(self, value: Value) -> Size:
        return value.shape[1] if value in self.maps else value.shape[-1]

    def _sizes(self, value: Value) -> tuple[Size, ...]:
        if value.shape.rank < 3:
            return ()
        return value.shape[2:] if value in self.maps else value.shape[1:-1]

    def _space(self, value: Value) -> tuple[int, ...]:
        return tuple(map(self._number, self._sizes(value)))

    def _number(self, size: Size) -> int:
        """The size to scale by."""
        known = evaluate(size, dict.fromkeys(names(size), _OPEN))
        return max(known, 1) if isinstance(known, int) else _OPEN

    def _size(self, value: Value) -> str:
        """The axes of space in words, a square by one of its sides, as is the way in such figures."""
        sizes = list(map(wording.compact, self._sizes(value)))
        said = sizes[0] if len(sizes) == 2 and sizes[0] == sizes[1] else "×".join(sizes)
        # A long formula would lie across the neighbours; the tip has it.
        return said if font.width(said, WORDS) <= _LONGEST else ""

    def _kernel(self, main: Node | None, value: Value) -> tuple[float, float] | None:
        windows = windows_of(main)
        if main is None or not windows or main.inputs[0] not in self.maps:
            return None
        sides = [
            min(self._number(window.extent), size)
            for window, size in zip(windows, self._space(main.inputs[0]), strict=True)
        ]
        if len(sides) == 1:
            return self.scale.edge(sides[0]), 4.0
        return self.scale.edge(sides[-2]), SLANT * self.scale.edge(sides[-1])

    def _slices(self, main: Node | None, sources: Sequence[Solid]) -> tuple[Slice, ...]:
        """Where a concatenation, or groups of a convolution, cut the channels."""
        if main is None:
            return ()
        if wording.joins(main) and main.output in self.maps:
            channels = [self._number(value.shape[1]) for value in main.inputs if value.shape.rank > 2]
            whole = self._number(main.output.shape[1])
            if sum(channels) == whole and len(channels) == len(sources):
                return tuple(
                    Slice(each / whole, source.family, number % 2 == 0)
                    for number, (each, source) in enumerate(zip(channels, sources, strict=True))
                )
        groups = getattr(main.op, "groups", 1)
        if isinstance(groups, int) and 1 < groups <= 4:
            return (Slice(1 / groups, main.op.family),) * groups
        return ()

    # ------------------------------------------------------------------------------------------------------- words

    def _bends(self, nodes: Sequence[Node]) -> bool:
        slim = 0
        while slim < len(nodes) and nodes[-1 - slim].op.family in wording.SLIM:
            slim += 1
        return any(node.op.family is Family.ACTIVATION for node in nodes[len(nodes) - slim :])

    def _lines(self, item: Item, main: Node | None, value: Value) -> tuple[Line, ...]:
        channels = wording.value(self._channels(value)) if value.shape.rank else "1"
        said = [font.shortened(channels, CHANNELS, _WIDEST, bold=True)]
        if self.label is not None and item.nodes:
            said += labelled(self.label, item, 0)
        else:
            said += self._words(item, main)
        lines = [Line((Run(said[0], bold=True),), CHANNELS, Point(0, 0))]
        for text in said[1:]:
            for each in _wrapped(text):
                lines.append(Line((Run(each, quiet=True),), WORDS, Point(0, 0)))
        return tuple(lines)

    def _words(self, item: Item, main: Node | None) -> list[str]:
        badge = [item.badge.text] if item.badge is not None else []
        if not item.nodes:
            return [item.name]
        if main is None:
            block = wording.clean(item.group.block or "") if item.group is not None else ""
            content = item.content if item.content and "layers" not in item.content else ""
            return [block or content, "" if counts(item.name, block) else item.name, *badge]
        name = item.name or next((wording.own_name(node) for node in item.nodes if wording.own_name(node)), "")
        words = []
        if windows := windows_of(main):
            kernel = kernel_of(windows)
            strides = {wording.value(window.stride) for window in windows}
            stride = strides.pop() if len(strides) == 1 else "×".join(wording.value(each.stride) for each in windows)
            words.append(kernel if stride == "1" else f"{kernel} /{stride}")
            groups = getattr(main.op, "groups", 1)
            if groups != 1:
                words.append("depthwise" if groups == main.inputs[0].shape[1] else f"{wording.value(groups)} groups")
        # A convolution, and a linear layer, are known by their colour and form.
        op = wording.clean(main.op.name)
        known = op in (Family.CONVOLUTION.value[: len(op)], Family.LINEAR.value)
        said = [] if known else op.split("_")
        return [*words, *said, "" if name in (op, *said) else name, *badge]


def counts(name: str, block: str) -> bool:
    """Whether a name says no more than the block, and which use of it this is."""
    return name.rstrip("0123456789").replace("_", "").lower() == block.lower()


def kernel_of(windows: Sequence[Window]) -> str:
    """How large a window is; along one axis that would be a number that might be anything."""
    kernel = "×".join(wording.value(window.kernel) for window in windows)
    return kernel if len(windows) > 1 else f"kernel {kernel}"


def windows_of(node: Node | None) -> tuple[Window, ...]:
    """How the window of a layer moves along each axis of space, if it has one."""
    if node is None or not isinstance(node.op, _Windowed):
        return ()
    return node.op.windows(*(value.shape for value in node.inputs[:1]))


def _tips(nodes: Sequence[Node]) -> str:
    return "; ".join(map(wording.tip, nodes))


def _wrapped(text: str) -> list[str]:
    """The text in lines that are not too wide, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.width(longer, WORDS) <= _WIDEST:
            lines[-1] = longer
        else:
            lines.append(font.shortened(word, WORDS, _WIDEST))
    return lines
