"""Models with recurrent layers, from the text of a spec to the module: how they read, and what they compute."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.graph import Graph, Node, Value
from archspec.ops.activation import Relu
from archspec.ops.recurrent import Lstm
from archspec.shape import Element, Shape
from archspec.size import evaluate
from archspec_torch.call import Variable
from archspec_torch.emit import emit
from archspec_torch.inline import Inline
from archspec_torch.load import instantiate
from archspec_torch.lower import lower
from tests.graphs import B, Line, T, graph_of
from tests.interpreted import agrees
from tests.lowered import as_tuple, built, source_of, value_of
from tests.test_emit import STRICTLY, said
from tests.test_emit_graphs import class_of

NUMBERS: Final = {"B": 2, "T": 4, "S": 3}

TEXTS: Final[dict[str, str]] = {
    # Several of them, one on top of the other, both ways.
    "stacked": """
        model Stacked {
            input words: [B, T] int
            embedding(20, 6)
            lstm(4, layers=2, direction=both) -> lstm(5, direction=both) -> dropout(0.5)
            gru(3, layers=3, direction=both) -> rnn(4, activation=relu) -> linear(2)
        }""",
    "last": """
        model Last {
            input words: [B, T] int
            y, h, c = words -> embedding(20, 6) -> lstm(4, layers=2, direction=both)
            h -> select(0, -1) -> linear(3)
        }""",
    "alone": """
        model Alone {
            input sequence: [B, T, 3]
            lstm(4)
        }""",
    # The decoder starts from the state that the encoder ends with.
    "translator": """
        model Translator {
            input source: [B, S] int
            input target: [B, T] int
            memory, h, c = source -> embedding(20, 6) -> lstm(8, layers=2)
            words = target -> embedding(20, 6)
            decoded = (words, h, c) -> lstm(8, layers=2)
            (decoded, memory) -> attention(heads=2) -> linear(20)
        }""",
    "translator_of_gates": """
        model Translator {
            input source: [B, S] int
            input target: [B, T] int
            memory, h = source -> embedding(20, 6) -> gru(8)
            embed = target -> embedding(20, 6)
            decoder = (embed, h) -> gru(8)
            linear(20)
        }""",
    "states": """
        model States {
            input x: [B, T, 3]
            input h0: [2, B, 4]
            input c0: [2, B, 5]
            y, h, c = (x, h0, c0) -> lstm(5, projection=4, direction=both)
            output sequence = y
            output h1 = h
            output c1 = c
        }""",
    "shadowed": """
        model Shadowed {
            input h: [B, T, 3]
            input c: [1, B, 3]
            x, y, z = h -> lstm(3)
            a, b, d = (x, y, c) -> lstm(3)
            e, f = (a, b) -> gru(3)
            output sum = (d, f) -> add
            output e2 = e
        }""",
    # In blocks, repeats and groups.
    "blocks": """
        block Encoder(width) {
            input x: [B, T, C]
            y, h, c = lstm(width, direction=both)
            output y1 = y -> linear(width)
            output h1 = h
        }
        model Blocks {
            input x: [B, T, 4]
            y, h = x -> Encoder(4)
            z, h2 = y -> Encoder(4)
            output sum = (y, z) -> add
            output h3 = (h, h2) -> add
        }""",
    "decoder": """
        block Decoder(width) {
            input words: [B, T, C]
            input h: [1, B, width]
            input c: [1, B, width]
            (words, h, c) -> lstm(width)
            layernorm
        }
        model Decoders {
            input x: [B, T, 4]
            first, h, c = x -> lstm(4)
            one = (first, h, c) -> Decoder(4)
            two = (one, h, c) -> Decoder(4)
        }""",
    "repeated": """
        model Repeated {
            input x: [B, T, 4]
            layers = repeat 3 { lstm(4) }
            body = { lstm(4) -> linear(4) -> relu }
            repeat 2 { residual { layernorm -> gru(4) } }
        }""",
    # Used again, with states and without.
    "again": """
        model Again {
            input x: [B, T, 4]
            first = lstm(4)
            a, h, c = first -> first
            b, h2, c2 = (a, h, c) -> first
            other = b -> gru(4)
            d, h3 = (other, h2) -> other
            output last = d
            output states = (h2, h3, c2) -> add
        }""",
    "twice": """
        block Encoder(width) {
            input x: [B, T, C]
            lstm(width) -> relu -> lstm(width)
        }
        model Twice {
            input left: [B, T, 4]
            input right: [B, S, 4]
            encoder = left -> Encoder(4)
            other = right -> encoder
            one = encoder -> select(1, -1)
            two = other -> select(1, -1)
            one * two
        }""",
    # Single steps, in cells and outside.
    "steps": """
        model Steps {
            input x: [B, 4]
            input state: [B, 5]
            row = x -> rnn_cell(4) -> gru_cell(4) -> relu
            gru = (row, state) -> gru_cell(5)
            lstm_cell(6)
            h, c = lstm_cell(6)
            h2, c2 = (h, h, c) -> lstm_cell(6)
            (h2, c2) -> concat
        }""",
    "cells": """
        cell Deep(hidden) {
            input x: [B, D]
            state h: [B, hidden], c: [B, hidden]
            a, b = (x, h, c) -> lstm_cell(hidden)
            d = (a, h) -> gru_cell(hidden)
            next h = d
            next c = b
        }
        model Cells {
            input x: [B, T, 4]
            scan(Deep(5)) -> scan(Deep(4), direction=both)
        }""",
    "training": """
        model Training {
            input x: [B, T, 4]
            y, h, c = x -> lstm(4)
            output aux = (y, h, c) -> lstm(4) -> linear(2) when training
            y -> gru(3)
        }""",
    "tied": """
        model Tied {
            input x: [B, T, 4]
            init orthogonal, bias_ih_l0=zeros
            first = lstm(4, layers=2, init=xavier)
            second = lstm(4, weight_hh_l0=first.weight_hh_l0)
            gru(4)
        }""",
}


def widths(length: int) -> str:
    """A model whose names have all but reached, or passed, the end of a line."""
    a, b = "a" * length, "b" * length
    return f"""
        model Widths {{
            input {a}: [B, T, 4]
            input {b}: [1, B, 4]
            {"d" * length} = ({a}, {b}, {b}) -> lstm(4)
            group = {{ {"e" * length} = lstm(4, direction=both, projection=3, bias=false) -> gru(4, layers=2) }}
            y, h, c = (group, {b}, {b}) -> lstm(4, layers=1)
            z, h2, c2 = (y, h, c) -> lstm(4, layers=1)
            output {"f" * length} = ({a}, h2, c) -> {"d" * length}
            output {"g" * length} = c2
            output {"h" * length} = z
        }}"""


@cache
def model(name: str) -> archspec.Model:
    found = archspec.loads(TEXTS[name])
    assert not list(found.check(ignore=["A4"]))
    return found


def compiled(text: archspec.Model) -> nn.Module:
    module = text.compile()
    assert isinstance(module, nn.Module)
    return module.double()


def forward_of(name: str) -> str:
    """The statements of a model, without the head of their method."""
    text = class_of(model(name).source(), model(name).graph.name)
    return text.partition("    def forward(")[2].partition(":\n")[2]


each_text: Final = pytest.mark.parametrize("name", TEXTS)


# -------------------------------------------------------------------------------------------------------- how they read


def test_what_is_not_needed_of_a_layer_is_left_in_its_tuple() -> None:
    assert (
        forward_of("stacked")
        == """        x: Tensor = self.embedding1(words)  # [B, T, 6]
        x, _ = self.lstm1(x)  # [B, T, 8]
        x, _ = self.lstm2(x)  # [B, T, 10]
        x = self.dropout1(x)  # [B, T, 10]
        x, _ = self.gru1(x)  # [B, T, 6]
        x, _ = self.rnn1(x)  # [B, T, 4]
        x = self.linear1(x)  # [B, T, 2]
        return x"""
    )
    assert (
        forward_of("last")
        == """        x: Tensor = self.embedding1(words)  # [B, T, 6]
        _, (h, _) = self.lstm1(x)  # [4, B, 4]
        x = h[-1]  # [B, 4]
        x = self.linear1(x)  # [B, 3]
        return x"""
    )


def test_the_modules_are_those_of_torch_with_what_differs_from_its_defaults() -> None:
    source = model("stacked").source()
    assert "        self.lstm1 = nn.LSTM(6, 4, num_layers=2, batch_first=True, bidirectional=True)\n" in source
    assert '        self.rnn1 = nn.RNN(6, 4, batch_first=True, nonlinearity="relu")\n' in source
    assert "        self.encoder1 = Encoder()\n" in model("blocks").source()
    assert "        self.gru = nn.GRUCell(4, 5)\n" in model("steps").source()
    assert "nn.LSTM(3, 5, batch_first=True, bidirectional=True, proj_size=4)\n" in model("states").source()


def test_a_decoder_starts_from_what_the_encoder_ends_with() -> None:
    assert (
        forward_of("translator")
        == """        x: Tensor = self.embedding1(source)  # [B, S, 6]
        memory, (h, c) = self.lstm1(x)  # [B, S, 8], [2, B, 8], [2, B, 8]
        x = self.words(target)  # [B, T, 6]
        x, _ = self.decoded(x, (h, c))  # [B, T, 8]
        x = self.attention1(x, memory)  # [B, T, 8]
        x = self.linear1(x)  # [B, T, 20]
        return x"""
    )
    assert "        _, h = self.gru1(x)  # [1, B, 8]\n" in forward_of("translator_of_gates")
    assert "        x, _ = self.decoder(x, h)  # [B, T, 8]\n" in forward_of("translator_of_gates")


def test_states_that_leave_the_model_have_the_names_of_its_outputs() -> None:
    assert (
        forward_of("states")
        == """        sequence, (h1, c1) = self.lstm1(x, (h0, c0))  # [B, T, 8], [2, B, 4], [2, B, 5]
        return StatesOutput(sequence, h1, c1)"""
    )


def test_states_do_not_hide_inputs_of_their_names() -> None:
    assert (
        forward_of("shadowed")
        == """        x2, (y, _) = self.lstm1(h)  # [B, T, 3], [1, B, 3]
        a, (b, d) = self.lstm2(x2, (y, c))  # [B, T, 3], [1, B, 3], [1, B, 3]
        e2, f = self.gru1(a, b)  # [B, T, 3], [1, B, 3]
        sum = d + f  # [1, B, 3]
        return ShadowedOutput(sum, e2)"""
    )


def test_a_layer_that_is_used_again_is_one_module_with_states_and_without() -> None:
    assert (
        forward_of("again")
        == """        x, _ = self.first(x)  # [B, T, 4]
        a, (h, c) = self.first(x)  # [B, T, 4], [1, B, 4], [1, B, 4]
        b, (h2, c2) = self.first(a, (h, c))  # [B, T, 4], [1, B, 4], [1, B, 4]
        x, _ = self.other(b)  # [B, T, 4]
        last, h3 = self.other(x, h2)  # [B, T, 4], [1, B, 4]
        states = h2 + h3 + c2  # [1, B, 4]
        return AgainOutput(last, states)"""
    )
    assert model("again").source().count("nn.LSTM(") == 1
    assert [name for name, _ in compiled(model("again")).named_children()] == ["first", "other"]
    assert model("again").graph.parameters == 4 * 4 * (4 + 4 + 2) + 3 * 4 * (4 + 4 + 2)


def test_a_step_of_a_cell_is_given_its_states() -> None:
    text = class_of(model("cells").source(), "Deep")
    assert "        a, b = self.lstm_cell1(x, (h, c))  # [B, 5], [B, 5]\n" in text
    assert "        x = self.d(a, h)  # [B, 5]\n        return x, b\n" in text


@each_text
def test_a_layer_that_gives_its_states_is_never_in_a_row_of_modules(name: str) -> None:
    """What `nn.Sequential` hands on would be a tuple."""
    rows = [each for each in compiled(model(name)).modules() if isinstance(each, nn.Sequential)]
    for row in rows:
        assert not any(isinstance(each, nn.RNNBase | nn.LSTMCell) for each in row)


def deep(length: int) -> Graph:
    """A layer inside of rows that is used again outside of them, with the states that it ends with, and without."""
    path, lstm = f"row/0/{'l' * length}", Lstm(hidden=4)
    lines: list[Line] = [
        (path, lstm, ["x"]),
        ("row/0/relu", Relu(), [path]),
        ("again", lstm, ["row/0/relu", f"{path}:1", f"{path}:2"]),
        ("more", lstm, ["again"]),
        ("last", lstm, ["more", "again:1", "more:2"]),
    ]
    outputs = {"y": "last", "a" * (length + 1): "last:1", "b" * (length + 1): "again:2"}
    return graph_of("Deep", {"x": [B, T, 4]}, lines, outputs, shares=dict.fromkeys(("again", "more", "last"), path))


@pytest.mark.parametrize("length", [1, 30, 60])
def test_a_layer_that_is_used_again_elsewhere_is_given_its_states(length: int) -> None:
    graph = deep(length)
    module = instantiate(graph.name, emit(graph))
    assert isinstance(module, nn.Module)
    inputs = [example(value.shape) for value in graph.inputs]
    found = list(flat(module.double()(*inputs)))
    torch.testing.assert_close(found, interpreted(graph, module, inputs), rtol=0, atol=0)
    assert sum(each.numel() for each in module.parameters()) == graph.parameters


def test_layers_with_numbers_for_names_are_called_by_them() -> None:
    text = class_of(model("repeated").source(), "Layers")
    assert '                "0": nn.LSTM(4, 4, batch_first=True),\n' in text
    assert '        x, _ = self["2"](x)  # [B, T, 4]\n        return x' in text


# ---------------------------------------------------------------------------------------------------- what they compute


def sizes_of(shape: Shape) -> tuple[int, ...]:
    return tuple(int(evaluate(size, NUMBERS)) for size in shape)  # type: ignore[arg-type]  # All open sizes are there.


def example(shape: Shape) -> Tensor:
    if shape.element is Element.INT:
        return torch.randint(0, 20, sizes_of(shape))
    return torch.randn(sizes_of(shape), dtype=torch.double)


def flat(outputs: Any) -> Iterator[Tensor]:
    """What a module gives, in a row; what there is in training only is left out in evaluation."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif outputs is not None:
        for each in outputs:
            yield from flat(each)


