"""Receptive fields are what gradients reach, and those that are published."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archspec
from archspec.passes.receptive_field import ReceptiveField, receptive_fields, sights
from archspec.sight import Everything, Sliding
from tests.lowered import quiet, random_uses

SMALL = st.integers(1, 3)
IMAGE = (60, 71)
BORDER = 20
"""How many positions at the end of an axis may be left over by strides."""


@st.composite
def windows(draw: st.DrawFn) -> str:
    """A layer whose window slides over the two axes of space."""
    kernel, stride = draw(SMALL), draw(SMALL)
    margin = draw(st.integers(0, kernel // 2))
    kind = draw(st.sampled_from(("conv", "uneven", "avgpool", "transposed", "upsample", "bilinear", "pad", "norm")))
    return {
        "conv": f"conv(2, kernel={kernel}, stride={stride}, padding={margin}, dilation={draw(SMALL)})",
        "uneven": f"conv(2, kernel=[{kernel}, 2], stride=[1, {stride}], padding=[{margin}, [1, 0]])",
        "avgpool": f"avgpool({kernel}, stride={stride}, padding={margin})",
        "transposed": f"conv_transpose(2, kernel={kernel}, stride={stride})",
        "upsample": f"upsample({draw(st.sampled_from((2, 1.5, 3)))})",
        "bilinear": 'upsample(2, mode="bilinear")',
        "pad": "pad([1, [0, 2]])",
        "norm": "batchnorm",
    }[kind]


@st.composite
def stacks(draw: st.DrawFn) -> str:
    """Such layers one after the other, some of them with a way around them."""
    steps = []
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 3)):
            steps.append(draw(windows()))
        else:
            around = draw(st.sampled_from(("conv(2, kernel=1)", "identity", "conv(2, kernel=5, padding=2)")))
            steps.append(f"add {{ conv(2, kernel=3, padding=1) -> batchnorm\n {around} }}")
    return "model Stack {\ninput x: [1, 2, 60, 71]\n" + " -> ".join(steps) + "\n}"


def reached(network: nn.Module, output: torch.Tensor, x: torch.Tensor, axis: int, position: int) -> set[int]:
    """The positions along an axis of the input to which gradients flow from a position along that of the output."""
    (gradient,) = torch.autograd.grad(output.select(axis, position).sum(), x, retain_graph=True)
    others = [each for each in range(4) if each != axis]
    return set(gradient.abs().sum(dim=others).nonzero().flatten().tolist())


@settings(random_uses, max_examples=50)
@given(text=stacks())
def test_a_field_is_where_gradients_flow_back_to(text: str) -> None:
    model = archspec.loads(text)
    if model.check().has_errors:  # A window may be larger than what is left.
        return
    last = model.graph.nodes[-1]
    sizes = cast("tuple[int, ...]", last.output.shape.sizes)
    if max(sizes) > 150:
        return
    network = model.compile().double().eval()
    for weight in network.parameters():
        nn.init.uniform_(weight, 0.5, 1.0)
    x = torch.rand(1, 2, *IMAGE, dtype=torch.float64, requires_grad=True)
    with quiet():
        output = network(x)
    for axis, size in enumerate(IMAGE, start=2):
        sight = sights(model.graph)[last.path][0, axis]
        if isinstance(sight, Everything):  # Ways of different strides lead to it.
            continue
        assert isinstance(sight, Sliding)
        for position in range(0, sizes[axis], 1 + sizes[axis] // 16):
            first, end = cast("tuple[int, int]", sight.at(position))
            found = reached(network, output, x, axis, position)
            assert found <= set(range(first, end + 1))
            # At the borders, a layer in between may have padding, or nothing, where the field goes on.
            if 0 <= first <= end < size - BORDER:
                assert {min(found), max(found)} == {first, end}


PUBLISHED = {
    # Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", 2019, table 1.
    "specs/alexnet.yaml": ("avgpool", 195, 32),
    "specs/vision/vgg.arch:vgg16": ("features.30", 212, 32),
    "specs/vision/mobilenet.arch": ("blocks.12.conv_dw", 315, 32),
}


@pytest.mark.parametrize("path", PUBLISHED)
def test_fields_are_those_that_are_published(path: str) -> None:
    layer, size, stride = PUBLISHED[path]
    fields = receptive_fields(archspec.load(path).graph)[tuple(layer.split("."))]
    assert [(each.size, each.stride) for each in fields] == [(size, (stride, 1))] * 2


def along_time(text: str) -> list[ReceptiveField]:
    """The last layer's field along the only axis of space."""
    graph = archspec.loads(text).graph
    return list(receptive_fields(graph)[graph.nodes[-1].path])


def test_open_sizes_do_not_matter() -> None:
    assert along_time(
        "model M { input x: [B, 3, T]\n conv(4, kernel=5, stride=2, padding=2) -> conv(4, kernel=3) }"
    ) == [ReceptiveField("x", 2, 9, (2, 1), -2)]


def test_what_is_pooled_as_a_whole_sees_everything() -> None:
    assert along_time("model M { input x: [B, 3, T]\n conv(4, kernel=3) -> global_avgpool -> flatten }") == [
        ReceptiveField("x", 2, None, None, None)
    ]


def test_a_sequence_that_no_window_slides_over_has_no_field() -> None:
    assert along_time("model M { input x: [B, T, 8]\n attention(2) -> linear(3) }") == []


def test_attention_with_a_window_has_one() -> None:
    text = "model M { input x: [B, T, 8]\n attention(2, window=4) -> attention(2, window=3, causal=true) }"
    assert along_time(text) == [ReceptiveField("x", 1, 9, (1, 1), -5)]


def test_each_input_has_its_own() -> None:
    text = """model M {
        input x: [B, 3, T]
        input y: [B, 3, U]
        (x -> conv(4, kernel=3), y -> conv(4, kernel=5, stride=2)) -> concat(2)
    }"""
    graph = archspec.loads(text, sizes={"T": 9, "U": 9}).graph
    assert [(each.input, each.size) for each in receptive_fields(graph)[graph.nodes[-1].path]] == [("x", 3), ("y", 5)]
    assert "x 3 /1" in str(archspec.loads(text, sizes={"T": 9, "U": 9}).summary())


def test_a_gate_from_everywhere_lets_a_layer_see_everything() -> None:
    text = """model M {
        input x: [B, 4, H, W]
        y = conv(4, kernel=3)
        gate = y -> global_avgpool -> sigmoid
        (y, gate) -> mul
    }"""
    assert [each.size for each in along_time(text)] == [None, None]


def test_the_summary_shows_fields_by_axis() -> None:
    text = "model M { input x: [B, 1, 9, 9]\n conv(2, kernel=[3, 5], stride=[1, 2]) -> flatten -> linear(3) }"
    table = str(archspec.loads(text).summary())
    assert "3x5 /1,2 @0" in table
    assert table.splitlines()[-1].startswith("receptive field:")


def test_a_summary_without_axes_of_space_has_no_such_column() -> None:
    assert "receptive field" not in str(archspec.loads("model M { input x: [B, 8]\n linear(3) }").summary())
