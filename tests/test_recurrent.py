"""Recurrent layers: the numbers of torch, those of their equations, and those of independent implementations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.op import Op, ShapeError
from archspec.ops import OPS
from archspec.ops.recurrent import Gru, GruCell, Lstm, LstmCell, Rnn, RnnCell
from archspec.shape import Shape
from archspec.size import Size, evaluate, named
from archspec_torch.lower import OpenSizeError, lower
from tests.golden_rule import DIRECTORY, described, example_input, fill
from tests.laws import agrees_with_torch
from tests.lowered import as_tuple, random_uses
from tests.read_once import read_once

B, D, H, T = map(named, "BDHT")

OPS_OVER_TIME: Final = ("rnn", "lstm", "gru")

BATCH: Final = 3
LENGTH: Final = 4
FEATURES: Final = 5


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Layers are small here, and threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Layer:
    """A recurrent layer with its settings, here and in torch."""

    kind: str
    hidden: int = 6
    layers: int = 1
    direction: str = "forward"
    dropout: float = 0.0
    bias: bool = True
    activation: str = "tanh"
    projection: int = 0

    @property
    def directions(self) -> int:
        return 2 if self.direction == "both" else 1

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state."""
        sizes = {"h": self.projection or self.hidden}
        return sizes | {"c": self.hidden} if self.kind == "lstm" else sizes

    def __str__(self) -> str:
        """As a spec has it, without what is at its default."""
        told = {
            name: "false" if value is False else value
            for name, value in vars(self).items()
            if name not in ("kind", "hidden") and value != getattr(Layer, name)
        }
        return f"{self.kind}({', '.join((str(self.hidden), *(f'{name}={value}' for name, value in told.items())))})"

    def reference(self, features: int = FEATURES) -> nn.Module:
        """Torch's own layer, with numbers of twice as many digits."""
        own = {"nonlinearity": self.activation} if self.kind == "rnn" else {}
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[self.kind]
        module: nn.Module = kind(
            features,
            self.hidden,
            num_layers=self.layers,
            bias=self.bias,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.directions == 2,
            **({"proj_size": self.projection} if self.kind == "lstm" else own),
        )
        return module.double()

    def spec(self, *, is_told: bool) -> str:
        """A model of this layer, which gives all that it gives, and is given states or is not."""
        starts = [f"{name}0" for name in self.sizes] if is_told else []
        ends = [f"{name}1" for name in self.sizes]
        count = self.layers * self.directions
        lines = [f"input x: [B, T, {FEATURES}]"]
        lines += [f"input {name}: [{count}, B, {self.sizes[name[0]]}]" for name in starts]
        lines += [f"{', '.join(('y', *ends))} = ({', '.join(('x', *starts))}) -> {self}"]
        lines += [f"output {name} = {name}" for name in ("y", *ends)]
        return f"model Recurrence {{\n{chr(10).join(lines)}\n}}"

    def states(self) -> list[Tensor]:
        return [random(self.layers * self.directions, BATCH, size) for size in self.sizes.values()]


def every_layer() -> Iterator[Layer]:
    for kind, layers, direction, bias in product(OPS_OVER_TIME, (1, 2, 3), ("forward", "both"), (True, False)):
        layer = Layer(kind, layers=layers, direction=direction, bias=bias)
        yield layer
        if kind == "lstm":
            yield replace(layer, projection=2)
        if kind == "rnn":
            yield replace(layer, activation="relu")


each_layer: Final = pytest.mark.parametrize("layer", tuple(every_layer()), ids=str)


def random(*sizes: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(place * size for place, size in enumerate(sizes, start=1)))
    return torch.randn(*sizes, generator=generator, dtype=torch.double)


def compiled(text: str, weights: Mapping[str, Tensor] | None = None) -> nn.Module:
    """The module of a spec, its only layer with these weights."""
    module = archspec.loads(text).compile()
    assert isinstance(module, nn.Module)
    if weights is not None:
        (layer,) = module.children()
        layer.double().load_state_dict(weights)
    return module.double().eval()


def squares(values: Sequence[Tensor]) -> Tensor:
    """One number that all numbers have a part in."""
    return torch.stack([each.square().sum() for each in values]).sum()


