"""Recurrent layers: what is recorded of independent implementations comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pytest
import torch

import archspec
from archspec.size import evaluate
from tests.golden_rule import DIRECTORY, described, example_input, fill
from tests.lowered import as_tuple
from tests.recurrent_layers import OPS_OVER_TIME, Layer

pytestmark = pytest.mark.usefixtures("steady")

LAYERS: Final[Mapping[str, Layer]] = {
    f"{kind}_{form}": layer
    for kind in OPS_OVER_TIME
    for form, layer in {
        "1l": Layer(kind, 256),
        "2l": Layer(kind, 256, layers=2),
        "2l_dropout": Layer(kind, 256, layers=2, dropout=0.5),
        "bi": Layer(kind, 256, direction="both"),
        "bi3l": Layer(kind, 256, layers=3, direction="both"),
        "nobias": Layer(kind, 256, bias=False),
        "seqfirst": Layer(kind, 256),
    }.items()
} | {
    "rnn_relu": Layer("rnn", 256, activation="relu"),
    "lstm_proj": Layer("lstm", 256, projection=64),
    "lstm_bi2l_proj": Layer("lstm", 256, layers=2, direction="both", projection=64),
}


def golden_spec(name: str) -> str:
    """The model of a recorded layer, which gives all that is recorded."""
    if name.endswith("cell"):
        kind = name.removesuffix("cell")
        names = ("h", "c")[: 2 if kind == "lstm" else 1]
        lines = ["input x: [B, 100]", f"{', '.join(names)} = x -> {kind}_cell(256)"]
        lines += [f"output {each}1 = {each}" for each in names]
        return f"model Recorded {{\n{chr(10).join(lines)}\n}}"
    layer = LAYERS[name]
    ends = list(layer.sizes)
    lines = ["input x: [B, T, 100]", f"{', '.join(('y', *ends))} = x -> {layer}", "output sequence = y"]
    if name.endswith("seqfirst"):
        lines[0] = "input x: [T, B, 100]"
        lines[1] = lines[1].replace("x ->", "x -> permute([1, 0, 2]) ->")
        lines[2] = "output sequence = y -> permute([1, 0, 2])"
    lines += [f"output {each}1 = {each}" for each in ends]
    return f"model Recorded {{\n{chr(10).join(lines)}\n}}"


@pytest.mark.parametrize("name", [*LAYERS, "rnncell", "lstmcell", "grucell"])
def test_what_is_recorded_of_an_independent_implementation_comes_out(name: str) -> None:
    golden = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    model = archspec.loads(golden_spec(name))
    assert not list(model.check(ignore=["A4"]))
    assert model.graph.parameters == golden["parameters"]
    # The recorded cost is that of a batch of 4, and of 35 positions.
    assert evaluate(model.graph.macs, {"B": 4, "T": 35}) == golden["multiply_adds"]
    module = model.compile().double().eval()
    keys = [[key.partition(".")[2], list(value.shape)] for key, value in module.state_dict().items()]
    assert keys == golden["state_dict"]
    x = example_input(golden["input"])
    with torch.no_grad():
        fill(module, x)
        outputs = as_tuple(module(x))
    recorded = golden["output"] if isinstance(golden["output"], list) else [golden["output"]]
    for output, expected in zip(outputs, recorded, strict=True):
        found = described(output)
        assert found.keys() == expected.keys()
        for key, numbers in expected.items():
            assert found[key] == pytest.approx(numbers, rel=1e-9), key
