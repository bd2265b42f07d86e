"""Recurrent layers: shapes, costs and refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.op import Op, ShapeError
from archspec.ops import OPS
from archspec.ops.recurrent import Gru, Lstm, Rnn
from archspec.ops.recurrent_cell import GruCell, LstmCell, RnnCell
from archspec.shape import Shape
from archspec.size import Size, evaluate, named
from archspec_torch.lower import OpenSizeError, lower
from tests.laws import agrees_with_torch
from tests.lowered import random_uses
from tests.recurrent_layers import BATCH, FEATURES, LENGTH, OPS_OVER_TIME, Layer, each_layer

pytestmark = pytest.mark.usefixtures("steady")

B, D, H, T = map(named, "BDHT")


def test_batch_and_time_may_be_open() -> None:
    x = Shape.of(B, T, 3)
    assert Lstm(hidden=8).infer(x) == (Shape.of(B, T, 8), Shape.of(1, B, 8), Shape.of(1, B, 8))
    assert Gru(hidden=8, layers=2, direction="both").infer(x) == (Shape.of(B, T, 16), Shape.of(4, B, 8))
    assert Rnn(hidden=H).infer(x, Shape.of(1, 5, 8)) == (Shape.of(5, T, H), Shape.of(1, 5, H))
    assert LstmCell(hidden=H).infer(Shape.of(B, 3)) == (Shape.of(B, H), Shape.of(B, H))
    # What is known of the batch is known of all that is given.
    wide = Lstm(hidden=8, projection=H, layers=2)
    states = (Shape.of(2, B, H), Shape.of(2, 5, 8))
    assert wide.infer(x, *states) == (Shape.of(5, T, H), Shape.of(2, 5, H), Shape.of(2, 5, 8))
    assert GruCell(hidden=8).infer(Shape.of(B, 3), Shape.of(5, 8)) == Shape.of(5, 8)
    assert wide.weights(Shape.of(B, T, D), *states)["weight_ih_l0"] == Shape.of(32, D)


def test_a_module_needs_its_sizes_as_numbers() -> None:
    with pytest.raises(OpenSizeError, match="`lstm` needs the features of its input as a number, but it is `D`"):
        lower(Lstm(hidden=8), Shape.of(B, T, D))
    with pytest.raises(OpenSizeError, match="`gru_cell` needs its hidden size as a number, but it is `H`"):
        lower(GruCell(hidden=H), Shape.of(B, 3))
    with pytest.raises(OpenSizeError, match="`lstm` needs its projection as a number, but it is `H`"):
        lower(Lstm(hidden=8, projection=H), Shape.of(B, T, 3))


def test_the_cost_is_that_of_the_matrices_at_all_positions() -> None:
    x = Shape.of(B, T, 100)
    assert Rnn(hidden=256).macs(x) == B * T * 256 * (100 + 256)
    assert Gru(hidden=256).macs(x) == B * T * 3 * 256 * (100 + 256)
    assert Lstm(hidden=256).macs(x) == B * T * 4 * 256 * (100 + 256)
    first, second = 4 * 256 * (100 + 256), 4 * 256 * (512 + 256)
    assert Lstm(hidden=256, layers=3, direction="both").macs(x) == B * T * 2 * (first + 2 * second)
    first, second = 256 * (4 * (100 + 64) + 64), 256 * (4 * (128 + 64) + 64)
    assert Lstm(hidden=256, projection=64, layers=2, direction="both").macs(x) == B * T * 2 * (first + second)
    # That the states start from what is given changes nothing, but may tell the batch.
    assert Gru(hidden=8).macs(Shape.of(B, T, 4), Shape.of(1, 5, 8)) == 5 * T * 3 * 8 * (4 + 8)
    assert LstmCell(hidden=8).macs(Shape.of(B, 3)) == B * 4 * 8 * (3 + 8)
    assert GruCell(hidden=8).macs(Shape.of(B, 3), Shape.of(5, 8)) == 5 * 3 * 8 * (3 + 8)
    assert RnnCell(hidden=8).macs(Shape.of(B, 3)) == B * 8 * (3 + 8)


@each_layer
def test_the_cost_is_that_of_torch_where_it_takes_a_layer_apart(layer: Layer) -> None:
    model = archspec.loads(layer.spec(is_told=False))
    counter = FlopCounterMode(display=False)
    with torch.device("meta"), counter:
        model.compile()(torch.empty(BATCH, LENGTH, FEATURES))
    assert counter.get_total_flops() == 2 * evaluate(model.graph.macs, {"B": BATCH, "T": LENGTH})


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("op", "shapes", "message", "setting"),
    [
        (Lstm(hidden=8), [[2, 5]], "needs 3 axes, but the input has 2", None),
        (Gru(hidden=8), [[2, 5, 3, 4]], "needs 3 axes, but the input has 4", None),
        (RnnCell(hidden=8), [[2, 5, 3]], "needs 2 axes, but the input has 3", None),
        (
            Lstm(hidden=8),
            [[2, 5, 3], [1, 2, 8]],
            "is given no initial `c`: it needs all of its states, or none",
            None,
        ),
        (LstmCell(hidden=8), [[2, 3], [2, 8]], "is given no initial `c`: it needs all of its states, or none", None),
        (
            Gru(hidden=8),
            [[2, 5, 3], [2, 8]],
            "needs [1, 2, 8] for its initial `h`, but is given [2, 8]",
            None,
        ),
        (
            Gru(hidden=8, direction="both"),
            [[2, 5, 3], [1, 2, 8]],
            "needs [2, 2, 8] for its initial `h`, but is given [1, 2, 8]",
            None,
        ),
        (
            Rnn(hidden=8),
            [[B, 5, 3], [1, 2 * B, 8]],
            "needs [1, B, 8] for its initial `h`, but is given [1, 2*B, 8]",
            None,
        ),
        (
            Lstm(hidden=8, projection=3),
            [[2, 5, 3], [1, 2, 3], [1, 2, 3]],
            "needs [1, 2, 8] for its initial `c`, but is given [1, 2, 3]",
            None,
        ),
        (
            LstmCell(hidden=8),
            [[2, 3], [2, 8], [3, 8]],
            "needs [2, 8] for its initial `c`, but is given [3, 8]",
            None,
        ),
        (
            Lstm(hidden=8, projection=8),
            [[2, 5, 3]],
            "has a projection of 8, which is no smaller than its hidden size of 8",
            "projection",
        ),
        (
            Lstm(hidden=H, projection=H + 1),
            [[2, 5, 3]],
            "has a projection of H + 1, which is no smaller than its hidden size of H",
            "projection",
        ),
        (
            Gru(hidden=8, dropout=0.5),
            [[2, 5, 3]],
            "has a dropout of 0.5 between its layers, but only one layer",
            "dropout",
        ),
    ],
    ids=str,
)
def test_refusals_say_what_is_needed_and_have_a_cure(
    op: Op, shapes: list[list[Size]], message: str, setting: str | None
) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*(Shape(tuple(sizes)) for sizes in shapes))
    assert refusal.value.message == message
    assert refusal.value.setting == setting
    assert refusal.value.help


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("lstm(0)", "`hidden` of `lstm` cannot be `0`"),
        ("lstm(8, layers=0)", "`layers` of `lstm` cannot be `0`"),
        ("lstm(8, layers=33)", "`layers` of `lstm` cannot be `33`"),
        ("gru(8, layers=2, dropout=1.5)", "`dropout` of `gru` cannot be `1.5`"),
        ("rnn(8, direction=backward)", "`direction` of `rnn` cannot be `backward`"),
        ("rnn(8, activation=sigmoid)", "`activation` of `rnn` cannot be `sigmoid`"),
        ("gru(8, biass=false)", "`gru` has no setting `biass`"),
    ],
)
def test_settings_are_looked_at(layer: str, message: str) -> None:
    (finding,) = archspec.loads(f"model M {{ input x: [B, T, 4]\n {layer} }}").check()
    assert finding.message() == message
    assert finding.label() or finding.help()


@st.composite
def uses_over_time(draw: st.DrawFn) -> tuple[Op, tuple[Shape, ...]]:
    """A layer with its settings, and with inputs that are mostly right."""
    kind, layers = draw(st.sampled_from(OPS_OVER_TIME)), draw(st.integers(1, 3))
    hidden, direction = draw(st.integers(1, 3)), draw(st.sampled_from(["forward", "both"]))
    settings: dict[str, Any] = {"hidden": hidden, "layers": layers, "direction": direction, "bias": draw(st.booleans())}
    if layers > 1:
        settings["dropout"] = draw(st.sampled_from([0.0, 0.5, 1.0]))
    projection = draw(st.none() | st.integers(1, 3)) if kind == "lstm" else None
    if kind == "lstm":
        settings["projection"] = projection
    x = draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
    count = layers * (2 if direction == "both" else 1)
    states = [[count, x[0], projection or hidden], *([[count, x[0], hidden]] if kind == "lstm" else [])]
    given = [x, *states[: draw(st.integers(0, len(states)))]]
    return OPS[kind](**settings), tuple(Shape(tuple(draw(bent(sizes)))) for sizes in given)


@st.composite
def uses_at_once(draw: st.DrawFn) -> tuple[Op, tuple[Shape, ...]]:
    kind, hidden = draw(st.sampled_from(["rnn_cell", "lstm_cell", "gru_cell"])), draw(st.integers(1, 3))
    x = draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))
    states = [[x[0], hidden]] * (2 if kind == "lstm_cell" else 1)
    given = [x, *states[: draw(st.integers(0, len(states)))]]
    op = OPS[kind](hidden=hidden, bias=draw(st.booleans()))  # type: ignore[call-arg]  # All of them have these.
    return op, tuple(Shape(tuple(draw(bent(sizes)))) for sizes in given)


@st.composite
def bent(draw: st.DrawFn, sizes: list[int]) -> list[int]:
    """Sizes, of which sometimes one is another, or there is one more or less."""
    sizes = list(sizes)
    match draw(st.integers(0, 9)):
        case 0 | 1:
            sizes[draw(st.integers(0, len(sizes) - 1))] = draw(st.integers(1, 6))
        case 2:
            sizes.insert(draw(st.integers(0, len(sizes))), draw(st.integers(1, 3)))
        case 3:
            del sizes[draw(st.integers(0, len(sizes) - 1))]
    return sizes


@random_uses
@given(uses_over_time() | uses_at_once())
def test_refusals_are_those_of_torch(use: tuple[Op, tuple[Shape, ...]]) -> None:
    op, inputs = use
    agrees_with_torch(op, *inputs)