def given_by(graph: Graph, node: Node, module: nn.Module, taken: list[Tensor]) -> Iterator[Tensor]:
    """What a layer gives, called as torch's manual says."""
    lowered = lower(node.op, *(value.shape for value in node.inputs))
    if isinstance(lowered, Inline):
        numbers = {name: Variable(str(number)) for name, number in NUMBERS.items()}
        return flat(value_of(source_of(lowered, len(taken), numbers), *taken))
    first = node
    while first.shares is not None:
        first = graph.node(first.shares)
    # A layer without weights that is used again with others has no module of its own.
    layer = dict(module.named_modules()).get((first if node.weights else node).name) or built(lowered)
    if isinstance(layer, nn.LSTM | nn.LSTMCell) and len(taken) > 1:
        return flat(layer(taken[0], (taken[1], taken[2])))
    return flat(layer(*taken))


def interpreted(graph: Graph, module: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """What a graph gives, layer by layer, with the modules that there are."""
    values: dict[Value, Tensor] = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.nodes:
        if module.training or node.path not in graph.in_training_only:
            made = list(given_by(graph, node, module, [values[each] for each in node.inputs]))
            assert [tuple(each.shape) for each in made] == [sizes_of(value.shape) for value in node.outputs]
            values |= zip(node.outputs, made, strict=True)
    return [values[each.value] for each in graph.outputs if module.training or not each.in_training_only]


def test_cells_of_single_steps_compute_what_their_graphs_say() -> None:
    agrees(model("cells").graph)


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "cells"])
def test_a_model_computes_what_its_graph_says(name: str) -> None:
    module, graph = compiled(model(name)).eval(), model(name).graph
    torch.manual_seed(0)
    inputs = [example(value.shape) for value in graph.inputs]
    for is_training in (False, True) if name == "training" else (False,):
        module.train(is_training)
        torch.testing.assert_close(list(flat(module(*inputs))), interpreted(graph, module, inputs), rtol=0, atol=0)
    assert sum(each.numel() for each in module.parameters()) == graph.parameters


