"""Cells that run over time: they compute what torch's own recurrent layers do, and read well."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import pytest
import torch
from msgspec.structs import replace
from torch import Tensor, nn

from archspec.diagnostics import Report
from archspec.graph import Graph
from archspec.ops.addition import Add
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.cutting import Split
from archspec.ops.linear import Linear
from archspec.ops.rectifier import Relu
from archspec.ops.repeating import Broadcast
from archspec.ops.sigmoid import Sigmoid, Tanh
from archspec.scan import Scan
from archspec.shape import Element, Shape
from archspec.size import named
from archspec_torch.check import check
from archspec_torch.emit import emit
from tests.graphs import B, Line, T, graph_of
from tests.interpreted import agrees, compiled
from tests.kinds import counter, elman_cell, lstm_cell, reader, tagger
from tests.test_emit_graphs import class_of

FEATURES, HIDDEN, BATCH, LENGTH = 3, 4, 2, 5


def gru_cell(features: int, hidden: int) -> Graph:
    lines: list[Line] = [
        ("ih", Linear(features=3 * hidden), ["x"]),
        ("hh", Linear(features=3 * hidden), ["h"]),
        ("given", Split(parts=3, axis=-1), ["ih"]),
        ("kept", Split(parts=3, axis=-1), ["hh"]),
        ("reset_sum", Add(), ["given", "kept"]),
        ("reset", Sigmoid(), ["reset_sum"]),
        ("update_sum", Add(), ["given:1", "kept:1"]),
        ("update", Sigmoid(), ["update_sum"]),
        ("new_sum", Arithmetic(formula="a + b * c"), ["given:2", "reset", "kept:2"]),
        ("new", Tanh(), ["new_sum"]),
        ("next", Arithmetic(formula="(1 - a) * b + a * c"), ["update", "new", "h"]),
    ]
    return graph_of("Gru", {"x": [B, features], "h": [B, hidden]}, lines, {"h": "next"})


CELLS: Final[dict[str, tuple[Any, Any]]] = {
    "elman": (elman_cell, nn.RNN),
    "lstm": (lstm_cell, nn.LSTM),
    "gru": (gru_cell, nn.GRU),
}


def recurrence(cell: Graph, direction: Any, *, is_told: bool = False) -> Graph:
    """A model that is one scan, and gives all that it gives."""
    inputs = {"sequence": Shape.of(B, T, FEATURES)}
    states = [f"start_{output.name}" for output in cell.outputs] if is_told else []
    inputs |= {name: Shape.of(B, HIDDEN) for name in states}
    lines: list[Line] = [("scan", Scan(cell=cell, direction=direction), ["sequence", *states])]
    outputs = {"sequence_": "scan"} | {
        f"{output.name}_": f"scan:{port + 1}" for port, output in enumerate(cell.outputs)
    }
    return graph_of("Recurrence", inputs, lines, outputs)


def copied(reference: nn.Module, module: nn.Module, ways: Mapping[str, str]) -> None:
    """Give a module the weights of torch's own layer; `ways` has torch's suffix for the prefix of each cell."""
    with torch.no_grad():
        for prefix, suffix in ways.items():
            for part in ("ih", "hh"):
                for kind in ("weight", "bias"):
                    source = reference.get_parameter(f"{kind}_{part}_l0{suffix}")
                    module.get_parameter(f"{prefix}{part}.{kind}").copy_(source)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_a_cell_over_time_is_torchs_own_layer(name: str, direction: str) -> None:
    make, kind = CELLS[name]
    torch.manual_seed(0)
    reference = kind(FEATURES, HIDDEN, batch_first=True, bidirectional=direction == "both").double()
    module = compiled(recurrence(make(FEATURES, HIDDEN), direction))
    ways = {"scan.forwards.": "", "scan.backwards.": "_reverse"} if direction == "both" else {"scan.": ""}
    copied(reference, module, ways)
    x = torch.randn(BATCH, LENGTH, FEATURES, dtype=torch.float64)
    # Torch's layer has no way to go backwards alone: it is given the sequence turned around.
    y, last = reference(x.flip(1) if direction == "backward" else x)
    y = y.flip(1) if direction == "backward" else y
    # Torch has the last states of both directions along an axis of their own.
    states = [state.transpose(0, 1).flatten(1) for state in (last if isinstance(last, tuple) else (last,))]
    found = module(x)
    for one, other in zip(found, (y, *states), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)
    torch.autograd.backward(y.square().sum() + states[-1].sum())
    torch.autograd.backward(found[0].square().sum() + found[-1].sum())
    for prefix, suffix in ways.items():
        for part in ("ih", "hh"):
            expected = reference.get_parameter(f"weight_{part}_l0{suffix}").grad
            gradient = module.get_parameter(f"{prefix}{part}.weight").grad
            assert gradient is not None
            assert torch.allclose(gradient, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_states_may_be_given(name: str) -> None:
    make, kind = CELLS[name]
    cell = make(FEATURES, HIDDEN)
    torch.manual_seed(0)
    reference = kind(FEATURES, HIDDEN, batch_first=True).double()
    module = compiled(recurrence(cell, "forward", is_told=True))
    copied(reference, module, {"scan.": ""})
    x = torch.randn(BATCH, LENGTH, FEATURES, dtype=torch.float64)
    states = torch.randn(len(cell.outputs), 1, BATCH, HIDDEN, dtype=torch.float64).unbind()
    y, last = reference(x, states if len(states) > 1 else states[0])
    found = module(x, *(state[0] for state in states))
    expected = (y, *((state[0] for state in last) if isinstance(last, tuple) else (last[0],)))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


def test_a_cell_reads_as_an_engineer_would_write_it() -> None:
    source = emit(recurrence(lstm_cell(3, 4), "forward"))
    assert (
        class_of(source, "Lstm")
        == '''class Lstm(nn.Module):
    """The cell of `scan`.

    Shapes at one position: x [B, 3], h [B, 4], c [B, 4] -> [B, 4], [B, 4].
    """

    def __init__(self) -> None:
        super().__init__()
        self.ih = nn.Linear(3, 16)
        self.hh = nn.Linear(4, 16)
        self.i = nn.Sigmoid()
        self.f = nn.Sigmoid()
        self.g = nn.Tanh()
        self.o = nn.Sigmoid()
        self.squashed = nn.Tanh()
        self.init_weights()

    def init_weights(self) -> None:
        for weight in (self.ih.weight, self.hh.weight):
            nn.init.orthogonal_(weight)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        x = self.ih(x)  # [B, 16]
        hh = self.hh(h)  # [B, 16]
        x = x + hh  # [B, 16]
        split_0, split_1, split_2, split_3 = x.chunk(4, dim=-1)
        i = self.i(split_0)  # [B, 4]
        f = self.f(split_1)  # [B, 4]
        g = self.g(split_2)  # [B, 4]
        o = self.o(split_3)  # [B, 4]
        state = f * c + i * g  # [B, 4]
        x = self.squashed(state)  # [B, 4]
        x = o * x  # [B, 4]
        return x, state

    def forward(
        self, sequence: Tensor, h: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        if h is None:
            h = sequence.new_zeros(sequence.shape[0], 4)  # [B, 4]
        if c is None:
            c = sequence.new_zeros(sequence.shape[0], 4)  # [B, 4]
        outputs: list[Tensor] = []
        for x in sequence.unbind(1):
            h, c = self.step(x, h, c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), h, c'''
    )


def test_a_cell_that_some_run_backwards_can_be_told_so() -> None:
    source = emit(tagger())
    assert source.count("\nclass Lstm") == 2
    assert "    def __init__(self, reverse: bool = False) -> None:\n" in class_of(source, "Lstm")
    written = class_of(source, "Tagger")
    assert "        self.both = Bidirectional(Lstm(), Lstm(reverse=True))\n" in written
    assert "        self.back = Lstm2(reverse=True)\n" in written
    assert "        self.on = Lstm2()\n" in written
    assert "`back`, and 2 more like it." in class_of(source, "Lstm2")
    assert "reverse" not in class_of(source, "Elman")
    assert """
        steps = sequence.unbind(1)
        if self.reverse:
            steps = steps[::-1]
        outputs: list[Tensor] = []
        for x in steps:
            h, c = self.step(x, h, c)
            outputs.append(h)
        if self.reverse:
            outputs.reverse()
        return torch.stack(outputs, dim=1), h, c""" in class_of(source, "Lstm")


def test_what_a_scan_gives_is_taken_apart_by_name() -> None:
    written = class_of(emit(tagger()), "Tagger")
    assert "        y, _, _ = self.both(x)  # [B, T, 8]\n" in written or "        x, _, _ = self.both(x)" in written
    assert "        back, h, c = self.back(x)  # [B, T, 4], [B, 4], [B, 4]\n" in written
    assert "        on, h2, _ = self.on(back, h, c)  # [B, T, 4], [B, 4]\n" in written


def test_cells_may_have_groups_and_weights_in_common_and_cells() -> None:
    source = emit(reader())
    written = class_of(source, "Reader")
    assert "`reading.scan`, and 1 more like it." in written
    assert "`mix` of `Reader`" in class_of(source, "Mix")
    assert "        again = self.deep[0](x)  # [B, 4]\n" in written
    assert "        _, h2 = self.read(x, again)  # [B, 4]\n" in written
    assert "        self.scores.weight = self.embed.weight\n" in written
    assert "            stays = memory.new_zeros(sequence.shape[0], memory.shape[1])  # [B, T]\n" in written
    assert "        x, _, _, _ = self.reading.scan(tokens, signal)  # [B, T, 7]\n" in source


def test_zeros_are_of_the_kind_of_what_is_computed() -> None:
    assert "            h = next(self.parameters()).new_zeros(sequence.shape[0], 4)  # [B, 4]\n" in emit(counter())
    module = compiled(counter()).half()
    assert module(torch.zeros(1, 2, dtype=torch.long)).dtype is torch.half


def test_a_cell_without_weights_runs() -> None:
    cell = graph_of("Sum", {"x": [B, 3], "h": [B, 3]}, [("add", Add(), ["x", "h"])], {"h": "add"})
    graph = graph_of("Sums", {"x": [B, T, 3]}, [("scan", Scan(cell=cell, direction="backward"), ["x"])], ["scan"])
    agrees(graph)
    assert compiled(graph)(torch.tensor([[[1.0], [2.0], [4.0]]]).expand(1, 3, 3))[0, :, 0].tolist() == [7, 6, 4]


def test_zeros_without_anything_to_be_like() -> None:
    lines: list[Line] = [("one", Relu(), ["h"])]
    inputs = {
        "x": Shape.of(B, 3, element=Element.INT),
        "h": Shape.of(B, 2, 3),
        "n": Shape.of(3, B, element=Element.BOOL),
    }
    cell = graph_of("Idle", inputs, lines, {"h": "one", "n": "n"})
    scan: list[Line] = [("scan", Scan(cell=cell), ["x"])]
    graph = graph_of("Idles", {"x": Shape.of(B, T, 3, element=Element.INT)}, scan, {"y": "scan", "n": "scan:2"})
    source = emit(graph)
    assert "h = torch.zeros(sequence.shape[0], 2, 3, device=sequence.device)" in source
    assert "n = sequence.new_zeros(3, sequence.shape[0], dtype=torch.bool)" in source
    y, n = compiled(graph)(torch.zeros(5, 4, 3, dtype=torch.long))
    assert (y.shape, n.shape, n.dtype) == ((5, 4, 2, 3), (3, 5), torch.bool)


def test_sizes_of_states_are_read_or_calculated() -> None:
    k = named("K")
    lines: list[Line] = [("wide", Broadcast(sizes=(B, 2 * k)), ["h"])]
    cell = graph_of("Sized", {"x": [B, 2 * k + 1], "h": [B, 2 * k], "g": [B, k]}, lines, {"h": "wide", "g": "g"})
    graph = graph_of(
        "Sizes", {"x": [B, T, 2 * k + 1]}, [("scan", Scan(cell=cell), ["x"])], {"h": "scan:1", "g": "scan:2"}
    )
    source = emit(graph)
    assert "            g = sequence.new_zeros(sequence.shape[0], (sequence.shape[2] - 1) // 2)\n" in source
    h, g = compiled(graph)(torch.zeros(2, 3, 7))
    assert (h.shape, g.shape) == ((2, 6), (2, 3))


def test_the_batch_of_states_is_that_of_the_sequence() -> None:
    cell = graph_of("Sum", {"x": [2, 3], "h": [2, 3]}, [("add", Add(), ["x", "h"])], {"h": "add"})
    graph = graph_of("Sums", {"x": [2, T, 3]}, [("scan", Scan(cell=cell), ["x"])], ["scan"])
    assert "            h = sequence.new_zeros(sequence.shape[0], 3)  # [2, 3]\n" in emit(graph)


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_such_a_model_can_be_exported_and_compiled(direction: str) -> None:
    module = compiled(recurrence(lstm_cell(FEATURES, HIDDEN), direction))
    x = torch.randn(BATCH, LENGTH, FEATURES, dtype=torch.float64)
    expected = module(x)
    for other in (
        torch.export.export(module, (x,), strict=False).module(),
        torch.compile(module, backend="eager", fullgraph=True),
    ):
        found: tuple[Tensor, ...] = other(x)
        assert all(map(torch.equal, found, expected))


# ------------------------------------------------------------------------------------------------------------ findings


def told(graph: Graph) -> list[tuple[str, str]]:
    report = Report()
    check(graph, report)
    return [(each.code, each.message()) for each in report]


def cell_with(name: str) -> Graph:
    """A cell with a layer of some name, and one in a group."""
    lines: list[Line] = [(name, Linear(features=3), ["h"]), (f"group/{name}", Linear(features=3), [name])]
    cell = graph_of("Cell", {"x": [B, 3], "h": [B, 3]}, lines, {"h": f"group/{name}"})
    cell = dataclasses.replace(cell, nodes=tuple(replace(node, is_named=True) for node in cell.nodes))
    return graph_of("M", {"x": [B, T, 3]}, [("scan", Scan(cell=cell), ["x"])], ["scan"])


def test_reserved_names_inside_cells_are_told() -> None:
    reason = "every `nn.Module` that is a cell has something of that name"
    for name in ("step", "reverse", "train"):
        assert (("T001", f"`{name}` cannot be a name in PyTorch source: {reason}")) in told(cell_with(name))
    assert not told(cell_with("steps"))
    (finding,) = told(cell_with("pop"))
    assert finding == (
        "T001",
        "`pop` cannot be a name in PyTorch source: every `nn.Sequential` has something of that name",
    )


def test_open_sizes_that_weights_of_cells_need_are_told() -> None:
    c = named("C")
    lines: list[Line] = [("a", Linear(features=3), ["x"]), ("add", Add(), ["a", "h"])]
    cell = graph_of("Cell", {"x": [B, c], "h": [B, 3]}, lines, {"h": "add"})
    graph = graph_of("M", {"x": [B, T, c]}, [("scan", Scan(cell=cell), ["x"])], ["scan"])
    assert told(graph) == [("T002", "`linear` needs the last size of its input as a number, but it is `C`")]


def test_open_sizes_of_states_that_nothing_tells_are_told() -> None:
    c = named("C")
    cell = graph_of("Cell", {"x": [B, 3], "h": [B, c]}, [("relu", Relu(), ["h"])], {"h": "relu"})
    graph = graph_of("M", {"x": [B, T, 3]}, [("scan", Scan(cell=cell), ["x"])], ["scan"])
    assert told(graph) == [("T002", "`C` must be known when the model runs, but no input tells it")]


@pytest.mark.parametrize(
    "name", ["sequence", "outputs", "steps", "states", "self", "torch", "l", "class", "list", "x" * 40]
)
def test_what_a_cell_is_given_may_have_any_name(name: str) -> None:
    for names in ((name, "h", "m"), ("x", name, "m"), ("x", "h", name)):
        x, h, m = names
        lines: list[Line] = [("a", Add(), [x, h]), ("b", Add(), ["a", m])]
        cell = graph_of(name, {x: [B, 3], m: [B, 3], h: [B, 3]}, lines, {h: "b"})
        scan = Scan(cell=cell, direction="backward")
        agrees(graph_of("M", {"x": [B, T, 3], "m": [B, 3]}, [("scan", scan, ["x", "m"])], ["scan"]))
