"""Our layout beside the engines of others: how long each takes, and how readable what it gives is.

python -m benchmarks.layout [RUNS]

All are given boxes of the same sizes and the same links, and those that know groups the same groups; they are asked
where they are installed: `dot` of Graphviz, pyelk, grandalf, igraph and fast-sugiyama. What does not know groups has a
frame drawn around the members of each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations, pairwise
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any, Final, final

import archspec
from archspec.drawing import Direction, Drawing
from archspec.graph import Graph
from archspec.graph import Path as Group
from archspec_diagram.content import contents_of, shapes_of
from archspec_diagram.dot_layout import Request, answered, read
from archspec_diagram.folding import view_of
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.places import Places
from archspec_diagram.plan import own_places
from archspec_diagram.structure import Key, Kind, common

SPECS: Final = Path(__file__).parent.parent / "specs"
RUNS: Final = 5

DENSE: Final = """
model Dense {
    input x0: [B, 64, 56, 56]
    LAYERS
    linear(10)
}
"""


def dense(layers: int = 6) -> Graph:
    """A block in which each layer takes what all layers before it give."""
    lines = ["x1 = x0 -> batchnorm -> relu -> conv(32, kernel=3, padding=1)"]
    for number in range(2, layers + 1):
        before = ", ".join(f"x{each}" for each in range(number))
        lines.append(f"x{number} = ({before}) -> concat(axis=1) -> batchnorm -> relu -> conv(32, kernel=3, padding=1)")
    return archspec.loads(DENSE.replace("LAYERS", "\n    ".join(lines)), syntax="arch").graph


def of(spec: str) -> Callable[[], Graph]:
    return lambda: archspec.load(f"{SPECS}/{spec}").graph


MODELS: Final[Mapping[str, Callable[[], Graph]]] = {
    "GoogLeNet": of("vision/googlenet.arch"),
    "ResNet-50": of("vision/resnet.arch:resnet50"),
    "Transformer": of("attention/transformer.arch"),
    "U-Net": of("vision/unet.arch"),
    "GPT-2": of("attention/gpt2.arch"),
    "dense block": dense,
}


@final
@dataclass(frozen=True)
class Laid:
    """What an engine gives."""

    boxes: Mapping[Key, Rectangle]
    frames: Mapping[Group, Rectangle]
    lines: Sequence[tuple[Key, Key, Sequence[Point]]]


def unfolded(graph: Graph) -> Request:
    """All layers of a model, those of every pass of a repeat too, which are shown where each of them stands out."""
    names = tuple(node.name for node in graph.nodes) if graph.repeats else ()
    view = view_of(graph, Drawing(depth=99, highlight=names))
    labels = {key: 8.0 * len(shape) for key, shape in shapes_of(view, None).items()}
    return Request(view.structure, contents_of(view, None), labels, Direction.DOWN, 1.0)


def laid(places: Places) -> Laid:
    return Laid(
        places.boxes,
        {path: border.rectangle for path, border in places.borders.items()},
        [(course.source, course.target, course.points) for course in places.courses],
    )


def ours(asked: Request) -> Laid:
    # Else a U-Net would be a U, which has no groups to compare.
    structure, contents, labels = asked.structure, asked.contents, asked.labels
    return laid(own_places(structure, contents, labels, Direction.DOWN, 1.0, frames_say_more=True))


def dot(asked: Request) -> Laid:
    return laid(read(answered("\n".join(asked.lines())), asked))


# ------------------------------------------------------------------------------------------- engines without groups


def around(asked: Request, boxes: Mapping[Key, Rectangle]) -> dict[Group, Rectangle]:
    """A frame around the members of each group."""
    frames: dict[Group, Rectangle] = {}
    for path in reversed(asked.structure.groups):
        places = [frames[key.path] if key.kind is Kind.GROUP else boxes[key] for key in asked.structure.members[path]]
        left, top = min(each.x for each in places) - 8, min(each.y for each in places) - 8
        right, bottom = max(each.right for each in places) + 8, max(each.bottom for each in places) + 8
        frames[path] = Rectangle(left, top, right - left, bottom - top)
    return frames


def joined(asked: Request, boxes: Mapping[Key, Rectangle], corners: Mapping[int, Sequence[Point]]) -> Laid:
    """The boxes with lines from the lower edge of each source over these corners to the upper edge of the target."""
    lines = []
    for number, link in enumerate(asked.structure.links):
        start, end = boxes[link.source], boxes[link.target]
        first, last = Point(start.centre.x, start.bottom), Point(end.centre.x, end.y)
        lines.append((link.source, link.target, (first, *corners.get(number, ()), last)))
    return Laid(boxes, around(asked, boxes), lines)


def centred(asked: Request, key: Key, x: float, y: float) -> Rectangle:
    wide, high = asked.size(key)
    return Rectangle(x - wide / 2, y - high / 2, wide, high)


def gaps(asked: Request) -> tuple[float, float]:
    """How far apart points have to be so that the largest boxes fit there."""
    sizes = [asked.size(key) for key in asked.structure.keys]
    return max(wide for wide, _ in sizes) + 24, max(high for _, high in sizes) + 30


def igraph(asked: Request) -> Laid:
    import igraph as library

    numbers = {key: number for number, key in enumerate(asked.structure.keys)}
    pairs = [(numbers[link.source], numbers[link.target]) for link in asked.structure.links]
    graph = library.Graph(n=len(numbers), edges=pairs, directed=True)
    across, down = gaps(asked)
    layout = graph.layout_sugiyama(hgap=across, vgap=down)
    return joined(asked, {key: centred(asked, key, *layout[number]) for key, number in numbers.items()}, {})


def fast_sugiyama(asked: Request) -> Laid:
    from fast_sugiyama import from_edges

    numbers = {key: number for number, key in enumerate(asked.structure.keys)}
    pairs = list(dict.fromkeys((numbers[link.source], numbers[link.target]) for link in asked.structure.links))
    across, down = gaps(asked)
    found = from_edges(pairs, vertex_spacing=across, dummy_vertices=True).align_layouts_horizontal(across).to_dict()
    ratio = down / across
    boxes = {key: centred(asked, key, found[n][0], -found[n][1] * ratio) for key, n in numbers.items() if n in found}
    return joined(asked, boxes, {})


def grandalf(asked: Request) -> Laid:
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout
    from grandalf.routing import EdgeViewer, route_with_lines

    class Size:
        def __init__(self, wide: float, high: float) -> None:
            self.w, self.h = wide, high
            self.xy = (0.0, 0.0)

    vertices = {key: Vertex(key) for key in asked.structure.keys}
    for key, vertex in vertices.items():
        vertex.view = Size(*asked.size(key))
    edges = [Edge(vertices[link.source], vertices[link.target]) for link in asked.structure.links]
    for edge in edges:
        edge.view = EdgeViewer()
    left = 0.0
    boxes: dict[Key, Rectangle] = {}
    for part in Graph(list(vertices.values()), edges).C:
        layout = SugiyamaLayout(part)
        layout.xspace, layout.yspace = 24, 30
        layout.route_edge = route_with_lines
        layout.init_all()
        layout.draw(3)
        for vertex in part.sV:
            boxes[vertex.data] = centred(asked, vertex.data, left + vertex.view.xy[0], vertex.view.xy[1])
        left = max(each.right for each in boxes.values()) + 24
    corners = {
        number: [Point(*each) for each in edge.view._pts[1:-1]] for number, edge in enumerate(edges) if edge.view._pts
    }
    return joined(asked, boxes, corners)


# ------------------------------------------------------------------------------------------------------------- pyelk


def pyelk(asked: Request) -> Laid:
    from pyelk import ELK

    numbers = {key: number for number, key in enumerate(asked.structure.keys)}

    # A link stands in the innermost group around both of its ends.
    edges: dict[Group, list[dict[str, Any]]] = {}
    for number, link in enumerate(asked.structure.links):
        ends = {"sources": [f"n{numbers[link.source]}"], "targets": [f"n{numbers[link.target]}"]}
        edges.setdefault(common(link.source.group, link.target.group), []).append({"id": f"e{number}", **ends})

    def nested(path: Group) -> dict[str, Any]:
        children: list[dict[str, Any]] = []
        for key in asked.structure.members[path]:
            if key.kind is Kind.GROUP:
                name = f"g{asked.structure.groups.index(key.path)}"
                children.append({"id": name, "layoutOptions": padding, **nested(key.path)})
            else:
                wide, high = asked.size(key)
                children.append({"id": f"n{numbers[key]}", "width": wide, "height": high})
        return {"children": children, "edges": edges.get(path, [])}

    padding = {"elk.padding": "[top=16,left=16,bottom=16,right=16]"}
    options = {
        "elk.algorithm": "layered",
        "elk.direction": "DOWN",
        "elk.hierarchyHandling": "INCLUDE_CHILDREN",
        "elk.spacing.nodeNode": "24",
        "elk.layered.spacing.nodeNodeBetweenLayers": "30",
    }
    answer = ELK().layout({"id": "root", "layoutOptions": options, **nested(())})
    boxes: dict[Key, Rectangle] = {}
    frames: dict[Group, Rectangle] = {}
    corners: dict[int, list[Point]] = {}

    def gather(node: Mapping[str, Any], x: float, y: float) -> None:
        for edge in node.get("edges", ()):
            for section in edge.get("sections", ())[:1]:
                points = [section["startPoint"], *section.get("bendPoints", ()), section["endPoint"]]
                corners[int(edge["id"][1:])] = [Point(x + each["x"], y + each["y"]) for each in points]
        for child in node.get("children", ()):
            place = Rectangle(x + child["x"], y + child["y"], child["width"], child["height"])
            if child["id"].startswith("n"):
                boxes[asked.structure.keys[int(child["id"][1:])]] = place
            else:
                frames[asked.structure.groups[int(child["id"][1:])]] = place
                gather(child, place.x, place.y)

    gather(answer, 0, 0)
    links = enumerate(asked.structure.links)
    return Laid(
        boxes, frames, [(link.source, link.target, corners[number]) for number, link in links if number in corners]
    )


ENGINES: Final[Mapping[str, tuple[Callable[[Request], Laid], Callable[[], object]]]] = {
    "archspec": (ours, lambda: True),
    "dot": (dot, lambda: which("dot") or find_spec("pygraphviz")),
    "pyelk": (pyelk, lambda: find_spec("pyelk")),
    "grandalf": (grandalf, lambda: find_spec("grandalf")),
    "igraph": (igraph, lambda: find_spec("igraph")),
    "fast-sugiyama": (fast_sugiyama, lambda: find_spec("fast_sugiyama")),
}


# ---------------------------------------------------------------------------------------------------- what is counted


@final
@dataclass(frozen=True)
class Quality:
    missing: int
    """Links without a line."""

    overlaps: int
    """Groups that overlap each other, or a box that is not in them."""

    through: int
    """Links whose line runs through a box."""

    crossings: int
    """How often lines of two values cross."""

    area: float
    """In millions of pixels."""


def quality(asked: Request, found: Laid) -> Quality:
    places = [*found.boxes.values(), *found.frames.values()]
    points = [point for _, _, line in found.lines for point in line]
    wide = max([each.right for each in places] + [each.x for each in points])
    wide -= min([each.x for each in places] + [each.x for each in points])
    high = max([each.bottom for each in places] + [each.y for each in points])
    high -= min([each.y for each in places] + [each.y for each in points])
    return Quality(
        len(asked.structure.links) - len(found.lines),
        sum(1 for _ in _overlapping(found)),
        sum(_runs_through(found.boxes, line) for line in found.lines),
        _crossings(found),
        wide * high / 1e6,
    )


def _overlapping(found: Laid) -> Iterator[Group]:
    for one, other in combinations(found.frames, 2):
        if one != other[: len(one)] and other != one[: len(other)] and found.frames[one].overlaps(found.frames[other]):
            yield one
    for path, frame in found.frames.items():
        for key, box in found.boxes.items():
            if key.group[: len(path)] != path and frame.overlaps(box):
                yield path


def _runs_through(boxes: Mapping[Key, Rectangle], line: tuple[Key, Key, Sequence[Point]]) -> bool:
    *ends, points = line
    high, low = min(point.y for point in points), max(point.y for point in points)
    for key, box in boxes.items():
        if key in ends or box.y > low or box.bottom < high:
            continue
        inside = Rectangle(box.x + 1, box.y + 1, box.width - 2, box.height - 2)
        if any(_meets(inside, a, b) for a, b in pairwise(points)):
            return True
    return False


def _meets(box: Rectangle, a: Point, b: Point) -> bool:
    """Whether a straight line comes into a rectangle."""
    first, last = 0.0, 1.0
    for start, length, low, high in ((a.x, b.x - a.x, box.x, box.right), (a.y, b.y - a.y, box.y, box.bottom)):
        if length == 0:
            if not low < start < high:
                return False
            continue
        one, other = sorted([(low - start) / length, (high - start) / length])
        first, last = max(first, one), min(last, other)
    return first < last


def _crossings(found: Laid) -> int:
    pieces = sorted(
        {(min(a.y, b.y), max(a.y, b.y), a, b, source) for source, _, line in found.lines for a, b in pairwise(line)},
        key=lambda piece: piece[0],
    )
    count = 0
    for place, (_, low, a, b, source) in enumerate(pieces):
        for top, _, c, d, other in pieces[place + 1 :]:
            if top > low:
                break
            count += source != other and _cross(a, b, c, d)
    return count


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


# ------------------------------------------------------------------------------------------------------------ the table


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    engines = {name: engine for name, (engine, is_there) in ENGINES.items() if is_there()}
    absent = [name for name in ENGINES if name not in engines]
    print(
        f"time as a ratio to ours, median of {runs}; groups that overlap; lines through boxes; crossings; area to ours"
    )
    print(f"not installed: {', '.join(absent)}" if absent else "all engines are installed")
    for name, make in MODELS.items():
        asked = unfolded(make())
        groups, links = len(asked.structure.groups), len(asked.structure.links)
        print(f"\n{name}: {len(asked.structure.keys)} boxes, {links} links, {groups} groups")
        times: dict[str, list[float]] = {each: [] for each in engines}
        results: dict[str, Laid] = {}
        for _ in range(runs):
            for each, engine in engines.items():
                start = time.perf_counter()
                try:
                    results[each] = engine(asked)
                except Exception as error:  # What another's engine fails with is not ours to know.
                    print(f"  {each} fails: {type(error).__name__}: {error}"[:100])
                times[each].append(time.perf_counter() - start)
        base = median(times["archspec"])
        area = quality(asked, results["archspec"]).area
        for each, found in results.items():
            counts = quality(asked, found)
            missing = f", {counts.missing} links missing" if counts.missing else ""
            print(
                f"  {each:<14} {median(times[each]) / base:7.2f} {counts.overlaps:5} {counts.through:5} "
                f"{counts.crossings:5} {counts.area / area:6.2f}{missing}"
            )
        print(f"  (ours takes {1000 * base:.0f} ms)")


if __name__ == "__main__":
    main()
