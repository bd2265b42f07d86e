"""How weights start: with what the graph says, and as the framework has it elsewhere."""

from __future__ import annotations

from math import sqrt
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.configured import Initialiser
from archspec.graph import Graph
from archspec.initialiser import (
    INITIALISERS,
    Constant,
    Kaiming,
    Normal,
    Ones,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Xavier,
    Zeros,
)
from archspec.ops.attention import Attention
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.linear import Linear
from archspec_torch.call import Variable
from archspec_torch.emit import emit
from archspec_torch.initial import filled
from tests.graphs import B, T, graph_of
from tests.interpreted import compiled
from tests.kinds import language, lines_of, reader, started, tied
from tests.test_emit_graphs import class_of

WRITTEN: Final[dict[str, Initialiser]] = {
    'kaiming_normal_(w, nonlinearity="relu")': Kaiming(),
    'kaiming_normal_(w, mode="fan_out", nonlinearity="relu")': Kaiming(mode="fan_out", slope=0.3),
    'kaiming_uniform_(w, nonlinearity="selu")': Kaiming(distribution="uniform", activation="selu"),
    'kaiming_normal_(w, a=0.2, nonlinearity="leaky_relu")': Kaiming(activation="leaky_relu", slope=0.2),
    'kaiming_normal_(w, nonlinearity="leaky_relu")': Kaiming(activation="leaky_relu", slope=0.0),
    "xavier_uniform_(w)": Xavier(),
    "xavier_normal_(w, gain=2.0)": Xavier(distribution="normal", gain=2.0),
    "normal_(w)": Normal(),
    "normal_(w, mean=-1.0, std=0.02)": Normal(mean=-1.0, std=0.02),
    "trunc_normal_(w)": TruncatedNormal(),
    "trunc_normal_(w, std=0.02, a=-0.04, b=0.04)": TruncatedNormal(std=0.02),
    "trunc_normal_(w, mean=1.0, a=-1.0, b=3.0)": TruncatedNormal(mean=1.0),
    "uniform_(w, 0.0, 1.0)": Uniform(),
    "uniform_(w, -0.1, 0.1)": Uniform(low=-0.1, high=0.1),
    "zeros_(w)": Zeros(),
    "ones_(w)": Ones(),
    "constant_(w, 0.5)": Constant(value=0.5),
    "orthogonal_(w)": Orthogonal(),
    "orthogonal_(w, gain=1.5)": Orthogonal(gain=1.5),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_each_initialiser_is_written_without_what_torch_does_anyway(text: str) -> None:
    assert str(filled(WRITTEN[text], Variable("w"))) == f"nn.init.{text}"


def test_all_initialisers_are_among_them() -> None:
    assert {type(each) for each in WRITTEN.values()} == set(INITIALISERS.values())


def weight_of(initialiser: Initialiser, rows: int = 400, columns: int = 600) -> Tensor:
    """A weight as it starts."""
    init = {"layer": {"weight": initialiser}}
    graph = graph_of("M", {"x": [B, columns]}, [("layer", Linear(features=rows), ["x"])], ["layer"], init=init)
    torch.manual_seed(0)
    return compiled(graph).get_parameter("layer.weight").detach()


def numbers_in(weight: Tensor) -> set[float]:
    return set(weight.flatten().tolist())


GAINS: Final[dict[Any, float]] = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": sqrt(2),
    "leaky_relu": sqrt(2 / (1 + 0.2**2)),
    "selu": 3 / 4,
}


@pytest.mark.parametrize("activation", GAINS)
@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 600), ("fan_out", 400)])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_kaiming_has_the_deviation_of_the_paper(activation: Any, mode: Any, fan: int, distribution: Any) -> None:
    weight = weight_of(Kaiming(mode=mode, activation=activation, distribution=distribution, slope=0.2))
    assert float(weight.std()) == pytest.approx(GAINS[activation] / sqrt(fan), rel=0.01)
    assert (weight.abs().max() > 2.5 * weight.std()) == (distribution == "normal")


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_xavier_has_the_deviation_of_the_paper(distribution: Any) -> None:
    weight = weight_of(Xavier(gain=2.0, distribution=distribution))
    assert float(weight.std()) == pytest.approx(2 * sqrt(2 / 1000), rel=0.01)
    assert (weight.abs().max() > 2.5 * weight.std()) == (distribution == "normal")


def test_other_initialisers_do_what_they_say() -> None:
    normal = weight_of(Normal(mean=3.0, std=0.5))
    assert [float(normal.mean()), float(normal.std())] == pytest.approx([3, 0.5], rel=0.01)
    cut = weight_of(TruncatedNormal(mean=3.0, std=0.5))
    assert 1.98 < cut.min() < 2.02 < 3.98 < cut.max() < 4.02
    uniform = weight_of(Uniform(low=-3.0, high=1.0))
    assert -3 <= uniform.min() < -2.99 < 0.99 < uniform.max() <= 1
    assert numbers_in(weight_of(Constant(value=0.5))) == {0.5}
    assert numbers_in(weight_of(Zeros())) == {0}
    assert numbers_in(weight_of(Ones())) == {1}
    orthogonal = weight_of(Orthogonal(gain=2.0)).double()
    assert torch.allclose(orthogonal @ orthogonal.T, 4 * torch.eye(400, dtype=torch.float64), atol=1e-5)


