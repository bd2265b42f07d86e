"""What a diagram shows of a model: what is folded, how repeats are told, and how the whole stands."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec.drawing import Direction, Drawing, DrawingError
from archspec.graph import Graph
from archspec.graph import Path as Path_
from archspec_diagram import BACKEND
from archspec_diagram.chart import Chart
from archspec_diagram.folding import view_of
from archspec_diagram.layout import layout
from archspec_diagram.picture import Rectangle
from archspec_diagram.view import View

SPECS = Path(__file__).parent.parent / "specs"
RESNET = "vision/resnet.arch:resnet50"
GOOGLENET = "vision/googlenet.arch"
TRANSFORMER = "attention/transformer.arch"
FILES = tuple(str(path.relative_to(SPECS)) for path in sorted(SPECS.rglob("*")) if path.suffix in (".arch", ".yaml"))


@cache
def graph(spec: str) -> Graph:
    return archspec.load(f"{SPECS}/{spec}").graph


def said(text: str) -> Graph:
    return archspec.loads(text, syntax="arch").graph


def view(spec: str | Graph, **options: Any) -> View:
    return view_of(graph(spec) if isinstance(spec, str) else spec, Drawing.of(**options))


def chart(spec: str | Graph, **options: Any) -> Chart:
    return layout(view(spec, **options), Drawing.of(**options))


def titles(chart: Chart) -> list[str]:
    return [card.lines[0].text for card in chart.cards]


def places(chart: Chart) -> dict[str, Rectangle]:
    return {card.identity: card.rectangle for card in chart.cards}


def frames(chart: Chart) -> dict[str, Rectangle]:
    return {frame.identity: frame.rectangle for frame in chart.frames}


# ------------------------------------------------------------------------------------------------------- unasked


@pytest.mark.parametrize(
    ("spec", "fewest", "most"),
    [(RESNET, 10, 16), (GOOGLENET, 20, 32), (TRANSFORMER, 20, 36), ("attention/gpt2.arch", 8, 16)],
)
def test_a_figure_can_be_read_at_a_glance(spec: str, fewest: int, most: int) -> None:
    assert fewest <= len(view(spec).items) <= most


def test_all_uses_of_a_block_are_open_or_none_is() -> None:
    folded = {item.group.block for item in view(GOOGLENET).items.values() if item.group}
    assert folded == {"Inception", "Auxiliary"}
    assert not any(item.group for item in view("vision/unet.arch").items.values())


@pytest.mark.parametrize("spec", FILES)
def test_branches_that_take_the_same_are_all_open_or_none_is(spec: str) -> None:
    model = graph(spec)
    shown = view(spec)
    taken: dict[Path_, set[Path_]] = {path: set() for path in model.groups}
    for node in model.nodes:
        for depth in range(1, len(node.path)):
            group = node.path[:depth]
            taken[group] |= {value.producer for value in node.inputs if value.producer[:depth] != group}
    training = {node.path[:depth] for node in model.nodes for depth in range(1, len(node.path))} - {
        node.path[:depth]
        for node in model.nodes
        if node.path not in model.in_training_only
        for depth in range(1, len(node.path))
    }
    for one, other in combinations(model.groups, 2):
        if one[:-1] == other[:-1] and taken[one] == taken[other] and not {one, other} & training:
            assert (one in shown.opened) == (other in shown.opened), (one, other)


def test_what_is_there_in_training_alone_is_folded_and_dashed() -> None:
    cards = {card.identity: card for card in chart(GOOGLENET).cards}
    assert {name for name, card in cards.items() if card.in_training_only} == {
        "group.aux1",
        "group.aux2",
        "output.1",
        "output.2",
    }


# --------------------------------------------------------------------------------------------------------- asked


def test_depth_says_how_deep_groups_are_open() -> None:
    assert {item.name for item in view(RESNET, depth=0).items.values() if item.group} == {
        f"layer{number}" for number in (1, 2, 3, 4)
    }
    once = view(RESNET, depth=1)
    assert {item.group.block for item in once.items.values() if item.group} == {"Bottleneck"}
    assert {item.group.block for item in view(RESNET, depth=2).items.values() if item.group} == {"Projection"}


def test_a_group_can_be_opened_and_another_closed() -> None:
    opened = view(GOOGLENET, expand="inception3a", fold="conv1")
    closed = {item.group.name for item in opened.items.values() if item.group}
    assert "conv1" in closed
    assert "inception3b" in closed
    assert not any(name.startswith("inception3a") for name in closed)


def test_a_block_stands_for_all_its_uses() -> None:
    opened = view(GOOGLENET, expand=["Inception", "Auxiliary"])
    closed = {item.group.name for item in opened.items.values() if item.group}
    assert closed <= {"conv1", "conv2", "conv3"}
    folded = [item for item in view(GOOGLENET, fold="ConvNormAct", depth=9).items.values() if item.group]
    assert len(folded) == 3 + 9 * 6 + 2


@pytest.mark.parametrize("option", ["expand", "fold", "highlight"])
def test_an_unknown_path_is_told_with_what_may_be_meant(option: str) -> None:
    with pytest.raises(DrawingError, match=re.escape("`layer11`; did you mean `layer1`")):
        view(RESNET, **{option: "layer11"})
    with pytest.raises(DrawingError, match=re.escape("`nothing` (there are `layer1`, ")):
        view(RESNET, **{option: "nothing"})


def test_a_layer_is_no_group() -> None:
    with pytest.raises(DrawingError, match=re.escape("`conv1` is a layer; only groups can be given to `fold`")):
        view(RESNET, fold="conv1")


def test_what_is_left_and_entered_again_is_not_folded() -> None:
    woven = woven_graph()
    with pytest.raises(DrawingError, match="`g` cannot be folded: layers outside take from it, and give to it again"):
        view(woven, fold="g")
    assert not any(item.group for item in view(woven, depth=0).items.values() if item.name == "g")


def woven_graph() -> Graph:
    from tests.diagrams import tangled

    return tangled()


def test_what_stands_out() -> None:
    lit = [card.identity for card in chart(RESNET, highlight=["layer2", "conv1"]).cards if card.is_highlighted]
    assert lit == ["layer.conv1", "group.layer2.0", "group.layer2.1"]
    assert [frame.identity for frame in chart(RESNET, highlight="layer2").frames if frame.is_highlighted] == [
        "group.layer2"
    ]


# ------------------------------------------------------------------------------------------------------- repeats

COPIES = """
block Step { linear(8) -> relu -> linear(8) }
model M {
    input x: [B, 8]
    repeat 5 { Step }
    linear(3)
}
"""

AGAIN = """
model M {
    input x: [B, 8]
    step = linear(8)
    steps = repeat 5 { _ -> step }
    linear(3)
}
"""


def test_copies_and_one_layer_used_again_are_told_apart() -> None:
    copies = [each for each in view(said(COPIES)).containers.values() if each.badge]
    assert [each.badge and each.badge.text for each in copies] == ["×5"]
    assert "each with weights of its own" in copies[0].tip
    again = [item for item in view(said(AGAIN)).items.values() if item.badge]
    assert [item.badge and item.badge.text for item in again] == ["×5 shared"]
    assert not any(card.stacks for card in chart(said(AGAIN)).cards)
    assert any(card.stacks for card in chart(said(COPIES), depth=0).cards)


def test_a_pass_that_is_named_is_drawn_and_so_are_the_others() -> None:
    assert [item.badge.times for item in view(RESNET).items.values() if item.badge] == [2, 3, 5, 2]
    assert [item.badge.times for item in view(RESNET, highlight="layer3.4").items.values() if item.badge] == [2, 3, 2]
    names = {item.group.name for item in view(RESNET, fold="layer3.4").items.values() if item.group}
    assert {f"layer3.{number}" for number in range(6)} <= names


def test_a_repeat_whose_passes_are_taken_from_is_drawn_whole() -> None:
    text = """
    model M {
        input x: [B, 8]
        a, b, c = x -> linear(24) -> split(3)
        y = repeat 3 { linear(8) -> relu }
        c + y
    }
    """
    assert any(each.badge for each in view(said(text)).containers.values())


# ------------------------------------------------------------------------------------------------ how it all stands


def test_a_unet_is_a_u() -> None:
    drawn = chart("vision/unet.arch")
    levels = [edge for edge in drawn.edges if edge.skips]
    assert len(levels) == 4
    assert all(len(edge.points) == 2 and edge.points[0].y == edge.points[1].y for edge in levels)
    heights = {edge.points[0].y for edge in levels}
    assert len(heights) == 4
    place = places(drawn)
    assert place["input.image"].x < place["output.0"].x
    assert place["output.0"].y < max(heights)


def test_an_encoder_and_a_decoder_stand_side_by_side() -> None:
    boxes = frames(chart(TRANSFORMER))
    encoder, decoder = boxes["group.encoder"], boxes["group.decoder"]
    assert encoder.right < decoder.x
    assert encoder.y == decoder.y


def test_an_encoder_and_a_decoder_do_not_tear_holes_into_each_other() -> None:
    drawn = chart(TRANSFORMER)
    for name, layers in (("encoder", 9), ("decoder", 13)):
        rows = sorted(
            (card.rectangle for card in drawn.cards if card.identity.startswith(f"layer.{name}.")),
            key=lambda place: place.y,
        )
        assert len(rows) > layers
        assert all(below.y - above.bottom < 60 for above, below in pairwise(rows))


@pytest.mark.parametrize("direction", Direction)
def test_it_runs_where_it_is_asked_to(direction: Direction) -> None:
    drawn = chart("lenet.arch", direction=direction)
    assert (drawn.width > drawn.height) == (direction is Direction.RIGHT)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("order", ["a, b", "b, a"])
def test_inputs_of_a_concatenation_come_in_their_order(order: str, direction: Direction) -> None:
    text = f"""
    model M {{
        input x: [B, 8]
        a = x -> linear(8)
        b = x -> linear(8)
        joined = ({order}) -> concat
    }}
    """
    drawn = chart(said(text), direction=direction)
    ends = {edge.source: edge.points[-1] for edge in drawn.edges if edge.target == "layer.joined"}
    first, last = (ends[f"layer.{name}"] for name in order.split(", "))
    assert (
        (first.x, -first.y) < (last.x, -last.y) if direction is Direction.DOWN else first.y < last.y or first.x < last.x
    )


def test_sums_are_small_and_round() -> None:
    sums = [card for card in chart(RESNET, depth=9).cards if card.identity.endswith("add1")]
    assert sums
    assert all(card.lines[0].text == "+" and card.rectangle.width == card.rectangle.height == 24 for card in sums)


# --------------------------------------------------------------------------------------------------- other formats


@pytest.mark.parametrize("options", [{}, {"depth": 0}, {"depth": 9}, {"fold": "layer2"}])
@pytest.mark.parametrize("spec", [RESNET, TRANSFORMER])
def test_every_format_shows_the_same(spec: str, options: dict[str, Any]) -> None:
    if spec == TRANSFORMER and "fold" in options:
        options = {"fold": "encoder"}
    targets = {each.name: each for each in BACKEND.targets}
    drawing = Drawing.of(**options)
    shown = view(spec, **options)
    flowchart = BACKEND.draw(graph(spec), targets["mermaid"], drawing).decode()
    graphviz = BACKEND.draw(graph(spec), targets["dot"], drawing).decode()
    assert len(re.findall(r":::\w", flowchart)) == len(shown.items)
    assert flowchart.count("-->") == graphviz.count(" -> ") == len(shown.structure.links)
    assert flowchart.count("subgraph") == graphviz.count("subgraph") == len(shown.containers)
    assert all(f'"{item.identity}" [' in graphviz for item in shown.items.values())
    badges = [each.badge for each in shown.items.values()] + [each.badge for each in shown.containers.values()]
    for badge in {each.text for each in badges if each is not None}:
        assert badge in flowchart
        assert badge in graphviz


def test_thousands_of_layers_can_be_drawn() -> None:
    lines = "\n".join(f"    repeat {50 + number} {{ residual {{ linear(8) -> relu }} }}" for number in range(22))
    large = said(f"model Large {{\n    input x: [B, 8]\n{lines}\n    linear(2)\n}}")
    assert len(large.nodes) >= 3000
    assert len(view(large, depth=99).items) < 100
    named = [f"linear{number}" for number in range(2, len(large.nodes) // 3, 40)]
    shown = view(large, highlight=[name for name in named if any(node.name == name for node in large.nodes)])
    assert len(layout(shown, Drawing()).cards) >= 3000


# ---------------------------------------------------------------------------------------------------------- labels


def test_a_label_leaves_out_what_a_layer_does_not_have() -> None:
    assert titles(chart("lenet.arch", label="{op} {kernel} /{stride}"))[:6] == [
        "image",
        "conv 5 /1",
        "sigmoid",
        "avgpool 2",
        "conv 5 /1",
        "sigmoid",
    ]


def test_a_label_has_lines() -> None:
    lines = [[line.text for line in card.lines] for card in chart("lenet.arch", label="{op}|{params}").cards]
    assert ["linear", "48.1K"] in lines
    assert ["flatten"] in lines


def test_a_label_never_hides_how_often_something_runs() -> None:
    assert "Bottleneck ×2" in titles(chart(RESNET, label="{op}"))
    assert "2 of Bottleneck" in titles(chart(RESNET, label="{times} of {op}"))


def test_a_shape_that_a_label_has_is_not_said_beside_the_box_again() -> None:
    found = chart("lenet.arch", label="{op}|{shape}")
    assert [pill.line.text for pill in found.pills] == ["[B, 1, 28, 28]"]
    assert ["linear", "[B, 120]"] in [[line.text for line in card.lines] for card in found.cards]
    # A closed group says it even where the shape is that of what comes in.
    closed = chart(GOOGLENET, label="{op}|{shape}")
    assert all(card.lines[-1].text.startswith("[B, ") for card in closed.cards if card.lines[0].text == "Inception")


@pytest.mark.parametrize(
    ("label", "told"),
    [("{opp}", "no layer of the model has `opp` for a label; did you mean `op`?"), ("{op", "has no partner")],
)
def test_a_label_that_cannot_be_is_told(label: str, told: str) -> None:
    target = next(each for each in BACKEND.targets if each.name == "svg")
    with pytest.raises(DrawingError, match=re.escape(told)):
        BACKEND.draw(graph("lenet.arch"), target, Drawing.of(label=label))


def test_a_group_that_is_shown_for_others_has_their_names() -> None:
    found = chart("memory/end_to_end.arch")
    assert {"hop1–2 Hop", "last Hop"} <= {frame.title.text for frame in found.frames}


def test_a_layer_is_a_band_of_one_that_has_lost_the_frame_around_it() -> None:
    text = """