@each_text
@pytest.mark.filterwarnings("ignore:The tensor attribute")  # The list of weights that torch's own layers keep.
def test_a_model_can_be_exported(name: str) -> None:
    module, graph = compiled(model(name)).eval(), model(name).graph
    torch.manual_seed(1)
    inputs = tuple(example(value.shape) for value in graph.inputs)
    exported = torch.export.export(module, inputs, strict=False).module()
    torch.testing.assert_close(exported(*inputs), module(*inputs))


@pytest.mark.filterwarnings("ignore:The tensor attribute")
def test_an_exported_model_may_leave_the_batch_open() -> None:
    """Torch itself takes the length of a sequence for a number, as it writes all its positions out."""
    module = compiled(model("stacked")).eval()
    axes = ({0: torch.export.Dim.DYNAMIC},)
    exported = torch.export.export(module, (torch.zeros(3, 4, dtype=torch.long),), dynamic_shapes=axes).module()
    words = torch.randint(0, 20, (5, 4))
    torch.testing.assert_close(exported(words), module(words))


def test_yaml_has_several_names_and_sources_in_lists() -> None:
    spec = archspec.loads(
        """
        archspec: 1
        model: Translator
        inputs:
          source: {shape: [B, S], element: int}
          target: {shape: [B, T], element: int}
        layers:
          - source -> embedding(20, 6)
          - lstm: {hidden: 8, layers: 2}
            name: [memory, h, c]
          - embedding: {entries: 20, features: 6}
            name: words
            from: target
          - lstm: {hidden: 8, layers: 2}
            name: decoded
            from: [words, h, c]
          - (decoded, memory) -> attention(heads=2) -> linear(20)
        """,
        syntax="yaml",
    )
    assert not list(spec.check(ignore=["A4"]))
    written, other = (each.source().partition("import torch")[2] for each in (spec, model("translator")))
    assert written == other


