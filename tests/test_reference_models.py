"""The shipped specs are the networks they say they are: the numbers of independent implementations come out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.size import evaluate
from tests.golden_rule import Golden, given_by, spread
from tests.read_once import read_once
from tests.test_systems import shapes_of

ROOT: Final = Path(__file__).parent.parent
NAMES: Final = ("alexnet", "lenet")
FILES: Final = tuple(f"{name}.{syntax}" for name in NAMES for syntax in ("yaml", "arch"))

each_file: Final = pytest.mark.parametrize("file", FILES)
each_name: Final = pytest.mark.parametrize("name", NAMES)


@cache
def spec(file: str) -> archspec.Model:
    return read_once(ROOT / "specs" / file)


def compiled(file: str) -> nn.Module:
    module = spec(file).compile()
    assert isinstance(module, nn.Module)
    return module


@each_file
def test_a_shipped_spec_is_clean(file: str) -> None:
    assert not list(spec(file).check())


@each_file
def test_counts_are_those_of_the_reference(file: str) -> None:
    golden = Golden.of(Path(file).stem)
    graph = spec(file).graph
    assert graph.parameters == golden.parameters
    assert evaluate(graph.macs, {"B": 1}) == golden.multiply_adds
    assert evaluate(graph.macs, {"B": 3}) == 3 * golden.multiply_adds


@each_name
def test_layers_give_the_shapes_of_the_reference(name: str) -> None:
    assert shapes_of(spec(f"{name}.yaml").graph.nodes, 1) == Golden.of(name).shapes


def test_alexnet_and_lenet_have_the_published_counts() -> None:
    assert spec("alexnet.yaml").graph.parameters == 61_100_840
    assert evaluate(spec("alexnet.yaml").graph.macs, {"B": 1}) == 714_188_480
    assert spec("lenet.yaml").graph.parameters == 61_706


@each_file
def test_the_compiled_module_has_the_weights_of_the_reference(file: str) -> None:
    golden = Golden.of(Path(file).stem)
    with torch.device("meta"):
        module = compiled(file)
    shapes = [(key, list(value.shape)) for key, value in module.state_dict().items()]
    if file.startswith("alexnet"):
        assert shapes == golden.state_dict
    else:
        # The reference is one `nn.Sequential`, whose layers have numbers for names.
        assert [shape for _, shape in shapes] == [shape for _, shape in golden.state_dict]
    assert sum(parameter.numel() for parameter in module.parameters()) == golden.parameters


@each_name
def test_outputs_are_those_of_the_reference(name: str) -> None:
    # What the `.arch` file gives is the same source, as another test shows.
    golden = Golden.of(name)
    output = given_by(compiled(f"{name}.yaml"), golden)
    assert output.keys() == golden.output.keys()
    for key, recorded in golden.output.items():
        assert output[key] == pytest.approx(recorded, rel=1e-9)


@each_name
def test_multiply_adds_are_those_that_torch_counts(name: str) -> None:
    with torch.device("meta"):
        module = compiled(f"{name}.yaml").eval()
        counter = FlopCounterMode(display=False)
        with counter:
            module(torch.empty(Golden.of(name).input))
    assert counter.get_total_flops() == 2 * Golden.of(name).multiply_adds


def test_the_numbers_of_the_rule_are_spread_evenly() -> None:
    numbers = spread(100_000, 7)
    assert -0.5 <= numbers.min() < -0.4999
    assert 0.4999 < numbers.max() < 0.5
    assert abs(numbers.mean()) < 0.005
    assert numbers.var() == pytest.approx(1 / 12, rel=0.01)


@pytest.mark.parametrize(
    "part",
    [
        lambda graph: (graph.name, graph.doc, dict(graph.settings)),
        lambda graph: (
            [(value.name, value.shape) for value in graph.inputs]
            + [(output.name, output.shape) for output in graph.outputs]
        ),
        lambda graph: list(graph.groups),
        lambda graph: [(node.path, node.op, node.output.shape, node.is_named) for node in graph.nodes],
        lambda graph: [[value.producer for value in node.inputs] for node in graph.nodes],
        lambda graph: list(graph.network.edges(keys=True)),
    ],
    ids=["name, doc and settings", "inputs and outputs", "groups", "nodes", "inputs of nodes", "edges"],
)
@each_name
def test_both_syntaxes_give_the_same_graph(name: str, part: Callable[[archspec.Graph], object]) -> None:
    text, yaml = (part(spec(f"{name}.{syntax}").graph) for syntax in ("arch", "yaml"))
    assert text == yaml


@each_name
def test_both_syntaxes_give_the_same_source_but_for_the_name_of_the_file(name: str) -> None:
    text, yaml = (spec(f"{name}.{syntax}").source().splitlines() for syntax in ("arch", "yaml"))
    different = [line for line, other in zip(text, yaml, strict=True) if line != other]
    assert [line.partition(" (")[0] for line in different] == [
        f"Written by archspec-nn {archspec.__version__} from {name}.arch"
    ]


@each_file
def test_settings_can_be_given_from_outside(file: str) -> None:
    model = archspec.load(ROOT / "specs" / file, classes=7)
    assert not list(model.check())
    with torch.device("meta"):
        module = model.compile()
        assert module(torch.empty([2, *Golden.of(Path(file).stem).input[1:]])).shape == (2, 7)
    last = list(module.parameters())[-2:]
    before = Golden.of(Path(file).stem).state_dict[-2:]
    assert [list(each.shape) for each in last] == [[7, *shape[1:]] for _, shape in before]
    assert "classes: int = 7" in model.source()
