"""Specs with blocks, branches and repeats are the networks they say they are, in all the sizes of their papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.size import evaluate
from tests.golden_rule import Golden, given_by

SPECS: Final = Path(__file__).parent.parent / "specs" / "vision"


@dataclass(frozen=True)
class System:
    """A spec with settings, which make it what an independent implementation is."""

    file: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_names: bool = True
    """Whether its layers have the names of that implementation."""


SYSTEMS: Final[Mapping[str, System]] = {
    "resnet18": System("resnet.arch", {"depths": [2, 2, 2, 2], "expansion": 1}),
    "resnet34": System("resnet.arch", {"depths": [3, 4, 6, 3], "expansion": 1}),
    "resnet50": System("resnet.arch"),
    "resnet101": System("resnet.arch", {"depths": [3, 4, 23, 3]}),
    "resnet152": System("resnet.arch", {"depths": [3, 8, 36, 3]}),
    "resnext50": System("resnext.arch"),
    "seresnet50": System("seresnet.arch"),
    "seresnext50": System("seresnet.arch", {"groups": 32, "width": 4}),
    "vgg11": System("vgg.arch", {"depths": [1, 1, 2, 2, 2]}),
    "vgg11_bn": System("vgg.arch", {"depths": [1, 1, 2, 2, 2], "normalise": True}),
    "vgg13": System("vgg.arch", {"depths": [2, 2, 2, 2, 2]}),
    "vgg16": System("vgg.arch"),
    "vgg16_bn": System("vgg.arch", {"normalise": True}),
    "vgg19": System("vgg.arch", {"depths": [2, 2, 4, 4, 4]}),
    "vgg11_grey": System("vgg.arch", {"depths": [1, 1, 2, 2, 2], "channels": 1, "classes": 10}, has_names=False),
    "squeezenet1_0": System("squeezenet.arch"),
    "squeezenet1_1": System("squeezenet.arch", {"stem": [64, 3], "stages": [[16, 16], [32, 32], [48, 48, 64, 64]]}),
    "mobilenet": System("mobilenet.arch", has_names=False),
    "nin": System("nin.yaml", has_names=False),
    "googlenet": System("googlenet.arch"),
}
RUN: Final = tuple(name for name, system in SYSTEMS.items() if system.file != "vgg.arch")
"""Those whose outputs are compared; a VGG has over a hundred million weights to fill."""

each_system: Final = pytest.mark.parametrize("name", SYSTEMS)
each_file: Final = pytest.mark.parametrize("path", sorted(SPECS.iterdir()), ids=lambda path: path.name)


@cache
def spec(name: str) -> archspec.Model:
    system = SYSTEMS[name]
    return archspec.load(SPECS / system.file, **system.settings)


def compiled(name: str) -> nn.Module:
    module = spec(name).compile()
    assert isinstance(module, nn.Module)
    return module


@each_file
def test_each_spec_is_compared_with_another_implementation(path: Path) -> None:
    assert path.name in {system.file for system in SYSTEMS.values()}


@each_system
def test_a_system_is_clean(name: str) -> None:
    assert not list(spec(name).check())


@each_system
def test_counts_are_those_of_the_reference(name: str) -> None:
    golden, graph = Golden.of(name), spec(name).graph
    assert graph.parameters == golden.parameters
    assert evaluate(graph.macs, {"B": 1}) == golden.multiply_adds
    assert evaluate(graph.macs, {"B": 3}) == 3 * golden.multiply_adds


@each_system
def test_the_graph_has_the_weights_of_the_reference(name: str) -> None:
    golden = Golden.of(name)
    found = [
        (f"{node.name}.{weight}", list(shape.sizes))
        for node in spec(name).graph.nodes
        for weight, shape in (*node.weights.items(), *node.buffers.items())
    ]
    if SYSTEMS[name].has_names:
        assert found == golden.state_dict
    else:
        assert [shape for _, shape in found] == [shape for _, shape in golden.state_dict]


@each_system
def test_the_compiled_module_has_the_weights_of_the_reference_and_does_its_work(name: str) -> None:
    golden = Golden.of(name)
    with torch.device("meta"):
        module = compiled(name).eval()
        counter = FlopCounterMode(display=False)
        with counter:
            module(torch.empty(golden.input))
    found = [(key, list(value.shape)) for key, value in module.state_dict().items()]
    if SYSTEMS[name].has_names:
        assert found == golden.state_dict
    else:
        assert [shape for _, shape in found] == [shape for _, shape in golden.state_dict]
    assert counter.get_total_flops() == 2 * golden.multiply_adds


@pytest.mark.parametrize("name", RUN)
def test_outputs_are_those_of_the_reference(name: str) -> None:
    golden = Golden.of(name)
    output = given_by(compiled(name), golden)
    assert output.keys() == golden.output.keys()
    for key, recorded in golden.output.items():
        assert output[key] == pytest.approx(recorded, rel=1e-9)


@each_file
def test_classes_can_be_set_from_outside(path: Path) -> None:
    model = archspec.load(path, classes=7)
    assert not list(model.check())
    assert str(model.graph.outputs[0].shape) == "[B, 7]"


@pytest.mark.parametrize(
    ("width", "million_multiply_adds", "million_parameters"),
    [(1.0, 569, 4.2), (0.75, 325, 2.6), (0.5, 149, 1.3), (0.25, 41, 0.5)],
)
def test_mobilenets_of_all_widths_have_the_counts_of_the_paper(
    width: float, million_multiply_adds: int, million_parameters: float
) -> None:
    # Table 6 of the paper.
    graph = archspec.load(SPECS / "mobilenet.arch", width=width).graph
    multiply_adds, parameters = evaluate(graph.macs, {"B": 1}), graph.parameters
    assert isinstance(multiply_adds, int)
    assert isinstance(parameters, int)
    assert round(multiply_adds / 1e6) == pytest.approx(million_multiply_adds, abs=1)
    assert round(parameters / 1e6, 1) == million_parameters