@each_text
def test_gradients_reach_all_weights(name: str) -> None:
    module, graph = compiled(model(name)).train(), model(name).graph
    torch.manual_seed(2)
    outputs = as_tuple(module(*(example(value.shape) for value in graph.inputs)))
    torch.autograd.backward(torch.stack([each.square().sum() for each in outputs]).sum())
    assert all(each.grad is not None for each in module.parameters())


def test_weights_are_tied_and_start_as_the_spec_says() -> None:
    module = compiled(model("tied"))
    first, second = module.get_submodule("first"), module.get_submodule("second")
    assert second.get_parameter("weight_hh_l0") is first.get_parameter("weight_hh_l0")
    # What torch calls is a list of its own, which has to know of the tie.
    x = torch.randn(2, 3, 4, dtype=torch.double)
    before = as_tuple(second(x))[0]
    with torch.no_grad():
        first.get_parameter("weight_hh_l0").zero_()
    assert not before.equal(as_tuple(second(x))[0])
    for name in ("first", "second", "gru1"):
        assert not module.get_parameter(f"{name}.bias_ih_l0").any()
    matrix = module.get_parameter("gru1.weight_hh_l0").detach()
    torch.testing.assert_close(matrix.T @ matrix, torch.eye(4, dtype=torch.double), atol=1e-6, rtol=0)