block Halves(channels) = conv(channels, kernel=3, groups=2)
model Net {
    input x: [B, 4, 8, 8]
    one = Halves(4) -> relu
    flatten
}
"""
    (item,) = (item for item in view(said(text)).items.values() if item.name == "one")
    assert [node.op.name for node in item.nodes] == ["conv", "relu"]


# --------------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"style": "grahp"}, "there is no style `grahp`; did you mean `graph`?"),
        ({"dept": 1}, "a diagram has no option `dept`; did you mean `depth`?"),
        ({"depth": -1}, "0 or more, not `-1`"),
        ({"depth": "2"}, "0 or more, not `2`"),
        ({"scale": 0}, "a number above 0"),
        ({"scale": 1000}, "not above 20"),
        ({"direction": "up"}, "runs `down` or `right`, not `up`"),
    ],
)
def test_an_option_that_cannot_be_is_told(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match=re.escape(told)):
        archspec.load(SPECS / "lenet.arch").draw(tmp_path / "lenet.svg", **options)
    assert not (tmp_path / "lenet.svg").exists()


@pytest.mark.parametrize(
    ("form", "options", "told"),
    [
        ("svg", {"style": "cells", "fold": "lstm1"}, "the style `cells` has no use for `fold`"),
        ("svg", {"style": "cells", "highlight": "lstm1"}, "the style `cells` has no use for `highlight`"),
        ("svg", {"style": "volumes", "direction": "right"}, "the style `volumes` has no use for `direction`"),
        ("markdown", {"depth": 1}, "the style `table` has no use for `depth`"),
        ("html", {"style": "table", "label": "{op}"}, "the style `table` has no use for `label`"),
        ("svg", {"scale": 2}, "`scale` is for png, pdf, tikz"),
        ("mermaid", {"scale": 2}, "leave it out, since mermaid has no size of its own"),
    ],
)
def test_no_option_is_passed_over(form: str, options: dict[str, Any], told: str) -> None:
    target = next(each for each in BACKEND.targets if each.name == form)
    with pytest.raises(DrawingError, match=re.escape(told)):
        BACKEND.draw(graph("sequence/lstm_classifier.arch"), target, Drawing.of(**options))


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_a_shape_that_boxes_say_is_not_said_of_their_arrows_too(form: str) -> None:
    target = next(each for each in BACKEND.targets if each.name == form)
    text = BACKEND.draw(graph("lenet.arch"), target, Drawing.of(label="{op} {shape}")).decode()
    arrows = [line for line in text.splitlines() if "->" in line]
    assert len(arrows) == 9
    assert [line for line in arrows if "[B, " in line] == [line for line in arrows if "[B, 1, 28, 28]" in line]


@pytest.mark.parametrize("style", ["graph", "volumes", "table"])
def test_the_variant_is_said_beside_the_name(style: str, tmp_path: Path) -> None:
    out = tmp_path / ("net.md" if style == "table" else "net.svg")
    archspec.load(f"{SPECS}/{RESNET}").draw(out, style=style)
    assert re.search(r"ResNet\W.*\bresnet50\b", out.read_text())
    # A variant that is called like the model says nothing more.
    archspec.load(SPECS / "vision/alexnet_two_streams.arch").draw(out, style=style)
    assert "alexnet_two_streams" not in out.read_text()


def test_options_of_the_command_line_arrive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from archspec.main import main

    out = tmp_path / "net.mmd"
    asked = ["draw", str(SPECS / "vision/resnet.arch") + ":resnet50", "-o", str(out)]
    assert main([*asked, "--depth", "0", "--direction", "right", "--label", "{op}", "--highlight", "layer2"]) == 0
    assert out.read_text().splitlines()[1] == "flowchart LR"
    assert "classDef highlight" in out.read_text()
    assert main([*asked, "--expand", "layer9"]) == 2
    assert "no group `layer9`; did you mean" in capsys.readouterr().err
