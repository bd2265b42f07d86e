"""Recurrent layers: their numbers are those of their equations, and of cells that a scan runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from archspec.size import named
from tests.lowered import as_tuple
from tests.recurrent_layers import (
    BATCH,
    FEATURES,
    LENGTH,
    OPS_OVER_TIME,
    Layer,
    compiled,
    each_layer,
    random,
    squares,
    torch_gives,
)

pytestmark = pytest.mark.usefixtures("steady")

T = named("T")


def gates(weights: Mapping[str, Tensor], end: str, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """What all gates see of what is given, and of the state."""
    zero = torch.zeros((), dtype=torch.double)
    seen = x @ weights[f"weight_ih{end}"].T + weights.get(f"bias_ih{end}", zero)
    return seen, h @ weights[f"weight_hh{end}"].T + weights.get(f"bias_hh{end}", zero)


def step(layer: Layer, weights: Mapping[str, Tensor], end: str, x: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    """The states behind one position."""
    seen, kept = gates(weights, end, x, states[0])
    if layer.kind == "rnn":
        return [(seen + kept).clamp(min=0) if layer.activation == "relu" else (seen + kept).tanh()]
    if layer.kind == "gru":
        (r, z, n), (r_kept, z_kept, n_kept) = seen.chunk(3, dim=1), kept.chunk(3, dim=1)
        r, z = torch.sigmoid(r + r_kept), torch.sigmoid(z + z_kept)
        return [(1 - z) * torch.tanh(n + r * n_kept) + z * states[0]]
    i, f, g, o = (seen + kept).chunk(4, dim=1)
    c = torch.sigmoid(f) * states[1] + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return [h @ weights[f"weight_hr{end}"].T if layer.projection else h, c]


def by_hand(layer: Layer, weights: Mapping[str, Tensor], x: Tensor, starts: Sequence[Tensor]) -> list[Tensor]:
    """What a stack of layers gives: the last of them at all positions, and the states behind the last position."""
    ends: list[list[Tensor]] = [[] for _ in starts]
    for number in range(layer.layers):
        found = []
        for way in range(layer.directions):
            states = [start[number * layer.directions + way] for start in starts]
            steps = []
            for position in x.flip(1).unbind(1) if way else x.unbind(1):
                states = step(layer, weights, f"_l{number}{'_reverse' * way}", position, states)
                steps.append(states[0])
            found.append(torch.stack(steps[::-1] if way else steps, dim=1))
            for end, state in zip(ends, states, strict=True):
                end.append(state)
        x = torch.cat(found, dim=2)
    return [x, *map(torch.stack, ends)]


@each_layer
@pytest.mark.parametrize("is_told", [False, True], ids=["from zeros", "from states"])
def test_a_recurrent_layer_is_its_equations(layer: Layer, is_told: bool) -> None:
    torch.manual_seed(1)
    module = compiled(layer.spec(is_told=is_told))
    weights = {name.partition(".")[2]: each for name, each in module.named_parameters()}
    x, states = random(BATCH, LENGTH, FEATURES), layer.states()
    expected = by_hand(layer, weights, x, states if is_told else [torch.zeros_like(each) for each in states])
    found = as_tuple(module(x, *(states if is_told else ())))
    torch.testing.assert_close(found, tuple(expected), rtol=0, atol=1e-12)
    parameters = tuple(weights.values())
    wanted, gradients = (torch.autograd.grad(squares(each), parameters) for each in (expected, found))
    torch.testing.assert_close(gradients, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", OPS_OVER_TIME)
def test_a_cell_gives_what_the_layer_gives_at_one_position(kind: str) -> None:
    for layer in (Layer(kind), Layer(kind, bias=False), Layer("rnn", activation="relu")):
        torch.manual_seed(2)
        reference = layer.reference()
        weights = {name.removesuffix("_l0"): each for name, each in reference.state_dict().items()}
        names = list(layer.sizes)
        states = [random(BATCH, size) for size in layer.sizes.values()]
        x = random(BATCH, FEATURES)
        cell = str(layer).replace("(", "_cell(", 1)
        for is_told in (False, True):
            given = ("x", *names) if is_told else ("x",)
            lines = [f"input x: [B, {FEATURES}]", *(f"input {name}: [B, {layer.hidden}]" for name in given[1:])]
            lines += [f"{', '.join(f'{name}1' for name in names)} = ({', '.join(given)}) -> {cell}"]
            lines += [f"output {name}2 = {name}1" for name in names]
            module = compiled(f"model Step {{\n{chr(10).join(lines)}\n}}", weights)
            starts = states if is_told else [torch.zeros_like(each) for each in states]
            found = as_tuple(module(x, *(states if is_told else ())))
            expected = torch_gives(reference, x[:, None], [each[None] for each in starts])
            torch.testing.assert_close(found, tuple(each[0] for each in expected[1:]))
            torch.testing.assert_close(found, tuple(step(layer, weights, "", x, starts)))


@pytest.mark.parametrize("kind", OPS_OVER_TIME)
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_a_cell_that_scan_runs_is_the_layer(kind: str, direction: str) -> None:
    layer = Layer(kind, direction=direction)
    names = list(layer.sizes)
    nexts = [f"{name}_" for name in names]
    lines = [f"cell Step {{ input x: [B, D]\n state {', '.join(f'{name}: [B, 6]' for name in names)}"]
    lines += [f"{', '.join(nexts)} = (x, {', '.join(names)}) -> {kind}_cell(6)"]
    lines += [f"next {name} = {name}_" for name in names]
    lines += [f"}}\nmodel Recurrence {{ input x: [B, T, {FEATURES}]\n scan(Step(), direction={direction}) }}"]
    module = compiled("\n".join(lines))
    reference = layer.reference()
    ways = {"forwards": "_l0", "backwards": "_l0_reverse"}
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            end = next((end for way, end in ways.items() if f".{way}." in name), "_l0")
            parameter.copy_(reference.get_parameter(name.rpartition(".")[2] + end))
    x = random(BATCH, LENGTH, FEATURES)
    torch.testing.assert_close(module(x), reference(x)[0], rtol=0, atol=1e-12)
