"""Specs with blocks, branches and repeats are the networks they say they are, in all the sizes of their papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from tests.read_once import read_once

SPECS: Final = Path(__file__).parent.parent / "specs" / "vision"


@dataclass(frozen=True)
class System:
    """A spec, or a variant of one, that is what an independent implementation is."""

    spec: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    has_names: bool = True
    """Whether its layers have the names of that implementation."""

    has_order: bool = True
    """Whether its layers stand in the order of that implementation, which need not be that in which they run."""

    early: str | None = None
    """What runs first in its block in that implementation, and later here."""

    late: str | None = None
    """What runs last in its block in that implementation, and sooner here."""

    @property
    def file(self) -> str:
        return self.spec.partition(":")[0]


SYSTEMS: Final[Mapping[str, System]] = {
    "resnet18": System("resnet.arch:resnet18"),
    "resnet34": System("resnet.arch:resnet34"),
    "resnet50": System("resnet.arch:resnet50"),
    "resnet101": System("resnet.arch:resnet101"),
    "resnet152": System("resnet.arch:resnet152"),
    "resnext50": System("resnext.arch:resnext50_32x4d"),
    "seresnet50": System("seresnet.arch:seresnet50"),
    "seresnext50": System("seresnet.arch:seresnext50_32x4d"),
    "seresnext50_caffe": System("seresnet.arch:seresnext50_caffe", has_names=False, has_order=False, late="se"),
    "seresnet50_caffe": System("se_placements.arch:se_standard", has_order=False, late="se_module"),
    "bn_inception": System("bn_inception.arch:bn_inception", has_names=False),
    "inception_resnet_v2": System("inception_resnet.arch:inception_resnet_v2"),
    "vgg11": System("vgg.arch:vgg11"),
    "vgg11_bn": System("vgg.arch:vgg11_bn"),
    "vgg13": System("vgg.arch:vgg13"),
    "vgg16": System("vgg.arch:vgg16"),
    "vgg16_bn": System("vgg.arch:vgg16_bn"),
    "vgg19": System("vgg.arch:vgg19"),
    "vgg11_grey": System("vgg.arch:vgg11_grey", has_names=False),
    "alexnet_grey": System("alexnet_two_streams.arch:alexnet_grey", has_names=False),
    "squeezenet1_0": System("squeezenet.arch:squeezenet1_0"),
    "squeezenet1_1": System("squeezenet.arch:squeezenet1_1"),
    "mobilenet": System("mobilenet.arch:mobilenet_100", has_names=False),
    "mobilenet_relu": System("mobilenet.arch:mobilenet_relu", has_names=False),
    "nin": System("nin.yaml", has_names=False),
    "nin_cifar": System("nin_cifar.arch", has_names=False),
    "googlenet": System("googlenet.arch", has_order=False),
    "googlenet_no_aux": System("googlenet.arch:googlenet_no_aux"),
    "googlenet_grey": System("googlenet_grey.arch", sizes={"H": 96, "W": 96}, has_names=False),
    "googlenet_grey_224": System("googlenet_grey.arch", sizes={"H": 224, "W": 224}, has_names=False),
    "resnet18_grey": System("resnet_grey.arch", sizes={"H": 96, "W": 96}, has_names=False, has_order=False),
    "resnet20_cifar": System(
        "resnet_cifar.arch:resnet20_projection", has_names=False, has_order=False, early="downsample"
    ),
    "unet": System("unet.arch", sizes={"H": 16, "W": 16}, has_names=False, has_order=False),
}
SLOW: Final = {"unet.arch", "inception_resnet.arch", "vgg.arch"}
"""Those that take seconds: a VGG has over a hundred million weights to fill."""

RUN: Final = tuple(
    pytest.param(name, marks=pytest.mark.slow) if system.file in SLOW else name for name, system in SYSTEMS.items()
)
"""Those whose outputs are compared, which are all."""

BY_HAND: Final = {"lenet5.yaml", "factorised.arch", "inception_bottleneck.yaml"}
"""Those whose figures follow from their definition, and are written out by `test_exact_figures.py`."""

each_system: Final = pytest.mark.parametrize("name", SYSTEMS)
each_file: Final = pytest.mark.parametrize("path", sorted(SPECS.iterdir()), ids=lambda path: path.name)


@cache
def spec(name: str) -> archspec.Model:
    system = SYSTEMS[name]
    return read_once(SPECS / system.spec, sizes=system.sizes, **system.settings)


def assert_has_weights_of_reference(found: list[tuple[str, list[Any]]], name: str) -> None:
    system, expected = SYSTEMS[name], Golden.of(name).state_dict
    if not system.has_order:
        found, expected = sorted(found), sorted(expected)
    if system.has_names:
        assert found == expected
    else:
        assert sorted(shape for _, shape in found) == sorted(shape for _, shape in expected)
        assert not system.has_order or [shape for _, shape in found] == [shape for _, shape in expected]


def compiled(name: str) -> nn.Module:
    module = spec(name).compile()
    assert isinstance(module, nn.Module)
    return module


@each_file
def test_each_spec_is_compared_with_another_implementation(path: Path) -> None:
    assert path.name in {system.file for system in SYSTEMS.values()} | BY_HAND


@each_system
def test_counts_are_those_of_the_reference(name: str) -> None:
    golden, graph = Golden.of(name), spec(name).graph
    assert graph.parameters == golden.parameters
    assert evaluate(graph.macs, {"B": 1}) == golden.multiply_adds
    assert evaluate(graph.macs, {"B": 3}) == 3 * golden.multiply_adds


def shapes_of(nodes: Iterable[archspec.Node], examples: int) -> list[list[Any]]:
    """What convolutions, linear layers and windows of pooling give."""
    kinds = {"conv", "linear", "maxpool", "avgpool"}
    return [[evaluate(size, {"B": examples}) for size in node.output.shape] for node in nodes if node.op.name in kinds]


@pytest.mark.parametrize("name", [name for name in SYSTEMS if Golden.of(name).shapes is not None])
def test_layers_give_the_shapes_of_the_reference(name: str) -> None:
    graph, expected = spec(name).graph, Golden.of(name).shapes
    found = shapes_of((node for node in graph.nodes if node.path not in graph.in_training_only), 1)
    assert expected is not None
    assert found == expected if SYSTEMS[name].has_order else sorted(found) == sorted(expected)


@each_system
def test_the_graph_has_the_weights_of_the_reference(name: str) -> None:
    found = [
        (f"{node.name}.{weight}", list(shape.sizes))
        for node in spec(name).graph.nodes
        for weight, shape in (*node.weights.items(), *node.buffers.items())
    ]
    assert_has_weights_of_reference(found, name)


@each_system
def test_the_compiled_module_has_the_weights_of_the_reference_and_does_its_work(name: str) -> None:
    golden = Golden.of(name)
    with torch.device("meta"):
        module = compiled(name).eval()
        counter = FlopCounterMode(display=False)
        with counter:
            module(torch.empty(golden.input))
    found = [(key, list(value.shape)) for key, value in module.state_dict().items()]
    assert_has_weights_of_reference(found, name)
    assert counter.get_total_flops() == 2 * golden.multiply_adds


@pytest.mark.parametrize("name", RUN)
def test_outputs_are_those_of_the_reference(name: str) -> None:
    golden = Golden.of(name)
    with torch.device("meta"):
        module = compiled(name)
    output = given_by(module, golden, SYSTEMS[name].early, SYSTEMS[name].late)
    assert output.keys() == golden.output.keys()
    for key, recorded in golden.output.items():
        assert output[key] == pytest.approx(recorded, rel=1e-9)


@pytest.mark.parametrize("file", sorted({system.file for system in SYSTEMS.values()}))
def test_classes_can_be_set_from_outside(file: str) -> None:
    path = SPECS / file
    model = read_once(path, classes=7)
    assert not list(model.check())
    sizes = ", 16*H, 16*W" if path.name == "unet.arch" else ""
    assert str(model.graph.outputs[0].shape) == f"[B, 7{sizes}]"


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [
        ("resnext.arch:resnext101_32x8d", 88_791_336),
        ("resnext.arch:resnext101_64x4d", 83_455_272),
        ("vgg.arch:vgg13_bn", 133_053_736),
        ("vgg.arch:vgg19_bn", 143_678_248),
    ],
)
def test_variants_have_the_parameters_that_torchvision_states(variant: str, parameters: int) -> None:
    assert read_once(SPECS / variant).graph.parameters == parameters


def test_a_resnext_with_one_group_is_a_resnet() -> None:
    plain = read_once(SPECS / "resnext.arch", groups=1, width=64).graph
    assert [(node.name, node.weights) for node in plain.nodes] == [
        (node.name, node.weights) for node in spec("resnet50").graph.nodes
    ]
    wide = read_once(SPECS / "resnext.arch", groups=1, width=128).graph
    assert wide.parameters == 68_883_240, "torchvision states this of wide_resnet50_2"


@pytest.mark.parametrize(
    ("variant", "million_multiply_adds", "million_parameters"),
    [
        ("mobilenet_100", 569, 4.2),
        ("mobilenet_075", 325, 2.6),
        ("mobilenet_050", 149, 1.3),
        ("mobilenet_025", 41, 0.5),
    ],
)
def test_mobilenets_of_all_widths_have_the_counts_of_the_paper(
    variant: str, million_multiply_adds: int, million_parameters: float
) -> None:
    # Table 6 of the paper.
    graph = read_once(SPECS / f"mobilenet.arch:{variant}").graph
    multiply_adds, parameters = evaluate(graph.macs, {"B": 1}), graph.parameters
    assert isinstance(multiply_adds, int)
    assert isinstance(parameters, int)
    assert round(multiply_adds / 1e6) == pytest.approx(million_multiply_adds, abs=1)
    assert round(parameters / 1e6, 1) == million_parameters


def test_the_auxiliary_classifiers_of_googlenet_are_there_in_training_only() -> None:
    graph = spec("googlenet").graph
    assert [(output.name, output.in_training_only) for output in graph.outputs] == [
        ("logits", False),
        ("aux1", True),
        ("aux2", True),
    ]
    with torch.device("meta"):
        module = compiled("googlenet")
        found = module.train()(torch.empty(2, 3, 224, 224))
        assert [each.shape for each in found] == [(2, 1000)] * 3
        assert module.eval()(torch.empty(2, 3, 224, 224))[1:] == (None, None)


def test_googlenet_in_training_costs_what_the_reference_costs() -> None:
    golden, graph = Golden.of("googlenet_training"), spec("googlenet").graph
    assert graph.parameters == golden.parameters
    assert golden.shapes is not None
    assert sorted(shapes_of(graph.nodes, golden.input[0])) == sorted(golden.shapes)
    with torch.device("meta"):
        module = compiled("googlenet").train()
        counter = FlopCounterMode(display=False)
        with counter:
            module(torch.empty(golden.input))
    assert counter.get_total_flops() == 2 * golden.multiply_adds
    assert evaluate(sum((node.macs for node in graph.nodes), 0), {"B": golden.input[0]}) == golden.multiply_adds


def test_shortcuts_without_weights_cost_a_residual_network_nothing() -> None:
    # Table 6 of the paper has 0.27 million parameters for 20 layers, and 0.85 million for 56.
    for layers, millions in ((20, 0.27), (56, 0.85)):
        plain = read_once(SPECS / f"resnet_cifar.arch:plain{layers}").graph
        residual = read_once(SPECS / f"resnet_cifar.arch:resnet{layers}").graph
        assert plain.parameters == residual.parameters
        assert plain.macs == residual.macs
        assert isinstance(plain.parameters, int)
        assert round(plain.parameters / 1e6, 2) == millions
        weighted = [node for node in plain.nodes if node.op.name in ("conv", "linear")]
        assert len(weighted) == layers


def test_new_channels_of_a_shortcut_without_weights_are_zeros() -> None:
    module = read_once(SPECS / "resnet_cifar.arch:resnet20").compile().double().eval()
    given = {}
    for name in ("layer1", "layer2.0"):
        part = module.get_submodule(name)
        part.register_forward_hook(lambda part, inputs, output, name=name: given.update({name: output}))
    with torch.no_grad():
        for weight in module.get_submodule("layer2.0").parameters():
            weight.zero_()
        module(torch.randn(2, 3, 32, 32, dtype=torch.double))
    expected = torch.zeros(2, 32, 16, 16, dtype=torch.double)
    expected[:, :16] = given["layer1"][:, :, ::2, ::2]
    torch.testing.assert_close(given["layer2.0"], expected)
