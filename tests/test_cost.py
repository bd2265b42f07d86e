"""What models cost: arithmetic by formulas that are written by hand, and memory by what is in it."""

from __future__ import annotations

import pytest

import archspec
from archspec.passes.cost import Costs, Optimiser, costs
from archspec.size import evaluate
from archspec.storage import Amount, Widths
from tests.probes import PROBES, Probe


def cost_of(body: str, **sizes: int) -> Costs:
    return costs(archspec.loads(f"model M {{ {body} }}", sizes=sizes).graph)


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_multiply_adds_are_those_of_the_formula_by_hand(probe: Probe) -> None:
    summary = archspec.loads(f"model M {{ {probe.spec} }}").summary()
    assert summary.macs == probe.macs
    assert summary.flops == 2 * probe.macs
    assert sum(row.cost.macs for row in summary.rows) == probe.macs


def test_open_sizes_give_a_formula_and_numbers_what_it_gives() -> None:
    body = "input x: [B, T, 256]\n attention(8)"
    formula = archspec.loads(f"model M {{ {body} }}").summary().macs
    assert str(formula) == "512*B*T**2 + 262144*B*T"
    for sizes in ({"B": 1, "T": 128}, {"B": 7, "T": 4096}):
        assert archspec.loads(f"model M {{ {body} }}", sizes=sizes).summary().macs == evaluate(formula, sizes)


def test_training_needs_weights_gradients_states_inputs_and_what_is_kept() -> None:
    # 16 weights of 4 bytes; 8 numbers flow in and are kept as the input, apart from the activations.
    found = cost_of("input x: [4, 2]\n linear(8, bias=false) -> relu")
    weights, inputs, activations = 4 * 16, 4 * 8, 4 * 32
    for optimiser, copies in ((Optimiser.SGD, 2), (Optimiser.MOMENTUM, 3), (Optimiser.ADAM, 4)):
        assert found.training(optimiser, Widths()) == copies * weights + inputs + activations
    assert found.training(Optimiser.SGD, Widths(floats=2)) == (2 * weights + inputs + activations) // 2


def test_evaluation_needs_the_most_that_lies_in_memory_at_once() -> None:
    # While the second layer runs there are its 32 and 64 numbers; the 8 of the input have gone by then.
    found = cost_of("input x: [4, 2]\n linear(8, bias=false) -> linear(16, bias=false) -> linear(1, bias=false)")
    assert found.peaks == (Amount(floats=32 + 64),)
    weights = 2 * 8 + 8 * 16 + 16
    assert found.inference(Widths()) == (4 * (weights + 32 + 64),)


def test_what_is_needed_later_stays_in_memory() -> None:
    body = "input x: [4, 2]\n y = linear(8, bias=false)\n z = y -> linear(16, bias=false) -> linear(8, bias=false)"
    assert cost_of(f"{body}\n (y, z) -> add").peaks == (Amount(floats=32 + 64 + 32),)
    alone = body.replace("y = ", "").replace("z = y -> ", "")
    assert cost_of(alone).peaks == (Amount(floats=32 + 64),)


def test_a_view_takes_no_memory() -> None:
    assert cost_of("input x: [4, 2, 3]\n flatten -> linear(1, bias=false)").peaks == (Amount(floats=24 + 4),)


def test_of_open_sizes_each_moment_is_told_that_may_be_the_largest() -> None:
    body = """input x: [1, N, 4]
    input y: [1, M, 4]
    (x -> relu -> sigmoid -> sum(axes=1), y -> relu -> sigmoid -> sum(axes=1)) -> add"""
    found = cost_of(body).peaks
    assert len(found) > 1
    for sizes in ({"N": 9, "M": 2}, {"N": 2, "M": 9}):
        (closed,) = cost_of(body, **sizes).peaks
        assert max(int(str(evaluate(each.floats, sizes))) for each in found) == closed.floats


def test_weights_that_are_shared_are_counted_once() -> None:
    found = cost_of("input x: [4, 8]\n layer = linear(8)\n layer -> layer")
    assert found.weights == Amount(floats=8 * 8 + 8)