def torch_gives(reference: nn.Module, x: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    """What torch's layer gives, in a row."""
    given = () if not states else (states[0] if len(states) == 1 else tuple(states),)
    y, last = reference(x, *given)
    return [y, *as_tuple(last)]


# --------------------------------------------------------------------------------------------- what torch's layers give


@each_layer
@pytest.mark.parametrize("is_told", [False, True], ids=["from zeros", "from states"])
def test_a_recurrent_layer_is_that_of_torch(layer: Layer, is_told: bool) -> None:
    torch.manual_seed(0)
    reference = layer.reference()
    module = compiled(layer.spec(is_told=is_told), reference.state_dict())
    x, states = random(BATCH, LENGTH, FEATURES), layer.states() if is_told else []
    theirs = [each.clone().requires_grad_() for each in (x, *states)]
    mine = [each.clone().requires_grad_() for each in (x, *states)]
    expected = torch_gives(reference, theirs[0], theirs[1:])
    found = as_tuple(module(*mine))
    torch.testing.assert_close(found, tuple(expected), rtol=0, atol=0)
    torch.autograd.backward(squares(expected))
    torch.autograd.backward(squares(found))
    torch.testing.assert_close([each.grad for each in mine], [each.grad for each in theirs])
    torch.testing.assert_close(
        [each.grad for each in module.parameters()], [each.grad for each in reference.parameters()]
    )


@each_layer
def test_shapes_and_counts_are_those_of_torch(layer: Layer) -> None:
    reference, graph = layer.reference(), archspec.loads(layer.spec(is_told=True)).graph
    assert graph.parameters == sum(each.numel() for each in reference.parameters())
    (node,) = graph.nodes
    assert [(name, tuple(shape.sizes)) for name, shape in node.weights.items()] == [
        (name, tuple(each.shape)) for name, each in reference.named_parameters()
    ]
    x, states = random(BATCH, LENGTH, FEATURES), layer.states()
    found = [[evaluate(size, {"B": BATCH, "T": LENGTH}) for size in each.shape] for each in graph.outputs]
    assert found == [list(each.shape) for each in torch_gives(reference, x, states)]


# -------------------------------------------------------------------------------------------- what their equations give


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


# ---------------------------------------------------------------------------------------- training, devices, open sizes


@pytest.mark.parametrize("kind", OPS_OVER_TIME)
def test_dropout_between_layers_acts_in_training_only(kind: str) -> None:
    layer = Layer(kind, layers=2, dropout=0.5)
    reference = layer.reference()
    module = compiled(layer.spec(is_told=False), reference.state_dict())
    x = random(BATCH, LENGTH, FEATURES)
    torch.testing.assert_close(module(x), module(x), rtol=0, atol=0)
    module.train()
    torch.manual_seed(3)
    found = as_tuple(module(x))
    assert not found[0].equal(as_tuple(module(x))[0])
    # What the lower layer ends with is as it was before anything was set to zero.
    assert found[1][0].equal(as_tuple(module.eval()(x))[1][0])
    torch.manual_seed(3)
    torch.testing.assert_close(found, tuple(torch_gives(reference, x, ())), rtol=0, atol=0)


@each_layer
def test_a_recurrent_layer_is_on_the_meta_device_what_it_is_elsewhere(layer: Layer) -> None:
    model = archspec.loads(layer.spec(is_told=True))
    with torch.device("meta"):
        module = model.compile()
        states = [torch.empty(layer.layers * layer.directions, 7, size) for size in layer.sizes.values()]
        found = as_tuple(module(torch.empty(7, 11, FEATURES), *states))
    for each, output in zip(found, model.graph.outputs, strict=True):
        assert each.is_meta
        assert tuple(each.shape) == tuple(evaluate(size, {"B": 7, "T": 11}) for size in output.shape)


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


# ----------------------------------------------------------------------------------------------------------------- cost


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


# -------------------------------------------------------------------------------------------------------------- systems

SPECS: Final = DIRECTORY.parent.parent / "specs" / "sequence"


def system(spec: str, **settings: Any) -> nn.Module:
    module = read_once(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module.double().eval()


def with_weights_of(module: nn.Module, layer: nn.Module) -> nn.Module:
    """A layer of torch with the weights of the recurrent one of a system."""
    layer.double().load_state_dict(module.get_submodule("lstm1").state_dict())
    return layer


def scored(module: nn.Module, x: Tensor) -> Tensor:
    """What the last layer of a system gives."""
    return x @ module.get_parameter("linear1.weight").T + module.get_parameter("linear1.bias")


def test_a_classifier_looks_at_the_state_behind_the_last_word() -> None:
    module = system("lstm_classifier.arch", vocabulary=30, width=6, hidden=5, classes=3)
    words = torch.randint(30, (4, 7))
    lstm = with_weights_of(module, nn.LSTM(6, 5, batch_first=True))
    _, (h, _) = lstm(module.get_parameter("embedding1.weight")[words])
    torch.testing.assert_close(module(words), scored(module, h[0]))
    # In training, some of the state is left out.
    assert not module.train()(words).equal(scored(module, h[0]))
    graph = read_once(SPECS / "lstm_classifier.arch").graph
    assert graph.parameters == 20_000 * 100 + 4 * 128 * (100 + 128 + 2) + 2 * 129 == 2_118_018
    assert evaluate(graph.macs, {"B": 1, "T": 10}) == 10 * 4 * 128 * (100 + 128) + 2 * 128


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_segmenter_gives_each_character_a_tag(layers: int) -> None:
    module = system("word_segmentation.arch", characters=30, width=6, hidden=5, layers=layers)
    text = torch.randint(30, (4, 7))
    lstm = with_weights_of(module, nn.LSTM(6, 5, num_layers=layers, batch_first=True, bidirectional=True))
    seen, _ = lstm(module.get_parameter("embedding1.weight")[text])
    assert module(text).shape == (4, 7, 4)
    torch.testing.assert_close(module(text), scored(module, seen))


@pytest.mark.parametrize(("variant", "layers", "millions"), [("two_layers", 2, 2.3), ("three_layers", 3, 3.8)])
def test_stacked_layers_have_as_many_weights_as_in_the_paper(variant: str, layers: int, millions: float) -> None:
    graph = read_once(SPECS / f"stacked_bilstm.arch:{variant}").graph
    assert isinstance(graph.parameters, int)
    assert round(graph.parameters / 1e6, 1) == millions
    module = system("stacked_bilstm.arch", layers=layers, hidden=5)
    sound = random(2, 4, 123)
    # Both ways of a layer, and then both ways of the next over what they give together.
    x = sound
    for number in range(layers):
        layer = nn.LSTM(123 if number == 0 else 10, 5, batch_first=True, bidirectional=True).double()
        own = module.get_submodule("lstm1").state_dict()
        layer.load_state_dict({name: own[name.replace("l0", f"l{number}")] for name in layer.state_dict()})
        x, _ = layer(x)
    torch.testing.assert_close(module(sound), scored(module, x))


# ------------------------------------------------------------------------------------------ independent implementations


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
