"""Graphs to draw, built here through the public classes or read from the specs, and what charts are made of.

Each is drawn as it is without being asked, with all groups closed and with all open, and running to the right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path as FilePath
from random import Random
from typing import final

import pytest

import archspec
from archspec.drawing import Direction, Drawing
from archspec.graph import Graph, Group, Node, Output, Path, Value
from archspec.op import Example, Family, Op
from archspec.ops.adaptive_pool import AdaptiveAvgPool
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.dropout import Dropout
from archspec.ops.linear import Linear
from archspec.ops.max_pool import MaxPool
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Flatten
from archspec.shape import Shape
from archspec.size import Size, named
from archspec.source import Source
from archspec_diagram import BACKEND, folding, font
from archspec_diagram.chart import Chart
from archspec_diagram.layout import layout
from archspec_diagram.picture import Line, Rectangle
from archspec_diagram.view import View
from tests.read_once import variants_of

SPAN = Source("test", "").whole()
HOSTILE = "<script>alert(1)</script> ]]> \" ' & \\ %%{init}%% end\n`x` --> #quot; \x00\u202e {}|;"


@final
class Add(Op):
    """The sum of two values, or of one."""

    name = "add"
    family = Family.RESHAPING

    words: str = ""

    def infer(self, left: Shape, right: Shape) -> Shape:
        return left

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2], [2]),)


def built(
    name: str,
    inputs: dict[str, Sequence[Size]],
    layers: Sequence[tuple[str, Op, Sequence[str]]],
    outputs: Sequence[str],
    doc: str = "",
) -> Graph:
    """A graph of layers with paths such as `group/name` that take what these names give; `!` makes a name its own."""
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    groups: dict[Path, Group] = {}
    for each, sizes in inputs.items():
        values[each] = Value((each,), Shape(tuple(sizes)), SPAN)
    for text, op, sources in layers:
        path = tuple(text.rstrip("!").split("/"))
        groups |= {path[:depth]: Group(path[:depth], SPAN) for depth in range(1, len(path))}
        taken = tuple(values[source] for source in sources)
        output = Value(path, op.outputs(*(value.shape for value in taken))[0], SPAN)
        values[text.rstrip("!")] = output
        nodes.append(Node(path, op, taken, (output,), SPAN, is_named=text.endswith("!")))
    given = tuple(values[each] for each in inputs)
    results = tuple(Output(each, values[each]) for each in outputs)
    return Graph(name, doc, SPAN.source, SPAN, {}, given, results, groups, tuple(nodes))


def chained(name: str, sizes: Sequence[Size], layers: Sequence[tuple[str, Op]], doc: str = "") -> Graph:
    sources = ["image", *(path.rstrip("!") for path, _ in layers)]
    links = [(path, op, [source]) for (path, op), source in zip(layers, sources, strict=False)]
    return built(name, {"image": sizes}, links, sources[-1:], doc)


def loaded(path: FilePath, variant: str) -> Graph:
    return archspec.load(f"{path}:{variant}" if variant else path).graph


def deep() -> Graph:
    features: list[Op] = [
        Conv(channels=64, kernel=(11, 3), stride=4, padding=2, dilation=2, bias=False, padding_mode="reflect"),
        Relu(),
        MaxPool(kernel=3, stride=2),
    ]
    classifier: list[Op] = [Dropout(rate=0.25), Linear(features=4096), Relu(), Linear(features=1000)]
    layers = [(f"features/{number}", op) for number, op in enumerate(features)]
    layers += [("avgpool!", AdaptiveAvgPool(size=6)), ("flatten", Flatten())]
    layers += [(f"classifier/{number}", op) for number, op in enumerate(classifier)]
    return chained("Deep", [named("B"), 3, 224, 224], layers, "A chain with two groups.")


def flat() -> Graph:
    layers: list[tuple[str, Op]] = [("0", Linear(features=120)), ("1", Relu()), ("2", Linear(features=10, bias=False))]
    return chained("Flat", [named("B"), 400], layers)


def residual() -> Graph:
    layers: list[tuple[str, Op, Sequence[str]]] = [
        ("stem", Conv(channels=8, kernel=3, padding=1), ["x"]),
        ("stage/first/a", Conv(channels=8, kernel=3, padding=1), ["stem"]),
        ("stage/first/norm", BatchNorm(), ["stage/first/a"]),
        ("stage/first/add", Add(), ["stage/first/norm", "stem"]),
        ("stage/second/a", Conv(channels=8, kernel=3, padding=1), ["stage/first/add"]),
        ("stage/second/relu", Relu(), ["stage/second/a"]),
        ("stage/second/side/b", Conv(channels=8, kernel=1), ["stage/first/add"]),
        ("stage/second/b", Conv(channels=8, kernel=3, padding=1), ["stage/second/relu"]),
        ("stage/second/inner", Add(), ["stage/second/b", "stage/second/a"]),
        ("stage/second/add", Add(), ["stage/second/inner", "stage/second/side/b"]),
        ("late", Add(), ["stage/second/add", "y"]),
        ("long", Add(), ["late", "stem"]),
    ]
    sizes: list[Size] = [named("B"), 8, 32, 32]
    return built("Residual", {"x": sizes, "y": sizes}, layers, ["long", "stage/first/add"])


def tangled() -> Graph:
    """Groups that are no contiguous chains, links that cross, and a value that is taken twice by one layer."""
    layers: list[tuple[str, Op, Sequence[str]]] = [
        ("g/a", Linear(features=8), ["x"]),
        ("h/b", Linear(features=8), ["g/a"]),
        ("g/c", Linear(features=8), ["h/b"]),
        ("h/d", Linear(features=8), ["g/c"]),
        ("swap/p", Add(), ["h/d", "g/a"]),
        ("swap/q", Add(), ["g/c", "h/d"]),
        ("e1", Add(), ["swap/p", "swap/q"]),
        ("e2", Add(), ["swap/q", "swap/p"]),
        ("twice", Add(), ["e1", "e1"]),
        ("z", Add(), ["twice", "e2"]),
        ("unused", Relu(), ["z"]),
    ]
    return built("Tangled", {"x": [4, 8], "idle": [1]}, layers, ["z", "e2", "x"])


def hostile() -> Graph:
    group = HOSTILE.replace("/", "")
    layers: list[tuple[str, Op]] = [
        (f"{group}/{group}!", Linear(features=3)),
        (f"{group}/1", Dropout(rate=0.125)),
        ("名前!", Linear(features=4)),
        (f"{'w' * 300}/{'n' * 300}!", Relu()),
    ]
    graph = chained(HOSTILE, [named("B"), 2], layers, HOSTILE)
    said = built(HOSTILE, {group: [2]}, [("said", Add(words=HOSTILE), [group, group])], ["said"])
    return built(
        HOSTILE,
        {group: [named("B"), 2]},
        [
            *(("/".join(node.path) + "!" * node.is_named, node.op, [group]) for node in graph.nodes),
            *(("/".join(node.path), node.op, [group, group]) for node in said.nodes),
        ],
        ["名前", "said"],
        HOSTILE,
    )


def scattered(seed: int) -> Graph:
    """Any graph at all: layers take any earlier values and stand in any groups."""
    random = Random(seed)  # noqa: S311 - a test wants numbers that it can repeat, not secrets.
    names = ["x", "y"]
    layers: list[tuple[str, Op, Sequence[str]]] = []
    for number in range(random.randint(3, 24)):
        group = random.choice(["", "", "a/", "b/", "a/c/", "a/c/d/", "b/e/"])
        sources = [random.choice(names[-random.choice([1, 2, 9]) :]) for _ in range(2)]
        op, taken = random.choice([(Add(), sources), (Relu(), sources[:1]), (Linear(features=8), sources[:1])])
        layers.append((f"{group}n{number}", op, taken))
        names.append(layers[-1][0])
    return built(f"Scattered {seed}", {"x": [8], "y": [8]}, layers, [names[-1], random.choice(names)])


ROOT = FilePath(__file__).parent.parent / "specs"
SPECS = {
    f"{path.relative_to(ROOT)}{f':{variant}' if variant else ''}": (path, variant)
    for path in sorted([*ROOT.rglob("*.arch"), *ROOT.rglob("*.yaml")])
    for variant in (variants_of(path)[:1] or ("",))
}

GRAPHS: dict[str, Callable[[], Graph]] = {
    "deep": deep,
    "flat": flat,
    "residual": residual,
    "tangled": tangled,
    "hostile": hostile,
    **{f"scattered {seed}": partial(scattered, seed) for seed in range(40)},
    **{name: partial(loaded, path, variant) for name, (path, variant) in SPECS.items()},
}

DRAWINGS = {
    "as it is": Drawing(),
    "closed": Drawing(depth=0),
    "open": Drawing(depth=99),
    "to the right": Drawing(direction=Direction.RIGHT),
}


@cache
def graph_of(name: str) -> Graph:
    return GRAPHS[name]()


@cache
def view_of(name: str, how: str = "open") -> View:
    return folding.view_of(graph_of(name), DRAWINGS[how])


@cache
def chart_of(name: str, how: str = "open") -> Chart:
    return layout(view_of(name, how), DRAWINGS[how])


every_graph = pytest.mark.parametrize("name", GRAPHS)
every_chart = pytest.mark.parametrize(("name", "how"), [(name, how) for name in GRAPHS for how in DRAWINGS])


def items_of(chart: Chart) -> dict[str, Rectangle]:
    """What arrows meet as one: cards that touch each other, by the first of them."""
    found: dict[str, Rectangle] = {}
    for card in chart.cards:
        place = card.rectangle
        if before := found.get(card.item):
            place = Rectangle(before.x, before.y, before.width, place.bottom - before.y)
        found[card.item] = place
    return found


def written(graph: Graph, target: str) -> str:
    return BACKEND.write(graph, next(each for each in BACKEND.targets if each.name == target)).decode()


def extent(line: Line) -> Rectangle:
    """Where a line of text is, by the metrics of its font; the parts of a pixel that rounding takes do not count."""
    wide = font.width_of(line.runs, line.size)
    left = line.at.x if line.starts else line.at.x - wide / 2
    return Rectangle(left, line.at.y - font.ASCENT * line.size, wide, (font.ASCENT + font.DESCENT) * line.size)


def segments(chart: Chart) -> list[tuple[str, str, Rectangle]]:
    return [
        (
            edge.source,
            edge.target,
            Rectangle(min(a.x, b.x), min(a.y, b.y), abs(a.x - b.x), abs(a.y - b.y)),
        )
        for edge in chart.edges
        for a, b in pairwise(edge.points)
    ]
