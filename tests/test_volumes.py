"""The volumes view: laws of every figure, over all specs with feature maps, and what is seen of some models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from math import cos, radians, sin
from pathlib import Path as FilePath
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

import archspec
from archspec.drawing import Drawing, DrawingError
from archspec.graph import Graph
from archspec.ops.conv import Conv
from archspec_diagram import BACKEND, font, volumes
from archspec_diagram.arrangement import Arrangement, arranged
from archspec_diagram.arrow import WIDTH
from archspec_diagram.picture import Box, Mark, Part, Picture, Point, Polygon, Polyline, Rectangle, Text
from archspec_diagram.solid import HIGHEST, Form, Scale, Solid, bar_height, thickness
from archspec_diagram.solids import feature_maps
from archspec_diagram.svg import svg
from tests.diagrams import HOSTILE, chained
from tests.read_once import read_once, variants_of

SPECS = FilePath(__file__).parent.parent / "specs"


@cache
def graph_of(name: str) -> Graph:
    return read_once(SPECS / name).graph


FLAT = ("attention", "memory", "sequence")
"""The folders of models that are not drawn so: nothing in them has channels and positions."""

ALL = tuple(sorted(path.relative_to(SPECS) for path in SPECS.rglob("*") if path.suffix in (".arch", ".yaml")))
FILES = tuple(str(path) for path in ALL if path.parts[0] not in FLAT)
MODELS = tuple(each for name in FILES for each in (name, *(f"{name}:{it}" for it in variants_of(SPECS / name))))
OPTIONS = {
    "": Drawing(style="volumes"),
    "shallow": Drawing(style="volumes", depth=0),
    "open": Drawing(style="volumes", depth=9),
}
FIGURES = [(name, option) for name in MODELS for option in OPTIONS if not option or ":" not in name]

HEADINGS = 64
"""Where the title and the size of the model end."""

WIDEST = 1320
"""What is wider has letters of less than four points where a page has it in full width."""


@cache
def picture(name: str, option: str = "") -> Picture:
    return volumes.picture(graph_of(name), OPTIONS[option])


@cache
def arrangement(name: str) -> Arrangement:
    graph = graph_of(name)
    _, row = volumes.shown(graph, OPTIONS[""], feature_maps(graph))
    return arranged(row, 1.0)


def flat(marks: tuple[Mark, ...]) -> Iterator[Mark]:
    for mark in marks:
        if isinstance(mark, Part):
            yield from flat(mark.marks)
        else:
            yield mark


def texts(of: Picture) -> list[Text]:
    return [mark for mark in flat(of.marks) if isinstance(mark, Text)]


def corners(text: Text) -> list[Point]:
    """The corners of the rectangle that the letters of a text fill, turned as it is."""
    line = text.line
    wide = font.width_of(line.runs, line.size)
    left, right = (0.0, wide) if line.starts else (-wide / 2, wide / 2)
    top, bottom = -0.73 * line.size, 0.1 * line.size
    turn = radians(text.turned)
    return [
        Point(line.at.x + x * cos(turn) - y * sin(turn), line.at.y + x * sin(turn) + y * cos(turn))
        for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]


def meet(one: list[Point], other: list[Point]) -> bool:
    """Whether two convex shapes share more than an edge: no line along a side of either keeps them apart."""
    for shape in (one, other):
        for start, end in pairwise([*shape, shape[0]]):
            across, down = start.y - end.y, end.x - start.x
            first = [across * point.x + down * point.y for point in one]
            second = [across * point.x + down * point.y for point in other]
            if max(first) <= min(second) + 1e-6 or max(second) <= min(first) + 1e-6:
                return False
    return True


def test_models_have_feature_maps_save_those_of_some_folders() -> None:
    assert [str(path) for path in ALL if feature_maps(graph_of(str(path)))] == [*FILES]


@pytest.mark.parametrize(("name", "option"), FIGURES)
def test_what_stands_highest_is_right_below_the_title(name: str, option: str) -> None:
    heights = []
    for mark in flat(picture(name, option).marks):
        if isinstance(mark, Polygon | Polyline):
            heights += [point.y for point in mark.points]
        elif isinstance(mark, Text) and mark.line.at.y > HEADINGS:
            heights += [point.y for point in corners(mark)]
    assert HEADINGS < min(heights) < HEADINGS + 12


@pytest.mark.parametrize(("name", "option"), FIGURES)
def test_no_line_is_drawn_twice(name: str, option: str) -> None:
    drawn = [mark for mark in flat(picture(name, option).marks) if isinstance(mark, Polyline)]
    pieces = [piece for mark in drawn if mark.paint.width == WIDTH for piece in pairwise(mark.points)]
    for one, other in combinations(pieces, 2):
        for across, along in ((0, 1), (1, 0)):
            if len({point[across] for point in (*one, *other)}) == 1:
                first, second = (sorted(point[along] for point in piece) for piece in (one, other))
                # A line ends within its head.
                assert min(first[1], second[1]) - max(first[0], second[0]) < 2, (one, other)


@pytest.mark.parametrize(("name", "option"), FIGURES)
def test_no_text_lies_on_another(name: str, option: str) -> None:
    shapes = [(text.line.text, corners(text)) for text in texts(picture(name, option))]
    for (one, first), (other, second) in combinations(shapes, 2):
        assert not meet(first, second), f"{one!r} lies on {other!r}"


@pytest.mark.parametrize("name", FILES)
def test_no_size_lies_on_a_solid(name: str) -> None:
    drawn = picture(name)
    faces = [list(mark.points) for mark in flat(drawn.marks) if isinstance(mark, Polygon) and len(mark.points) == 4]
    for text in texts(drawn):
        if text.turned:
            assert not any(meet(face, corners(text)) for face in faces), text.line.text


@pytest.mark.parametrize(("name", "option"), FIGURES)
def test_no_arrow_crosses_a_text(name: str, option: str) -> None:
    drawn = picture(name, option)
    lines = [mark for mark in flat(drawn.marks) if isinstance(mark, Polyline) and not mark.paint.dash]
    for text in texts(drawn):
        shape = corners(text)
        for line in lines:
            for start, end in pairwise(line.points):
                assert not meet([start, end], shape), f"an arrow crosses {text.line.text!r}"


@pytest.mark.parametrize("name", FILES)
def test_no_line_of_a_window_crosses_a_size(name: str) -> None:
    drawn = picture(name)
    lines = [mark for mark in flat(drawn.marks) if isinstance(mark, Polyline) and mark.paint.dash]
    pieces = [[*piece] for line in lines for piece in pairwise(line.points)]
    for text in texts(drawn):
        if text.turned:
            # Nor does one run along it.
            larger = replace(text, line=replace(text.line, size=text.line.size * 1.15))
            assert not any(meet(piece, corners(larger)) for piece in pieces), f"a line crosses {text.line.text!r}"


@pytest.mark.parametrize("name", MODELS)
def test_a_figure_is_no_wider_than_can_be_printed(name: str) -> None:
    assert picture(name).width <= WIDEST


@pytest.mark.parametrize(("name", "option"), FIGURES)
def test_everything_is_on_the_sheet(name: str, option: str) -> None:
    drawn = picture(name, option)
    sheet = Rectangle(0, 0, drawn.width, drawn.height)
    for mark in flat(drawn.marks):
        points: list[Point] = []
        if isinstance(mark, Text):
            points = corners(mark)
        elif isinstance(mark, Polygon | Polyline):
            points = list(mark.points)
        elif isinstance(mark, Box):
            assert sheet.contains(mark.rectangle)
        assert all(0 <= point.x <= drawn.width and 0 <= point.y <= drawn.height for point in points)


@pytest.mark.parametrize("name", FILES)
def test_solids_stand_in_order_and_apart(name: str) -> None:
    found = arrangement(name)
    for arrow in found.arrows:
        source, target = found.placed[arrow.source], found.placed[arrow.target]
        assert source.row < target.row or source.left < target.left
    fronts = [
        Rectangle(each.left, each.bottom - each.solid.height, each.solid.thickness, each.solid.height)
        for each in found.placed
    ]
    assert not any(one.overlaps(other) for one, other in combinations(fronts, 2))


@pytest.mark.parametrize("name", FILES)
def test_every_number_is_that_of_the_graph(name: str) -> None:
    graph = graph_of(name)
    maps = feature_maps(graph)
    values = [*graph.inputs, *(value for node in graph.nodes for value in node.outputs)]
    channels = {str(value.shape[1]) for value in values if value in maps}
    features = {str(value.shape[-1]) for value in values if value not in maps and value.shape.rank}
    for each in arrangement(name).placed:
        solid = each.solid
        if solid.form in (Form.VOLUME, Form.BAR):
            value = solid.item.value or (solid.item.said or (solid.item.nodes[-1].output,))[-1]
            size = value.shape[1] if value in maps else value.shape[-1]
            assert solid.lines[0].text == str(size)
            assert solid.lines[0].text in channels | features
            if solid.size.isdigit():
                assert {solid.size} == {str(side) for side in value.shape[2:]} or value not in maps


@pytest.mark.parametrize("name", FILES)
def test_larger_is_drawn_larger(name: str) -> None:
    graph = graph_of(name)
    maps = feature_maps(graph)
    sizes: list[tuple[int, int, Solid]] = []
    for each in arrangement(name).placed:
        solid = each.solid
        value = solid.item.value or (solid.item.said or [node.output for node in solid.item.nodes[-1:]])[-1]
        numbers = [size for size in value.shape[1:] if isinstance(size, int)]
        if solid.form is Form.VOLUME and value in maps and len(numbers) == value.shape.rank - 1 > 1:
            sizes.append((numbers[0], numbers[-2] if len(numbers) > 2 else numbers[-1], solid))
    for (channels, height, one), (others, longer, other) in combinations(sizes, 2):
        assert (channels < others) == (one.thickness < other.thickness)
        assert (height < longer) == (one.height < other.height)


def test_scales_are_strictly_monotone() -> None:
    for measure in (thickness, bar_height, Scale(4096).edge):
        lengths = [measure(size) for size in range(1, 4097)]
        assert all(one < other for one, other in pairwise(lengths))
    assert Scale(224).edge(224) == HIGHEST


@pytest.mark.parametrize("name", FILES)
def test_a_figure_is_the_same_each_time(name: str) -> None:
    graph = archspec.load(f"{SPECS / name}").graph
    text = svg(volumes.picture(graph, OPTIONS[""]))
    assert text == svg(picture(name))
    identities = [each.get("id") for each in ElementTree.fromstring(text).iter() if each.get("id")]  # noqa: S314
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_each_form_of_a_picture_has_it(form: str) -> None:
    target = next(each for each in BACKEND.targets if each.name == form)
    written = BACKEND.draw(graph_of("lenet.arch"), target, OPTIONS[""])
    assert written != BACKEND.draw(graph_of("lenet.arch"), target, Drawing())
    assert written.startswith({"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}[form])


def said(name: str) -> list[list[str]]:
    return [[line.text for line in each.solid.lines] for each in arrangement(name).placed]


def test_lenet_is_drawn_as_in_its_paper() -> None:
    assert said("vision/lenet5.yaml") == [
        ["1", "image"],
        ["6", "5×5", "C1"],
        ["6", "2×2 /2", "avgpool", "S2"],
        ["16", "5×5", "C3"],
        ["16", "2×2 /2", "avgpool", "S4"],
        ["120", "5×5", "C5"],
        ["84", "F6"],
        ["10"],
    ]
    sizes = [each.solid.size for each in arrangement("vision/lenet5.yaml").placed]
    assert sizes == ["32", "28", "14", "10", "5", "1", "", ""]


def test_stages_of_resnet_fit_a_line() -> None:
    found = arrangement("vision/resnet.arch:resnet50")
    assert {each.row for each in found.placed} == {0}
    assert [words[1] for words in said("vision/resnet.arch:resnet50")[3:7]] == [
        "3 × Bottleneck",
        "4 × Bottleneck",
        "6 × Bottleneck",
        "3 × Bottleneck",
    ]


def test_repeats_are_told_by_a_bracket() -> None:
    assert "hidden ×11" in {text.line.text for text in texts(picture("games/alphago_policy.arch"))}


def test_convolutions_of_one_size_touch_each_other() -> None:
    placed = arrangement("vision/vgg.arch:vgg16").placed
    first, second = placed[1:3]
    assert second.left == pytest.approx(first.left + first.solid.thickness, abs=0.1)
    assert (first.shows_size, second.shows_size) == (False, True)


def test_a_u_net_is_a_u() -> None:
    found = arrangement("vision/unet.arch")
    skips = [arrow for arrow in found.arrows if arrow.skips]
    assert len(skips) == 4
    for outer, inner in pairwise(sorted(skips, key=lambda arrow: arrow.source)):
        assert found.placed[outer.source].middle < found.placed[inner.source].middle
    for skip in skips:
        assert found.placed[skip.source].middle == found.placed[skip.target].middle


def test_a_concatenation_is_cut_where_its_inputs_meet() -> None:
    cut = next(
        each.solid
        for each in arrangement("vision/unet.arch").placed
        if each.solid.item.nodes and "concat" in str(each.solid.item.nodes[0].op)
    )
    assert [each.part for each in cut.slices] == [0.5, 0.5]


def test_streams_are_cut_apart() -> None:
    placed = arrangement("vision/alexnet_two_streams.arch:alexnet_two_streams").placed
    cut = [len(each.solid.slices) for each in placed if "2 groups" in {line.text for line in each.solid.lines}]
    assert cut == [2, 2, 2]


def test_the_window_of_a_layer_is_drawn_on_what_it_slides_over() -> None:
    found = arrangement("lenet.arch")
    marked = [(arrow.source, arrow.target) for arrow in found.arrows if arrow.marks_kernel]
    assert marked == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_u_says_each_size_once_on_each_side_of_a_level() -> None:
    said = [each.solid.size for each in arrangement("vision/unet.arch").placed if each.shows_size]
    down = ["16H×16W", "8H×8W", "4H×4W", "2H×2W", "H×W"]
    assert said == [*down, *down[-2::-1]]


def test_a_window_along_one_axis_is_called_one() -> None:
    said = {text.line.text for text in texts(picture("text/text_cnn.yaml"))}
    assert {"kernel 3", "kernel 4", "kernel 5"} <= said


def test_branches_stand_apart() -> None:
    placed = arrangement("text/text_cnn.yaml").placed
    heights = {each.middle for each in placed if each.solid.item.nodes and "conv" in str(each.solid.item.nodes[0].op)}
    assert len(heights) == 3


def test_what_was_asked_for_is_drawn() -> None:
    graph = graph_of("alexnet.arch")
    folded = svg(volumes.picture(graph, Drawing(fold=("features",))))
    assert 'id="group.features"' in folded
    assert "#d1242f" in svg(volumes.picture(graph, Drawing(highlight=("features.0",))))
    labelled = volumes.picture(graph, Drawing(label="{op} {kernel}"))
    assert "conv 11" in {text.line.text for text in texts(labelled)}
    with pytest.raises(DrawingError, match="kernal"):
        volumes.picture(graph, Drawing(label="{kernal}"))


def test_a_theme_has_its_colours(tmp_path: FilePath) -> None:
    theme = tmp_path / "theme.yaml"
    theme.write_text('spacing: 2\nfamilies:\n  convolution: "#123456"\n')
    graph = graph_of("lenet.arch")
    themed = volumes.picture(graph, Drawing(theme=theme))
    assert "#123456" in svg(themed)
    assert themed.width > picture("lenet.arch").width


def test_names_cannot_break_a_figure() -> None:
    graph = chained(HOSTILE, [1, 3, 8, 8], [(f"{HOSTILE}!".replace("/", ""), Conv(channels=2, kernel=3))])
    ElementTree.fromstring(svg(volumes.picture(graph, OPTIONS[""])))  # noqa: S314


def test_a_model_without_feature_maps_has_no_volumes() -> None:
    with pytest.raises(DrawingError, match=r"GPT2.*has no feature maps.*use `--style graph`"):
        volumes.picture(archspec.load(SPECS / "attention" / "gpt2.arch").graph, OPTIONS[""])


def test_a_form_that_is_no_picture_has_no_volumes() -> None:
    for target in BACKEND.targets:
        if target.name in ("mermaid", "dot", "markdown", "latex", "csv"):
            with pytest.raises(DrawingError, match="`volumes` is drawn as svg"):
                BACKEND.draw(graph_of("lenet.arch"), target, OPTIONS[""])


def test_labels_stay_clear_of_the_solids() -> None:
    """What is said below a solid lies on no other, over all models."""
    for name in MODELS:
        placed = arrangement(name).placed
        for each in placed:
            solid = each.solid
            if solid.form not in (Form.VOLUME, Form.BAR):
                continue
            label = Rectangle(
                each.label_middle - solid.label_width / 2,
                each.bottom + 3,
                solid.label_width,
                each.lower - each.bottom - 3,
            )
            for other in placed:
                front = Rectangle(
                    other.left, other.bottom - other.solid.height, other.solid.thickness, other.solid.height
                )
                assert not label.overlaps(front), f"{name}: {solid.lines[0].text} lies on another"