def test_what_starts_alike_is_filled_in_a_loop() -> None:
    source = emit(started())
    assert (
        """
        for number in range(12):
            nn.init.kaiming_normal_(
                self.get_parameter(f"features.{number}.weight"),
                mode="fan_out",
                nonlinearity="relu",
            )
        nn.init.zeros_(self.get_parameter("stem.bias"))
        for number in range(12):
            nn.init.zeros_(self.get_parameter(f"features.{number}.bias"))
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.uniform_(self.fc.bias, -0.1, 0.1)

    def reset_parameters("""
        in source
    )
    assert '        nn.init.kaiming_normal_(self.stem.weight, mode="fan_out", nonlinearity="relu")\n' in source


def test_the_layers_of_a_block_are_filled_in_its_class() -> None:
    source = emit(started())
    first, second = class_of(source, "BlocksBlock"), class_of(source, "BlocksBlock2")
    for written, function in ((first, "ones_"), (second, "zeros_")):
        assert (
            f"""
        for weight in (self.conv1.weight, self.conv2.weight):
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
        nn.init.constant_(self.norm1.bias, 0.25)
        nn.init.{function}(self.norm2.weight)
"""
            in written
        )
    # They differ in nothing else.
    assert "`blocks.1` of the model, and 1 more like it." in second


def values_of(initialiser: Initialiser) -> set[float] | None:
    """What an initialiser that does not draw fills with."""
    match initialiser:
        case Zeros():
            return {0.0}
        case Ones():
            return {1.0}
        case Constant(value=value):
            return {value}
    return None


@pytest.mark.parametrize("make", [started, language, tied], ids=lambda make: make.__name__)
def test_each_weight_starts_as_the_graph_says(make: Any) -> None:
    graph: Graph = make()
    module = compiled(graph)
    seen = 0
    for node in graph.nodes:
        for name, initialiser in node.init.items():
            values = numbers_in(module.get_parameter(f"{node.name}.{name}"))
            expected = None if name in node.ties else values_of(initialiser)
            assert expected in (None, values), (node.name, name)
            seen += expected is not None
    assert seen


def test_a_weight_that_is_that_of_another_layer_starts_as_that_does() -> None:
    module = compiled(tied())
    assert numbers_in(module.get_parameter("row.1.weight")) == {0.5}
    assert 'zeros_(self.get_parameter("row.1.weight"))' not in emit(tied())


def test_weights_that_nothing_is_said_of_start_as_they_did() -> None:
    layers = [("conv", Conv(channels=4, kernel=3)), ("norm", BatchNorm())]
    lines = lines_of("net", layers, "x")
    plain = emit(graph_of("M", {"x": [B, 3, 8, 8]}, lines, ["net/norm"]))
    assert "nn.init" not in plain
    weights = []
    for init in ({}, {"net/norm": {"weight": Zeros()}}):
        torch.manual_seed(1)
        weights.append(compiled(graph_of("M", {"x": [B, 3, 8, 8]}, lines, ["net/norm"], init=init)).state_dict())
    assert torch.equal(weights[0]["net.conv.weight"], weights[1]["net.conv.weight"])


def test_starts_follow_the_seed() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(compiled(started()).state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_weights_of_parts_of_a_layer_start_as_is_said() -> None:
    init: dict[str, dict[str, Initialiser]] = {
        "attend": {"in_proj_weight": Ones(), "out_proj.weight": Constant(value=2.0), "out_proj.bias": Ones()}
    }
    graph = graph_of("M", {"x": [B, T, 4]}, [("attend", Attention(heads=2), ["x"])], ["attend"], init=init)
    module = compiled(graph)
    assert {name: numbers_in(weight) for name, weight in module.named_parameters()} == {
        "attend.in_proj_weight": {1},
        "attend.in_proj_bias": {0},
        "attend.out_proj.weight": {2},
        "attend.out_proj.bias": {1},
    }


def test_weights_of_cells_start_as_the_cell_says_unless_the_model_says_more() -> None:
    module = compiled(reader())
    assert numbers_in(module.get_parameter("reading.scan.deep.2.bias")) == {0}
    assert numbers_in(module.get_parameter("second.forwards.read.hh.weight")) == {0}
    assert len(numbers_in(module.get_parameter("second.backwards.read.hh.weight"))) > 1


def test_a_model_can_be_built_without_memory_for_its_weights() -> None:
    with torch.device("meta"):
        module = compiled(started())
    assert all(weight.is_meta for weight in module.parameters())
    assert isinstance(module.get_submodule("stem"), nn.Conv2d)


def test_a_name_means_all_weights_that_start_with_it() -> None:
    text = "model M { input x: [B, T, 3]\n lstm(4, layers=2, direction=both)\n init "
    module = archspec.loads(f"{text}orthogonal, bias=zeros, weight_hh=ones }}").compile()
    tensors = dict(module.named_parameters())
    assert len(tensors) == 16
    for name, tensor in tensors.items():
        if "bias" in name:
            assert not tensor.any(), name
        elif "weight_hh" in name:
            assert tensor.eq(1).all(), name
        else:
            smaller = tensor if tensor.shape[0] < tensor.shape[1] else tensor.T
            torch.testing.assert_close(smaller @ smaller.T, torch.eye(len(smaller)))