# ------------------------------------------------------------------------------------------------------------- findings


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("y, h = x -> lstm(8)", "A208", "`lstm` gives 3 values, and 2 names stand here"),
        ("y, h, c = x -> gru(8)", "A208", "`gru` gives 2 values, and 3 names stand here"),
        ("y, h, c, d = x -> lstm(8)", "A208", "`lstm` gives 3 values, and 4 names stand here"),
        ("(x, x) -> lstm(8)", "A301", "`lstm` is given no initial `c`: it needs all of its states, or none"),
        (
            "(x, x) -> gru(8)",
            "A301",
            "`gru` needs [1, B, 8] for its initial `h`, but is given [B, T, 4]",
        ),
        ("(x, x, x) -> gru(8)", "A204", "`gru` takes 1 or 2 values, and is given 3"),
        ("lstm(8, layers=2) -> flatten -> lstm(3)", "A301", "`lstm` needs 3 axes, but the input has 2"),
        ("lstm", "A106", "`lstm` needs `hidden`"),
    ],
)
def test_what_is_wrong_is_told(line: str, code: str, message: str) -> None:
    (finding,) = archspec.loads(f"model M {{\ninput x: [B, T, 4]\n{line}\n}}").check()
    assert (finding.code, finding.message()) == (code, message)


def test_an_open_size_that_a_weight_needs_is_told() -> None:
    text = archspec.loads("model M {\ninput x: [B, T, D]\nlstm(8)\n}")
    with pytest.raises(archspec.SpecError, match="`lstm` needs the features of its input as a number, but it is `D`"):
        text.source()


# ------------------------------------------------------------------------------------------------- what other tools say


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them as files."""
    folder = tmp_path_factory.mktemp("recurrent")
    for name in TEXTS:
        (folder / f"{name}.py").write_text(model(name).source(), encoding="utf-8")
    for length in range(3, 40):
        (folder / f"widths{length}.py").write_text(archspec.loads(widths(length)).source(), encoding="utf-8")
    for length in range(1, 80):
        (folder / f"deep{length}.py").write_text(emit(deep(length)), encoding="utf-8")
    return folder


def test_a_formatter_finds_nothing_to_change(folder: Path) -> None:
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=folder)


def test_a_linter_finds_nothing(folder: Path) -> None:
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=folder)


def test_a_type_checker_finds_nothing(folder: Path) -> None:
    assert not said("mypy", *STRICTLY, ".", folder=folder)
