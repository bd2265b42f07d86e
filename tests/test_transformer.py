"""The Transformer and the layers that it is made of are those of torch, in all figures that are recorded of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from math import prod, sqrt
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.size import evaluate
from tests.golden_rule import DIRECTORY, FIRST_INPUT, described, example_input, spread
from tests.read_once import read_once

SPEC: Final = Path(__file__).parent.parent / "specs" / "attention" / "transformer_body.arch"
LAYER: Final = "use std.transformer\nmodel M {{\n{inputs}\n    {chain}\n}}"
TORCH: Final[Mapping[str, Any]] = {"causal": False}
"""What was recorded was given no mask, and then nothing hides from torch what is still to be written."""


def one_layer(inputs: Mapping[str, str], use: str) -> archspec.Model:
    lines = "\n".join(f"    input {name}: [B, {time}, 512]" for name, time in inputs.items())
    return archspec.loads(LAYER.format(inputs=lines, chain=f"layer = ({', '.join(inputs)}) -> {use}"))


@cache
def spec(name: str) -> archspec.Model:
    match name:
        case "transformer":
            return read_once(f"{SPEC}:base", **TORCH)
        case "transformer_norm_first":
            return read_once(f"{SPEC}:norm_first", **TORCH)
        case "encoder_layer":
            return one_layer({"source": "S"}, "EncoderLayer")
        case _:
            return one_layer({"target": "T", "memory": "S"}, "DecoderLayer(causal=false)")


SIZES: Final = {"B": 2, "S": 64, "T": 48}

each_name: Final = pytest.mark.parametrize(
    "name", ["encoder_layer", "decoder_layer", "transformer", "transformer_norm_first"]
)


@cache
def recorded(name: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    return golden


def inputs_of(name: str) -> list[list[int]]:
    found: Any = recorded(name)["input"]
    return found if isinstance(found[0], list) else [found]


def compiled(name: str) -> nn.Module:
    with torch.device("meta"):
        module = spec(name).compile()
    assert isinstance(module, nn.Module)
    return module.eval()


def own(path: str) -> str:
    """The name of a layer or weight of what is recorded, in a model that has but one layer."""
    return path.removeprefix("layer.")


@each_name
def test_counts_are_those_of_the_reference(name: str) -> None:
    golden, graph = recorded(name), spec(name).graph
    assert graph.parameters == golden["parameters"]
    assert evaluate(graph.macs, SIZES) == golden["multiply_adds"]
    assert not any(node.buffers for node in graph.nodes)


@each_name
def test_layers_come_in_the_order_of_the_reference_and_give_its_shapes(name: str) -> None:
    found = [
        (own(node.name), [evaluate(size, SIZES) for size in node.output.shape])
        for node in spec(name).graph.nodes
        if node.weights
    ]
    assert found == [(layer, shape) for layer, shape in recorded(name)["layers"]]


@each_name
def test_the_module_has_the_weights_of_the_reference_and_does_its_work(name: str) -> None:
    module, golden = compiled(name), recorded(name)
    found = {own(key): list(value.shape) for key, value in module.state_dict().items()}
    assert found == dict(golden["state_dict"])
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        module(*(torch.empty(shape) for shape in inputs_of(name)))
    assert counter.get_total_flops() == 2 * golden["multiply_adds"]


def filled(name: str) -> dict[str, Tensor]:
    """The weights of the reference by the rule: in the order in which its layers run, and then those within others."""
    golden = recorded(name)
    shapes: dict[str, list[int]] = dict(golden["state_dict"])
    layers = [layer for layer, _ in golden["layers"]]
    # The projection behind attention is never called, but used by what it stands in.
    layers += [key.removesuffix(".weight") for key in shapes if key.endswith("out_proj.weight")]
    keys = [key for layer in layers for key in shapes if key.rpartition(".")[0] == layer]
    assert sorted(keys) == sorted(shapes)
    found = {}
    for counter, key in enumerate(keys, start=1):
        numbers = torch.from_numpy(spread(prod(shapes[key]), counter)).reshape(shapes[key])
        if len(shapes[key]) > 1:
            numbers.mul_(sqrt(12 / shapes[key][1]))
        elif "norm" in key and key.endswith("weight"):
            numbers.mul_(0.5).add_(1)
        else:
            numbers.mul_(0.2)
        found[key] = numbers
    return found


@pytest.mark.parametrize(
    "name",
    [
        "encoder_layer",
        "decoder_layer",
        pytest.param("transformer", marks=pytest.mark.slow),
        pytest.param("transformer_norm_first", marks=pytest.mark.slow),
    ],
)
def test_outputs_are_those_of_the_reference(name: str) -> None:
    module, golden = compiled(name), recorded(name)
    is_one = name.endswith("layer")
    module.load_state_dict({f"layer.{key}" if is_one else key: each for key, each in filled(name).items()}, assign=True)
    inputs = [example_input(shape, FIRST_INPUT + place) for place, shape in enumerate(inputs_of(name))]
    with torch.no_grad():
        found = described(module(*inputs))
    assert found.keys() == golden["output"].keys()
    for key, expected in golden["output"].items():
        assert found[key] == pytest.approx(expected, rel=1e-9), key


SMALL: Final[Mapping[str, Any]] = {"width": 12, "heads": 3, "inner": 20, "depth": 2, "dropout": 0}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # Torch tells which of its shortcuts it does not take.
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_causal", [True, False])
def test_the_transformer_is_that_of_torch_with_its_gradients(is_first: bool, is_causal: bool) -> None:
    torch.manual_seed(3)
    module = read_once(f"{SPEC}:norm_first" if is_first else str(SPEC), **SMALL, causal=is_causal).compile()
    assert isinstance(module, nn.Module)
    module = module.double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.5)
    reference = nn.Transformer(
        12, 3, 2, 2, 20, 0.0, "gelu" if is_first else "relu", batch_first=True, norm_first=is_first, dtype=torch.double
    )
    reference.load_state_dict(module.state_dict())
    source, target = (torch.randn(2, length, 12, dtype=torch.double) for length in (5, 4))
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.double) if is_causal else None
    found, expected = module(source, target), reference(source, target, tgt_mask=mask)
    torch.testing.assert_close(found, expected)
    ours = torch.autograd.grad(found.square().sum(), [*module.parameters()])
    names = dict(reference.named_parameters())
    theirs = torch.autograd.grad(expected.square().sum(), [names[name] for name, _ in module.named_parameters()])
    torch.testing.assert_close(ours, theirs)
